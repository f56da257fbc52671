"""Centralised training: the sites ship their raw samples, and one hub learns from the union.

The reference in loss: in a lockstep step the hub's mini-batch is the union of the k mini-batches that the
other protocols would train on.

With another server than the mean the hub takes the outer step as well, after every b of its own steps: the control for
what an outer step brings without any distribution.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import positive
from fgm_ref.transport.messages import SAMPLES, Message
from fgm_ref.transport.network import Network


class Sites(base.Sites):
    """Hand every mini-batch on instead of training on it."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.batches: dict[int, tuple[Array, Array]] = {}

    def step(self, active: Any, x: Array, y: Array) -> None:
        """Keep the mini-batches until the site has its turn."""
        self.time += 1
        sites = np.arange(self.k)[active]
        self.batches = {site: (x[n], y[n]) for n, site in enumerate(sites)}

    def alarms(self) -> Array:
        """Whoever has a mini-batch."""
        return np.array(list(self.batches))

    def report(self, site: int) -> Message:
        """The mini-batch: inputs (B, T, D) or (B, T), and targets."""
        batch = self.batches.pop(site)
        return Message(SAMPLES, batch, cause=("samples", len(batch[1])))


class Coordinator(base.Coordinator):
    """The hub: one learner, trained on what has arrived in this step."""

    synchronises = False

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.hub = setup.make_hub()
        self.b = positive("b", setup.options["b"])
        self.steps = 0
        self.batches: dict[int, tuple[Array, Array]] = {}

    def start(self) -> None:
        """Nobody needs the initial model but the hub, which has it."""
        self.round = 1

    def receive(self, site: int, message: Message) -> None:
        """Collect."""
        self.batches[site] = message.payload

    def settle(self) -> None:
        """Train on the union of the mini-batches, in the order of the sites; take the outer step when it is due."""
        assert self.hub is not None
        if self.batches:
            batches = [self.batches[i] for i in sorted(self.batches)]
            x = np.concatenate([x for x, _ in batches])
            y = np.concatenate([y for _, y in batches])
            self.hub.train(slice(None), x[None], y[None])
            self.steps += 1
            if self.steps % self.b == 0:
                self.E = self.server(self.E, self.hub.P[0].copy())
                self.hub.P[0] = self.E
        self.batches = {}


PROTOCOL = Protocol(
    "central",
    "one hub learns from all raw samples",
    Sites,
    Coordinator,
    options={"b": 1},
    look=Look("grey", "-.", "s"),
    reference=Reference(
        event="1 SAMPLES per site that trains",
        bytes="4 per input and target",
        held_by="test_protocol_periodic.py::test_central_leaves_the_sites_alone",
    ),
    watches="nothing",
    exact=True,
)
