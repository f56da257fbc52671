"""The journal: each finished run is a line on the disk at once.

Once a run stands in a table, its line goes; the file vanishes with its last line.
"""

from collections.abc import Iterable
from pathlib import Path

from fgm_ref.files import Lines
from fgm_ref.study.running.store import Record

NAME = "unfiled.jsonl"


class Journal(Lines):
    """`with Journal(folder) as journal`: nobody else writes there meanwhile."""

    def __init__(self, folder: Path):
        super().__init__(folder / NAME, "study")

    def add(self, record: Record) -> None:
        """Append a finished run."""
        self.append(record.row)

    def records(self) -> list[Record]:
        """What an earlier study has left."""
        found = []
        for row in self.entries():
            try:
                found.append(Record.from_row(row))
            except (ValueError, TypeError, KeyError):  # of a version that knew other settings
                continue
        return found

    def keep(self, rest: Iterable[Record]) -> None:
        """Replace everything by what stands in no table."""
        self.replace(record.row for record in rest)
