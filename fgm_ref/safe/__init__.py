"""Which safe function: by name, composed, or your own; and the maker that every round starts with.

    ball, variance, cap, half-space, upper-norm      see `zones.py`
    tracking, tracking-variance, ...-own, and so on  zones that move, see `tracking.py`
    per-layer, history-metric, cone                  other shapes, see `shaped.py`
    cheap:cap                                        the cheap ball of another one
    decay:ball, grow:ball                            a radius that changes from round to round
    ball+cap                                         both conditions at once
    my_module:MyZone                                 your own, in my_module.py of the current directory

A class (or function) of your own takes (E, R); what it makes needs `__call__(X)` and `excess(X)` as described in
`zones.SafeFunction`, which it may inherit the rest from.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from typing import Any

from fgm_ref.arrays import Array, norm, squared_norm
from fgm_ref.safe.composed import Cheap, Decaying, Flipped, Growing, Maximum
from fgm_ref.safe.shaped import Cone, HistoryMetric, PerLayer
from fgm_ref.safe.tracking import (
    Tracking,
    TrackingCap,
    TrackingDamped,
    TrackingOwn,
    TrackingVariance,
    TrackingVarianceDamped,
    TrackingVarianceOwn,
)
from fgm_ref.safe.zones import FAR, Ball, Cap, HalfSpace, Maker, SafeFunction, UpperNorm, Variance
from fgm_ref.text import plug_in

__all__ = [
    "CATALOGUE",
    "SAFE",
    "Ball",
    "Cap",
    "Cheap",
    "Flipped",
    "HalfSpace",
    "Maximum",
    "SafeFunction",
    "Tracking",
    "UpperNorm",
    "Variance",
    "ZoneMaker",
    "norm",
    "safe_function",
    "squared_norm",
    "zone_maker",
]

SAFE: dict[str, type[SafeFunction]] = {"ball": Ball, "variance": Variance, "cap": Cap}
"""Those of the papers, which every protocol is tested with."""

CATALOGUE: dict[str, type[SafeFunction]] = SAFE | {
    "half-space": HalfSpace,
    "upper-norm": UpperNorm,
    "tracking": Tracking,
    "tracking-own": TrackingOwn,
    "tracking-variance": TrackingVariance,
    "tracking-variance-own": TrackingVarianceOwn,
    "tracking-damped": TrackingDamped,
    "tracking-variance-damped": TrackingVarianceDamped,
    "tracking-cap": TrackingCap,
    "per-layer": PerLayer,
    "history-metric": HistoryMetric,
    "cone": Cone,
}
"""All that have a name."""

PACES = {"decay": Decaying, "grow": Growing}
"""Those with a radius that changes from round to round."""


@dataclass(frozen=True)
class ZoneMaker:
    """Makes the safe function of a round from the round's reference model E.

    Sites and coordinator hold one each and thus agree without a message.  With `relative` the radius is
    R = threshold · ‖E‖, taken anew in every round; else R = threshold.  `blocks` are the layers, if they are known.
    """

    safe: Maker
    threshold: float
    relative: bool = True
    blocks: tuple[slice, ...] = ()

    def __call__(
        self, E: Array, before: Array | None = None, steps: int = 0, rounds: int = 1
    ) -> SafeFunction:
        """The safe function for reference E (D,).

        A moving one also wants to know the reference of the round `before`, how many steps that lasted, and how
        many `rounds` there have been.
        Raises `ValueError` unless φ(0) is a number below 0.
        """
        zone = self.safe(E, self.radius(E))
        if not -float("inf") < zone.at_zero < 0:
            raise ValueError(
                f"threshold: expected φ(0) < 0, so that a round has some slack; "
                f"got φ(0) = {zone.at_zero:g} with R = {zone.R:g} in {E.dtype}"
            )
        if self.blocks:
            zone.divide(self.blocks)
        if before is not None:
            zone.after(rounds, max(1, steps))
            zone.expect((E - before) / max(1, steps))
        return zone

    def radius(self, E: Array) -> float:
        """R for the reference model E (D,), at most `FAR`."""
        if not self.relative:
            return min(self.threshold, FAR)
        length = float(norm(E))
        if length == 0:
            raise ValueError(
                "threshold: a relative one needs a reference model other than zero, got E = 0; "
                "use an absolute threshold"
            )
        return min(self.threshold * length, FAR)


def zone_maker(
    safe: str, threshold: float, relative: bool = True, blocks: tuple[slice, ...] = ()
) -> ZoneMaker:
    """A `ZoneMaker` by the name of its safe function; an infinite threshold is never violated.

    >>> import numpy as np
    >>> phi = zone_maker("ball", 0.5)(np.array([3.0, 4.0]))
    >>> phi.R, phi.at_zero, float(phi(np.array([0.0, 3.0])))
    (2.5, -2.5, 0.5)
    """
    maker = safe_function(safe)
    if not threshold > 0:
        raise ValueError(
            f"threshold: expected a number above 0 (a round needs φ(0) < 0), got {threshold:g}"
        )
    return ZoneMaker(maker, threshold, relative, blocks)


def safe_function(text: str) -> Maker:
    """What makes the safe functions of this name (see the top of this module).

    >>> import numpy as np
    >>> phi = safe_function("ball+half-space")(np.array([3.0, 4.0]), 1.0)
    >>> float(phi(np.array([-0.6, -0.8])))
    0.0

    Raises `ValueError`, in words for the user, if there is none.
    """
    if "+" in text:
        return partial(_maximum, tuple(safe_function(part) for part in text.split("+")))
    if text in CATALOGUE:
        return CATALOGUE[text]
    kind, colon, rest = text.partition(":")
    if kind == "cheap":
        return partial(Cheap, of=safe_function(rest))
    if kind in PACES:
        return partial(PACES[kind], of=safe_function(rest))
    if colon:
        return partial(_adopt, text, _checked(kind, rest, plug_in("safe", kind, rest)))
    raise ValueError(
        f"safe: expected one of {', '.join(CATALOGUE)}; or cheap:NAME, decay:NAME, grow:NAME, NAME+NAME, "
        f"or your own as my_module:MyZone; got {text!r}"
    )


def _maximum(parts: tuple[Maker, ...], E: Array, R: float) -> SafeFunction:
    return Maximum(E, R, *parts)


class Adopted(SafeFunction):
    """A safe function that does not inherit from `SafeFunction`: it brings φ and `excess`, and gets the rest."""

    def __init__(self, E: Array, R: float, own: Any):
        super().__init__(E, R)
        self.own = own
        self.lipschitz, self.eikonal = (
            getattr(own, "lipschitz", None),
            getattr(own, "eikonal", False),
        )

    def __call__(self, X: Array) -> Any:
        """Its φ(X)."""
        return self.own(X)

    def excess(self, X: Array) -> float:
        """Its excess."""
        return float(self.own.excess(X))


def _adopt(text: str, make: Any, E: Array, R: float) -> SafeFunction:
    """What the user's own maker makes, as a `SafeFunction`."""
    zone = make(E, R)
    if isinstance(zone, SafeFunction):
        return zone
    for needed in ("__call__", "excess"):
        if not callable(getattr(zone, needed, None)):
            raise ValueError(
                f"safe: {text} makes a {type(zone).__name__} without {needed}(X); "
                "a safe function needs __call__(X) and excess(X)"
            )
    return Adopted(E, R, zone)


def _checked(module: str, name: str, make: Any) -> Any:
    """`make`, if it can be called as make(E, R)."""
    if not callable(make):
        raise ValueError(
            f"safe: expected {module}:{name} to be a class or function of (E, R), "
            f"got a {type(make).__name__}"
        )
    if inspect.isabstract(make):
        raise ValueError(
            f"safe: {module}:{name} lacks {' and '.join(sorted(make.__abstractmethods__))}; "
            "a safe function needs __call__(X) and excess(X)"
        )
    try:
        inspect.signature(make).bind(None, None)
    except TypeError as error:
        raise ValueError(
            f"safe: expected to call {module}:{name} as {name}(E, R): {error}"
        ) from None
    return make
