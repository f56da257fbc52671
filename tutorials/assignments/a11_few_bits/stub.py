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
    raise NotImplementedError("a11, task 1: not done yet (make hint A=11 N=1 T=1)")


def pack(q: Array) -> Array:
    """Task 2: integers (D,) from −7 to 7 -> ⌈D/2⌉ bytes, as uint8: two numbers in each.

    A byte is 16·(q + 7) of the first number plus (q + 7) of the second.  If D is odd, the low half of the last byte
    stays 0.
    """
    raise NotImplementedError("a11, task 2: not done yet (make hint A=11 N=1 T=2)")


def unpack(packed: Array, D: int) -> Array:
    """Task 2: the inverse of `pack`: D integers from −7 to 7.  uint8 cannot hold those below 0."""
    raise NotImplementedError("a11, task 2: not done yet (make hint A=11 N=1 T=2)")


def one_bit(x: Array) -> Array:
    """Task 3: C(x) of (2), (D,)."""
    raise NotImplementedError("a11, task 3: not done yet (make hint A=11 N=1 T=3)")


class Sender:
    """One end that sends vectors (D,) by a code, and remembers in `owed` (D,) what it could not say."""

    def __init__(self, D: int, code: Code) -> None:
        """Task 4: nothing has been sent, so nothing is owed."""
        raise NotImplementedError("a11, task 4: not done yet (make hint A=11 N=1 T=4)")

    def send(self, x: Array) -> Array:
        """Task 4: (3); what arrives (D,).  x stays as it is."""
        raise NotImplementedError("a11, task 4: not done yet (make hint A=11 N=1 T=4)")


def synchronise(E: Array, drifts: Array, senders: list[Sender], coordinator: Sender) -> Array:
    """Task 5: the next global model (D,), from the last one E (D,) and the drifts (k, D).

    Site i sends its drift by `senders[i]`.  The coordinator takes the mean of what has arrived, and sends it to all
    sites by its own sender.  The next model is E plus what arrives there, so it is the same number everywhere.
    """
    raise NotImplementedError("a11, task 5: not done yet (make hint A=11 N=1 T=5)")


def worst(D: int) -> Array:
    """Task 6: why is (2) of little use without (3)?  An x (D,) that a single message tells badly; D ≥ 2.

    No |x_i| is above 1, and some number of C(x) is off by at least 1 − 1/D.
    """
    raise NotImplementedError("a11, task 6: not done yet (make hint A=11 N=1 T=6)")
