"""What every assignment promises.  (That the solutions get full marks is what a plain run of the other tests shows.)"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from desk import SOLUTIONS, Broken, Missing, Submission, cases, close, find, holds, reason
from hypothesis import given
from hypothesis import strategies as st
from lab import MUTANTS
from variants import Variant

FOLDERS = sorted(SOLUTIONS.glob("a[0-9][0-9]_*"))
IDS = [folder.name[:3] for folder in FOLDERS]
ROOT = SOLUTIONS.parents[1]
every_assignment = pytest.mark.parametrize("folder", FOLDERS, ids=IDS)


def start(*arguments, where):
    """Run start.py."""
    return subprocess.run(
        [sys.executable, str(SOLUTIONS / "start.py"), *arguments],
        cwd=where,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


@pytest.fixture(scope="module")
def of_stubs(tmp_path_factory):
    """{assignment: score} of the stubs as they are handed out, in one run."""
    place = tmp_path_factory.mktemp("stubs")
    for folder in FOLDERS:
        shutil.copy(folder / "stub.py", place / f"{folder.name[:3]}.py")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_PROFILE": "quick"}
    tests = [f"tests/assignments/test_{name}.py" for name in IDS]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *tests,
        "--submission",
        str(place),
        "--score-json",
        str(place / "scores.json"),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    return {score["assignment"]: score for score in json.loads((place / "scores.json").read_text())}


def test_there_is_a_test_file_for_every_assignment(of_stubs):
    assert IDS == [f"a{n:02}" for n in range(len(IDS))] == sorted(of_stubs)


@every_assignment
def test_twenty_points(folder, of_stubs):
    score = of_stubs[folder.name[:3]]
    assert score["of"] == sum(test["of"] for test in score["tests"]) == 20


@every_assignment
def test_a_stub_fails_every_test_in_its_own_words(folder, of_stubs):
    score = of_stubs[folder.name[:3]]
    assert score["points"] == 0
    for test in score["tests"]:
        assert re.match(rf"{folder.name[:3]}, task \d: not done yet", test["message"]), test


def public(path):
    """{name: arguments} of the public functions and methods of a file."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found[node.name] = ""
            found |= {
                f"{node.name}.{one.name}": ast.unparse(one.args)
                for one in node.body
                if isinstance(one, ast.FunctionDef)
            }
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            found[node.name] = ast.unparse(node.args)
    return found


@every_assignment
def test_stub_and_solution_have_the_same_public_names(folder):
    assert public(folder / "stub.py") == public(folder / "solution.py")
    assert len((folder / "solution.py").read_text().splitlines()) <= 100


@every_assignment
def test_a_stub_asks_for_one_task_after_the_other(folder):
    # and its docstrings say of each function which task it is
    text = (folder / "stub.py").read_text(encoding="utf-8")
    asked = re.findall(r'NotImplementedError\("(a\d\d), task (\d): not done yet', text)
    assert {assignment for assignment, _ in asked} == {folder.name[:3]}
    numbers = [int(number) for _, number in asked]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))
    assert [int(number) for number in re.findall(r'"""Task (\d): ', text)] == numbers


@every_assignment
def test_three_hints_for_every_task(folder):
    sys.path.insert(0, str(SOLUTIONS))
    try:
        from start import hints
    finally:
        sys.path.remove(str(SOLUTIONS))
    found = hints((folder / "hints.md").read_text(encoding="utf-8"))
    tasks = set(
        map(int, re.findall(r", task (\d):", (folder / "stub.py").read_text(encoding="utf-8")))
    )
    assert found.keys() == {(task, tier) for task in tasks for tier in (1, 2, 3)}
    assert all(len(hint) > 8 for hint in found.values())
    assert len(set(found.values())) == len(found)


@every_assignment
def test_instructions(folder):
    text = (folder / "instructions.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {folder.name[:3]} ")
    for promise in (
        "**Before:**",
        "**Time:**",
        "**Goal.**",
        "**Given.**",
        "**Equations.**",
        "**Task",
        "**Done",
    ):
        assert promise in text, promise
    minutes = re.search(r"\*\*Time:\*\* (\d+) (minutes|hours)", text)
    row = re.search(
        rf"^\| {folder.name[:3]} \|.*\| (\d+) \| 20 \|$",
        (SOLUTIONS / "README.md").read_text(),
        re.M,
    )
    assert int(row[1]) == int(minutes[1]) * (60 if minutes[2] == "hours" else 1)


