"""Grades that are on the disk as soon as they are known: one line each, and never changed afterwards.

A line counts for the same student, assignment, content of the file, seed, variant and tests.  A grade that a limit has
decided counts only under the same limits.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fgm_ref.files import Lines
from fgm_ref.grade.handed_in import Submission
from fgm_ref.grade.process import Limits
from fgm_ref.grade.result import Grade

NAME = "grades.jsonl"


class Journal(Lines):
    """`with Journal(folder, tests, seed, limits) as journal`: nobody else writes there meanwhile."""

    def __init__(self, folder: Path, tests: str, seed: int, limits: Limits):
        super().__init__(folder / NAME, "grading")
        self.tests = tests
        self.seed = seed
        self.limits = limits
        self.running = folder / "running"  # where submissions are graded

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
        """Append a grade."""
        self.append(
            {"key": self.key(submission), "limits": asdict(self.limits), "grade": grade.row}
        )

    def grades(self) -> dict[str, Grade]:
        """What an earlier grading has left, by key; see `name`."""
        found = {}
        for entry in self.entries():
            try:
                key = name(entry["key"])
                grade = Grade(**entry["grade"])
                limits = entry.get("limits")
            except (ValueError, TypeError, KeyError):  # of another version
                continue
            if limits == asdict(self.limits) or not grade.depends_on_limits:
                found[key] = grade
        return found


def name(key: dict[str, Any]) -> str:
    """A key as text."""
    return json.dumps(key, sort_keys=True)
