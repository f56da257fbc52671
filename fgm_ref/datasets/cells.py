"""The text of a file, cut into the cells of its columns.

A file may be packed by gzip or zip.  It is read once, and what is kept of a column is little more than its text:
8 million short cells take about 100 MB, where a Python string for each would take 500.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, overload

from fgm_ref.datasets.dialect import Dialect

BLOCK = 1 << 14  # rows that are cut at a time
COMMENT = "#"  # what a line begins with that may be a comment
MARK = "\0"  # between the cells of a block, where no cell has it


class Cells(Sequence[str]):
    """The cells of a column, without blanks around them."""

    def __init__(self, cells: Sequence[str] = ()) -> None:
        self._blocks: list[str | list[str]] = []
        self._length = 0
        for begin in range(0, len(cells), BLOCK):
            self.append(cells[begin : begin + BLOCK])

    def append(self, block: Sequence[str]) -> None:
        """One more block; all but the last have `BLOCK` cells."""
        packed = MARK.join(block)
        if packed.split(maxsplit=1) != [packed]:  # there is a blank somewhere
            block = [cell.strip() for cell in block]
            packed = MARK.join(block)
        unique = packed.count(MARK) == len(block) - 1
        self._blocks.append(packed if unique else list(block))
        self._length += len(block)

    def blocks(self) -> Iterator[list[str]]:
        """The cells block by block."""
        for block in self._blocks:
            yield block.split(MARK) if isinstance(block, str) else block

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self.blocks())

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return list(self)[place]
        number, rest = divmod(range(self._length)[place], BLOCK)
        block = self._blocks[number]
        return (block.split(MARK) if isinstance(block, str) else block)[rest]


class Sheet(NamedTuple):
    """The cells of a file."""

    names: list[str]  # of the columns, as they stand in the header
    columns: list[Cells]
    lines: list[int]  # of each row, in the file
    delimiter: str


class Lines:
    """The lines of a file, without comments and without what ends a row; `number` is that of the latest."""

    def __init__(self, file: IO[str], dialect: Dialect, number: int = 0) -> None:
        self.file, self.number = file, number
        self.comment, self.row_end = dialect.comment, dialect.row_end
        self.blanks = dialect.delimiter == " "
        self.plain = not (self.comment or self.row_end or self.blanks)
        self._quoted = False  # whether the next line begins inside a cell

    def __iter__(self) -> Iterator[str]:
        for line in self.file:
            self.number += 1
            if self.plain:
                yield line
            elif self._quoted or not self._is_comment(line):
                self._quoted ^= line.count('"') % 2 == 1
                yield line if self._quoted else self._bare(line)

    def _is_comment(self, line: str) -> bool:
        return bool(self.comment) and line.lstrip().startswith(self.comment)

    def _bare(self, line: str) -> str:
        """A line that ends a row, without what ends it; tabs are blanks where those separate."""
        text = line.rstrip("\r\n")
        end = line[len(text) :]
        if self.row_end:
            text = text.rstrip().removesuffix(self.row_end)
        if self.blanks:
            text = (text if '"' in text else text.replace("\t", " ")).strip()
        return text + end


def read_cells(path: Path, dialect: Dialect, max_rows: int | None = None) -> Sheet:
    """The cells of a file, all rows equally long.  `ValueError` in words, with the line, if that cannot be."""
    try:
        with opened(path) as raw, io.TextIOWrapper(raw, encoding_of(dialect), newline="") as text:
            return cut(path.name, Lines(text, dialect), dialect, max_rows)
    except UnicodeDecodeError as problem:
        raise wrong_encoding(path, dialect, problem) from problem
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as problem:
        said = getattr(problem, "strerror", None) or str(problem)
        raise ValueError(f"path: expected a CSV file, got {str(path)!r} ({said})") from problem


def encoding_of(dialect: Dialect) -> str:
    """The encoding; a byte-order mark, as spreadsheets write it, is dropped."""
    plain = dialect.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    return "utf-8-sig" if plain else dialect.encoding


def opened(path: Path) -> Any:
    """The bytes of a file, opened and unpacked if they are packed."""
    if path.is_dir():
        raise ValueError(f"path: expected a CSV file, got the folder {str(path)!r}")
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return gzip.open(path)
    return member(path) if start == b"PK\x03\x04" else path.open("rb")


def member(path: Path) -> IO[bytes]:
    """The only file of a zip archive."""
    archive = zipfile.ZipFile(path)
    inside = [name for name in archive.namelist() if not name.endswith("/")]
    inside = [name for name in inside if not name.startswith("__MACOSX/")]
    if len(inside) != 1:
        names = ", ".join(inside[:5]) or "none"
        raise ValueError(f"path: {path.name}: expected an archive of one file, got {names}")
    return archive.open(inside[0])


def wrong_encoding(path: Path, dialect: Dialect, problem: UnicodeDecodeError) -> ValueError:
    """The error for a byte that the encoding does not know, with the line that it stands in."""
    with opened(path) as file:
        raw = file.read()
    try:
        raw.decode(encoding_of(dialect))
    except UnicodeDecodeError as whole:
        problem = whole  # counted from the beginning of the file
    line = raw[: problem.start].count(b"\n") + 1
    wanted = "UTF-8 text" if dialect.encoding == "utf-8" else f"text in {dialect.encoding}"
    try_this = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
    hint = f"--encoding {try_this} may read it"
    if dialect.encoding == try_this:
        hint = "try another --encoding"
    return ValueError(
        f"path: {path.name}, line {line}: expected {wanted}, got byte 0x{raw[problem.start]:02x}; {hint}"
    )


def cut(name: str, lines: Lines, dialect: Dialect, max_rows: int | None) -> Sheet:
    """All cells of the rows that are not blank, column by column."""
    first, delimiter = first_line(name, lines, dialect)
    rows = cut_rows(name, lines, first, delimiter, "header" if dialect.header else "first row")
    header = next(rows)[1] if dialect.header else []
    columns: list[Cells] = []
    numbers: list[int] = []
    for block in blocks(rows, max_rows):
        if not columns:
            columns = [Cells() for _ in block[0][1]]
        numbers += [number for number, _ in block]
        for cells, column in zip(
            columns, zip(*[row for _, row in block], strict=True), strict=True
        ):
            cells.append(column)
    names = [cell.strip() for cell in header] or [f"c{i + 1}" for i in range(len(columns))]
    columns = columns or [Cells() for _ in names]
    return Sheet(names, columns, numbers, delimiter)


def first_line(name: str, lines: Lines, dialect: Dialect) -> tuple[str, str]:
    """The first line that is not blank, and the delimiter that it shows."""
    for line in lines:
        if line.strip():
            return line, dialect.delimiter or max(",;\t", key=line.count)
    raise ValueError(f"path: expected a header and rows, got the empty file {name!r}")


Row = tuple[int, list[str]]
"""The number of its last line, and its cells."""


def cut_rows(name: str, lines: Lines, first: str, delimiter: str, model: str) -> Iterator[Row]:
    """The rows that are not blank, from the line `first` on, all as long as the first one."""

    def text() -> Iterator[str]:
        yield first
        yield from lines

    runs = delimiter == " "  # of blanks separate like a single one
    reader = csv.reader(text(), delimiter=delimiter, strict=True, skipinitialspace=runs)
    width = 0
    try:
        for row in reader:
            if not row:
                continue
            width = width or len(row)
            if len(row) != width:
                hint = "; is that a comment? see --comment" if first.startswith(COMMENT) else ""
                raise ValueError(
                    f"path: {name}, line {lines.number}: expected {width} cells as "
                    f"in the {model}, got {len(row)}{hint}"
                )
            yield lines.number, row
    except csv.Error as problem:
        raise ValueError(
            f"path: {name}, line {lines.number}: expected cells in well-formed quotes, got: {problem}"
        ) from problem


def blocks(rows: Iterator[Row], max_rows: int | None) -> Iterator[list[Row]]:
    """The rows in blocks, as far as they are wanted."""
    left = max_rows
    while left is None or left > 0:
        size = BLOCK if left is None else min(BLOCK, left)
        block = list(islice(rows, size))
        if not block:
            return
        yield block
        if left is not None:
            left -= len(block)
