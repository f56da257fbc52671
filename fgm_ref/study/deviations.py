"""Deviations from the theory that a published program makes, each with a switch of its own.

They are here to find out which of them makes which published number.  With no switch on, `GM` is `dynamic` and
`FGM` is `fgm`, message for message.  No guarantee is claimed, not even with no switch on.

    python -m fgm_ref.demo --protocol fgm_ref.study.deviations:GM:inverted=yes
    python -m fgm_ref.demo --protocol fgm_ref.study.deviations:FGM:unsigned=yes,twice=yes

GM (Kamp's dynamic averaging with balancing)

    inverted           augmenting stops when the mean of B is *outside*.  Two sites have a mean inside after a
                       small violation, so B grows to everybody; they have one outside after a large violation
                       (and with `norm` always), so B stays at two, which violate again at once, until the count
                       of violations ends the round: k − 1 balancings in every round
    norm               the condition is given w − 2E for w − E, and a length for its square: ‖(w − E) − E‖ ≤ R.  A
                       site with ‖E‖ > R speaks after every batch of its own
    partial_reference  who is balanced measures itself from the partial mean; the coordinator goes on from E.  The
                       models walk out of the region unnoticed
    stale              the reference of the condition stays the first model.  Once the models have left its
                       neighbourhood, somebody speaks in nearly every step
    rewind             the sites go back to the first model at every full synchronisation, and measure from there
                       (`stale` is part of it).  Nothing is ever learnt for longer than a round
    movers             means leave out the models that stand at the reference
    sum_test           an error of the text, not of the program: B is measured by the *sum* (1/k) Σ_B ‖w − E‖², which
                       grows with B.  Augmenting ends with everybody, or does not begin and a small violator
                       gets its own model back

FGM

    unsigned           a fall of φ below z_i is read as a huge count: the subround ends for nothing
    sum                E moves by the sum of the drifts, k times too far.  Training overshoots, and with many sites
                       or large radii it diverges, unless `rewind` keeps the sites from ever seeing that E
    carry              E moves by the mean drifts of *all* rounds so far, so it picks up speed: diverges as well
    stale, rewind      as above; drifts are still added to E.  With `stale` alone most rounds end at once
    stale_phi          φ(X_i), and z_i with it, are those of the site's last own batch, also if that was in an
                       earlier round.  Such a z_i is too high: the site keeps silent (with `unsigned`: it shouts)
    twice              φ(X_i) is polled twice and billed twice

`GM_PUBLISHED` and `FGM_PUBLISHED` have all switches of the program on; in that program one site trained at a time
(schedule "single"), GM had an absolute threshold and FGM the safe function "cap".
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm, squared_norm
from fgm_ref.learning.learners import Learners
from fgm_ref.protocols import base, dynamic, fgm
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import Protocol
from fgm_ref.protocols.setup import Setup
from fgm_ref.safe import SafeFunction, ZoneMaker
from fgm_ref.transport.messages import DRIFT, MODEL, PHI, Cause, Kind, Message
from fgm_ref.transport.network import Network


@dataclass(frozen=True)
class FirstZone(ZoneMaker):
    """Makes the safe function of the first model in every round."""

    first: Any = None

    def __call__(
        self,
        E: Array,
        before: Array | None = None,
        steps: int = 0,
        rounds: int = 1,
        began: int = 0,
    ) -> SafeFunction:
        """The safe function of the first model (D,), whatever E is now."""
        return super().__call__(self.first, began=began)


def stand_still(make_zone: ZoneMaker, first: Array) -> ZoneMaker:
    """The same maker, holding on to the `first` model (D,)."""
    return FirstZone(**vars(make_zone), first=first)


class Doubled(SafeFunction):
    """Kamp's condition, misread twice: E is subtracted from what is a drift already, and nothing is squared."""

    @property
    def at_zero(self) -> float:
        """Below 0 for the makers; what the sites know before their first batch is never looked at."""
        return -self.R

    def __call__(self, X: Array) -> Any:
        """‖X − E‖ − R."""
        return norm(X - self.E) - self.R

    def excess(self, X: Array) -> float:
        """The same of the mean: there is no region that this is safe for."""
        return float(self(X.mean(axis=0)))


class StaleSites(base.MonitoringSites):
    """Sites that measure themselves from the first model for ever (`stale`), or even go back to it (`rewind`)."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.on = setup.options
        self.first = setup.E
        self.shipped = setup.E  # what a drift is counted from when it is sent

    def receive(self, message: Message, sites: Array) -> None:
        """`rewind`: the model that arrives is taken for the first one."""
        if message.kind is MODEL and self.on["rewind"]:
            message = replace(message, payload=self.first)
        super().receive(message, sites)

    def start_round(self, E: Array) -> None:
        """`stale`: φ is that of the first model, and so are the drifts it is given."""
        self.shipped = E
        super().start_round(self.first if self.on["stale"] else E)


class GMSites(StaleSites, dynamic.Sites):
    """Kamp's sites.  Each looks at the condition after batches of its own only."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        if self.on["norm"]:
            self.make_zone = replace(self.make_zone, safe=Doubled)
        self.trained = np.zeros(self.k, bool)  # since the last check

    def step(self, active: Any, x: Array, y: Array) -> None:
        """Remember who has trained."""
        if self.checking:
            self.trained[:] = False
        self.trained[active] = True
        super().step(active, x, y)

    def alarms(self) -> Array:
        """The violators among those that have trained.  (Of the others a correct protocol has cured all.)"""
        violators = super().alarms()
        return violators[self.trained[violators]]

    def balance(self, sites: Array, drift: Array) -> None:
        """`partial_reference`: the partial mean is where these sites measure from."""
        super().balance(sites, drift)
        if self.on["partial_reference"]:
            self.base = np.broadcast_to(self.base, self.models.shape).copy()
            self.base[sites] = drift


