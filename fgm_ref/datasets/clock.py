"""A column as points in time: numbers as they are, dates as seconds since 1970.

ISO 8601 is understood, and the usual ways to write a day with points or slashes.  But 03/04/2020 can be two days:
where a whole column leaves that open, the format has to be given.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.parsing import MISSING
from fgm_ref.datasets.table import Table

ISO, NUMBERS = "iso", "numbers"
DAYS = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y-%m"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y"),
)
HOURS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M",
    "T%H:%M:%S",
)
FORMATS = tuple(day + hour for day in DAYS for hour in HOURS)
SAMPLE = 200  # cells that a format is first tried on
FEW = 5  # cells that show at once what is no date
MOST = 0.9  # of the sample: the others are then complained of, one by one


class Times(NamedTuple):
    """A column as points in time."""

    values: Array  # (rows,) float64: seconds since 1970, or the numbers of the column; nan where missing
    format: str  # ISO, NUMBERS, or one for `strptime`

    @property
    def dates(self) -> bool:
        """Whether they are dates, and not numbers."""
        return self.format != NUMBERS


def times_of(table: Table, column: str, form: str | None = None) -> Times:
    """A column as points in time.  `ValueError` if it is neither numbers nor dates, or can be read in two ways."""
    cells = table.texts(column)
    if form is None:
        form = format_of(cells)
    if form is None or form == NUMBERS:
        numbers = table.numbers(column)
        if numbers is None:
            raise unreadable(table, column, form)
        return Times(numbers, NUMBERS)
    if "|" in form:
        first, second = form.split("|")
        raise ValueError(
            f"time_format: expected to be told how column {column!r} is to be read, {first} or {second}; "
            f"got {next(filter(None, cells))!r}, which can be both"
        )
    return Times(points(table, column, cells, form), form)


def unreadable(table: Table, column: str, form: str | None) -> ValueError:
    """The error for a column that is no time."""
    cells = table.texts(column)
    row = next((i for i, cell in enumerate(cells) if cell.lower() not in MISSING), 0)
    wanted = "a number" if form == NUMBERS else "a date, or a number (--time-format says how)"
    return table.complain(column, row, wanted)


def points(table: Table, column: str, cells: list[str], form: str) -> Array:
    """Dates as seconds since 1970 (rows,).  `ValueError` for a cell that is no such date."""
    read = reader(form)
    known: dict[str, float] = {}
    for row, cell in enumerate(cells):
        if cell in known:
            continue
        if cell.lower() in MISSING:
            known[cell] = np.nan
            continue
        try:
            known[cell] = seconds(read(cell))
        except ValueError:
            wanted = "a date as in ISO 8601" if form == ISO else f"a date like {form}"
            raise table.complain(column, row, wanted) from None
    return np.array([known[cell] for cell in cells], np.float64)


def reader(form: str) -> Callable[[str], datetime]:
    """What reads a date of that format."""
    if form == ISO:
        return datetime.fromisoformat
    return lambda cell: datetime.strptime(cell, form)


def seconds(moment: datetime) -> float:
    """Since 1970; a clock without a zone is taken for UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp()


def format_of(cells: list[str]) -> str | None:
    """The format that nearly all cells have, if they are dates; two, with a bar between them, if both would do.

    >>> format_of(["31.12.2020", "01.01.2021"]), format_of(["2020-01-01 10:00"]), format_of(["red", "blue"])
    ('%d.%m.%Y', 'iso', None)
    >>> format_of(["01/02/2020", "03/04/2020"])
    '%d/%m/%Y|%m/%d/%Y'
    """
    there = [cell for cell in dict.fromkeys(cells) if cell.lower() not in MISSING]
    sample = there[:: max(1, len(there) // SAMPLE)]
    first = sample[:FEW]
    if not any(sign in cell for cell in first for sign in "-./: ,"):
        return None
    for form in (ISO, *FORMATS):
        if share(first, form) > 0 and share(sample, form) >= MOST:
            twin = swapped(form)
            if twin is None or share(there, twin) < share(there, form):
                return form
            return twin if share(there, form) < share(there, twin) else f"{form}|{twin}"
    return None


def swapped(form: str) -> str | None:
    """The format with day and month the other way round, where people write both."""
    if form[:3] in ("%d/", "%d-") and form[3:5] == "%m":
        return f"%m{form[2]}%d{form[5:]}"
    return None


def share(cells: list[str], form: str) -> float:
    """How many of some cells are dates of that format."""
    read = reader(form)
    good = 0
    for cell in cells:
        with suppress(ValueError):
            read(cell)
            good += 1
    return good / len(cells)
