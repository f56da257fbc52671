"""FGM with a moving centre: before the slack is divided anew, the zone is put where the sites are.

FGM's subrounds end with a poll of φ(X_i).  Here the sites answer with r more numbers, their place along the last r
global steps, which all of them know.  The coordinator returns, with the quantum, where their mean is, and the next
subround counts from there (`centred.py` has the algebra):

    ψ := Σ φ(X_i) − k ‖δ‖²,     δ = (1/k) Σ U(X_i − c),     c := c + Uᵀδ.

So what all sites did together, along U, uses up no slack.  The round ends when that of the *best* centre is used up:
with r = 1 by the test of FDA's linear monitor, which sends 8 bytes per site and *step*, at 3r + 4 words per site and
subround.  FGM's argument is untouched, for within a subround φ is convex and stands still; and the spread is
bounded by R² for every common centre, good or bad.

Of the safe function that is asked for, only the radius R is used.
"""

from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import fgm
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.protocols.spread import VARIANCE
from fgm_ref.safe.centred import Centred, orthonormal
from fgm_ref.text import positive
from fgm_ref.transport.messages import CENTRE, MONITOR, Cause, Kind, Message
from fgm_ref.transport.network import Network


def centred(setup: Setup) -> Setup:
    """The same setup with this protocol's own safe function."""
    return replace(setup, make_zone=replace(setup.make_zone, safe=Centred))


class Sites(fgm.Sites):
    """As in FGM, with a zone whose centre moves."""

    zone: Centred

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, centred(setup))
        self.r = positive("directions", setup.options["directions"])
        self.steps: list[Array] = []  # E_n − E_{n−1}, the newest first

    def start_round(self, E: Array) -> None:
        """U from the last r global steps; none in the first round, when this is FGM with the variance."""
        before = self.E
        super().start_round(E)
        if before is not None:
            self.steps = [E - before, *self.steps][: self.r]
            self.zone.U = orthonormal(self.steps)

    def reply(self, kind: Kind, sites: Array) -> Array:
        """φ(X_i) and U(X_i − c), 1 + r words."""
        if kind is MONITOR:
            places = self.zone.coordinates(self.drifts(sites))
            return np.hstack([self.values[sites, None], places])
        return super().reply(kind, sites)

    def receive(self, message: Message, sites: Array) -> None:
        """A new quantum and a new centre start a subround."""
        super().receive(message, sites)
        if message.kind is CENTRE:
            theta, delta = message.payload
            self.zone.shift(delta)
            self.moved(slice(None))
            self.start_subround(theta)


class Coordinator(fgm.Coordinator):
    """As in FGM, with the slack of the best centre."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, centred(setup))

    def measure(self, cause: Cause) -> None:
        """ψ := Σ φ(X_i) − k ‖δ‖², where δ is the sites' mean place."""
        replies = self.network.poll(MONITOR, cause=cause)
        self.delta = replies[:, 1:].mean(axis=0, dtype=float)
        phi = float(replies[:, 0].sum(dtype=float))
        self.psi = phi - self.k * float(self.delta @ self.delta) + self.rounding(phi)

    def rounding(self, phi: float) -> float:
        """By how much a difference of two sums of squares may be too small, if both are much larger than R²."""
        D = len(self.E)
        precision = float(np.finfo(self.E.dtype).eps)
        return float(4 * precision * D**0.5 * (phi - self.full))  # Σ ‖X_i − c‖² = Σ φ(X_i) + kR²

    def announce(self, theta: float) -> None:
        """The new quantum, and the shift δ of the centre."""
        delta = self.delta.astype(self.E.dtype)
        self.network.broadcast(CENTRE, (theta, delta), ("ψ", self.slack))


PROTOCOL = Protocol(
    "fgm-centre",
    "FGM for the variance, around a centre that moves",
    Sites,
    Coordinator,
    guarantee=VARIANCE,
    options={"epsilon": 0.01, "directions": 4},
    look=Look("green", (0, (3, 1, 1, 1)), "8"),
    reference=Reference(
        source="this project",
        event="round end: k POLL, k MONITOR, k POLL, k DRIFT, k MODEL",
        bytes="4k + 8kD",
        held_by="test_protocol_fgm_centre.py::test_spread_at_rest",
    ),
    watches="radius",
    exact=True,
    needs_everybody=True,
)
