"""FDA-Opt: a threshold that the protocol sets for itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, start
from strategies import SEEDS, scripts


def lengths(moves, protocol, **more):
    """How many steps each round lasts, and Θ after it, where two sites go apart by these moves."""
    game = build(protocol, np.zeros(1), 2, **more)
    seen, last = [], 0
    for step, move in enumerate(moves, 1):
        number = game.coordinator.round
        game.step(np.array([[move], [-move]]))
        if game.coordinator.round > number:
            seen.append((step - last, game.coordinator.theta))
            last = step
    return seen


def test_by_hand():
    # τ = 4.  The sites go apart by 1 a step, so that Var is 1, 4, 9, 16: the first round ends after τ steps, and
    # Θ = (2/4)·16 = 8.  The second one ends with Var = 9 > 8 after 3 steps, and Θ = (2/3)·9 = 6.  The third one, too
    for monitor in ("naive", "linear"):
        seen = lengths([1.0] * 10, f"fda-opt:tau=4,monitor={monitor}")
        assert seen == [(4, 8.0), (3, 6.0), (3, 6.0)]


def test_a_round_ends_after_tau_steps():
    # nobody moves any more: Var stays below Θ, and Θ becomes 0; then any motion ends a round
    seen = lengths([1.0] * 4 + [0.0] * 4 + [1.0], "fda-opt:tau=4,monitor=naive")
    assert seen == [(4, 8.0), (4, 0.0), (1, 2.0)]


def test_the_radius_is_of_no_account():
    assert lengths([1.0] * 8, "fda-opt:tau=4", threshold=1e-6) == lengths(
        [1.0] * 8, "fda-opt:tau=4", threshold=1e6
    )


@given(script=scripts(min_k=2), tau=st.integers(1, 9))
def test_rounds_are_no_longer_than_tau(script, tau):
    game = start(script, f"fda-opt:tau={tau}")
    lasted = 0
    for moves, active in script:
        number, S = game.coordinator.round, None
        game.move(moves, active)
        S = game.S
        game.network.exchange()
        lasted = 0 if game.coordinator.round > number else lasted + 1
        assert lasted < tau
        if not lasted:
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-9)


@given(seed=SEEDS)
def test_scale_is_of_no_account(seed):
    # Θ follows the drifts: all of them twice as long, and the rounds are the same
    moves = np.random.default_rng(seed).normal(size=20)
    one, two = (lengths(moves * scale, "fda-opt:tau=5,monitor=naive") for scale in (1, 2))
    assert [round for round, _ in one] == [round for round, _ in two]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fda-opt:tau=0", "tau: expected a whole number of at least 1"),
        ("fda-opt:monitor=lineal", "monitor: expected one of .*Did you mean 'linear'"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(ValueError, match=message):
        build(text, np.ones(2), 2)
