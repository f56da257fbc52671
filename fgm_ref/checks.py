"""The omniscient observer: sees all models at once and holds every protocol to its guarantee.

Nobody in a protocol can know the true mean model S between synchronisations; the simulator can.  After
every step, when nothing is pending, S must lie in the admissible region.  Inside the one step that sets
off a synchronisation it may have left the region, by no more than that step was long: the *overshoot*.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fgm_ref.protocols import Coordinator, Protocol, Sites
from fgm_ref.safe import SafeFunction

Array = npt.NDArray[Any]


class GuaranteeBroken(AssertionError):
    """The global model left the admissible region and the protocol did not notice."""


class Observer:
    """Watches one run.  `tolerance` is a share of |φ(0)|, for rounding."""

    def __init__(self, protocol: Protocol, sites: Sites, coordinator: Coordinator, tolerance: float = 1e-3):
        self.guarantee = protocol.guarantee
        self.sites, self.coordinator = sites, coordinator
        self.tolerance = tolerance
        self.before = self.seen()

    def seen(self) -> Array:
        """The drifts that the guarantee speaks of: all of them (k, D), or only their mean (1, D)."""
        drifts = self.sites.models - self.coordinator.E
        return np.asarray(drifts if self.guarantee == "sum" else drifts.mean(axis=0, keepdims=True))

    def zone(self) -> SafeFunction:
        """The safe function of the current round."""
        return self.coordinator.make_zone(self.coordinator.E)

    def overshoot(self) -> float:
        """After the sites have moved, before anybody is heard: how far S is outside, 0 if it is not.

        Raises `GuaranteeBroken` if it is farther out than this step was long.
        """
        if not self.guarantee or not self.sites.checking:
            return 0.0
        zone, now = self.zone(), self.seen()
        excess, reach = zone.excess(now), zone.reach(now - self.before)
        if excess > reach + self.tolerance * (reach + abs(zone.at_zero)):
            raise GuaranteeBroken(f"step {self.sites.time}: S is {excess:.3g} outside, "
                                  f"farther than the sites can have gone since the last check ({reach:.3g})")
        return max(0.0, excess)

    def at_rest(self) -> None:
        """After the messages of a step: S must be admissible.  Raises `GuaranteeBroken`."""
        if not self.guarantee or not self.sites.checking:
            return
        self.before = self.seen()
        zone = self.zone()
        value = float(np.mean(zone(self.before)))
        if value > self.tolerance * abs(zone.at_zero):
            raise GuaranteeBroken(f"step {self.sites.time}: expected mean φ ≤ 0 with nothing pending, "
                                  f"got {value:.3g} (φ(0) = {zone.at_zero:.3g})")
