"""Geometric monitoring with random rebalancing: before a round ends, try to cancel drifts among a few.

Source: Sharfman et al. 2006, section 4 (balancing); the set grows in random order until its mean drift is
inside the zone.  The members then all take that mean, either as their model (*model balancing*, which mixes
what they learnt) or only in their accounts (*slack balancing*, which leaves the learners alone).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import gm
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import expect_one_of
from fgm_ref.transport.messages import BALANCED, DRIFT, NO_CAUSE, Cause, Message
from fgm_ref.transport.network import Network


class Sites(gm.Sites):
    """As in plain GM; when balanced, take the mean drift in one of the two ways."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.balancing = expect_one_of("balancing", setup.options["balancing"], ("model", "slack"))

    def balance(self, sites: Array, drift: Array) -> None:
        """Model: w_j := base_j + X.  Slack: base_j := w_j − X.  Either way X_j = X afterwards."""
        if self.balancing == "model":
            super().balance(sites, drift)
        else:
            self.rebase(sites, self.models[sites] - drift)


class Coordinator(gm.Coordinator):
    """One violation: gather drifts until their mean is inside; if none will do, end the round."""

    evaluates = True

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.limits = setup.options["limits"]

    def start_round(self, E: Array) -> None:
        """A new round: nobody has been balanced yet."""
        super().start_round(E)
        self.phi = self.make_zone(E)
        self.balanced = 0  # Σ|B| over this round

    def receive(self, site: int, message: Message) -> None:
        """B := {i}; add random sites while φ(mean_B X) > 0."""
        if message.tag != self.tag:
            self.dropped += 1
            return
        B = {site: self.network.poll(DRIFT, [site], message.cause)[0]}
        others = np.delete(np.arange(self.k), site)
        order = self.rng.permutation(others).tolist()
        if self.phi(B[site]) <= 0:
            return  # cured meanwhile
        while len(B) < self.most() and self.outside(B):
            B |= self.fetch([order.pop(0)], ("|B|", len(B)))
        if order and not self.outside(B):
            self.balance(B)
        else:  # only the rest is still needed: S = E + (1/k) Σ X_i
            B |= self.fetch(order)
            self.publish(self.E + mean_over(B), message.cause)

    def outside(self, B: dict[int, Array]) -> bool:
        """φ(mean_B X) > 0."""
        return bool(self.phi(mean_over(B)) > 0)

    def fetch(self, sites: list[int], cause: Cause = NO_CAUSE) -> dict[int, Array]:
        """The drifts of these sites."""
        if not sites:
            return {}
        return dict(zip(sites, self.network.poll(DRIFT, sites, cause), strict=True))

    def most(self) -> int:
        """The largest |B|: with limits ⌊(k + 3)/2⌋, and Σ|B| ≤ k over a round, so that a round costs what it may."""
        if not self.limits:
            return self.k
        return min((self.k + 3) // 2, self.k - self.balanced)

    def balance(self, B: dict[int, Array]) -> None:
        """Every drift in B becomes the mean of B; the round goes on."""
        self.rebalances += 1
        self.balanced += len(B)
        self.network.down(BALANCED, sorted(B), mean_over(B), ("|B|", len(B)))


def balances_models(options: Mapping[str, Any]) -> bool:
    """Slack balancing leaves an absent site's drift in the accounts; model balancing does not."""
    return bool(options["balancing"] == "model")


ABOUT = "geometric monitoring, random rebalancing"
PROTOCOL = Protocol(
    "gm-reb",
    ABOUT,
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"balancing": "model", "limits": False},
    look=Look("orange", "--", "d"),
    reference=Reference(
        source="Sharfman et al. 2006, section 4",
        event="1 VIOLATION, n POLL, n DRIFT, n BALANCED (k MODEL if n = k)",
        bytes="8nD",
        held_by="test_protocol_gm.py::test_gm_reb",
    ),
    bears_absence=balances_models,
    replays=True,
)
LIMITS = Protocol(
    "gm-limits",
    f"{ABOUT} with limits on its cost",
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"balancing": "model", "limits": True},
    look=Look("orange", "-.", "<"),
    reference=Reference(
        source="as `gm-reb`, with limits on its cost",
        event="as `gm-reb`, n ≤ ⌊(k+3)/2⌋ and Σ n ≤ k per round",
        bytes="8nD",
        held_by="test_protocol_gm.py::test_limits",
    ),
    bears_absence=balances_models,
)
