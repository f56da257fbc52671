"""One student's folder: a submission for each assignment, and the files that are read for none."""

from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from fgm_ref.grade.choice import choose
from fgm_ref.grade.folders import below, files
from fgm_ref.grade.handed_in import Submission, Unread
from fgm_ref.grade.names import assignments_in, objection


def of_student(
    folder: Path,
    student: str,
    variant: bool,
    assignments: Sequence[str],
    known: Set[str],
) -> tuple[list[Submission], list[Unread]]:
    """(a submission for each assignment, also where there is none; the other files).

    `known` are all assignments that there are.  Files for one that is not asked for are passed over.
    """
    answers, objections = sorted_out(folder, assignments, known)
    submissions: list[Submission] = []
    told: set[Path] = set()  # objections that are the reason why there is no answer
    for assignment in assignments:
        choice = choose(of_assignment(assignment, answers), folder)
        objections |= choice.others
        name, refused = "", choice.refused
        if choice.file is not None:
            name = below(choice.file, folder)
        elif not refused:
            those = of_assignment(assignment, objections)
            refused = "; ".join(f"{below(path, folder)}: {objections[path]}" for path in those)
            told.update(those)
        submissions.append(Submission(student, assignment, choice.file, variant, name, refused))
    others = [path for path in objections if path not in told]
    return submissions, [Unread(student, below(path, folder), objections[path]) for path in others]


def of_assignment(assignment: str, paths: Iterable[Path]) -> list[Path]:
    """Those whose names speak of it."""
    return [path for path in paths if assignment in assignments_in(path.name)]


def sorted_out(
    folder: Path, assignments: Sequence[str], known: Set[str]
) -> tuple[list[Path], dict[Path, str]]:
    """(the files that may be answers, {another one: why it is none})."""
    answers: list[Path] = []
    objections: dict[Path, str] = {}
    for path, why in files(folder):
        named = assignments_in(path.name)
        if named and known >= set(named) and not set(named).intersection(assignments):
            continue  # not asked for
        why = why or objection(path.name)
        if not why and not known >= set(named):
            why = f"there is no assignment {named[0]}"
        if why:
            objections[path] = why
        else:
            answers.append(path)
    return answers, objections
