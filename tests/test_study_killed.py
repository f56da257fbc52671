"""The study as a program: killed and started again, interrupted, with workers that die; and wrong usage."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from fgm_ref.study import __main__ as program
from fgm_ref.study.running.journal import NAME

GRID = """
[small]
about = "a small grid"
common = {dataset = "ecg208", hidden = 3, steps = 5, evaluations = 1, sites = 2, batch = 4, kind = "kinds:%s"}
[[small.blocks]]
protocol = ["fgm", "gm"]
seeds = %d
"""

KINDS = '''
import os, time
from pathlib import Path
from fgm_ref.study.running.measure import train
from fgm_ref.study.running.task import Task

def logged(config):
    """Train, slowly enough to be killed, and note that it was done."""
    with open("log", "a") as log:
        log.write(Task(config, "kinds:logged").key + "\\n")
    time.sleep(0.05)
    return train(config)

def frail(config):
    """The first worker to get here dies."""
    try:
        Path("dead").touch(exist_ok=False)
    except FileExistsError:
        return train(config)
    os._exit(9)

def deadly(config):
    """Every worker dies."""
    os._exit(9)
'''


def spawn(folder, kind="logged", seeds=8, workers=2):
    (folder / "kinds.py").write_text(KINDS)
    (folder / "small.toml").write_text(GRID % (kind, seeds))
    command = [
        sys.executable,
        "-m",
        "fgm_ref.study",
        "--full",
        "--grid",
        "small.toml",
        "--out",
        "out",
    ]
    return subprocess.Popen(
        [*command, "--workers", str(workers)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )


def journal_keys(folder):
    path = folder / "out" / NAME
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [line.split(b'"key": "')[1][:16].decode() for line in lines if line.endswith(b"}")]


def wait_for_runs(folder, process, least):
    deadline = time.monotonic() + 60
    while len(journal_keys(folder)) < least:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def rows(folder):
    with open(folder / "out" / "small.csv", newline="") as file:
        return [
            {name: text for name, text in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    process = spawn(folder, workers=1)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and out.strip() == os.path.join("out", "small.csv"), err
    return rows(folder)


def test_killed_and_started_again_nothing_is_lost_or_repeated(undisturbed, tmp_path):
    process = spawn(tmp_path)
    wait_for_runs(tmp_path, process, 4)
    process.kill()
    process.wait()
    finished = journal_keys(tmp_path)
    assert 4 <= len(finished) < 16 and not (tmp_path / "out" / "small.csv").exists()
    process.communicate()  # only once the orphaned workers have gone too
    done_before = Counter((tmp_path / "log").read_text().split())

    process = spawn(tmp_path)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert f"{len(finished)} of 16 runs were finished before" in err
    assert rows(tmp_path) == undisturbed
    assert not (tmp_path / "out" / NAME).exists()
    # what was finished was done once; what was being done when the end came, once more
    done = Counter((tmp_path / "log").read_text().split())
    assert {key: done[key] for key in finished} == dict.fromkeys(finished, 1)
    assert sum(done.values()) == sum(done_before.values()) + 16 - len(finished)


def test_ctrl_c_keeps_what_is_finished_and_says_so(undisturbed, tmp_path):
    process = spawn(tmp_path)
    wait_for_runs(tmp_path, process, 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers as well
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; the same command goes on" in err and "Traceback" not in err
    assert 2 <= len(rows(tmp_path)) < 16 and not (tmp_path / "out" / NAME).exists()
    assert all(row in undisturbed for row in rows(tmp_path))


def test_a_worker_that_dies_is_replaced(tmp_path):
    process = spawn(tmp_path, "frail", seeds=2)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0 and len(rows(tmp_path)) == 4, err


def test_workers_that_keep_dying_are_reported_in_words(tmp_path):
    process = spawn(tmp_path, "deadly", seeds=2)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert (
        "worker processes were killed" in err
        and "4 runs are not done" in err
        and "Traceback" not in err
    )


def main(capsys, *args):
    try:
        code = program.main([str(arg) for arg in args])
    except SystemExit as stop:  # argparse
        code = stop.code
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    "args, message",
    [
        ([], "expected --list, --quick, --full or --report"),
        (["--full", "--quick"], "--quick: expected either"),
        (["--list", "--only", "frunts"], "--only: expected one of .*Did you mean 'fronts'"),
        (["--list", "--grid", "none.toml"], "--grid: expected a readable file"),
        (["--quick", "--workers", "0"], "expected a whole number of at least 1"),
        (["--quick", "--out", "/dev/null/x"], "--out: expected a folder to write to"),
        (["--report", "--out", "/nowhere"], "--out: expected a folder with results"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_line(capsys, args, message):
    code, out, err = main(capsys, *args)
    assert code == 2 and not out
    assert re.search(message, err), err


def test_the_list_counts_runs(capsys):
    code, out, _ = main(capsys, "--list")
    assert code == 0 and "fronts" in out and "together" in out and "runs" in out
    assert main(capsys, "--list", "--quick")[1] != out


def test_examples_come_first(capsys):
    code, out, _ = main(capsys, "--help")
    assert code == 0 and out.startswith("examples:") and "130 interrupted" in out
