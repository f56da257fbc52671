"""The demo as its users meet it: what it prints, where, and how it fails."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from fgm_ref import demo
from fgm_ref.datasets import names
from fgm_ref.datasets.fill import POLICIES
from fgm_ref.datasets.series import GAPS
from fgm_ref.datasets.split import SPLITS
from fgm_ref.datasets.wanted import SHORT
from fgm_ref.demo import options as cli
from fgm_ref.demo.filenames import file_name, picture_name
from fgm_ref.demo.listing import catalogue
from fgm_ref.demo.plan import plan
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.optim import OPTIMIZERS
from fgm_ref.learning.rates import SHAPES
from fgm_ref.learning.spec import CELLS
from fgm_ref.protocols import PROTOCOLS, base, fgm
from fgm_ref.protocols.server import SERVERS
from fgm_ref.safe import CATALOGUE, PREFIXES, PROMISES, Ball
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.schedules import NAMES as SCHEDULES
from fgm_ref.transport.codecs import VALUES, WORDS
from fgm_ref.transport.messages import KINDS
from fgm_ref.transport.start import STARTS

QUICK = ["--dataset", "ecg208", "--steps", "6", "--hidden", "3", "--sites", "3", "--batch", "4"]


def demo_in_process(capsys, *args):
    """(exit code, stdout, stderr) of the demo."""
    try:
        code = demo.main([str(arg) for arg in args])
    except SystemExit as stop:  # argparse
        code = stop.code
    return code, *capsys.readouterr()


def spawn(*args, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "fgm_ref.demo", *map(str, args)],
        text=True,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_table_picture_and_path(capsys, tmp_path):
    code, out, _err = demo_in_process(capsys, *QUICK, "--out", tmp_path)
    assert code == 0
    lines = out.strip().splitlines()
    path = tmp_path / "ecg208-lstm-seed0-hidden3-sites3-steps6-batch4.png"
    assert lines[-1] == str(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    for word in ("central", "periodic:b=1", "fgm-reb", "(majority class)", "up MB", "balanced"):
        assert word in out


def test_json_is_valid_and_its_bytes_add_up(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _err = demo_in_process(capsys, *QUICK, "--json")
    assert code == 0
    result = json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    kinds = {kind.name for kind in KINDS}
    assert len(result["runs"]) > 5
    for one in result["runs"]:
        assert set(one["by_type"]) <= kinds
        for what in ("bytes", "messages", "tcp_bytes"):
            assert sum(row[what] for row in one["by_type"].values()) == one["totals"][what]
            assert (
                one["totals"][what] == one["totals"][f"{what}_up"] + one["totals"][f"{what}_down"]
            )
    assert list(tmp_path.iterdir()) == []  # nothing but stdout


@pytest.mark.slow
def test_same_seed_same_bytes_whatever_the_hash_seed():
    runs = [
        spawn(*QUICK, "--json", "--schedule", "bernoulli", PYTHONHASHSEED=seed)
        for seed in ("1", "2")
    ]
    outputs = [process.communicate()[0] for process in runs]
    assert outputs[0] == outputs[1] != ""


def test_trace_tells_every_message_of_a_round(capsys):
    code, out, _err = demo_in_process(capsys, *QUICK, "--trace", 1, "--threshold", 0.02)
    assert code == 0
    assert "Round 1 of fgm, 3 sites" in out
    for text in ("coordinator → all 3 sites", "INCREMENT", "φ(X) = ", "POLL", "DRIFT"):
        assert text in out
    _head, *lines, total = out.strip().splitlines()
    assert total.strip().startswith(
        f"{sum(3 if 'all 3' in line else 1 for line in lines[1:])} messages"
    )


def test_list_and_help(capsys):
    code, out, _ = demo_in_process(capsys, "--list")
    assert code == 0 and all(name in out for name in (*names(), "fgm-reb", "variance", "bernoulli"))
    code, out, _ = demo_in_process(capsys, "--help")
    assert code == 0 and out.startswith("examples:")


@pytest.mark.slow
def test_self_test(capsys):
    code, out, _ = demo_in_process(capsys, "--check")
    assert code == 0 and "numpy" in out and "all well" in out


def test_own_table(capsys, tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        f"{a:.3f},{'north' if b > 0 else 'south'},{'hot' if a > 0 else 'cold'}"
        for a, b in rng.normal(size=(200, 2))
    ]
    (tmp_path / "own.csv").write_text("\n".join(["x,side,state", *rows]))
    code, out, err = demo_in_process(
        capsys,
        "--csv",
        tmp_path / "own.csv",
        "--label",
        "state",
        "--window",
        4,
        "--steps",
        5,
        "--out",
        tmp_path,
        "--protocol",
        "fgm",
        "--save",
        "--verify",
    )
    assert code == 0, err
    name = "own-lstm-seed0-label=state-window4-steps5-checks-fgm"
    made = (f"{name}.png", f"{name}-curves.png", f"{name}.npz")
    assert {path.name for path in tmp_path.iterdir()} == {"own.csv", *made}
    *_, picture, curves, saved, advice = out.splitlines()
    assert [picture, curves, saved] == [str(tmp_path / one) for one in made]
    assert advice.endswith(f"python -m fgm_ref.predict {saved} NEW.csv")


def made(capsys, folder, *args):
    """The names of the files that a run of the demo makes."""
    code, _out, err = demo_in_process(capsys, *QUICK, "--out", folder, *args)
    assert code == 0, err
    return {path.name for path in folder.iterdir()}


def test_each_run_is_saved_in_a_file_of_its_own(capsys, tmp_path):
    protocols = ("local", "periodic:b=2", "periodic:b=3", "fgm", "test_player:OWN")
    chosen = [word for name in protocols for word in ("--protocol", name)]
    made(capsys, tmp_path, *chosen, "--save")
    saved = [RunResult.load(path) for path in tmp_path.glob("*.npz")]
    assert sorted(result.config.protocol for result in saved) == sorted(protocols)
    assert (tmp_path / "ecg208-lstm-seed0-hidden3-sites3-steps6-batch4-periodic-b=2.npz").exists()


DIFFERENT = (
    [],
    ["--seed", "1"],
    ["--sites", "4"],
    ["--hidden", "3,3"],
    ["--cell", "rnn"],
    ["--lr", "0.02"],
    ["--threshold", "0.3"],
    ["--threshold", "0.3", "--absolute"],
    ["--split", "dirichlet"],
    ["--schedule", "bernoulli:0.9,0.5,0.1"],
    ["--safe", "ball+cap"],
    ["--safe", "test_demo:OwnZone"],
    ["--codec", "int8+ef"],
    ["--codec", "sparse+ternary+ef+zip", "--start", "seed"],
    ["--start", "seed"],
    ["--faults", "drop=0.1,absent=2:3-5"],
    ["--change", "swap=0/1@0.5"],
    ["--protocol", "fgm:epsilon=0.2"],
    ["--protocol", "gm", "--protocol", "gm-reb"],
    ["--verify"],
)


class OwnZone(Ball):
    pass


def test_different_settings_have_different_names_and_the_same_ones_the_same(capsys, tmp_path):
    names = set()
    for number, more in enumerate(DIFFERENT):
        protocol = [] if "--protocol" in more else ["--protocol", "fgm"]
        settings = [*protocol, *more, "--save"]
        first = made(capsys, tmp_path / f"{number}", *settings)
        assert first == made(capsys, tmp_path / f"{number}", *settings)
        assert not first & names, settings
        names |= first
    for name in names:
        assert len(name) < 128 and not set(name) & set('<>:"/\\|?* '), name


def test_the_usual_settings_have_a_short_name(capsys, tmp_path):
    usual = [
        "--dataset",
        "watch",
        "--sites",
        "7",
        "--hidden",
        "16",
        "--split",
        "natural",
        "--lr",
        ".01",
    ]
    for number, settings in enumerate((usual, [*usual, "--protocol", "fgm"])):
        configs = plan(cli.parser().parse_args([*settings, "--out", str(tmp_path)]))
        name = picture_name(configs.configs, configs.usual, configs.table, number == 1)
        assert name == "watch-lstm-seed0" + "-fgm" * number


def test_long_names_are_cut_but_stay_different():
    long = ["+".join(["periodic:b=10"] * count) for count in (40, 41)]
    names = {file_name(["watch", one]) for one in long}
    assert len(names) == 2 and max(map(len, names)) < 130


def test_the_choices_are_those_of_the_library():
    choices = {action.dest: action.choices for action in cli.parser()._actions if action.choices}
    assert choices == {
        "split": tuple(SPLITS),
        "cell": sorted(CELLS),
        "optimizer": tuple(OPTIMIZERS),
        "task": tuple(LOSSES),
        "start": STARTS,
        "gaps": GAPS,
        "missing": POLICIES,
        "short": SHORT,
    }
    listed = "\n".join(catalogue())
    names = (*SPLITS, *SCHEDULES, *CELLS, *OPTIMIZERS, *PROTOCOLS, *CATALOGUE, *PROMISES, *PREFIXES)
    for name in (*names, *VALUES, *WORDS, *STARTS, *SERVERS, *SHAPES):
        assert re.search(rf"\b{re.escape(name)}\b", listed), name


def test_verify_says_what_was_checked(capsys, tmp_path):
    code, out, _err = demo_in_process(
        capsys, *QUICK, "--verify", "--out", tmp_path, "--protocol", "local", "--protocol", "gm"
    )
    assert code == 0
    assert "gm: guarantee checked before and after the messages of 6 steps: kept in all" in out
    assert "local: no guarantee" in out


class Blind(fgm.Sites):
    """Sites that never see an alarm, and so break FGM's guarantee."""

    def alarms(self):
        return base.NOBODY


