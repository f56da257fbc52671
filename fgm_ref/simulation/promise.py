"""Was a promise about loss kept?  A count of failures by somebody who sees all models.

`safe/loss.py` says what is assumed: that the bowl q is large enough on the hull of the drifts.  When nothing is
pending after a step, two things are looked at.

    bent      φ(mean X) > (1/k) Σ φ(X_i): Jensen's inequality failed, so φ is not convex there and q was too small
    broken    f(S) > f(E) + δ (and so on for the other side): the promise itself failed

The first can happen without the second, for luck is no proof.  But it is seen only where the mean of the drifts shows
it: a q that is too small elsewhere in the hull goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.learning.model import ModelSpec
from fgm_ref.protocols.protocol import Protocol
from fgm_ref.safe.loss import LossZones
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.simulation.shared import SharedLoss, drawn, ship
from fgm_ref.transport.ledger import Ledger

ROUNDING = 1e-6
"""What is taken for rounding, as a share of δ."""


class Promise:
    """The shared windows of a run, and what became of the promise on them."""

    def __init__(
        self, make_zone: ZoneMaker, zones: LossZones, data: Dataset, given: Sequence[Array]
    ):
        self.make_zone, self.zones = make_zone, zones
        self.data, self.given = data, given
        self.bytes = self.checked = self.bent = self.broken = 0
        self.worst = -np.inf  # how far f(S) has been outside, in δ

    def ship(self, ledger: Ledger) -> None:
        """Before the first step: the windows go to everybody."""
        self.bytes = ship(ledger, self.data, self.given)

    def look(self, E: Array, models: Array, weights: Array | None = None) -> None:
        """Nothing is pending: compare what was promised for E (D,) with the models (k, D).

        `weights` (k,) are k p_i, where the mean is Σ p_i w_i; so Jensen's inequality is that of the same p_i.
        """
        zone, X = self.make_zone(E).unbilled(), models - E
        weights = np.ones(len(X)) if weights is None else weights
        weighted = X * weights[:, None].astype(X.dtype)
        jensen = float(zone(weighted.mean(axis=0))) - float(np.mean(weights * zone(X)))
        excess = zone.excess(weighted)
        self.checked += 1
        self.bent += jensen > ROUNDING * zone.R
        self.broken += excess > ROUNDING * zone.R
        self.worst = max(self.worst, excess / zone.R)

    def final(self) -> dict[str, Any]:
        """For the record: what the promise has cost, and how often it failed."""
        effort, k = self.zones.effort, len(self.given)
        holders = k + bool(self.zones.options["kept"])  # each of them measures
        return {
            "windows": sum(map(len, self.given)),
            "bytes": self.bytes,
            "forward": effort.passes + holders * effort.references,
            "backward": holders * effort.gradients,
            "checked": self.checked,
            "bent": self.bent,
            "broken": self.broken,
            "worst": float(self.worst),
        }


def promised(
    make_zone: ZoneMaker,
    protocol: Protocol,
    spec: ModelSpec,
    data: Dataset,
    parts: Sequence[Array],
    rng: np.random.Generator,
) -> Promise | None:
    """Hand the loss in, if the zones of a run promise one; `parts` says which samples each site has.

    None if they do not, or if the protocol does not watch them.
    """
    zones = make_zone.safe
    if not isinstance(zones, LossZones):
        return None
    if protocol.watches == "radius":
        raise ValueError(
            f"safe: {zones.name!r} promises a loss, and {protocol.name} watches a distance; use gm or fgm"
        )
    given = drawn(parts, zones.options["windows"], rng)
    rows = np.concatenate(given)
    zones.objective = SharedLoss(spec, data.x_train[rows], data.y_train[rows])
    return Promise(make_zone, zones, data, given) if protocol.watches == "zone" else None
