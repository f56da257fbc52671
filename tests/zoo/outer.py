"""Mistakes in outer steps: what the server makes of the mean drift."""

from fgm_ref.protocols.server import Momentum

from .registry import mutant


@mutant(
    "z159",
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
    "z160",
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
    "z161",
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
