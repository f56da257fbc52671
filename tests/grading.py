"""A tiny course: a checkout with assignments for the grader's tests, and submissions, good and bad."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

CONFTEST = '''
"""The interface of tests/assignments/conftest.py, in few lines."""
import importlib.util, json
import pytest

RESULTS = {}

def pytest_addoption(parser):
    for name in ("--submission", "--grade-seed", "--student", "--score-json"):
        parser.addoption(name)

@pytest.fixture
def student(pytestconfig):
    spec = importlib.util.spec_from_file_location("submission", pytestconfig.getoption("submission"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

@pytest.fixture
def seed(pytestconfig):
    return int(pytestconfig.getoption("grade_seed"))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.failed:
        message = str(call.excinfo.value).splitlines()[:1] if report.failed else []
        kind = call.excinfo.typename if report.failed else ""
        worth = item.get_closest_marker("points").args[0]
        RESULTS[item.name] = (worth, report.passed, f"{kind}: {(message or [''])[0]}")
    return report

def pytest_sessionfinish(session):
    tests = [{"name": name, "points": of if passed else 0, "of": of, "passed": passed, "message": "" if passed else why}
             for name, (of, passed, why) in RESULTS.items()]
    score = {"assignment": "a90", "points": sum(t["points"] for t in tests), "of": sum(t["of"] for t in tests),
             "tests": tests, "extra": {"student": session.config.getoption("student")}}
    with open(session.config.getoption("score_json"), "w") as file:
        json.dump(score, file)
'''

TEST = """
import numpy as np
import pytest

@pytest.mark.points(12)
def test_double(student, seed):
    x = np.random.default_rng(seed).normal(size=5)
    y = student.double(x)
    assert np.shape(y) == x.shape, f"double: expected shape {x.shape}, got {np.shape(y)}"
    assert np.isfinite(y).all(), "double: expected finite numbers"
    np.testing.assert_allclose(y, 2 * x)

@pytest.mark.points(8)
def test_name(student):
    assert student.NAME == "double"
"""

PYPROJECT = """
[tool.pytest.ini_options]
addopts = "-q --strict-markers"
filterwarnings = ["error"]
markers = ["points(n): what it is worth"]
"""

GOOD = 'NAME = "double"\n\ndef double(x):\n    return 2 * x\n'
SOLUTION = Path("tutorials") / "assignments" / "a90_double" / "solution.py"


def course(root, names=("a90",)):
    """A checkout with these assignments, all alike, and their solutions."""
    tests = root / "tests" / "assignments"
    tests.mkdir(parents=True)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (tests / "conftest.py").write_text(CONFTEST)
    for name in names:
        (tests / f"test_{name}.py").write_text(TEST)
    (root / SOLUTION).parent.mkdir(parents=True)
    (root / SOLUTION).write_text(GOOD)
    return root


def hand_in(folder, **answers):
    """Files a90.py and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in answers.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def command(checkout, folder, out, *options):
    return [
        sys.executable,
        "-m",
        "fgm_ref.grade",
        str(folder),
        "--seed",
        "7",
        "--checkout",
        str(checkout),
        "--out",
        str(out),
        *options,
    ]


def grade(checkout, folder, out, *options, timeout=300):
    """Run the program; its exit code, stdout and stderr."""
    done = subprocess.run(
        command(checkout, folder, out, *options),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
        timeout=timeout,
    )
    return done.returncode, done.stdout, done.stderr


def put(path, content=GOOD):
    """A file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def notebook(*cells):
    """A notebook with these code cells, and text between them."""
    text = {"cell_type": "markdown", "source": ["Some text"]}
    code = [{"cell_type": "code", "source": cell.splitlines(True), "outputs": []} for cell in cells]
    return json.dumps({"cells": [text, *code], "nbformat": 4})


def gaps(folder, table, scores, out):
    """What is left unsaid: zeros without a reason, files without a name, and lacks that look like zeros.

    `table` is what was printed, `scores` the same as JSON, `out` the folder of the results.
    """
    said = json.dumps(scores, ensure_ascii=False) + table
    with open(out / "scores.csv", newline="", encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    found = []
    for student, own in scores["students"].items():
        feedback = (out / "feedback" / f"{student}.txt").read_text(encoding="utf-8")
        for name, grade in own["assignments"].items():
            line = next((s for s in table.splitlines() if s.startswith(f"{student} {name}: ")), "")
            cell = rows[student][name]
            if grade["points"] == 0 and len(line) < len(f"{student} {name}: 0 points: ") + 5:
                found.append(f"zero without a reason: {student} {name}")
            if grade["points"] is None and (cell or name not in rows[student][grade["status"]]):
                found.append(f"no grade, but {cell!r} in the table: {student} {name}")
            if grade["points"] is not None and float(cell) != grade["points"]:
                found.append(f"other points in the table: {student} {name}")
            if grade["points"] != grade["of"] and name not in feedback:
                found.append(f"not in the feedback: {student} {name}")
    for path in folder.rglob("*"):
        name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
        inside = any(part in ("__pycache__", "__MACOSX") for part in path.parts)
        if (
            not path.is_dir()
            and not inside
            and json.dumps(name, ensure_ascii=False)[1:-1] not in said
        ):
            found.append(f"file without its name: {name}")
    return found
