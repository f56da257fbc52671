"""The two ends of the scale: average once, at the end; average exactly when it is needed, and free of charge."""

import numpy as np
import pytest
from hypothesis import given
from scripted import build, lengths, play, start, watch
from strategies import SEEDS, make_script, scripts


@given(script=scripts())
def test_at_end_is_local_training_and_one_mean(script):
    game, local = play(script, "at-end"), play(script, "local")
    np.testing.assert_array_equal(game.sites.models, local.sites.models)
    assert game.names() == ["MODEL"]
    np.testing.assert_array_equal(game.coordinator.E, script.E)
    game.coordinator.finish()
    # E = (1/k) Σ w_i, and the mean stays at the coordinator: one poll, one upload, no download
    np.testing.assert_allclose(game.coordinator.E, local.S, atol=1e-12)
    np.testing.assert_array_equal(game.sites.models, local.sites.models)
    assert game.names() == ["MODEL", "POLL", "LOCAL"]
    assert game.ledger.total_bytes == 2 * script.k * 4 * script.D
    assert game.ledger.total_messages == 3 * script.k


def test_only_at_end_acts_when_the_run_is_over():
    script = make_script(3, 2, 5)
    for protocol in ("local", "periodic:b=3", "gm", "fgm", "fda-naive", "omniscient"):
        game = play(script, protocol)
        mark = len(game.events)
        game.coordinator.finish()
        assert len(game.events) == mark, protocol


def variance(models):
    return float((lengths(models - models.mean(axis=0)) ** 2).mean())


@given(script=scripts())
def test_omniscient_synchronises_exactly_when_the_variance_is_too_large(script):
    game = start(script, "omniscient")
    for moves, active in script:
        game.move(moves, active)
        var, S, before, mark = (
            variance(game.sites.models),
            game.S,
            game.sites.models.copy(),
            len(game.events),
        )
        game.network.exchange()
        names = game.names(mark)
        if abs(var - script.R**2) < 1e-9:
            continue
        if var > script.R**2:
            assert names == ["LOCAL"] * script.k + ["MODEL"]
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            assert np.ptp(game.sites.models, axis=0).max() == 0
        else:
            assert names == []
            np.testing.assert_array_equal(game.sites.models, before)
        assert variance(game.sites.models) <= script.R**2 * (1 + 1e-9)


@given(script=scripts())
def test_omniscient_pays_for_models_only(script):
    # no monitoring bytes: k models up and k down per synchronisation, after the initial k
    game = play(script, "omniscient")
    syncs = game.coordinator.round - 1
    assert game.ledger.total_bytes == script.k * 4 * script.D * (1 + 2 * syncs)
    assert game.ledger.total_messages == script.k * (1 + 2 * syncs)


@pytest.mark.parametrize(
    "rival, safe",
    [
        ("fda-naive", "ball"),
        ("fda-linear", "ball"),
        ("dynamic-plain", "ball"),
        ("gm", "variance"),
        ("fgm", "variance"),
        ("fgm", "tracking-variance"),
        ("gm", "tracking-variance"),
        ("fgm-centre", "ball"),
        ("fgm-probe", "ball"),
    ],
)
@given(script=scripts(min_k=2))
def test_nobody_who_promises_the_variance_may_fire_later(rival, safe, script):
    # on one path and up to the first synchronisation: whoever keeps Var ≤ R² must act by the time it is exceeded,
    # so it has synchronised at least as often as the omniscient trigger has
    first = [e.step for e in play(script, "omniscient").events if e.round == 2]
    if first:
        game = play(script, rival, safe)
        until = [e.step for e in game.events if e.round == 2]
        assert until and until[0] <= first[0]


@given(script=scripts(max_k=1))
def test_one_site_has_no_variance(script):
    assert play(script, "omniscient", threshold=1e-9).names() == ["MODEL"]


@given(seed=SEEDS)
def test_a_common_march_costs_nothing(seed):
    # all sites move alike: Var = 0, whatever the distance from E
    game = build("omniscient", np.ones(3), 4, threshold=0.5)
    for move in np.random.default_rng(seed).normal(size=(30, 1, 3)) + 1:
        game.step(np.tile(move, (4, 1)))
    assert game.names() == ["MODEL"]


@given(script=scripts())
def test_no_false_alarm(script):
    # the yardstick never fires too early: every reaction is a true one, none is missed
    assert set(watch(script, "omniscient").verdicts) <= {"", "true"}


def test_small_variance_around_a_long_common_drift():
    # single precision: 3 sites, 40,000 away from E together, spread far below R = 0.3 and then 3 R²
    game = build("omniscient", np.zeros(2, np.float32), 3, threshold=0.3)
    game.step(np.full((3, 2), 30_000, np.float32))
    assert game.coordinator.round == 1
    game.step(np.array([[0.6, 0], [-0.6, 0], [0, 0.6]], np.float32))
    assert game.coordinator.round == 2
