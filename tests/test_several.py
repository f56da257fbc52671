"""Runs side by side: they are those of one process, and whatever goes wrong with one of them is said."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fgm_ref import demo, run
from fgm_ref.datasets import load
from fgm_ref.demo import several
from fgm_ref.demo.several import WORTH_A_PROCESS, in_turn, side_by_side, workers
from fgm_ref.learning.crew import free_cores
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.observer import GuaranteeBroken
from fgm_ref.simulation.simulate import RunDiverged

PROTOCOLS = ("gm", "fgm", "periodic:b=2")
LABELS = list(PROTOCOLS)
CONFIGS = [
    Config(dataset="ecg208", protocol=name, sites=3, hidden=(3,), batch=4, steps=9, threshold=0.02)
    for name in PROTOCOLS
]


def do(place, tell):
    return run(CONFIGS[place], on_step=tell)


def ends_badly(how, place, tell):
    """The second run does not end well."""
    if place != 1:
        return do(place, tell)
    if how == "diverged":
        return run(replace(CONFIGS[place], optimizer="sgd", lr=1e30))
    if how == "broken":
        raise GuaranteeBroken("step 3: it does not hold")
    os._exit(1)


def silent(done, label):
    pass


def same(one, other):
    assert one.summary() == other.summary()
    assert one.model.tobytes() == other.model.tobytes()
    assert one.events.tobytes() == other.events.tobytes() and len(one.events) > 3
    for name, values in one.series.items():
        assert np.array_equal(values, other.series[name], equal_nan=True), name


@pytest.mark.slow
def test_side_by_side_and_in_turn_are_the_same_to_the_bit_and_in_order():
    told = []
    ours = list(side_by_side(do, CONFIGS, LABELS, 2, lambda *what: told.append(what)))
    theirs = list(in_turn(do, CONFIGS, LABELS, silent))
    assert [result.config.protocol for result in ours] == LABELS
    for one, other in zip(ours, theirs, strict=True):
        same(one, other)
    assert all(0 < done < 27 and label for done, label in told)


def test_in_turn_tells_the_steps_of_all_runs():
    told = []
    list(in_turn(do, CONFIGS, LABELS, lambda *what: told.append(what)))
    assert [done for done, _ in told] == list(range(1, 28))
    assert [label for _, label in told[::9]] == LABELS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("diverged", RunDiverged, "stopped at step 1: the model of site 0 blew up"),
        ("broken", GuaranteeBroken, "step 3: it does not hold"),
    ],
)
def test_what_a_run_raises_arrives_after_the_results_before_it(how, error, text):
    runs = side_by_side(partial(ends_badly, how), CONFIGS, LABELS, 2, silent)
    assert next(runs).config.protocol == "gm"
    with pytest.raises(error, match=text) as caught:
        next(runs)
    if how == "diverged":
        assert caught.value.result.stopped == str(caught.value)


@pytest.mark.slow
def test_a_process_that_is_killed_ends_it_with_a_line(capsys, monkeypatch, tmp_path):
    def compare(wanted, progress):
        return side_by_side(partial(ends_badly, "killed"), CONFIGS, LABELS, 1, progress)

    monkeypatch.setattr(demo, "compare", compare)
    protocols = [f"--protocol={name}" for name in PROTOCOLS]
    code = demo.main(["--dataset", "ecg208", *protocols, "--out", str(tmp_path)])
    out, err = capsys.readouterr()
    assert code == 1 and len(err.splitlines()) == 1
    assert "for want of memory perhaps: 1 of 3 protocols were finished" in err
    assert "\ngm " in out


def test_one_process_where_others_do_not_pay_or_would_run_a_script_again(monkeypatch):
    monkeypatch.setattr(several, "free_cores", lambda: 2)
    monkeypatch.setattr(several, "at_home", lambda: True)
    data = load("ecg208")
    long = [replace(config, steps=WORTH_A_PROCESS) for config in CONFIGS]
    assert workers(long, data) == 2
    assert workers(long[:1], data) == workers(CONFIGS, data) == 1
    monkeypatch.setattr(several, "WORTH_A_COPY", 1000)
    assert workers(long, data) == 1
    monkeypatch.undo()
    monkeypatch.setattr(several, "free_cores", lambda: 2)
    monkeypatch.setattr(several, "at_home", lambda: False)
    assert workers(long, data) == 1


SCRIPT = """
from fgm_ref.program.processes import at_home
from fgm_ref import demo
print(at_home())
demo.main(["--dataset", "ecg208", "--steps", "400", "--hidden", "2", "--protocol", "gm", "--protocol", "local"])
"""


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("False") == 1 and done.stdout.count("400 steps") == 1


@pytest.mark.slow
def test_the_program_itself_uses_the_cores(tmp_path):
    """In a process among several, one run after the other; the table is the same."""
    command = ["--dataset", "ecg208", "--steps", "400", "--hidden", "2", "--out", str(tmp_path)]
    command += ["--protocol", "gm", "--protocol", "local"]
    alone, several_ = (
        subprocess.run(
            [sys.executable, *start, *command], capture_output=True, text=True, timeout=100
        )
        for start in (["-c", ONE_CORE], ["-m", "fgm_ref.demo"])
    )
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout == several_.stdout and "\ngm " in alone.stdout


ONE_CORE = """
import sys
from fgm_ref import demo
from fgm_ref.demo import several
several.free_cores = lambda: 1
sys.exit(demo.main(sys.argv[1:]))
"""


def children(process):
    """The workers of a program, as far as they are started."""
    parent = f"\nPPid:\t{process.pid}\n".encode()
    running = [folder.name for folder in Path("/proc").glob("[0-9]*")]
    found = [number for number in running if parent in told_of(number, "status")]
    return [number for number in found if b"spawn_main" in told_of(number, "cmdline")]


def told_of(number, what):
    """What the system says of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{number}/{what}").read_bytes()
    except OSError:
        return b""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
@pytest.mark.skipif(free_cores() < 2, reason="there is one core, and no worker")
@pytest.mark.parametrize("after", [0, 1])
def test_ctrl_c_ends_program_and_workers_with_one_line(after, tmp_path):
    command = [sys.executable, "-m", "fgm_ref.demo", "--dataset", "ecg208", "--steps", "100000"]
    command += ["--protocol", "gm", "--protocol", "fgm", "--out", str(tmp_path)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    ends = time.monotonic() + 60
    while len(workers_there := children(process)) < 2 and time.monotonic() < ends:
        time.sleep(0.05)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers as well
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == ""
    told = [line for line in err.splitlines() if "left" not in line]
    assert told == ["fgm_ref.demo: interrupted: 0 of 2 protocols were finished"]
    assert not any(told_of(number, "cmdline") for number in workers_there)
