"""The instructor's tests: where they are, what they are called, and a copy of them for each grading."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

TESTS = Path("tests") / "assignments"
SOLUTIONS = Path("tutorials") / "assignments"


@dataclass(frozen=True)
class Harness:
    """The tests of a checkout.  Copied are the assignments' tests, and of the others only what they may import."""

    root: Path

    @cached_property
    def assignments(self) -> tuple[str, ...]:
        """a00, a01, ...: those that have tests."""
        paths = sorted((self.root / TESTS).glob("test_a*.py"))
        found = (re.fullmatch(r"test_(a\d\d)\.py", path.name) for path in paths)
        return tuple(match[1] for match in found if match)

    @property
    def secret(self) -> tuple[Path, ...]:
        """Where a submission must not look."""
        return (self.root / SOLUTIONS, self.root / ".git")

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """What is copied, relative to the checkout."""
        return tuple(
            sorted(
                path.relative_to(self.root)
                for path in self._files()
                if "__pycache__" not in path.parts
            )
        )

    def _files(self) -> Iterator[Path]:
        yield from (path for path in [self.root / "pyproject.toml"] if path.is_file())
        yield from (
            path for path in (self.root / "tests").glob("*.py") if not path.name.startswith("test_")
        )
        yield from (self.root / "tests" / "zoo").rglob("*.py")
        tests = {
            f"test_{name}.py" for name in self.assignments
        }  # not those of the assignments themselves
        yield from (
            path
            for path in (self.root / TESTS).rglob("*.py")
            if not path.name.startswith("test_") or path.name in tests
        )

    @cached_property
    def digest(self) -> str:
        """Grades of other tests than these do not count."""
        return digest(self.root, self.files)

    def copy(self, to: Path) -> None:
        """Into an empty folder, for reading only."""
        for name in self.files:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.root / name, to / name)
            (to / name).chmod(0o444)

    def is_copy(self, folder: Path) -> bool:
        """Whether the copy is as it was."""
        try:
            return digest(folder, self.files) == self.digest
        except OSError:
            return False


def digest(root: Path, files: tuple[Path, ...]) -> str:
    """One number for names and contents."""
    total = sha256()
    for name in files:
        total.update(
            f"{name.as_posix()} {sha256((root / name).read_bytes()).hexdigest()}\n".encode()
        )
    return total.hexdigest()[:16]


def find(root: Path | None = None) -> Harness:
    """The tests of this checkout, or of another one.  Raises `ValueError` where there are none."""
    place = (root or Path(__file__).resolve().parents[2]).resolve()
    harness = Harness(place)
    if not harness.assignments:
        raise ValueError(
            f"checkout: expected a checkout of fgm_ref with tests in {TESTS}, got {str(place)!r}; an "
            "installed package does not bring them along: clone the repository, or name it by --checkout"
        )
    return harness
