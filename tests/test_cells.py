"""The cells: against central differences, and against the textbook cells, over random shapes.

Every cell in `spec.CELLS` is tested, a new one as well.  What a test needs to know, the cell says.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.peephole import PeepholeLSTM
from fgm_ref.learning.rnn import RNN
from fgm_ref.learning.spec import CELLS, PEEPHOLES
from fgm_ref.learning.textbook import TextbookLSTM, TextbookRNN

ALL_CELLS = pytest.mark.parametrize("cell", [*CELLS.values(), *PEEPHOLES.values()])
TEXTBOOK = {RNN: TextbookRNN, LSTM: TextbookLSTM, PeepholeLSTM: TextbookLSTM}


class Sizes(NamedTuple):
    k: int
    D: int
    H: int
    T: int
    B: int


SIZES = st.builds(Sizes, *[st.integers(1, 3)] * 3, st.integers(1, 4), st.integers(1, 3))
ONES = Sizes(1, 1, 1, 1, 1)


def random_inputs(cell, sizes, seed, last=False):
    """All that a cell can be given, by name: weights, inputs, initial states; and an upstream gradient."""
    k, D, H, T, B = sizes
    rng = np.random.default_rng(seed)
    shapes = {name: (k, *shape) for name, shape in cell.blocks(D, H).items()}
    shapes |= {"x": (T, D, k, B)}
    shapes |= {f"{state}0": (H, k, B) for state in cell.states}
    blocks = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return blocks, rng.standard_normal((H, k, B) if last else (T, H, k, B))


def make(cell, sizes, dtype=np.float64, truncate=0):
    return cell(*sizes, dtype, truncate)


def weights_of(cell, blocks):
    """The weights among what a cell is given, by name and in order."""
    return {name: blocks[name] for name in cell.blocks(1, 1)}


def last_states(layer):
    """Where a sequence has ended, as the initial states of the next one."""
    return {f"{state}0": getattr(layer, state)[-1].copy() for state in layer.states}


def run(layer, blocks, dY):
    """Forward and backward: the outputs and the gradient of every block, as copies."""
    y = layer.forward(**blocks).copy()
    weights = weights_of(layer, blocks)
    g = {name: np.full_like(w, np.nan) for name, w in weights.items()}
    layer.backward(*weights.values(), *g.values(), dY)
    initial = layer.initial_gradients()
    g["x"] = layer.input_gradient(*weights.values())
    for state, gradient in zip(layer.states, initial, strict=True):
        g[f"{state}0"] = gradient
    return y, {name: value.copy() for name, value in g.items()}


def assert_equal(a, b, **tolerance):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_allclose(a[name], b[name], **({"rtol": 0} | tolerance), err_msg=name)


@ALL_CELLS
@given(sizes=SIZES, seed=st.integers(0, 999), last=st.booleans())
@example(sizes=ONES, seed=0, last=False)
@example(sizes=ONES, seed=1, last=True)
def test_gradients_of_every_block_against_central_differences(cell, sizes, seed, last):
    blocks, dY = random_inputs(cell, sizes, seed, last)
    layer = make(cell, sizes)

    def function(blocks):
        y, g = run(layer, blocks, dY)
        return float((dY * (y[-1] if last else y)).sum()), g

    report = gradcheck(function, blocks)
    assert set(report.errors) == set(blocks)
    report.raise_if_bad()


@ALL_CELLS
@given(sizes=SIZES, seed=st.integers(0, 99))
@example(sizes=ONES, seed=0)
def test_initial_weights_fit_and_are_the_same_again(cell, sizes, seed):
    _, D, H, _, _ = sizes
    W = cell.initial(np.random.default_rng(seed), D, H)
    assert W.shape == cell.blocks(D, H)["W"] == (len(cell.gates) * H, H + D + 1)
    np.testing.assert_array_equal(W, cell.initial(np.random.default_rng(seed), D, H))


@pytest.mark.parametrize("cell", TEXTBOOK)
@given(sizes=SIZES, seed=st.integers(0, 999))
@example(sizes=ONES, seed=0)
def test_equals_the_textbook_cell(cell, sizes, seed):
    H = sizes.H
    blocks, dY = random_inputs(cell, sizes, seed)
    y, g = run(make(cell, sizes), blocks, dY)
    for j in range(sizes.k):
        plain = TEXTBOOK[cell]()
        assert tuple(plain.gates) == cell.gates
        w = {}
        for i, gate in enumerate(plain.gates):
            rows = blocks["W"][j, i * H : (i + 1) * H]
            w |= {"U" + gate: rows[:, :H], "V" + gate: rows[:, H:-1], "b" + gate: rows[:, -1]}
        if isinstance(plain, TextbookLSTM):
            p = blocks["p"][j] if "p" in blocks else np.zeros((3, H))
            w |= {"po": p[0], "pi": p[1], "pf": p[2]}
        states = [blocks[name][:, j].T for name in ("h0", "c0") if name in blocks]
        plain_y = plain.forward(w, blocks["x"][:, :, j].transpose(2, 0, 1), *states)
        np.testing.assert_allclose(y[:, :, j].transpose(2, 0, 1), plain_y, atol=1e-13)
        d = plain.backward(w, dY[:, :, j].transpose(2, 0, 1))
        dW = [
            np.hstack([d["U" + gate], d["V" + gate], d["b" + gate][:, None]])
            for gate in plain.gates
        ]
        np.testing.assert_allclose(g["W"][j], np.vstack(dW), atol=1e-12)
        np.testing.assert_allclose(g["x"][:, :, j].transpose(2, 0, 1), d["x"], atol=1e-12)
        for name in ("h0", "c0"):
            if name in g:
                np.testing.assert_allclose(g[name][:, j].T, d[name], atol=1e-12)
        if "p" in g:
            np.testing.assert_allclose(g["p"][j], [d["po"], d["pi"], d["pf"]], atol=1e-12)


@ALL_CELLS
@given(sizes=SIZES, seed=st.integers(0, 999))
def test_second_pass_is_the_same_and_nothing_is_touched(cell, sizes, seed):
    blocks, dY = random_inputs(cell, sizes, seed)
    copies = {name: block.copy() for name, block in blocks.items()} | {"dY": dY.copy()}
    layer = make(cell, sizes)
    y, g = run(layer, blocks, dY)
    run(layer, *random_inputs(cell, sizes, seed + 1))  # leaves its traces in the buffers
    y_again, g_again = run(layer, blocks, dY)
    np.testing.assert_array_equal(y, y_again)
    assert_equal(g, g_again, atol=0)
    assert_equal(blocks | {"dY": dY}, copies, atol=0)


@ALL_CELLS
def test_initial_state_is_zero_again_after_a_call_with_another(cell):
    sizes = Sizes(2, 3, 2, 3, 2)
    blocks, _ = random_inputs(cell, sizes, 0)
    without = weights_of(cell, blocks) | {"x": blocks["x"]}
    layer = make(cell, sizes)
    layer.forward(**blocks)
    np.testing.assert_allclose(
        layer.forward(**without), make(cell, sizes).forward(**without), atol=1e-14
    )


@ALL_CELLS
@given(sizes=SIZES, seed=st.integers(0, 999))
def test_backward_twice_does_not_accumulate(cell, sizes, seed):
    blocks, dY = random_inputs(cell, sizes, seed)
    layer = make(cell, sizes)
    _, g = run(layer, blocks, dY)
    weights = weights_of(cell, blocks)
    again = {name: np.ones_like(w) for name, w in weights.items()}
    layer.backward(*weights.values(), *again.values(), dY)
    for name, gradient in again.items():
        np.testing.assert_array_equal(g[name], gradient)


@ALL_CELLS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(sizes=SIZES, seed=st.integers(0, 999))
def test_stacked_equals_looped(cell, dtype, sizes, seed):
    blocks, dY = random_inputs(cell, sizes, seed)
    blocks, dY = {name: block.astype(dtype) for name, block in blocks.items()}, dY.astype(dtype)
    y, g = run(make(cell, sizes, dtype), blocks, dY)
    axis = {"x": 2} | {f"{state}0": 1 for state in cell.states}
    ulp = 64 * np.finfo(dtype).eps
    for j in range(sizes.k):
        one = {name: np.take(block, [j], axis.get(name, 0)) for name, block in blocks.items()}
        y1, g1 = run(make(cell, sizes._replace(k=1), dtype), one, dY[:, :, [j]])
        np.testing.assert_allclose(y[:, :, [j]], y1, rtol=ulp, atol=ulp)
        mine = {name: np.take(block, [j], axis.get(name, 0)) for name, block in g.items()}
        assert_equal(mine, g1, rtol=ulp, atol=ulp * max(1, *(np.abs(v).max() for v in g1.values())))


@ALL_CELLS
def test_carried_state_continues_the_sequence(cell):
    blocks, dY = random_inputs(cell, Sizes(2, 3, 4, 6, 2), 0)
    y, _ = run(make(cell, Sizes(2, 3, 4, 6, 2)), blocks, dY)
    layer = make(cell, Sizes(2, 3, 4, 3, 2))
    first = layer.forward(**blocks | {"x": blocks["x"][:3]}).copy()
    second = layer.forward(**blocks | {"x": blocks["x"][3:]} | last_states(layer))
    np.testing.assert_allclose(y, np.concatenate([first, second]), atol=1e-14)


@ALL_CELLS
@given(seed=st.integers(0, 999), tau=st.integers(1, 5), last=st.booleans())
def test_truncation_cuts_the_gradient_but_not_the_state(cell, seed, tau, last):
    """Equal to windows of tau steps, each with its own gradient and with the state before it held constant."""
    sizes = Sizes(2, 2, 3, 5, 2)
    blocks, dY = random_inputs(cell, sizes, seed, last)
    y, g = run(make(cell, sizes, truncate=tau), blocks, dY)
    y_full, _ = run(make(cell, sizes), blocks, dY)
    np.testing.assert_array_equal(y, y_full)
    total = dict.fromkeys(weights_of(cell, blocks), 0)
    state = {}
    for begin in range(0, 5, tau):
        x = blocks["x"][begin : begin + tau]
        layer = make(cell, sizes._replace(T=len(x)))
        upstream = (
            dY[begin : begin + tau] if not last else dY if begin + tau >= 5 else np.zeros_like(dY)
        )
        _, window = run(layer, blocks | {"x": x} | state, upstream)
        total = {name: so_far + window[name] for name, so_far in total.items()}
        np.testing.assert_allclose(g["x"][begin : begin + tau], window["x"], atol=1e-13)
        state = last_states(layer)
    for name, gradient in total.items():
        np.testing.assert_allclose(g[name], gradient, atol=1e-12)


@pytest.mark.parametrize("bad", ["x", "dY"])
def test_wrong_shapes_are_named(bad):
    layer = RNN(2, 3, 4, 5, 6, np.float64)
    with pytest.raises(ValueError, match=f"{bad}: expected shape .* got"):
        if bad == "x":
            layer.forward(np.zeros((2, 4, 8)), np.zeros((5, 4, 2, 6)))
        else:
            layer.backward(np.zeros((2, 4, 8)), np.zeros((2, 4, 8)), np.zeros((5, 4, 6, 2)))


def test_huge_inputs_do_not_overflow():
    layer = LSTM(1, 1, 2, 3, 1, np.float32)
    y = layer.forward(np.full((1, 8, 4), 1e30, np.float32), np.full((3, 1, 1, 1), -1e3, np.float32))
    assert np.isfinite(y).all()
