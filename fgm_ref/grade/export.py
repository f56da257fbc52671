"""Scores for other programs: JSON, a table for grade books, and the result file of a Gradescope autograder."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fgm_ref.files import atomic
from fgm_ref.grade.result import GRADED, MISSING, UNREAD, Grade
from fgm_ref.grade.submissions import Class
from fgm_ref.grade.table import by_student, leaderboard, total


def as_json(grades: Sequence[Grade], seed: int, found: Class) -> dict[str, Any]:
    """Everything, without times.  Points are `null` where there is no grade."""
    students = {}
    for student, own in by_student(grades).items():
        students[student] = {
            "id": found.ids.get(student, ""),
            "points": total(own),
            "of": sum(grade.of for grade in own),
            "assignments": {grade.assignment: assignment(grade) for grade in own},
            "not_read": not_read(found, student),
        }
    return {
        "seed": seed,
        "read_as": found.why,
        "students": students,
        "not_read": not_read(found, ""),
        "leaderboard": leaderboard(grades),
    }


def not_read(found: Class, student: str) -> dict[str, str]:
    """{file: why it was not read}."""
    return {each.name: each.why for each in found.unread if each.student == student}


def assignment(grade: Grade) -> dict[str, Any]:
    """One result."""
    row = grade.row | {"points": grade.earned}
    del row["student"], row["assignment"]
    return row


def write_csv(path: Path, grades: Sequence[Grade], ids: Mapping[str, str]) -> None:
    """A row for each student.  Cells are empty where there is no grade; the last columns say which these are."""
    names = sorted({grade.assignment for grade in grades})
    with atomic(path) as part, open(part, "w", newline="", encoding="utf-8-sig") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "student", *names, "total", "maximum", MISSING, UNREAD])
        for student, own in by_student(grades).items():
            points = {grade.assignment: grade.earned for grade in own}
            row = [ids.get(student, ""), student, *(points[name] for name in names)]
            row += [total(own), sum(grade.of for grade in own)]
            for status in (MISSING, UNREAD):
                row.append(" ".join(grade.assignment for grade in own if grade.status == status))
            rows.writerow(row)


def write_gradescope(path: Path, grades: Sequence[Grade]) -> None:
    """One student's results, as Gradescope wants them in /autograder/results/results.json."""
    handed_in = [grade for grade in grades if grade.status != MISSING]
    results: dict[str, Any] = {"tests": [entry for grade in handed_in for entry in entries(grade)]}
    results["score"] = total(handed_in) or 0
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
            "output": test.get("detail") or test["message"],
        }
        for test in grade.tests
    ]
