"""The omniscient observer: sees all models at once and holds every protocol to its guarantee.

Nobody in a protocol can know the true mean model S between synchronisations; the simulator can.  After
every step, when nothing is pending, S must lie in the admissible region.  Inside the one step that sets
off a synchronisation it may have left the region, by no more than that step was long: the *overshoot*.

Each reaction of a protocol is judged as well (the classes of Sivan, Gabel & Schuster 2022, "AutoMon"):
*true* if S was outside, *false-global* if everybody was synchronised although S was inside, *false-local* if a
rebalance was enough; and *missed* if S was outside and nobody reacted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import Chosen, Coordinator, Protocol, Sites
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.safe import Round, SafeFunction
from fgm_ref.safe.paced import pace_of, paced
from fgm_ref.transport.codecs import Codec
from fgm_ref.transport.faults import Faults

VERDICTS = ("", "true", "false-global", "false-local", "missed")
"""What a step's reaction was; recorded by its number."""


def outlives(
    chosen: Chosen,
    zone: SafeFunction | type[SafeFunction],
    faults: Faults | None,
    codec: Codec | None,
) -> bool:
    """Whether the guarantee holds to the last bit at every quiet point, in spite of faults and rounding.

    `zone` is a safe function of the round, or its class.

    Where convexity is not proved, nothing is certain.
    Duplicates only make a counter run ahead.  Stale messages are dropped by their tag.  What is resent arrives within
    its step.  A late or lost message can break a guarantee.  An absent site does no harm if the protocol has reckoned
    with nothing but the site's own drift from E, and if standing still is the best that a site can do.
    """
    exact = zone.proved and (codec is None or codec.lossless or chosen.protocol.exact)
    if faults is None:
        return exact
    timely = faults.delay == 0 and (faults.drop == 0 or faults.resend)
    rests = not zone.moves or zone.fixed_at_zero
    calm = _bears_absence(chosen) and zone.lowest_at_zero and rests
    return exact and timely and (calm or not faults.absent)


def _bears_absence(chosen: Chosen) -> bool:
    """Whether an absent site may be taken to stand where it was last heard of."""
    bears = chosen.protocol.bears_absence
    return bears if isinstance(bears, bool) else bears(chosen.options)


class GuaranteeBroken(AssertionError):
    """The global model left the admissible region and the protocol did not notice."""


class Observer:
    """Watches one run.  `tolerance` is a share of |φ(0)|, for rounding.

    With `strict` a broken guarantee raises `GuaranteeBroken`; without, it is only counted, as for a network
    whose faults no protocol can make up for.
    """

    def __init__(
        self,
        protocol: Protocol,
        sites: Sites,
        coordinator: Coordinator,
        tolerance: float = 1e-3,
        strict: bool = True,
    ):
        self.guarantee = protocol.guarantee
        self.sites, self.coordinator = sites, coordinator
        self.tolerance, self.strict = tolerance, strict
        self.breaches = 0
        self.checked = 0  # after how many steps there was something to hold the protocol to
        self.outside = False
        self.before = self.seen()
        self.reactions = self._reactions()

    def seen(self) -> Array:
        """The vectors that the guarantee speaks of, made from the drifts (k, D)."""
        drifts = self.sites.models - self.coordinator.E
        drifts[sorted(self.coordinator.network.absent)] = 0  # who is gone counts as standing at E
        weights = getattr(
            self.sites, "weights", None
        )  # k p_i: the mean of these is that of the weighted
        if weights is not None:
            drifts *= weights[:, None]
        if self.guarantee is None:
            return np.asarray(drifts)
        return np.asarray(self.guarantee.seen(drifts))

    def zone(self) -> SafeFunction:
        """The safe function of the current round; who looks on is not billed."""
        return self._zone().unbilled()

    def _zone(self) -> SafeFunction:
        E, make_zone = self.coordinator.E, self.coordinator.make_zone
        if self.guarantee and self.guarantee.zone:
            zone = paced(self.guarantee.zone, pace_of(make_zone))(E, make_zone.radius(E))
            zone.begin(Round(began=max(0, self.sites.time - 1)))
            zone.advance(1, np.ones(self.sites.k))
            return zone
        if isinstance(self.sites, MonitoringSites) and not self.sites.zone.stands_still:
            return self.sites.zone  # it knows the time, and how the last round went
        return make_zone(E)

    @property
    def watching(self) -> bool:
        """Whether there is something to hold the protocol to in this step."""
        return self.guarantee is not None and self.sites.checking

    def overshoot(self) -> float:
        """After the sites have moved, before anybody is heard: how far S is outside, 0 if it is not.

        Raises `GuaranteeBroken` if it is farther out than this step was long.
        """
        self.outside = False
        if not self.watching:
            return 0.0
        zone, now = self.zone(), self.seen()
        excess, reach = zone.excess(now), zone.growth(self.before, now)
        if excess > reach + self.tolerance * (reach + abs(zone.at_zero)):
            self._broken(
                f"S is {excess:.3g} outside, farther than the sites can have gone since the last check "
                f"({reach:.3g})"
            )
        self.outside = excess > 0
        return max(0.0, excess)

    def at_rest(self) -> int:
        """After the messages of a step: S must be admissible.  Returns the verdict on this step's reaction.

        Raises `GuaranteeBroken`.
        """
        if not self.watching:
            return 0
        self.checked += 1
        self.before = self.seen()
        zone = self.zone()
        value = float(np.mean(zone(self.before)))
        if value > self.tolerance * abs(zone.at_zero):
            self._broken(
                f"expected mean φ ≤ 0 with nothing pending, got {value:.3g} (φ(0) = {zone.at_zero:.3g})"
            )
        return VERDICTS.index(self._verdict())

    def final(self, verdicts: Sequence[int]) -> dict[str, Any]:
        """For the record: what the reactions of all steps were, and how often the guarantee was broken."""
        counts = zip(VERDICTS, np.bincount(verdicts, minlength=len(VERDICTS)), strict=True)
        return {
            "violations": {name: int(n) for name, n in counts if name},
            "breaches": self.breaches,
            "checked": self.checked,
        }

    def _verdict(self) -> str:
        (rounds, rebalances), self.reactions = self.reactions, self._reactions()
        everybody = self.reactions[0] > rounds
        some = self.reactions[1] > rebalances
        if self.outside:
            return "true" if everybody or some else "missed"
        if everybody:
            return "false-global"
        return "false-local" if some else ""

    def _reactions(self) -> tuple[int, int]:
        return self.coordinator.round, self.coordinator.rebalances

    def _broken(self, what: str) -> None:
        self.breaches += 1
        if self.strict:
            raise GuaranteeBroken(f"step {self.sites.time}: {what}")
