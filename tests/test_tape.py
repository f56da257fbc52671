"""The tape: what is recorded is what is played, it can be read, and big products are cut into the same product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.learning import tape as tape_module
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.spec import CELLS, PEEPHOLES
from fgm_ref.learning.tape import Tape


def test_nothing_happens_before_it_is_played():
    a, out = np.ones(3), np.zeros(3)
    do = Tape()
    do(np.add, a, a, out=out)
    assert not out.any()
    a[:] = 2
    do.play()
    assert (out == 4).all()  # of what a holds now
    assert len(do) == 1


def test_copy_take_put_reduce():
    source, where = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([3, 0])
    copied, taken, total = np.empty((2, 2)), np.empty(2), np.empty(2)
    do = Tape()
    do.copy(source, out=copied)
    do.take(copied.reshape(-1), where, out=taken)
    do.put(np.zeros(2), where, out=copied.reshape(-1))
    do.reduce(np.add, copied, 0, out=total)
    do.play()
    np.testing.assert_array_equal(taken, [4, 1])
    np.testing.assert_array_equal(copied, [[0, 2], [3, 0]])
    np.testing.assert_array_equal(total, [3, 2])
    do = Tape()
    do.take(copied.reshape(-1), np.array([4, 0]), out=taken)
    with pytest.raises(IndexError):
        do.play()


@given(
    st.integers(1, 3), st.integers(1, 24), st.integers(1, 6), st.integers(1, 5), st.integers(1, 300)
)
def test_a_product_in_pieces_is_the_same_product(k, M, N, B, packing):
    rng = np.random.default_rng(0)
    A, X = rng.standard_normal((k, M, N)), rng.standard_normal((k, N, B))
    out = np.full((M, k, B), np.nan).swapaxes(0, 1)  # as the cells' arrays lie
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tape_module, "PACKING", packing)
        do = Tape()
        do.matmul(A, X, out=out)
    do.play()
    np.testing.assert_allclose(out, A @ X, atol=1e-13)


def test_a_big_product_is_cut_and_a_wide_one_is_not():
    def pieces(M, N, B):
        do = Tape()
        do.matmul(np.empty((1, M, N)), np.empty((1, N, B)), out=np.empty((1, M, B)))
        ((_, (rows, *_)),) = do._calls
        return rows.shape[1] if rows.ndim == 4 else 1

    assert pieces(1024, 357, 16) == 8  # each below a million multiplications
    assert pieces(64, 40, 16) == 1
    assert pieces(1024, 357, 1000) == 1
    assert pieces(1021, 357, 16) == 1  # a prime number of rows


@pytest.mark.parametrize("cell", [*CELLS.values(), *PEEPHOLES.values()])
def test_step_by_step_is_as_good_as_at_once(cell):
    layer = cell(2, 3, 4, 3, 5, np.float64)
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((2, *shape)) for shape in cell.blocks(3, 4).values()]
    outputs = layer.forward(*weights, rng.standard_normal((3, 3, 2, 5))).copy()
    layer.h[1:] = 0
    calls = list(layer.tape("forward").steps())
    np.testing.assert_array_equal(layer.h[1:], outputs)
    assert len(calls) == len(layer.tape("forward"))
    assert calls[-1].out.shape == (4, 2, 5)


def test_it_can_be_read():
    layer = LSTM(2, 2, 3, 2, 4, np.float64)
    first = str(layer.tape("forward")).splitlines()
    assert first[0] == "a[0] (2, 12, 4) = matmul(V, u[0])"
    assert first[1] == "a[0] (4, 3, 2, 4) = exp(a[0])"
    assert first[-1] == "h[2] (3, 2, 4) = multiply(a[1, 0], tanh_c[1])"
    back = str(layer.tape("backward")).splitlines()
    assert back[0] == "dh (3, 2, 4) = copyto(dY[1])"
    assert "dc (3, 2, 4) = multiply(dc, a[1, 2])" in back


def test_names_of_what_has_none():
    do = Tape()
    out = np.zeros(2)
    do(np.multiply, np.ones(2), np.array(0.5), out=out)
    do.reduce(np.add, np.ones((2, 2)), 0, out=out)
    assert str(do).splitlines() == ["? (2,) = multiply(?, 0.5)", "? (2,) = add.reduce(?, 0)"]
