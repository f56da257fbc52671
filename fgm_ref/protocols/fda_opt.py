"""FDA-Opt: federated dynamic averaging that sets its own threshold, by the rule in `opt.py`.

A round ends when the bound H of the variance exceeds Θ, or after τ steps.  The coordinator has all models at the end
of a round, so their variance costs nothing.  Only the coordinator compares with Θ, so nobody need be told.

An outer step goes with it in the paper (see `server.py`).
"""

from fgm_ref.arrays import squared_norm
from fgm_ref.protocols import fda, opt
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.protocols.spread import deviations
from fgm_ref.text import expect_one_of
from fgm_ref.transport.messages import LOCAL, Cause
from fgm_ref.transport.network import Network


class Sites(fda.Sites):
    """Send the state in every step, as in FDA."""

    def __init__(self, learners: Learners, setup: Setup):
        expect_one_of("monitor", setup.options["monitor"], tuple(fda.MONITORS))
        super().__init__(learners, setup)


class Coordinator(opt.Timed, fda.Coordinator):
    """Synchronise when H > Θ or after τ steps; set Θ anew."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.theta = float("inf")

    def over(self) -> Cause | None:
        """H, if H > Θ or T = τ."""
        if not self.states:
            return None
        H, self.states = self.monitor.H(mean_over(self.states)), {}
        return ("H", H) if self.theta < H or self.steps >= self.tau else None

    def end_round(self, cause: Cause) -> None:
        """S = (1/k) Σ w_i is published."""
        models = self.network.poll(LOCAL, cause=cause)
        variance = float(squared_norm(deviations(models)).mean())
        self.theta = opt.next_threshold(self.tau, self.steps, variance)
        self.publish(models.mean(axis=0), cause)


PROTOCOL = Protocol(
    "fda-opt",
    "federated dynamic averaging that sets its own threshold",
    Sites,
    Coordinator,
    options={"monitor": "linear", "tau": 10},
    watches="nothing",
    look=Look("vermillion", "-.", "$O$"),
    reference=Reference(
        source="Theologitis et al. 2025 (FDA-Opt)",
        event="every step: k MONITOR; at H > Θ or after τ steps: k POLL, k LOCAL, k MODEL",
        bytes="8k; + 8kD",
        held_by="test_protocol_fda_opt.py::test_by_hand",
    ),
    exact=True,
    in_step=True,
)
