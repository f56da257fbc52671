"""The quadratic synchronisation rule: the smaller the learning rate η, the longer a period.

    H = max(b, ⌊(α/η)²⌋),    with the rate η of the round's first step

Noise spreads the models by η²·H, so this keeps their spread about the same.

Source: Gu, Lyu, Arora, Zhang & Huang 2024, "A Quadratic Synchronization Rule for Distributed Deep Learning".
α has the unit of a rate.  At a constant rate this is periodic averaging.  In a warm-up the rate is small, and the rule
would ask for long periods just then, so warm-ups are refused.
"""

from fgm_ref.protocols import periodic
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import above_zero

LONGEST = 10**9
"""Steps of a period: longer than any run."""

TINY = 1e-30
ROUNDING = 1e-9  # so that (0.02/0.01)² is not 3


class Sites(periodic.ChangingSites):
    """All know the rate of every step, so all know the period without a message."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.alpha = above_zero("alpha", setup.options["alpha"])
        self.rate = setup.rate
        if self.rate(1) < self.rate(2):
            raise ValueError(
                "lr-schedule: expected one without warmup with qsr, got one that rises"
            )

    def period(self) -> int:
        """max(b, ⌊(α/η)²⌋)."""
        rate = max(self.rate(self.time + 1), TINY)  # behind the last step it may be 0
        square = (self.alpha / rate) ** 2 * (1 + ROUNDING)
        return max(self.b, int(min(square, LONGEST)))


PROTOCOL = Protocol(
    "qsr",
    "average after max(b, (α/learning rate)²) steps",
    Sites,
    periodic.Coordinator,
    options={"b": 4, "alpha": 0.02},
    look=Look("blue", "-.", "$Q$"),
    reference=Reference(
        source="Gu et al. 2024",
        event="k LOCAL, k MODEL",
        bytes="8kD",
        held_by="test_periods.py::test_qsr",
    ),
    watches="nothing",
    exact=True,
    in_step=True,
)
