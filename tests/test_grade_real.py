"""The grader with the assignments of this checkout."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from grading import grade, hand_in

from fgm_ref.grade import harness
from fgm_ref.grade.table import RACE

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def course():
    return harness.find(ROOT)


def test_the_copy_stands_on_its_own(course, tmp_path):
    # what the tests of the assignments import is copied, and nothing that gives the answers away
    course.copy(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-pno:cacheprovider",
            "tests/assignments",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"test_{name}.py" in done.stdout for name in course.assignments)
    assert not [path for path in tmp_path.rglob("*.py") if path.name in ("solution.py", "stub.py")]


def test_every_assignment_has_a_solution_and_the_other_way_round(course):
    solved = {
        path.parent.name[:3]
        for path in (ROOT / harness.SOLUTIONS).glob("a[0-9][0-9]_*/solution.py")
    }
    assert solved == set(course.assignments)


def test_the_race_and_its_rules_are_those_of_a08():
    names = re.findall(
        r"^def (test_\w+)", (ROOT / harness.TESTS / "test_a08.py").read_text(), re.MULTILINE
    )
    assert (
        [name for name in names if name.startswith(RACE)]
        and "test_guarantee" in names
        and "test_loss" in names
    )


def test_solution_and_stub(course, tmp_path):
    (folder,) = (ROOT / harness.SOLUTIONS).glob("a00_*")
    for student in ("solution", "stub"):
        hand_in(tmp_path / "class" / student, a00=(folder / f"{student}.py").read_text())
    code, out, err = grade(ROOT, tmp_path / "class", tmp_path / "out", "--only", "a00")
    assert code == 0, err
    *rows, reason = out.splitlines()[2:]
    assert [line.split() for line in rows] == [
        ["solution", "20", "20", "20"],
        ["stub", "0", "0", "20"],
    ]
    assert reason.startswith("stub a00: 0 points: test_messages: a00, task 1: not done yet")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "feedback",
        "grades.jsonl",
        "scores.csv",
    ]
