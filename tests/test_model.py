"""The whole network: gradients of every block for every kind of network, and its independence of the stacking."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.learning import crew
from fgm_ref.learning.chain import Chain
from fgm_ref.learning.gradcheck import gradcheck, problem
from fgm_ref.learning.layers import Dropout
from fgm_ref.learning.losses import CrossEntropy, SquaredError
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.learning.spec import CELLS, PEEPHOLES


@st.composite
def specs(draw, **fixed):
    """Small networks of every kind."""
    cell = draw(st.sampled_from(list(CELLS)))
    text = draw(st.booleans())
    fields = {
        "cell": cell,
        "features": 0 if text else draw(st.integers(1, 3)),
        "vocabulary": draw(st.integers(1, 4)) if text else 0,
        "embedding": draw(st.integers(1, 3)),
        "hidden": tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))),
        "outputs": draw(st.integers(1, 3)),
        "task": draw(st.sampled_from(["classification", "regression"])),
        "readout": draw(st.sampled_from(["last", "every"])),
        "peepholes": cell in PEEPHOLES and draw(st.booleans()),
        "dropout": draw(st.sampled_from([0.0, 0.5])),
    }
    return ModelSpec(**fields | fixed)


def data(spec, k, B, T, seed=0):
    """Random windows and answers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(k, B, T, spec.features))
    if spec.vocabulary:
        x = rng.integers(spec.vocabulary, size=(k, B, T))
    samples = (k, B, T) if spec.readout == "every" else (k, B)
    if spec.task == "classification":
        y = rng.integers(spec.outputs, size=samples)
    else:
        y = rng.normal(size=(*samples, spec.outputs))
    return x, y


