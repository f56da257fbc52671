"""SCAFFOLD: periodic averaging in which each site corrects its gradient for what is peculiar to its own data.

c_i is what the gradients of site i were like in its last round, and c is the mean of all c_i.  A site steps along
g − c_i + c: its own habit goes out, everybody's comes in.  So sites with skewed data do not drift apart by habit.  When
a round of b steps ends,

    c_i⁺ = c_i − c + (E − w_i)/Σ η,     over the site's own steps in the round
    c ← c + (1/k) Σ (c_i⁺ − c_i)

A site without steps keeps its c_i.  Each site ships the change of c_i besides its model, and gets c besides the new
one: twice the bytes.  (A codec leaves these alone.)

Source: Karimireddy et al. 2020, "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", option II.
(E − w_i)/Σ η is the mean of the corrected gradients if the sites train by SGD and clip nothing.  With momentum or Adam
it is a heuristic, and with Adam a poor one: its steps are about η long whatever the gradient is, so the c_i are of
another size than the gradients that they are to correct.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import periodic
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.transport.messages import STEER, VARIATE, Kind, Message
from fgm_ref.transport.network import Network


class Sites(periodic.Sites):
    """Step along g − c_i + c."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.rate = setup.rate
        self.c = np.zeros_like(setup.E)  # (D,)
        self.own = np.zeros_like(self.models)  # c_i, (k, D)
        self.rates = np.zeros((self.k, 1), self.models.dtype)  # Σ η of this round

    def start_round(self, E: Array) -> None:
        """Nobody has made a step yet."""
        self.E = E
        self.rates[:] = 0

    def moved(self, active: Array) -> None:
        """One more step at the active sites."""
        self.rates[active] += self.rate(self.time)

    def reply(self, kind: Kind, sites: Array) -> Array:
        """c_i⁺ − c_i."""
        if kind is not VARIATE:
            return super().reply(kind, sites)
        trained = np.flatnonzero(self.rates)
        before = self.own.copy()
        self.own[trained] -= self.c
        self.own[trained] += (self.E - self.models[trained]) / self.rates[trained]
        return np.asarray((self.own - before)[sites])

    def receive(self, message: Message, sites: Array) -> None:
        """c: from here every gradient is corrected."""
        super().receive(message, sites)
        if message.kind is STEER:
            self.c = message.payload
            self.learners.shift = self.c - self.own


class Coordinator(periodic.Coordinator):
    """Keep c, the mean of all c_i."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.c = np.zeros_like(setup.E)

    def settle(self) -> None:
        """c comes before the model that starts the round."""
        if self.models:
            self.c = self.c + self.network.poll(VARIATE).mean(axis=0)
            self.network.broadcast(STEER, self.c)
        super().settle()


PROTOCOL = Protocol(
    "scaffold",
    "average every b steps, gradients corrected for each site's habit",
    Sites,
    Coordinator,
    options={"b": 10},
    look=Look("blue", (0, (3, 1, 1, 1)), "$S$"),
    reference=Reference(
        source="Karimireddy et al. 2020",
        event="every b steps: k LOCAL, k POLL, k VARIATE, k STEER, k MODEL",
        bytes="16kD",
        held_by="test_scaffold.py::test_by_hand",
    ),
    watches="nothing",
    exact=True,
    needs_everybody=True,
    in_step=True,
)
