"""Every file below a folder: none is passed over in silence, and no link is followed."""

import os
from collections.abc import Iterator
from pathlib import Path

from fgm_ref.grade.names import assignments_in, is_of_a_program, shown


def files(folder: Path) -> Iterator[tuple[Path, str]]:
    """(path, why it is not read) of each, in alphabetical order, folder by folder; empty if there is no objection."""
    waiting = [folder]
    while waiting:
        here = waiting.pop(0)
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            yield here, f"the folder cannot be listed ({error.strerror})"
            continue
        for entry in entries:
            path = here / entry.name
            if entry.is_dir(follow_symlinks=False) and not is_of_a_program(entry.name):
                waiting.append(path)
            else:
                yield path, kind(entry)


def kind(entry: "os.DirEntry[str]") -> str:
    """What it is, unless it is a file."""
    if entry.is_symlink():
        return "a link, which is not followed"
    if entry.is_dir():
        return "a folder that a program has made; not looked into"
    return "" if entry.is_file() else "neither a file nor a folder"


def below(path: Path, folder: Path) -> str:
    """The name of a file as its student sees it."""
    return shown(path.relative_to(folder).as_posix())


def assignments_above(path: Path, folder: Path) -> list[str]:
    """The assignments of which the nearest folder speaks that speaks of any."""
    above = (assignments_in(each.name) for each in path.relative_to(folder).parents)
    return next(filter(None, above), [])
