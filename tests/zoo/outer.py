"""Mistakes in outer steps, rates and radii: what the server makes of the mean drift, and what time does to a zone."""

from math import ceil

from fgm_ref.protocols.server import Momentum

from .registry import mutant


@mutant(
    "z165",
    "the server steps by d where the rule says m",
    "protocols.server:Momentum.direction",
    "test_server.py::test_momentum",
)
def direction(self, d):
    """The momentum is kept up to date, and the line after it takes the variable that is at hand.  One was published.

    It is averaging, with a momentum that nobody uses: the option can be tuned for ever and changes nothing.
    """
    self.m = self.beta * self.m + d
    return d


@mutant(
    "z166",
    "the server damps d by 1 − β",
    "protocols.server:Momentum.direction",
    "test_server.py::test_nesterov",
)
def damped(self, d):
    """Adam has (1 − β)d, and one line of code may serve both rules.  One was published.

    With β = 0.9 an outer step is a tenth of what it should be, and one puts it down to the outer rate.
    """
    self.m = self.beta * self.m + (1 - self.beta) * d
    return self.m


@mutant(
    "z167",
    "the memory of the server ends with the round",
    "protocols.base:Coordinator.start_round",
    "test_server.py::test_the_next_model_is_made_by_the_rule[gm]",
)
def start_round(self, E):
    """A round starts afresh: all drifts are 0, all counters too, so everything is made anew.

    What the last rounds had in common is all that an outer step is about.
    """
    self.E = E
    if isinstance(self.server, Momentum):
        self.server.m = 0.0


PACED = "safe.paced:Paced"


@mutant(
    "z168",
    "the radius follows the clock of the round",
    f"{PACED}.advance",
    "test_paced.py::test_the_region_has_the_radius_of_the_time[fgm]",
)
def advance(self, t, own):
    """A zone is told how many steps the round has had, and that is a time.

    Every round begins with the radius of the first step, when the rate is long down: the sites fall silent after all.
    """
    self.before = self.a
    self.scale(self.pace(t))


@mutant(
    "z169",
    "the radius ends with the rate",
    "safe.paced:_following",
    "test_paced.py::test_the_floor",
)
def following(factor, power, floor):
    """In proportion is in proportion, and the rate is never quite 0.

    In the last steps everybody is synchronised all the time, for drifts that are no larger than rounding.
    """
    return lambda t: factor(t) ** power


@mutant(
    "z170",
    "the observer forgets that the zone has shrunk",
    f"{PACED}.way",
    "test_paced.py::test_known_values",
)
def way(self, before, now):
    """The steps of the sites are what changes where S is, so they bound by how much it can be outside.

    The boundary has come nearer as well.  The observer cries wolf where nobody has moved.
    """
    return now - before


@mutant(
    "z171",
    "the schedule is one step ahead",
    "learning.rates:Schedule.__call__",
    "test_rates.py::test_by_hand",
)
def factor(self, t):
    """Steps count from 1, and t/N is the share of the run that will be over after the step.

    No step has the rate that was asked for, and under a cosine the last one has none at all.
    """
    s = t / self.steps
    value = self.shape.factor(s, **self.options)
    for drop, share in self.drops:
        value *= drop if share <= s else 1
    return value * min(1.0, t / max(1, ceil(self.warmup * self.steps)))
