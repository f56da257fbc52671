"""The gradient checker: it must find mistakes, and it must say what it covered."""

import numpy as np
import pytest

from fgm_ref.learning.gradcheck import gradcheck, problem
from fgm_ref.learning.model import Model, ModelSpec

BLOCKS = {"a": np.array([[1.0, -2.0]]), "b": np.array(0.5)}


def function(blocks, error=0.0):
    a, b = blocks["a"], blocks["b"]
    return float((a**3).sum() + np.sin(b)), {"a": 3 * a**2, "b": np.cos(b) * (1 + error)}


@pytest.mark.parametrize("directions", [0, 3])
def test_right_gradients_pass_and_every_block_is_named(directions):
    report = gradcheck(function, BLOCKS, directions=directions)
    report.raise_if_bad()
    assert report.passed
    assert list(report.errors) == ["a", "b"]
    assert report.worst < 1e-8


@pytest.mark.parametrize("directions", [0, 3])
def test_wrong_gradient_is_found_and_shown(directions):
    report = gradcheck(lambda blocks: function(blocks, 1e-4), BLOCKS, directions=directions)
    assert report.bad == ["b"]
    with pytest.raises(AssertionError, match="wrong gradient in b") as failure:
        report.raise_if_bad()
    assert "a    " in str(failure.value)
    assert "WRONG" in str(failure.value)


def test_nan_is_wrong():
    report = gradcheck(lambda blocks: function(blocks, np.nan), BLOCKS)
    assert report.bad == ["b"]


@pytest.mark.parametrize("broken", [{"a": np.ones((1, 2))}, {"a": np.ones(2), "b": np.ones(())}])
def test_block_without_gradient_of_its_shape_is_an_error(broken):
    with pytest.raises(AssertionError, match="no gradient"):
        gradcheck(lambda blocks: (0.0, broken), BLOCKS)


def test_float32_is_refused():
    with pytest.raises(ValueError, match="float64"):
        gradcheck(Model(ModelSpec(features=2, hidden=(2,)), np.float32))


def test_a_model_is_checked_block_by_block():
    model = Model(ModelSpec(features=2, hidden=(2, 3), outputs=3), np.float64)
    report = gradcheck(model)
    report.raise_if_bad()
    assert tuple(report.errors) == model.layout.names


def test_a_gradient_leaking_between_sites_is_found():
    model = Model(ModelSpec(features=2, hidden=(2,), outputs=3), np.float64)
    right, blocks = problem(model)

    def leaking(blocks):
        value, gradients = right(blocks)
        return value, {name: g[::-1] for name, g in gradients.items()}

    assert not gradcheck(leaking, blocks).passed


def test_the_caller_keeps_its_blocks():
    copies = {name: block.copy() for name, block in BLOCKS.items()}
    gradcheck(function, BLOCKS)
    for name, block in BLOCKS.items():
        np.testing.assert_array_equal(block, copies[name])
