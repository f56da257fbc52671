"""a11 Few bits: write a drift with few bits per number, and owe the rest.

C(x) is what the other end reads when x (D,) is sent.

    s = max |x|/L,    q = round(x/s),    C(x) = q·s            whole numbers from −L to L            (1)
    C(x) = mean |x| · sign(x),    with sign(0) = +1            one bit a number                      (2)
    arrives:  x̂ = C(x + owed);    then  owed := x + owed − x̂                                         (3)
    x̂_1 + ... + x̂_n + owed_n = x_1 + ... + x_n                 nothing is lost                       (4)

Here one scale s serves the whole vector.  (3) is (2) of tutorial 16, where `owed` is called e.
(Seide et al. 2014; Karimireddy et al. 2019.)
"""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Code = Callable[[Array], Array]
"""C: what is meant (D,) -> what arrives (D,)."""


def levels(x: Array, L: int) -> tuple[Array, float]:
    """Task 1: (q, s) of (1) for x (D,); q is an array of integers.  If x is all zero, so are q and s."""
    s = np.abs(x).max() / L
    if s == 0:
        return np.zeros(len(x), int), 0.0
    return np.rint(x / s).astype(int), float(s)


def pack(q: Array) -> Array:
    """Task 2: integers (D,) from −7 to 7 -> ⌈D/2⌉ bytes, as uint8: two numbers in each.

    A byte is 16·(q + 7) of the first number plus (q + 7) of the second.  If D is odd, the low half of the last byte
    stays 0.
    """
    shifted = np.zeros(len(q) + len(q) % 2, np.uint8)
    shifted[: len(q)] = q + 7
    return 16 * shifted[0::2] + shifted[1::2]


def unpack(packed: Array, D: int) -> Array:
    """Task 2: the inverse of `pack`: D integers from −7 to 7.  uint8 cannot hold those below 0."""
    pairs = np.stack([packed // 16, packed % 16], axis=1)
    return pairs.ravel()[:D].astype(int) - 7


def one_bit(x: Array) -> Array:
    """Task 3: C(x) of (2), (D,)."""
    return np.where(x >= 0, 1.0, -1.0) * np.abs(x).mean()


class Sender:
    """One end that sends vectors (D,) by a code, and remembers in `owed` (D,) what it could not say."""

    def __init__(self, D: int, code: Code) -> None:
        """Task 4: nothing has been sent, so nothing is owed."""
        self.code = code
        self.owed = np.zeros(D)

    def send(self, x: Array) -> Array:
        """Task 4: (3); what arrives (D,).  x stays as it is."""
        meant = x + self.owed
        arrived = self.code(meant)
        self.owed = meant - arrived
        return arrived


def synchronise(E: Array, drifts: Array, senders: list[Sender], coordinator: Sender) -> Array:
    """Task 5: the next global model (D,), from the last one E (D,) and the drifts (k, D).

    Site i sends its drift by `senders[i]`.  The coordinator takes the mean of what has arrived, and sends it to all
    sites by its own sender.  The next model is E plus what arrives there, so it is the same number everywhere.
    """
    arrived = [sender.send(drift) for sender, drift in zip(senders, drifts, strict=True)]
    return E + coordinator.send(np.mean(arrived, axis=0))


def worst(D: int) -> Array:
    """Task 6: why is (2) of little use without (3)?  An x (D,) that a single message tells badly; D ≥ 2.

    No |x_i| is above 1, and some number of C(x) is off by at least 1 − 1/D.
    """
    # The mean is 1/D: the 1 arrives as 1/D, and so do the zeros.  With (3) it does no harm, for the rest is said
    # later: one message says at least 1/D of the squared length, and so what is owed stays bounded.
    return np.eye(D)[0]
