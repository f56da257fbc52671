"""a08 Beat the baseline: a protocol of your own, or a safe function of your own, or both.

`entry` says what competes; all else in this file is up to you.  The interface is that of tutorial 12; look at
fgm_ref/protocols/gm.py and fgm_ref/safe/zones.py for examples.
"""

from fgm_ref.protocols import Protocol, base, gm
from fgm_ref.safe.zones import Ball
from fgm_ref.transport.messages import DRIFT, PHI
from fgm_ref.transport.network import NO_CAUSE


def entry() -> dict:
    """Task 1: {"protocol": a name such as "fgm", or a `Protocol`, "safe": a name such as "ball", or a class (E, R)}.

    A `Protocol` names its guarantee, "sum", "mean" or "variance", and is held to it.
    """
    return {"protocol": Protocol("ask-first", "poll φ at an alarm", gm.Sites, _AskFirst, "sum"), "safe": _Following}


class _AskFirst(base.Coordinator):
    """Ask all sites for φ before an alarm is believed: it ends the round only if Σ φ(X_i) > 0."""

    def publish(self, E, cause=NO_CAUSE):
        super().publish(E, cause)
        self.alarm = None

    def receive(self, site, message):
        self.alarm = message.cause

    def settle(self):
        if self.alarm is None:
            return
        total = float(self.network.poll(PHI, cause=self.alarm).sum(dtype=float))
        self.alarm = None
        if total > 0:
            drifts = self.network.poll(DRIFT, cause=("Σφ", total))
            self.publish(self.E + drifts.mean(axis=0), ("Σφ", total))


class _Following(Ball):
    """Admissible: ‖S − (E + t·g/2)‖ ≤ R after t steps, if the last round went by g per step."""

    moves = private = True

    def __init__(self, E, R):
        super().__init__(E, R)
        self.g, self.shift = 0 * E, 0 * E
        self.time = self.tick = 0

    def begin(self, round):
        if round.g is not None:
            self.g = round.g / 2

    def advance(self, t, own):
        self.shift, self.tick, self.time = t * self.g, t - self.time, t

    def __call__(self, X):
        return super().__call__(X - self.shift)

    def excess(self, X):
        return super().excess(X - self.shift)

    def reach(self, steps):
        return super().reach(steps - self.tick * self.g)
