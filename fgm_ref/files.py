"""Files appear whole or not at all; files of lines only grow, and belong to one program at a time."""

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

try:
    import fcntl
except ImportError:  # not on Windows, where two studies may then get in each other's way
    fcntl = None  # type: ignore[assignment]


class atomic:
    """`with atomic(path) as part:` write to `part`; it becomes `path` only if nothing went wrong."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=".part")
        os.close(handle)
        self.part = Path(name)
        return self.part

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.part.chmod(0o644)
            self.part.replace(self.path)
            return
        self.part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:  # the user knows the file by this name
            error.filename = str(self.path)


def lock(folder: Path, program: str) -> int | None:
    """Make the folder ours; the system lets go of it when this process ends, however it ends."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ValueError(
            f"out: expected a folder that no other {program} is writing to, got {str(folder)!r}; "
            "wait for it, or name another folder"
        ) from None
    return handle


class Lines:
    """A file of JSON lines; what was added is on the disk at once, whatever happens next.

    `with Lines(path, program) as lines`: nobody else writes to that folder meanwhile.  A line that the power cut short
    is passed over, and a file without lines vanishes at the end.
    """

    def __init__(self, path: Path, program: str):
        self.path = path
        self.program = program

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.path.parent, self.program)
        self._file = open(self.path, "ab")
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._file.close()
        if not self.path.stat().st_size:
            self.path.unlink()
        if self._lock is not None:
            os.close(self._lock)

    def append(self, entry: Any) -> None:
        """Append, and be sure of it."""
        self._file.write(_line(entry))
        self._file.flush()
        os.fsync(self._file.fileno())

    def entries(self) -> list[Any]:
        """What the lines say, in their order."""
        found = []
        for line in self.path.read_bytes().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:  # torn, or empty
                continue
        return found

    def replace(self, entries: Iterable[Any]) -> None:
        """Put these in the place of all lines."""
        self._file.close()
        with atomic(self.path) as part:
            part.write_bytes(b"".join(map(_line, entries)))
        self._file = open(self.path, "ab")  # noqa: SIM115


def _line(entry: Any) -> bytes:
    """A newline in front as well ends a torn line before it."""
    return b"\n" + json.dumps(entry, ensure_ascii=False).encode() + b"\n"
