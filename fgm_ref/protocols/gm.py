"""Geometric monitoring: a site whose own φ turns positive ends the round for everybody.

While every φ(X_i) ≤ 0, their sum is, and so the mean model is admissible (see `safe/function.py`).

Source: Sharfman, Schuster & Keren 2006 (geometric monitoring), with safe zones as in Keren et al. 2014;
no rebalancing (that is `gm_reb.py`).
"""

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference
from fgm_ref.transport.messages import DRIFT, VIOLATION, Cause, Message


class Sites(base.MonitoringSites):
    """Call out when φ(X_i) > 0."""

    def alarms(self) -> Array:
        """The violators."""
        return np.flatnonzero(self.values > 0)

    def report(self, site: int) -> Message | None:
        """A violation, unless an earlier message has cured it.  It has no payload; its cause is for the log only."""
        if self.values[site] <= 0:
            return None
        cause = ("φ(X)", float(self.values[site]))
        return Message(VIOLATION, None, self.tag, cause)


class Coordinator(base.Coordinator):
    """One violation: collect all drifts, start a new round."""

    def receive(self, site: int, message: Message) -> None:
        """A violation ends the round."""
        if message.tag == self.tag:
            self.end_round(message.cause)
        else:  # it was late, on a network with faults
            self.dropped += 1

    def end_round(self, cause: Cause) -> None:
        """S = E + (1/k) Σ X_i is published."""
        drifts = self.network.poll(DRIFT, cause=cause)
        self.publish(self.E + self.average(drifts), cause)


PROTOCOL = Protocol(
    "gm",
    "geometric monitoring, no rebalancing",
    Sites,
    Coordinator,
    guarantee=SUM,
    look=Look("orange", "-", "D"),
    reference=Reference(
        source="Sharfman et al. 2006; Keren et al. 2014",
        event="1 VIOLATION, k POLL, k DRIFT, k MODEL",
        bytes="8kD",
        held_by="test_protocol_gm.py::test_gm",
    ),
    exact=True,
    bears_absence=True,
    replays=True,
)
