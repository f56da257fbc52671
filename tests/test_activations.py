"""The sigmoid and tanh, and what happens far out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from fgm_ref.learning.activations import activate, factors
from fgm_ref.learning.tape import Tape

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
numbers = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1000, 1000))


def gates(z, sigmoids):
    """What a cell makes of z (gates, numbers)."""
    a = z * factors(sigmoids, len(z) - sigmoids, z.dtype)[:, None]
    do = Tape()
    activate(do, a, sigmoids)
    with np.errstate(over="ignore"):
        do.play()
    return a


@dtypes
@pytest.mark.parametrize(("sigmoids", "tanhs"), [(3, 1), (0, 1), (1, 0), (2, 1)])
@given(z=numbers)
def test_equal_scipys_and_numpys(dtype, sigmoids, tanhs, z):
    # to a few units in the last place of 1, also far out
    z = z.astype(dtype)
    computed = gates(np.tile(z, (sigmoids + tanhs, 1)), sigmoids)
    expected = [expit(z)] * sigmoids + [np.tanh(z)] * tanhs
    np.testing.assert_allclose(computed, expected, rtol=0, atol=8 * np.finfo(dtype).eps)


@dtypes
def test_far_out(dtype):
    z = np.array([[-np.inf, np.inf]] * 2, dtype)
    np.testing.assert_array_equal(gates(z, 1), [[0, 1], [-1, 1]])
