"""The grader as a program: one student or a class, killed and started again, its tables and files, wrong usage."""

import csv
import json
import os
import signal
import subprocess
import time
from collections import Counter

import pytest
from grading import GOOD, command, course, grade, hand_in

from fgm_ref.grade import __main__ as program
from fgm_ref.grade import batch, harness, submissions
from fgm_ref.grade.journal import NAME
from fgm_ref.grade.process import Limits, Run

ORDINARY = '''
"""Everything that an honest submission may do."""
import collections, contextlib, dataclasses, enum, inspect, logging, os, shutil, tempfile, traceback, typing, warnings
from pathlib import Path
import numpy as np
import hypothesis.strategies as st
from hypothesis import given
from fgm_ref import run
from fgm_ref.safe import Ball

NAME = "double"
Pair = collections.namedtuple("Pair", "x y")

@dataclasses.dataclass(frozen=True)
class Twice:
    factor: float = 2.0

@given(st.integers())
def test_integers(n):
    assert n + n == 2 * n

def double(x):
    """Twice x."""
    print("doubling")
    with contextlib.suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.log(np.array(-1.0))
        raise ValueError
    try:
        np.zeros(2) @ np.zeros(3)
    except ValueError:
        traceback.format_exc()
    logging.getLogger(__name__).debug("x")
    Path("notes.txt").write_text("some")
    Path("notes.txt").chmod(0o600), os.utime("notes.txt", (1, 2)), os.truncate("notes.txt", 2)
    Path("notes.txt").rename("more.txt"), Path("folder").mkdir(exist_ok=True), shutil.rmtree("folder")
    with tempfile.TemporaryFile() as file:
        file.write(b"some")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "some").mkdir()
    Path(__file__).with_name("plot.txt").write_text("some")
    os.listdir(), os.listdir(Path(__file__).parent)
    test_integers()
    list(iter_(x))
    run(dataset="watch", sites=2, steps=2, hidden=(2,))
    inspect.signature(iter_), inspect.getsource(iter_), eval("1 + 1"), iter_.__code__.co_name
    return Twice().factor * Pair(x, 0).x

def iter_(x):
    yield from x
'''

STOPPED_SHORT = [
    {"kind": "collected", "tests": []},
    {"kind": "started"},
    {"kind": "score", "code": 0, "score": None},
]
NAP = "import time\ntime.sleep(%s)\n" + GOOD


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return course(tmp_path_factory.mktemp("checkout"), ["a08", "a90"])


