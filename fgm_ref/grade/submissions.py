"""Whose submissions there are: one student's, or a folder for each student of a class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fgm_ref.grade.folders import assignments_above, files
from fgm_ref.grade.handed_in import Submission, Unread
from fgm_ref.grade.names import NAMELESS, is_of_a_program, objection, shown
from fgm_ref.grade.student import of_student

OF_MOODLE = "_assignsubmission_"


@dataclass
class Class:
    """Everybody's submissions; `why` says how the folder was understood, `unread` which files no grade depends on.

    `ids` are the students' numbers, for those who have one.
    """

    submissions: list[Submission]
    many: bool
    why: str
    unread: list[Unread] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def students(self) -> list[str]:
        """Their names."""
        return list(dict.fromkeys(each.student for each in self.submissions))

    def add(self, submissions: Iterable[Submission], unread: Iterable[Unread]) -> None:
        """One more student."""
        self.submissions.extend(submissions)
        self.unread.extend(unread)


def find(
    folder: Path,
    assignments: Sequence[str],
    *,
    student: str | None = None,
    many: bool | None = None,
    known: Iterable[str] = (),
) -> Class:
    """What there is in a folder.

    `many`: a class, one student, or `None` to find out.  `known` are all assignments that there are, if more than are
    asked for; files for the others are passed over.
    """
    if not folder.is_dir():
        raise ValueError(f"submissions: expected a folder, got {str(folder)!r}")
    direct = any(is_answer(path) for path in folder.iterdir() if not path.is_dir())
    students = sorted(path for path in folder.iterdir() if is_of_a_student(path))
    if many is None:
        many = not direct and any(has_answers(path) for path in students)
    if many and student is not None:
        raise ValueError(
            f"student: expected no name, as each folder's name is the student's, got {student!r}"
        )
    if not (students if many else has_answers(folder)):
        raise ValueError(
            f"submissions: expected files a00.py or a00_*.py in {str(folder)!r}, or in folders there, "
            "got none"
        )
    known = {*assignments, *known}
    if many:
        return of_class(folder, students, assignments, known)
    return of_one(folder, student, assignments, known)


def of_class(
    folder: Path, students: Sequence[Path], assignments: Sequence[str], known: set[str]
) -> Class:
    """A folder for each student."""
    expect_no_class_inside(students)
    names = [shown(path.name) for path in students]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"submissions: expected a name for each folder, got {twice!r} twice")
    what = f"a class: no assignments directly in the folder, but {len(students)} folders"
    if len(students) == 1:
        what = f"a class of one, {names[0]} (--one if {shown(folder.name)} is the student)"
    found = Class([], True, what)
    for path in sorted(folder.iterdir()):
        if path not in students:
            found.unread.append(Unread("", shown(path.name), "not in the folder of a student"))
    for path, name in zip(students, names, strict=True):
        found.add(*of_student(path, name, True, assignments, known))
    return found


def of_one(folder: Path, student: str | None, assignments: Sequence[str], known: set[str]) -> Class:
    """Everything in the folder is one student's."""
    expect_no_class(folder)
    found = Class([], False, "")
    name = student or shown(folder.resolve().name)
    found.add(*of_student(folder, name, student is not None, assignments, known))
    there = sum(not each.is_missing for each in found.submissions)
    found.why = f"one student: {there} of {len(found.submissions)} assignments are in the folder"
    return found


def expect_no_class(folder: Path) -> None:
    """Moodle can also pack the files of a whole class into one folder."""
    names = [path.name for path in folder.iterdir() if OF_MOODLE in path.name and path.is_file()]
    if len({name.partition(OF_MOODLE)[0] for name in names}) > 1:
        raise ValueError(
            f"submissions: expected a folder for each student, got files such as {shown(names[0])!r}; "
            "in Moodle, download the submissions in folders"
        )


def expect_no_class_inside(students: Sequence[Path]) -> None:
    """An archive of a class is often unpacked into a folder of its own."""
    for student in students:
        if any(OF_MOODLE in path.name and path.is_dir() for path in student.iterdir()):
            raise ValueError(
                f"submissions: expected a folder for each student, got {shown(student.name)!r}, in which "
                "there are such folders; name that one"
            )


def is_of_a_student(path: Path) -> bool:
    """Whether it is a folder that somebody has made."""
    return path.is_dir() and not is_of_a_program(path.name)


def is_answer(path: Path) -> bool:
    """Whether a file is named like an answer."""
    return not objection(path.name)


def has_answers(folder: Path) -> bool:
    """Whether there is a file that is named like an answer, or in a folder of such a name, here or further below."""
    return any(
        is_answer(path) or (objection(path.name) == NAMELESS and assignments_above(path, folder))
        for path, _ in files(folder)
    )
