"""Geometric monitoring, plain and rebalanced."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import build, play, start
from strategies import make_script, scripts

from fgm_ref.safe import SAFE
from fgm_ref.transport.messages import VIOLATION, Message

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
        S, before, E, mark = (
            game.S,
            game.sites.models.copy(),
            game.coordinator.E.copy(),
            len(game.events),
        )
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
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )
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
        S, before, E, mark = (
            game.S,
            game.sites.models.copy(),
            game.coordinator.E.copy(),
            len(game.events),
        )
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
            np.testing.assert_allclose(
                after.sum(axis=0), X.sum(axis=0), atol=1e-10
            )  # ΣX_i unchanged
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
                np.testing.assert_allclose(
                    game.sites.models[members], np.tile(mean, (len(B), 1)), atol=1e-11
                )


def slack(game):
    """The slack vectors s_i = X_i − (w_i − E): what the accounts differ by from the truth."""
    return game.sites.drifts(slice(None)) - game.drifts


@safes
@pytest.mark.parametrize("protocol", ["gm-reb", "gm-limits"])
@given(script=scripts(min_k=2))
def test_slack_balancing_moves_accounts_only(protocol, safe, script):
    game = start(script, f"{protocol}:balancing=slack", safe)
    for moves, active in script:
        game.move(moves, active)
        before, number, mark = game.sites.models.copy(), game.coordinator.round, len(game.events)
        old, X = slack(game), game.sites.drifts(slice(None))
        game.network.exchange()
        new = slack(game)
        # Σ s_i = 0 always; a new round clears them; the learners only ever move by a new E
        np.testing.assert_allclose(new.sum(axis=0), 0, atol=1e-9)
        if game.coordinator.round > number:
            assert not new.any()
            continue
        np.testing.assert_array_equal(game.sites.models, before)
        if (
            game.names(mark).count("VIOLATION") == 1
        ):  # s_j := mean_B X − (w_j − E) in B, as before elsewhere
            B = game.senders("BALANCED", mark)
            others = np.setdiff1d(np.arange(script.k), B)
            np.testing.assert_array_equal(new[others], old[others])
            mean = np.tile(X[B].mean(axis=0), (len(B), 1))
            np.testing.assert_allclose(game.sites.drifts(np.array(B)), mean, atol=1e-9)


@balancings
def test_model_and_slack_balancing_send_the_same_if_nobody_learns_from_it(balancing):
    # scripted moves do not depend on the model, so both meanings of a balance give one log
    for protocol in ("gm-reb", "gm-limits"):
        logs = {
            repr(
                [
                    (e.step, e.kind, e.site, e.size)
                    for e in play(
                        make_script(5, 3, 40, "opposite", R=3.0), f"{protocol}:balancing={way}"
                    ).events
                ]
            )
            for way in ("model", balancing)
        }
        assert len(logs) == 1


def violations(game):
    """{round: what followed each violation}, from the log alone."""
    found, bill = {}, None
    for event, name in zip(game.events, game.names(), strict=True):
        if name == "VIOLATION":
            bill = {"POLL": [], "DRIFT": [], "BALANCED": [], "MODEL": []}
            found.setdefault(event.round, []).append(bill)
        elif bill:
            bill[name].append(event.site)
    return found


@safes
@balancings
@given(script=scripts(min_k=2, styles=("opposite", "walk", "jumps")))
@example(script=make_script(6, 3, 60, "opposite", R=3.0))
def test_limits(safe, balancing, script):
    k = script.k

    def check(game):  # nothing is pending, as in GM without limits
        φ, rounding = values(game, game.sites.drifts(slice(None)))
        assert φ.max() <= rounding

    game = play(script, f"gm-limits:balancing={balancing}", safe, visit=check)
    total = k  # the initial models
    for bills in violations(game).values():
        # Σ|B| of a round's balances is at most k, each |B| at most ⌊(k + 3)/2⌋ and at least 2
        assert sum(len(bill["BALANCED"]) for bill in bills) <= k
        for bill in bills:
            drifts = bill["DRIFT"]
            assert (
                sorted(drifts) == sorted(bill["POLL"]) == sorted(set(drifts))
            )  # nobody is polled twice
            if bill[
                "MODEL"
            ]:  # the round ends: what is known is not asked for again, only its complement
                assert sorted(drifts) == list(range(k)) and bill["BALANCED"] == []
                total += 2 * k
            else:
                assert sorted(drifts) == bill["BALANCED"]
                assert 2 <= len(drifts) <= min((k + 3) // 2, k - 1)
                total += 2 * len(drifts)
    # payload in closed form: 2·|B|·4D per balance, 2·k·4D per round (what a failed balance has fetched included)
    assert game.ledger.total_bytes == total * 4 * script.D


@given(script=scripts(min_k=2, styles=("opposite", "walk")))
def test_a_round_with_limits_costs_at_most_two(script):
    # Σ|B| ≤ k: balancing can at most double what a round costs, 2·k·4D
    game = play(script, "gm-limits")
    ended = game.coordinator.round
    assert game.ledger.total_bytes <= (1 + 4 * ended) * script.k * 4 * script.D


def test_a_large_set_is_given_up():
    # k = 7, R = 2: one site at 12, the others at 0.  B may grow to ⌊10/2⌋ = 5, with mean 2.4; then the rest is asked
    # at once.  Without limits B grows to 6, with mean 2, and all but one are balanced
    limited, free = (
        build(protocol, np.zeros(1), 7, threshold=2.0) for protocol in ("gm-limits", "gm-reb")
    )
    for game in (limited, free):
        game.step(np.array([[12.0], *[[0.0]] * 6]))
    single, rest = ["POLL", "DRIFT"], ["POLL"] * 2 + ["DRIFT"] * 2
    assert limited.names() == ["MODEL", "VIOLATION", *single * 5, *rest, "MODEL"]
    assert free.names() == ["MODEL", "VIOLATION", *single * 6, *["BALANCED"] * 6]
    assert limited.coordinator.E[0] == pytest.approx(12 / 7) and free.coordinator.E[0] == 0


def test_enough_is_enough():
    # k = 4: two pull one way and two the other, again and again
    game = build("gm-limits", np.zeros(1), 4, threshold=1.0)
    free = build("gm-reb", np.zeros(1), 4, threshold=1.0)
    for n in range(6):
        for one in (game, free):
            one.step(np.array([[1.1], [-1.1], [1.1], [-1.1]]) * (1 if n % 2 else -1))
    assert free.coordinator.round == 1  # opposite drifts always cancel, as often as it takes
    assert game.coordinator.round > 1  # with limits only k sites' worth of balancing per round
    for bills in violations(game).values():
        assert sum(len(bill["BALANCED"]) for bill in bills) <= 4


@pytest.mark.parametrize("most", [False, True])
@given(script=scripts())
def test_smallest_prefix_that_will_do(most, script):
    # B grows one by one and stops at the first prefix (of at least two) whose mean is inside
    game = start(script, "gm-reb" if not most else "gm-limits")
    for moves, active in script:
        game.move(moves, active)
        X, phi, mark = game.drifts, game.coordinator.make_zone(game.coordinator.E), len(game.events)
        game.network.exchange()
        names = game.names(mark)
        if names.count("VIOLATION") != 1:
            continue
        B = game.senders("DRIFT", mark) if script.k > 1 else [0]
        if most and "MODEL" in names:  # the rest comes in one poll: not one by one
            continue
        assert B[0] == game.senders("VIOLATION", mark)[0] and len(set(B)) == len(B)
        for size in range(2, len(B)):
            assert phi(X[B[:size]].mean(axis=0)) > 0
        if "BALANCED" in names:
            assert phi(X[B].mean(axis=0)) <= 0
            assert sorted(B) == game.senders("BALANCED", mark)


@balancings
def test_both_outcomes_happen(balancing):
    for protocol in ("gm-reb", "gm-limits"):
        game = play(make_script(5, 3, 60, "opposite", R=3.0), f"{protocol}:balancing={balancing}")
        assert game.coordinator.rebalances > 3 and game.coordinator.round > 3


def test_opposite_drifts_cancel():
    # four sites, two pull left and two right: one pair (or three sites) is enough, E stays
    game = build("gm-reb", np.zeros(2), 4, threshold=1.0)
    game.move(np.array([[1.5, 0], [-1.5, 0], [0, 0], [0, 0]]))
    game.network.exchange()
    assert game.coordinator.round == 1 and game.coordinator.rebalances >= 1
    np.testing.assert_allclose(game.S, 0, atol=1e-15)


@pytest.mark.parametrize("protocol", ["gm", "gm-reb", "gm-limits"])
@safes
@given(script=scripts())
def test_threshold_limits(protocol, safe, script):
    # T → 0: one synchronisation at each step (somebody has moved); T → ∞: only the initial message
    assert play(script, protocol, safe, threshold=1e-9).coordinator.round == 1 + len(script)
    assert play(script, protocol, safe, threshold=1e15).names() == ["MODEL"]


@pytest.mark.parametrize("protocol", ["gm", "gm-reb", "gm-limits"])
@given(k=st.integers(2, 5))
def test_stale_violations_are_dropped(protocol, k):
    # one of an earlier round or subround changes nothing but the count of dropped messages
    game = build(protocol, np.ones(3), k)
    game.move(2 * np.eye(k, 3)[:, ::-1])  # everybody is outside, but has not been heard yet
    game.move(np.vstack([np.zeros(3), -2 * np.eye(k, 3)[1:, ::-1]]))  # now only site 0 is
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
