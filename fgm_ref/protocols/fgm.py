"""Functional geometric monitoring: the sites count how fast Σ φ(X_i) uses up the slack.

Source: Samoladas & Garofalakis 2019, "Functional Geometric Monitoring for Distributed Streams", section 4.
A *round* starts when E is shipped.  It is cut into *subrounds*, each with a *quantum* θ: a site speaks only
when its φ has risen by another quantum, in one integer.  More than k quanta end the subround: the true
φ values are polled, and what is left of the slack ψ is divided anew.

Why 2k: when a subround starts, ψ = Σ z_i with z_i = φ(X_i).  Once all sites have had their turn, site i is less than
one quantum above what it has reported, φ(X_i) < z_i + θ(c_i + 1).  So while the coordinator has counted
c = Σ c_i ≤ k quanta,   Σ φ(X_i) < ψ + θ(c + k) ≤ ψ + 2kθ = 0.
"""

from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference
from fgm_ref.protocols.setup import Setup
from fgm_ref.text import fraction
from fgm_ref.transport.messages import DRIFT, INCREMENT, PHI, QUANTUM, Cause, Kind, Message
from fgm_ref.transport.network import Network


class Sites(base.MonitoringSites):
    """Count the quanta by which φ(X_i) has risen since the subround started."""

    def start_round(self, E: Array) -> None:
        """The first quantum of a round needs no message: ψ = k φ(0), so θ = −ψ/(2k) = −φ(0)/2."""
        super().start_round(E)
        self.start_subround(-self.at_zero / 2)

    def start_subround(self, theta: float) -> None:
        """z_i := φ(X_i), c_i := 0: the quanta that each site has reported in this subround."""
        self.theta = theta
        self.z = self.values.copy()
        self.c = np.zeros(self.k, np.int64)

    def receive(self, message: Message, sites: Array) -> None:
        """A new quantum starts a subround."""
        super().receive(message, sites)
        if message.kind is QUANTUM:
            self.start_subround(message.payload)

    def quanta(self, sites: Any = slice(None)) -> Array:
        """n_i = ⌊(φ(X_i) − z_i)/θ⌋ of `sites`.  More than k + 1 or less than 0 need not be told apart."""
        n = np.floor((self.values[sites] - self.z[sites]) / self.theta)
        return np.asarray(np.clip(n, -1, self.in_all + 1), np.int64)

    def alarms(self) -> Array:
        """The sites with new quanta."""
        return np.flatnonzero(self.quanta() > self.c)

    def report(self, site: int) -> Message | None:
        """The increment n_i − c_i, where c_i is the running maximum of n_i."""
        increment = int(self.quanta(site) - self.c[site])
        if increment <= 0:
            return None
        self.c[site] += increment
        return Message(INCREMENT, increment, self.tag, ("φ(X)", float(self.values[site])))


class Coordinator(base.Coordinator):
    """Count quanta; divide the slack anew after each subround; end the round when it is used up."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.epsilon = fraction("epsilon", setup.options["epsilon"])

    def start_round(self, E: Array) -> None:
        """ψ := k φ(0), c := 0."""
        super().start_round(E)
        self.phi = self.make_zone(E)
        self.psi = self.k * self.phi.at_zero
        self.full = self.psi  # the slack of a fresh round
        self.c = 0  # quanta counted in this subround
        self.subrounds += 1

    def receive(self, site: int, message: Message) -> None:
        """c := c + increment; c > k ends the subround."""
        if message.tag != self.tag:
            self.dropped += 1
            return
        self.c += message.payload
        if self.c > self.k:
            self.end_subround()

    def end_subround(self) -> None:
        """Measure the slack; go on while more than a share ε of it is left (both sides are negative)."""
        self.measure(("c", self.c))
        if self.slack < self.epsilon * self.full:
            self.start_subround()
        else:
            self.end_round(("ψ", self.psi))

    def measure(self, cause: Cause) -> None:
        """ψ := Σ φ(X_i), of all sites."""
        values = self.network.poll(PHI, cause=cause)
        self.psi = float(values.sum(dtype=float))

    def stand_in(self, kind: Kind) -> Any:
        """As ever; and where a site stands still, φ is φ(0)."""
        return self.phi.at_zero if kind is PHI else super().stand_in(kind)

    @property
    def slack(self) -> float:
        """What may still be used up: ψ, which is negative.  (Rebalancing adds to it, in `fgm_reb.py`.)"""
        return self.psi

    def start_subround(self) -> None:
        """θ := −ψ/(2k), c := 0."""
        self.subround += 1
        self.subrounds += 1
        self.c = 0
        self.announce(-self.slack / (2 * self.k))

    def announce(self, theta: float) -> None:
        """Tell every site the new quantum."""
        self.network.broadcast(QUANTUM, theta, ("ψ", self.slack))

    def end_round(self, cause: Cause) -> None:
        """S = E + (1/k) Σ X_i is published."""
        drifts = self.network.poll(DRIFT, cause=cause)
        self.publish(self.E + self.average(drifts), cause)


PROTOCOL = Protocol(
    "fgm",
    "functional geometric monitoring",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"epsilon": 0.01},
    look=Look("green", "-", "P"),
    reference=Reference(
        source="Samoladas & Garofalakis 2019",
        event="round end: k POLL, k PHI, k POLL, k DRIFT, k MODEL",
        bytes="4k + 8kD",
        held_by="test_protocol_fgm.py::test_no_silent_breach",
    ),
    exact=True,
    bears_absence=True,
    replays=True,
)
