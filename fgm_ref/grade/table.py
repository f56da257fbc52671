"""Scores as tables: of one student test by test, of a class student by student; and who is ahead in a08."""

from collections.abc import Iterator, Sequence
from typing import Any

from fgm_ref.grade.handed_in import Unread
from fgm_ref.grade.result import GRADED, MISSING, TROUBLE, UNREAD, Grade
from fgm_ref.program import aligned

LEADING = "a08"
SIGNS = {MISSING: "–", UNREAD: "?", TROUBLE: "!"}  # where there is no grade
MOST_FILES = 10  # are named in one line; the feedback names all of a student's
RACE = "test_fewer_bytes"  # tests called so are the race itself; the others are its rules


def table(grades: Sequence[Grade], many: bool, unread: Sequence[Unread] = ()) -> str:
    """What is printed."""
    lines = list(of_class(grades) if many else of_student(grades))
    lines += not_read(unread)
    lines += overlooked(grades, unread) if many else []
    ahead = leaderboard(grades)
    if ahead:
        lines += ["", *ranking(ahead)]
    return "\n".join(lines)


def of_class(grades: Sequence[Grade]) -> Iterator[str]:
    """A row for each student, then a line for each zero, and for each answer that is not graded: why."""
    names = sorted({grade.assignment for grade in grades})
    rows = [["student", *names, "total", "of"]]
    for student, own in by_student(grades).items():
        cells = {grade.assignment: cell(grade) for grade in own}
        row = [student, *(cells[name] for name in names)]
        row += [number(total(own)), number(sum(grade.of for grade in own))]
        rows.append(row)
    yield from aligned(rows)
    for grade in grades:
        if grade.why_zero:
            yield f"{grade.student} {grade.assignment}: {grade.why_zero}"


def of_student(grades: Sequence[Grade]) -> Iterator[str]:
    """A row for each assignment, and each test that has cost points."""
    for grade in grades:
        points = number(grade.earned)
        why = f"  {grade.status}: {grade.reason}" if grade.status != GRADED else ""
        yield f"{grade.assignment}  {points:>3} of {number(grade.of)}{why}"
        for test, text in said_once(grade.lost, "message"):
            yield f"       {number(test['points'])} of {number(test['of'])}  {test['name']}: {text}"
        if grade.why_zero and not grade.lost and not why:
            yield f"       {grade.why_zero}"
        for text in grade.refused:
            yield f"       refused: {text}"
    yield f"total {number(total(grades))} of {number(sum(g.of for g in grades))}"


def said_once(tests: Sequence[dict[str, Any]], key: str) -> Iterator[tuple[dict[str, Any], str]]:
    """(test, what is said of it) of each; where it is the same as before, only of which test."""
    first: dict[str, str] = {}
    for test in tests:
        text = test.get(key) or test["message"] or "it failed without a word"
        name = first.setdefault(text, test["name"])
        yield test, text if name == test["name"] else f"as in {name}"


def not_read(unread: Sequence[Unread]) -> Iterator[str]:
    """A line for each student whose folder has files that are read for no assignment."""
    files: dict[str, list[str]] = {}
    for each in unread:
        files.setdefault(each.student, []).append(f"{each.name} ({each.why})")
    for student, those in files.items():
        yield f"not read: {student or 'in the class folder'}: {some(those)}"


def some(names: Sequence[str]) -> str:
    """The first ones, and how many more there are."""
    more = f", and {len(names) - MOST_FILES} more" if len(names) > MOST_FILES else ""
    return ", ".join(names[:MOST_FILES]) + more


def overlooked(grades: Sequence[Grade], unread: Sequence[Unread]) -> Iterator[str]:
    """A line for those who have handed in something, and nothing of it could be graded."""
    with_files = {each.student for each in unread}
    with_files |= {grade.student for grade in grades if grade.status == UNREAD}
    students = by_student(grades).items()
    names = [name for name, own in students if total(own) is None and name in with_files]
    if names:
        yield f"files, and no grade: {', '.join(names)}"


def total(grades: Sequence[Grade]) -> float | None:
    """The sum of what is graded; `None` if nothing is."""
    points = [grade.points for grade in grades if grade.counts]
    return sum(points) if points else None


def by_student(grades: Sequence[Grade]) -> dict[str, list[Grade]]:
    """In the order of the grades."""
    students: dict[str, list[Grade]] = {}
    for grade in grades:
        students.setdefault(grade.student, []).append(grade)
    return students


def cell(grade: Grade) -> str:
    """The points; an exclamation mark where they are explained below, a sign where there are none to have."""
    if not grade.counts:
        return SIGNS[grade.status]
    mark = "" if grade.status == GRADED else "!"
    return number(grade.points) + mark


def number(value: float | None) -> str:
    """Without a decimal point where none is needed; a dash where there is no number.

    >>> number(3.0), number(2.5), number(None)
    ('3', '2.5', '–')
    """
    if value is None:
        return SIGNS[MISSING]
    return f"{value:.2f}".rstrip("0").rstrip(".")


def leaderboard(grades: Sequence[Grade]) -> list[dict[str, Any]]:
    """Those whose protocol kept the rules, the fewest bytes first; of equal bytes the smaller loss.

    Every variant has its own stream; `relative` is the bytes as a multiple of the thriftiest baseline's on it.
    """
    inside = [grade for grade in grades if qualifies(grade)]
    inside.sort(key=lambda grade: (grade.extra["bytes"], grade.extra["loss"], grade.student))
    return [
        {
            "student": g.student,
            "bytes": g.extra["bytes"],
            "loss": g.extra["loss"],
            "relative": relative(g.extra),
        }
        for g in inside
    ]


def qualifies(grade: Grade) -> bool:
    """Whether the promises were kept and the loss is acceptable."""
    rules = [test for test in grade.tests if not test["name"].startswith(RACE)]
    return (
        grade.assignment == LEADING
        and grade.status == GRADED
        and {"bytes", "loss"} <= grade.extra.keys()
        and bool(rules)
        and all(test["passed"] for test in rules)
    )


def relative(extra: dict[str, Any]) -> float | None:
    """Bytes compared with the best baseline, if the tests have measured any."""
    baselines = extra.get("baselines", {}).values()
    least = min((base["bytes"] for base in baselines), default=0)
    return extra["bytes"] / least if least else None


def ranking(ahead: Sequence[dict[str, Any]]) -> list[str]:
    """The leaderboard in lines."""
    rows = [["rank", "student", "bytes", "loss", "bytes / best baseline"]]
    rows += [
        [
            str(n),
            one["student"],
            f"{one['bytes']:,.0f}",
            f"{one['loss']:.3f}",
            "–" if one["relative"] is None else f"{one['relative']:.3f}",
        ]
        for n, one in enumerate(ahead, 1)
    ]
    return [f"{LEADING}: promises kept, loss acceptable, fewest bytes first", *aligned(rows)]
