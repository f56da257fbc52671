"""Geometric monitoring with random rebalancing: before a round ends, try to cancel drifts among a few.

Source: Sharfman et al. 2006, section 4 (balancing); the set grows in random order until its mean drift is
inside the zone.  The members then all take that mean, either as their model (*model balancing*, which mixes
what they learnt) or only in their accounts (*slack balancing*, which leaves the learners alone).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fgm_ref.learners import Learners
from fgm_ref.messages import BALANCED, DRIFT, Message
from fgm_ref.protocols import base, gm
from fgm_ref.protocols.base import Protocol, Setup

Array = npt.NDArray[Any]


class Sites(gm.Sites):
    """As in plain GM; when balanced, take the mean drift in one of the two ways."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.balancing = base.one_of("balancing", setup.options["balancing"], ("model", "slack"))

    def balance(self, sites: Array, drift: Array) -> None:
        """Model: w_j := base_j + X.  Slack: base_j := w_j − X.  Either way X_j = X afterwards."""
        if self.balancing == "model":
            super().balance(sites, drift)
        else:
            self.base = np.broadcast_to(self.base, self.models.shape).copy()
            self.base[sites] = self.models[sites] - drift


class Coordinator(gm.Coordinator):
    """One violation: gather drifts until their mean is inside; only if none will do, end the round."""

    def receive(self, site: int, message: Message) -> None:
        """B := {i}; add random sites while φ(mean_B X) > 0."""
        if message.tag != self.tag:
            self.dropped += 1
            return
        phi = self.make_zone(self.E)
        B = {site: self.network.poll(DRIFT, [site], message.cause)[0]}
        others = self.rng.permutation(np.delete(np.arange(self.k), site)).tolist()
        while others and phi(mean_drift(B)) > 0:
            B[others[0]] = self.network.poll(DRIFT, others[:1], ("|B|", len(B)))[0]
            del others[0]
        if others:
            self.rebalances += 1
            self.network.down(BALANCED, sorted(B), mean_drift(B), ("|B|", len(B)))
        else:  # everything is here already: E := E + (1/k) Σ X_i
            self.publish(self.E + mean_drift(B), message.cause)


def mean_drift(B: dict[int, Array]) -> Array:
    """(1/|B|) Σ_B X_i, summed in the order of the sites."""
    return np.asarray(np.mean([B[i] for i in sorted(B)], axis=0))


PROTOCOL = Protocol(
    "gm-reb", "geometric monitoring, random rebalancing", Sites, Coordinator, "mean", {"balancing": "model"}
)
