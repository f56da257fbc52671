"""Files appear whole or not at all."""

import os
import tempfile
from pathlib import Path
from typing import Any

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
        if isinstance(error, OSError):  # the user knows the file by this name
            error.filename = str(self.path)


def lock(folder: Path, program: str = "study") -> int | None:
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
