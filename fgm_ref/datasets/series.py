"""The rows of a table as series: who belongs together, in which order, and where a series is broken.

The usual spacing of time is the median of all steps.  A step of more than five times as long is a gap: weekends and
holidays are none among days of trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.clock import Times, times_of
from fgm_ref.datasets.table import Table

GAPS = ("error", "cut", "bridge")  # what becomes of gaps and of rows with the same time
GAP = 5  # times the usual spacing


@dataclass(frozen=True)
class Series:
    """Rows of a table in the order of time."""

    name: str  # the group's; "" if there is only one series
    rows: Array  # (n,) row numbers
    stretch: Array  # (n,) int: windows lie in one stretch

    def without(self, rows: Array) -> Series:
        """Only the rows that `rows` (of the table) bool does not mark."""
        keep = ~rows[self.rows]
        return Series(self.name, self.rows[keep], self.stretch[keep])

    def pieces(self) -> list[Array]:
        """The rows of each stretch."""
        return np.split(self.rows, np.flatnonzero(np.diff(self.stretch)) + 1)

    def __len__(self) -> int:
        return len(self.rows)


class Spacing(NamedTuple):
    """What the times of a table's rows are like, series by series, in the order that the rows are given in."""

    usual: float  # the median of the steps forward; 0 if there is none
    even: float  # the share of the steps that are as long as the usual one
    forward: int  # steps to a later time
    backward: int
    doubled: int  # steps to the same time
    gaps: int
    longest: float


def series_of(table: Table, group: str | None) -> list[Series]:
    """The rows of each group in their order, the groups as they first appear; one nameless series if no group."""
    if group is None:
        return [whole("", np.arange(table.rows))]
    rows: dict[str, list[int]] = {}
    for i, value in enumerate(table.texts(group)):
        rows.setdefault(value, []).append(i)
    return [whole(value, np.array(one)) for value, one in rows.items()]


def whole(name: str, rows: Array) -> Series:
    """A series without a break."""
    return Series(name, rows, np.zeros(len(rows), np.int64))


def in_order(series: Sequence[Series], times: Array) -> list[Series]:
    """The same series, each sorted by time; rows of the same time keep their order."""
    return [whole(one.name, one.rows[np.argsort(times[one.rows], kind="stable")]) for one in series]


def spacing(series: Sequence[Series], times: Array, gap: float | None = None) -> Spacing:
    """What the steps between neighbouring rows are like; `gap` is the longest step that is none, if it is known."""
    found = [np.diff(times[one.rows]) for one in series]
    steps = np.concatenate([np.zeros(0), *found])
    ahead = steps[steps > 0]
    usual = float(np.median(ahead)) if len(ahead) else 0.0
    limit = GAP * usual if gap is None else gap
    return Spacing(
        usual=usual,
        even=float(np.isclose(ahead, usual, rtol=1e-6).mean()) if len(ahead) else 0.0,
        forward=len(ahead),
        backward=int((steps < 0).sum()),
        doubled=int((steps == 0).sum()),
        gaps=int((ahead > limit).sum()),
        longest=float(ahead.max()) if len(ahead) else 0.0,
    )


def broken(series: Sequence[Series], times: Array, longest: float) -> list[Series]:
    """The same series, in order of time, cut where a step is longer than `longest`; of equal times the first row."""
    found = []
    for one in series:
        steps = np.diff(times[one.rows], prepend=-np.inf)
        rows = one.rows[steps > 0]
        gaps = np.diff(times[rows]) > longest
        stretch = np.concatenate([[0], np.cumsum(gaps)])
        found.append(Series(one.name, rows, stretch.astype(np.int64)))
    return found


class Ordered(NamedTuple):
    """Series in the order of time, and what was found on the way."""

    series: list[Series]
    times: Times | None
    spacing: Spacing | None


def ordered(
    table: Table,
    series: Sequence[Series],
    time: str | None,
    form: str | None = None,
    gaps: str = "error",
    longest: float | None = None,
) -> Ordered:
    """Series sorted by the column `time`, with gaps and equal times treated as `gaps` says; or as they are."""
    if time is None:
        return Ordered(list(series), None, None)
    times = times_of(table, time, form)
    series = in_order(series, times.values)
    found = spacing(series, times.values, longest)
    if gaps == "error":
        expect_even(table, time, found, times)
    if gaps == "cut":
        limit = GAP * found.usual if longest is None else longest
        series = broken(series, times.values, limit)
    return Ordered(list(series), times, found)


def expect_even(table: Table, time: str, found: Spacing, times: Times) -> None:
    """Raises `ValueError` for rows of the same time, and for gaps."""
    if not found.doubled and not found.gaps:
        return
    several = ", or --group if there are several series" if found.doubled else ""
    raise ValueError(
        f"time: expected different times in column {time!r} without gaps, got {trouble(found, times)}; "
        f"see --gaps (cut keeps the first of equal times and lets no window cross a gap){several}"
    )


def trouble(found: Spacing, times: Times) -> str:
    """Rows of the same time, and gaps, in words.

    >>> trouble(Spacing(86400.0, 0.9, 100, 0, 3, 1, 200 * 86400.0), Times(np.zeros(0), "iso"))
    '3 rows of the same time as the one before and 1 gap (of up to 200 days, where 1 day is usual)'
    """
    parts = []
    if found.doubled:
        rows = "row" if found.doubled == 1 else "rows"
        parts.append(f"{found.doubled:,} {rows} of the same time as the one before")
    if found.gaps:
        gaps = "gap" if found.gaps == 1 else "gaps"
        longest, usual = length(found.longest, times), length(found.usual, times)
        parts.append(f"{found.gaps:,} {gaps} (of up to {longest}, where {usual} is usual)")
    return " and ".join(parts)


UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def length(step: float, times: Times) -> str:
    """A span of time in words, or a plain number where time is one.

    >>> dates, numbers = Times(np.zeros(0), "iso"), Times(np.zeros(0), "numbers")
    >>> length(3600.0, dates), length(129_600.0, dates), length(0.5, numbers)
    ('1 hour', '1.5 days', '0.5')
    """
    if not times.dates:
        return f"{step:g}"
    unit, size = next((one for one in UNITS if step >= one[1]), UNITS[-1])
    count = f"{step / size:.3g}"
    return f"{count} {unit}" if count == "1" else f"{count} {unit}s"
