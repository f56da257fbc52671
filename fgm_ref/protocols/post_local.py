"""Post-local SGD: every step at first, then every b steps.

Source: Lin, Stich, Patel & Jaggi 2020, "Don't Use Large Mini-Batches, Use Local SGD".  There the change comes with
the first drop of the learning rate, so choose `start` to fit the schedule of the rate.
"""

from fgm_ref.protocols import periodic
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.text import positive


class Sites(periodic.ChangingSites):
    """The period is 1 in the first `start` steps."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.start = positive("start", setup.options["start"])

    def period(self) -> int:
        """1, then b."""
        return 1 if self.time < self.start else self.b


PROTOCOL = Protocol(
    "post-local",
    "average in each of the first steps, then every b steps",
    Sites,
    periodic.Coordinator,
    options={"b": 10, "start": 100},
    look=Look("blue", "--", "$L$"),
    reference=Reference(
        source="Lin et al. 2020",
        event="k LOCAL, k MODEL",
        bytes="8kD",
        held_by="test_periods.py::test_post_local",
    ),
    watches="nothing",
    exact=True,
    in_step=True,
)
