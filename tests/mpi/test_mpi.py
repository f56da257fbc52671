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


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_launcher_that_is_told_to_end_leaves_nobody_behind(tmp_path):
    job = launched("--free", "--steps", 10**6, "--out", tmp_path)
    until = time.monotonic() + 60
    while (process := process_of(1, str(tmp_path))) is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    job.terminate()
    _, errors = job.communicate(timeout=QUICK)
    assert errors.splitlines()[-1] == "fgm_ref.mpi: interrupted"
    until = time.monotonic() + QUICK
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_run_whose_ranks_were_killed_goes_on(tmp_path):
    told = ["--protocol", "fgm", "--codec", "int8+ef", "--steps", 400, "--json"]
    kept = tmp_path / "run.npz"
    simulator = subprocess.run(
        [sys.executable, "-m", "fgm_ref.demo", *map(str, told)], capture_output=True, text=True
    )
    for rank in (1, 0):
        before = kept.read_bytes() if kept.exists() else b""
        job = launched(*told, "--checkpoint", kept, "--every", 2)
        until = time.monotonic() + 60
        while not kept.exists() or kept.read_bytes() == before:
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(process_of(rank, str(kept)), signal.SIGKILL)
        assert f"rank {rank} " in job.communicate(timeout=QUICK)[1]
    output, errors = launched(*told, "--checkpoint", kept).communicate(timeout=120)
    assert output == simulator.stdout, errors


def test_the_program(tmp_path):
    job = launched("--protocol", "fgm", "--protocol", "gm", "--steps", 20, "--out", tmp_path)
    output, errors = job.communicate(timeout=120)
    assert job.returncode == 0, errors
    assert "What has passed through MPI:" in output
    assert "the ledger says the same, by kind and direction" in output
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_a_free_run(tmp_path):
    job = launched("--free", "--json", "--steps", 120, "--out", tmp_path)
    output, errors = job.communicate(timeout=120)
    assert job.returncode == 0, errors
    for report in json.loads(output):
        assert report["steps"] == {"1": 120, "2": 120}
        assert report["guarantee"]["kept"] == report["guarantee"]["looked_at"] >= 2
        assert report["seconds"] > 0 and report["totals"]["bytes"] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--protocol", "omniscient"], "--protocol: expected one whose sites look at themselves"),
        (["--sites", "1"], "--sites: expected at least 2"),
        (["--dataset", "nope"], "--dataset: expected"),
        (["--free", "--protocol", "periodic"], "--protocol: expected one that does without a"),
        (["--free", "--save"], "--free: expected without --save"),
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
