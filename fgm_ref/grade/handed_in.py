"""What one student has handed in for one assignment, and files that are read for none."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from fgm_ref.grade.names import NOTEBOOK, suffix
from fgm_ref.grade.notebook import program

MOST_BYTES = 1_000_000
MOST_BYTES_OF_A_NOTEBOOK = 20_000_000  # with its pictures


@dataclass(frozen=True)
class Submission:
    """A file; or none, and then `refused` says why, unless nothing was handed in."""

    student: str
    assignment: str
    file: Path | None
    variant: bool = True  # whether the student's name chooses the variant of the assignment
    name: str = ""  # of the file, as the student sees it
    refused: str = ""

    @cached_property
    def code(self) -> bytes:
        """What is graded, read once.  Raises `OSError` or `ValueError` if it cannot be read."""
        assert self.file is not None
        size = self.file.stat().st_size
        is_notebook = suffix(self.file.name) == NOTEBOOK
        most = MOST_BYTES_OF_A_NOTEBOOK if is_notebook else MOST_BYTES
        if size > most:
            raise ValueError(f"expected at most {most:,} bytes, got {size:,}")
        text = self.file.read_bytes()
        return program(text) if is_notebook else text

    @cached_property
    def digest(self) -> str:
        """Another file with the same content is the same submission."""
        return sha256(self.code).hexdigest()

    @property
    def is_missing(self) -> bool:
        """Whether nothing was handed in."""
        return self.file is None and not self.refused

    @cached_property
    def trouble(self) -> str:
        """Why there is nothing to grade; empty if there is something."""
        if self.file is None:
            return self.refused or "not handed in"
        try:
            self.code  # noqa: B018
        except OSError as error:
            return f"{self.name}: cannot be read ({error.strerror})"
        except ValueError as error:
            return f"{self.name}: {error}"
        return ""


@dataclass(frozen=True)
class Unread:
    """A file that is read for no assignment, and why.  `student` is empty for a file outside all students' folders."""

    student: str
    name: str
    why: str
