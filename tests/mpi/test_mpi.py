"""Over a real MPI: the simulator's bits, bytes as billed, and what happens when a rank dies.  `make test-mpi`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("mpi4py")

import far_cases

from fgm_ref.mpi.launch import mpiexec
from fgm_ref.protocols import PROTOCOLS

HERE = Path(__file__).parent
QUICK = 10
"""Seconds within which a run must have ended when one of its ranks has died."""


def ranks(number, deed, cases, out):
    """What the ranks have found."""
    command = [mpiexec(), "-n", number, sys.executable, HERE / "ranks.py", deed, cases, out]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text())


@pytest.mark.parametrize(
    ("number", "cases"),
    [(2, "PROTOCOLS"), (3, "PROTOCOLS"), (5, "PROTOCOLS"), (4, "UNEVEN"), (3, "SETTINGS")],
)
def test_the_bits_of_the_simulator(number, cases, tmp_path):
    # all in one job, for starting one takes longer than most of the runs; k = 7 is no multiple of the ranks
    found = ranks(number, "same", cases, tmp_path / "found.json")
    assert len(found) == len(getattr(far_cases, cases))
    assert [one for one in found if one["differs"] or one["bill"]] == []


def test_every_protocol_is_tried():
    told = {config.protocol.partition(":")[0] for config in far_cases.PROTOCOLS}
    assert told == {name for name, one in PROTOCOLS.items() if not one.sees_all}


def test_what_cannot_be_read_ends_the_run(tmp_path):
    (found,) = ranks(3, "garbage", "", tmp_path / "found.json")
    assert found["said"].startswith("rank 2: a letter from rank 0: expected a letter that begins")


def launched(*arguments, **more):
    command = [sys.executable, "-m", "fgm_ref.mpi", "--launch", "3", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def process_of(rank, mark):
    """The process of a rank of the job whose command line has this mark."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if mark.encode() in words and b"--launch" not in words:
                variables = (folder / "environ").read_bytes().split(b"\0")
                if f"PMI_RANK={rank}".encode() in variables:
                    return int(folder.name)
        except OSError:
            continue
    return None


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("rank", [0, 2])
def test_a_killed_rank_ends_the_run_in_one_line(rank, tmp_path):
    job = launched("--protocol", "fgm", "--steps", 10**6, "--out", tmp_path)
    until = time.monotonic() + 60
    while (process := process_of(rank, str(tmp_path))) is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(1)
    os.kill(process, signal.SIGKILL)
    killed = time.monotonic()
    _, errors = job.communicate(timeout=QUICK)
    assert time.monotonic() - killed < QUICK and job.returncode == 1
    said = [line for line in errors.splitlines() if "left" not in line]
    assert said == [f"fgm_ref.mpi: rank {rank} (process {process}) has died, and the run with it"]


def test_the_program(tmp_path):
    job = launched("--protocol", "fgm", "--protocol", "gm", "--steps", 20, "--out", tmp_path)
    output, errors = job.communicate(timeout=120)
    assert job.returncode == 0, errors
    assert "What has passed through MPI:" in output
    assert "the ledger says the same, by kind and direction" in output
    assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--protocol", "omniscient"], "--protocol: expected one whose sites look at themselves"),
        (["--sites", "1"], "--sites: expected at least 2"),
        (["--dataset", "nope"], "--dataset: expected"),
    ],
)
def test_wrong_usage_is_one_line(arguments, words, tmp_path):
    job = launched(*arguments, "--out", tmp_path)
    _, errors = job.communicate(timeout=60)
    (line,) = errors.splitlines()
    assert line.startswith(f"fgm_ref.mpi: {words}") and job.returncode == 2


def test_one_rank_is_too_few():
    done = subprocess.run(
        [sys.executable, "-m", "fgm_ref.mpi"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fgm_ref.mpi: ranks: expected at least 2, got 1")
