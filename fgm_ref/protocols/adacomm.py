"""AdaComm: long periods while the loss is high, short ones when it is low.

    τ = ⌈√(F/F₀) τ₀⌉,    or half of the last τ where that would not be shorter

F is the training loss since it was last asked for.  The sites are asked in the first synchronisation, which gives F₀,
and then in the first one after every so many steps.  They answer with a number each, and are told the new τ; both are
billed.

Source: Wang & Joshi 2019, "Adaptive Communication Strategies to Achieve the Best Error-Runtime Trade-off in
Local-Update SGD".  There time is cut into intervals by the clock on the wall, here by steps; and F₀ is the loss of the
very first model, here that of the first round.  Both formulas are from memory of the paper, whose abstract says as much
as that periods start long and become short.
"""

from math import ceil, sqrt
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import periodic
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import positive
from fgm_ref.transport.messages import LOSS, PERIOD, Kind, Message
from fgm_ref.transport.network import Network


class Sites(periodic.ChangingSites):
    """Add up the losses; take the period that comes."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.forget()

    def forget(self) -> None:
        """From here the losses count."""
        self.total = np.zeros(self.k)
        self.steps = np.zeros(self.k)

    def moved(self, active: Any) -> None:
        """The loss of each mini-batch, before it was learnt from."""
        self.total[active] += self.learners.losses[active]
        self.steps[active] += 1

    def reply(self, kind: Kind, sites: Array) -> Array:
        """F_i; NaN of a site that has not trained."""
        if kind is not LOSS:
            return super().reply(kind, sites)
        with np.errstate(invalid="ignore"):
            losses = self.total / self.steps
        self.forget()
        return losses.astype(self.models.dtype)[sites]

    def receive(self, message: Message, sites: Array) -> None:
        """τ, besides what all take."""
        super().receive(message, sites)
        if message.kind is PERIOD:
            self.b = message.payload


class Coordinator(periodic.Coordinator):
    """Ask for the loss when an interval is over, and set the period."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.first = self.period = setup.options["b"]
        self.every = positive("every", setup.options["every"])
        self.time = self.due = 0
        self.F0 = 0.0

    def settle(self) -> None:
        """The new period comes before the model that starts it."""
        self.time += 1
        if self.models and self.time >= self.due:
            self.due = self.time + self.every
            self.measure()
        super().settle()

    def measure(self) -> None:
        """F is the mean over the sites that have trained."""
        losses = self.network.poll(LOSS)
        trained = losses[~np.isnan(losses)]
        if not trained.size:
            return
        F = float(trained.mean())
        if self.F0:
            self.change(shorter(F / self.F0, self.first, self.period))
        else:
            self.F0 = F

    def change(self, period: int) -> None:
        """Tell all, if it is news."""
        if period != self.period:
            self.period = period
            self.network.broadcast(PERIOD, period, ("τ", period))

    def stand_in(self, kind: Kind) -> Any:
        """Who is gone has no loss."""
        return np.nan if kind is LOSS else super().stand_in(kind)


def shorter(ratio: float, first: int, last: int) -> int:
    """The next period, for F/F₀, the first period and the last one.

    >>> shorter(0.25, 10, 10), shorter(0.25, 10, 5)
    (5, 2)
    """
    period = ceil(sqrt(max(ratio, 0.0)) * first)
    return max(1, period if period < last else last // 2)


PROTOCOL = Protocol(
    "adacomm",
    "average every τ steps, τ by the square root of the loss",
    Sites,
    Coordinator,
    options={"b": 10, "every": 50},
    look=Look("blue", ":", "$A$"),
    reference=Reference(
        source="Wang & Joshi 2019",
        event="k LOCAL, k MODEL (now and then k POLL, k LOSS, k PERIOD)",
        bytes="8kD (+ 8k)",
        held_by="test_periods.py::test_adacomm",
    ),
    watches="nothing",
    exact=True,
    in_step=True,
)
