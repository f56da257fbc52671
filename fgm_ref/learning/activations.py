"""The sigmoid and tanh of all the gates of a cell in a few calls, in the form that NumPy computes fastest.

    single precision   σ(z) = ½ + ½ tanh(z/2)        its tanh costs as little as its exponential
    double precision   σ(z) = 1 / (1 + exp(-z))      its tanh costs twice as much with AVX-512, and 1.4 times without
                       tanh(z) = 2 σ(2z) - 1

The factors of z on the right go into the weights that z is made with (`factors`).  Errors are absolute: a few units in
the last place of 1.  Where exp(-z) overflows, 1 / (1 + ∞) = 0 is the right value: who plays the tape ignores that.

A cell without sigmoids takes tanh as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array
from fgm_ref.learning.tape import Tape


def _of_each_type(value: float) -> dict[np.dtype[Any], Array]:
    """A number as an array of single and of double precision.

    Adding a Python number to a small array takes twice as long, for NumPy converts the number first.
    """
    arrays = [np.array(value, real) for real in (np.float32, np.float64)]
    return {array.dtype: array for array in arrays}


HALF = _of_each_type(0.5)
ONE = _of_each_type(1)
TWO = _of_each_type(2)


def _by_exponential(dtype: DTypeLike, sigmoids: int) -> bool:
    return np.dtype(dtype) == np.float64 and sigmoids > 0


def factors(sigmoids: int, tanhs: int, dtype: DTypeLike) -> Array:
    """What the pre-activation z of each gate has to be multiplied with beforehand, (sigmoids + tanhs,)."""
    if _by_exponential(dtype, sigmoids):
        return np.array([-1] * sigmoids + [-2] * tanhs, dtype)
    return np.array([0.5] * sigmoids + [1] * tanhs, dtype)


def activate(do: Tape, a: Array, sigmoids: int) -> None:
    """Record a := σ of the first gates and tanh of the others; a (gates, ...) holds factor · z before."""
    if _by_exponential(a.dtype, sigmoids):
        _activate_by_exponential(do, a, sigmoids)
    else:
        _activate_by_tanh(do, a, sigmoids)


def _activate_by_tanh(do: Tape, a: Array, sigmoids: int) -> None:
    do(np.tanh, a, out=a)
    if sigmoids:
        # σ = ½ + ½ tanh(z/2)
        first = a[:sigmoids]
        half = HALF[a.dtype]
        do(np.multiply, first, half, out=first)
        do(np.add, first, half, out=first)


def _activate_by_exponential(do: Tape, a: Array, sigmoids: int) -> None:
    one = ONE[a.dtype]
    # σ = 1 / (1 + exp(-z)), and of 2z where tanh is wanted
    do(np.exp, a, out=a)
    do(np.add, a, one, out=a)
    do(np.divide, one, a, out=a)
    others = a[sigmoids:]
    if len(others):
        # tanh = 2 σ(2z) - 1
        do(np.multiply, others, TWO[a.dtype], out=others)
        do(np.subtract, others, one, out=others)
