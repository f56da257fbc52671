"""The sigmoid and tanh, both in place and both from one exponential.

    σ(z) = 1 / (1 + exp(-z))        tanh(z) = 2 σ(2z) - 1

On processors without AVX-512, NumPy's own tanh takes two to three times as long as its exponential.

exp(-z) may overflow.  Then σ(z) = 1/∞ = 0 is right, so that the callers ignore overflows.  The errors are
absolute: a few units in the last place of 1, also where tanh(z) is small.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array

overflow_is_fine = np.errstate(over="ignore")
"""A decorator for functions that call the ones below."""


def _of_each_type(value: int) -> dict[np.dtype[Any], Array]:
    """A number as an array of single and of double precision.

    Adding a Python number to a small array takes twice as long, for NumPy converts the number first.
    """
    arrays = [np.array(value, real) for real in (np.float32, np.float64)]
    return {array.dtype: array for array in arrays}


ONE = _of_each_type(1)
TWO = _of_each_type(2)


def logistic(z: Array, scale: Array) -> None:
    """z := scale / (1 + exp(z)), in place: σ(-z) for scale 1."""
    np.exp(z, out=z)
    z += ONE[z.dtype]
    np.divide(scale, z, out=z)


def sigmoid(z: Array) -> None:
    """z := σ(z), in place."""
    np.negative(z, out=z)
    logistic(z, ONE[z.dtype])


def tanh(z: Array, out: Array) -> None:
    """out := tanh(z) = 2/(1 + exp(-2z)) - 1; in single precision NumPy's own is as fast."""
    if z.itemsize == 4:
        np.tanh(z, out=out)
        return
    np.multiply(z, -2, out=out)
    logistic(out, TWO[z.dtype])
    out -= ONE[z.dtype]
