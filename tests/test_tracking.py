"""Zones that move along with the common progress."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import play, start
from strategies import SEEDS, make_script, scripts

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.safe import Ball, Round, Variance, safe_function, zone_maker

FORMS = (
    "tracking",
    "tracking-variance",
    "tracking-own",
    "tracking-variance-own",
    "tracking-damped",
    "tracking-variance-damped",
)
NORM, SPREAD, NORM_OWN, SQUARE_OWN, NORM_DAMPED, SPREAD_DAMPED = FORMS
every_form = pytest.mark.parametrize("name", FORMS)
common_clock = pytest.mark.parametrize("name", [NORM, SPREAD, NORM_DAMPED, SPREAD_DAMPED])
both_protocols = pytest.mark.parametrize("protocol", ["gm", "fgm"])


def damped(t, T):
    """T (1 − exp(−t/T)): as t at first, never beyond T."""
    return T * (1 - np.exp(-t / T))


def region(name, E, R, models, g, t, own):
    """How far the models (k, D) are outside, from the words of the specification; squares in the square forms."""
    S = models.mean(axis=0)
    if name in (NORM, NORM_DAMPED):  # ‖S − (E + v_t)‖ ≤ R
        return norm(S - (E + t * g)) - R
    if name in (SPREAD, SPREAD_DAMPED):  # (1/k) Σ ‖w_i − S‖² ≤ R²
        return squared_norm(models - S).mean() - R**2
    distance = norm(S - E - own.mean() * g)  # own steps: ‖mean X − mean(n)·g‖ ≤ R
    return distance - R if name == NORM_OWN else distance**2 - R**2


class Witness:
    """Keeps the books of a game from the outside: g, the round's clock, and each site's own steps."""

    def __init__(self, game):
        self.game, self.round, self.E, self.g = (
            game,
            1,
            game.coordinator.E.copy(),
            0 * game.coordinator.E,
        )
        self.t, self.own, self.last = 0, np.zeros(game.sites.k), 1

    def move(self, moves, active):
        self.game.move(moves, active)
        self.t += 1
        self.own[active] += 1

    def rest(self):
        """Exchange messages, and start a round with the sites if there is one."""
        self.game.network.exchange()
        coordinator = self.game.coordinator
        if coordinator.round > self.round:
            self.g = (coordinator.E - self.E) / self.t
            self.round, self.E = coordinator.round, coordinator.E.copy()
            self.t, self.own, self.last = 0, np.zeros(self.game.sites.k), self.t

    def outside(self, name, R):
        t = damped(self.t, self.last) if "damped" in name else self.t
        return region(name, self.E, R, self.game.sites.models, self.g, t, self.own)


@every_form
@both_protocols
@given(script=scripts(max_steps=40))
def test_guarantee(name, protocol, script):
    # at every quiet point the region of the specification holds, and zone, excess and reach agree with it
    game = start(script, protocol, name)
    witness = Witness(game)
    for moves, active in script:
        before = game.drifts.copy()
        witness.move(moves, active)
        zone, drifts = game.sites.zone, game.drifts
        rounding = (
            1e-9
            * (
                1
                + norm(drifts).max()
                + script.R
                + norm(game.coordinator.E)
                + witness.t * norm(zone.g)
            )
            ** 2
        )
        assert zone.excess(drifts) == pytest.approx(witness.outside(name, script.R), abs=rounding)
        assert zone.excess(drifts) <= zone.reach(drifts - before) + rounding
        witness.rest()
        assert witness.outside(name, script.R) <= rounding
        np.testing.assert_allclose(game.sites.zone.g, witness.g, atol=1e-12)


@every_form
@given(seed=SEEDS, k=st.integers(1, 6), t=st.integers(0, 50))
def test_mean_safety(name, seed, k, t):
    # Σφ_t(X_i) ≤ 0 ⇒ admissible, with predictions and step counts of every kind
    rng = np.random.default_rng(seed)
    E, g, own = (
        rng.normal(size=3),
        rng.normal(size=3) * np.exp(rng.uniform(-4, 1)),
        rng.integers(0, t + 1, size=k),
    )
    zone = safe_function(name)(E, 1.0)
    zone.begin(Round((), 1, 7, g))
    zone.advance(t, own)
    t = damped(t, 7) if "damped" in name else t
    centre = (own[:, None] if "own" in name else t) * g
    X = rng.normal(size=(k, 3)) * np.exp(rng.uniform(-2, 1, size=(k, 1)))
    low, high = 0.0, 64.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if zone(centre + middle * X).sum() <= 0 else (low, middle)
    X = centre + low * X
    rounding = 1e-9 * (1 + norm(X).max() + t * norm(g)) ** 2
    assert region(name, E, 1.0, E + X, g, t, own) <= rounding
    assert zone.excess(X) <= rounding


@every_form
@given(script=scripts())
def test_without_prediction_it_is_the_function_that_stands_still(name, script):
    # v = 0: bit for bit the ball, or the variance
    E, R, X = script.E, script.R, script.moves[0]
    zone = safe_function(name)(E, R)
    still = (Variance if "variance" in name else Ball)(E, R)
    assert zone.at_zero == still.at_zero < 0
    np.testing.assert_array_equal(zone(X), still(X))
    zone.advance(7, np.full(script.k, 7))
    np.testing.assert_array_equal(zone(X), still(X))
    if name not in (SPREAD, SPREAD_DAMPED):
        assert zone.reach(X) == pytest.approx(still.reach(X.mean(axis=0, keepdims=True)))


@every_form
def test_the_first_round_is_that_of_the_still_function(name):
    # g = 0 until two global models are known, so the messages are the same up to the second one
    script = make_script(4, 3, 60, R=3.0)
    moving, still = (
        play(script, "fgm", name),
        play(script, "fgm", "variance" if "variance" in name else "ball"),
    )
    assert moving.coordinator.round > 2
    second = still.names().index("MODEL", 1)
    assert [e[:5] for e in moving.events[:second]] == [e[:5] for e in still.events[:second]]


@common_clock
def test_idle_sites_look_again(name):
    # the last site never moves, but the zone leaves it behind: its φ rises in every step after the first round
    script = make_script(3, 2, 60, "common", idle=True, R=4.0)
    game = start(script, "fgm", name)
    last, before, rises = None, 0.0, 0
    for moves, active in script:
        number = game.coordinator.round
        game.move(moves, active)
        value = float(game.sites.values[2])
        assert value == pytest.approx(float(game.sites.zone(game.drifts)[2]))
        if number > 1 and last == number:
            assert value > before
            rises += 1
        game.network.exchange()
        last, before = game.coordinator.round, float(game.sites.values[2])
    assert rises > 10


@pytest.mark.parametrize("name", [NORM_OWN, SQUARE_OWN])
def test_own_steps_leave_idle_sites_alone(name):
    # φ of a site that has made no step is φ(0), however many steps the others have made
    script = make_script(3, 2, 60, "common", idle=True, R=4.0)

    def check(game):
        assert game.sites.values[2] == game.sites.zone.at_zero

    play(script, "fgm", name, visit=check)


def test_common_progress_costs_nothing():
    # all sites go the same way at the same speed: after the first round the moving ball is never left again
    script = make_script(4, 3, 200, "common", R=3.0)
    steady = script.__class__(
        script.E, np.tile(script.moves[0, :1], (200, 4, 1)), script.active, script.R, script.seed
    )
    for name in (NORM, SPREAD, NORM_OWN, SQUARE_OWN):
        assert play(steady, "fgm", name).coordinator.round == 2
    assert play(steady, "fgm", "ball").coordinator.round > 10


@common_clock
def test_a_bad_prediction_only_costs_communication(name):
    # the way back after the way out: more rounds than the ball's, and the guarantee all the same
    out = make_script(4, 3, 40, "common", R=3.0)
    moves = out.moves * np.where(np.arange(40) // 5 % 2, -1, 1)[:, None, None]
    script = out.__class__(out.E, moves, out.active, out.R, out.seed)
    game = start(script, "gm", name)
    witness = Witness(game)
    for step, active in script:
        witness.move(step, active)
        witness.rest()
        assert witness.outside(name, script.R) <= 1e-9
    assert game.coordinator.round > 2


@every_form
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_number_type_and_shapes(name, dtype):
    zone = zone_maker(name, 0.5)(np.array([3, 4], dtype), np.array([1, 4], dtype), 10)
    np.testing.assert_allclose(zone.g, [0.2, 0], rtol=1e-6)
    zone.advance(3, np.array([3, 1]))
    X = np.ones((2, 2), dtype)
    assert zone(X).shape == (2,) and zone(X).dtype == dtype
    assert zone(np.stack([X] * 5)).shape == (5, 2)
    assert isinstance(zone.excess(X), float) and isinstance(zone.reach(X), float)


def test_known_values():
    # g = (1, 0), after 4 steps, of which the sites have made 4 and 2; R = 1
    X, expected = np.array([[4.0, 0.0], [4.0, 3.0]]), {}
    for name in FORMS:
        zone = safe_function(name)(np.zeros(2), 1.0)
        zone.begin(Round(ended=1, g=np.array([1.0, 0.0])))
        zone.advance(3, np.array([3, 2]))
        zone.advance(4, np.array([4, 2]))
        expected[name] = (
            zone(X).tolist(),
            zone.excess(X),
            zone.reach(np.array([[1.0, 0.0], [1.0, 0.0]])),
        )
    assert expected[NORM] == ([-1, 2], 0.5, 0)
    assert expected[SPREAD] == ([-1, 8], 1.25, 0)
    assert expected[NORM_OWN] == ([-1, np.sqrt(13) - 1], np.sqrt(1 + 1.5**2) - 1, 0.5)
    assert expected[SQUARE_OWN] == ([-1, 12], pytest.approx(1 + 1.5**2 - 1), 1.5**2 - 1)
