"""Scores for other programs: JSON, a table for grade books, and the result file of a Gradescope autograder."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fgm_ref.files import atomic
from fgm_ref.grade.table import by_student, leaderboard
from fgm_ref.grade.verdict import GRADED, Grade


def as_json(grades: Sequence[Grade], seed: int, why: str) -> dict[str, Any]:
    """Everything, without times and paths."""
    students = {
        student: {
            "points": sum(g.points for g in own),
            "of": sum(g.of for g in own),
            "assignments": {
                g.assignment: {k: v for k, v in g.row.items() if k not in ("student", "assignment")}
                for g in own
            },
        }
        for student, own in by_student(grades).items()
    }
    return {"seed": seed, "read_as": why, "students": students, "leaderboard": leaderboard(grades)}


def write_csv(path: Path, grades: Sequence[Grade]) -> None:
    """One row for each student: points of each assignment, and the sum."""
    names = sorted({grade.assignment for grade in grades})
    with atomic(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["student", *names, "total"])
        for student, own in by_student(grades).items():
            points = {grade.assignment: grade.points for grade in own}
            rows.writerow([student, *(points[name] for name in names), sum(points.values())])


def write_gradescope(path: Path, grades: Sequence[Grade]) -> None:
    """One student's results, as Gradescope wants them in /autograder/results/results.json."""
    handed_in = [grade for grade in grades if grade.status != "missing"]
    results: dict[str, Any] = {"tests": [entry for grade in handed_in for entry in entries(grade)]}
    results["score"] = sum(grade.points for grade in handed_in)
    if ahead := leaderboard(grades):
        results["leaderboard"] = [
            {"name": "bytes", "value": ahead[0]["bytes"], "order": "asc"},
            {"name": "loss", "value": ahead[0]["loss"], "order": "asc"},
        ]
    with atomic(path) as part:
        part.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


def entries(grade: Grade) -> list[dict[str, Any]]:
    """One for each test, or one for the whole assignment if it came to nothing."""
    if grade.status != GRADED:
        return [
            {"name": grade.assignment, "score": 0, "max_score": grade.of, "output": grade.reason}
        ]
    return [
        {
            "name": f"{grade.assignment} {test['name']}",
            "score": test["points"],
            "max_score": test["of"],
            "output": test["message"],
        }
        for test in grade.tests
    ]