BROKEN = replace(PROTOCOLS["fgm"], name="broken", sites=Blind)


def test_a_broken_guarantee_is_one_line_and_code_1(capsys, tmp_path):
    code, out, err = demo_in_process(
        capsys,
        *(*QUICK, "--threshold", 0.01, "--verify", "--out", tmp_path),
        *("--protocol", "fgm", "--protocol", f"{__name__}:BROKEN"),
    )
    assert code == 1
    assert "guarantee checked" in out and "fgm" in out  # what was finished is shown
    assert len(err.splitlines()) == 1
    assert f"fgm_ref.demo: {__name__}:BROKEN: guarantee broken at step " in err


@pytest.mark.parametrize("columns", [60, 200])
def test_a_terminal_gets_what_fits(columns, tmp_path):
    # the same words as in a pipe, in lines that the terminal need not break
    pty = pytest.importorskip("pty")  # not on Windows
    command = [sys.executable, "-m", "fgm_ref.demo", *QUICK, "--verify", "--out", str(tmp_path)]
    controller, terminal = pty.openpty()
    narrow = subprocess.Popen(
        command,
        env=os.environ | {"COLUMNS": str(columns)},
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    shown = read_all(controller).decode().replace("\r\n", "\n")
    assert narrow.wait() == 0
    *lines, path = shown.strip().splitlines()
    assert max(map(len, lines)) <= columns
    piped = subprocess.run(command, capture_output=True, text=True).stdout
    assert (lines == piped.strip().splitlines()[:-1]) == (columns > 150)
    assert set(shown.split()) - {"-"} >= {word for word in piped.split() if set(word) != {"-"}}
    assert path.endswith(".png")


def read_all(handle):
    """All bytes until the other end is closed."""
    found = b""
    while True:
        try:
            part = os.read(handle, 65536)
        except OSError:  # Linux's way to say so
            part = b""
        if not part:
            os.close(handle)
            return found
        found += part


BAD = {
    "--dataset nope": "--dataset: expected one of",
    "--protocol fmg": "did you mean 'fgm'",
    "--protocol periodic:b=0": "b: expected",
    "--sites 0": "--sites: expected a whole number of at least 1, got '0'",
    "--sites 999999": "--sites: expected 1 to",
    "--threshold 0": "--threshold: expected a number above 0",
    "--threshold nan": "--threshold: expected a number above 0",
    "--lr inf": "--lr: expected a number above 0",
    "--split natural": "--split: expected iid or dirichlet",
    "--safe cube": "--safe: expected",
    "--schedule never": "--schedule: expected one of",
    "--hidden 4,x": "--hidden: expected a whole number",
    "--dropout 1": "--dropout: expected",
    "--label y": "--label: expected only together with --csv",
    "--csv nowhere.csv --label y": "either --csv or --dataset, got both",
    "--trace 500 --protocol fgm": "--trace: expected a round from 1 to",
    "--colour red": "unrecognized arguments: --colour",
}


@pytest.mark.parametrize("arguments", BAD)
def test_wrong_usage_is_one_line_and_code_2(capsys, tmp_path, arguments):
    code, out, err = demo_in_process(capsys, *QUICK, "--out", tmp_path, *arguments.split())
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert BAD[arguments] in err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = demo_in_process(capsys, *QUICK, "--out", tmp_path / "file" / "deeper")
    assert (code, out) == (2, "")
    assert "--out: expected a folder to write to" in err and len(err.splitlines()) == 1


def test_divergence_is_one_line_and_code_1_and_keeps_what_was_finished(capsys, tmp_path):
    code, _out, err = demo_in_process(
        capsys,
        "--dataset",
        "nyc_weather",
        "--steps",
        3,
        "--sites",
        2,
        "--hidden",
        3,
        "--optimizer",
        "sgd",
        "--lr",
        "1e30",
        "--protocol",
        "fgm",
        "--out",
        tmp_path,
    )
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "fgm: stopped at step" in err and "site" in err and "--lr" in err


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_no_half_written_file(tmp_path):
    process = spawn("--dataset", "ecg208", "--steps", 100000, "--out", tmp_path)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err.splitlines()[-1] and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_monitoring_ships_less_and_learns(capsys, name):
    # the claim of the first table: fewer bytes than averaging in every step, and better than the baseline
    code, out, _ = demo_in_process(
        capsys,
        "--dataset",
        name,
        "--json",
        "--protocol",
        "periodic:b=1",
        "--protocol",
        "gm",
        "--protocol",
        "fgm",
    )
    assert code == 0
    result = json.loads(out)
    base = result["dataset"]["baseline"]
    for one in result["runs"][1:]:
        assert one["bytes_relative"] < 0.5
        if result["dataset"]["task"] == "classification":
            assert one["final"]["score"] > base["score"] + 0.05
            assert one["final"]["balanced"] > base["balanced"] + 0.05
        else:
            assert one["final"]["score"] < 0.8 * base["score"]
