"""The comparison as a table, and as JSON."""

from collections.abc import Sequence
from typing import Any

from fgm_ref.datasets import Dataset
from fgm_ref.simulation.result import RunResult
from fgm_ref.text import aligned

MB = 1e6


VIOLATIONS = ["true", "false-global", "false-local", "missed"]
"""Columns of a verified comparison: what the protocols' reactions were worth (see `observer.py`)."""


def judged(results: Sequence[RunResult]) -> bool:
    """Whether the runs were checked step by step."""
    return any("violations" in r.final for r in results)


def notes(results: Sequence[RunResult]) -> list[str]:
    """What must be said below the table: guarantees that the network's faults have cost."""
    return [
        f"{r.config.protocol}: with {r.config.faults or r.config.change} its guarantee was broken in "
        f"{r.final['breaches']} steps"
        for r in results
        if r.final.get("breaches")
    ]


def reference(results: Sequence[RunResult]) -> RunResult | None:
    """What bytes are compared with: the first periodic run, if there is one."""
    return next((r for r in results if r.config.protocol.startswith("periodic")), None)


def relative_bytes(result: RunResult, to: RunResult | None) -> float | None:
    """Payload bytes as a multiple of another run's."""
    return result.totals["bytes"] / to.totals["bytes"] if to else None


def table(results: Sequence[RunResult], data: Dataset) -> str:
    """One row per run.  Megabytes are payload, 10⁶ bytes."""
    classification = data.task == "classification"
    score = "accuracy" if classification else f"RMSE {data.unit}".strip()
    header = ["protocol", "rounds", "messages", "up MB", "down MB", "test loss", score]
    header += ["balanced"] if classification else []
    header += VIOLATIONS if judged(results) else []
    base = reference(results)
    header += ["bytes / " + base.config.protocol] if base else []
    rows = [header] + [_row(r, classification, base) for r in results]
    rows.append(_baseline_row(data, classification, len(header)))
    return "\n".join(aligned(rows))


def _row(result: RunResult, classification: bool, base: RunResult | None) -> list[str]:
    final, totals = result.final, result.totals
    row = [
        result.config.protocol,
        f"{result.series['rounds'][-1]}",
        f"{totals['messages']:,}",
        f"{totals['bytes_up'] / MB:.3f}",
        f"{totals['bytes_down'] / MB:.3f}",
        f"{final['loss']:.3f}",
        f"{final['score']:.3f}",
    ]
    row += [f"{final['balanced']:.3f}"] if classification else []
    row += [str(final["violations"][name]) for name in VIOLATIONS] if "violations" in final else []
    return row + ([f"{relative_bytes(result, base):.3f}"] if base else [])


def _baseline_row(data: Dataset, classification: bool, columns: int) -> list[str]:
    base = data.baseline
    row = [f"({base.name})", "", "", "", "", f"{base.loss:.3f}", f"{base.score:.3f}"]
    row += [f"{base.balanced:.3f}"] if classification else []
    return row + [""] * (columns - len(row))


def as_json(results: Sequence[RunResult], data: Dataset, version: str) -> dict[str, Any]:
    """Everything the table says and more, as plain values.  Holds no time and no path."""
    base = reference(results)
    return {
        "fgm_ref": version,
        "dataset": {
            "name": data.name,
            "task": data.task,
            "train": len(data.x_train),
            "test": len(data.x_test),
            "score": "accuracy" if data.task == "classification" else f"RMSE {data.unit}".strip(),
            "baseline": {
                "name": data.baseline.name,
                "loss": data.baseline.loss,
                "score": data.baseline.score,
                "balanced": data.baseline.balanced,
            },
        },
        "bytes_relative_to": base.config.protocol if base else None,
        "runs": [r.summary() | {"bytes_relative": relative_bytes(r, base)} for r in results],
    }
