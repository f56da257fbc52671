"""The bug zoo: mistakes that somebody has made, or easily could, each with the test that finds it.

Every *mutant* is a small patch of the library, to be read beside the line that it replaces:

    fgm.py       quanta, counters, subrounds; flushes and λ
    centre.py    FGM around a moving centre
    gm.py        local conditions, balancing sets, averages
    network.py   copies, order, stale messages, and the bill
    safe.py      zones that are not what they claim to be
    learning.py  gradients, optimisers, and the checker of gradients
    shipping.py  codecs, residuals, and blocks
    data.py      who gets which samples, and what a score is

Meet them all (under a minute), or one of them in a test of your choice:

    python -m tests.zoo
    pytest tests/test_protocol_fgm.py --mutant z01

But a zoo is no proof: it shows that the tests find *these* mistakes, not that they find yours.
"""

from . import centre, data, fgm, gm, learning, network, safe, shipping
from .registry import MUTANTS, TESTS, Mutant, install, original

__all__ = [
    "MUTANTS",
    "TESTS",
    "Mutant",
    "centre",
    "data",
    "fgm",
    "gm",
    "install",
    "learning",
    "network",
    "original",
    "safe",
    "shipping",
]
