"""One file for one assignment: which of several is read, or why none is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fgm_ref.grade.folders import below
from fgm_ref.grade.names import PROGRAM, suffix

PLAIN = re.compile(r"a\d\d(_\w*)?\.py", re.ASCII)  # the names that students are told


@dataclass
class Choice:
    """The file to read, or none and the reason; and the other files, each with the reason why it is not read."""

    file: Path | None
    refused: str = ""
    others: dict[Path, str] = field(default_factory=dict)


def choose(paths: Sequence[Path], folder: Path) -> Choice:
    """A program before a notebook; of several programs any if they are equal, and none if they differ."""
    programs = [path for path in paths if suffix(path.name) == PROGRAM] or list(paths)
    if not programs:
        return Choice(None)
    first, *more = sorted(programs, key=plainness)
    notebooks = [path for path in paths if path not in programs]
    name = below(first, folder)
    if any(differ(first, other) for other in more):
        names = ", ".join(below(path, folder) for path in [first, *more, *notebooks])
        return Choice(None, f"expected one file, got {names}, which differ; keep one of them")
    others = dict.fromkeys(more, f"the same as {name}, which was read")
    others |= dict.fromkeys(notebooks, f"a notebook; {name} was read")
    return Choice(first, others=others)


def plainness(path: Path) -> tuple[bool, int, str]:
    """The name that students are told comes first, then the shortest."""
    return not PLAIN.fullmatch(path.name), len(str(path)), str(path)


def differ(one: Path, other: Path) -> bool:
    """Whether two files have not the same content, as far as they can be read."""
    try:
        if one.stat().st_size != other.stat().st_size:
            return True
        return one.read_bytes() != other.read_bytes()
    except OSError:
        return True
