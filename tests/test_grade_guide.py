"""The teachers' guide speaks of what there is: assignments, mutants, commands, limits, tutorials."""

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from zoo import MUTANTS

from fgm_ref.grade import harness
from fgm_ref.grade.__main__ import parser
from fgm_ref.grade.clock import MOST
from fgm_ref.grade.inside import AGAIN
from fgm_ref.grade.process import Limits

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / harness.SOLUTIONS / "teaching.md").read_text(encoding="utf-8")
STUDENTS = (ROOT / harness.SOLUTIONS / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m fgm_ref\.grade (.*?)(?:  |$)", GUIDE, re.MULTILINE)


def rows(start):
    """The cells of a table's rows that begin so."""
    return [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in GUIDE.splitlines()
        if re.match(rf"\| {start} ", line)
    ]


def test_every_assignment_is_described_as_the_students_know_it():
    assert [row[0] for row in rows(r"a\d\d \|")] == list(harness.find(ROOT).assignments)
    for name, title, _, minutes, before, _, _ in rows(r"a\d\d \|"):
        (line,) = [line for line in STUDENTS.splitlines() if line.startswith(f"| {name} |")]
        assert f"[{title}]" in line and f" {before} | {minutes} | 20 |" in line, line


def points_of_the_variant(name):
    """Those of the tests that ask for the variant, or for a fixture that does."""
    tree = ast.parse((ROOT / harness.TESTS / f"test_{name}.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    known = {each.name: {one.arg for one in each.args.args} for each in functions}
    wanting = {"variant", *(each for each, asked in known.items() if "variant" in asked)}
    worth = re.compile(r"pytest\.mark\.points\((\d+)\)")
    return sum(
        int(worth.fullmatch(ast.unparse(mark))[1])
        for each in functions
        for mark in each.decorator_list
        if known[each.name] & wanting and worth.fullmatch(ast.unparse(mark))
    )


def test_which_numbers_are_a_student_s_own():
    told = {row[0]: row[5] for row in rows(r"a\d\d \|")}
    counted = {name: points_of_the_variant(name) for name in told}
    assert told == {name: str(points or "–") for name, points in counted.items()}
    own = [name for name, points in counted.items() if points]
    listed = f"In {', '.join(own[:-1])} and {own[-1]} "
    course = (ROOT / harness.SOLUTIONS / "course.md").read_text(encoding="utf-8")
    assert listed in STUDENTS and listed in course and len(own) == 4  # "In four assignments"


def test_the_line_with_a_range_is_there():
    (line,) = re.findall(r"^```python\n( *.*variant\.pick.*\n)```$", GUIDE, re.MULTILINE)
    assert line in (ROOT / harness.TESTS / "test_a00.py").read_text(encoding="utf-8")


def test_tutorials_and_mutants_exist():
    there = {path.name.partition("_")[0] for path in (ROOT / "tutorials").glob("[0-9]*.py")}
    for row in rows(r"a\d\d \|"):
        assert set(re.findall(r"\b\d\d[a-z]?\b", row[4])) <= there, row
    named = set(re.findall(r"\bz\d\d\b", GUIDE))
    assert len(named) > 20 and named <= set(MUTANTS), named - set(MUTANTS)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    args = parser().parse_args(shlex.split(command.partition(" > ")[0]))
    assert args.seed == 7


def test_there_are_commands():
    assert len(COMMANDS) == 7


def test_grade_for_vpl(tmp_path):
    (line,) = re.findall(r"^python -c '(.*)'$", GUIDE, re.MULTILINE)
    score = tmp_path / "score.json"
    score.write_text(json.dumps({"students": {"ada": {"points": 17}}}))
    code = line.replace("/tmp/score.json", str(score))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "Grade :=>> 17\n", done.stderr


def test_limits_are_those_of_the_program():
    limits, words = Limits(), " ".join(GUIDE.split())
    time = f"{limits.seconds} s of CPU time ({limits.seconds // 4} s for a test) and {limits.clock} s on the clock"
    size = f"{limits.megabytes} MB, files of {limits.file_megabytes} MB"
    assert f"{time}, {size}" in words
    args = parser().parse_args(["my", "--seed", "1"])
    assert (args.seconds, args.memory) == (limits.seconds, limits.megabytes)
    assert limits.clock == limits.seconds
    ends = f"A file that never ends costs up to {limits.seconds} s, and so does a file that sleeps."
    test, again = limits.seconds / 4, limits.seconds / 4 / AGAIN
    assert (
        ends in words and f"has exceeded its {test:g} s, the other tests have {again:g} s" in words
    )
    assert f"can hold a process for {MOST * limits.clock} s" in words
    own = (ROOT / harness.TESTS / "limit.py").read_text()  # those of `make aNN`
    assert f"SECONDS = {test:g} " in own and f"AGAIN = {AGAIN} " in own
    assert "GRADING = 200 " in (ROOT / harness.TESTS / "desk.py").read_text()
