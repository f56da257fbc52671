"""FGM with projection rebalancing: the sites agree on m block means of their drifts, not on whole drifts.

Source: the FGM authors' public stream simulator, whose heuristic this follows.  P X are the means of m
contiguous blocks of the drift X.  When the slack is used up, the sites send P X_i (m words), the coordinator
returns their mean p, and each site shifts its drift, block by block, so that P X_i = p.  The shifts sum to
zero, so the global model stays where it is, while drifts that cancelled within blocks are gone.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import fgm
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import fraction, positive
from fgm_ref.transport.messages import NO_CAUSE, PROJECTED, PROJECTION, Cause, Kind, Message
from fgm_ref.transport.network import Network


class Sites(fgm.Sites):
    """As in FGM, and able to project."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        D = self.models.shape[1]
        m = min(positive("m", setup.options["m"]), D)
        self.starts = np.linspace(0, D, m, endpoint=False).astype(int)
        self.lengths = np.diff(self.starts, append=D)

    def project(self, X: Array) -> Array:
        """P X: drifts (a, D) -> block means (a, m)."""
        return np.asarray(np.add.reduceat(X, self.starts, axis=1) / self.lengths.astype(X.dtype))

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer with the block means as well."""
        return (
            self.project(self.drifts(sites)) if kind is PROJECTION else super().reply(kind, sites)
        )

    def receive(self, message: Message, sites: Array) -> None:
        """w_i := w_i + lift(p − P X_i), where lift gives every number of a block the block's value."""
        super().receive(message, sites)
        if message.kind is PROJECTED:
            shift = message.payload - self.project(self.drifts(sites))
            self.models[sites] += np.repeat(shift, self.lengths, axis=1)
            self.moved(sites)


class Coordinator(fgm.Coordinator):
    """As in FGM, but a round that is used up goes on if projecting brings a share `least` of the slack back."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.least = fraction("least", setup.options["least"])

    def end_round(self, cause: Cause) -> None:
        """Project, look at ψ = Σ φ(X_i) again, and go on or end the round."""
        mean = self.network.poll(PROJECTION, cause=cause).mean(axis=0)
        self.network.broadcast(PROJECTED, mean, cause)
        self.measure(NO_CAUSE)
        if self.psi <= self.least * self.full:
            self.rebalances += 1
            self.start_subround()
        else:
            super().end_round(cause)


PROTOCOL = Protocol(
    "fgm-projection",
    "FGM, rebalancing of block means",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"epsilon": 0.01, "m": 32, "least": 0.05},
    look=Look("green", "-.", "p"),
    reference=Reference(
        source="after the FGM authors' simulator",
        event="rebalance: k POLL, k PHI, k POLL, k PROJECTION, k PROJECTED, k POLL, k PHI, k QUANTUM",
        bytes="12k + 8km",
        held_by="test_protocol_fgm_rebalancers.py::test_projection",
    ),
    exact=True,
    needs_everybody=True,
    replays=True,
)
