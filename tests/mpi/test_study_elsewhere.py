"""The study with workers of MPI and of Dask: the rows of one process, and what the death of a worker costs."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("mpi4py")

from fgm_ref.mpi.launch import mpiexec

GRID = """
[small]
about = "a small grid"
common = {dataset = "ecg208", hidden = 3, steps = 5, evaluations = 1, sites = 2, batch = 4, kind = "%s"}
[[small.blocks]]
protocol = ["fgm", "gm", "dynamic"]
seeds = 3
"""

KINDS = """
import os
from pathlib import Path
from fgm_ref.study.running.measure import train

def frail(config):
    "The first worker to get here dies."
    try:
        Path("dead").touch(exist_ok=False)
    except FileExistsError:
        return train(config)
    os._exit(9)
"""


def study(folder, *more, by=(), kind="run"):
    folder.mkdir(exist_ok=True)
    (folder / "small.toml").write_text(GRID % kind)
    (folder / "kinds.py").write_text(KINDS)
    told = ["--full", "--grid", "small.toml", "--out", "out", *more]
    command = [*by, *(["-m"] if by else [sys.executable, "-m"]), "fgm_ref.study", *told]
    return subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"},
    )  # fmt: skip


def rows(folder):
    with open(folder / "out" / "small.csv", newline="", encoding="utf-8") as file:
        return [
            {name: cell for name, cell in row.items() if name != "seconds"}
            for row in csv.DictReader(file)
        ]


RANKS = [mpiexec(), "-n", 3, sys.executable, "-m", "mpi4py.futures"]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    assert study(folder, "--workers", "1").returncode == 0
    return rows(folder)


def test_mpi(here, tmp_path):
    done = study(tmp_path, "--executor", "mpi", by=RANKS)
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path) == here and len(here) == 9


def test_a_rank_that_dies_costs_its_runs_only(tmp_path):
    assert study(tmp_path, "--executor", "mpi", by=RANKS, kind="kinds:frail").returncode != 0
    done = study(tmp_path, "--executor", "mpi", by=RANKS, kind="kinds:frail")
    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path)) == 9


def test_without_ranks_it_says_how_to_start(tmp_path):
    done = study(tmp_path, "--executor", "mpi")
    assert done.returncode == 2
    assert "fgm_ref.study: --executor: expected ranks to work besides this one" in done.stderr


@pytest.fixture
def scheduler(tmp_path):
    """The address of a Dask scheduler with two workers."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    beside = Path(sys.executable).parent
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    commands = [
        [beside / "dask", "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", file],
        [beside / "dask", "worker", "--nworkers", "2", "--nthreads", "1", "--no-dashboard",
         "--scheduler-file", file],
    ]  # fmt: skip
    running = [
        subprocess.Popen(
            list(map(str, command)), cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
        )
        for command in commands
    ]
    until = time.monotonic() + 60
    while not file.exists() or not file.read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
    yield json.loads(file.read_text())["address"]
    for process in reversed(running):
        process.terminate()
        process.wait()


@pytest.mark.parametrize("kind", ["run", "kinds:frail"])
def test_dask(here, tmp_path, scheduler, kind):
    done = study(tmp_path, "--executor", f"dask:{scheduler}", kind=kind)
    assert done.returncode == 0, done.stderr
    if kind == "run":
        assert rows(tmp_path) == here
    assert len(rows(tmp_path)) == 9


def test_no_scheduler_there(tmp_path):
    pytest.importorskip("distributed")
    done = study(tmp_path, "--executor", "dask:tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert (
        "fgm_ref.study: --executor: expected a Dask scheduler at tcp://127.0.0.1:1" in done.stderr
    )
