"""Files: whole or not at all, lines that only grow, a folder of one's own, and modules that a user brings along."""

import importlib
import json
import os
import sys
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


def plug_in(what: str, module: str, name: str) -> Any:
    """The object `name` of `module`, which can be imported from the current directory.

    Raises `ValueError`, in words for the user and beginning with `what`, if it cannot be had.

    >>> plug_in("safe", "fgm_ref.safe.zones", "Ball").__name__
    'Ball'
    """
    found = _imported(what, module)
    if not hasattr(found, name):
        raise ValueError(f"{what}: the module {module!r} has no {name!r}")
    return getattr(found, name)


def _imported(what: str, module: str) -> Any:
    """The module, looked for in the current directory first."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            raise ValueError(
                f"{what}: found no module {module!r}, neither {module}.py in {here} "
                "nor an installed one"
            ) from None
        raise ValueError(
            f"{what}: {module} wants to import {error.name!r}, which is not installed"
        ) from error
    except Exception as error:
        raise ValueError(
            f"{what}: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(here)


def path_of(what: str, thing: Any, module: str) -> str:
    """The inverse of `plug_in`: "module:name" of an object at the top of `module`, or else of any other module.

    >>> path_of("safe", plug_in("safe", "fgm_ref.safe.zones", "Ball"), "fgm_ref.safe.zones")
    'fgm_ref.safe.zones:Ball'
    """
    for place in (module, *sys.modules):
        for name, value in list(vars(sys.modules.get(place, object)).items()):
            if value is thing:
                return f"{place}:{name}"
    raise ValueError(
        f"{what}: expected something with a name at the top of its module, "
        f"so that a saved result can remember it; got {thing!r}"
    )
