"""Periodic averaging and the two reference runs it is compared with: local and central."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import PullingLearners, build, play, start
from strategies import make_script, scripts

from fgm_ref.protocols import PROTOCOLS


@given(script=scripts(max_steps=40), b=st.integers(1, 9))
def test_every_b_steps(script, b):
    # ⌊steps/b⌋ synchronisations, exactly, and exactly in the steps b, 2b, ...
    game = play(script, f"periodic:b={b}")
    assert game.coordinator.round - 1 == len(script) // b
    steps = [
        event.step for event, name in zip(game.events, game.names(), strict=True) if name == "MODEL"
    ]
    assert steps == list(range(0, len(script) + 1, b))


@given(script=scripts(), b=st.integers(1, 5))
def test_mean_and_spread(script, b):
    # a synchronisation leaves mean(w) where it was, and no spread; everybody counts, moved or not
    game = start(script, f"periodic:b={b}")
    for step, (moves, active) in enumerate(script, 1):
        game.move(moves, active)
        S, before = game.S, game.sites.models.copy()
        game.network.exchange()
        np.testing.assert_allclose(game.S, S, atol=1e-12)
        if step % b:
            np.testing.assert_array_equal(game.sites.models, before)
        else:
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-12)
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )


@pytest.mark.parametrize("empty", [1, 2, 3])
def test_steps_in_which_nobody_trains_count(empty):
    # b = 2: unequal speeds may leave a step without an active site; synchronisations still fall on every second
    script = make_script(2, 3, 6)
    game = start(script, "periodic:b=2")
    for step, (moves, active) in enumerate(script, 1):
        if step == empty:
            game.step(moves[:0], active[:0])
        else:
            game.step(moves, active)
        assert game.coordinator.round - 1 == step // 2


@given(script=scripts())
def test_b_beyond_the_run_is_local_training(script):
    never, local = play(script, "periodic:b=1000"), play(script, "local")
    np.testing.assert_array_equal(never.sites.models, local.sites.models)
    assert never.names() == local.names() == ["MODEL"]


@given(k=st.integers(1, 5), D=st.integers(1, 4), steps=st.integers(1, 25), seed=st.integers(0, 999))
def test_b_1_is_centralised_gradient_descent(k, D, steps, seed):
    # plain SGD, equal mini-batches, gradients linear in w: averaging in every step is training on the union
    script = make_script(k, D, steps, seed=seed)
    averaged = play(script, "periodic:b=1", learners=PullingLearners)
    central = play(script, "central", learners=PullingLearners)
    np.testing.assert_allclose(
        averaged.coordinator.E, central.coordinator.E, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize(
    "protocol", [*PROTOCOLS, "periodic:b=3", "gm-reb:balancing=slack", "fgm-reb:rule=bimodal"]
)
@given(
    D=st.integers(1, 4),
    steps=st.integers(1, 25),
    R=st.sampled_from((0.1, 1, 5)),
    seed=st.integers(0, 999),
)
def test_one_site_is_centralised(protocol, D, steps, R, seed):
    # k = 1: the same trajectory, whatever the protocol
    script = make_script(1, D, steps, seed=seed, R=R)
    game = start(script, protocol, learners=PullingLearners)
    central = start(script, "central", learners=PullingLearners)
    for moves, active in script:
        game.step(moves, active)
        central.step(moves, active)
        learners = game.coordinator.hub or game.learners
        np.testing.assert_allclose(learners.P[0], central.coordinator.E, rtol=1e-12, atol=1e-12)


@given(script=scripts())
def test_central_leaves_the_sites_alone(script):
    # the sites hand their samples on; the hub moves as the mean of all mini-batches of the step
    game = start(script, "central")
    E = script.E.copy()
    for moves, active in script:
        game.step(moves, active)
        E = E + moves.mean(axis=0)
        np.testing.assert_allclose(game.coordinator.E, E, atol=1e-9)
    np.testing.assert_array_equal(game.sites.models, np.tile(script.E, (script.k, 1)))


def test_central_in_a_step_in_which_nobody_trains():
    # unequal speeds may leave the first step without an active site: nothing to send, nothing to learn
    game = build("central", np.ones(3), 2)
    game.step(np.zeros((0, 3)), np.array([], np.intp))
    assert game.events == []
    np.testing.assert_array_equal(game.coordinator.E, np.ones(3))
    game.step(np.ones((2, 3)))
    game.step(np.zeros((0, 3)), np.array([], np.intp))
    assert game.names() == ["SAMPLES", "SAMPLES"]
    np.testing.assert_array_equal(game.coordinator.E, 2 * np.ones(3))


@given(script=scripts())
def test_local_never_speaks_again(script):
    game = play(script, "local")
    assert game.names() == ["MODEL"]
    total = np.tile(script.E, (script.k, 1))
    for moves, active in script:
        total[active] += moves
    np.testing.assert_array_equal(game.sites.models, total)


@pytest.mark.parametrize("b", ["0", "-3", "1.5", "x", ""])
def test_bad_period(b):
    with pytest.raises(ValueError, match="b"):
        build(f"periodic:b={b}", np.ones(2), 2)
