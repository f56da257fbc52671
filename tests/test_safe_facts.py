"""What safe functions say of themselves, what they are told when a round starts, and one's own among them."""

from pathlib import Path

import numpy as np
import pytest
from scripted import build, play
from strategies import make_script

from fgm_ref.arrays import norm
from fgm_ref.safe import (
    ALL_FORMS,
    CATALOGUE,
    PROMISES,
    Adopted,
    Ball,
    Maximum,
    Round,
    SafeFunction,
    ZoneMaker,
    reference_rows,
    safe_function,
)
from fgm_ref.safe.composed import OnBlocks
from fgm_ref.safe.own import adopt

PAGE = Path(__file__).parents[1] / "tutorials" / "reference.md"
HALVES = (slice(0, 2), slice(2, 4))


# Facts


@pytest.mark.parametrize("name", [*CATALOGUE, *PROMISES])
def test_every_class_declares_its_own_facts(name):
    facts = vars((CATALOGUE | PROMISES)[name])["facts"]
    assert all(facts.row(name))
    others = [row for row in reference_rows() if row[0] != f"`{name}`"]
    assert facts.row("")[1:3] not in [row[1:3] for row in others]


def test_facts_are_not_inherited():
    class Mine(Ball):
        pass

    assert Mine.facts is None and Ball.facts.formula == "‖X‖ − R"


def test_the_rows_are_those_of_the_page():
    names = [f"`{name}`" for name in [*CATALOGUE, *PROMISES]]
    rows = list(reference_rows())
    assert [row[0] for row in rows] == [*names, *ALL_FORMS]
    page = PAGE.read_text(encoding="utf-8")
    for row in rows:
        assert f"| {' | '.join(row)} |\n" in page


@pytest.mark.parametrize("name", [*CATALOGUE, "ball+tracking", "decay:cap", "grow:tracking"])
def test_who_moves_and_who_is_private(name):
    # exactly those change when time passes, or when the sites are told how the last round went
    rng = np.random.default_rng(0)
    E, g = rng.normal(size=(2, 4))
    X = rng.normal(size=(3, 4))
    told, untold, later = (safe_function(name)(E, 1.0) for _ in range(3))
    told.begin(Round(HALVES, 5, 7, g))
    later.begin(Round(HALVES, 5, 7, g))
    untold.begin(Round(HALVES))
    later.advance(3, np.array([3, 1, 2]))
    before_the_first_step = np.array_equal(told(X), untold(X))
    told.advance(1, np.ones(3, int))
    untold.advance(1, np.ones(3, int))
    assert told.private != (before_the_first_step and np.array_equal(told(X), untold(X)))
    assert told.moves == (not np.array_equal(told(X), later(X)))
    assert told.stands_still == (not told.moves and not told.private)


# The start of a round


class Listener(Ball):
    """Writes down what it is told."""

    def __init__(self, E, R):
        super().__init__(E, R)
        self.told = []

    def begin(self, round):
        self.told.append(round)

    def advance(self, t, own):
        self.told.append((t, own.tolist()))


def test_a_maker_begins_the_round():
    E, before = np.array([3.0, 4.0]), np.array([1.0, 4.0])
    make = ZoneMaker(Listener, 0.5, blocks=(slice(0, 1), slice(1, 2)))
    assert make(E).told == [Round(make.blocks)]
    (told,) = make(E, before, 4, 3).told
    assert (told.blocks, told.ended, told.steps, told.g.tolist()) == (make.blocks, 3, 4, [0.5, 0])
    (told,) = make(E, before, 0, 1).told  # no step at all, so the whole way counts as one
    assert told.steps == 1 and told.g.tolist() == [2, 0]


def test_composed_ones_pass_on_what_they_are_told_once():
    E, g = np.arange(1.0, 5), np.array([2.0, 0, 0, 4])
    round = Round(HALVES, 3, 7, g)
    for name in ("cheap", "maximum", "decay", "grow"):
        make = {"maximum": lambda E, R: Maximum(E, R, Listener, Listener)}.get(name)
        zone = make(E, 1.0) if make else safe_function(f"{name}:ball").func(E, 1.0, of=Listener)
        zone.begin(round)
        zone.advance(2, np.array([2, 1]))
        for part in zone.parts:
            told, time = part.told
            assert (told.blocks, told.ended, told.steps) == (HALVES, 3, 7)
            scale = {"decay": 2.0, "grow": 0.5}.get(name, 1.0)  # round 4, so a = 4^∓½
            np.testing.assert_allclose(told.g, scale * g)
            assert time == (2, [2, 1])


def test_blocks_are_told_of_themselves():
    E, g = np.arange(1.0, 5), np.array([2.0, 0, 0, 4])
    zone = OnBlocks(E, [Listener(E[w], 1.0) for w in HALVES], HALVES)
    zone.begin(Round(HALVES, 3, 7, g))
    assert [part.told[0].g.tolist() for part in zone.parts] == [[2, 0], [0, 4]]
    assert all(part.told[0].blocks == () for part in zone.parts)


