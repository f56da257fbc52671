"""Finished runs, and the tidy table that an experiment's are written to: one row per run, whole or not at all.

A row holds the experiment, the run's key and kind, all settings, the outcome, and what it was computed with.
Empty cells are "not a number".
"""

import csv
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref import __version__
from fgm_ref.files import atomic
from fgm_ref.simulation.config import LATER, Config
from fgm_ref.study.running.settings import FIELDS, read, written
from fgm_ref.study.running.task import Task

RESULTS = 1
"""Counts up when the package computes something else, so that results of before no longer count."""

VERSIONS = ("fgm_ref", "numpy", "python", "machine")
RESULTS_COLUMN = "results"  # of tables that were written when `RESULTS` was above 1
NAMES = ("experiment", "key", "kind")
TEXT = {*NAMES, *VERSIONS, RESULTS_COLUMN, "stopped"}
"""Columns that are text even where they look like a number; so is every `curve_...`."""

BESIDE_OUTCOME = {*FIELDS, *NAMES, *VERSIONS, RESULTS_COLUMN}

csv.field_size_limit(2**24)


@dataclass(frozen=True)
class Record:
    """A finished run: its outcome and its versions, as the text of cells."""

    task: Task
    outcome: Mapping[str, str]
    versions: Mapping[str, str]

    @classmethod
    def of(cls, task: Task, outcome: Mapping[str, Any]) -> "Record":
        """A run that has just been finished here."""
        cells = {name: written(value) for name, value in outcome.items()}
        return cls(task, cells, versions())

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> "Record":
        """The inverse of `row`.  A setting that the row does not know has its default."""
        settings = {name: read(name, row[name]) for name in FIELDS if name in row}
        outcome = {name: text for name, text in row.items() if name not in BESIDE_OUTCOME}
        versions = {name: row[name] for name in (*VERSIONS, RESULTS_COLUMN) if name in row}
        return cls(Task(Config(**settings), row["kind"]), outcome, versions)

    @property
    def row(self) -> dict[str, str]:
        """Everything but the experiment (a run may belong to several)."""
        return {**self.task.columns, **self.outcome, **self.versions}

    @property
    def current(self) -> bool:
        """Whether the package still computes the same."""
        return int(self.versions.get(RESULTS_COLUMN) or 1) == RESULTS


@cache
def versions() -> dict[str, str]:
    """What runs are computed with."""
    return {
        "fgm_ref": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    } | ({RESULTS_COLUMN: str(RESULTS)} if RESULTS > 1 else {})


def write(path: Path, experiment: str, records: Iterable[Record]) -> None:
    """One CSV file, in the order of the records."""
    rows = [{"experiment": experiment, **record.row} for record in records]
    columns = columns_of(rows)
    with atomic(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def columns_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Names and settings first, then what was measured in the order of the rows, and the versions at the end."""
    said = {name for row in rows for name in row}
    settings = [name for name in FIELDS if name in said or name not in LATER]
    first = dict.fromkeys([*NAMES, *settings])
    outcome = dict.fromkeys(name for row in rows for name in row if name not in BESIDE_OUTCOME)
    last = [RESULTS_COLUMN] if RESULTS_COLUMN in said else []
    return [*first, *outcome, *VERSIONS, *last]


def records(path: Path) -> list[Record]:
    """The finished runs of a CSV file; none if it is not one of ours.  `ValueError` if it cannot be understood."""
    with open(path, newline="", encoding="utf-8") as file:
        table = csv.DictReader(file, restval="")
        if not {*NAMES, *VERSIONS} <= set(table.fieldnames or ()):
            return []
        try:
            return [Record.from_row(row) for row in table]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"results: expected {path} as a study wrote it, but: {error}"
            ) from None


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a CSV file with typed cells: settings as in `Config`, text, and numbers as float (empty: nan).

    Settings that the file does not know have their defaults.
    """
    with open(path, newline="", encoding="utf-8") as file:
        return [LATER | _typed(row) for row in csv.DictReader(file)]


def _typed(row: Mapping[str, str]) -> dict[str, Any]:
    return {name: cell(name, text) for name, text in row.items()}


def cell(name: str, text: str) -> Any:
    """One typed cell.

    >>> cell("loss", "0.5"), cell("loss", ""), cell("stopped", ""), cell("hidden", "16"), cell("numpy", "2.1")
    (0.5, nan, '', (16,), '2.1')
    """
    if name in FIELDS:
        return read(name, text)
    if name in TEXT or name.startswith("curve_"):
        return text
    try:
        return float(text or "nan")
    except ValueError:
        return text
