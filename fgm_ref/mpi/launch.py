"""The launcher: starts the ranks by `mpiexec`, and says in one line which of them has died, if one does.

A rank that is killed cannot say so, and the others wait for it.  `mpiexec` ends them, with a page of its own words; so
the launcher listens to who is alive (`watch.py`), and speaks instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from fgm_ref.mpi.watch import PLACE, Watch
from fgm_ref.program import FAILED, INTERRUPTED, USAGE, complain

NAME = "fgm_ref.mpi"
PATIENCE = 3.0
"""Seconds for `mpiexec` to end by itself once a rank has died."""


def mpiexec() -> str:
    """The program of this name that belongs to this Python, or any.  `ValueError` in words if there is none."""
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    if not found:
        raise ValueError(
            "mpiexec: expected it beside Python or on the path, got none (pip install mpi4py mpich)"
        )
    return found


def launch(ranks: int, arguments: Sequence[str], program: str = NAME) -> int:
    """Start so many ranks of a program of this package; returns the exit code."""
    try:
        command = [mpiexec(), "-n", str(ranks), sys.executable, "-m", program, *arguments]
    except ValueError as error:
        return complain(NAME, (), str(error), USAGE)
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
    while running.poll() is None:
        if who := watch.dead(seconds=0.1):
            silence(running, pipes)
            return complain(NAME, (), f"{who} has died, and the run with it", FAILED)
    for pipe in pipes:
        pipe.join()
    return running.returncode


def silence(running: subprocess.Popen[bytes], pipes: Sequence[Pipe]) -> None:
    """End it, and pass on no more of what it says."""
    for pipe in pipes:
        pipe.open = False
    running.terminate()
    try:
        running.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        running.kill()


class Pipe(threading.Thread):
    """Passes on what the ranks say, as long as it is open."""

    def __init__(self, source: IO[bytes] | None, target: IO[str]):
        super().__init__(daemon=True)
        self.source, self.target = source, target
        self.open = True
        self.start()

    def run(self) -> None:
        """Until there is nothing more."""
        assert self.source is not None
        for line in self.source:
            if self.open:
                self.target.write(line.decode(errors="replace"))
                self.target.flush()
