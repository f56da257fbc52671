"""The bug zoo: mistakes that somebody has made, or easily could, each with the test that finds it.

Every *mutant* is a small patch of the library, to be read beside the line that it replaces:

    fgm.py         quanta, counters, subrounds; flushes and λ
    centre.py      FGM around a moving centre
    gm.py          local conditions, balancing sets, averages
    baselines.py   corrected gradients, weighted means, thresholds that set themselves
    outer.py       outer steps, rates, and radii that follow them
    memory.py      what a protocol remembers, and for how long
    network.py     copies, order, stale messages, and the bill
    faults.py      absent sites, lost messages, and who is billed
    shipping.py    codecs, residuals, and blocks
    safe.py        zones that are not what they claim to be
    promises.py    zones that promise loss
    learning.py    gradients, optimisers, and the checker of gradients
    training.py    dropout, the optimisers' memory, stacks and batches
    data.py        who gets which samples, and what a score is
    tables.py      what leaks from a table of one's own, and what a window sees
    simulating.py  the observer, schedules, changes, and the record
    numbers.py     statistics, counterexamples, and a picture

Meet them all (a few minutes), or one of them in a test of your choice:

    python -m tests.zoo
    pytest tests/test_protocol_fgm.py --mutant z01

But a zoo is no proof: it shows that the tests find *these* mistakes, not that they find yours.
"""

from . import (
    baselines,
    centre,
    data,
    faults,
    fgm,
    gm,
    learning,
    memory,
    network,
    numbers,
    outer,
    promises,
    safe,
    shipping,
    simulating,
    tables,
    training,
)
from .registry import MUTANTS, TESTS, Mutant, install, original

__all__ = [
    "MUTANTS",
    "TESTS",
    "Mutant",
    "baselines",
    "centre",
    "data",
    "faults",
    "fgm",
    "gm",
    "install",
    "learning",
    "memory",
    "network",
    "numbers",
    "original",
    "outer",
    "promises",
    "safe",
    "shipping",
    "simulating",
    "tables",
    "training",
]
