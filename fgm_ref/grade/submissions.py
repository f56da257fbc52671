"""Whose files there are: one student's, or a folder for each student of a class."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

NAME = re.compile(r"(a\d\d)(_\w*)?\.py", re.ASCII)
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Submission:
    """One student's answer to one assignment; `files` has one path, none (not handed in), or too many."""

    student: str
    assignment: str
    files: tuple[Path, ...]
    variant: bool = True  # whether the student's name chooses the variant of the assignment

    @cached_property
    def code(self) -> bytes:
        """What was handed in, read once."""
        return self.files[0].read_bytes()

    @cached_property
    def digest(self) -> str:
        """Another file with the same content is the same submission."""
        return sha256(self.code).hexdigest()

    @property
    def trouble(self) -> str:
        """Why there is nothing to grade."""
        if not self.files:
            return "not handed in"
        if len(self.files) > 1:
            return f"expected one file, got {', '.join(path.name for path in self.files)}"
        path = self.files[0]
        try:
            size = path.stat().st_size
            return (
                f"{path.name}: expected at most {MOST_BYTES:,} bytes, got {size:,}"
                if size > MOST_BYTES
                else ""
            )
        except OSError as error:
            return f"{path.name}: cannot be read ({error.strerror})"


@dataclass(frozen=True)
class Class:
    """Everybody's submissions; `why` says how the folder was understood."""

    submissions: tuple[Submission, ...]
    many: bool
    why: str


def find(
    folder: Path,
    assignments: Sequence[str],
    *,
    student: str | None = None,
    many: bool | None = None,
) -> Class:
    """What there is in a folder.  `many`: a class, one student, or `None` to find out."""
    if not folder.is_dir():
        raise ValueError(f"submissions: expected a folder, got {str(folder)!r}")
    direct = bool(answers(folder))
    students = [
        path
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith((".", "_"))
    ]
    if many is None:
        many = not direct and any(answers(path) for path in students)
    if many and student is not None:
        raise ValueError(
            f"student: expected no name, as each folder's name is the student's, got {student!r}"
        )
    if not (many and students) and not direct:
        raise ValueError(
            f"submissions: expected files a00.py or a00_*.py in {str(folder)!r}, or in folders there, "
            "got none"
        )
    if many:
        every = [s for path in students for s in of_student(path, assignments, path.name, True)]
        return Class(
            tuple(every),
            True,
            f"a class: no assignments directly in the folder, but {len(students)} folders",
        )
    every = list(
        of_student(folder, assignments, student or folder.resolve().name, student is not None)
    )
    handed_in = sum(bool(s.files) for s in every)
    return Class(
        tuple(every),
        False,
        f"one student: {handed_in} of {len(every)} assignments are in the folder",
    )


def of_student(
    folder: Path, assignments: Sequence[str], name: str, variant: bool
) -> Iterator[Submission]:
    """One for each assignment, also for those that are not there."""
    files = answers(folder)
    for assignment in assignments:
        own = tuple(path for path in files if path.name.startswith(assignment))
        yield Submission(name, assignment, own, variant)


def answers(folder: Path) -> list[Path]:
    """The files that are named like answers; a link is none."""
    return [
        path
        for path in sorted(folder.iterdir())
        if NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]
