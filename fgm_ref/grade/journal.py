"""Grades that are on the disk as soon as they are known: one line each, and never changed afterwards.

A line counts for the same student, assignment, content of the file, seed, variant and tests.  A grade that a limit has
decided counts only under the same limits.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fgm_ref.files import lock
from fgm_ref.grade.process import Limits
from fgm_ref.grade.submissions import Submission
from fgm_ref.grade.verdict import CRASHED, TIMEOUT, Grade

NAME = "grades.jsonl"


class Journal:
    """`with Journal(folder, tests, seed, limits) as journal`: nobody else writes there meanwhile."""

    def __init__(self, folder: Path, tests: str, seed: int, limits: Limits):
        self.path, self.tests, self.seed, self.limits = folder / NAME, tests, seed, limits
        self.running = folder / "running"  # where submissions are graded

    def __enter__(self) -> "Journal":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.path.parent, "grading")
        self._file = open(self.path, "ab")
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._file.close()
        if self._lock is not None:
            os.close(self._lock)

    def key(self, submission: Submission) -> dict[str, Any]:
        """What a grade depends on."""
        return {
            "student": submission.student,
            "assignment": submission.assignment,
            "sha256": submission.digest,
            "seed": self.seed,
            "variant": submission.variant,
            "tests_sha256": self.tests,
        }

    def add(self, submission: Submission, grade: Grade) -> None:
        """Append, and be sure of it.  The newline in front ends a torn line before it."""
        entry = {"key": self.key(submission), "limits": asdict(self.limits), "grade": grade.row}
        self._file.write(b"\n" + json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def grades(self) -> dict[str, Grade]:
        """What an earlier grading has left, by key; see `name`."""
        found = {}
        for line in self.path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
                grade = Grade(**entry["grade"])
                counts = grade.status not in (TIMEOUT, CRASHED) or entry["limits"] == asdict(
                    self.limits
                )
            except (ValueError, TypeError, KeyError):  # torn, or of another version
                continue
            if counts:
                found[name(entry["key"])] = grade
        return found


def name(key: dict[str, Any]) -> str:
    """A key as text."""
    return json.dumps(key, sort_keys=True)
