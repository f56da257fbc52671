"""Geometric monitoring, plain and rebalanced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play, start
from strategies import make_script, scripts

from fgm_ref.messages import VIOLATION, Message
from fgm_ref.safe import SAFE

safes = pytest.mark.parametrize("safe", sorted(SAFE))
balancings = pytest.mark.parametrize("balancing", ["model", "slack"])


def values(game, X):
    """φ(X) by a function made afresh for the coordinator's E."""
    zone = game.coordinator.make_zone(game.coordinator.E)
    return zone(X), 1e-9 * (1 + abs(zone.at_zero))


@safes
@given(script=scripts())
def test_gm(safe, script):
    game = start(script, "gm", safe)
    for moves, active in script:
        game.move(moves, active)
        S, before, E, mark = game.S, game.sites.models.copy(), game.coordinator.E.copy(), len(game.events)
        outside = np.flatnonzero(values(game, game.drifts)[0] > 0)
        game.network.exchange()
        names = game.names(mark)
        if len(outside) == 0:  # nobody's φ is positive: silence, and nothing changes
            assert names == []
            np.testing.assert_array_equal(game.sites.models, before)
            np.testing.assert_array_equal(game.coordinator.E, E)
        else:  # one violator speaks, everybody is fetched, E_new = mean of all w_i, moved or not
            assert names == ["VIOLATION", "POLL", "DRIFT", "MODEL"]
            assert game.senders("VIOLATION", mark)[0] in outside
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (script.k, 1)))
        # no violation pending ⇒ all φ(X_i) ≤ 0 ⇒ S admissible
        φ, rounding = values(game, game.drifts)
        assert φ.max() <= 0
        assert game.coordinator.make_zone(game.coordinator.E).excess(game.drifts) <= rounding


@safes
@balancings
@given(script=scripts())
def test_gm_reb(safe, balancing, script):
    game = start(script, f"gm-reb:balancing={balancing}", safe)
    k = script.k
    for moves, active in script:
        game.move(moves, active)
        S, before, E, mark = game.S, game.sites.models.copy(), game.coordinator.E.copy(), len(game.events)
        X = game.sites.drifts(slice(None))
        φ, rounding = values(game, X)
        np.testing.assert_allclose(X.mean(axis=0), S - E, atol=1e-11)  # S = E + mean X, always
        game.network.exchange()
        names, after = game.names(mark), game.sites.drifts(slice(None))
        np.testing.assert_allclose(game.S, S, atol=1e-11)  # no action moves the mean model
        φ_after, _ = values(game, after)
        assert φ_after.max() <= rounding  # nothing pending
        if not (φ > 0).any():
            assert names == []
        if "MODEL" in names:  # nobody's help was enough: everybody had been fetched
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (k, 1)))
        elif names:  # successful rebalances only
            np.testing.assert_array_equal(game.coordinator.E, E)
            np.testing.assert_allclose(after.sum(axis=0), X.sum(axis=0), atol=1e-10)  # ΣX_i unchanged
            assert φ_after.sum() <= φ.sum() + k * rounding  # Jensen: Σφ does not increase
            B = set(game.senders("BALANCED", mark))
            if names.count("VIOLATION") == 1:  # (several sites may be balanced one after the other)
                assert 2 <= len(B) < k
            others = sorted(set(range(k)) - B)
            np.testing.assert_array_equal(game.sites.models[others], before[others])
            if balancing == "slack":  # the learners are left alone
                np.testing.assert_array_equal(game.sites.models, before)
            elif names.count("VIOLATION") == 1:  # w_j := E + mean_B X = mean_B w
                members = sorted(B)
                mean = before[members].mean(axis=0)
                np.testing.assert_allclose(game.sites.models[members], np.tile(mean, (len(B), 1)), atol=1e-11)


@given(script=scripts())
def test_smallest_prefix_that_will_do(script):
    # B grows one by one and stops at the first prefix (of at least two) whose mean is inside
    game = start(script, "gm-reb")
    for moves, active in script:
        game.move(moves, active)
        X, phi, mark = game.drifts, game.coordinator.make_zone(game.coordinator.E), len(game.events)
        game.network.exchange()
        names = game.names(mark)
        if names.count("VIOLATION") != 1:
            continue
        B = game.senders("DRIFT", mark) if script.k > 1 else [0]
        assert B[0] == game.senders("VIOLATION", mark)[0] and len(set(B)) == len(B)
        for size in range(2, len(B)):
            assert phi(X[B[:size]].mean(axis=0)) > 0
        if "BALANCED" in names:
            assert phi(X[B].mean(axis=0)) <= 0
            assert sorted(B) == game.senders("BALANCED", mark)


@balancings
def test_both_outcomes_happen(balancing):
    game = play(make_script(5, 3, 60, "opposite", R=3.0), f"gm-reb:balancing={balancing}")
    assert game.coordinator.rebalances > 3 and game.coordinator.round > 3


def test_opposite_drifts_cancel():
    # four sites, two pull left and two right: one pair (or three sites) is enough, E stays
    game = build("gm-reb", np.zeros(2), 4, threshold=1.0)
    game.move(np.array([[1.5, 0], [-1.5, 0], [0, 0], [0, 0]]))
    game.network.exchange()
    assert game.coordinator.round == 1 and game.coordinator.rebalances >= 1
    np.testing.assert_allclose(game.S, 0, atol=1e-15)


@pytest.mark.parametrize("protocol", ["gm", "gm-reb"])
@safes
@given(script=scripts())
def test_threshold_limits(protocol, safe, script):
    # T → 0: one synchronisation at each step (somebody has moved); T → ∞: only the initial message
    assert play(script, protocol, safe, threshold=1e-9).coordinator.round == 1 + len(script)
    assert play(script, protocol, safe, threshold=1e15).names() == ["MODEL"]


@pytest.mark.parametrize("protocol", ["gm", "gm-reb"])
@given(k=st.integers(2, 5))
def test_stale_violations_are_dropped(protocol, k):
    # one of an earlier round or subround changes nothing but the count of dropped messages
    game = build(protocol, np.ones(3), k)
    for n, tag in enumerate([(0, 0), (2, 0), (1, 1)], 1):
        game.coordinator.receive(0, Message(VIOLATION, None, tag))
        assert game.coordinator.dropped == n
    assert game.names() == ["MODEL"]
    game.coordinator.receive(0, Message(VIOLATION, None, game.coordinator.tag))
    assert (game.coordinator.round - 1) + game.coordinator.rebalances == 1
    assert game.coordinator.dropped == 3


def test_bad_options():
    with pytest.raises(ValueError, match="balancing"):
        build("gm-reb:balancing=both", np.ones(2), 2)
    with pytest.raises(ValueError, match="gm"):
        build("gm:b=1", np.ones(2), 2)
