"""Average once, at the end: local training, then one upload of all models and their mean.

Source: one-shot averaging (Zinkevich et al. 2010, "Parallelized Stochastic Gradient Descent").
"""

from fgm_ref.protocols import base
from fgm_ref.protocols.base import Protocol, Sites
from fgm_ref.transport.messages import LOCAL


class Coordinator(base.Coordinator):
    """Listen to nobody until the run is over."""

    synchronises = False

    def finish(self) -> None:
        """E := (1/k) Σ w_i.  The mean stays at the coordinator."""
        self.E = self.network.poll(LOCAL).mean(axis=0)


PROTOCOL = Protocol(
    "at-end",
    "train alone, average once at the end",
    Sites,
    Coordinator,
    look=("black", "--", "1"),
    exact=True,
)
