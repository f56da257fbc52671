"""Periodic averaging σ_b: every b steps all models go up and their mean comes down.

Source: the static protocol that Kamp et al. (2014, "Communication-Efficient Distributed Online Prediction
by Dynamic Model Synchronization") compare with; also known as local SGD.  It is FedAvg only where all sites have
equally many samples: FedAvg weighs the models by them (`fedavg.py`).

Periods that change are in files of their own: `qsr.py`, `post_local.py`, `adacomm.py`.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.base import NOBODY, mean_over
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import positive
from fgm_ref.transport.messages import LOCAL, Message
from fgm_ref.transport.network import Network


class Sites(base.Sites):
    """Send the model in every b-th step, moved or not."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.b = positive("b", setup.options["b"])

    def alarms(self) -> Array:
        """Everybody, in every b-th step."""
        return NOBODY if self.time % self.b else np.arange(self.k)

    def report(self, site: int) -> Message:
        """w_i."""
        return Message(LOCAL, self.models[site], self.tag, ("step", self.time))


class ChangingSites(Sites):
    """Send the model when the period is over; how long it is to be is decided when a round starts."""

    def start_round(self, E: Array) -> None:
        """The next period begins."""
        self.due = self.time + self.period()

    def period(self) -> int:
        """The steps of the round that starts now."""
        return self.b

    def alarms(self) -> Array:
        """Everybody, when it is time, and until it has been of use."""
        return NOBODY if self.time < self.due else np.arange(self.k)


class Coordinator(base.Coordinator):
    """Average the models of a b-th step, publish."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.models: dict[int, Array] = {}

    def receive(self, site: int, message: Message) -> None:
        """Collect w_i."""
        self.models[site] = message.payload

    def settle(self) -> None:
        """S = (1/k) Σ w_i is published."""
        if self.models:  # all k of them, unless the network loses some
            self.publish(self.mean(), ("models", len(self.models)))
            self.models = {}

    def mean(self) -> Array:
        """S, of the models that have come."""
        return mean_over(self.models)


PROTOCOL = Protocol(
    "periodic",
    "average all models every b steps",
    Sites,
    Coordinator,
    options={"b": 10},
    look=Look("blue", "-", "o"),
    reference=Reference(
        source="Kamp et al. 2014 (static)",
        event="every b steps: k LOCAL, k MODEL",
        bytes="8kD",
        held_by="test_protocol_periodic.py::test_every_b_steps",
    ),
    watches="nothing",
    exact=True,
    in_step=True,
)
