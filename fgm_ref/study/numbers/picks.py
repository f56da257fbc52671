"""What the validation part picks: learning rates, outer steps, and the data sets on which communication helps.

The tables of `rates` and `servers` hold losses on the validation part only.  A run that diverged rules its settings
out.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fgm_ref.study.numbers.curves import mean_curve
from fgm_ref.study.numbers.rows import Row, Rows, settings_of, values, where

HELPS = 0.05
"""Communication helps if sites that never speak lose more than this share of what is learnt."""

PERIODIC = ("periodic:b=1", "periodic:b=13", "periodic:b=61")
EITHER = ("periodic:b=13", "fgm")


def fair(rates: Rows, dataset: str) -> list[Row]:
    """The runs that presets are picked from: Adam, along a cosine."""
    return where(rates, dataset=dataset, optimizer="adam", lr_schedule="cosine")


def loss_of(rows: Rows) -> float:
    """The mean over the seeds; infinite if there is no run or one has diverged."""
    found = [float(row["loss"]) for row in rows]
    return float(np.mean(found)) if found and not np.isnan(found).any() else float("inf")


def best_rate(rows: Rows) -> float:
    """The learning rate with the lowest mean loss, of runs that differ in rate and seed only."""
    return float(min(values(rows, "lr"), key=lambda lr: loss_of(where(rows, lr=lr))))


def at_best_rate(rows: Rows) -> float:
    """The lowest mean loss over the learning rates; not a number if there is no run."""
    return loss_of(where(rows, lr=best_rate(rows))) if rows else float("nan")


def together(rows: Rows, protocols: Sequence[str]) -> float:
    """The mean of the protocols' losses; infinite if one of them is missing or has diverged."""
    return float(np.mean([loss_of(where(rows, protocol=protocol)) for protocol in protocols]))


def tuned(rates: Rows, dataset: str) -> dict[str, Any] | None:
    """The learning rate of averaging with the lowest loss over all periods; None without the runs."""
    rows = where(fair(rates, dataset), protocol=PERIODIC, server="mean")
    return _lowest(rows, PERIODIC, "lr")


def steady(rates: Rows, dataset: str) -> dict[str, Any] | None:
    """The same for rates that stay, which the demo has; None without the runs."""
    rows = where(rates, dataset=dataset, optimizer="adam", lr_schedule="constant")
    return _lowest(where(rows, protocol=PERIODIC), PERIODIC, "lr")


def outer(servers: Rows, dataset: str) -> dict[str, Any] | None:
    """Outer step and learning rate with the lowest loss over a period and FGM; None without the runs."""
    return _lowest(where(servers, dataset=dataset), EITHER, "server", "lr")


def _lowest(rows: Rows, protocols: Sequence[str], *names: str) -> dict[str, Any] | None:
    """The settings with the lowest loss."""
    losses = [
        (together(where(rows, **chosen), protocols), chosen) for chosen in settings_of(rows, *names)
    ]
    found = [(loss, chosen) for loss, chosen in losses if np.isfinite(loss)]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def lost_alone(rates: Rows, dataset: str) -> float:
    """What sites that never speak lose, as a share of what averaging after every step learns; each at its best rate.

    Not a number without the runs.
    """
    rows = where(fair(rates, dataset), server="mean")
    alone = at_best_rate(where(rows, protocol="local"))
    every = where(rows, protocol="periodic:b=1")
    if not every:
        return float("nan")
    best = at_best_rate(every)
    trivial = float(every[0]["baseline_loss"])
    return (alone - best) / (trivial - best)


def helped(rates: Rows, datasets: Iterable[str]) -> list[str]:
    """The data sets on which communication helps; those without runs are taken to be among them."""
    return [name for name in datasets if not lost_alone(rates, name) <= HELPS]


def stopping_step(rows: Rows) -> int:
    """The evaluation with the lowest mean loss over the runs, counted from the start."""
    return int(np.nanargmin(mean_curve(rows, "loss")))
