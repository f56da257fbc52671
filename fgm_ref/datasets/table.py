"""A CSV file, read with care: every complaint is one sentence with the line and the column.

But nothing is repaired or guessed: a value that is missing stays an error, because any way to fill it in is a
decision about the data that belongs to whoever knows them.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.text import expect_one_of

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")  # in any case of letters


@dataclass(frozen=True)
class Table:
    """The cells of a file by column, stripped, as text; `lines` are the rows' line numbers in the file."""

    name: str
    columns: dict[str, tuple[str, ...]]
    lines: list[int]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.lines)

    def expect(self, argument: str, column: str) -> None:
        """Raises `ValueError` if there is no such column."""
        expect_one_of(argument, column, tuple(self.columns))

    def complain(self, column: str, row: int, expected: str) -> ValueError:
        """The error for one cell, ready to be raised."""
        return ValueError(
            f"path: {self.name}, line {self.lines[row]}, column {column!r}: expected {expected}, "
            f"got {self.columns[column][row]!r}"
        )

    def texts(self, column: str) -> list[str]:
        """A column as text, (rows,).  `ValueError` at an empty cell."""
        cells = self.columns[column]
        if "" in cells:
            raise self.complain(column, cells.index(""), "a value (fill it in or remove the row)")
        return list(cells)

    def numbers(self, column: str) -> Array | None:
        """A column as numbers (rows,) float64, all finite; None if it is clearly text.

        A column of which half the cells or more are numbers is numeric: anything else in it is an error.
        """
        cells = self.columns[column]
        values = [number(cell) for cell in cells]
        if None in values and self.is_text(column, values):
            return None
        for row, value in enumerate(values):
            if value is None or not math.isfinite(value):
                raise self.complain(column, row, what_is_wrong(cells[row]))
        return np.array(values, np.float64)

    def is_text(self, column: str, values: list[float | None]) -> bool:
        """Whether numbers are the exception among the cells that are there.  `ValueError` for decimal commas."""
        cells = self.columns[column]
        there = [row for row, cell in enumerate(cells) if cell.lower() not in MISSING]
        odd = [row for row in there if values[row] is None]
        if odd and all(has_decimal_comma(cells[row]) for row in odd):
            raise self.complain(column, odd[0], "a decimal point, not a comma")
        return 2 * len(odd) > len(there) or not there


def number(cell: str) -> float | None:
    """The number in a cell, if it is one."""
    try:
        return float(cell)
    except ValueError:
        return None


def has_decimal_comma(cell: str) -> bool:
    """Whether the cell is a number once a comma is taken for the decimal point."""
    return number(cell.replace(",", ".", 1)) is not None


def what_is_wrong(cell: str) -> str:
    """What was expected in place of a cell that stands in a numeric column."""
    if cell.lower() in MISSING:
        return "a number, but the value is missing (fill it in or remove the row)"
    return (
        "a finite number" if number(cell) is not None else "a number, as in the rest of the column"
    )


def read_table(path: str | os.PathLike[str]) -> Table:
    """The table in a CSV file; the delimiter is whichever of , ; tab splits the header into most cells."""
    path = Path(path)
    text = read_text(path)
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    rows, lines = split_rows(path.name, text, delimiter)
    check_header(path.name, rows)
    columns = zip(*rows[1:], strict=True)
    return Table(path.name, dict(zip(rows[0], columns, strict=True)), lines[1:])


def split_rows(name: str, text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The stripped cells of each row that is not blank, all of them equally long, and the rows' line numbers."""
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if not row:
                continue
            rows.append([cell.strip() for cell in row])
            lines.append(reader.line_num)
            if len(row) != len(rows[0]):
                raise ValueError(
                    f"path: {name}, line {reader.line_num}: expected {len(rows[0])} cells as "
                    f"in the header, got {len(row)}"
                )
    except csv.Error as problem:
        raise ValueError(
            f"path: {name}, line {reader.line_num}: expected cells in well-formed quotes, "
            f"got: {problem}"
        ) from problem
    return rows, lines


def read_text(path: Path) -> str:
    """The text of a file.  `ValueError` if there is none."""
    if path.is_dir():
        raise ValueError(f"path: expected a CSV file, got the folder {str(path)!r}")
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise ValueError(
            f"path: expected a CSV file, got {str(path)!r} ({problem.strerror})"
        ) from problem
    try:
        text = raw.decode("utf-8-sig")  # a byte-order mark, as spreadsheets write it, is dropped
    except UnicodeDecodeError as problem:
        line = raw[: problem.start].count(b"\n") + 1
        raise ValueError(
            f"path: {path.name}, line {line}: expected UTF-8 text, got byte 0x{raw[problem.start]:02x}; "
            "save the file as UTF-8"
        ) from problem
    if not text.strip():
        raise ValueError(f"path: expected a header and rows, got the empty file {str(path)!r}")
    return text


def check_header(name: str, rows: list[list[str]]) -> None:
    """Raises `ValueError` unless there are rows and every column has a name of its own."""
    header = rows[0]
    if "" in header:
        raise ValueError(
            f"path: {name}: expected a name for every column, got none for column "
            f"{header.index('') + 1} (an index? save the file without it)"
        )
    twice = [one for one in header if header.count(one) > 1]
    if twice:
        raise ValueError(
            f"path: {name}: expected different names for the columns, got {twice[0]!r} twice"
        )
    if len(rows) < 2:
        raise ValueError(f"path: {name}: expected rows of data below the header, got none")


def table_of(columns: Mapping[str, Any]) -> Table:
    """A table of arrays by name."""
    cells = {name: tuple(map(str, np.asarray(one).tolist())) for name, one in columns.items()}
    rows = len(next(iter(cells.values())))
    return Table("columns", cells, list(range(rows)))
