"""The sigmoid and tanh, in place and in a few calls for all the gates of a cell.

Two equations turn one into the other, and so one function serves all gates:

    σ(z) = (1 + tanh(z/2)) / 2        tanh(z) = 2 σ(2z) - 1,   σ(z) = 1 / (1 + exp(-z))

In single precision NumPy's tanh is the faster one, in double precision its exponential.  The factors within, such as
the ½ of z/2, go into the weights that z is made with.

exp(-z) may overflow.  Then σ(z) = 1/∞ = 0 is right, so that overflows are ignored (`overflow_is_fine`).  The errors
are absolute: a few units in the last place of 1, also where tanh(z) is small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array
from fgm_ref.learning.tape import Tape

overflow_is_fine = np.errstate(over="ignore")
"""A decorator for functions that play a tape with exponentials."""


def _of_each_type(value: float) -> dict[np.dtype[Any], Array]:
    """A number as an array of single and of double precision.

    Adding a Python number to a small array takes twice as long, for NumPy converts the number first.
    """
    arrays = [np.array(value, real) for real in (np.float32, np.float64)]
    return {array.dtype: array for array in arrays}


HALF = _of_each_type(0.5)
ONE = _of_each_type(1)
TWO = _of_each_type(2)
MINUS_TWO = _of_each_type(-2)


class Activation:
    """σ for the first gates of a cell, tanh for those that follow, in place.

    `factors` (gates,): what the pre-activation z of each gate has to be multiplied with beforehand.
    """

    def __init__(self, sigmoids: int, tanhs: int, dtype: DTypeLike) -> None:
        self.sigmoids = sigmoids
        self.dtype = np.dtype(dtype)
        self.by_tanh = self.dtype.itemsize == 4
        of_sigmoid, of_tanh = (0.5, 1) if self.by_tanh else (-1, -2)
        self.factors = np.array([of_sigmoid] * sigmoids + [of_tanh] * tanhs, dtype)
        numerators = np.array([1] * sigmoids + [2] * tanhs, dtype)
        self._numerators = numerators[:, None, None, None]
        if sigmoids * tanhs == 0:  # one number is quicker than a column
            self._numerators = numerators[0]

    def record(self, do: Tape, a: Array) -> None:
        """a (gates, H, k, B) := the gates; it holds factor · z before."""
        sigmoids = a[: self.sigmoids]
        tanhs = a[self.sigmoids :]
        one = ONE[self.dtype]
        half = HALF[self.dtype]
        if self.by_tanh:
            # σ = ½ tanh(z/2) + ½
            do(np.tanh, a, out=a)
            if len(sigmoids):
                do(np.multiply, sigmoids, half, out=sigmoids)
                do(np.add, sigmoids, half, out=sigmoids)
        else:
            # σ = 1/(1 + exp(-z)),   tanh = 2/(1 + exp(-2z)) - 1
            do(np.exp, a, out=a)
            do(np.add, a, one, out=a)
            do(np.divide, self._numerators, a, out=a)
            if len(tanhs):
                do(np.subtract, tanhs, one, out=tanhs)


def record_tanh(do: Tape, z: Array, out: Array) -> None:
    """out := tanh(z), of the same shape."""
    if z.itemsize == 4:
        do(np.tanh, z, out=out)
        return
    # tanh = 2/(1 + exp(-2z)) - 1
    do(np.multiply, z, MINUS_TWO[z.dtype], out=out)
    do(np.exp, out, out=out)
    do(np.add, out, ONE[z.dtype], out=out)
    do(np.divide, TWO[z.dtype], out, out=out)
    do(np.subtract, out, ONE[z.dtype], out=out)
