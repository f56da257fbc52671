"""What was heard from a child, as a grade: points and, wherever some are missing, the reason."""

import signal
from dataclasses import asdict, dataclass, field
from typing import Any

from fgm_ref.grade.process import Limits, Run
from fgm_ref.grade.submissions import Submission

FULL = 20  # of an assignment whose tests never came to say what they are worth
GRADED, MISSING, TIMEOUT, CRASHED, TAMPERED, TROUBLE = (
    "graded",
    "missing",
    "timeout",
    "crashed",
    "tampered",
    "trouble",
)


@dataclass(frozen=True)
class Grade:
    """One student's result for one assignment.  `trouble` is the grader's own; it is no grade and is tried again."""

    student: str
    assignment: str
    status: str
    points: float = 0
    of: float = FULL
    reason: str = ""
    tests: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def row(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def missing(submission: Submission) -> Grade:
    """There is nothing to grade."""
    return Grade(submission.student, submission.assignment, MISSING, reason=submission.trouble)


def grade(submission: Submission, run: Run, limits: Limits) -> Grade:
    """The points, or zero points and why."""
    heard: dict[str, list[dict[str, Any]]] = {}
    for message in run.messages:
        heard.setdefault(message["kind"], []).append(message)
    worth = (
        sum(points for message in heard.get("collected", []) for _, points in message["tests"])
        or FULL
    )
    refused = sorted({message["reason"] for message in heard.get("refused", [])})
    status, why = judge(run, heard, limits)
    score = heard["score"][0]["score"] if status == GRADED else {}
    tests = score.get("tests", [])
    return Grade(
        submission.student,
        submission.assignment,
        status,
        score.get("points", 0),
        worth,
        why or lost(tests),
        tests,
        score.get("extra") or {},
        refused,
    )


def judge(run: Run, heard: dict[str, list[dict[str, Any]]], limits: Limits) -> tuple[str, str]:
    """(status, reason).  What speaks against the submission is looked at first."""
    if "tampered" in heard:
        return TAMPERED, heard["tampered"][0]["reason"]
    if not run.intact:
        return TAMPERED, "changed the copy of the tests"
    if "started" not in heard and (
        run.code or "score" not in heard or heard["score"][0]["code"] > 1
    ):
        return TROUBLE, f"the tests did not start: {last_line(run.tail) or f'exit code {run.code}'}"
    if run.ended == "output":
        return CRASHED, f"printed more than {limits.output_bytes:,} bytes"
    if run.ended == "time":
        return TIMEOUT, f"took longer than {limits.clock} s"
    if -run.code == signal.SIGXCPU:
        return TIMEOUT, f"took longer than {limits.seconds} s of CPU time altogether"
    if "score" not in heard:
        return CRASHED, died(run)
    if len(heard["score"]) > 1 or len(heard.get("collected", [])) != 1 or run.code:
        return TAMPERED, "more than one result was handed in"
    if heard["score"][0]["score"] is None or heard["score"][0]["code"] > 1:
        return CRASHED, "ended the tests before they were done"
    return agreed(heard)


def agreed(heard: dict[str, list[dict[str, Any]]]) -> tuple[str, str]:
    """The score table is the tests' own; full points must belong to a test that was seen to pass."""
    passed = {short(message["test"]) for message in heard.get("outcome", []) if message["passed"]}
    failed = {
        short(message["test"]) for message in heard.get("outcome", []) if not message["passed"]
    }
    for test in heard["score"][0]["score"]["tests"]:
        name = short(test["name"])
        if test["points"] and test["passed"] and (name not in passed or name in failed):
            return TAMPERED, f"{test['name']}: points for a test that was not seen to pass"
    return GRADED, ""


def short(name: str) -> str:
    """The name of a test without its file.

    >>> short("tests/assignments/test_a03.py::test_convex[ball]"), short("test_convex")
    ('test_convex[ball]', 'test_convex')
    """
    head, colons, rest = name.partition("::")
    return rest if colons else head


def died(run: Run) -> str:
    """A process that ended without a result, in words."""
    if run.code < 0:
        name = signal.Signals(-run.code).name
        hint = (
            "; for want of memory perhaps"
            if run.code in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT)
            else ""
        )
        return f"the process was killed by {name}{hint}"
    return f"ended the process (exit code {run.code}) before the grading was finished"


def lost(tests: list[dict[str, Any]]) -> str:
    """Why points are missing, if there is one reason for all."""
    reasons = {test["message"] for test in tests if test["points"] < test["of"]}
    return (
        f"every point that is missing: {reasons.pop()}"
        if len(reasons) == 1 and len(tests) > 1
        else ""
    )


def last_line(text: str) -> str:
    """Where pytest says what went wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""
