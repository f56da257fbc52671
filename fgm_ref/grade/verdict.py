"""What was heard from a child, as a grade: points and, wherever some are missing, the reason."""

import re
import signal
from typing import Any

from fgm_ref.grade.handed_in import Submission
from fgm_ref.grade.names import printable
from fgm_ref.grade.process import RESULT_BYTES, Limits, Run
from fgm_ref.grade.result import (
    CRASHED,
    FULL,
    GRADED,
    MISSING,
    TAMPERED,
    TIMEOUT,
    TROUBLE,
    UNREAD,
    Grade,
)

LONGEST = 300  # characters of a reason
Messages = dict[str, list[dict[str, Any]]]
"""What was heard, by kind."""

ERROR = re.compile(r"(?:INTERNALERROR> )?(?:[\w.]+\.)?(\w*(?:Error|Exception|Interrupt|Exit)\b.*)")


def nothing_to_grade(submission: Submission) -> Grade:
    """Nothing was handed in, or nothing that can be read."""
    status = MISSING if submission.is_missing else UNREAD
    return Grade(submission.student, submission.assignment, status, reason=submission.trouble)


def grade(submission: Submission, run: Run, limits: Limits) -> Grade:
    """The points, or zero points and why."""
    heard: Messages = {}
    for message in run.messages:
        heard.setdefault(message["kind"], []).append(message)
    status, why = judge(run, heard, limits)
    score = heard["score"][0]["score"] if status == GRADED else {}
    tests = [clean(test) for test in score.get("tests", [])]
    return Grade(
        submission.student,
        submission.assignment,
        status,
        score.get("points", 0),
        worth(heard),
        one_line(why) or reason_for_all(tests),
        tests,
        score.get("extra") or {},
        sorted({one_line(message["reason"]) for message in heard.get("refused", [])}),
    )


def worth(heard: Messages) -> float:
    """What there was to win."""
    collected = [test for message in heard.get("collected", []) for test in message["tests"]]
    return sum(points for _, points in collected) or FULL


def clean(test: dict[str, Any]) -> dict[str, Any]:
    """A test's result without characters that do not belong into a table."""
    detail = str(test.get("detail") or test["message"])
    lines = [printable(line) for line in detail.splitlines()]
    return test | {"message": one_line(test["message"]), "detail": "\n".join(lines)}


def one_line(text: str) -> str:
    """Short, and without a line break.

    >>> one_line("not this\\nbut that")
    'not this but that'
    """
    return printable(" ".join(text.split()))[:LONGEST]


def judge(run: Run, heard: Messages, limits: Limits) -> tuple[str, str]:
    """(status, reason).  What speaks against the submission is looked at first."""
    if "tampered" in heard:
        return TAMPERED, heard["tampered"][0]["reason"]
    if not run.intact:
        return TAMPERED, "changed the copy of the tests"
    if "started" not in heard and (
        run.code or "score" not in heard or heard["score"][0]["code"] > 1
    ):
        return TROUBLE, f"the tests did not start: {last_line(run.tail) or f'exit code {run.code}'}"
    if run.ended == "results":
        return CRASHED, f"there were more than {RESULT_BYTES:,} bytes of results and refusals"
    if run.ended == "time":
        return TIMEOUT, f"took longer than {limits.clock} s on the clock; does it sleep or wait?"
    if -run.code == signal.SIGXCPU:
        return TIMEOUT, f"took longer than {limits.seconds} s of CPU time altogether"
    if "score" not in heard:
        return CRASHED, died(run)
    if len(heard["score"]) > 1 or len(heard.get("collected", [])) != 1 or run.code:
        return TAMPERED, "more than one result was handed in"
    if heard["score"][0]["score"] is None or heard["score"][0]["code"] > 1:
        return CRASHED, f"ended the tests before they were done{last_words(run.tail)}"
    return agreed(heard)


def agreed(heard: Messages) -> tuple[str, str]:
    """The score table is the tests' own; full points must belong to a test that was seen to pass."""
    outcomes = heard.get("outcome", [])
    passed = {short(outcome["test"]) for outcome in outcomes if outcome["passed"]}
    failed = {short(outcome["test"]) for outcome in outcomes if not outcome["passed"]}
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
        hungry = run.code in (-signal.SIGKILL, -signal.SIGSEGV, -signal.SIGABRT)
        hint = "; for want of memory perhaps" if hungry else ""
        return f"the process was killed by {name}{hint}"
    ended = f"ended the process (exit code {run.code}) before the grading was finished"
    return ended + last_words(run.tail)


def reason_for_all(tests: list[dict[str, Any]]) -> str:
    """Why points are missing, if there is one reason for all."""
    lost = [test["message"] for test in tests if test["points"] < test["of"]]
    if len(tests) > 1 and len(set(lost)) == 1 and lost[0]:
        return f"every point that is missing: {lost[0]}"
    return ""


def last_words(text: str) -> str:
    """The last error of which pytest or Python has told, in brackets."""
    lines = (ERROR.match(line.strip(" !")) for line in text.splitlines())
    errors = [match[1] for match in lines if match]
    return f" ({errors[-1]})" if errors else ""


def last_line(text: str) -> str:
    """Where pytest says what went wrong."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""
