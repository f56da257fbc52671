"""`python -m fgm_ref.grade`: the command line."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fgm_ref import program
from fgm_ref.grade import harness, ids, submissions
from fgm_ref.grade.batch import grades
from fgm_ref.grade.export import as_json, write_csv, write_gradescope
from fgm_ref.grade.feedback import of_others, write_feedback
from fgm_ref.grade.process import Limits
from fgm_ref.grade.result import TROUBLE, Grade
from fgm_ref.grade.submissions import Class
from fgm_ref.grade.table import some, table
from fgm_ref.program import FAILED, FINE, INTERRUPTED, USAGE, whole
from fgm_ref.text import expect_one_of

complain = partial(
    program.complain,
    "fgm_ref.grade",
    ("seed", "student", "only", "out", "ids", "checkout", "gradescope"),
)

EXAMPLES = """\
examples:
  python -m fgm_ref.grade my --seed 7                       one student: a00.py, a03_quanta.py ... in my/
  python -m fgm_ref.grade my --seed 7 --student ada         with this student's variant
  python -m fgm_ref.grade class --seed 7                    a folder for each student in class/
  python -m fgm_ref.grade class --seed 7 --ids map.csv      and the students' IDs in scores.csv
  python -m fgm_ref.grade class --seed 7 --only a08 --json > a08.json
"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(
        prog="python -m fgm_ref.grade",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
        description=EXAMPLES
        + "\nGrade assignments, each in a process of its own.  What is graded is never lost or "
        "repeated.\nLimits of its safety: tutorials/assignments/teaching.md.",
        epilog="exit codes: 0 graded, 1 something could not be graded, 2 wrong usage, 130 interrupted",
        allow_abbrev=False,
    )
    add_submissions(p)
    add_limits(p)
    add_results(p)
    return p


def add_submissions(p: argparse.ArgumentParser) -> None:
    """What is graded, and by which tests."""
    p.add_argument(
        "submissions",
        metavar="SUBMISSION_DIR",
        type=Path,
        help="a student's files, or a folder for each",
    )
    p.add_argument("--seed", metavar="S", type=whole(0), required=True, help="the hidden seed")
    p.add_argument(
        "--student", metavar="ID", help="chooses the variant; in a class it is the folder's name"
    )
    kind = p.add_mutually_exclusive_group()
    kind.add_argument(
        "--class", action="store_true", dest="many", default=None, help="a folder for each student"
    )
    kind.add_argument(
        "--one", action="store_false", dest="many", default=None, help="one student's files"
    )
    p.add_argument("--only", metavar="aNN[,aNN]", help="these assignments")
    p.add_argument(
        "--checkout", metavar="DIR", type=Path, help="whose tests; default those of this checkout"
    )


def add_limits(p: argparse.ArgumentParser) -> None:
    """How much of the computer is used."""
    p.add_argument("--workers", metavar="N", type=whole(1), help="at once; default one per core")
    p.add_argument(
        "--seconds",
        metavar="S",
        type=whole(1),
        default=Limits.seconds,
        help="of CPU time, and on the clock, for an assignment; a test has a quarter of it; default %(default)s",
    )
    p.add_argument(
        "--memory",
        metavar="MB",
        type=whole(256),
        default=Limits.megabytes,
        help="default %(default)s",
    )


def add_results(p: argparse.ArgumentParser) -> None:
    """Where the grades go."""
    p.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("out") / "grade",
        help="where the journal, scores.csv and the folder feedback are; default %(default)s",
    )
    p.add_argument(
        "--ids",
        metavar="CSV",
        type=Path,
        help="a table of folders and IDs, for scores.csv; without it, the number in a name of Moodle's",
    )
    p.add_argument(
        "--json", action="store_true", help="the scores as JSON on stdout, and nothing else"
    )
    p.add_argument("--gradescope", metavar="FILE", type=Path, help="one student's results.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Find, grade, report.  Returns the exit code."""
    args = parser().parse_args(argv)
    if os.name != "posix":
        return complain(
            "expected Linux or macOS: elsewhere a process cannot be given limits", USAGE
        )
    try:
        tests = harness.find(args.checkout)
        found = look(tests, args)
        program.expect_folder(args.out)
        done = grades(
            tests,
            found.submissions,
            args.seed,
            Limits(args.seconds, clock=args.seconds, megabytes=args.memory),
            args.out,
            args.workers or os.cpu_count() or 1,
        )
    except ValueError as error:
        return complain(str(error), USAGE)
    return report(done, found, args)


def look(tests: harness.Harness, args: argparse.Namespace) -> Class:
    """What there is to grade, and how it was understood."""
    found = submissions.find(
        args.submissions,
        chosen(tests.assignments, args.only),
        student=args.student,
        many=args.many,
        known=tests.assignments,
    )
    if args.gradescope and found.many:
        raise ValueError(f"gradescope: expected one student, got {found.why}")
    print(found.why, file=sys.stderr)
    add_ids(found, args.ids)
    return found


def add_ids(found: Class, path: Path | None) -> None:
    """The students' IDs, and what does not fit."""
    if path is None:
        found.ids = ids.assign(found.students, None)
        return
    known = ids.read(path)
    found.ids = ids.assign(found.students, known)
    for text in ids.mismatches(found.students, known, found.ids):
        complain(text, FINE)


def chosen(assignments: Sequence[str], only: str | None) -> list[str]:
    """Those that were asked for; every name must be known."""
    names = [name.strip() for name in only.split(",")] if only else list(assignments)
    for name in names:
        expect_one_of("only", name, tuple(assignments))
    return [name for name in assignments if name in names]


def report(done: Sequence[Grade], found: Class, args: argparse.Namespace) -> int:
    """Files, a table or JSON, and what the grader could not do.  Returns the exit code."""
    scores, feedback = args.out / "scores.csv", args.out / "feedback"
    write_csv(scores, done, found.ids)
    write_feedback(feedback, done, found.unread)
    if args.gradescope:
        write_gradescope(args.gradescope, done)
    if args.json:
        print(json.dumps(as_json(done, args.seed, found), indent=1, ensure_ascii=False))
    else:
        print(table(done, found.many, found.unread))
    print(f"written: {scores}, and a text for each student in {feedback}", file=sys.stderr)
    if left := of_others(feedback, done):
        complain(f"not from this grading, in {feedback}: {some(left)}", FINE)
    trouble = [grade for grade in done if grade.status == TROUBLE]
    for grade in trouble:
        complain(f"{grade.student} {grade.assignment}: {grade.reason}", FAILED)
    return FAILED if trouble else FINE


if __name__ == "__main__":
    program.entry(
        main,
        lambda: complain("interrupted; the same command goes on from what is graded", INTERRUPTED),
    )
