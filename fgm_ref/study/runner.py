"""Do the runs of some experiments, on any executor, losing nothing and repeating nothing.

    with ThreadPoolExecutor() as executor:
        study(experiments.values(), Path("out/study"), executor=executor)

Whatever is finished stands in the journal at once.  At the end, also a bad one, each experiment's table is
written; the next study with the same folder begins with what it finds there.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from fgm_ref.progress import Progress
from fgm_ref.study import store
from fgm_ref.study.estimate import seconds
from fgm_ref.study.grid import Experiment
from fgm_ref.study.journal import Journal
from fgm_ref.study.measure import Outcome, execute
from fgm_ref.study.pool import processes
from fgm_ref.study.store import Record
from fgm_ref.study.task import Task

WINDOW = 256  # so many tasks are handed over at once
Finished = dict[str, Record]  # by key


@dataclass
class Report:
    """How a study went: runs wanted, found and done, and what went wrong, in words."""

    wanted: int = 0
    found: int = 0
    outdated: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    broken: str = ""


def study(
    experiments: Iterable[Experiment], out: Path, *, executor: Executor | None = None, workers: int | None = None,
) -> Report:
    """Do what is not done yet, and write `<out>/<experiment>.csv` for each.

    Without an `executor` there are `workers` processes (default: one per core).  A run that fails is left out
    and reported; a run that diverges is a result.  Raises `ValueError` if another study is writing to `out`.
    """
    experiments, report = list(experiments), Report()
    wanted = {task.key: task for experiment in experiments for task in experiment.tasks}
    with Journal(out) as journal:
        finished = found_in(out, journal, report)
        todo = [task for key, task in wanted.items() if key not in finished]
        report.wanted, report.found = len(wanted), len(wanted) - len(todo)
        say(report)
        try:
            work(todo, finished, journal, report, executor, workers)
        finally:
            file_away(experiments, out, finished, journal)
    return report


def found_in(out: Path, journal: Journal, report: Report) -> Finished:
    """What the tables and the journal of this folder hold already."""
    old = [record for path in sorted(out.glob("*.csv")) for record in store.records(path)] + journal.records()
    report.outdated = sum(not record.current for record in old)
    return {record.task.key: record for record in old if record.current}


def file_away(experiments: Sequence[Experiment], out: Path, finished: Finished, journal: Journal) -> None:
    """Write the tables; what stands in none of this folder's tables stays in the journal."""
    for experiment in experiments:
        rows = [finished[task.key] for task in experiment.tasks if task.key in finished]
        if rows:
            store.write(out / f"{experiment.name}.csv", experiment.name, rows)
    filed = {record.task.key for path in out.glob("*.csv") for record in store.records(path)}
    journal.keep(record for key, record in finished.items() if key not in filed)


def work(
    todo: Sequence[Task], finished: Finished, journal: Journal, report: Report,
    executor: Executor | None, workers: int | None,
) -> None:
    """Do the tasks.  If workers of our own die, new ones go on, unless they have died in vain twice."""
    costs = {task.key: int(1000 * seconds(task)) + 1 for task in todo}
    progress = Progress(sum(costs.values()))
    spent = in_vain = 0
    while left := [task for task in todo if task.key not in finished and task.key not in report.failed]:
        before = spent
        try:
            with pool(executor, workers) as running:
                for task, outcome in results(running, left):
                    take(task, outcome, finished, journal, report)
                    spent += costs[task.key]
                    progress(spent, task.config.protocol)
        except BrokenExecutor as error:
            in_vain = 0 if spent > before else in_vain + 1
            if executor or in_vain == 2:
                report.broken = str(error)
                break
    progress.close()


def take(task: Task, outcome: Outcome | str, finished: Finished, journal: Journal, report: Report) -> None:
    """Keep what came of one task."""
    if isinstance(outcome, str):
        report.failed[task.key] = outcome
    else:
        finished[task.key] = Record.of(task, outcome)
        journal.add(finished[task.key])
        report.done += 1


def pool(executor: Executor | None, workers: int | None) -> AbstractContextManager[Executor]:
    """The caller's executor, which stays open, or processes of our own."""
    return nullcontext(executor) if executor else processes(workers)


def results(executor: Executor, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | str]]:
    """(task, outcome) as they come in, or (task, what went wrong).  Raises `BrokenExecutor`."""
    pending: dict[Future[Outcome], Task] = {}
    try:
        for number, task in enumerate(tasks, 1):
            pending[executor.submit(execute, task)] = task
            last = number == len(tasks)
            while pending and (last or len(pending) >= WINDOW or any(future.done() for future in pending)):
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), outcome_or_trouble(future)
    finally:
        for future in pending:
            future.cancel()


def outcome_or_trouble(future: "Future[Outcome]") -> Outcome | str:
    """What the run gave, or a line on why it gave nothing."""
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def say(report: Report) -> None:
    """What there was to start with."""
    if report.found:
        print(f"{report.found} of {report.wanted} runs were finished before", file=sys.stderr)
    if report.outdated:
        print(f"{report.outdated} runs of another version are done anew", file=sys.stderr)
