"""FGM around a moving centre: the algebra of the centre, the slack that it buys back, and the spread it guarantees."""

from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, lengths, play, start, watch
from strategies import SEEDS, make_script, scripts

from fgm_ref.arrays import squared_norm
from fgm_ref.protocols.fda import Linear
from fgm_ref.safe.centred import Centred, orthonormal
from fgm_ref.transport.messages import KINDS

directions = pytest.mark.parametrize("r", [1, 2, 4])


def spread(X):
    """(1/k) Σ ‖X_i − mean X‖², from the deviations."""
    return float((lengths(X - X.mean(axis=0)) ** 2).mean())


def drawn(seed):
    """A zone with r directions and its centre anywhere, and drifts (k, D)."""
    rng = np.random.default_rng(seed)
    k, D, r = (int(n) for n in rng.integers(1, 8, size=3))
    zone = Centred(rng.normal(size=D), 1.5)
    zone.U = orthonormal(list(rng.normal(size=(r, D))))
    zone.centre = rng.normal(size=D)
    return zone, rng.normal(size=(k, D)) * 3 + rng.normal(size=D), rng


@given(seed=SEEDS)
def test_the_mean_of_the_coordinates_is_the_best_shift(seed):
    # Σ ‖X_i − c − Uᵀδ‖² = Σ ‖X_i − c‖² − k‖δ‖², and any other shift along U does worse
    zone, X, rng = drawn(seed)
    before, delta = zone(X).sum(), zone.coordinates(X).mean(axis=0)
    zone.shift(delta)
    assert zone(X).sum() == pytest.approx(
        before - len(X) * squared_norm(delta), abs=1e-9 * (1 + abs(before))
    )
    np.testing.assert_allclose(zone.coordinates(X).mean(axis=0), 0, atol=1e-12)
    best = zone(X).sum()
    zone.shift(rng.normal(size=len(delta)))
    assert zone(X).sum() >= best - 1e-9 * (1 + abs(before))


@given(seed=SEEDS)
def test_any_common_centre_bounds_the_spread(seed):
    # Σ φ(X_i) ≥ k · excess, whatever the centre: Σ φ ≤ 0 is safe
    zone, X, _ = drawn(seed)
    assert zone.excess(X) == pytest.approx(spread(X) - 1.5**2)
    assert zone(X).mean() >= zone.excess(X) - 1e-9


@given(seed=SEEDS)
def test_orthonormal(seed):
    # U Uᵀ = 1, the span is that of the directions, and a dependent one is left out
    rng = np.random.default_rng(seed)
    D, r = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    given_ones = rng.normal(size=(r, D)) * np.exp(rng.uniform(-9, 9, size=(r, 1)))
    doubled = [*given_ones, given_ones.sum(axis=0), 0 * given_ones[0]]
    U = orthonormal(doubled)
    assert len(U) == min(r, D) or np.linalg.cond(given_ones / lengths(given_ones)[:, None]) > 100
    np.testing.assert_allclose(U @ U.T, np.eye(len(U)), atol=1e-12)
    unit = given_ones / lengths(given_ones)[:, None]
    np.testing.assert_allclose(unit @ U.T @ U, unit, atol=2e-3)
    assert orthonormal([np.zeros(D)]).shape == (0, D)
    assert orthonormal([np.ones(D, np.float32)]).dtype == np.float32


@directions
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_spread_at_rest(r, dtype, data):
    # at every quiet point c ≤ k, Σ ‖X_i − c‖² ≤ kR² for the sites' common centre, hence Var ≤ R²
    script = data.draw(scripts(dtype=dtype))

    def check(game):
        zone, X, k = game.sites.zone, game.drifts.astype(float), script.k
        rounding = (
            50
            * k
            * np.finfo(dtype).eps
            * (script.R**2 + squared_norm(X).max() + squared_norm(script.E))
        )
        assert game.coordinator.c <= k
        assert squared_norm(X - zone.centre).sum() <= k * script.R**2 + rounding
        assert spread(X) <= script.R**2 + rounding

    play(script, f"fgm-centre:directions={r}", visit=check)


@directions
@given(script=scripts())
def test_accounts_at_rest(r, script):
    # Σz_i = ψ, 2kθ = −ψ, c = Σc_i ≤ k, and while c ≤ k: Σφ < ψ + θ(c + k) ≤ 0, as in FGM
    k = script.k

    def check(game):
        sites, coordinator, X = game.sites, game.coordinator, game.drifts
        rounding = 1e-9 * k * (script.R**2 + squared_norm(X).max() + squared_norm(script.E))
        assert sites.z.sum() == pytest.approx(coordinator.psi, abs=rounding)
        assert 2 * k * sites.theta == pytest.approx(-coordinator.psi, abs=rounding)
        assert coordinator.c == sites.c.sum() <= k
        np.testing.assert_allclose(sites.values, sites.zone(X), atol=rounding)
        assert sites.zone(X).sum() <= coordinator.psi + sites.theta * (coordinator.c + k) + rounding
        assert len(sites.alarms()) == 0 and sites.tag == coordinator.tag

    play(script, f"fgm-centre:directions={r}", visit=check)


