"""A summary of each experiment's table: one line per setting, means over the seeds, the trivial baseline last."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.files import atomic
from fgm_ref.study.pages.chapter import grid
from fgm_ref.study.running.settings import FIELDS, written
from fgm_ref.study.running.store import table

Row = dict[str, Any]
SHOWN = (
    "loss",
    "served_mean",
    "prequential",
    "score",
    "bytes",
    "rounds",
    "baseline_loss",
    "baseline_score",
)


def write(folder: Path, known: Sequence[str] = ()) -> list[Path]:
    """Write `<experiment>.md` beside each `<experiment>.csv` that is not `known`; returns the paths."""
    pages = []
    for path in sorted(folder.glob("*.csv")):
        if path.stem in known:
            continue
        text = "\n".join(summary(path.stem, table(path))) + "\n"
        page = path.with_suffix(".md")
        with atomic(page) as part:
            part.write_text(text, encoding="utf-8")
        pages.append(page)
    return pages


def summary(name: str, rows: Sequence[Row]) -> list[str]:
    """Lines of Markdown."""
    if not rows:
        return [f"# {name}", "", "No runs."]
    varied, fixed = settings_of(rows)
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["kind"], *(row[field] for field in varied)].append(row)
    shown = [column for column in SHOWN if column in rows[0]]
    body = []
    for (_, *values), group in groups.items():
        means = [_mean(group, column) for column in shown]
        body.append([*map(_text, values), str(len(group)), *means])
    same = ", ".join(f"{field} {_text(value)}" for field, value in fixed.items())
    return [
        f"# {name}",
        "",
        f"{len(rows)} runs; means over the seeds; test losses, payload bytes.",
        f"The same in all: {same}.",
        "",
        *grid([*varied, "seeds", *shown], body),
    ]


def settings_of(rows: Sequence[Row]) -> tuple[list[str], Row]:
    """The settings that differ between the rows, and the values of those that do not; without the seed."""
    fields = [field for field in FIELDS if field != "seed" and field in rows[0]]
    varied = [field for field in fields if len({row[field] for row in rows}) > 1]
    return varied, {field: rows[0][field] for field in fields if field not in varied}


def _text(value: Any) -> str:
    return written(value) or "none"


def _mean(rows: Sequence[Row], column: str) -> str:
    """The mean of the runs that have a number, and how many have none."""
    cells = [row[column] for row in rows]
    values = np.array([cell for cell in cells if isinstance(cell, float)])
    good = values[~np.isnan(values)]
    lost = len(values) - len(good)
    if not len(good):
        return "–"
    text = f"{good.mean():.4g}"
    return f"{text} ({lost} diverged)" if lost else text
