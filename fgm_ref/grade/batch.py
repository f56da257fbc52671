"""Grade whatever is not graded yet, several at once; each result goes to the journal before anything else is done."""

import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from fgm_ref.grade.handed_in import Submission
from fgm_ref.grade.harness import Harness
from fgm_ref.grade.journal import Journal, name
from fgm_ref.grade.process import STOPPED, Limits, end_all
from fgm_ref.grade.result import TROUBLE, Grade
from fgm_ref.grade.sandbox import run, wipe
from fgm_ref.grade.verdict import grade, nothing_to_grade
from fgm_ref.program import Progress


def grades(
    harness: Harness,
    submissions: Sequence[Submission],
    seed: int,
    limits: Limits,
    out: Path,
    workers: int,
) -> list[Grade]:
    """One for each submission, in their order.  `ValueError` if another grading writes to `out`."""
    done = {n: nothing_to_grade(each) for n, each in enumerate(submissions) if each.trouble}
    to_grade = [n for n in range(len(submissions)) if n not in done]
    with Journal(out, harness.digest, seed, limits) as journal:
        wipe(journal.running)  # of a grading that was killed
        known = journal.grades()
        before = {n: name(journal.key(submissions[n])) for n in to_grade}
        done |= {n: known[key] for n, key in before.items() if key in known}
        left = [n for n in to_grade if n not in done]
        if len(left) < len(to_grade):
            found = len(to_grade) - len(left)
            print(f"{found} of {len(to_grade)} were graded before", file=sys.stderr)
        try:
            _work(harness, submissions, left, done, journal, workers)
        finally:
            wipe(journal.running)
    return [replace(done[n], file=each.name) for n, each in enumerate(submissions)]


def _work(
    harness: Harness,
    submissions: Sequence[Submission],
    left: Sequence[int],
    done: dict[int, Grade],
    journal: Journal,
    workers: int,
) -> None:
    """The threads only wait for processes; if we are interrupted, those are ended."""
    STOPPED.clear()
    with ThreadPoolExecutor(workers) as pool, closing(Progress(max(1, len(left)))) as progress:
        pending: dict[Future[Grade], int] = {
            pool.submit(_one, harness, submissions[index], journal): index for index in left
        }
        try:
            for number, future in enumerate(as_completed(pending), 1):
                index = pending[future]
                done[index] = future.result()
                if done[index].status != TROUBLE:
                    journal.add(submissions[index], done[index])
                progress(number, f"{submissions[index].student} {submissions[index].assignment}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise


def _one(harness: Harness, submission: Submission, journal: Journal) -> Grade:
    """Whatever goes wrong here is the grader's trouble."""
    try:
        heard = run(harness, submission, journal.seed, journal.limits, journal.running)
        return grade(submission, heard, journal.limits)
    except Exception as error:
        return Grade(
            submission.student,
            submission.assignment,
            TROUBLE,
            reason=f"{type(error).__name__}: {error}",
        )