def test_the_cheap_ball_of_layers_is_inside():
    # layers of 1 and 3 parameters: R_b = R/2 for the first, so the largest ball has that radius
    zone = safe_function("cheap:per-layer")(np.ones(4), 2.0)
    assert zone(np.eye(4)[0] * 2) == 0
    zone.begin(Round((slice(0, 1), slice(1, 4))))
    assert zone(np.eye(4)[0]) == 0 and zone.excess(np.eye(4)[:1]) == 0


# One's own


class Plain:
    """Inherits nothing, and declares what it wants to be told and believed."""

    lipschitz = 2.0
    lowest_at_zero = True
    moves = private = True

    def __init__(self, E, R):
        self.R, self.scale, self.g, self.t = R, 1.0, 0 * E, 0

    def begin(self, round):
        self.scale = 1.0 + (round.ended > 0)
        self.g = round.g if round.g is not None else self.g

    def advance(self, t, own):
        self.t = t

    def __call__(self, X):
        return self.scale * (norm(X - self.t * self.g) - self.R)

    def excess(self, X):
        return float(norm((X - self.t * self.g).mean(axis=0))) - self.R

    def reach(self, steps):
        return 17.0

    at_zero = -0.25


class Former(Ball):
    """Written when there were four hooks and one word for two claims."""

    moving = True
    centre = 0

    def divide(self, blocks):
        self.blocks = blocks

    def after(self, rounds, steps):
        self.rounds, self.steps = rounds, steps

    def expect(self, g):
        self.g = g

    def advance(self, t, own):
        self.centre = t * self.g

    def __call__(self, X):
        return norm(X - self.centre) - self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0) - self.centre)) - self.R


def test_what_a_plain_class_declares_is_used():
    zone = safe_function(f"{__name__}:Plain")(np.ones(4), 1.0)
    assert isinstance(zone, Adopted) and not zone.stands_still
    assert (zone.lipschitz, zone.lowest_at_zero, zone.eikonal) == (2.0, True, False)
    zone.begin(Round((), 1, 5, np.ones(4)))
    zone.advance(3, np.array([3]))
    assert zone(3 * np.ones((1, 4))) == -2 and zone.excess(3 * np.ones((1, 4))) == -1
    assert zone.reach(np.ones((1, 4))) == 17 and zone.at_zero == -0.25
    assert zone.perspective(0.5)(1.5 * np.ones((1, 4))) == -1


def test_the_former_hooks_still_work():
    zone = safe_function(f"{__name__}:Former")(np.ones(4), 2.0)
    assert zone.moves and zone.private and zone.R == 2
    zone.begin(Round(HALVES, 3, 7, np.ones(4)))
    assert (zone.own.blocks, zone.own.rounds, zone.own.steps) == (HALVES, 3, 7)
    zone.advance(5, np.array([5]))
    assert zone(5 * np.ones(4)) == -2


@pytest.mark.parametrize("name", ["Plain", "Former"])
def test_own_zones_that_move_go_where_the_others_go(name):
    with pytest.raises(ValueError, match="stands still"):
        build("gm-reb", np.ones(2), 2, f"{__name__}:{name}")


def test_an_own_zone_is_treated_like_a_built_in_one():
    # the tracking ball, written without the package: the same messages
    script = make_script(4, 3, 60, R=2.0)
    one, two = play(script, "fgm", f"{__name__}:Follower"), play(script, "fgm", "tracking")
    assert one.names() == two.names() and one.coordinator.round > 2


class Follower:
    moves = private = True

    def __init__(self, E, R):
        self.R, self.g, self.centre = R, 0 * E, 0 * E

    def begin(self, round):
        self.g = self.g if round.g is None else round.g

    def advance(self, t, own):
        self.centre = t * self.g

    def __call__(self, X):
        return norm(X - self.centre) - self.R

    def excess(self, X):
        return float(norm(X.mean(axis=0) - self.centre)) - self.R


def test_adopting_leaves_safe_functions_alone():
    zone = Ball(np.ones(2), 1.0)
    assert adopt(zone, zone.E, 1.0) is zone
    assert isinstance(zone, SafeFunction)


class Steep(Plain):
    """Learns when a round starts how steep it is."""

    lipschitz = 1.0
    moves = private = False

    def begin(self, round):
        self.scale = self.lipschitz = 1.0 + len(round.blocks)

    def advance(self, t, own):
        raise AssertionError("it does not move")

    @property
    def at_zero(self):
        return -self.scale * self.R


def test_claims_are_read_again_when_a_round_starts():
    # φ = ‖X‖ − 1, and with two layers 3‖X‖ − 3: the cheap ball, ‖X‖ + φ(0) by slope, must not grow with it
    make = safe_function(f"{__name__}:Steep")
    zone = make(np.ones(4), 1.0)
    assert zone.lipschitz == 1.0
    zone.begin(Round(HALVES))
    assert zone.lipschitz == 3.0
    zone.begin(Round())
    assert zone.lipschitz == 1.0
    cheap = safe_function(f"cheap:{__name__}:Steep")(np.ones(4), 1.0)
    cheap.begin(Round(HALVES))
    assert cheap(np.eye(4)[0]) == 0 and make(np.ones(4), 1.0)(np.eye(4)[0]) == 0
