"""FGM's two heuristic rebalancers: the mean of a few random sites, and the mean of block means."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import build, play, start, watch
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols.fgm_projection import Sites as ProjectingSites
from fgm_ref.safe import SAFE

safes = pytest.mark.parametrize("safe", sorted(SAFE))


def rounding(game):
    zone = game.coordinator.make_zone(game.coordinator.E)
    largest = (
        abs(zone.at_zero)
        + np.abs(zone(game.drifts)).max()
        + float(np.linalg.norm(game.coordinator.E))
    )
    return 200 * game.sites.k * np.finfo(float).eps * largest


def accounts(game):
    """What holds in FGM at every quiet point, rebalanced or not."""
    sites, coordinator, k = game.sites, game.coordinator, game.sites.k
    φ = coordinator.make_zone(coordinator.E)(game.drifts)
    np.testing.assert_allclose(sites.values, φ, rtol=1e-9, atol=rounding(game))
    assert sites.z.sum() == pytest.approx(coordinator.psi, rel=1e-9, abs=rounding(game))
    assert 2 * k * sites.theta == pytest.approx(-coordinator.psi, rel=1e-9)
    assert coordinator.c == sites.c.sum() <= k
    assert sites.tag == coordinator.tag and len(sites.alarms()) == 0 and coordinator.dropped == 0


def safe_and_sound(game):
    accounts(game)
    assert game.sites.theta > 0  # there is slack, so silence means safety
    assert game.coordinator.make_zone(game.coordinator.E)(game.drifts).sum() <= rounding(game)


def rebalances(script, protocol, safe):
    """(game, before, after, E, mark) around every step with a rebalance and no new round."""
    game = start(script, protocol, safe)
    for moves, active in script:
        game.move(moves, active)
        before, E, mark = game.drifts.copy(), game.coordinator.E.copy(), len(game.events)
        number, done = game.coordinator.round, game.coordinator.rebalances
        tag = game.coordinator.tag
        game.network.exchange()
        if game.coordinator.rebalances > done and game.coordinator.round == number:
            assert game.coordinator.tag > tag  # the subround is a new one, with counters at zero
            assert not game.sites.c.any()
            yield game, before, game.drifts, E, mark


# ----------------------------------------------------------------------------------------------------- fgm-random


@safes
@given(script=scripts(styles=("opposite", "walk"), min_k=4), gain=st.sampled_from((0.2, 1.2)))
@example(script=make_script(6, 3, 60, "opposite", R=3.0), gain=0.2)
def test_random_rebalance(safe, script, gain):
    k = script.k
    for game, before, after, E, mark in rebalances(script, f"fgm-random:gain={gain}", safe):
        if game.names(mark).count("INCREMENT") > k + 1 or game.names(mark).count("QUANTUM") > 1:
            continue  # (several subrounds in this step)
        B, names = game.senders("BALANCED", mark), game.names(mark)
        phi = game.coordinator.make_zone(E)
        # at most half of the sites, at least two; the others and E stay, and so does ΣX_i
        assert 2 <= len(B) <= k // 2 and sorted(set(B)) == B
        np.testing.assert_array_equal(game.coordinator.E, E)
        others = np.setdiff1d(np.arange(k), B)
        np.testing.assert_array_equal(after[others], before[others])
        np.testing.assert_allclose(
            after[B], np.tile(before[B].mean(axis=0), (len(B), 1)), atol=1e-10
        )
        np.testing.assert_allclose(after.sum(axis=0), before.sum(axis=0), atol=1e-9)
        # it was worth it: Σ_B φ(X_i) − |B| φ(mean_B X) ≥ gain·|B|·|φ(0)|, and ψ has fallen by that
        gained = phi(before[B]).sum() - len(B) * phi(before[B].mean(axis=0))
        assert gained >= gain * len(B) * abs(phi.at_zero) - rounding(game)
        assert game.coordinator.psi == pytest.approx(phi(after).sum(), rel=1e-9, abs=rounding(game))
        # |B| polls and drifts up, |B| means down, and the quantum of the new subround
        assert sorted(game.senders("DRIFT", mark)) == B
        assert names[-len(B) - 1 :] == ["BALANCED"] * len(B) + ["QUANTUM"]


@safes
@given(script=scripts(min_k=4), gain=st.sampled_from((0.2, 1.2)))
def test_random_accounts_at_rest(safe, script, gain):
    play(script, f"fgm-random:gain={gain}", safe, visit=accounts)


@given(script=scripts(max_k=3))
def test_random_with_few_sites_is_fgm(script):
    # k ≤ 3: half of the sites is one, and one site's mean is its own drift: the same rounds, other polls
    game, plain = play(script, "fgm-random"), play(script, "fgm")
    assert game.coordinator.rebalances == 0
    np.testing.assert_allclose(game.sites.models, plain.sites.models, atol=1e-10)
    assert game.ledger.total_bytes == plain.ledger.total_bytes
    assert game.ledger.total_messages == plain.ledger.total_messages


def test_random_rebalances_happen_and_fail():
    game = play(make_script(6, 3, 120, "opposite", R=3.0), "fgm-random")
    assert game.coordinator.rebalances > 3 and game.coordinator.round > 3


FAR_AND_A_PAIR = np.array([[9.0], [2.5], [-2.5], [0.0]])


def test_a_gain_that_is_not_enough_ends_the_round():
    # k = 4, R = 1, φ = 8, 1.5, 1.5, −1, so ψ = 10.  Balancing the pair gains 5 ≥ 1.2·2·1, and ψ = 5 > 0 is left:
    # no slack to go on with
    for seed in range(30):
        game = build("fgm-random", np.zeros(1), 4, threshold=1.0, seed=seed)
        game.step(FAR_AND_A_PAIR)
        safe_and_sound(game)


def test_random_keeps_its_guarantee():
    for seed in range(40):
        watch(make_script(6, 1, 30, "jumps", R=1.0, seed=seed), "fgm-random", visit=safe_and_sound)


# ------------------------------------------------------------------------------------------------- fgm-projection


def blocks(D, m):
    """Starts of m contiguous, nearly equal blocks of D numbers."""
    return [D * j // min(m, D) for j in range(min(m, D))]


def block_means(X, m):
    edges = [*blocks(X.shape[1], m), X.shape[1]]
    return np.stack([X[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1)


@given(D=st.integers(1, 40), m=st.integers(1, 50), seed=SEEDS)
def test_blocks(D, m, seed):
    # min(m, D) blocks that cover everything, none empty; projecting lifts to the block means, twice is once
    game = build(f"fgm-projection:m={m}", np.ones(D), 2)
    sites, X = game.sites, np.random.default_rng(seed).normal(size=(3, D))
    assert isinstance(sites, ProjectingSites)
    assert len(sites.lengths) == min(m, D) and sites.lengths.min() >= 1 and sites.lengths.sum() == D
    assert np.ptp(sites.lengths) <= 1  # nearly equal
    np.testing.assert_allclose(sites.project(X), block_means(X, m), atol=1e-12)
    lifted = np.repeat(sites.project(X), sites.lengths, axis=1)
    np.testing.assert_allclose(sites.project(lifted), sites.project(X), atol=1e-12)


@safes
@given(script=scripts(max_D=9, styles=("opposite", "walk", "jumps")), m=st.sampled_from((1, 2, 32)))
def test_projection(safe, script, m):
    game = start(script, f"fgm-projection:m={m}", safe)
    for moves, active in script:
        game.move(moves, active)
        before, S, E, mark = game.drifts.copy(), game.S, game.coordinator.E.copy(), len(game.events)
        number = game.coordinator.round
        game.network.exchange()
        names, after = game.names(mark), game.drifts
        np.testing.assert_allclose(game.S, S, atol=1e-10)  # the shifts sum to zero
        if game.coordinator.round > number or "PROJECTED" not in names:
            continue
        np.testing.assert_array_equal(game.coordinator.E, E)
        # block means are equal afterwards, namely their mean
        P = block_means(before, m)
        np.testing.assert_allclose(
            block_means(after, m), np.tile(P.mean(axis=0), (script.k, 1)), atol=1e-10
        )
        # shifts are constant on each block, and sum to zero over the sites
        shift = after - before
        np.testing.assert_allclose(shift.sum(axis=0), 0, atol=1e-9)
        edges = [*blocks(script.D, m), script.D]
        for a, b in pairwise(edges):
            assert np.ptp(shift[:, a:b], axis=1).max() < 1e-9
        # the true ψ has been asked for again, a share `least` of the slack is back, and the subround is a new one
        φ = game.coordinator.make_zone(E)(after)
        assert game.coordinator.psi == pytest.approx(φ.sum(), rel=1e-9, abs=rounding(game))
        assert φ.sum() <= 0.05 * game.coordinator.full + rounding(game)
        assert names[-6:] == ["POLL", "PROJECTION", "PROJECTED", "POLL", "PHI", "QUANTUM"]
        assert not game.sites.c.any()


@safes
@given(script=scripts(), m=st.sampled_from((1, 2, 32)))
def test_projection_accounts_at_rest(safe, script, m):
    play(script, f"fgm-projection:m={m}", safe, visit=safe_and_sound)


@given(script=scripts(max_D=5, styles=("opposite",)))
def test_as_many_blocks_as_numbers_is_averaging(script):
    # m ≥ D: every number is its own block, so all sites take the mean drift; no new round if the mean is inside
    for _, before, after, _, _ in rebalances(script, "fgm-projection:m=32", "ball"):
        np.testing.assert_allclose(after, np.tile(before.mean(axis=0), (script.k, 1)), atol=1e-10)


@given(script=scripts(), m=st.sampled_from((1, 2, 32)))
def test_projection_bill(script, m):
    # a used-up round costs k·m words up and down and k values; if that was not enough, k·D words up and down more
    game = play(script, f"fgm-projection:m={m}")
    counts, k, D = game.counts(), script.k, script.D
    ends = game.coordinator.round - 1
    tries = game.coordinator.rebalances + ends
    later = game.coordinator.subrounds - game.coordinator.round
    assert counts.get("PROJECTION", 0) == counts.get("PROJECTED", 0) == k * tries
    assert counts.get("PHI", 0) == k * (game.coordinator.subrounds - 1 + tries)
    words = k * later + counts.get("INCREMENT", 0) + counts.get("PHI", 0)
    assert game.ledger.total_bytes == 4 * (
        k * D * (1 + 2 * ends) + 2 * k * tries * min(m, D) + words
    )


def test_projections_happen_and_fail():
    for m in (1, 2, 32):
        game = play(make_script(4, 6, 150, "walk", R=3.0), f"fgm-projection:m={m}")
        assert game.coordinator.round > 3
    assert game.coordinator.rebalances > 3


@pytest.mark.parametrize(
    "text, word",
    [
        ("fgm-random:gain=0", "gain"),
        ("fgm-random:gain=nan", "gain"),
        ("fgm-random:gain=inf", "gain"),
        ("fgm-projection:m=0", "m"),
        ("fgm-projection:m=1.5", "m"),
        ("fgm-projection:least=0", "least"),
        ("fgm-projection:least=1", "least"),
        ("fgm-random:epsilon=0", "epsilon"),
    ],
)
def test_bad_options(text, word):
    with pytest.raises(ValueError, match=word):
        build(text, np.ones(2), 2)
