"""FGM with random rebalancing: before a used-up round ends, let the drifts of a few random sites cancel.

Source: the FGM authors' public stream simulator, whose heuristic this follows: gather sites in random order
until replacing their drifts by the mean gains enough slack,

    Σ_B φ(X_i) − |B| φ(mean_B X)  ≥  gain · |B| · |φ(0)|,

and leaves some to go on with; give up when more than half of the sites are in B.  Unlike there, the download
of the mean is billed and the subround starts anew, since the sites' counters no longer describe their drifts.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import fgm
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference
from fgm_ref.protocols.setup import Setup
from fgm_ref.text import above_zero
from fgm_ref.transport.messages import BALANCED, DRIFT, Cause
from fgm_ref.transport.network import Network


class Coordinator(fgm.Coordinator):
    """As in FGM, but a round that is used up is first rebalanced."""

    evaluates = True

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.gain = above_zero("gain", setup.options["gain"])

    def end_round(self, cause: Cause) -> None:
        """Balance a set B of at most k/2 sites and go on; else fetch the rest and publish S = E + (1/k) Σ X_i."""
        B: dict[int, Array] = {}
        order = self.rng.permutation(self.k).tolist()
        while len(B) < self.k // 2:
            site = order[len(B)]
            B[site] = self.network.poll(DRIFT, [site], cause)[0]
            gained = self.gained(B)
            enough = gained >= self.gain * len(B) * abs(self.phi.at_zero)
            if enough and self.psi - gained < self.epsilon * self.full:
                return self.balance(B, gained)
        rest = order[len(B) :]
        B |= dict(zip(rest, self.network.poll(DRIFT, rest, cause), strict=True))
        return self.publish(self.E + mean_over(B), cause)

    def gained(self, B: dict[int, Array]) -> float:
        """Σ_B φ(X_i) − |B| φ(mean_B X): never negative, by Jensen."""
        drifts = np.array([B[i] for i in sorted(B)])
        now, then = np.sum(self.phi(drifts)), len(B) * self.phi(mean_over(B))
        return float(now - then)

    def balance(self, B: dict[int, Array], gained: float) -> None:
        """Set every drift in B to the mean; ψ falls by what was gained; a new subround."""
        self.rebalances += 1
        self.network.down(BALANCED, sorted(B), mean_over(B), ("gain", gained))
        self.psi -= gained
        self.start_subround()


PROTOCOL = Protocol(
    "fgm-random",
    "FGM, random rebalancing of a few sites",
    fgm.Sites,
    Coordinator,
    guarantee=SUM,
    options={"epsilon": 0.01, "gain": 1.2},
    look=Look("green", ":", ">"),
    reference=Reference(
        source="after the FGM authors' simulator",
        event="rebalance: k POLL, k PHI, n POLL, n DRIFT, n BALANCED, k QUANTUM",
        bytes="8k + 8nD",
        held_by="test_protocol_fgm_rebalancers.py::test_random_rebalance",
    ),
    replays=True,
)
