"""Kamp's dynamic averaging: the invariants of a balancing event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import NaiveKamp
from scripted import build, lengths, play, start
from strategies import make_script, scripts

both = pytest.mark.parametrize("protocol", ["dynamic", "dynamic-plain"])


def spread(models):
    """(1/k) Σ ‖w_i − S‖²."""
    return (lengths(models - models.mean(axis=0)) ** 2).mean()


@both
@given(script=scripts(), b=st.integers(1, 3))
def test_events(protocol, script, b):
    game = start(script, f"{protocol}:b={b}")
    k, Δ = script.k, script.R**2
    for step, (moves, active) in enumerate(script, 1):
        game.move(moves, active)
        before, S, r, mark = (
            game.sites.models.copy(),
            game.S,
            game.coordinator.E.copy(),
            len(game.events),
        )
        game.network.exchange()
        after, names = game.sites.models, game.names(mark)
        V = np.flatnonzero(lengths(before - r) ** 2 > Δ)
        if step % b or len(V) == 0:  # no check in this step, or nobody violates: silence
            assert names == []
            np.testing.assert_array_equal(after, before)
            continue
        # step 1: exactly the violators speak, each once
        assert sorted(game.senders("VIOLATION", mark)) == V.tolist()
        # 1. the mean of all models stays, after partial and full events
        np.testing.assert_allclose(game.S, S, atol=1e-11)
        # 2. all sites satisfy the local condition with the reference of now
        assert (lengths(after - game.coordinator.E) ** 2 <= Δ * (1 + 1e-9)).all()
        # 3. hence the divergence is bounded; and the event has not increased it
        assert spread(after) <= Δ * (1 + 1e-9)
        assert spread(after) <= spread(before) + 1e-11
        if "MODEL" in names:
            # 5 of the pseudo-code: B is everybody, the mean of all is the new reference
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            np.testing.assert_array_equal(after, np.tile(game.coordinator.E, (k, 1)))
            assert game.coordinator.v == 0
        else:
            # 4. the reference moves only then; members of B get the mean of B, the others nothing
            np.testing.assert_array_equal(game.coordinator.E, r)
            B = game.senders("BALANCED", mark)
            assert set(V) <= set(B) and len(B) < k and protocol == "dynamic"
            np.testing.assert_allclose(
                after[B], np.tile(before[B].mean(axis=0), (len(B), 1)), atol=1e-11
            )
            others = np.setdiff1d(np.arange(k), B)
            np.testing.assert_array_equal(after[others], before[others])
        # sites and coordinator agree on the reference without a byte
        np.testing.assert_array_equal(game.sites.base[0], game.coordinator.E)


@given(script=scripts(max_steps=60))
def test_violations_per_full_synchronisation(script):
    # v counts the violations since the last full synchronisation and stays below k, so fewer than 2k violations
    # fall between two: #full ≥ ⌊#violations/(2k)⌋
    since, game = 0, start(script, "dynamic")
    for moves, active in script:
        mark = len(game.events)
        game.step(moves, active)
        names = game.names(mark)
        since = 0 if "MODEL" in names else since + names.count("VIOLATION")
        assert game.coordinator.v == since < script.k
    full, violations = game.coordinator.round - 1, game.names().count("VIOLATION")
    assert full >= violations // (2 * script.k)


def test_k_violations_synchronise_everybody():
    # k = 3, Δ = 1.  Site 0 goes to 1.2 again and again; with any partner (at most at 0.6) the mean is inside, so
    # steps 1 and 2 are partial, v = 1, 2.  In step 3 v = 3 ≥ k: everybody, although two would do
    game = build("dynamic", np.zeros(1), 3, threshold=1.0)
    for step, v, rounds in ((1, 1, 1), (2, 2, 1), (3, 0, 2)):
        game.step(1.2 - game.sites.models[:1], np.array([0]))
        assert (game.coordinator.v, game.coordinator.round) == (v, rounds), step


def test_all_violations_at_once_jump_past_k():
    # v may jump past k, so the test is v ≥ k: two partial events' violations, then all three at once
    game = build("dynamic", np.zeros(1), 3, threshold=1.0)
    game.step(np.array([[1.5]]), np.array([0]))
    game.step(np.array([[9.0], [9.0], [9.0]]))
    assert (game.coordinator.round, game.coordinator.v) == (2, 0)
    game.step(np.array([[1.5]]), np.array([0]))
    assert game.coordinator.v == 1


@both
@given(script=scripts(), b=st.integers(1, 4))
def test_threshold_limits(protocol, script, b):
    # Δ → 0 with moving models: a full synchronisation at each check, as periodic averaging; Δ → ∞: silence
    always = play(script, f"{protocol}:b={b}", threshold=1e-9)
    periodic = play(script, f"periodic:b={b}")
    assert always.coordinator.round == periodic.coordinator.round
    np.testing.assert_allclose(always.sites.models, periodic.sites.models, atol=1e-11)
    assert play(script, f"{protocol}:b={b}", threshold=1e15).names() == ["MODEL"]


@given(script=scripts(), b=st.integers(1, 3))
def test_without_balancing_it_is_the_plain_protocol(script, b):
    off, plain = play(script, f"dynamic:b={b},balancing=no"), play(script, f"dynamic-plain:b={b}")
    assert repr(off.events) == repr(plain.events)
    np.testing.assert_array_equal(off.sites.models, plain.sites.models)


@given(script=scripts())
def test_condition_is_kamps_whatever_is_asked_for(script):
    # ‖w_i − r‖² ≤ Δ = R² is part of the protocol, not one of the safe functions of a comparison
    logs = [repr(play(script, "dynamic", safe).events) for safe in ("ball", "variance", "cap")]
    assert logs[0] == logs[1] == logs[2]


@given(script=scripts(min_k=2))
def test_agrees_with_the_naive_protocol(script):
    naive, game = NaiveKamp(script, "variance"), play(script, "dynamic")
    log = [
        (e.step, name, e.site if e.site >= 0 else "all")
        for e, name in zip(game.events, game.names(), strict=True)
    ]
    assert log == naive.log
    np.testing.assert_allclose(game.coordinator.E, naive.E, atol=1e-9)
    np.testing.assert_allclose(game.sites.models, [site.w for site in naive.sites], atol=1e-9)


def test_balancing_happens():
    # both outcomes occur: the properties above are not empty
    game = play(make_script(6, 3, 60, "opposite", R=3.0), "dynamic")
    assert game.coordinator.rebalances > 3 and game.coordinator.round > 3


@given(seed=st.integers(0, 999))
def test_idle_members_take_the_mean_and_stay_silent(seed):
    # sites that do not train may be drawn into B; they never speak by themselves
    script = make_script(4, 2, 30, idle=True, R=1.0, seed=seed)
    game = play(script, "dynamic")
    assert 3 not in game.senders("VIOLATION")


@pytest.mark.parametrize("setting", ["b=0", "balancing=perhaps", "b=x", "c=1"])
def test_bad_options(setting):
    with pytest.raises(ValueError, match=r"dynamic|b"):
        build(f"dynamic:{setting}", np.ones(2), 2)
