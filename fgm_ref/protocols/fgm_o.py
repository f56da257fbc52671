"""FGM/O: a cost model decides at the end of a round who is worth sending the new model to.

Source: Samoladas & Garofalakis 2019, section 6 (optimising the cost of FGM), carried over to training.  Sites
in the *plan* get E (D words).  The others get one word, train on with their own models, and watch the *cheap*
zone φ_c(X) = ‖X‖ + φ(0), which is safe for every 1-Lipschitz φ, because φ ≤ φ_c.

The new round then starts at S = E + b with b = (1/k) Σ (w_i − E) over the sites left out.  The coordinator
knows b and pays for it out of the slack: φ(b + mean X) ≤ ‖b‖ + (1/k) Σ φ(X_i), so ψ_B = k‖b‖.

An update is reckoned as worth one model on the wire, as in periodic averaging with b = 1.  For training
nobody has tried this before; treat it as an experiment.
"""

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.protocols import fgm
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Mean, Setup
from fgm_ref.safe import SafeFunction
from fgm_ref.text import above_zero
from fgm_ref.transport.messages import CHEAP, COUNT, DRIFT, MODEL, Cause, Kind, Message
from fgm_ref.transport.network import Network

LEAST = 0.1  # holding models back must leave this share of the slack


class Sites(fgm.Sites):
    """As in FGM; a site that is sent one word instead of E keeps its model and watches the cheap zone."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.cheap = np.zeros(self.k, bool)

    def receive(self, message: Message, sites: Array) -> None:
        """E starts a round with the full zone; a radius, one from the own model with the cheap zone."""
        if message.kind is MODEL:
            self.cheap[:] = False
        super().receive(message, sites)
        if message.kind is CHEAP:
            self.slack = message.payload  # φ(0)
            self.rebase(sites, self.models[sites])
            self.cheap[sites] = True
            self.own[sites] = 0
            self.moved(sites)

    def moved(self, active: Any) -> None:
        """φ or φ_c of the drifts, as each site was told."""
        super().moved(active)
        cheap = np.flatnonzero(self.cheap)
        if len(cheap):
            self.values[cheap] = norm(self.drifts(cheap)) + self.slack

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer with the number of own steps in this round as well."""
        if kind is COUNT:
            return self.own[sites].astype(self.models.dtype)
        return super().reply(kind, sites)


class Coordinator(fgm.Coordinator):
    """As in FGM, but the new E goes to those in the plan only."""

    evaluates = True

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        if setup.make_server is not Mean:
            raise ValueError(
                "server: expected mean with fgm-o, because sites that keep their models would undo any other step"
            )
        self.price = above_zero("price", setup.options["price"])

    def start_round(self, E: Array) -> None:
        """Everybody starts from E: nothing is held back."""
        super().start_round(E)
        if getattr(self.phi, "lipschitz", None) != 1:
            raise ValueError(
                "safe: expected a 1-Lipschitz safe function such as ball or cap for fgm-o"
            )
        self.held = np.zeros((self.k, len(E)), E.dtype)  # base_i − E
        self.psi_B = 0.0

    @property
    def slack(self) -> float:
        """ψ + ψ_B, with ψ_B = k‖b‖ for what is held back."""
        return self.psi + self.psi_B

    def end_round(self, cause: Cause) -> None:
        """E := (1/k) Σ w_i, and ship it to those who are worth it."""
        drifts = self.network.poll(DRIFT, cause=cause)
        counts = self.network.poll(COUNT)
        offsets = self.held + drifts  # w_i − E
        E = self.E + offsets.mean(axis=0)
        plan = best_plan(self.phi, drifts, counts, self.price)
        left = np.flatnonzero(~plan)
        held = np.where(plan[:, None], 0, self.E + offsets - E).astype(E.dtype)
        psi_B = self.k * float(norm(held.mean(axis=0)))
        if len(left) and psi_B <= (LEAST - 1) * self.k * self.make_zone(E).at_zero:
            self.publish_to(np.flatnonzero(plan), left, E, held)
        else:
            self.publish(E, cause)

    def publish_to(self, plan: Array, left: Array, E: Array, held: Array) -> None:
        """E to those in the plan, the cheap radius to those left out, and a quantum to all."""
        self.round, self.subround = self.round + 1, 0
        self.rebalances += 1
        self.E = E
        if len(plan):
            self.E = self.network.down(MODEL, plan, E, ("planned", len(plan)))
        self.phi = self.make_zone(self.E)
        held[left] += E - self.E  # what a codec has rounded off
        self.held = held
        self.psi_B = self.k * float(norm(held.mean(axis=0)))
        self.full = self.psi = self.k * self.phi.at_zero
        self.network.down(CHEAP, left, self.phi.at_zero, ("left out", len(left)))
        self.start_subround()


def best_plan(phi: SafeFunction, drifts: Array, counts: Array, price: float) -> Array:
    """Who gets the full zone, (k,) bool, given the drifts (k, D) and step counts (k,) of the last round.

    Per step of anybody, site i would use α_i of the slack with the full zone, β_i with the cheap one.  A plan P
    lets a round last τ = 1/(Σ β_i − Σ_P (β_i − α_i)) steps and gains τ − Σ min(γ_i τ, price) − |P|·price.  For a
    given |P| the largest savings β_i − α_i are best, so k + 1 plans are compared.
    """
    N = max(1.0, float(counts.sum()))
    moved = max(1, int(np.count_nonzero(counts)))
    unit = moved * abs(phi.at_zero) * N
    beta = norm(drifts) / unit
    alpha = (phi(drifts) - phi.at_zero) / unit
    beta = beta + np.maximum(0, -alpha)
    saving = beta - np.clip(alpha, 0, beta)
    order = np.argsort(-saving, kind="stable")
    # of the slack per step, by |P|
    saved = np.concatenate([[0], np.cumsum(saving[order])])
    use = float(beta.sum()) - saved
    tau = 1 / np.maximum(use, 1e-12)
    collected = np.minimum(counts / N * tau[:, None], price).sum(axis=1)
    gain = tau - collected - price * np.arange(len(tau))
    plan = np.zeros(len(drifts), bool)
    plan[order[: int(np.argmax(gain))]] = True
    return plan


PROTOCOL = Protocol(
    "fgm-o",
    "FGM/O, a cost model chooses who gets the new model",
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"epsilon": 0.01, "price": 1.0},
    look=Look("green", (0, (5, 1, 1, 1, 1, 1)), "h"),
    reference=Reference(
        source="Samoladas & Garofalakis 2019, section 6",
        event="round end: k POLL, k PHI, k POLL, k DRIFT, k POLL, k COUNT, n MODEL, k−n CHEAP, k QUANTUM",
        bytes="4kD + 4nD + 16k − 4n",
        held_by="test_protocol_fgm_o.py::test_accounts_at_rest",
    ),
    needs_everybody=True,
)
