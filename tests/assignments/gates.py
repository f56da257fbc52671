"""What a02 is compared with, the library's LSTM, and in which order a student has the gates.

Other libraries have other orders.  A program that is right but for the order loses most of its points; it is told why.
"""

from contextlib import contextmanager
from itertools import permutations

import numpy as np
from desk import Broken

from fgm_ref.learning.lstm import LSTM

GATES = "oifg"
PYTORCH = "ifgo"


def problem(B, D, H, seed):
    """Random weights, inputs, states and upstream gradients."""
    rng = np.random.default_rng(seed)
    shapes = {
        "W": (4 * H, H + D + 1),
        "x": (B, D),
        "h": (B, H),
        "c": (B, H),
        "dh": (B, H),
        "dc": (B, H),
    }
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def one_step(W, x, h, c):
    """(h', c') by the library: its layers are (time, feature, site, sample)."""
    layer = LSTM(1, x.shape[1], h.shape[1], 1, len(x), np.float64)
    layer.forward(
        W[None].copy(), x.T[None, :, None].copy(), h.T[:, None].copy(), c.T[:, None].copy()
    )
    return layer.h[1, :, 0].T.copy(), layer.c[1, :, 0].T.copy()


def rearranged(rows, order):
    """Rows that stand in this order, (4H, ...), in ours."""
    blocks = dict(zip(order, np.split(rows, 4), strict=True))
    return np.concatenate([blocks[gate] for gate in GATES])


def order_of_step(student):
    """In which order the student's `step` takes the gates from the rows of W; `None` if in none."""
    p = problem(B=2, D=2, H=3, seed=1)
    rest = [p[name] for name in ("x", "h", "c")]
    h, c, _ = student.step(p["W"].copy(), *rest)
    for order in permutations(GATES):
        right_h, right_c = one_step(rearranged(p["W"], order), *rest)
        if np.allclose(h, right_h) and np.allclose(c, right_c):
            return order
    return None


def order_of_gradient(student):
    """In which order `gates_backward` returns the gates, if `step` has ours; `None` if in none."""
    p = problem(B=1, D=2, H=3, seed=1)
    cache = student.step(*(p[name].copy() for name in ("W", "x", "h", "c")))[2]
    dz, _ = student.gates_backward(p["dh"].copy(), p["dc"].copy(), cache)
    right = gradient_of_bias(**p)
    for order in permutations(GATES):
        if np.allclose(rearranged(dz[0], order), right, atol=1e-6):
            return order
    return None


def gradient_of_bias(W, x, h, c, dh, dc, epsilon=1e-5):
    """∂L/∂z of a single sample, (4H,), by differences."""

    def loss(bias):
        moved = W.copy()
        moved[:, -1] += bias
        h_new, c_new = one_step(moved, x, h, c)
        return (h_new * dh).sum() + (c_new * dc).sum()

    units = epsilon * np.eye(len(W))
    return np.array([(loss(unit) - loss(-unit)) / (2 * epsilon) for unit in units])


@contextmanager
def the_order_is_told(student):
    """If all is right but for the order of the gates, say so instead."""
    try:
        yield
    except Broken:
        told = other_order(student)
        if told:
            raise Broken(told) from None
        raise


def other_order(student):
    """What to say about the order; empty if that is not what is wrong."""
    for function, find in (("step", order_of_step), ("gates_backward", order_of_gradient)):
        try:
            order = "".join(find(student) or GATES)
        except Exception:  # there are other faults
            return ""
        if order != GATES:
            whose = ", as PyTorch" if order == PYTORCH else ""
            return (
                f"expected: the gates in the order {', '.join(GATES)}; "
                f"`{function}` has them in the order {', '.join(order)}{whose}\n"
                "  read again: the instructions, 'Given', and equation (1)"
            )
    return ""
