"""Letters by MPI: one call of MPI for each letter.

Whoever waits for a message inside MPI keeps a whole core busy.  So a rank here looks whether one has come, and sleeps
between two looks, the longer the longer it has waited.  Letters leave without waiting for their receiver, so no two
ranks ever wait for each other to listen.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from typing import Any, NoReturn

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.crew import free_cores
from fgm_ref.transport.wire.office import When

EAGER = 0.002
"""Seconds of looking without a pause if an answer comes at once.

A span and not a number of looks: where others want the core as well, one look takes milliseconds.  It begins again
when a letter of ours has left, for MPI takes the next one along only while it is called.
"""

SHARE = 0.25
"""A pause as a share of the time waited so far, so that a letter lies about for little longer."""

LONGEST = 0.0005
"""Seconds of the longest pause."""

LONGER = 0.002
"""The same for what comes some time, where ranks share cores: every look takes time from somebody who trains."""

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
        self.comes, self.nothing_for = When.AT_ONCE, 0.0
        ranks, cores = ranks_here(MPI), free_cores()
        self.shared = ranks > cores
        # Who trains and the coordinator take turns, so one more rank than there are cores may look without a pause.
        self.core = self.rank == 0 or ranks <= cores + 1
        self.status = MPI.Status()
        self.leaving: list[Any] = []

    def send(self, to: int, letter: Array) -> None:
        """One MPI message."""
        self.leaving.append(self.world.Isend([letter, self.MPI.BYTE], to))
        if len(self.leaving) > MANY:
            self._left()

    def receive(self, sender: int | None = None) -> tuple[int, Array]:
        """One MPI message: wait for it without keeping the core busy."""
        if self.nothing_for:
            self._rest()
        source = self.MPI.ANY_SOURCE if sender is None else sender
        since = time.perf_counter()
        while not self._arrived(source):
            if self._left():
                since = time.perf_counter()
            self._pause(time.perf_counter() - since)
        sender = int(self.status.Get_source())
        letter = np.empty(self.status.Get_count(self.MPI.BYTE), np.uint8)
        self.world.Recv([letter, self.MPI.BYTE], sender)
        return sender, letter

    def _rest(self) -> None:
        """Sleep while nothing can come, once all letters have left."""
        seconds, self.nothing_for = self.nothing_for, 0.0
        since = time.perf_counter()
        while self.leaving:
            self._left()
            YIELD()
        time.sleep(max(0.0, seconds - (time.perf_counter() - since)))

    def _arrived(self, source: int) -> bool:
        """Whether a letter is here.  MPI says what it has, and then fetches what is new: hence a second look."""
        return any(self.world.Iprobe(source, status=self.status) for _ in range(2))

    def _pause(self, waited: float) -> None:
        """Before the next look, after so many seconds."""
        if self.comes == When.AT_ONCE and self.core and waited < EAGER:
            YIELD()
            return
        longest = LONGER if self.comes == When.SOME_TIME and self.shared else LONGEST
        time.sleep(min(SHARE * waited, longest))

    def _left(self) -> int:
        """Push on what is leaving; how many letters have left since the last time."""
        before = len(self.leaving)
        self.leaving = [one for one in self.leaving if not one.Test()]
        return before - len(self.leaving)

    def waiting(self) -> bool:
        """Whether a letter has arrived."""
        return self._arrived(self.MPI.ANY_SOURCE)

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


def ranks_here(MPI: Any) -> int:
    """How many ranks share this machine; all of them have to ask."""
    here = MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED)
    try:
        return int(here.Get_size())
    finally:
        here.Free()
