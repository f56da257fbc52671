"""The omniscient trigger: average exactly when the true variance of the models exceeds R², free of charge.

No protocol can do this, since nobody sees all models at once.  It is the yardstick: what would a monitor
save that never fires too early and costs nothing?  (Its sites break, on purpose, the rule that row i is
computed from row i alone.)
"""

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.protocols import base, periodic
from fgm_ref.protocols.base import NOBODY
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.spread import VARIANCE
from fgm_ref.safe.paced import radius_at
from fgm_ref.transport.messages import LOCAL, Message


class Sites(base.MonitoringSites):
    """Everybody sends the model as soon as (1/k) Σ ‖w_i − S‖² > R²."""

    def alarms(self) -> Array:
        """All or nobody."""
        X = self.drifts(slice(None))
        # Var = (1/k) Σ ‖X_i − mean X‖²
        self.variance = float(squared_norm(X - X.mean(axis=0)).mean())
        R = radius_at(self.time, self.make_zone, self.zone.E)
        return np.arange(self.k) if self.variance > R**2 else NOBODY

    def report(self, site: int) -> Message:
        """w_i."""
        return Message(LOCAL, self.models[site], self.tag, ("Var", self.variance))


PROTOCOL = Protocol(
    "omniscient",
    "average when the true variance exceeds R², unbilled monitor",
    Sites,
    periodic.Coordinator,
    guarantee=VARIANCE,
    look=Look("black", "-", "+"),
    reference=Reference(
        source="a yardstick: no protocol can do it",
        event="k LOCAL, k MODEL",
        bytes="8kD",
        held_by="test_protocol_at_end_omniscient.py::test_omniscient_synchronises_exactly_when_the_variance_is_too_large",
    ),
    watches="radius",
    follows=True,
    exact=True,
    sees_all=True,
)
