"""Schedules of the learning rate: factors by hand, mistakes, and what a run makes of them."""

from math import cos, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import RATES

from fgm_ref.learning.rates import SHAPES, parse_rate
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation, run

SMALL = {"dataset": "ecg208", "sites": 2, "hidden": (4,), "steps": 4, "evaluations": 1}


def factors(text, steps=4):
    rate = parse_rate(text, steps)
    return [rate(t) for t in range(1, steps + 1)]


def test_by_hand():
    # four steps: s = 0, ¼, ½, ¾
    assert factors("constant") == [1, 1, 1, 1]
    assert factors("cosine") == pytest.approx([1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])
    assert factors("cosine:floor=0.5")[2] == pytest.approx(0.75)
    assert factors("inverse:end=0.2") == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert factors("step:0.1@0.5,0.5@0.75") == pytest.approx([1, 1, 0.1, 0.05])


def test_warm_up():
    # half of four steps: ½, 1; then as without
    assert factors("constant:warmup=0.5") == [0.5, 1, 1, 1]
    assert factors("step:0.1@0.5,warmup=0.5") == [0.5, 1, 0.1, 0.1]
    assert factors("cosine:warmup=1")[1] == pytest.approx(0.5 * (1 + cos(pi / 4)) / 2)


@given(text=st.sampled_from(RATES), steps=st.integers(1, 400), t=st.integers(0, 500))
def test_a_factor_is_never_zero(text, steps, t):
    assert 0 < parse_rate(text, steps)(min(t, steps)) <= 1


def test_before_the_first_step():
    assert parse_rate("constant:warmup=0.5", 8)(0) == 0.25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "lr-schedule: expected one of .*Did you mean 'cosine'"),
        ("constant:floor=1", "lr-schedule constant: expected warmup=0.0; got 'floor=1'"),
        ("cosine:floor=2", "lr-schedule, floor: expected a number from 0 to 1, got 2"),
        ("cosine:warmup=-1", "lr-schedule, warmup: expected a number from 0 to 1"),
        ("inverse:end=0", "lr-schedule, end: expected a number from 1e-06 to 1"),
        ("step", "lr-schedule step: expected factor@share .*got none"),
        ("step:0.1", "lr-schedule step: expected"),
        ("step:0.1@x", "lr-schedule step: expected factor@share .*got '0.1@x'"),
        ("step:0@0.5", "lr-schedule, factor: expected a number from 1e-06 to 1, got 0"),
        ("cosine:0.1@0.5", "lr-schedule cosine: expected"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(ValueError, match=message):
        Config(lr_schedule=text)


@pytest.mark.parametrize("protocol", ["fgm", "central"])
def test_every_optimiser_of_a_run_follows(protocol):
    simulation = Simulation(Config(**SMALL, protocol=protocol, lr=0.5, lr_schedule="step:0.1@0.5"))
    seen = []
    for _ in range(4):
        simulation.step()
        seen.append(simulation.trained.optimizer.lr)
    assert seen == pytest.approx([0.5, 0.5, 0.05, 0.05])


def test_a_schedule_that_stays_at_1_changes_nothing():
    # to the bit; and one that does not is another run, whose setting is remembered
    plain, same = run(**SMALL), run(**SMALL, lr_schedule="cosine:floor=1")
    np.testing.assert_array_equal(plain.model, same.model)
    other = run(**SMALL, lr_schedule="cosine")
    assert np.abs(plain.model - other.model).max() > 0
    assert other.summary()["config"]["lr_schedule"] == "cosine"
    assert "lr_schedule" not in plain.summary()["config"]


def test_every_shape_is_tried():
    assert {text.partition(":")[0] for text in RATES} | {"constant"} == set(SHAPES)