def weights(model, k, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([model.initial(rng) for _ in range(k)])


def streams(k):
    return [np.random.default_rng([9, j]) for j in range(k)]


def gradient(model, P, x, y):
    G = np.full_like(P, np.nan)
    return model.loss_and_gradient(P, x, y, G, streams(len(P))), G


@given(specs(), st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(0, 99))
def test_gradient_of_every_block_against_central_differences(spec, k, B, T, seed):
    model = Model(spec, np.float64)
    x, y = data(spec, k, B, T, seed)
    report = gradcheck(*problem(model, weights(model, k, seed), x, y, seed), directions=6)
    assert tuple(report.errors) == model.layout.names
    report.raise_if_bad()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("readout", ["last", "every"])
def test_truncated_gradient_holds_the_carried_state_constant(cell, readout):
    """With T = 5 and windows of 3 steps: the full gradient of a two-step network that starts where step 3 ended."""
    spec = ModelSpec(cell=cell, features=2, hidden=(3,), outputs=2, readout=readout, truncate=3)
    model = Model(spec, np.float64)
    P, (x, y) = weights(model, 1), data(spec, 1, 2, 5)
    _, G = gradient(model, P, x, y)
    w, g = model.layout.views(P), model.layout.views(G)
    layer, total, state = None, 0, {}
    for begin, end in ((0, 3), (3, 5)):
        layer = spec.cell_class(1, 2, 3, end - begin, 2, np.float64)
        h = layer.forward(w[f"{cell}0.W"], x[:, :, begin:end].transpose(2, 3, 0, 1), **state)
        z = (
            np.einsum("koh,thkb->tokb", w["readout"][:, :, :-1], h)
            + w["readout"][:, :, -1].T[None, :, :, None]
        )
        dz = np.zeros_like(z)
        if readout == "every":
            for t in range(end - begin):
                CrossEntropy(z[t], dz[t])(y[:, :, begin + t])
            dz /= 5
        elif end == 5:
            CrossEntropy(z[-1], dz[-1])(y)
        dW = np.empty_like(w[f"{cell}0.W"])
        layer.backward(
            w[f"{cell}0.W"], dW, np.einsum("koh,tokb->thkb", w["readout"][:, :, :-1], dz)
        )
        total = total + dW
        state = {f"{name}0": getattr(layer, name)[-1].copy() for name in layer.states}
    np.testing.assert_allclose(g[f"{cell}0.W"], total, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(specs(), st.integers(1, 5), st.integers(0, 99))
def test_stacked_equals_looped(dtype, spec, k, seed):
    model = Model(spec, dtype)
    P, (x, y) = weights(model, k, seed), data(spec, k, 3, 4, seed)
    losses, G = gradient(model, P, x, y)
    for j in range(k):
        g = np.empty_like(G[:1])
        loss = model.loss_and_gradient(
            P[j : j + 1], x[j : j + 1], y[j : j + 1], g, streams(k)[j : j + 1]
        )
        ulp = 64 * np.finfo(dtype).eps
        np.testing.assert_allclose(losses[j], loss[0], rtol=ulp, atol=ulp)
        np.testing.assert_allclose(G[j], g[0], rtol=ulp, atol=ulp * max(1, np.abs(g).max()))


@given(specs(), st.integers(0, 99))
def test_stacks_of_any_size_give_the_same(spec, seed):
    model, small = Model(spec, np.float64), Model(spec, np.float64)
    small._stacks = lambda k, B: [slice(j, min(j + 2, k)) for j in range(0, k, 2)]
    P, (x, y) = weights(model, 5, seed), data(spec, 5, 2, 3, seed)
    for a, b in zip(gradient(model, P, x, y), gradient(small, P, x, y), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@given(specs(), st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=2, max_size=5))
def test_shapes_may_change_from_call_to_call(spec, shapes):
    """Whatever ran before in the same buffers: the result is that of a new model, nothing adds up, nothing is lost."""
    model = Model(spec, np.float64)
    for k, B in [*shapes, *shapes]:
        P, (x, y) = weights(model, k), data(spec, k, B, 3)
        copies = [array.copy() for array in (P, x, y)]
        for a, b in zip(
            gradient(model, P, x, y), gradient(Model(spec, np.float64), P, x, y), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
            assert np.isfinite(a).all()
        for array, copy in zip((P, x, y), copies, strict=True):
            np.testing.assert_array_equal(array, copy)


@given(specs(), st.integers(1, 5), st.integers(2, 4), st.integers(0, 99))
def test_threads_share_the_stacks_and_change_nothing(spec, k, threads, seed):
    P, (x, y) = weights(Model(spec), k, seed), data(spec, k, 2, 3, seed)
    P = P.astype(np.float32)
    alone = Model(spec, threads=threads)
    alone._stacks = lambda k, B: [slice(j, j + 1) for j in range(k)]
    single = Model(spec, threads=1)
    single._stacks = alone._stacks
    for a, b in zip(gradient(alone, P, x, y), gradient(single, P, x, y), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_error_in_a_thread_is_the_callers():
    model = Model(ModelSpec(features=1, hidden=(2,), outputs=2), threads=2)
    P, (x, y) = weights(model, 2), data(model.spec, 2, 1, 1)
    with pytest.raises(IndexError):
        gradient(model, P, x, y + 7)
    with pytest.raises(ValueError, match="threads: expected None or at least 1, got 0"):
        Model(model.spec, threads=0)


@pytest.mark.parametrize(("threads", "work", "hands"), [
    (None, 1, 1), (None, crew.WORTH_A_THREAD, 3), (2, 1, 2), (1, crew.WORTH_A_THREAD, 1)
])  # fmt: skip
def test_threads_are_worth_it_for_large_products_or_if_asked_for(threads, work, hands, monkeypatch):
    monkeypatch.setattr(crew, "free_cores", lambda: 4)
    used = set()
    stacks = [slice(0, 1), slice(1, 2), slice(2, 3)]
    crew.Crew(Chain, threads).each(stacks, lambda _, chains: used.add(id(chains)), work)
    assert len(used) == hands


def test_few_shapes_are_kept():
    spec = ModelSpec(features=1, hidden=(2,))
    model = Model(spec)
    for k in range(1, 2 * crew.SHAPES_KEPT):
        gradient(model, weights(model, k), *data(spec, k, 1, 1))
    assert len(model._chains.kept) == crew.SHAPES_KEPT


@given(specs(dropout=0.0), st.integers(1, 7), st.integers(0, 99))
def test_outputs_and_loss_agree_with_training(spec, N, seed):
    model = Model(spec, np.float64)
    p, (x, y) = weights(model, 1, seed)[0], data(spec, 1, N, 3, seed)
    z = model.outputs(p, x[0])
    assert z.shape == ((N, 3, spec.outputs) if spec.readout == "every" else (N, spec.outputs))
    losses, _ = gradient(model, p[None], x, y)
    np.testing.assert_allclose(model.loss(p, x[0], y[0]), losses[0], rtol=1e-12)
    rows = np.ascontiguousarray(z.reshape(-1, 1, spec.outputs).T)
    if spec.task == "classification":
        again = CrossEntropy(rows, np.empty_like(rows))(y.reshape(1, -1))
    else:
        again = SquaredError(rows, np.empty_like(rows))(y.reshape(-1, 1, spec.outputs).T)
    np.testing.assert_allclose(again, losses, rtol=1e-12)


@pytest.mark.parametrize("readout", ["last", "every"])
def test_large_test_sets_are_cut_into_batches(monkeypatch, readout):
    spec = ModelSpec(features=2, hidden=(3,), outputs=2, readout=readout)
    model = Model(spec, np.float64)
    p, (x, y) = weights(model, 1)[0], data(spec, 1, 23, 4)
    z, loss = model.outputs(p, x[0]), model.loss(p, x[0], y[0])
    monkeypatch.setattr("fgm_ref.learning.model.EVALUATION_NUMBERS", 14 * 5)
    assert len(list(model._batches(x[0]))) == 5
    np.testing.assert_allclose(model.outputs(p, x[0]), z, rtol=1e-12)
    np.testing.assert_allclose(model.loss(p, x[0], y[0]), loss, rtol=1e-12)


def test_dropout_is_for_training_only_and_each_site_has_its_own():
    spec = ModelSpec(features=2, hidden=(50,), outputs=2, dropout=0.4)
    model, plain = Model(spec), Model(replace(spec, dropout=0.0))
    P, (x, y) = np.tile(weights(model, 1), (2, 1)), data(spec, 1, 4, 3)
    x, y = np.tile(x, (2, 1, 1, 1)), np.tile(y, (2, 1))
    np.testing.assert_array_equal(model.outputs(P[0], x[0]), plain.outputs(P[0], x[0]))
    losses, _ = gradient(model, P, x, y)
    assert losses[0] != losses[1]
    dropout = model._chains.of(2, 4, 3).dropouts[0]
    assert set(np.unique(dropout.mask)) == {0, np.float32(1 / 0.6)}
    assert 0.5 < (dropout.mask > 0).mean() < 0.7


def test_embedding_gradient_counts_every_place_of_a_word():
    spec = ModelSpec(vocabulary=5, embedding=2, hidden=(3,), outputs=2)
    model = Model(spec, np.float64)
    x, y = np.array([[[1, 1, 3]], [[0, 3, 3]]]), np.array([[0], [1]])
    _, G = gradient(model, weights(model, 2), x, y)
    dE = model.layout.views(G)["embedding"]
    np.testing.assert_array_equal((dE != 0).any(axis=2), [[0, 1, 0, 1, 0], [1, 0, 0, 1, 0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_vector(dtype):
    spec = ModelSpec(features=3, hidden=(4, 5), outputs=2, peepholes=True)
    model = Model(spec, dtype)
    p = model.initial(np.random.default_rng(1))
    assert p.shape == (model.size,)
    assert p.dtype == dtype
    np.testing.assert_array_equal(p, model.initial(np.random.default_rng(1)))
    w = model.layout.views(p[None])
    bias = w["lstm1.W"][0, :, -1].reshape(4, 5)  # o, i, f, g
    np.testing.assert_array_equal(bias, np.outer([0, 0, 1, 0], np.ones(5)))
    U = w["lstm1.W"][0, :5, :5]
    np.testing.assert_allclose(U @ U.T, np.eye(5), atol=1e-6)
    assert not w["lstm0.p"].any()


def test_number_of_parameters():
    for i, o in ((1, 1), (18, 19), (5, 3)):
        size = 4 * o * i + 7 * o + 4 * o * o
        assert Model(ModelSpec(features=i, hidden=(o,), peepholes=True)).size == size + o + 1
        assert Model(ModelSpec(features=i, hidden=(o,))).size == size - 3 * o + o + 1
    assert Model(ModelSpec(features=18, hidden=(19,), outputs=39)).size == 3668


def test_sites_of_very_different_weights_do_not_touch_each_other():
    spec = ModelSpec(features=2, hidden=(3,), outputs=2)
    model = Model(spec, np.float64)
    P, (x, y) = weights(model, 3), data(spec, 3, 2, 3)
    losses, G = gradient(model, P, x, y)
    P[1] = np.nan
    with np.errstate(invalid="ignore"):
        losses_nan, G_nan = gradient(model, P, x, y)
    np.testing.assert_array_equal(losses_nan[[0, 2]], losses[[0, 2]])
    np.testing.assert_array_equal(G_nan[[0, 2]], G[[0, 2]])
    assert np.isnan(losses_nan[1])


@pytest.mark.parametrize(
    "field, value",
    [
        ("cell", "elephant"),
        ("features", 0),
        ("features", -1),
        ("vocabulary", 7),
        ("embedding", 0),
        ("hidden", ()),
        ("hidden", (3, 0)),
        ("outputs", 0),
        ("task", "ranking"),
        ("readout", "first"),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("truncate", -1),
    ],
)
def test_bad_fields_are_named(field, value):
    with pytest.raises(ValueError, match=rf"{field}.*: expected .*, got"):
        ModelSpec(**{"features": 2, field: value})


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell not in PEEPHOLES])
def test_peepholes_need_an_lstm(cell):
    with pytest.raises(ValueError, match="peepholes: expected False unless cell is 'lstm'"):
        ModelSpec(cell=cell, features=2, peepholes=True)


@pytest.mark.parametrize("cell", CELLS)
def test_the_blocks_of_a_network_are_those_of_its_cells(cell):
    spec = ModelSpec(cell=cell, vocabulary=5, embedding=2, hidden=(3, 4), outputs=2)
    below, above = CELLS[cell].blocks(2, 3), CELLS[cell].blocks(3, 4)
    shapes = {"embedding": (5, 2)}
    shapes |= {f"{cell}0.{name}": shape for name, shape in below.items()}
    shapes |= {f"{cell}1.{name}": shape for name, shape in above.items()}
    assert list(spec.shapes().items()) == list((shapes | {"readout": (2, 5)}).items())


@pytest.mark.parametrize("dtype", [np.float16, int])
def test_other_kinds_of_numbers_are_refused(dtype):
    with pytest.raises(
        ValueError, match=f"^dtype: expected float32 or float64, got {np.dtype(dtype)}"
    ):
        Model(ModelSpec(features=2), dtype)


def test_bad_arrays_are_named():
    spec = ModelSpec(features=2, hidden=(3,), outputs=2, dropout=0.5)
    model = Model(spec, np.float64)
    P, (x, y) = weights(model, 2), data(spec, 2, 4, 3)
    good = {"P": P, "x": x, "y": y, "G": np.empty_like(P), "rngs": streams(2)}
    model.loss_and_gradient(**good)
    bad = {"P": P[:, 1:], "x": x[:, :, :, :1], "y": y[:, 1:], "G": P[:1], "rngs": None}
    for name, value in bad.items():
        with pytest.raises(ValueError, match=f"^{name}: expected"):
            model.loss_and_gradient(**good | {name: value})
    for name in ("P", "G"):
        with pytest.raises(ValueError, match=f"^{name}: expected .*float64, got float32"):
            model.loss_and_gradient(**good | {name: P.astype(np.float32)})
    with pytest.raises(ValueError, match=r"^y: expected class ids 0 ... 1, got 0 ... 2"):
        model.loss(P[0], x[0], np.array([0, 2, 1, 1]))


def test_every_number_is_dropped_by_itself():
    # neighbours in time, in the layer, among the sites and in the batch share their fate as often as two coins do
    shape, rate = (30, 20, 4, 25), 0.3
    dropout = Dropout(shape, rate, np.float32)
    kept = dropout.forward(np.ones(shape, np.float32), streams(4)) > 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.01)
    for axis in range(4):
        alike = ~np.diff(kept, axis=axis)
        assert alike.mean() == pytest.approx((1 - rate) ** 2 + rate**2, abs=0.02)
