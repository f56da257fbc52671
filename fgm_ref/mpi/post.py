"""Letters by MPI: one call of MPI for each letter.

Whoever waits for a message inside MPI keeps a whole core busy.  So a rank here looks whether one has come, for a moment
without a pause and then every half millisecond.  Letters leave without waiting for their receiver, so no two ranks ever
wait for each other to listen.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

import numpy as np

from fgm_ref.arrays import Array

EAGER = (0.0003, 0.002)
"""Seconds of looking without a pause, at the coordinator's rank and at one that trains: an answer is often on its way.

A rank that trains has a core of its own, and the coordinator none: it would take one from those who train.  Seconds and
not looks: where others want the core as well, one look takes milliseconds, for it lets them go first.  And again so
long whenever a letter of ours has left, for MPI takes the next one along only while it is called.
"""

LONGEST = 0.0005
"""Seconds of the longest pause between two looks."""

YIELD = getattr(os, "sched_yield", lambda: None)
"""Let others go first for a moment; not every system has it."""

MANY = 64
"""So many letters on their way before we look which of them have left."""


def expect_installed() -> None:
    """Raise a `ValueError` that says what to install, if it is not there; MPI itself is not started."""
    _imported("mpi4py")


def load() -> Any:
    """mpi4py's module MPI, which starts MPI."""
    return _imported("mpi4py.MPI")


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except (ImportError, RuntimeError) as error:  # RuntimeError: there is no MPI library
        raise ValueError(
            f"mpi4py: expected it to be installed, and an MPI (pip install mpi4py mpich); got: {error}"
        ) from None


class MpiPost:
    """The post between the ranks of this MPI job."""

    def __init__(self, MPI: Any):
        self.MPI, self.world = MPI, MPI.COMM_WORLD
        self.rank, self.size = self.world.Get_rank(), self.world.Get_size()
        self.eager = EAGER[self.rank > 0]
        self.status = MPI.Status()
        self.leaving: list[Any] = []

    def send(self, to: int, letter: Array) -> None:
        """One MPI message."""
        self.leaving.append(self.world.Isend([letter, self.MPI.BYTE], to))
        if len(self.leaving) > MANY:
            self._left()

    def receive(self, sender: int | None = None) -> tuple[int, Array]:
        """One MPI message: wait for it without keeping the core busy."""
        source = self.MPI.ANY_SOURCE if sender is None else sender
        since = time.perf_counter()
        while not self.world.Iprobe(source, status=self.status):
            if self._left():
                since = time.perf_counter()
            self._wait(time.perf_counter() - since)
        sender = int(self.status.Get_source())
        letter = np.empty(self.status.Get_count(self.MPI.BYTE), np.uint8)
        self.world.Recv([letter, self.MPI.BYTE], sender)
        return sender, letter

    def _wait(self, waited: float) -> None:
        """Before the next look, after so many seconds: a pause in proportion, so an answer lies about little longer."""
        if waited < self.eager:
            YIELD()
        else:
            time.sleep(min(waited / 4, LONGEST))

    def _left(self) -> int:
        """Push on what is leaving; how many letters have left since the last time."""
        before = len(self.leaving)
        self.leaving = [one for one in self.leaving if not one.Test()]
        return before - len(self.leaving)

    def waiting(self) -> bool:
        """Whether a letter has arrived."""
        return bool(self.world.Iprobe(self.MPI.ANY_SOURCE))

    def close(self) -> None:
        """Wait until every letter has left."""
        self.MPI.Request.Waitall(self.leaving)
        self.leaving = []

    def abort(self, code: int) -> NoReturn:
        """End all ranks at once."""
        sys.stdout.flush()
        sys.stderr.flush()
        self.world.Abort(code)
        raise SystemExit(code)  # Abort does not come back
