"""A table by columns, read with care: every complaint is one sentence with the line and the column.

But nothing is repaired or guessed: a value that is missing is said to be missing, and what becomes of it is for
whoever knows the data (see `fill.py`).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.cells import COMMENT, Cells, Sheet, read_cells
from fgm_ref.datasets.dialect import STRICT, Dialect, advice
from fgm_ref.datasets.parsing import MISSING, Parsed, already_parsed, parsed
from fgm_ref.text import expect_one_of

NO_TEXT = tuple(word for word in MISSING if word != "none")  # "none" is a word, such as a fault's
NO_CELL = ("",)
INDEX = "index"  # the name of a first column that has none
SAMPLE = 1000  # cells that show what a text is


@dataclass(frozen=True)
class Table:
    """The columns of a table: the cells of a file, or arrays of numbers.  `lines` are the rows' lines in the file."""

    name: str
    columns: Mapping[str, Cells | Array]
    lines: Sequence[int]
    dialect: Dialect = STRICT
    notes: tuple[str, ...] = ()  # what the reader has to say
    index: str | None = None  # the column that had no name; it is an input only if it is asked for
    _parsed: dict[str, Parsed] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.columns.values())))

    @property
    def stem(self) -> str:
        """The name without what says how the file is written and packed.

        >>> Table("pump.csv.gz", {}, []).stem, Table("columns", {}, []).stem
        ('pump', 'columns')
        """
        name = self.name
        for packed in (".gz", ".zip"):
            name = name.removesuffix(packed)
        return os.path.splitext(name)[0]

    def expect(self, argument: str, column: str) -> None:
        """Raises `ValueError` if there is no such column."""
        try:
            expect_one_of(argument, column, tuple(self.columns))
        except ValueError as problem:
            raise ValueError(f"{problem}{self._hint(column)}") from None

    @property
    def header_is_data(self) -> bool:
        """Whether half of what stands where the names should are numbers."""
        numbers = sum(self.dialect.number(name) is not None for name in self.columns)
        return bool(self.lines) and self.dialect.header and 2 * numbers >= len(self.columns)

    def _hint(self, column: str) -> str:
        """Why a column may not be there."""
        if all(part.strip() in self.columns for part in column.split(",")):
            return " (to predict several columns, repeat --label)"
        if self.header_is_data:
            return " (the first line looks like data; see --no-header)"
        first = next(iter(self.columns))
        if first.startswith(COMMENT):
            return " (is the first line a comment? see --comment)"
        if len(self.columns) == 1 and self.lines and any(sign in first for sign in " |:"):
            return " (a single column; see --delimiter)"
        return ""

    def is_numeric(self, column: str) -> bool:
        """Whether half of the cells that are there are numbers, or more."""
        _, missing, odd = self.parsed(column)
        there = self.rows - int(missing.sum())
        return 2 * len(odd) <= there and there > 0

    def complain(self, column: str, row: int, expected: str) -> ValueError:
        """The error for one cell, ready to be raised."""
        got = self.columns[column][row]
        where = (
            f"path: {self.name}, line {self.lines[row]}" if self.lines else f"columns: row {row}"
        )
        shown = repr(got) if isinstance(got, str) else f"{got}"
        return ValueError(f"{where}, column {column!r}: expected {expected}, got {shown}")

    def texts(self, column: str) -> list[str]:
        """A column as text, (rows,); what is not there is ""."""
        cells = self.columns[column]
        if isinstance(cells, Cells):
            return list(cells)
        return ["" if np.isnan(value) else f"{value:.15g}" for value in cells.tolist()]

    def absent(self, column: str, words: Collection[str] = NO_CELL) -> Array:
        """Where a column of text has nothing, or one of these words in its place.  (rows,) bool."""
        found = (cell.lower() in words for cell in self.texts(column))
        return np.fromiter(found, bool, self.rows)

    def parsed(self, column: str) -> Parsed:
        """A column as numbers, as far as it is one; worked out once."""
        if column not in self._parsed:
            cells = self.columns[column]
            if isinstance(cells, Cells):
                self._parsed[column] = parsed(cells, self.dialect)
            else:
                self._parsed[column] = already_parsed(cells)
        return self._parsed[column]

    def sample(self, column: str) -> list[str]:
        """Some of the cells that are there and no numbers."""
        odd = self.parsed(column).odd
        texts = self.texts(column)
        return [texts[row] for row in odd[:: max(1, len(odd) // SAMPLE)]]

    def numbers(self, column: str) -> Array | None:
        """A column as numbers (rows,) float64, nan where the value is missing; None if it is clearly text.

        A column of which half the cells or more are numbers is numeric: anything else in it is an error.
        """
        values, _, odd = self.parsed(column)
        if len(odd):
            self._expect_no_comma(column, odd)
        if not self.is_numeric(column):
            return None
        if len(odd):
            raise self.complain(column, odd[0], self.what_is_wrong(column, odd[0]))
        infinite = np.isinf(values)
        if infinite.any():
            raise self.complain(column, int(infinite.argmax()), "a finite number")
        return values

    def _expect_no_comma(self, column: str, odd: Array) -> None:
        """`ValueError` where all that keeps a column from being numbers are commas."""
        cells = self.columns[column]
        if not self.dialect.plain or "," not in str(cells[odd[0]]):
            return
        texts = self.texts(column)
        found = advice([texts[row] for row in odd], self.dialect)
        if found and found.comma:
            raise self.complain(
                column, odd[0], f"a number without {found.what} ({found.option} reads it)"
            )

    def what_is_wrong(self, column: str, row: int) -> str:
        """What was expected in place of a cell that is no number in a numeric column."""
        expected = "a number, as in the rest of the column"
        found = advice([str(self.columns[column][row])], self.dialect)
        if found:
            return f"{expected} ({found.option} reads {found.what})"
        return expected

    def expect_all(self, column: str, absent: Array, what: str) -> None:
        """Raises `ValueError` for the first cell that is missing."""
        if absent.any():
            row = int(absent.argmax())
            raise self.complain(
                column, row, f"{what} (fill it in, remove the row, or see --missing)"
            )


def read_table(
    path: str | os.PathLike[str], dialect: Dialect = STRICT, max_rows: int | None = None
) -> Table:
    """The table in a CSV file, the first rows of it if there are more than `max_rows`."""
    path = Path(path)
    sheet = read_cells(path, dialect, max_rows)
    names = check_header(path.name, sheet)
    notes = []
    if len(names) < len(sheet.names):
        empty = len(sheet.names) - len(names)
        what = "column" if empty == 1 else f"{empty} columns"
        notes.append(f"the last {what} of {path.name}, without a name and empty, left out")
    index = None if names[0] else nameless(names)
    columns = dict(zip([index or names[0], *names[1:]], sheet.columns, strict=False))
    return Table(path.name, columns, sheet.lines, dialect, tuple(notes), index)


def nameless(names: Sequence[str]) -> str:
    """What to call the first column of a table that has no name for it, as data frames write their index.

    >>> nameless(["", "x"]), nameless(["", "index"])
    ('index', 'index_')
    """
    name = INDEX
    while name in names:
        name += "_"
    return name


def check_header(name: str, sheet: Sheet) -> list[str]:
    """The names of the columns, without trailing ones that have neither a name nor a cell.

    `ValueError` unless there are rows, and every column but the first of several has a name of its own.
    """
    header = list(sheet.names)
    while len(header) > 1 and not header[-1] and not any(sheet.columns[len(header) - 1]):
        header.pop()
    unnamed = [place for place, one in enumerate(header) if not one]
    if unnamed not in ([], [0]) or header == [""]:
        raise no_name(name, sheet, unnamed[-1])
    twice = [one for one in header if header.count(one) > 1]
    if twice:
        raise ValueError(
            f"path: {name}: expected different names for the columns, got {twice[0]!r} twice"
        )
    if not sheet.lines:
        raise ValueError(f"path: {name}: expected rows of data below the header, got none")
    return header


def no_name(name: str, sheet: Sheet, place: int) -> ValueError:
    """The error for a column without a name, with a cell that it has."""
    there = (
        (line, cell) for line, cell in zip(sheet.lines, sheet.columns[place], strict=True) if cell
    )
    line, cell = next(there, (0, ""))
    example = f" (line {line} has {cell!r} there)" if cell else ""
    return ValueError(
        f"path: {name}: expected a name for every column, got none for column {place + 1}{example}"
    )


def table_of(columns: Any, name: str = "columns") -> Table:
    """A table of arrays by name: a mapping, or a data frame of any library.

    Numbers stay numbers, and nan is a missing value; anything else is taken as the text that a file would have.
    `ValueError` for arrays that are not one row each, or not equally long.
    """
    named = {str(one): column(str(one), columns[one]) for one in names_of(columns)}
    if not named:
        raise ValueError("columns: expected at least one array, got none")
    lengths = {one: len(cells) for one, cells in named.items()}
    first, rows = next(iter(lengths.items()))
    for one, length in lengths.items():
        if length != rows:
            raise ValueError(
                f"columns: expected arrays of one length, got {rows} in {first!r} and {length} in {one!r}"
            )
    if rows == 0:
        raise ValueError("columns: expected rows of data, got none")
    return Table(name, named, ())


def names_of(columns: Any) -> list[Any]:
    """The names in a mapping or a data frame."""
    if hasattr(columns, "keys"):
        return list(columns.keys())
    if hasattr(columns, "columns"):
        return list(columns.columns)
    raise ValueError(
        f"columns: expected a mapping of names to arrays, or a data frame; got {type(columns).__name__}"
    )


def column(name: str, values: Any) -> Cells | Array:
    """One column as numbers or as cells."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"columns: expected one value a row in {name!r}, got shape {array.shape}")
    if array.dtype.kind in "iuf":
        return array.astype(np.float64)
    if array.dtype.kind == "m":
        return array / np.timedelta64(1, "s")
    if array.dtype.kind == "M":
        array = np.datetime_as_string(array)
    return Cells([as_cell(value) for value in array.tolist()])


def as_cell(value: Any) -> str:
    """A value as a file would have it; nothing for what is missing."""
    text = "" if value is None else str(value)
    return "" if text in ("nan", "NaT", "<NA>", "None") else text
