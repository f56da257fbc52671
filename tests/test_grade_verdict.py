"""What was heard from a child, as a grade."""

import signal

import pytest

from fgm_ref.grade import verdict
from fgm_ref.grade.handed_in import Submission
from fgm_ref.grade.process import Limits, Run

SUBMISSION = Submission("ada", "a90", None)
COLLECTED = {"kind": "collected", "tests": [["test_a90.py::test_x", 20]]}
STARTED = {"kind": "started"}
PASSED = {"kind": "outcome", "test": "test_a90.py::test_x", "passed": True}
FAILED = PASSED | {"passed": False}


def score(points=20, code=0):
    test = {"name": "test_x", "points": points, "of": 20, "passed": points == 20, "message": ""}
    return {"kind": "score", "code": code, "score": {"points": points, "of": 20, "tests": [test]}}


@pytest.mark.parametrize(
    ("heard", "run", "status", "points", "reason"),
    [
        ([COLLECTED, STARTED, PASSED, score()], {}, "graded", 20, ""),
        (
            [COLLECTED, STARTED, FAILED, score(13)],
            {},
            "graded",
            13,
            "",
        ),  # mutants give points by halves
        ([COLLECTED, STARTED, FAILED, score()], {}, "tampered", 0, "not seen to pass"),
        ([COLLECTED, STARTED, score()], {}, "tampered", 0, "not seen to pass"),
        ([COLLECTED, STARTED, PASSED, score(), score()], {}, "tampered", 0, "more than one result"),
        (
            [COLLECTED, STARTED, PASSED, score()],
            {"intact": False},
            "tampered",
            0,
            "copy of the tests",
        ),
        ([COLLECTED, STARTED, PASSED, score(code=2)], {}, "crashed", 0, "before they were done"),
        (
            [COLLECTED, STARTED],
            {"code": -signal.SIGKILL},
            "crashed",
            0,
            "killed by SIGKILL; for want of memory",
        ),
        (
            [COLLECTED, STARTED],
            {"code": -signal.SIGXCPU},
            "timeout",
            0,
            "longer than 80 s of CPU time",
        ),
        (
            [COLLECTED, STARTED],
            {"code": -signal.SIGKILL, "ended": "time"},
            "timeout",
            0,
            "longer than 80 s on the clock",
        ),
        (
            [COLLECTED, STARTED],
            {"code": -signal.SIGKILL, "ended": "results"},
            "crashed",
            0,
            "more than 4,000,000 bytes of results and refusals",
        ),
        ([COLLECTED], {"code": 1, "tail": "no module\n"}, "trouble", 0, "did not start: no module"),
    ],
)
def test_verdicts(heard, run, status, points, reason):
    grade = verdict.grade(SUBMISSION, Run(messages=heard, **run), Limits())
    assert (grade.status, grade.points, grade.of) == (status, points, 20)
    assert reason in grade.reason


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("! _pytest.outcomes.Exit: bye !!!\n", " (Exit: bye)"),
        ("E   KeyError: 3\nValueError: I/O\n", " (ValueError: I/O)"),
        ("1 failed in 3 s\n", ""),
    ],
)
def test_last_words(tail, words):
    assert verdict.last_words(tail) == words


def test_mutants_are_told_apart():
    # one test with parameters: some killed, some not
    names = ["test_kills[sum]", "test_kills[sign]"]
    heard = [
        PASSED | {"test": f"test_a06.py::{name}", "passed": name == names[0]} for name in names
    ]
    tests = [{"name": name, "points": 1, "of": 1, "passed": True, "message": ""} for name in names]
    tests[1] |= {"points": 0, "passed": False}
    done = {"kind": "score", "code": 1, "score": {"points": 1, "of": 2, "tests": tests}}
    collected = {"kind": "collected", "tests": [[name, 1] for name in names]}
    grade = verdict.grade(SUBMISSION, Run(messages=[collected, STARTED, *heard, done]), Limits())
    assert (grade.status, grade.points, grade.of) == ("graded", 1, 2)
    tests[1] |= {"points": 1, "passed": True}
    grade = verdict.grade(SUBMISSION, Run(messages=[collected, STARTED, *heard, done]), Limits())
    assert (grade.status, grade.points) == ("tampered", 0)