@directions
@given(script=scripts(min_k=2))
def test_a_round_ends_when_the_best_centre_has_no_slack(r, script):
    # after a poll ψ/k = mean ‖X‖² − ‖U mean X‖² − R², with U from the E's that everybody was sent: for r = 1 it is
    # FDA's H − R², where U spans all dimensions it is Var − R²
    game = start(script, f"fgm-centre:directions={r}")
    models = [script.E]
    for moves, active in script:
        game.move(moves, active)
        X, mark, before = game.drifts, len(game.events), game.sites.models.copy()
        U = orthonormal([b - a for a, b in pairwise(models)][::-1][:r] or [0 * script.E])
        game.network.exchange()
        names, k = game.names(mark), script.k
        H = squared_norm(X).mean() - squared_norm(U @ X.mean(axis=0))
        rounding = 1e-9 * (1 + squared_norm(X).max() + squared_norm(script.E))
        assert "MODEL" not in names or H + rounding >= 0.99 * script.R**2
        if "CENTRE" in names and "MODEL" not in names:
            assert game.coordinator.psi / k == pytest.approx(H - script.R**2, abs=rounding)
            np.testing.assert_array_equal(game.sites.models, before)
            if r == 1 and len(models) > 1:
                monitor = Linear()
                monitor.start_round(models[-1], models[-2])
                assert pytest.approx(H, abs=rounding) == monitor.H(monitor.state(X).mean(axis=0))
            if len(U) == script.D:
                assert pytest.approx(spread(X), abs=rounding) == H
        if "MODEL" in names:
            models.append(game.coordinator.E)


@directions
@given(script=scripts())
def test_words_per_subround(r, script):
    # (1 + r) k down (nothing in a round's first subround), at most k + 1 increments, (1 + r) k up
    game, k = play(script, f"fgm-centre:directions={r}"), script.k
    for (number, subround), events in groupby(game.events, key=lambda e: (e.round, e.subround)):
        rows = min(r, number - 1, script.D)
        bytes_ = dict.fromkeys(("CENTRE", "INCREMENT", "MONITOR"), 0)
        for event in events:
            if (name := KINDS[event.kind].name) in bytes_:
                bytes_[name] += event.copies * event.size
        assert bytes_["CENTRE"] <= (4 * k * (1 + rows) if subround else 0)
        assert bytes_["MONITOR"] <= 4 * k * (1 + rows)
        assert bytes_["INCREMENT"] <= 4 * (k + 1)


@given(script=scripts())
def test_the_first_round_is_that_of_the_variance(script):
    # nobody knows a direction yet: the same subrounds and the same numbers as FGM's
    centre, plain = play(script, "fgm-centre"), play(script, "fgm", "variance")
    one = [e for e in centre.events if e.round == 1]
    other = [e for e in plain.events if e.round == 1]
    for a, b in zip(one, other, strict=False):
        assert (a.step, a.site, a.size) == (b.step, b.site, b.size)
        assert {KINDS[a.kind].name, KINDS[b.kind].name} in (
            {KINDS[a.kind].name},
            {"MONITOR", "PHI"},
            {"CENTRE", "QUANTUM"},
        )


def test_a_common_march_at_any_speed_costs_no_synchronisation():
    # all sites go along one line, now fast, now slow, now back: once its direction is known, no round ever ends
    rng = np.random.default_rng(0)
    line = np.array([3.0, 4.0, 0.0]) / 5
    game, tracking = (
        build("fgm-centre:directions=1", np.ones(3), 4),
        build("fgm", np.ones(3), 4, "tracking-variance"),
    )
    for length in [0.5, 0.5, 0.5, *rng.uniform(-0.3, 0.4, size=300)]:
        for one in (game, tracking):
            one.step(np.tile(length * line, (4, 1)))
    assert game.coordinator.round == 2 and game.coordinator.subrounds > 5
    assert tracking.coordinator.round > 5


@given(script=scripts(min_k=2, max_D=2))
def test_in_few_dimensions_it_reacts_to_the_true_spread(script):
    # with as many directions as dimensions: in no round but the first two is a reaction more than 1 % of R² early
    def check(game):
        if check.round < game.coordinator.round and check.round > 2 and len(check.U) == script.D:
            assert check.spread >= 0.99 * script.R**2 - 1e-6 * (1 + squared_norm(script.E))
        check.round = game.coordinator.round

    check.round = 1
    game = start(script, "fgm-centre:directions=2")
    for moves, active in script:
        game.move(moves, active)
        check.spread, check.U = spread(game.drifts), game.sites.zone.U
        game.network.exchange()
        check(game)


@pytest.mark.parametrize("safe", ["cap", "tracking", "half-space"])
def test_only_the_radius_of_the_safe_function_counts(safe):
    script = make_script(4, 3, 40, R=2.0)
    assert repr(play(script, "fgm-centre", safe).events) == repr(
        play(script, "fgm-centre", "ball").events
    )


def test_it_saves_synchronisations():
    # a common pull of changing strength, little noise: fewer than FGM with the variance, or with tracking
    script = make_script(4, 6, 200, "common", R=4.0)
    moves = script.moves * np.linspace(2, 0.2, 200)[:, None, None]
    script = script.__class__(script.E, moves, script.active, script.R, script.seed)
    rounds = {
        safe: watch(script, "fgm", safe).game.coordinator.round
        for safe in ("variance", "tracking-variance")
    }
    assert watch(script, "fgm-centre").game.coordinator.round < min(rounds.values())


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x"])
def test_bad_options(value):
    with pytest.raises(ValueError, match="directions"):
        build(f"fgm-centre:directions={value}", np.ones(2), 2)


def test_the_directions_are_those_of_the_last_steps():
    # two directions: in every round U spans the last two global steps, and in the second round the only one
    script = make_script(3, 5, 150, "walk", R=1.0)
    game, models = start(script, "fgm-centre:directions=2"), [script.E]
    for moves, active in script:
        game.step(moves, active)
        if game.coordinator.round == len(models):
            continue
        models.append(game.coordinator.E)
        steps = np.array([after - before for before, after in pairwise(models)][-2:])
        U = game.sites.zone.U
        assert len(U) == len(steps)
        np.testing.assert_allclose(steps @ U.T @ U, steps, atol=1e-12)
    assert len(models) > 5
