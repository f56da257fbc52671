"""What the player needs of a run's log, as plain values for JSON.

Everything is measured in *shares*: 1 is the slack k|φ(0)| of a fresh round, of which each site brings 1/k.  What
site i has used is (φ(X_i) − φ(0))/|φ(0)| of its own part.  Numbers are rounded to what can be seen.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.simulate import PHI_SITES
from fgm_ref.transport.messages import KINDS

SHOWN = tuple(name for name, protocol in PROTOCOLS.items() if protocol.replays)
"""The protocols that can be replayed: their sites watch φ, and their log tells all that the picture needs."""

MOST = 60_000
"""So many values of φ per run, steps × sites, keep the page small."""

FINE = 1000
"""The shares of the sites are whole thousandths."""


def expect_shown(configs: Sequence[Config]) -> None:
    """`ValueError` unless these settings can be shown side by side; found out before any computing starts."""
    if not 1 <= len(configs) <= 2:
        raise ValueError(f"protocol: expected one or two with --html, got {len(configs)}")
    for config in configs:
        if parse(config.protocol)[0].name not in SHOWN:
            raise ValueError(
                f"protocol: expected one of {', '.join(SHOWN)} with --html, got {config.protocol!r}"
            )
        if config.sites > PHI_SITES:
            raise ValueError(f"sites: expected at most {PHI_SITES} with --html, got {config.sites}")
        if config.steps * config.sites > MOST:
            raise ValueError(
                f"steps: expected at most {MOST // config.sites:,} with --html and {config.sites} sites, "
                f"got {config.steps:,}"
            )
        if config.faults:
            raise ValueError(f"faults: expected none with --html, got {config.faults!r}")


def record(results: Sequence[RunResult], data: Dataset) -> dict[str, Any]:
    """Everything that the page shows of these runs."""
    config = results[0].config
    return {
        "about": data.about,
        "dataset": data.name,
        "sites": config.sites,
        "steps": config.steps,
        "seed": config.seed,
        "setting": setting(results[0]),
        "kinds": [[kind.name, kind.direction, kind.meaning] for kind in KINDS],
        "runs": [one_run(result) for result in results],
    }


def setting(result: RunResult) -> str:
    """The training in one line."""
    config = result.config
    size = f"{config.cell.upper()} with {result.final['parameters']:,} parameters"
    radius = f"{config.threshold:g}·‖E‖" if config.relative else f"{config.threshold:g}"
    parts = [
        size,
        f"{config.sites} sites",
        f"{config.split} split",
        config.schedule,
        f"safe function {config.safe}",
        f"radius {radius}",
        f"seed {config.seed}",
        config.change,
    ]
    return ", ".join(filter(None, parts))


def one_run(result: RunResult) -> dict[str, Any]:
    """One run: its log, its values of φ, and the ledger's totals, to which the replay must come too."""
    return {
        "protocol": result.config.protocol,
        "about": parse(result.config.protocol)[0].about,
        "used": used(result).tolist(),
        "loss": [rounded(loss) for loss in result.series["loss"]],
        "events": [row(event, result) for event in result.events],
        "totals": {
            "messages": result.totals["messages"],
            "bytes": result.totals["bytes"],
            "rounds": int(result.series["rounds"][-1]),
        },
        "final": {"loss": rounded(result.final["loss"]), "score": rounded(result.final["score"])},
    }


def used(result: RunResult) -> Array:
    """What each site has used of its part, (steps, k) whole thousandths, before the messages of the step."""
    zero = result.series["phi_zero"][:, None]
    from_zero = (result.series["phi"] - part(result) * zero) / np.abs(zero)
    return np.asarray(np.rint(FINE * from_zero), int)


def part(result: RunResult) -> Array:
    """λ of each step, (steps, 1): after a flush the sites count from λφ(0)."""
    parts, steps = np.ones((len(result.series["phi"]), 1)), len(result.series["phi"])
    for event in result.events:
        if event["step"] < steps and name_of(event) in ("LAMBDA", "MODEL"):
            parts[event["step"] :] = event["number"] if name_of(event) == "LAMBDA" else 1.0
    return parts


def row(event: Any, result: RunResult) -> list[Any]:
    """[step, kind, site, copies, bytes each, number, value], where site −1 is everybody."""
    number, value = in_shares(event, result)
    return [
        *(int(event[name]) for name in ("step", "kind", "site", "copies", "size")),
        rounded(number),
        rounded(value),
    ]


def in_shares(event: Any, result: RunResult) -> tuple[float, float]:
    """The payload and the cause of an event, in shares where they are values of φ."""
    k, number, value = result.config.sites, float(event["number"]), float(event["value"])
    zero = abs(float(result.series["phi_zero"][max(event["step"] - 1, 0)]))
    match name_of(event):
        case "QUANTUM":  # θ, and what the poll has shown to be used
            return number / (k * zero), 1 + value / (k * zero)
        case "LAMBDA":  # λ, and what the flushed part has used
            return number, value / (k * zero) + 1 - number
        case "VIOLATION":
            return np.nan, 1 + value / zero
        case "INCREMENT":
            return number, np.nan
    return np.nan, np.nan


def name_of(event: Any) -> str:
    """The name of an event's kind."""
    return KINDS[event["kind"]].name


def rounded(number: float) -> float | int | None:
    """Four digits, as short as JSON can have it; None for what is not a number.

    >>> rounded(0.123456), rounded(2.0), rounded(float("nan"))
    (0.1235, 2, None)
    """
    if not np.isfinite(number):
        return None
    short = float(f"{number:.4g}")
    return int(short) if short.is_integer() else short
