"""Mistakes in safe functions: zones that are not what they claim to be."""

import numpy as np

from fgm_ref.arrays import norm, squared_norm

from .registry import mutant


@mutant(
    "z18",
    "the sign is flipped: safe means φ ≥ 0",
    "safe.zones:Ball.__call__",
    "test_safe.py::test_slack_at_zero[ball]",
)
def ball(self, X):
    """Some papers write the concave ζ = −φ, and formulas are copied one by one from both kinds of paper.

    A site at rest is in alarm, one that runs away is content.
    """
    return self.R - norm(X)


@mutant(
    "z49",
    "the reference is subtracted twice: ‖X − E‖ − R",
    "safe.zones:Ball.__call__",
    "test_safe.py::test_slack_at_zero[ball]",
)
def ball_around_the_model(self, X):
    """The paper writes ‖w − E‖, the argument is called w in one place and X in another.

    X is w − E already.  Any model longer than R violates in every step, so everybody synchronises all the time.
    """
    return norm(X - self.E) - self.R


@mutant(
    "z50",
    "‖X‖² is compared with R, not with R²",
    "safe.zones:Variance.__call__",
    "test_safe.py::test_zone_inside_admissible_region[variance]",
)
def variance(self, X):
    """A threshold is a threshold; whether of a length or of its square is written in another file.

    For R < 1 the zone is larger than the region.  Nothing fails, and the guarantee is void.
    """
    return squared_norm(X) - self.R


@mutant(
    "z51",
    "the region itself is used as the zone, although it is not convex",
    "safe.zones:Cap.__call__",
    "test_safe.py::test_convex[cap]",
)
def outside_of_a_ball(self, X):
    """‖S‖ ≥ ‖E‖ − R is what is wanted, so why not monitor just that?

    It is the outside of a ball.  Two sites can be safe on opposite sides of it, and their mean in the middle.
    """
    return (self.length - self.R) - norm(X + self.E)


@mutant(
    "z52",
    "the cap has lost its upper bound",
    "safe.zones:Cap.__call__",
    "test_safe.py::test_zone_inside_admissible_region[cap]",
)
def half_of_the_cap(self, X):
    """max{a, b} is written as a, since in all examples a model shrinks before it grows.

    φ is convex, φ(0) < 0, every picture looks right; but the global model may grow without end.
    """
    return -self.R - X @ self.direction


@mutant(
    "z53",
    "the names of two zones are swapped",
    "safe:safe_function",
    "test_safe.py::test_relative_and_absolute_thresholds",
)
def safe_function(original, text):
    """One protocol is compiled with the ball, the other one with the cap, and the table says "cap" for both.

    The two tolerate different things, so the comparison compares the zones and not the protocols.
    """
    return original({"ball": "cap", "cap": "ball"}.get(text, text))


@mutant(
    "z54",
    "a relative threshold keeps the radius of the first round",
    "safe.maker:ZoneMaker.radius",
    "test_safe.py::test_relative_and_absolute_thresholds",
)
def radius(original, self, E):
    """R = T·‖E‖ is computed when the run is set up, together with all other constants.

    As the models grow, the same T means less and less, and nobody can say what was compared.
    """
    if "first" not in self.__dict__:
        object.__setattr__(self, "first", original(self, E))
    return self.first


@mutant(
    "z69",
    "every layer gets the whole radius",
    "safe.shaped:PerLayer.begin",
    "test_shaped.py::test_layers_are_inside_the_ball",
)
def begin_with_layers(self, round):
    """One threshold per layer, each the same as before: max_b ‖X_b‖ ≤ R.

    All layers together may then go √(number of layers) times as far, and the table says "equal radius".
    """
    self.blocks = [(block, 1.0) for block in round.blocks or (slice(0, len(self.E)),)]


@mutant(
    "z70",
    "the history metric is normalised to its smallest weight, turned round",
    "safe.shaped:HistoryMetric.begin",
    "test_shaped.py::test_history_metric_gives_room_where_there_was_movement",
)
def begin_with_history(self, round):
    """s ∝ 1/|g| is what the formula wants; the weights are then divided by the largest, so that none exceeds 1.

    Few coordinates hardly moved, and they set the scale: for all others φ is next to nothing, and nobody ever speaks.
    """
    if round.g is not None and round.g.any():
        weights = 1 / (abs(round.g) + 1e-8)
        self.s = (weights / weights.max()).astype(self.E.dtype)


@mutant(
    "z71",
    "a radius is scaled by X·a instead of X/a",
    "safe.composed:Decaying.__call__",
    "test_shaped.py::test_radii_round_by_round",
)
def scaled(self, X):
    """The radius becomes a times as long, so a is multiplied; but what it is multiplied with is the drift.

    The radius that should shrink from round to round grows.
    """
    return self.full(X * self.a)


