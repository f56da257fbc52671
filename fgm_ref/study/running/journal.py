"""The journal: each finished run is a line on the disk at once, whatever happens next.

A line that the power cut short is ignored.  Once a run stands in a table, its line goes; the file vanishes with
its last line.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fgm_ref.files import atomic, lock
from fgm_ref.study.running.store import Record

NAME = "unfiled.jsonl"


class Journal:
    """`with Journal(folder) as journal`: nobody else writes there meanwhile."""

    def __init__(self, folder: Path):
        self.path = folder / NAME

    def __enter__(self) -> "Journal":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.path.parent)
        self._file = open(self.path, "ab")
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._file.close()
        if not self.path.stat().st_size:
            self.path.unlink()
        if self._lock is not None:
            os.close(self._lock)

    def add(self, record: Record) -> None:
        """Append, and be sure of it."""
        self._file.write(line_of(record))
        self._file.flush()
        os.fsync(self._file.fileno())

    def records(self) -> list[Record]:
        """What an earlier study has left."""
        found = []
        for line in self.path.read_bytes().splitlines():
            try:
                found.append(Record.from_row(json.loads(line)))
            except (
                ValueError,
                TypeError,
                KeyError,
            ):  # torn, or of a version that knew other settings
                continue
        return found

    def keep(self, rest: Iterable[Record]) -> None:
        """Replace everything by what stands in no table."""
        self._file.close()
        with atomic(self.path) as part:
            part.write_bytes(b"".join(map(line_of, rest)))
        self._file = open(self.path, "ab")  # noqa: SIM115


def line_of(record: Record) -> bytes:
    """A newline in front as well ends a torn line before it."""
    return b"\n" + json.dumps(record.row, ensure_ascii=False).encode() + b"\n"
