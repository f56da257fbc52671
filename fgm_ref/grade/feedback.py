"""A text for each student: points, what was read, what was lost and why."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from fgm_ref.files import atomic
from fgm_ref.grade.handed_in import Unread
from fgm_ref.grade.names import NOTEBOOK, shown, suffix
from fgm_ref.grade.result import GRADED, MISSING, Grade
from fgm_ref.grade.table import by_student, number, said_once, total

LONGEST_NAME = 200  # bytes


def write_feedback(folder: Path, grades: Sequence[Grade], unread: Sequence[Unread]) -> None:
    """One file for each student, named like the student's folder."""
    for student, own in by_student(grades).items():
        beside = [each for each in unread if each.student == student]
        text = "\n".join(feedback(student, own, beside)) + "\n"
        with atomic(folder / f"{file_name(student)}.txt") as part:
            part.write_text(text, encoding="utf-8")


def of_others(folder: Path, grades: Sequence[Grade]) -> list[str]:
    """The texts in the folder that belong to none of these students: an earlier grading has left them."""
    own = {f"{file_name(student)}.txt" for student in by_student(grades)}
    return sorted({shown(path.name) for path in folder.glob("*.txt")} - own)


def feedback(student: str, grades: Sequence[Grade], unread: Sequence[Unread]) -> Iterator[str]:
    """The lines for one student."""
    points = number(total(grades))
    yield student
    yield f"{points} of {number(sum(grade.of for grade in grades))} points"
    for grade in grades:
        if grade.status != MISSING:
            yield ""
            yield from of_assignment(grade)
    if missing := [grade.assignment for grade in grades if grade.status == MISSING]:
        yield ""
        yield f"Not handed in: {', '.join(missing)}"
    if unread:
        yield ""
        yield "Not read:"
        yield from (f"  {each.name}: {each.why}" for each in unread)


def of_assignment(grade: Grade) -> Iterator[str]:
    """Its points, and each test that has cost some, with the case in which it failed."""
    points = number(grade.earned)
    read = f"  ({as_read(grade.file)})" if grade.file else ""
    yield f"{grade.assignment}  {points} of {number(grade.of)}{read}"
    if grade.status != GRADED or (grade.why_zero and not grade.lost):
        yield f"  {grade.why_zero or grade.reason}"
    for test, text in said_once(grade.lost, "detail"):
        yield f"  {number(test['of'] - test['points'])} lost: {test['name']}"
        yield from (f"    {line}" for line in text.splitlines())
    yield from (f"  refused: {text}" for text in grade.refused)


def as_read(name: str) -> str:
    """The file, and what its lines are.

    >>> as_read("a05.py"), as_read("a05.ipynb")
    ('a05.py', 'a05.ipynb; lines are counted from its first code cell to its last')
    """
    if suffix(name) == NOTEBOOK:
        return f"{name}; lines are counted from its first code cell to its last"
    return name


def file_name(student: str) -> str:
    """A name that a file may have.

    >>> file_name("ada"), file_name("../ada")
    ('ada', '.._ada')
    """
    return student.replace("/", "_").encode()[:LONGEST_NAME].decode(errors="ignore")
