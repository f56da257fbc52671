"""A radius that follows the learning rate: known without a message, and a promise all the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Watched, build, play, start, watch
from strategies import RADII, RATES, absences, light, make_script, scripts

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.learning.rates import parse_rate
from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.safe import SAFE, Ball, Round, zone_maker
from fgm_ref.safe.paced import Paced, parse_radius
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.observer import outlives
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.faults import Faults

followers = pytest.mark.parametrize("protocol", ["gm", "fgm", "fgm-projection"])
radii = st.sampled_from(RADII)
rates = st.sampled_from(RATES)
STANDING = (*SAFE, "half-space", "upper-norm", "per-layer", "cheap:cap", "ball+cap", "decay:ball")


def pace_of(radius, rate, steps):
    return parse_radius(radius)(parse_rate(rate, steps))


def test_known_values():
    # R = 2, begun after 1 step of the run, a = 1/t: after 3 more steps a = ¼, and a step before ⅓
    zone = Paced(np.zeros(2), 2.0, Ball, lambda t: 1 / max(t, 1))
    zone.begin(Round(began=1))
    X = np.array([[3.0, 4.0]])
    assert zone.at_zero == -2 and zone(X) == 3
    zone.advance(2, None)
    zone.advance(3, None)
    assert zone(X) == 18 and zone(0 * X) == zone.at_zero == -2  # 5/¼ − 2
    assert zone.excess(X) == 18 and zone.lipschitz == 4
    # from before/⅓ to now/¼ in the zone's unit
    way = zone.way(X, X)
    np.testing.assert_allclose(way, X - X * 3 / 4)
    assert zone.reach(way) == pytest.approx(20 - 15)


def region(safe, E, R, models):
    """How far the models (k, D) are outside of the region with radius R, from the words of the page."""
    S = models.mean(axis=0)
    if safe == "ball":
        return norm(S - E) - R
    if safe == "variance":
        return squared_norm(models - E).mean() - R**2
    return abs(norm(S) - norm(E)) - R


@followers
@light
@given(safe=st.sampled_from(sorted(SAFE)), radius=radii, rate=rates, script=scripts(max_steps=40))
def test_the_region_has_the_radius_of_the_time(protocol, safe, radius, rate, script):
    # at every quiet point, from outside: a(t)·R after t steps of the run, whenever the round began
    pace = pace_of(radius, rate, len(script))
    game = start(script, protocol, safe, pace=pace)
    for t, (moves, active) in enumerate(script, 1):
        game.step(moves, active)
        R, E = pace(t) * script.R, game.coordinator.E
        rounding = 1e-9 * (1 + norm(E) + np.abs(game.drifts).max() + R) ** 2
        assert region(safe, E, R, game.sites.models) <= rounding


@followers
@light
@given(
    safe=st.sampled_from(STANDING),
    radius=radii,
    rate=rates,
    server=st.sampled_from(("mean", "nesterov")),
    dtype=st.sampled_from((np.float64, np.float32)),
    data=st.data(),
)
def test_guarantee(protocol, safe, radius, rate, server, dtype, data):
    # under the observer: admissible at rest, and never farther out than a step is long, as the zone shrinks
    script = data.draw(scripts(dtype=dtype))
    pace = pace_of(radius, rate, len(script))
    watched = watch(script, protocol, safe, pace=pace, server=server)
    assert min(watched.overshoots) >= 0 and watched.breaches == 0


COMPARING = [name for name, protocol in PROTOCOLS.items() if protocol.follows]
COMPARING_BY_NUMBERS = [name for name in COMPARING if PROTOCOLS[name].guarantee]


@pytest.mark.parametrize("protocol", COMPARING)
@light
@given(radius=radii, rate=rates, relative=st.booleans(), script=scripts(min_k=2, max_steps=40))
def test_the_variance_has_the_bound_of_the_time(protocol, radius, rate, relative, script):
    # at every quiet point, from outside: H ≤ (a(t)·R)² after t steps of the run, and a synchronisation only where not
    pace = pace_of(radius, rate, len(script))
    T = script.R / norm(script.E) if relative else script.R
    game = start(script, protocol, pace=pace, threshold=T, relative=relative)
    for t, (moves, active) in enumerate(script, 1):
        E, number = game.coordinator.E, game.coordinator.round
        bound = (pace(t) * T * (norm(E) if relative else 1)) ** 2
        game.move(moves, active)
        H = watched_bound(game)
        game.network.exchange()
        if abs(H - bound) > 1e-9 * (1 + bound):
            assert (game.coordinator.round > number) == (bound < H)


def watched_bound(game):
    """What the protocol compares with Θ, from all drifts."""
    if game.protocol.name == "omniscient":
        return squared_norm(game.drifts - game.drifts.mean(axis=0)).mean()
    monitor = game.sites.monitor
    return monitor.H(monitor.state(game.drifts).mean(axis=0))


@pytest.mark.parametrize("protocol", COMPARING_BY_NUMBERS)
@light
@given(
    radius=radii,
    rate=rates,
    server=st.sampled_from(("mean", "nesterov")),
    dtype=st.sampled_from((np.float64, np.float32)),
    data=st.data(),
)
def test_the_variance_under_the_observer(protocol, radius, rate, server, dtype, data):
    # who holds the sites to R² while it shrinks
    script = data.draw(scripts(dtype=dtype))
    pace = pace_of(radius, rate, len(script))
    assert watch(script, protocol, pace=pace, server=server).breaches == 0


def test_the_observer_knows_the_time_of_the_variance():
    # R = 2 and a = ½ from step 2 on: two sites, each 1.5 from their mean.  2.25 is below 4 and above 1
    def pace(t):
        return 1.0 if t < 2 else 0.5

    game = build("omniscient", np.zeros(1), 2, threshold=2.0, pace=pace)
    watched = Watched(game, strict=False)
    watched.step(np.array([[1.5], [-1.5]]))
    assert game.coordinator.round == 1
    game.sites.alarms = lambda: np.empty(0, np.intp)
    watched.step(np.zeros((2, 1)))
    assert watched.breaches == 1 and watched.overshoots == [0, 5.0]  # 2.25/¼ − 4
    assert game.coordinator.round == 1


@pytest.mark.parametrize("protocol", ["gm", "fgm"])
@light
@given(safe=st.sampled_from(sorted(SAFE)), rate=rates, script=scripts(min_k=2), data=st.data())
def test_who_is_away_says_what_it_said_at_first(protocol, safe, rate, script, data):
    # φ(0) does not move, so the coordinator knows it, and the guarantee survives absences
    faults = Faults(absent=data.draw(absences(script)))
    pace = pace_of("lr", rate, len(script))
    game = start(script, protocol, safe, pace=pace, faults=faults)
    assert outlives(parse(protocol), game.sites.zone, faults, None)
    watched = Watched(game)
    for moves, active in script:
        watched.step(moves, active)
    assert watched.breaches == 0


def test_a_site_that_has_not_moved_uses_up_nothing():
    # however much the zone has shrunk
    script = make_script(3, 2, 60, "walk", idle=True, R=4.0)

    def check(game):
        assert game.sites.values[2] == game.sites.at_zero or game.sites.drifts([2]).any()

    game = play(script, "fgm", pace=pace_of("lr", "cosine", 60), visit=check)
    assert not game.senders("INCREMENT").count(2)


def test_drifts_that_shrink_with_the_rate():
    # under a fixed radius all is silent in the second half; under one that follows rounds keep their length
    script = make_script(4, 3, 400, "common", R=12.0)
    rate = parse_rate("cosine", 400)
    moves = script.moves * np.array([rate(t) for t in range(1, 401)])[:, None, None]
    slower = script.__class__(script.E, moves, script.active, script.R, script.seed)

    def starts(pace):
        events = play(slower, "gm", pace=pace).events
        return sorted({event.step for event in events if event.round > 1})

    fixed, following = starts(None), starts(parse_radius("lr")(rate))
    late_fixed, late = (sum(step > 320 for step in steps) for steps in (fixed, following))
    assert late_fixed == 0 and late >= 3
    lengths = np.diff([step for step in following if 40 < step < 360])
    assert lengths.max() <= 2 * lengths.min()


def test_the_floor():
    # the rate ends next to 0, the radius at a hundredth
    rate = parse_rate("cosine", 1000)
    pace = parse_radius("lr")(rate)
    assert rate(1000) < 1e-5 and pace(1000) == 0.01 and pace(1) == 1
    zone = zone_maker("variance", 0.5, pace=pace)(np.array([3.0, 4.0]), began=1000)
    assert zone.at_zero == -6.25 and zone(np.array([0.026, 0.0])) > 0 > zone(np.array([0.024, 0.0]))


def test_powers():
    pace = parse_radius("lr:power=0.5,floor=0.001")(lambda t: 1 / t)
    assert pace(4) == 0.5


REFUSING = [
    name
    for name, protocol in PROTOCOLS.items()
    if (protocol.watches in ("radius", "form") and not protocol.follows)
    or protocol.coordinator.evaluates
]


@pytest.mark.parametrize("protocol", REFUSING)
def test_who_evaluates_it_or_has_a_condition_of_its_own_refuses(protocol):
    with pytest.raises(ValueError, match=f"radius: expected constant with {protocol}"):
        build(protocol, np.ones(4), 3, pace=lambda t: 1.0)


def test_zones_that_move_by_themselves_refuse():
    with pytest.raises(ValueError, match=r"radius: expected constant with .* such as Tracking"):
        build("fgm", np.ones(4), 3, "tracking", pace=lambda t: 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate", "radius: expected one of constant, lr; got 'rate'"),
        ("constant:floor=1", "radius constant: expected no options"),
        ("lr:floor=0", "radius, option floor: expected a number above 0"),
        ("lr:power=-1", "radius, option power: expected a number above 0"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(ValueError, match=message):
        Config(radius=text)


def test_a_run():
    # checked after every step; with a constant rate it is the run without, to the bit
    settings = {
        "dataset": "ecg208",
        "protocol": "fgm",
        "sites": 3,
        "hidden": (4,),
        "steps": 30,
        "threshold": 0.05,
        "checks": True,
    }
    follows = run(**settings, lr_schedule="cosine", radius="lr")
    fixed = run(**settings, lr_schedule="cosine")
    assert follows.final["breaches"] == 0
    assert follows.series["rounds"][-1] > fixed.series["rounds"][-1]
    assert follows.config.besides == ["lr-schedule cosine", "radius lr"]
    plain, same = run(**settings), run(**settings, radius="lr")
    np.testing.assert_array_equal(plain.model, same.model)
    assert plain.events.tobytes() == same.events.tobytes()
