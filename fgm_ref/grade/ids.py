"""The numbers under which a grade book knows the students."""

import csv
import re
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fgm_ref.grade.names import shown

MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_\w*")
WIDE = (
    BOM_UTF16_LE,
    BOM_UTF16_BE,
)  # how UTF-16 begins; it and cp1252 are what spreadsheets like to write


class Row(NamedTuple):
    """A folder, as the table calls it, and its ID."""

    folder: str
    number: str


Table = dict[str, Row]
"""The rows of a table by `plain(folder)`."""


def assign(students: Sequence[str], table: Table | None) -> dict[str, str]:
    """{student: ID}, from the table; without one, the number in a name as Moodle makes it.

    A row of the table may have the whole name of a folder, or of `MÜLLER ANNA_123_assignsubmission_file_` only the name
    or only the number.  Raises `ValueError` if two students get the same ID.
    """
    found: dict[str, str] = {}
    whose: dict[str, str] = {}
    for student in students:
        number = in_name(student) if table is None else in_table(student, table)
        if number:
            found[student] = number
            if whose.setdefault(number, student) != student:
                both = f"{whose[number]!r} and {student!r}"
                raise ValueError(f"ids: expected an ID for each student, got {number!r} for {both}")
    return found


def in_name(student: str) -> str:
    """The number that Moodle writes into the name of a folder, if it has.

    >>> in_name("MÜLLER ANNA_123_assignsubmission_file_"), in_name("ada")
    ('123', '')
    """
    match = MOODLE.fullmatch(student)
    return match["number"] if match else ""


def in_table(student: str, table: Table) -> str:
    """The ID in the row of a student, if there is one."""
    parts = [student]
    if match := MOODLE.fullmatch(student):
        parts += match.group("name", "number")
    for part in parts:
        if row := table.get(plain(part)):
            return row.number
    return ""


def mismatches(students: Sequence[str], table: Table, found: dict[str, str]) -> Iterator[str]:
    """What only the folders have, and what only the table has."""
    missing = [student for student in students if student not in found]
    if missing:
        yield f"ids: expected an ID for each student, got none for {', '.join(missing)}"
    used = set(found.values())
    absent = [row.folder for row in table.values() if row.number not in used]
    if absent:
        yield f"ids: expected a folder for each row, got none for {', '.join(absent)}"


LONGEST = 1000
"""Characters of a cell; what has more is no table of names."""


def read(path: Path) -> Table:
    """The first two columns of a CSV file: folder and ID.  Raises `ValueError` if that cannot be."""
    found: Table = {}
    for number, row in enumerate(rows(path)):
        if number == 0 and not re.search(r"\d", row.number):
            continue  # a heading
        if found.setdefault(plain(row.folder), row) != row:
            raise ValueError(
                f"ids: expected one ID for {row.folder!r}, got two; if two students have this name, "
                "put the whole names of their folders, or Moodle's numbers, into the table"
            )
    if not found:
        raise ValueError(
            f"ids: expected a CSV file with folders and IDs, got none in {str(path)!r}"
        )
    return found


def rows(path: Path) -> Iterator[Row]:
    """Those with something in both columns; a comma, a semicolon or a tab stands between them."""
    text = decoded(path)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        table = [
            [cell.strip() for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=separator)
        ]
    except csv.Error as error:
        raise ValueError(f"ids: expected a CSV file, got {str(path)!r} ({error})") from None
    longest = max((len(cell) for row in table for cell in row), default=0)
    if longest > LONGEST:
        raise ValueError(
            f"ids: expected a CSV file, got {str(path)!r} (a cell of {longest:,} characters)"
        )
    yield from (Row(*cells[:2]) for cells in table if all(cells[:2]) and len(cells) > 1)


def decoded(path: Path) -> str:
    """The text of a file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"ids: expected a CSV file, got {str(path)!r} ({error.strerror})"
        ) from None
    for encoding in ("utf-16",) if content.startswith(WIDE) else ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise ValueError(f"ids: expected a CSV file in UTF-8, got {str(path)!r}")


def plain(name: str) -> str:
    """What two spellings of a name have in common.

    >>> plain(" Mu\u0308ller  ANNA") == plain("MÜLLER Anna")
    True
    """
    return " ".join(unicodedata.normalize("NFC", shown(name)).casefold().split())
