"""Do drifts cancel?  What a rebalance can hope for, measured when something happens.

At each step in which a monitoring protocol reacts, before it does: the *cancellation* ‖Σ X_i‖ / Σ ‖X_i‖.  It is 1
if all sites went the same way and 0 if they end where they began.  For the ball a rebalance wins back the share
1 - ‖Σ X_i‖ / Σ ‖X_i‖ of what was used up, so it pays where this number is small.
"""

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation


def cancellation(config: Config) -> dict[str, Any]:
    """One run.  The columns: quartiles of the cancellation over the rounds that ended, and how many there were."""
    simulation = Simulation(config)
    sites = simulation.sites
    if not isinstance(sites, MonitoringSites):
        raise ValueError(f"protocol: expected one that monitors drifts, got {config.protocol!r}")
    found = []
    exchange = simulation.network.exchange

    def watched() -> None:
        before = simulation.coordinator.round
        X = sites.drifts(slice(None)).copy()
        exchange()
        if simulation.coordinator.round > before:
            # ‖Σ X_i‖ / Σ ‖X_i‖
            share = norm(X.sum(axis=0)) / norm(X).sum()
            found.append(float(share))

    simulation.network.exchange = watched  # type: ignore[method-assign]
    for _ in range(config.steps):
        simulation.step()
    low, middle, high = quartiles(found)
    return {
        "cancellation_low": low,
        "cancellation": middle,
        "cancellation_high": high,
        "ended": len(found),
        "loss": simulation.result().final["loss"],
    }


def quartiles(values: list[float]) -> Array:
    """(3,), not numbers if there are no values."""
    if not values:
        return np.full(3, np.nan)
    return np.quantile(values, (0.25, 0.5, 0.75))
