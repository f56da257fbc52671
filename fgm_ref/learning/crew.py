"""Who works on the stacks of sites: one thread, or a few, each with arrays of its own.

NumPy lets other threads run while it multiplies matrices or walks through a large array.  So two threads can train two
stacks of sites at once, on two cores.  Every stack is computed as before: the results are the same to the bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from multiprocessing import parent_process
from typing import TypeVar

from fgm_ref.arrays import Shape
from fgm_ref.learning.chain import Chain

SHAPES_KEPT = 32
"""Shapes (k, B, T) whose arrays are kept for the next call."""

WORTH_A_THREAD = 1_000_000
"""Multiplications in single precision of one product from which on a second thread gains more than it costs.

Between two calls of NumPy a thread needs the interpreter, which there is only one of.
"""


class Chains:
    """The chains of one thread, by shape; the least recently used one is dropped when there are too many."""

    def __init__(self, make: Callable[[int, int, int], Chain]) -> None:
        self.make = make
        self.kept: dict[Shape, Chain] = {}

    def of(self, k: int, B: int, T: int) -> Chain:
        """The chain of this shape."""
        shape = (k, B, T)
        chain = self.kept.pop(shape, None)
        if chain is None:
            chain = self.make(k, B, T)
        self.kept[shape] = chain  # the latest comes last
        if len(self.kept) > SHAPES_KEPT:
            oldest = next(iter(self.kept))
            del self.kept[oldest]
        return chain


Stack = TypeVar("Stack")
Work = Callable[[Stack, Chains], None]


class Crew:
    """`threads` that share the stacks; by default as many as there are cores, or one in a process among several."""

    def __init__(self, make: Callable[[int, int, int], Chain], threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise ValueError(f"threads: expected None or at least 1, got {threads!r}")
        self.decides = threads is None
        self.threads = threads or free_cores()
        self.chains = [Chains(make) for _ in range(self.threads)]
        self._pool: ThreadPoolExecutor | None = None

    def each(self, stacks: Sequence[Stack], work: Work[Stack], multiplications: int) -> None:
        """Call work(stack, chains) for each stack, where a product of a stack has so many multiplications."""
        small = self.decides and multiplications < WORTH_A_THREAD
        hands = 1 if small else min(self.threads, len(stacks))
        if hands == 1:
            for stack in stacks:
                work(stack, self.chains[0])
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "fgm_ref")

        def share(number: int) -> None:
            for stack in stacks[number::hands]:
                work(stack, self.chains[number])

        # A thread starts with NumPy's default treatment of overflows, not with the caller's: hence the contexts.
        running = [self._pool.submit(copy_context().run, share, n) for n in range(hands)]
        for one in running:
            one.result()


def free_cores() -> int:
    """The cores that this process may use; 1 for one of several processes, which have shared them out already."""
    if parent_process() is not None:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
