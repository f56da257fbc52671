"""a06 Find the bug: write the tests.  Each gets a laboratory, right or wrong, and says no to the wrong ones.

A check gets `lab` and calls lab.phi, lab.quantum ... as the instructions describe them.  It raises `AssertionError`
(use `assert`) if what it sees is wrong, and returns quietly otherwise.
"""

import numpy as np


def drifts(rng: np.random.Generator) -> np.ndarray:
    """Given: random drifts (k, D), k from 2 to 5, of various lengths; E + X are models."""
    k, D = rng.integers(2, 6), rng.integers(2, 4)
    return rng.normal(size=(k, D)) * np.exp(rng.uniform(-1, 2, size=(k, 1)))


def check_phi(lab) -> None:
    """Task 1: phi(X, R), safe for ‖S − E‖ ≤ R."""
    raise NotImplementedError("a06, task 1: not done yet (make hint A=06 N=1 T=1)")


def check_quantum(lab) -> None:
    """Task 2: quantum(psi, k)."""
    raise NotImplementedError("a06, task 2: not done yet (make hint A=06 N=1 T=2)")


def check_count(lab) -> None:
    """Task 3: count(phi, z, theta, c)."""
    raise NotImplementedError("a06, task 3: not done yet (make hint A=06 N=1 T=3)")


def check_decide(lab) -> None:
    """Task 4: decide(phi, phi_zero, epsilon)."""
    raise NotImplementedError("a06, task 4: not done yet (make hint A=06 N=1 T=4)")


def check_synchronise(lab) -> None:
    """Task 5: synchronise(models)."""
    raise NotImplementedError("a06, task 5: not done yet (make hint A=06 N=1 T=5)")


def check_balance(lab) -> None:
    """Task 6: balance(E, models, members)."""
    raise NotImplementedError("a06, task 6: not done yet (make hint A=06 N=1 T=6)")
