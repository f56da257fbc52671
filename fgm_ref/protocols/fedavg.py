"""FedAvg: periodic averaging in which each model counts as much as its site has samples.

Source: McMahan et al. 2017 (FederatedAveraging with all clients in every round).  A period is a number of steps here;
in the paper it is a number of passes through a client's own data.
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import periodic, weights
from fgm_ref.protocols.protocol import Look, Protocol, Reference


class Sites(weights.Sites, periodic.Sites):
    """As in periodic averaging, and tell n_i."""


class Coordinator(weights.Coordinator, periodic.Coordinator):
    """S = Σ p_i w_i is published."""

    def mean(self) -> Array:
        """Of the models that have come, by their weights."""
        sites = sorted(self.models)
        rows = np.array([self.models[i] for i in sites])
        return np.asarray(self.p[sites] @ rows / self.p[sites].sum(), rows.dtype)


PROTOCOL = Protocol(
    "fedavg",
    "average all models every b steps, weighted by samples",
    Sites,
    Coordinator,
    options={"b": 10},
    look=Look("blue", (0, (1, 3)), "$F$"),
    reference=Reference(
        source="McMahan et al. 2017",
        event="every b steps: k LOCAL, k MODEL (once: k POLL, k COUNT)",
        bytes="8kD (once: 4k)",
        held_by="test_weights.py::test_fedavg",
    ),
    watches="nothing",
    exact=True,
    needs_everybody=True,
    in_step=True,
)
