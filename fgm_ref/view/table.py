"""The comparison as a table, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.program import aligned
from fgm_ref.simulation.baselines import baselines
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.labels import labels

MB = 1e6

VIOLATIONS = ["true", "false-global", "false-local", "missed"]
"""Columns of a verified comparison: what the protocols' reactions were worth (see `observer.py`)."""


def judged(results: Sequence[RunResult]) -> bool:
    """Whether the runs were checked step by step."""
    return any("violations" in r.final for r in results)


def reference(results: Sequence[RunResult]) -> RunResult | None:
    """What bytes are compared with: the first periodic run, if there is one."""
    return next((r for r in results if r.config.protocol.startswith("periodic")), None)


def relative_bytes(result: RunResult, to: RunResult | None) -> float | None:
    """Payload bytes as a multiple of another run's."""
    return result.totals["bytes"] / to.totals["bytes"] if to else None


def table(
    results: Sequence[RunResult],
    data: Dataset,
    columns: int | None = None,
    known: Sequence[Baseline] | None = None,
) -> str:
    """One row per run, and one per baseline (those in `known`, or all).  Megabytes are payload, 10⁶ bytes.

    Where a line may have so many `columns` only, what does not fit stands below, with the first column again.
    """
    base = reference(results)
    header = _header(results, data, base)
    rows = [
        [label, *_row(result, data, base, judged(results))]
        for label, result in zip(labels(results), results, strict=True)
    ]
    for one in known or baselines(data):
        rows.append(_baseline_row(one, len(header)))
    return "\n".join(folded([header, *rows], columns))


def _header(results: Sequence[RunResult], data: Dataset, base: RunResult | None) -> list[str]:
    header = ["protocol", "rounds", "messages", "up MB", "down MB", "test loss", score_name(data)]
    if data.task == "classification":
        header.append("balanced")
    if judged(results):
        header += VIOLATIONS
    if base:
        header.append(f"bytes / {base.config.protocol}")
    return header


def _row(result: RunResult, data: Dataset, base: RunResult | None, verdicts: bool) -> list[str]:
    final, totals = result.final, result.totals
    row = [
        f"{result.series['rounds'][-1]}",
        f"{totals['messages']:,}",
        f"{totals['bytes_up'] / MB:.3f}",
        f"{totals['bytes_down'] / MB:.3f}",
        f"{final['loss']:.3f}",
        f"{final['score']:.3f}",
    ]
    if data.task == "classification":
        row.append(f"{final['balanced']:.3f}")
    if verdicts:
        counts = final.get("violations", {})
        row += [str(counts.get(name, "")) for name in VIOLATIONS]
    if base:
        row.append(f"{relative_bytes(result, base):.3f}")
    return row


def _baseline_row(base: Baseline, columns: int) -> list[str]:
    row = [f"({base.name})", "", "", "", "", f"{base.loss:.3f}", f"{base.score:.3f}"]
    if base.balanced is not None:
        row.append(f"{base.balanced:.3f}")
    return row + [""] * (columns - len(row))


def score_name(data: Dataset) -> str:
    """What the score is, and its unit."""
    return "accuracy" if data.task == "classification" else f"RMSE {data.unit}".strip()


def folded(rows: list[list[str]], columns: int | None) -> list[str]:
    """The rows as one table; or as several below each other, each with the first column, if it is too wide.

    >>> folded([["who", "a", "b"], ["one", "123", "45"]], 8)
    ['who    a', '--------', 'one  123', '', 'who   b', '-------', 'one  45']
    """
    whole = aligned(rows)
    if columns is None or len(whole[0]) <= columns:
        return whole
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for part in _parts(widths, columns):
        shown = [0, *part]
        some = [[row[number] for number in shown] for row in rows]
        filled = [row for row in some if any(row[1:])]
        lines += ["", *aligned(filled)]
    return lines[1:]


def _parts(widths: Sequence[int], columns: int) -> list[list[int]]:
    """Which columns stand side by side, besides the first one; each has two blanks before it."""
    parts: list[list[int]] = []
    room = 0
    for number, width in enumerate(widths[1:], 1):
        if not parts or room < width + 2:
            parts.append([])
            room = columns - widths[0]
        parts[-1].append(number)
        room -= width + 2
    return parts


def as_json(
    results: Sequence[RunResult],
    data: Dataset,
    version: str,
    known: Sequence[Baseline] | None = None,
) -> dict[str, Any]:
    """Everything the table says and more, as plain values.  Holds no time and no path."""
    base = reference(results)
    trivial, *others = map(asdict, known or baselines(data))
    return {
        "fgm_ref": version,
        "dataset": {
            "name": data.name,
            "task": data.task,
            "train": len(data.x_train),
            "test": len(data.x_test),
            "score": score_name(data),
            "baseline": trivial,
            "baselines": others,
        },
        "bytes_relative_to": base.config.protocol if base else None,
        "runs": [r.summary() | {"bytes_relative": relative_bytes(r, base)} for r in results],
    }
