"""FDA-Opt: federated dynamic averaging that sets its own threshold.

A round ends when the bound H of the variance exceeds Θ, or after τ steps.  The first one has no Θ yet.  Then

    Θ = (τ/2)/T · Var,    with the T steps that the round has lasted, and the variance Var of the models at its end

which is where the variance would be after half of τ if it grew in proportion to time.  The coordinator has all models
at the end of a round, so Var costs nothing.  τ is the only thing to choose.  An outer step goes with it (see
`server.py`).

Source: Theologitis, Samoladas & Deligiannakis 2025, "FDA-Opt: Communication-Efficient Federated Fine-Tuning of Language
Models".  The rule for Θ is that of the authors' public code.  There τ and T are passes through the data, and the
variance is checked once a pass; here they are steps.  The limit of τ for every round and the sole limit of the first
one are from a reading of the paper that could not be repeated.
"""

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.protocols import fda
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.protocols.spread import deviations
from fgm_ref.text import expect_one_of, positive
from fgm_ref.transport.messages import LOCAL
from fgm_ref.transport.network import Network


class Sites(fda.Sites):
    """Send the state in every step, as in FDA."""

    def __init__(self, learners: Learners, setup: Setup):
        expect_one_of("monitor", setup.options["monitor"], tuple(fda.MONITORS))
        super().__init__(learners, setup)


class Coordinator(fda.Coordinator):
    """Synchronise when H > Θ or after τ steps; set Θ anew."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.tau = positive("tau", setup.options["tau"])
        self.theta = float("inf")

    def start_round(self, E: Array) -> None:
        """A round has no steps yet."""
        super().start_round(E)
        self.steps = 0

    def settle(self) -> None:
        """H > Θ or T = τ: S = (1/k) Σ w_i is published."""
        self.steps += 1
        if not self.states:
            return
        H, self.states = self.monitor.H(mean_over(self.states)), {}
        if self.theta < H or self.steps >= self.tau:
            cause = ("H", H)
            models = self.network.poll(LOCAL, cause=cause)
            variance = float(squared_norm(deviations(models)).mean())
            self.theta = next_threshold(self.tau, self.steps, variance)
            self.publish(models.mean(axis=0), cause)


def next_threshold(tau: int, steps: int, variance: float) -> float:
    """Θ, after a round of so many steps."""
    return tau / 2 / steps * variance


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
)
