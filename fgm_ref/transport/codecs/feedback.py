"""Error feedback: what one message could not say is added to the next one.  Why this is enough.

The sender means x_1, x_2, ... and owes e_0 = 0.  C stands for encode, ship and decode:

    arrives    x̂_t  =  C(x_t + e_{t−1})
    owed       e_t  =  x_t + e_{t−1} − x̂_t

*Nothing is lost.*  Add up the second line; the e in the middle cancel:

    x̂_1 + ... + x̂_n  =  x_1 + ... + x_n − e_n

Without feedback the sum of all errors would stand there; with it, only what is owed today.  A model is a sum of
drifts, so it is off by e_n, however many messages went into it and however crude they were.

*What is owed stays bounded*, if C is a contraction: every message says at least a fixed part of what it is given,
‖x − C(x)‖ ≤ c·‖x‖ with c < 1.  Then

    ‖e_t‖  ≤  c·‖x_t + e_{t−1}‖  ≤  c·(‖x‖_max + ‖e_{t−1}‖)        hence        ‖e_t‖  ≤  c/(1 − c) · ‖x‖_max

for that is where the right-hand side stands still.  For `ternary`, in the norm ‖x‖ = max |x_i| and but for the rounding
of scales, c = 0.35: what is owed is never more than 0.54 of the largest number that was ever meant.  For `sign`, in the
Euclidean norm, c is close to 1 in the worst case, and this bound is 127 times the
longest message; it holds all the same, and in practice far less is owed.

*What it costs* is time: a small number waits until enough of it has come together.  A run of few rounds may be over
before that, which is why `sign` suffers first.  And it costs memory, one vector at each sender, for the same sender has
to make its error good.

Twenty messages of one bit a number, about the same two numbers:

    >>> import numpy as np
    >>> from fgm_ref.transport.codecs.sign import Sign
    >>> C, x = Sign(), np.array([1.0, 0.1])
    >>> owed, heard = np.zeros(2), np.zeros(2)
    >>> for _ in range(20):
    ...     arrived = C.decode(C.encode(x + owed), D=2)
    ...     owed = x + owed - arrived
    ...     heard = heard + arrived
    >>> 20 * x, heard.round(1), (heard + owed).round(6)
    (array([20.,  2.]), array([19.5,  1.5]), array([20.,  2.]))

Without feedback each of them would have said (0.55, 0.55), and 20 of them (11, 11).

Source: Seide et al. 2014, "1-Bit Stochastic Gradient Descent"; Karimireddy et al. 2019, "Error Feedback Fixes SignSGD".
"""


def most_owed(contraction: float) -> float:
    """c/(1 − c): how much can be owed, as a multiple of the largest message; c as in `plain.Float32`.

    >>> most_owed(1 / 14), 1 / 13
    (0.07692307692307691, 0.07692307692307693)
    """
    return contraction / (1 - contraction)
