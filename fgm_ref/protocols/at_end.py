"""Average once, at the end: local training, then one upload of all models and their mean.

Source: one-shot averaging (Zinkevich et al. 2010, "Parallelized Stochastic Gradient Descent").
"""

from fgm_ref.protocols import base
from fgm_ref.protocols.base import Sites
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.transport.messages import LOCAL


class Coordinator(base.Coordinator):
    """Listen to nobody until the run is over."""

    synchronises = False

    def finish(self) -> None:
        """What the server makes of S = (1/k) Σ w_i.  It stays at the coordinator."""
        self.E = self.server(self.E, self.network.poll(LOCAL).mean(axis=0))


PROTOCOL = Protocol(
    "at-end",
    "train alone, average once at the end",
    Sites,
    Coordinator,
    look=Look("black", "--", "1"),
    reference=Reference(
        source="Zinkevich et al. 2010",
        event="at the end: k POLL, k LOCAL",
        bytes="4kD",
        held_by="test_protocol_at_end_omniscient.py::test_at_end_is_local_training_and_one_mean",
    ),
    watches="nothing",
    exact=True,
)
