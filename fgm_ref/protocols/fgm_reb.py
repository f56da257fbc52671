"""FGM with λ-rebalancing: when the slack is used up, flush the drifts and see whether they cancel.

Source: Samoladas & Garofalakis 2019, section 5 (rebalancing).  A flush brings all drifts to the coordinator
without sending a new E: B := Σ flushed drifts.  The perspective form of Jensen's inequality,

    k φ((B + ΣX_i)/k)  ≤  Σ λ φ(X_i/λ)  +  k μ φ(B/(kμ)),      λ + μ = 1,

lets the sites go on with the zone λφ(X/λ) while the coordinator answers for the known part
ψ_B = k μ φ(B/(kμ)).  It pays when the drifts cancel.  For training it has a price: no average comes back.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import fgm
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference
from fgm_ref.protocols.setup import Setup
from fgm_ref.safe import SafeFunction
from fgm_ref.text import expect_one_of, fraction
from fgm_ref.transport.messages import FLUSH, LAMBDA, PHI, Cause, Kind, Message
from fgm_ref.transport.network import Network


class Sites(fgm.Sites):
    """As in FGM, with φ replaced by its perspective λφ(X/λ) after a flush."""

    def reply(self, kind: Kind, sites: Array) -> Array:
        """A flushed site counts its drift from where its model is now; the model itself trains on."""
        if kind is not FLUSH:
            return super().reply(kind, sites)
        drifts = self.drifts(sites)
        self.rebase(sites, self.models[sites])
        return drifts

    def receive(self, message: Message, sites: Array) -> None:
        """λ changes the zone; the quantum that follows it starts the subround."""
        super().receive(message, sites)
        if message.kind is LAMBDA:
            self.phi = self.zone.perspective(message.payload)
            self.moved(sites)


class Coordinator(fgm.Coordinator):
    """As in FGM, but a round that is used up is first flushed, and goes on if enough slack is back."""

    evaluates = True

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        name = expect_one_of("rule", setup.options["rule"], tuple(RULES))
        self.choose, self.least = RULES[name]
        self.fixed = fraction("lam", setup.options["lam"])
        self.most = setup.options["most"]
        if name == "zero-balance" and not self.epsilon < 1 / 6:
            raise ValueError(
                f"epsilon: expected a number below 1/6 with zero-balance, got {self.epsilon:g}"
            )

    def start_round(self, E: Array) -> None:
        """A new round: B = 0, λ = 1, ψ_B = 0."""
        super().start_round(E)
        self.B = np.zeros_like(E)
        self.psi_B, self.λ = 0.0, 1.0
        self.flushes = 0

    def stand_in(self, kind: Kind) -> Any:
        """After a flush φ(0) counts λ-fold."""
        return self.λ * self.phi.at_zero if kind is PHI else super().stand_in(kind)

    @property
    def slack(self) -> float:
        """ψ + ψ_B: the sites' part and the flushed part."""
        return self.psi + self.psi_B

    def end_round(self, cause: Cause) -> None:
        """Flush; go on with λ if a share `least` of the slack is back, else S = E + B/k is published."""
        drifts = self.network.poll(FLUSH, cause=cause)
        self.B = self.B + drifts.sum(axis=0)
        self.flushes += 1
        λ = self.choose(self.phi, self.B / self.k, self.epsilon, self.fixed)
        if λ is not None and (not self.most or self.flushes <= self.most):
            self.psi, self.psi_B = split_slack(self.phi, self.B / self.k, λ, self.k)
            if self.slack <= self.least * self.full:
                return self.go_on(λ)
        return self.publish(self.E + self.B / self.E.dtype.type(self.k), cause)

    def go_on(self, λ: float) -> None:
        """Send λ and start a subround."""
        self.λ = λ
        self.rebalances += 1
        self.network.broadcast(LAMBDA, λ, ("ψ_B", self.psi_B))
        self.start_subround()


def split_slack(phi: SafeFunction, b: Array, λ: float, k: int) -> tuple[float, float]:
    """ψ = kλφ(0) of the sites (X = 0 after a flush), and ψ_B = kμφ(b/μ) with b = B/k.  λ in (0, 1)."""
    μ = 1 - λ
    return k * λ * phi.at_zero, k * μ * float(phi(b / b.dtype.type(μ)))


Rule = Callable[[SafeFunction, Array, float, float], float | None]


def bimodal(phi: SafeFunction, b: Array, epsilon: float, fixed: float) -> float | None:
    """λ = ½, whatever was flushed."""
    return 0.5


def constant(phi: SafeFunction, b: Array, epsilon: float, fixed: float) -> float | None:
    """The λ that was asked for."""
    return fixed


def zero_balance(phi: SafeFunction, b: Array, epsilon: float, fixed: float) -> float | None:
    """λ = 1 − μ for the μ at which the flushed part exactly uses up its own share: φ(b/μ) = 0.

    Bisects μ in [ε, 1 − 5ε] to a precision of ε|φ(0)|/2; None if φ(b/μ) > 0 even at the upper end.
    """
    low, high = epsilon, 1 - 5 * epsilon
    enough = -0.5 * epsilon * abs(phi.at_zero)

    def used(μ: float) -> float:
        return float(phi(b / b.dtype.type(μ)))

    if used(low) <= 0:
        return 1 - low
    if used(high) > 0:
        return None
    while used(high) < enough and high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if used(middle) > 0 else (low, middle)
    return 1 - high


RULES: dict[str, tuple[Rule, float]] = {
    "bimodal": (bimodal, 0.1),
    "fixed": (constant, 0.01),
    "zero-balance": (zero_balance, 0.0),
}
"""Name -> (how λ is chosen, the least share of the slack that must be back)."""

PROTOCOL = Protocol(
    "fgm-reb",
    "FGM with λ-rebalancing",
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"epsilon": 0.01, "rule": "zero-balance", "lam": 0.2, "most": 0},
    look=Look("green", "--", "X"),
    reference=Reference(
        source="Samoladas & Garofalakis 2019, section 5",
        event="flush: k POLL, k PHI, k POLL, k FLUSH, then k LAMBDA, k QUANTUM (or k MODEL)",
        bytes="12k + 4kD (4k + 8kD)",
        held_by="test_protocol_fgm_reb.py::test_accounts_at_rest",
    ),
    replays=True,
)
