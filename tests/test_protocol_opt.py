"""GM and FGM that set their own radius."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Watched, build, play, start
from strategies import SEEDS, SERVERS, absences, light, scripts

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.protocols.opt import least_radius
from fgm_ref.safe import SAFE
from fgm_ref.safe.function import FAR
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run
from fgm_ref.study.running.task import unused
from fgm_ref.transport.faults import Faults

OPT = ("gm-opt", "fgm-opt")
both = pytest.mark.parametrize("protocol", OPT)
safes = st.sampled_from(sorted(SAFE))
tau = st.integers(1, 9)


def lengths(moves, protocol, safe="variance", **more):
    """How many steps each round lasts, and R² after it, where one of two sites walks by these moves."""
    game = build(protocol, np.ones(1), 2, safe, **more)
    seen, last = [], 0
    for step, move in enumerate(moves, 1):
        number = game.coordinator.round
        game.step(np.array([[move], [0.0]]))
        if game.coordinator.round > number:
            seen.append((step - last, round(game.sites.zone.R**2, 9)))
            last = step
    return seen


def test_by_hand():
    # τ = 4, and one of two sites walks by 1 a step: after T steps V = (1/2) T², its own square is T².  The first round
    # has no radius and ends after τ steps, V = 8, R² = (2/4)·8 = 4.
    # GM: 9 > 4 after 3 steps, V = 4.5, R² = (2/3)·4.5 = 3;  4 > 3 after 2 steps, V = 2, R² = (2/2)·2 = 2
    assert lengths([1.0] * 9, "gm-opt:tau=4") == [(4, 4.0), (3, 3.0), (2, 2.0)]
    # FGM looks at V itself: 4.5 > 4 after 3 steps, R² = 3;  4.5 > 3 after 3 steps, R² = 3
    assert lengths([1.0] * 10, "fgm-opt:tau=4") == [(4, 4.0), (3, 3.0), (3, 3.0)]


def test_by_hand_for_the_ball():
    # needed is (1/2) T, V its square: R² = (2/4)·4 = 2.  GM: 2 > √2 after 2 steps, R² = (2/2)·1 = 1, and so again.
    # FGM: 1.5 > √2 after 3 steps, R² = (2/3)·2.25 = 1.5;  1.5 > √1.5 after 3 steps, R² = 1.5
    assert lengths([1.0] * 8, "gm-opt:tau=4", "ball") == [(4, 2.0), (2, 1.0), (2, 1.0)]
    assert lengths([1.0] * 10, "fgm-opt:tau=4", "ball") == [(4, 2.0), (3, 1.5), (3, 1.5)]


@both
def test_a_round_ends_after_tau_steps(protocol):
    # nobody moves any more: R becomes next to nothing, and then any motion ends a round.  V = 2 after 1 step
    seen = lengths([1.0] * 4 + [0.0] * 4 + [2.0, 0.0], f"{protocol}:tau=4")
    assert seen == [(4, 4.0), (4, 0), (1, 4.0)]


@both
def test_the_threshold_is_of_no_account(protocol):
    given = [(1e-6, False), (1e6, False), (0.1, True)]
    text = f"{protocol}:tau=4"
    runs = [lengths([1.0] * 9, text, threshold=R, relative=T) for R, T in given]
    assert len(runs[0]) > 1 and runs[0] == runs[1] == runs[2]
    assert unused(Config(protocol=text, split="dirichlet", dataset="amazon_snippets")) == [
        "threshold",
        "relative",
        "radius",
    ]


def drifts_need(safe, E, X):
    """The R² with which Σ φ(X_i) is 0, from the words of the page."""
    if safe == "ball":
        return norm(X).mean() ** 2
    if safe == "variance":
        return squared_norm(X).mean()
    inwards = -X @ E / norm(E)
    return np.maximum(inwards, norm(X + E) - norm(E)).mean() ** 2


@both
@light
@given(safe=safes, tau=tau, data=st.data())
def test_the_radius_of_every_round(protocol, safe, tau, data):
    # from outside: R² = (τ/2)/T · V of the drifts at its end, whoever is away; one word to each site that is there,
    # just before its model; and both ends make the same zone of it
    script = data.draw(scripts())
    away = data.draw(st.just({}) | absences(script))
    game = start(script, f"{protocol}:tau={tau}", safe, faults=Faults(absent=away))
    R, lasted = FAR, 0
    for moves, active in script:
        number, E, mark = game.coordinator.round, game.coordinator.E, len(game.events)
        back = game.network.absent - game.faults.away(game.ledger.step + 1)
        game.move(moves, active)
        lasted += 1
        assert lasted <= tau
        unheard = sorted(back | game.faults.away(game.ledger.step))
        X = game.drifts
        X[unheard] = 0
        game.network.exchange()
        names = game.names(mark)
        assert names.count("RADIUS") == (1 if number < game.coordinator.round else 0) * here(game)
        if game.coordinator.round > number:
            R = np.sqrt(tau / 2 / lasted * drifts_need(safe, E, X))
            R = max(R, least_radius(E + X.mean(axis=0)))
            lasted = 0
        assert game.coordinator.make_zone.radius(game.coordinator.E) == pytest.approx(R)
        if len(game.network.absent) < script.k:
            assert game.coordinator.make_zone.radius(game.coordinator.E) == game.sites.zone.R


def here(game):
    """How many lines of the log a broadcast has: one, if anybody is there."""
    there = game.sites.k - len(game.network.absent)
    return 1 if there == game.sites.k else there


@both
@light
@given(
    safe=safes,
    tau=tau,
    server=st.sampled_from(("mean", *SERVERS)),
    codec=st.sampled_from(("float32", "float16", "int8+ef", "ternary+ef", "sign+ef+zip")),
    dtype=st.sampled_from((np.float64, np.float32)),
    data=st.data(),
)
def test_guarantee(protocol, safe, tau, server, codec, dtype, data):
    # Σ φ(X_i) ≤ 0 for the zone of the round, with one site or more, some of them away
    script = data.draw(scripts(dtype=dtype))
    faults = Faults(absent=data.draw(st.just({}) | absences(script)))
    game = start(script, f"{protocol}:tau={tau}", safe, server=server, codec=codec, faults=faults)
    watched = Watched(game)
    for moves, active in script:
        watched.step(moves, active)
        zone = game.coordinator.make_zone(game.coordinator.E)
        X = game.drifts
        X[sorted(game.network.absent)] = 0
        assert float(np.sum(zone(X), dtype=float)) <= 1e-3 * script.k * abs(zone.at_zero)
    assert watched.breaches == 0


@both
@given(seed=SEEDS)
def test_scale_is_of_no_account(protocol, seed):
    # the radius follows the drifts: all of them twice as long, and the rounds are the same
    moves = np.random.default_rng(seed).normal(size=20)
    one, two = (lengths(moves * scale, f"{protocol}:tau=5") for scale in (1, 2))
    assert [steps for steps, _ in one] == [steps for steps, _ in two]


@pytest.mark.parametrize("protocol", [*OPT, "fda-opt"])
def test_a_round_that_an_absence_ends_counts_from_there(protocol):
    # τ = 4.  Site 1 is back in step 3, all are synchronised, and nobody moves any more: the next round has 4 steps
    faults = Faults(absent={1: (2, 2)})
    game = build(f"{protocol}:tau=4", np.zeros(2), 3, "variance", faults=faults)
    started = []
    for step in range(1, 8):
        number = game.coordinator.round
        game.step(np.full((3, 2), float(step < 3)))
        if game.coordinator.round > number:
            started.append(game.ledger.step)
    assert started == [3, 7]


def test_what_is_told():
    # one word to each site after the drifts have come, in the round that ends; the model follows
    game = build("gm-opt:tau=1", np.zeros(2), 2, "variance")
    game.step(np.ones((2, 2)))
    assert game.names() == ["MODEL", "POLL", "DRIFT", "RADIUS", "MODEL"]
    told = game.events[3]
    assert (told.copies, told.size, told.round, told.reason, told.value) == (2, 4, 1, "T", 1)
    assert told.number == game.sites.zone.R == 1.0  # √((1/2)/1 · 2)


@both
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"pace": lambda t: 1.0}, "radius: expected constant with .*-opt, because it sets its own"),
        ({"safe": "half-space"}, "safe: expected one that can tell .*, got HalfSpace"),
        ({"safe": "tracking"}, "safe: expected one that can tell .*, got Tracking"),
        ({"safe": "ball+cap"}, "safe: expected one that can tell .*, got Maximum"),
    ],
)
def test_refusals(protocol, more, message):
    with pytest.raises(ValueError, match=message) as refusal:
        build(protocol, np.ones(2), 2, **more)
    assert "\n" not in str(refusal.value)


@both
def test_tau(protocol):
    with pytest.raises(ValueError, match="tau: expected a whole number of at least 1"):
        build(f"{protocol}:tau=0", np.ones(2), 2)


@both
@pytest.mark.parametrize("safe", ["loss", "loss:kept=yes"])
def test_a_loss_has_no_radius(protocol, safe):
    settings = {"dataset": "ecg208", "sites": 2, "hidden": (4,), "steps": 1, "relative": False}
    with pytest.raises(ValueError, match=r"safe: expected one that can tell .*, got Loss"):
        run(**settings, protocol=protocol, safe=safe)


class OwnBall:
    """A safe function of one's own, the ball, that says which radius the drifts need."""

    def __init__(self, E, R):
        self.R = R

    def __call__(self, X):
        return norm(X) - self.R

    def excess(self, X):
        return norm(X.mean(axis=0)) - self.R

    def needed(self, X):
        return norm(X).mean()


@both
def test_a_safe_function_of_ones_own(protocol):
    moves = [1.0, 2.0, -1.0, 0.5, 1.0, 1.0, 1.0]
    own = lengths(moves, protocol + ":tau=3", f"{__name__}:OwnBall")
    assert own == lengths(moves, protocol + ":tau=3", "ball")


@both
@light
@given(script=scripts(min_k=2))
def test_in_the_first_round_nobody_speaks_before_its_end(protocol, script):
    game = play(script, f"{protocol}:tau=1000")
    assert game.names() == ["MODEL"] and game.coordinator.round == 1