@mutant(
    "z72",
    "the damped prediction falls back again",
    "safe.tracking:Tracking.advance",
    "test_tracking.py::test_guarantee[gm-tracking-damped]",
)
def advance(original, self, t, own):
    """Damping is what t·exp(−t/T) does as well: as fast at first, slower later; and then it comes back to 0.

    Excess and zone speak of another centre than the page does; only somebody who keeps the books himself notices.
    """
    original(self, t, own)
    if self.damped:
        centre = t * np.exp(-t / self.last)
        self.centre = centre * self.g
        self.tick, self.clock = self.tick + centre - self.clock, centre


@mutant(
    "z108",
    "the overshoot's bound is the sum of the steps, not their mean",
    "safe.function:SafeFunction.reach",
    "test_safe.py::test_reach_is_attained",
)
def reach(self, steps):
    """S moves by the mean step; that the steps have to be divided by k is forgotten, as so often.

    The observer grants every protocol k times as much as it may have; nothing fails, for nothing is checked.
    """
    return float(norm(steps.sum(axis=0)))


@mutant(
    "z109",
    "a moving centre is allowed all of its way in every step",
    "safe.tracking:Tracking.advance",
    "test_tracking.py::test_known_values",
)
def advance_all(original, self, t, own):
    """`tick` is how far the centre went since it was last looked at; the clock is at hand, and it starts at 0 too.

    The bound of the overshoot grows with the round, until it holds for everything.
    """
    original(self, t, own)
    self.tick = self.clock


@mutant(
    "z110",
    "with own steps every site follows the mean of the step counts",
    "safe.tracking:Tracking.advance",
    "test_tracking.py::test_own_steps_leave_idle_sites_alone[tracking-own]",
)
def advance_together(original, self, t, own):
    """The region speaks of mean(n)·g, and so the zone is centred there.

    It is still safe, which is why nobody notices: but fast sites are ahead of it, slow ones behind, and all call out.
    """
    original(self, t, np.full(own.shape, own.mean()))


@mutant(
    "z111",
    "every layer gets the same share of R²",
    "safe.shaped:PerLayer.begin",
    "test_shaped.py::test_excess_is_that_of_the_specification[per-layer]",
)
def equal_layers(original, self, round):
    """n layers, so R²/n for each.  The zone lies in the ball, as it should, and the guarantee holds.

    But a bias of eight numbers may go as far as a matrix of a thousand: it is not the zone that was asked for.
    """
    original(self, round)
    weight = len(self.blocks) ** 0.5
    self.blocks = [(block, weight) for block, _ in self.blocks]
    self.lipschitz = weight


@mutant(
    "z112",
    "only the first of several conditions is told how late it is",
    "safe.composed:Composite.advance",
    "test_zones.py::test_every_part_is_told_the_time",
)
def advance_the_first(self, t, own):
    """In all examples one condition moves and the other one stands, and it is written first.

    In `ball+tracking` the second centre never leaves the reference: two balls around the same place.
    """
    self.parts[0].advance(t, own)


@mutant(
    "z113",
    "an adopted zone claims for ever what it claimed when it was made",
    "safe.own:Adopted.begin",
    "test_safe_facts.py::test_claims_are_read_again_when_a_round_starts",
)
def begin_adopted(original, self, round):
    """Attributes are copied in `__init__`, which is where attributes belong.

    A zone that learns of its layers becomes steeper in `begin`; who trusts the old claim builds a cheap ball that
    is too large.
    """
    self._claim = lambda: None
    original(self, round)


@mutant(
    "z114",
    "the observer of the cap looks at its upper bound only",
    "safe.zones:Cap.excess",
    "test_safe.py::test_excess_is_the_written_region[cap]",
)
def upper_excess(self, X):
    """|‖S‖ − ‖E‖| − R without the bars: a shell has an outside, and the outside is out.

    A model that shrinks to nothing passes every check, for whoever should notice has the same blind spot.
    """
    return float(norm(self.E + X.mean(axis=0))) - self.length - self.R


@mutant(
    "z115",
    "a maximum claims a slope although one of its parts claims none",
    "safe.composed:Maximum.steepest",
    "test_zones.py::test_maximum",
)
def steepest(self):
    """The parts that say nothing are left out of the maximum, as missing numbers are everywhere.

    `ball+variance` then passes for 1-Lipschitz, and FGM/O takes a cheap ball that sticks out of the zone.
    """
    claims = [part.lipschitz for part in self.parts if part.lipschitz is not None]
    return max(claims) if claims else None
