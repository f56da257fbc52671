"""Geometric monitoring with random rebalancing: before a round ends, try to cancel drifts among a few.

Source: Sharfman et al. 2006, section 4 (balancing); the set grows in random order until its mean drift is
inside the zone.  The members then all take that mean, either as their model (*model balancing*, which mixes
what they learnt) or only in their accounts (*slack balancing*, which leaves the learners alone).
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.learners import Learners
from fgm_ref.protocols import gm
from fgm_ref.protocols.base import Protocol, Setup, mean_over
from fgm_ref.protocols.options import one_of
from fgm_ref.transport.messages import BALANCED, DRIFT, Message
from fgm_ref.transport.network import Network


class Sites(gm.Sites):
    """As in plain GM; when balanced, take the mean drift in one of the two ways."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.balancing = one_of("balancing", setup.options["balancing"], ("model", "slack"))

    def balance(self, sites: Array, drift: Array) -> None:
        """Model: w_j := base_j + X.  Slack: base_j := w_j − X.  Either way X_j = X afterwards."""
        if self.balancing == "model":
            super().balance(sites, drift)
        else:
            self.base = np.broadcast_to(self.base, self.models.shape).copy()
            self.base[sites] = self.models[sites] - drift


class Coordinator(gm.Coordinator):
    """One violation: gather drifts until their mean is inside; if none will do, end the round."""

    evaluates = True

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.limits = setup.options["limits"]

    def start_round(self, E: Array) -> None:
        """A new round: nobody has been balanced yet."""
        super().start_round(E)
        self.balanced = 0  # Σ|B| over this round

    def receive(self, site: int, message: Message) -> None:
        """B := {i}; add random sites while φ(mean_B X) > 0."""
        if message.tag != self.tag:
            self.dropped += 1
            return
        phi, others = self.make_zone(self.E), np.delete(np.arange(self.k), site)
        order = self.rng.permutation(others).tolist()
        B = {site: self.network.poll(DRIFT, [site], message.cause)[0]}
        if phi(B[site]) <= 0:
            return  # cured meanwhile
        while len(B) < self.most() and phi(mean_over(B)) > 0:
            B[order[0]] = self.network.poll(DRIFT, order[:1], ("|B|", len(B)))[0]
            del order[0]
        if order and phi(mean_over(B)) <= 0:
            self.balance(B)
        else:  # only the rest is still needed: E := E + (1/k) Σ X_i
            B |= dict(zip(order, self.network.poll(DRIFT, order), strict=True)) if order else {}
            self.publish(self.E + mean_over(B), message.cause)

    def most(self) -> int:
        """The largest |B|: with limits ⌊(k + 3)/2⌋, and Σ|B| ≤ k over a round, so that a round costs what it may."""
        return min((self.k + 3) // 2, self.k - self.balanced) if self.limits else self.k

    def balance(self, B: dict[int, Array]) -> None:
        """Every drift in B becomes the mean of B; the round goes on."""
        self.rebalances += 1
        self.balanced += len(B)
        self.network.down(BALANCED, sorted(B), mean_over(B), ("|B|", len(B)))


ABOUT = "geometric monitoring, random rebalancing"
PROTOCOL = Protocol(
    "gm-reb",
    ABOUT,
    Sites,
    Coordinator,
    "mean",
    {"balancing": "model", "limits": False},
    look=("orange", "--", "d"),
    bears_absence=lambda options: options["balancing"] == "model",
    replays=True,
)
LIMITS = Protocol(
    "gm-limits",
    f"{ABOUT} with limits on its cost",
    Sites,
    Coordinator,
    "mean",
    {"balancing": "model", "limits": True},
    look=("orange", "-.", "<"),
    bears_absence=lambda options: options["balancing"] == "model",
)
