"""Periods that change: QSR, post-local SGD and AdaComm, each by a hand-made example."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedLearners, build, play
from strategies import make_script, scripts

from fgm_ref.learning.rates import parse_rate
from fgm_ref.protocols.adacomm import shorter
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.faults import Faults

SMALL = {"dataset": "ecg208", "sites": 2, "hidden": (4,), "evaluations": 1}


def synchronised(game):
    """The steps in which everybody was given a model, after the start."""
    names = zip(game.events, game.names(), strict=True)
    return [event.step for event, name in names if name == "MODEL"][1:]


def walk(protocol, steps, **more):
    """Two sites that walk for so many steps."""
    return play(make_script(2, 3, steps), protocol, **more)


def test_post_local():
    # four steps by one, then every third
    assert synchronised(walk("post-local:b=3,start=4", 12)) == [1, 2, 3, 4, 7, 10]


def test_qsr():
    # α = 2 and rates 2, 1, ½: H = max(2, 1) at first, max(2, 4) from step 3 on, 16 from step 7 on
    rate = partial(lambda rates, t: rates[(t > 2) + (t > 6)], (2, 1, 0.5))
    game = walk("qsr:b=2,alpha=2", 24, rate=rate)
    assert synchronised(game) == [2, 6, 22]


@given(script=scripts(max_steps=40), b=st.integers(1, 6))
def test_without_a_change_they_are_periodic(script, b):
    plain = play(script, f"periodic:b={b}")
    for protocol in (f"qsr:b={b},alpha=0.5", f"post-local:b={b},start=1" if b == 1 else None):
        if protocol:
            game = play(script, protocol)
            assert game.names() == plain.names()
            np.testing.assert_array_equal(game.sites.models, plain.sites.models)


def test_qsr_takes_the_rate_of_the_run():
    # lr 0.1, a tenth from half of 20 steps on, α = 0.02: H = 2 while (α/η)² = 0.04, then 4
    settings = {**SMALL, "steps": 20, "lr": 0.1, "lr_schedule": "step:0.1@0.5"}
    result = run(protocol="qsr:b=2,alpha=0.02", **settings)
    assert np.flatnonzero(np.diff(result.series["rounds"], prepend=0)).tolist() == [
        1, 3, 5, 7, 9, 13, 17,
    ]  # fmt: skip


def test_qsr_refuses_a_warm_up():
    with pytest.raises(ValueError, match="lr-schedule: expected one without warmup with qsr"):
        run(protocol="qsr", steps=20, lr_schedule="cosine:warmup=0.5", **SMALL)


class Losing(ScriptedLearners):
    """The first number that a site is moved by is its loss."""

    def train(self, active, moves, _):
        super().train(active, moves, _)
        self.losses[active] = moves[:, 0, 0]


def losing(losses, protocol, k=2, **more):
    """A game in which all sites have these losses, one a step."""
    game = build(protocol, np.zeros(2), k, learners=Losing, **more)
    for loss in losses:
        game.step(np.full((k, 2), float(loss)))
    return game


def test_adacomm():
    # τ₀ = 4, asked every 4 steps: F₀ = 8 in steps 1 to 4; F = 2 in 5 to 8, so τ = √¼·4 = 2; then F = 2 again, which is
    # no less, so τ = 1
    game = losing([8] * 4 + [2] * 12, "adacomm:b=4,every=4")
    assert synchronised(game) == [4, 8, 10, 12, 13, 14, 15, 16]
    counts = game.counts()
    assert counts["LOSS"] == 2 * 4 and counts["PERIOD"] == 2 * 2  # at 4, 8, 12, 16; τ = 2, then 1
    assert game.ledger.by_kind()["LOSS"]["bytes"] == 4 * 8
    assert game.ledger.by_kind()["PERIOD"]["bytes"] == 4 * 4


def test_the_loss_is_that_since_the_last_question():
    # F₀ = (1 + 3)/2 = 2 and F = (0 + 1)/2: τ = √¼·2 = 1
    game = losing([1, 3, 0, 1, 1], "adacomm:b=2,every=2")
    assert synchronised(game) == [2, 4, 5]


def test_a_period_is_at_least_1():
    assert shorter(0.0, 10, 5) == 1 and shorter(5.0, 10, 1) == 1
    assert shorter(0.81, 10, 10) == 9  # ⌈9⌉, in spite of rounding


def test_who_has_not_trained_has_no_loss():
    # site 1 is gone: F is the other's; and where nobody has trained there is no F at all
    faults = Faults(absent={1: (1, 99)})
    game = losing([8] * 4 + [2] * 4, "adacomm:b=4,every=4", faults=faults)
    assert game.coordinator.F0 == 8 and game.coordinator.period == 2
    idle = build("adacomm:b=1,every=1", np.zeros(2), 2, learners=Losing)
    idle.step(np.zeros((0, 2)), np.array([], np.intp))
    assert idle.coordinator.F0 == 0 and idle.coordinator.period == 1


@pytest.mark.parametrize("protocol", ["qsr:b=2", "post-local:b=3,start=2", "adacomm:b=3,every=3"])
def test_a_lost_model_is_asked_for_in_the_next_step(protocol):
    # nothing arrives in some of the steps: the sites try again, and do not wait for another period
    game = play(make_script(2, 3, 40), protocol, faults=Faults(drop=0.5, resend=False))
    assert len(synchronised(game)) > 5


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("post-local:start=0", "start: expected a whole number of at least 1"),
        ("qsr:alpha=0", "alpha: expected a number above 0"),
        ("adacomm:every=0", "every: expected a whole number of at least 1"),
        ("adacomm:b=0", "b: expected a whole number of at least 1"),
    ],
)
def test_mistakes(protocol, message):
    with pytest.raises(ValueError, match=message):
        build(protocol, np.ones(2), 2)


def test_a_run_of_each():
    for protocol in ("post-local:b=3,start=4", "adacomm:b=4,every=5"):
        result = run(protocol=protocol, steps=12, **SMALL)
        assert result.series["rounds"][-1] > 2
        assert Config.from_dict(result.config.to_dict()) == result.config


def test_a_rate_that_ends_at_0_next_to_it():
    rate = parse_rate("cosine", 30)
    game = walk("qsr:b=2,alpha=0.001", 30, rate=rate)
    assert synchronised(game)[:3] == [2, 4, 6]
