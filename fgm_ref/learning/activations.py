"""The sigmoid and tanh: one call of NumPy's tanh for all the gates of a cell.

    σ(z) = ½ + ½ tanh(z/2)

The ½ in z/2 goes into the weights that z is made with (`factors`).  Nothing overflows, for tanh stays between -1
and 1.  The errors are absolute: a few units in the last place of 1.
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


def factors(sigmoids: int, tanhs: int, dtype: DTypeLike) -> Array:
    """What the pre-activation z of each gate has to be multiplied with beforehand, (sigmoids + tanhs,)."""
    return np.array([0.5] * sigmoids + [1] * tanhs, dtype)


def activate(do: Tape, a: Array, sigmoids: int) -> None:
    """Record a := σ of the first gates and tanh of the others; a (gates, ...) holds factor · z before."""
    do(np.tanh, a, out=a)
    if sigmoids:
        # σ = ½ + ½ tanh(z/2)
        first = a[:sigmoids]
        half = HALF[a.dtype]
        do(np.multiply, first, half, out=first)
        do(np.add, first, half, out=first)