def lines(out):
    path = out / NAME
    return (
        [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
        if path.exists()
        else []
    )


def test_one_student(checkout, tmp_path):
    folder = hand_in(tmp_path / "my", a90_doubling=ORDINARY)
    scores = tmp_path / "results" / "results.json"
    code, out, err = grade(
        checkout, folder, tmp_path / "out", "--student", "ada", "--gradescope", str(scores)
    )
    assert code == 0 and "one student: 1 of 2 assignments" in err, err
    assert out.splitlines() == [
        "a08    – of 20  missing: not handed in",
        "a90   20 of 20",
        "total 20 of 40",
    ]
    results = json.loads(scores.read_text())
    assert results["score"] == 20 == sum(test["max_score"] for test in results["tests"])
    (line,) = lines(tmp_path / "out")
    assert line["grade"]["refused"] == [] and line["grade"]["extra"] == {"student": "ada"}
    assert line["key"]["seed"] == 7
    assert "not from this grading" not in err
    code, out, err = grade(checkout, folder, tmp_path / "out", "--student", "bo")
    assert f"not from this grading, in {tmp_path / 'out' / 'feedback'}: ada.txt\n" in err


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_started_again_nothing_is_lost_or_repeated(checkout, tmp_path, how):
    names = [f"s{n}" for n in range(3)]
    for name in names:
        hand_in(tmp_path / "class" / name, a90=NAP % (0.1 if name == "s0" else 0.6))
    options = ("--only", "a90", "--workers", "2")
    process = subprocess.Popen(
        command(checkout, tmp_path / "class", tmp_path / "out", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    deadline = time.monotonic() + 60
    while len(lines(tmp_path / "out")) < 1:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(how)
    err = process.communicate()[1].decode()
    assert how == signal.SIGKILL or (
        process.returncode == 130 and "interrupted; the same command goes on" in err
    ), err
    before = lines(tmp_path / "out")
    assert 1 <= len(before) < 3
    with open(tmp_path / "out" / NAME, "ab") as file:  # as if the power had failed within a line
        file.write(b'{"key": {"stu')
    code, out, err = grade(checkout, tmp_path / "class", tmp_path / "out", *options)
    assert code == 0 and f"{len(before)} of 3 were graded before" in err, err
    after = lines(tmp_path / "out")
    assert after[: len(before)] == before
    assert Counter(line["key"]["student"] for line in after) == dict.fromkeys(names, 1)
    assert not (tmp_path / "out" / "running").exists()
    assert out.count(" 20") == 9  # points, sum, and what there was to win
    with open(tmp_path / "out" / "scores.csv", newline="") as file:
        assert [row["total"] for row in csv.DictReader(file)] == ["20"] * 3


def test_what_changes_is_graded_again(checkout, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(
        batch,
        "run",
        lambda harness, submission, *_: started.append(submission) or Run(STOPPED_SHORT),
    )
    tests, slow = harness.find(checkout), Limits(seconds=99)
    cases = [
        (GOOD, {}, 7, Limits()),
        (GOOD + "#", {}, 7, Limits()),
        (GOOD, {"student": "my"}, 7, Limits()),
        (GOOD, {}, 8, Limits()),
        (GOOD, {}, 7, slow),
    ]
    for number, (text, student, seed, limits) in enumerate(cases, 1):
        found = submissions.find(hand_in(tmp_path / "my", a90=text), ["a90"], **student)
        for _ in range(2):  # the second time it is known
            (grade,) = batch.grades(tests, found.submissions, seed, limits, tmp_path / "out", 1)
            assert grade.status == "crashed" and len(started) == number
    assert len(lines(tmp_path / "out")) == len(cases)


def test_a_broken_harness_is_the_graders_trouble(tmp_path):
    checkout = course(tmp_path / "checkout")
    (checkout / "tests" / "assignments" / "test_a90.py").write_text("import nothing_of_this_name")
    code, out, err = grade(checkout, hand_in(tmp_path / "my", a90=GOOD), tmp_path / "out")
    assert code == 1 and "a90: the tests did not start" in err and "trouble" in out
    assert lines(tmp_path / "out") == []


def main(capsys, *argv):
    try:
        code = program.main(argv)
    except SystemExit as exit:
        code = exit.code
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "a91"), "--only: expected one of a08, a90; got 'a91'"),
        (("--class", "--student", "x"), "--student: expected no name"),
        (
            ("--checkout", "."),
            "--checkout: expected a checkout of fgm_ref with tests in tests/assignments",
        ),
        (("--ids", "no.csv"), "--ids: expected a CSV file, got 'no.csv' (No such file"),
        (("--out", "a90.py"), "--out: expected a folder to write to"),
        (("--seed", "x"), "--seed: expected a whole number of at least 0, got 'x'"),
    ],
)
def test_wrong_usage(checkout, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(hand_in(tmp_path, a90=GOOD))
    code, out, err = main(capsys, ".", "--seed", "1", "--checkout", str(checkout), *options)
    assert (code, out) == (2, "") and message in err


def test_nothing_to_grade(checkout, tmp_path, capsys):
    for folder, message in [
        (tmp_path / "no", "expected a folder"),
        (tmp_path, "or in folders there, got none"),
    ]:
        code, out, err = main(capsys, str(folder), "--seed", "1", "--checkout", str(checkout))
        assert (code, out) == (2, "") and message in err


def test_without_a_checkout(tmp_path):
    with pytest.raises(ValueError, match="an installed package does not bring them along") as error:
        harness.find(tmp_path)
    assert "\n" not in str(error.value)


def test_examples_come_first(capsys):
    code, out, _ = main(capsys, "--help")
    assert code == 0 and out.startswith("examples:") and "130 interrupted" in out
