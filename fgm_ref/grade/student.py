"""One student's folder: a submission for each assignment, and the files that are read for none."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from fgm_ref.grade.choice import choose
from fgm_ref.grade.folders import assignments_above, below, files
from fgm_ref.grade.handed_in import Submission, Unread
from fgm_ref.grade.names import NAMELESS, assignments_in, objection


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
        choice = choose(answers.get(assignment, []), folder)
        objections |= choice.others
        name, refused = "", choice.refused
        if choice.file is not None:
            name = below(choice.file, folder)
        elif not refused:
            those = [path for path in objections if assignment in assignments_in(path.name)]
            refused = "; ".join(f"{below(path, folder)}: {objections[path]}" for path in those)
            told.update(those)
        submissions.append(Submission(student, assignment, choice.file, variant, name, refused))
    others = [path for path in objections if path not in told]
    return submissions, [Unread(student, below(path, folder), objections[path]) for path in others]


def sorted_out(
    folder: Path, assignments: Sequence[str], known: Set[str]
) -> tuple[dict[str, list[Path]], dict[Path, str]]:
    """({assignment: the files that may be its answer}, {another file: why it is none})."""
    answers: dict[str, list[Path]] = {}
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
            answers.setdefault(named[0], []).append(path)
    read_by_folders(folder, assignments, known, answers, objections)
    return answers, objections


def read_by_folders(
    folder: Path,
    assignments: Sequence[str],
    known: Set[str],
    answers: dict[str, list[Path]],
    objections: dict[Path, str],
) -> None:
    """Where no file says that it is the answer, those may be it whose folder says so, such as a03/solution.py."""
    for assignment, paths in named_by_folders(folder, objections).items():
        if assignment in answers or assignment not in known:
            continue
        if assignment in assignments:
            answers[assignment] = paths
        for path in paths:
            del objections[path]


def named_by_folders(folder: Path, objections: Mapping[Path, str]) -> dict[str, list[Path]]:
    """{assignment: programs whose own names say nothing, in a folder of its name}."""
    found: dict[str, list[Path]] = {}
    for path, why in objections.items():
        named = assignments_above(path, folder) if why == NAMELESS else []
        if len(named) == 1:
            found.setdefault(named[0], []).append(path)
    return found