def test_mutants_are_sixteen_and_each_differs():
    assert len(MUTANTS) == 16
    assert len({mistake for _, mistake, _ in MUTANTS.values()}) == 16


def test_start_and_hint(tmp_path):
    first, again = (start("new", number, where=tmp_path) for number in ("03", "a03"))
    assert first.returncode == 0 and "make a03" in first.stdout
    assert (tmp_path / "my" / "a03.py").read_text() == (FOLDERS[3] / "stub.py").read_text()
    assert again.returncode == 2 and "is there already" in again.stderr
    one = start("hint", "3", "3", "1", where=tmp_path)
    assert one.stdout == "task 1, nearly the line: `norm(X) - R`.\n"
    for wrong in (("hint", "03", "4"), ("hint", "99", "1"), ("hint", "03", "1", "9")):
        done = start(*wrong, where=tmp_path)
        assert done.returncode == 2 and "expected" in done.stderr and not done.stdout


def test_what_a_student_is_told():
    @cases()
    @given(x=st.integers(0, 1000))
    def wrong_from_10(x):
        holds(x < 10, "small numbers only", "section 1", x=x, row=np.array([1.0, 2.5]))

    with pytest.raises(Broken) as error:
        wrong_from_10()
    assert str(error.value).splitlines() == [
        "expected: small numbers only",
        "  x = 10",
        "  row = [1.  2.5]",
        "  read again: section 1",
    ]
    assert reason(error.value) == "expected: small numbers only"


@pytest.mark.parametrize(
    "got, words",
    [
        (None, "got None"),
        (np.zeros(3), "shape (3,)"),
        ([1, np.nan], "nan"),
        ([1, 2.1], "2.1"),
        (["a", "b"], "as numbers"),
        ([True, False], "as numbers"),
    ],
)
def test_wrong_numbers(got, words):
    close([1, 2], [1, 2 + 1e-12], "numbers", "section 1")
    with pytest.raises(Broken) as error:
        close(got, [1, 2], "numbers", "section 1")
    assert words in str(error.value)


def test_a_submission_that_cannot_be_used_says_why(tmp_path):
    (tmp_path / "a01_mine.py").write_text("def forward():\n    pass\n\n1 / 0\n")
    (tmp_path / "a02.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "a03.py").write_text("x = 1\n")
    (tmp_path / "a04.py").write_text("def broken(:\n")
    (tmp_path / "a06.py").write_text("raise BaseException('odd')\n")
    (tmp_path / "a07.py").write_text(" \n\n")
    for assignment, words in {
        "a01": "a01_mine.py cannot be imported: ZeroDivisionError: division by zero (line 4)",
        "a02": "a02.py cannot be imported: SystemExit: 3 (line 1)",
        "a03": "a03.py: expected something called 'ball', found nothing",
        "a04": "a04.py cannot be imported: SyntaxError: ",
        "a05": f"a05: expected one file a05.py or a05_*.py in {tmp_path.name}, got none (make new-a05 starts one)",
        "a06": "a06.py cannot be imported: BaseException: odd (line 1)",
        "a07": "a07.py is empty",
    }.items():
        with pytest.raises(Missing) as error:
            Submission(assignment, tmp_path).ball  # noqa: B018
        assert str(error.value).startswith(words)
    assert Submission("a03", tmp_path).x == 1
    assert find("a03", tmp_path / "a03.py") == (tmp_path / "a03.py", "")
    assert "found no nowhere" in find("a03", tmp_path / "nowhere")[1]


def test_variants():
    one = Variant("a03", 7, "ada")
    assert one.number("k") == Variant("a03", 7, "ada").number("k") == 163690176444212
    others = [Variant("a03", 7, "bob"), Variant("a03", 8, "ada"), Variant("a04", 7, "ada")]
    assert len({each.number("k") for each in [one, *others]}) == 4
    assert {Variant("a03", seed).pick("k", range(3)) for seed in range(30)} == {0, 1, 2}
    assert one.rng("x").random() == Variant("a03", 7, "ada").rng("x").random()
