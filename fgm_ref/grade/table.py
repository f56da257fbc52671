"""Scores as tables: of one student test by test, of a class student by student; and who is ahead in a08."""

from collections.abc import Iterator, Sequence
from typing import Any

from fgm_ref.grade.verdict import GRADED, MISSING, Grade
from fgm_ref.program import aligned

LEADING = "a08"
RACE = "test_fewer_bytes"  # tests called so are the race itself; the others are its rules


def table(grades: Sequence[Grade], many: bool) -> str:
    """What is printed."""
    lines = list(of_class(grades) if many else of_student(grades))
    ahead = leaderboard(grades)
    return "\n".join([*lines, *(["", *ranking(ahead)] if ahead else [])])


def of_class(grades: Sequence[Grade]) -> Iterator[str]:
    """A row for each student, then a line for each reason why there was nothing to win."""
    names = sorted({grade.assignment for grade in grades})
    rows = [["student", *names, "total", "of"]]
    for student, own in by_student(grades).items():
        points = {grade.assignment: cell(grade) for grade in own}
        rows.append(
            [
                student,
                *(points[name] for name in names),
                number(sum(g.points for g in own)),
                number(sum(g.of for g in own)),
            ]
        )
    yield from aligned(rows)
    for grade in grades:
        if grade.status not in (GRADED, MISSING):
            yield f"{grade.student} {grade.assignment}: {grade.status}: {grade.reason}"


def of_student(grades: Sequence[Grade]) -> Iterator[str]:
    """A row for each assignment, and each test that has cost points."""
    for grade in grades:
        why = f"  {grade.status}: {grade.reason}" if grade.status != GRADED else ""
        yield f"{grade.assignment}  {number(grade.points):>3} of {number(grade.of)}{why}"
        for test in grade.tests:
            if test["points"] < test["of"]:
                yield f"       {number(test['points'])} of {number(test['of'])}  {test['name']}: {test['message']}"
        for text in grade.refused:
            yield f"       refused: {text}"
    yield f"total {number(sum(g.points for g in grades))} of {number(sum(g.of for g in grades))}"


def by_student(grades: Sequence[Grade]) -> dict[str, list[Grade]]:
    """In the order of the grades."""
    students: dict[str, list[Grade]] = {}
    for grade in grades:
        students.setdefault(grade.student, []).append(grade)
    return students


def cell(grade: Grade) -> str:
    """The points; an exclamation mark where they are explained below, a dash where nothing was handed in."""
    if grade.status == MISSING:
        return "–"
    return number(grade.points) + ("" if grade.status == GRADED else "!")


def number(value: float) -> str:
    """Without a decimal point where none is needed.

    >>> number(3.0), number(2.5)
    ('3', '2.5')
    """
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
    least = min((base["bytes"] for base in extra.get("baselines", {}).values()), default=0)
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
