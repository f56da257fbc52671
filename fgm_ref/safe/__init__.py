"""Which safe function: by name, composed, or your own.

    ball                                             see `function.py`
    variance, cap, half-space, upper-norm            see `zones.py`
    tracking, tracking-variance, ...-own, and so on  zones that move, see `tracking.py`
    per-layer, history-metric, cone                  other shapes, see `shaped.py`
    cheap:cap                                        the cheap ball of another one, see `composed.py`
    decay:ball, grow:ball                            a radius that changes from round to round
    loss, loss-fresh, loss-both                      promise loss and not distance, with options, see `loss.py`
    ball+cap                                         both conditions at once
    my_module:MyZone                                 your own, in my_module.py of the current directory, see `own.py`

A safe function joins the package by its class and its line in `CATALOGUE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from fgm_ref.arrays import Array, norm, squared_norm
from fgm_ref.safe.composed import FORMS, Cheap, Decaying, Growing, Maximum
from fgm_ref.safe.function import Ball, Facts, Maker, Round, SafeFunction
from fgm_ref.safe.loss import PROMISES, LossZones, loss_zones
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.safe.own import Adopted, own
from fgm_ref.safe.paced import Pace, Paced, paced
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
from fgm_ref.safe.zones import Cap, HalfSpace, UpperNorm, Variance

__all__ = [
    "CATALOGUE",
    "PROMISES",
    "SAFE",
    "Adopted",
    "Ball",
    "Cap",
    "Cheap",
    "Facts",
    "HalfSpace",
    "Maximum",
    "Round",
    "SafeFunction",
    "Tracking",
    "UpperNorm",
    "Variance",
    "ZoneMaker",
    "norm",
    "reference_rows",
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

PREFIXES: dict[str, Callable[..., SafeFunction]] = {
    "cheap": Cheap,
    "decay": Decaying,
    "grow": Growing,
}
"""What `prefix:NAME` makes of another one."""


ALL_FORMS = FORMS | {"`NAME` with `--radius lr`": Paced.facts}
"""What can be made of a safe function, by its name or by a setting, with its row of the reference page."""


def zone_maker(
    safe: str,
    threshold: float,
    relative: bool = True,
    blocks: tuple[slice, ...] = (),
    pace: Pace | None = None,
) -> ZoneMaker:
    """A `ZoneMaker` by the name of its safe function; an infinite threshold is never violated.

    With a `pace` the radius moves with time.

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
    if relative and isinstance(maker, LossZones):
        raise ValueError(
            f"threshold: {safe!r} promises δ in the unit of the loss; expected an absolute one (--absolute)"
        )
    if pace and isinstance(maker, LossZones):
        raise ValueError(
            f"radius: expected constant with {safe!r}, whose δ is a loss and no distance"
        )
    return ZoneMaker(paced(maker, pace), threshold, relative, blocks)


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
    if kind in PROMISES:
        return loss_zones(kind, rest)
    if kind in PREFIXES:
        return partial(PREFIXES[kind], of=safe_function(rest))
    if colon:
        return own(text, kind, rest)
    raise ValueError(
        f"safe: expected one of {', '.join([*CATALOGUE, *PROMISES])}; or cheap:NAME, decay:NAME, grow:NAME, NAME+NAME, "
        f"or your own as my_module:MyZone; got {text!r}"
    )


def _maximum(parts: tuple[Maker, ...], E: Array, R: float) -> SafeFunction:
    return Maximum(E, R, *parts)


def reference_rows() -> Iterator[tuple[str, ...]]:
    """The rows of the reference page's table: name, φ(X), admissible, φ(0), source, held by."""
    for name, made in (CATALOGUE | PROMISES).items():
        assert made.facts is not None, f"{name}: a safe function of the package declares its facts"
        yield made.facts.row(f"`{name}`")
    for form, facts in ALL_FORMS.items():
        assert facts is not None, form
        yield facts.row(form)
