"""Names for the slices of the flat vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.learning.params import Layout, glorot, orthogonal

SHAPES = st.dictionaries(
    st.text("abcW.", min_size=1), st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1
)


@given(SHAPES, st.integers(1, 3))
def test_views_cover_the_vector_once_and_share_its_memory(shapes, k):
    layout = Layout(shapes)
    P = np.zeros((k, layout.size))
    views = layout.views(P)
    assert tuple(views) == layout.names == tuple(shapes)
    for view, (name, shape) in zip(views.values(), shapes.items(), strict=True):
        assert view.shape == (k, *shape)
        assert np.shares_memory(view, P)
        view += 1
        assert (P[:, layout.slice_of(name)] == 1).all()
    assert (P == 1).all()


def test_views_of_some_rows_are_views_too():
    layout = Layout({"a": (2, 2), "b": (3,)})
    P = np.arange(21.0).reshape(3, 7)
    layout.views(P[1:])["b"][0, 0] = -1
    assert P[1, 4] == -1


def test_errors_name_what_is_wrong():
    layout = Layout({"a": (2,)})
    with pytest.raises(ValueError, match=r"P: expected shape \(k, 2\), got \(3, 4\)"):
        layout.views(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="contiguous"):
        layout.views(np.zeros((2, 3)).T[:, :2])
    with pytest.raises(ValueError, match="'b'"):
        layout.slice_of("b")


def test_distributions():
    rng = np.random.default_rng(0)
    Q = orthogonal(rng, 6)
    np.testing.assert_allclose(Q @ Q.T, np.eye(6), atol=1e-14)
    signs = [orthogonal(rng, 1)[0, 0] for _ in range(400)]
    assert abs(np.mean(signs)) < 0.2
    W = glorot(rng, 100, 200)
    np.testing.assert_allclose(W.var(), 2 / 300, rtol=0.05)
