"""a05 Quanta: one round of functional geometric monitoring, on the numbers φ(X_i) alone.

When a round starts, φ is φ(0) < 0 at each of k sites, and the slack is ψ = k φ(0).  A round consists of subrounds:

    θ = −ψ/(2k),    z_i = φ(X_i) now,    c_i = 0                       a subround starts           (1)
    c_i := max(c_i, ⌊(φ(X_i) − z_i)/θ⌋)                                a site counts its quanta     (2)
    c = Σ c_i > k                                                      the subround is over         (3)
    ψ := Σ φ(X_i);  the round is over if ψ ≥ ε k φ(0), else (1)        all values are fetched       (4)

While nothing is pending,  Σ φ(X_i) < ψ + θ(c + k) ≤ ψ + 2kθ = 0.                                   (5)
(Samoladas & Garofalakis 2019, section 4.)
"""

import numpy as np

Array = np.ndarray


def quantum(psi: float, k: int) -> float:
    """Task 1: θ of (1)."""
    raise NotImplementedError("a05, task 1: not done yet (make hint A=05 N=1 T=1)")


def count(phi: Array, z: Array, theta: float, c: Array) -> Array:
    """Task 2: the new counters (k,), an array of integers; phi, z and the old counters c are (k,)."""
    raise NotImplementedError("a05, task 2: not done yet (make hint A=05 N=1 T=2)")


class Round:
    """One round of k sites.

    Attributes, as in (1) to (4): `psi`, `theta`, `z` (k,), `c` (k,), `subrounds` (how many have been started), `over`,
    and `words`: how many numbers have been sent.  A quantum costs k words (but the first one of a round is free, for
    everybody can work it out), an increment of a counter 1 word, however large it is, and fetching all values k words.
    """

    def __init__(self, k: int, phi_zero: float, epsilon: float) -> None:
        """Task 3: all sites stand at φ(0); the first subround starts."""
        raise NotImplementedError("a05, task 3: not done yet (make hint A=05 N=1 T=3)")

    def start_subround(self) -> None:
        """Task 3: θ and c of (1).  `self.z` and `self.psi` are already set by `__init__` or `fetch`.

        Counts the subround, and the quantum's k words unless it is the first of the round.
        """
        raise NotImplementedError("a05, task 3: not done yet (make hint A=05 N=1 T=3)")

    def step(self, phi: Array) -> None:
        """Task 4: the sites have moved, and φ is `phi` (k,) now; let all messages pass that this makes necessary.

        The sites have their turns one after the other, from 0 to k − 1.  Who has new quanta sends one increment.  As
        soon as (3) holds, the values are fetched (4), and nobody has anything left to say in this step.
        The array is the caller's, who may write other values into it afterwards.
        """
        raise NotImplementedError("a05, task 4: not done yet (make hint A=05 N=1 T=4)")

    def fetch(self, phi: Array) -> None:
        """Task 4: (4)."""
        raise NotImplementedError("a05, task 4: not done yet (make hint A=05 N=1 T=4)")


def why_2k(k: int) -> Array:
    """Task 5: why is it 2k in (1)?  Values (k,) of φ that would slip through with θ = −ψ/k.

    φ(0) = −1 at all sites, so ψ = −k and θ would be 1.  Find values with Σ ⌊(φ_i + 1)/θ⌋ ≤ k, so that nobody fetches
    anything; and yet Σ φ_i ≥ k/2.
    """
    raise NotImplementedError("a05, task 5: not done yet (make hint A=05 N=1 T=5)")
