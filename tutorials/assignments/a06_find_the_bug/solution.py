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
    rng = np.random.default_rng(1)
    for _ in range(50):
        X, R = drifts(rng), rng.uniform(0.5, 2)
        phi = lab.phi(X, R)
        assert np.allclose(phi, [lab.phi(x[None], R)[0] for x in X]), "a site needs nobody else"
        on_the_ball = R * X / np.linalg.norm(X, axis=1, keepdims=True)
        assert np.allclose(lab.phi(on_the_ball, R), 0), "zero on the boundary"
        half_way = lab.phi((X + X[0]) / 2, R)
        assert (half_way <= (phi + phi[0]) / 2 + 1e-9).all(), "convex"


def check_quantum(lab) -> None:
    """Task 2: quantum(psi, k)."""
    for k in (1, 2, 7):
        for psi in (-8.0, -0.3):
            assert np.isclose(2 * k * lab.quantum(psi, k), -psi), "2k quanta are the slack"


def check_count(lab) -> None:
    """Task 3: count(phi, z, theta, c)."""
    z, c, theta = np.array([-1.0, -2.0, -3.0]), np.array([0, 0, 2]), 0.25
    for n in (-3, 0, 1, 2, 5):
        for part in (0.2, 0.8):  # of a quantum, begun
            counted = lab.count(z + theta * (n + part), z, theta, c)
            assert (counted == np.maximum(c, n)).all(), "full quanta only, and never down"


def check_decide(lab) -> None:
    """Task 4: decide(phi, phi_zero, epsilon)."""
    for k in (2, 5):
        for share in (0.9, 0.15, 0.08, 0.03, -0.1):  # of the slack is left
            phi = -2.0 * share * np.linspace(0.5, 1.5, k)
            psi, over = lab.decide(phi, -2.0, 0.1)
            assert np.isclose(psi, phi.sum()), "the sum of all"
            assert bool(over) == (share < 0.1), "over when no more than ε of the slack is left"


def check_synchronise(lab) -> None:
    """Task 5: synchronise(models)."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        models = 3 + drifts(rng)
        before = models.copy()
        E, new = lab.synchronise(models)
        assert np.allclose(E, before.mean(axis=0)), "E is the mean"
        assert np.allclose(new, E), "everybody holds it"
        assert (models == before).all(), "what is handed in stays as it is"


def check_balance(lab) -> None:
    """Task 6: balance(E, models, members)."""
    rng = np.random.default_rng(6)
    for _ in range(20):
        E = rng.normal(size=3)
        models, members = E + rng.normal(size=(4, 3)), [0, 2]
        new = lab.balance(E, models.copy(), members)
        assert np.allclose(new.mean(axis=0), models.mean(axis=0)), "the mean of all stays"
        assert np.allclose(new[0], new[2]), "the members agree"
        assert (new[[1, 3]] == models[[1, 3]]).all(), "the others have not moved"
