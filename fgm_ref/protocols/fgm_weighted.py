"""Functional geometric monitoring of the mean weighted by samples: each site counts quanta of its own φ_i = k p_i φ.

Σ φ_i(0) = k φ(0), as ever.  So the first quantum θ = −φ(0)/2 is the same at all sites, and not −φ_i(0)/2.  A site must
know its weight: it is told how many samples a site has on average.
"""

from typing import Any

from fgm_ref.arrays import Array
from fgm_ref.protocols import fgm, weights
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference
from fgm_ref.transport.messages import SHARE, Message


class Sites(weights.MonitoringSites, fgm.Sites):
    """Count the quanta by which φ_i(X_i) has risen."""

    def receive(self, message: Message, sites: Array) -> None:
        """k p_i = n_i by their mean, besides what all take."""
        super().receive(message, sites)
        if message.kind is SHARE:
            self.weights = self.samples / message.payload

    def start_round(self, E: Array) -> None:
        """z_i = φ_i(0); the quantum is common."""
        super().start_round(E)
        self.values *= self.weights
        self.z = self.values.copy()

    def moved(self, active: Any) -> None:
        """φ_i(X_i) where it changed."""
        super().moved(active)
        some = slice(None) if self.zone.moves else active
        self.values[some] *= self.weights[some]


class Coordinator(weights.Coordinator, fgm.Coordinator):
    """As in plain FGM, which knows of values only; but the mean is weighted."""

    def announce_weights(self, samples: float) -> None:
        """n/k, by which each site knows its weight."""
        self.network.broadcast(SHARE, samples)


PROTOCOL = Protocol(
    "fgm-weighted",
    "functional geometric monitoring of the mean weighted by samples",
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"epsilon": 0.01},
    look=Look("green", (0, (5, 1)), "$w$"),
    reference=Reference(
        source="as `fgm`; McMahan et al. 2017 for the weights",
        event="round end: k POLL, k PHI, k POLL, k DRIFT, k MODEL (once: k POLL, k COUNT, k SHARE)",
        bytes="4k + 8kD (once: 8k)",
        held_by="test_weights.py::test_guarantee",
        promise="Σ p_i φ(X_i) ≤ 0",
    ),
    exact=True,
    needs_everybody=True,
)
