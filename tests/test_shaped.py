"""Layers, history metric, cone, and radii that change from round to round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play, watch
from strategies import SEEDS, light, make_script, scripts

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.check_safe.search import hunt
from fgm_ref.datasets import load
from fgm_ref.safe import CATALOGUE, Ball, Round, ZoneMaker, safe_function, zone_maker
from fgm_ref.safe.shaped import Cone, HistoryMetric, PerLayer
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation

NAMES = (
    "per-layer",
    "history-metric",
    "cone",
    "decay:ball",
    "grow:ball",
    "decay:variance",
    "grow:tracking-variance",
)
every_name = pytest.mark.parametrize("name", NAMES)


def halves(E, R):
    """One zone per half of the vector."""
    zone = PerLayer(E, R)
    zone.begin(Round((slice(0, len(E) // 2), slice(len(E) // 2, len(E)))))
    return zone


def region(name, E, R, X, g, t, n):
    """How far drifts X (k, D) are outside in round n, t steps after its start, from the words of the specification."""
    mean, k = X.mean(axis=0), len(X)
    if name == "per-layer":  # each half: its share of R², by its number of parameters
        D, middle = len(E), len(E) // 2
        parts = [(mean[:middle], middle), (mean[middle:], D - middle)]
        return max(norm(part) - R * (size / D) ** 0.5 for part, size in parts if size)
    if name == "history-metric":
        squares = 1 / (1 + g**2 / (g**2).mean()) if g.any() else np.ones_like(g)
        return norm(mean * np.sqrt(squares / squares.mean())) - R
    if name == "cone":
        xi = g / norm(g) if g.any() else g
        return sum(norm(x) for x in X) / k - 1.1 * float(xi @ mean) - R
    radius = R * (n**-0.5 if name.startswith("decay") else n**0.5)
    if name.endswith("ball"):
        return norm(mean) - radius
    spread = squared_norm(X - mean).mean()
    return (spread if "tracking" in name else squared_norm(X).mean()) - radius**2


def drawn(name, seed):
    """A zone in the middle of some round, drifts (k, D) around its middle, and what `region` wants to know."""
    rng = np.random.default_rng(seed)
    k, D, n, t = (int(m) for m in rng.integers((1, 1, 1, 0), (6, 7, 9, 20)))
    E, g = rng.normal(size=D), rng.normal(size=D) * np.exp(rng.uniform(-3, 0))
    zone = (halves if name == "per-layer" else safe_function(name))(E, 1.5)
    if name != "per-layer":
        zone.begin(Round((), n - 1, 7, g) if n > 1 else Round())
    g = g if n > 1 else 0 * g
    zone.advance(t, np.full(k, t))
    X = (
        rng.normal(size=(k, D)) * np.exp(rng.uniform(-2, 1, size=(k, 1)))
        + ("tracking" in name) * t * g
    )
    return zone, X, (E, 1.5), (g, t, n), rng


@every_name
@given(seed=SEEDS)
def test_safe(name, seed):
    # Σφ(X_i) ≤ 0 ⇒ the region of the specification, on the boundary and short of it
    zone, X, first, last, _ = drawn(name, seed)
    middle = ("tracking" in name) * last[1] * last[0]
    low, high = 0.0, 64.0
    for _ in range(60):
        half = (low + high) / 2
        low, high = (half, high) if np.sum(zone(middle + half * (X - middle))) <= 0 else (low, half)
    for t in (low, 0.9 * low, 0.1 * low):
        Y = middle + t * (X - middle)
        rounding = 1e-9 * (1 + norm(Y).max()) ** 2
        assert region(name, *first, Y, *last) <= rounding
        assert zone.excess(Y) <= rounding


@every_name
@given(seed=SEEDS)
def test_excess_is_that_of_the_specification(name, seed):
    # the same sign, and in the first round the same number
    zone, X, first, last, _ = drawn(name, seed)
    said, expected = zone.excess(X), region(name, *first, X, *last)
    assert np.sign(said) == np.sign(expected) or abs(expected) < 1e-9
    if last[2] == 1 and name != "per-layer":
        assert said == pytest.approx(expected)


@every_name
@given(seed=SEEDS, t=st.floats(0, 1))
def test_convex_and_lipschitz(name, seed, t):
    zone, X, *_, rng = drawn(name, seed)
    Y = X + rng.normal(size=X.shape)
    values = zone(X), zone(Y)
    bound = t * values[0] + (1 - t) * values[1]
    assert (zone(t * X + (1 - t) * Y) <= bound + 1e-9 * (1 + norm(X) + norm(Y)) ** 2).all()
    if zone.lipschitz is not None:
        assert (np.abs(values[0] - values[1]) <= zone.lipschitz * norm(X - Y) + 1e-9).all()
    else:
        assert "variance" in name


@every_name
@pytest.mark.parametrize("protocol", ["gm", "fgm"])
@light
@given(script=scripts(max_steps=25))
def test_guarantee_and_overshoot(name, protocol, script):
    # as the specification says, at every quiet point of a run; and the observer agrees
    E = [script.E]

    def check(game):
        zone, n = game.sites.zone, game.coordinator.round
        if n > len(E):
            E.append(game.coordinator.E)
        steps = game.sites.time - game.sites.started
        scale = 1e-9 * (1 + norm(game.drifts).max() + norm(script.E)) ** 2
        if name not in ("per-layer", "history-metric", "cone"):
            assert region(name, E[-1], script.R, game.drifts, 0 * E[-1], steps, n) <= scale
        assert zone.excess(game.drifts) <= scale

    watch(script, protocol, name, visit=check)


def test_one_layer_is_the_ball():
    script = make_script(4, 3, 60, R=2.0)
    assert repr(play(script, "fgm", "per-layer").events) == repr(play(script, "fgm", "ball").events)


@given(seed=SEEDS)
def test_layers_are_inside_the_ball(seed):
    # Σ R_b² = R²: what is safe for every layer is safe for the ball, and the corner of all radii is on its surface
    zone, X, (E, R), _, _ = drawn("per-layer", seed)
    assert (Ball(E, R)(X)[zone(X) <= 0] <= 1e-12).all()
    corner = np.concatenate(
        [
            [R * (len(half) / len(E)) ** 0.5] + [0.0] * (len(half) - 1)
            for half in np.split(E, [len(E) // 2])
            if len(half)
        ]
    )
    assert norm(corner) == pytest.approx(R) and float(zone(corner)) == pytest.approx(0)


def test_the_simulator_says_where_the_layers_are():
    simulation = Simulation(
        Config(dataset="ecg208", safe="per-layer+cap", sites=2, hidden=(4, 3)), load("ecg208")
    )
    layout, zone = simulation.model.layout, simulation.sites.zone.parts[0]
    assert [block for block, _ in zone.blocks] == [layout.slice_of(name) for name in layout.names]
    assert len(zone.blocks) > 2 and zone.blocks[-1][0].stop == layout.size


@given(seed=SEEDS)
def test_history_metric_gives_room_where_there_was_movement(seed):
    # s falls with |g|, its mean square is 1, and the scale of g does not matter
    g = np.random.default_rng(seed).normal(size=5)
    zones = [HistoryMetric(np.ones(5), 1.0) for _ in range(2)]
    for zone, scale in zip(zones, (1, 1e-6), strict=True):
        zone.begin(Round(ended=1, g=scale * g))
    s = zones[0].s
    assert (s**2).mean() == pytest.approx(1)
    np.testing.assert_array_equal(np.argsort(s), np.argsort(-np.abs(g)))
    np.testing.assert_allclose(zones[1].s, s)
    zones[0].begin(Round(ended=1, g=0 * g))  # a model that came back to where it was has no history
    np.testing.assert_allclose(zones[0].s, s)


@given(seed=SEEDS)
def test_what_the_cone_bounds(seed):
    # detours: mean ‖X_i‖ − ‖mean X‖ ≤ R + ρ ‖mean X‖; no distance, and no spread along ξ
    zone, X, (_, R), _, _ = drawn("cone", seed)
    if zone(X).sum() <= 0:
        together = norm(X.mean(axis=0))
        assert norm(X).mean() - together <= R + 0.1 * together + 1e-9
    cone = Cone(np.ones(2), 1.0)
    cone.begin(Round(ended=1, g=np.array([0.5, 0.0])))
    apart = np.array([[1e6, 0.0], [0.0, 0.0]])
    assert cone(apart).sum() < 0


def test_radii_round_by_round():
    # R/√n and R√n: all sites jump just beyond, or just short of, the radius of round n
    for name, power in (("decay:ball", -0.5), ("grow:ball", 0.5)):
        game = build("gm", np.zeros(2), 2, name, threshold=1.0)
        for n in range(1, 6):
            radius = n**power
            game.step(np.tile([0.99 * radius, 0.0], (2, 1)))
            assert game.coordinator.round == n
            game.step(np.tile([0.02 * radius, 0.0], (2, 1)))
            assert game.coordinator.round == n + 1


@pytest.mark.parametrize("protocol", ["gm-reb", "fgm-reb", "fgm-o"])
@pytest.mark.parametrize("name", ["decay:ball", "history-metric", "cone"])
def test_who_evaluates_must_know(protocol, name):
    with pytest.raises(ValueError, match="stands still"):
        build(protocol, np.ones(2), 2, name)


def test_layers_go_with_every_protocol():
    maker = zone_maker("per-layer", 2.0, False, (slice(0, 1), slice(1, 3)))
    assert maker == ZoneMaker(PerLayer, 2.0, False, (slice(0, 1), slice(1, 3)))
    assert maker(np.ones(3))(np.array([2.0, 0, 0])) == pytest.approx(2 * 3**0.5 - 2)
    watch(make_script(4, 3, 40, R=2.0), "fgm-reb", "per-layer")


@pytest.mark.parametrize("make", [halves, *map(safe_function, NAMES)], ids=["halves", *NAMES])
def test_the_hunter_lets_them_pass(make):
    assert not hunt(make, seed=1, seconds=0.4).found


def test_all_have_a_name():
    assert {"per-layer", "history-metric", "cone"} <= CATALOGUE.keys()
    with pytest.raises(ValueError, match="decay:NAME"):
        safe_function("decay")
