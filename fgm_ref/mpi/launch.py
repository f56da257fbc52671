"""The launcher: starts the ranks by `mpiexec`, and says in one line which of them has died, if one does.

A rank that is killed cannot say so, and the others wait for it.  `mpiexec` would end them before anybody can tell which
was the first, and print a page that may well name another one.  So the launcher listens to who is alive
(`watch.py`), speaks instead, and ends the others itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from fgm_ref.mpi.watch import PLACE, Watch
from fgm_ref.program import FAILED, INTERRUPTED, USAGE, complain

NAME = "fgm_ref.mpi"
PATIENCE = 2.0
"""Seconds for `mpiexec` to end when it is told to."""

PAGE = b"=" * 40
"""How MPICH begins the page on a process that has ended badly."""


def mpiexec() -> str:
    """The program of this name that belongs to this Python, or any.  `ValueError` in words if there is none."""
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if not found:
        raise ValueError(
            "mpiexec: expected it beside Python or on the path, got none (pip install mpi4py mpich)"
        )
    return found


def leave_alone(starter: str) -> list[str]:
    """What tells MPICH's `mpiexec` to leave the other ranks alone when one dies; no other MPI's knows it."""
    version = subprocess.run([starter, "--version"], capture_output=True, text=True)
    return ["-disable-auto-cleanup"] if "HYDRA" in version.stdout else []


def launch(ranks: int, arguments: Sequence[str], program: str = NAME) -> int:
    """Start so many ranks of a program of this package; returns the exit code."""
    try:
        starter = mpiexec()
        command = [starter, *leave_alone(starter), "-n", str(ranks)]
        command += [sys.executable, "-m", program, *arguments]
    except ValueError as error:
        return complain(NAME, (), str(error), USAGE)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the ranks would stay behind
    watch = Watch()
    environment = {**os.environ, PLACE: f"127.0.0.1:{watch.port}"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        pipes = [Pipe(running.stdout, sys.stdout), Pipe(running.stderr, sys.stderr)]
        try:
            return outcome(running, watch, pipes)
        except KeyboardInterrupt:
            silence(running, pipes)
            return complain(NAME, (), "interrupted", INTERRUPTED)
        finally:
            watch.close()


def outcome(running: subprocess.Popen[bytes], watch: Watch, pipes: Sequence[Pipe]) -> int:
    """Wait for the end; the exit code."""
    dead: list[int] = []
    while running.poll() is None and not dead:
        dead = watch.dead(seconds=0.1)
    if dead:
        silence(running, pipes)
    for pipe in pipes:
        pipe.join()
    if dead := dead or watch.dead(seconds=0):
        process = dead[0]  # the first; the others lost it
        name = f"rank {watch.ranks[process]} (process {process})"
        return complain(NAME, (), f"{name} has died, and the run with it", FAILED)
    return running.returncode


def silence(running: subprocess.Popen[bytes], pipes: Sequence[Pipe]) -> None:
    """End it, if it has not ended, and pass on no more of what it says."""
    for pipe in pipes:
        pipe.open = False
    running.terminate()
    try:
        running.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        running.kill()


class Pipe(threading.Thread):
    """Passes on what the ranks say, but not what `mpiexec` adds."""

    def __init__(self, source: IO[bytes] | None, target: IO[str]):
        super().__init__(daemon=True)
        self.source, self.target = source, target
        self.open = True
        self.start()

    def run(self) -> None:
        """Until there is nothing more."""
        assert self.source is not None
        for line in self.source:
            if line.startswith(PAGE):
                self.open = False
            if self.open:
                self.target.write(line.decode(errors="replace"))
                self.target.flush()