class GMCoordinator(dynamic.Coordinator):
    """Kamp's coordinator, with other tests of the balancing set."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.on = setup.options
        self.stale = self.on["stale"] or self.on["rewind"]
        self.first = setup.E
        if self.on["norm"]:
            self.make_zone = replace(self.make_zone, safe=Doubled)
        if self.stale:
            self.make_zone = stand_still(self.make_zone, self.first)

    @property
    def reference(self) -> Array:
        """What distances are taken from."""
        return self.first if self.stale else self.E

    def outside(self, phi: SafeFunction) -> bool:
        """Whether to augment B."""
        violates = self.sum_test(phi) if self.on["sum_test"] else self.mean_test(phi)
        if self.on["inverted"]:
            return len(self.B) < 2 or not violates
        return violates

    def mean_test(self, phi: SafeFunction) -> bool:
        """φ(mean of B − E) > 0."""
        return bool(phi(self.mean() - self.reference) > 0)

    def sum_test(self, phi: SafeFunction) -> bool:
        """(1/k) Σ_B ‖w_j − E‖² > R²."""
        models = np.stack(list(self.B.values()))
        lengths = squared_norm(models - self.reference)
        return bool(lengths.sum() > self.k * phi.R**2)

    def mean(self) -> Array:
        """`movers`: the mean of the models that have moved, if any have."""
        moved = {site: w for site, w in self.B.items() if not np.array_equal(w, self.reference)}
        if self.on["movers"] and moved:
            return mean_over(moved)
        return super().mean()


class FGMSites(StaleSites, fgm.Sites):
    """FGM's sites, with what is wrong in their counters."""

    def start_round(self, E: Array) -> None:
        """`stale_phi`: what a site last evaluated stays its φ, and its z, until it trains again."""
        first = self.E is None
        cached = None if first else self.values
        super().start_round(E)
        if self.on["stale_phi"] and cached is not None:
            self.values = cached
            self.z = cached.copy()

    def quanta(self, sites: Any = slice(None)) -> Array:
        """`unsigned`: a negative number of quanta turns into more than enough to end a subround."""
        n = super().quanta(sites)
        if self.on["unsigned"]:
            n = np.where(n < 0, self.k + 1, n)
        return n

    def reply(self, kind: Kind, sites: Array) -> Array:
        """What is sent as a drift is counted from the model that came last."""
        if kind is DRIFT:
            return np.asarray(self.models[sites] - self.shipped)
        return super().reply(kind, sites)


class FGMCoordinator(fgm.Coordinator):
    """FGM's coordinator, with what is wrong in its sums and its polls."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.on = setup.options
        self.carried = np.zeros_like(setup.E)
        if self.on["stale"] or self.on["rewind"]:
            self.make_zone = stand_still(self.make_zone, setup.E)

    def end_subround(self) -> None:
        """`twice`: once for nothing."""
        if self.on["twice"]:
            self.network.poll(PHI, cause=("c", self.c))
        super().end_subround()

    def end_round(self, cause: Cause) -> None:
        """E := E + (1/k) Σ X_i; with `sum` without the 1/k, with `carry` over all rounds."""
        drifts = self.network.poll(DRIFT, cause=cause)
        step = drifts.mean(axis=0)
        if self.on["sum"]:
            step = drifts.sum(axis=0)
        if self.on["carry"]:
            step = step + self.carried
        self.carried = step
        self.publish(self.E + self.carried, cause)


def _switches(protocol: Protocol, *names: str) -> dict[str, Any]:
    return {**protocol.options, **dict.fromkeys(names, False)}


def _all_on(protocol: Protocol) -> Protocol:
    switches = [name for name, value in protocol.options.items() if value is False]
    on = {name: True for name in switches if name != "sum_test"}
    options = {**protocol.options, **on}
    return replace(protocol, options=options, about=f"{protocol.about}: all of them")


GM = Protocol(
    "dynamic",
    "Kamp's dynamic averaging with a published program's deviations",
    GMSites,
    GMCoordinator,
    options=_switches(
        dynamic.PROTOCOL,
        "inverted",
        "norm",
        "partial_reference",
        "stale",
        "rewind",
        "movers",
        "sum_test",
    ),
)
FGM = Protocol(
    "fgm",
    "functional geometric monitoring with a published program's deviations",
    FGMSites,
    FGMCoordinator,
    options=_switches(
        fgm.PROTOCOL, "unsigned", "sum", "carry", "stale", "rewind", "stale_phi", "twice"
    ),
)
GM_PUBLISHED, FGM_PUBLISHED = _all_on(GM), _all_on(FGM)
