"""Means that are weighted by how many samples a site has: S = Σ p_i w_i with p_i = n_i/n.

Each site tells its n_i once, before the first model, and is billed for it.  Nobody can be done without: the weights of
those who are left would be others, and so would all that is promised about S.

With φ_i = k p_i φ for φ, Jensen's inequality gives φ(Σ p_i X_i) ≤ Σ p_i φ(X_i) = (1/k) Σ φ_i(X_i).  So a protocol that
keeps Σ φ_i(X_i) ≤ 0 keeps the weighted mean admissible.

Source: McMahan, Moore, Ramage, Hampson & Agüera y Arcas 2017, "Communication-Efficient Learning of Deep Networks from
Decentralized Data" (FedAvg), for the weights; the rest is Jensen's inequality.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.safe.function import SafeFunction
from fgm_ref.transport.messages import COUNT, Kind


class Sites(base.Sites):
    """Know how many samples they have.  `weights` (k,) are k p_i."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        equal = np.ones(self.in_all)
        everywhere = equal if setup.samples is None else np.asarray(setup.samples, float)
        self.samples = everywhere[setup.first : setup.first + self.k]
        self.weights = self.samples / everywhere.mean()

    def reply(self, kind: Kind, sites: Array) -> Array:
        """n_i, when asked."""
        if kind is COUNT:
            return self.samples[sites]
        return super().reply(kind, sites)


class MonitoringSites(Sites):
    """Sites that watch φ: it must be the same φ at all of them.

    Where each follows its own steps, only the plain mean of these is known to be near the plain mean of the models.
    """

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        if counts_own_steps(setup.make_zone(setup.E)):
            raise ValueError(
                "safe: expected one whose centre is common with weighted means, "
                "got one that follows each site's own steps"
            )


def counts_own_steps(zone: SafeFunction) -> bool:
    """Whether φ, or a part of it, is another one at each site."""
    parts = getattr(zone, "parts", ())
    return getattr(zone, "own_steps", False) or any(map(counts_own_steps, parts))


class Coordinator(base.Coordinator):
    """Ask for all n_i before the start."""

    def start(self) -> None:
        """p_i = n_i/n, then the first model."""
        counts = self.network.poll(COUNT)
        self.p = counts / counts.sum()
        self.announce_weights(float(counts.mean()))
        super().start()

    def announce_weights(self, samples: float) -> None:
        """Tell the sites how many samples they have on average, if they need to know."""

    def average(self, rows: Array) -> Array:
        """Σ p_i x_i (D,) of all sites' rows (k, D)."""
        return np.asarray(self.p @ rows, rows.dtype)
