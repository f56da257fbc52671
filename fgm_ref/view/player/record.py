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
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.simulate import PHI_SITES
from fgm_ref.transport import messages
from fgm_ref.view.looks import SHADES, VERMILLION, has_bound, style
from fgm_ref.view.player.words import words

SHOWN = tuple(name for name, protocol in PROTOCOLS.items() if protocol.replays)
"""Those of this package that can be replayed: their sites watch φ, and their log tells all that the picture needs."""

MOST = 60_000
"""So many values of φ per run, steps × sites, keep the page small."""

FINE = 1000
"""The shares of the sites are whole thousandths."""


def expect_shown(configs: Sequence[Config]) -> None:
    """`ValueError` unless these settings can be shown side by side; found out before any computing starts."""
    if not 1 <= len(configs) <= 2:
        raise ValueError(f"protocol: expected one or two with --html, got {len(configs)}")
    for config in configs:
        _expect_replays(config.protocol)
        _expect_small(config.sites, config.steps)
        if config.faults:
            raise ValueError(f"faults: expected none with --html, got {config.faults!r}")


def _expect_replays(text: str) -> None:
    """A protocol of this package or of the user's that says that it can be replayed, and can."""
    protocol = parse(text)[0]
    if not protocol.replays:
        raise ValueError(f"protocol: expected one of {', '.join(SHOWN)} with --html, got {text!r}")
    if not issubclass(protocol.sites, MonitoringSites):
        raise ValueError(
            f"protocol: expected one whose sites watch φ (MonitoringSites) with --html, got {text!r}"
        )


def _expect_small(sites: int, steps: int) -> None:
    """So many values of φ that the page stays small."""
    if sites > PHI_SITES:
        raise ValueError(f"sites: expected at most {PHI_SITES} with --html, got {sites}")
    most = MOST // sites
    if steps > most:
        raise ValueError(
            f"steps: expected at most {most:,} with --html and {sites} sites, got {steps:,}"
        )


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
        "kinds": words(),
        "shades": SHADES,
        "red": VERMILLION,
        "runs": [one_run(result) for result in results],
    }


def setting(result: RunResult) -> str:
    """The training in one line."""
    config = result.config
    radius = f"{config.threshold:g}"
    if config.relative:
        radius += "·‖E‖"
    parts = [
        f"{config.cell.upper()} with {result.final['parameters']:,} parameters",
        f"{config.sites} sites",
        f"{config.split} split",
        config.schedule,
        f"safe function {config.safe}",
        f"radius {radius}",
        f"seed {config.seed}",
        config.change,
        *config.besides,
    ]
    return ", ".join(filter(None, parts))


def one_run(result: RunResult) -> dict[str, Any]:
    """One run: its log, its values of φ, and the ledger's totals, to which the replay must come too."""
    protocol = result.config.protocol
    return {
        "protocol": protocol,
        "about": parse(protocol)[0].about,
        "colour": style(protocol).color,
        "counts": has_bound(protocol),
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
    parts = np.ones((len(result.series["phi"]), 1))
    for event in result.events:
        after = slice(event["step"], None)
        if name_of(event) == "LAMBDA":
            parts[after] = event["number"]
        elif name_of(event) == "MODEL":
            parts[after] = 1.0
    return parts


def row(event: Any, result: RunResult) -> list[Any]:
    """[step, kind, site, copies, bytes each, number, value], where site −1 is everybody."""
    number, value = in_shares(event, result)
    whole = [int(event[name]) for name in ("step", "kind", "site", "copies", "size")]
    return [*whole, rounded(number), rounded(value)]


def in_shares(event: Any, result: RunResult) -> tuple[float, float]:
    """The payload and the cause of an event, in shares where they are values of φ."""
    number = float(event["number"])
    value = float(event["value"])
    before = max(event["step"] - 1, 0)
    zero = abs(float(result.series["phi_zero"][before]))
    slack = result.config.sites * zero
    match name_of(event):
        case "QUANTUM":  # θ, and what the poll has shown to be used
            return number / slack, 1 + value / slack
        case "LAMBDA":  # λ, and what the flushed part has used
            return number, value / slack + 1 - number
        case "VIOLATION":
            return np.nan, 1 + value / zero
        case "INCREMENT":
            return number, np.nan
    return np.nan, np.nan


def name_of(event: Any) -> str:
    """The name of an event's kind."""
    return messages.KINDS[event["kind"]].name


def rounded(number: float) -> float | int | None:
    """Four digits, as short as JSON can have it; None for what is not a number.

    >>> rounded(0.123456), rounded(2.0), rounded(float("nan"))
    (0.1235, 2, None)
    """
    if not np.isfinite(number):
        return None
    short = float(f"{number:.4g}")
    return int(short) if short.is_integer() else short
