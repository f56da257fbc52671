"""Do the runs of some experiments, on any executor, losing nothing and repeating nothing.

    with ThreadPoolExecutor() as executor:
        study(experiments.values(), Path("out/study"), executor=executor)

Whatever is finished stands in the journal at once.  At the end, also a bad one, each experiment's table is
written; the next study with the same folder begins with what it finds there.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from fgm_ref.program import Progress
from fgm_ref.program.processes import processes
from fgm_ref.study.running import measure, store
from fgm_ref.study.running.estimate import seconds
from fgm_ref.study.running.grid import Experiment
from fgm_ref.study.running.journal import Journal
from fgm_ref.study.running.measure import Outcome, execute
from fgm_ref.study.running.store import Record
from fgm_ref.study.running.task import Task

WINDOW = 256  # so many tasks are handed over at once


@dataclass
class Report:
    """How a study went: runs wanted, found, outdated and done, and what went wrong, in words."""

    wanted: int = 0
    found: int = 0
    outdated: int = 0
    done: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # by the task's key
    broken: str = ""


def study(
    experiments: Iterable[Experiment],
    out: Path,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
) -> Report:
    """Do what is not done yet, and write `<out>/<experiment>.csv` for each.

    Without an `executor` there are `workers` processes (default: one per core) with one BLAS thread each; with
    your own, see to that yourself (`import fgm_ref.threads` before NumPy), or last digits may differ.  A run that
    fails is left out and reported; one that diverges is a result.  `ValueError` if another study writes to `out`.
    """
    with Journal(out) as journal:
        books = Books(list(experiments), out, journal)
        books.open()
        try:
            work(books, executor, workers)
        finally:
            books.close()
    return books.report


class Books:
    """What is wanted, what is finished, and where it stands."""

    def __init__(self, experiments: Sequence[Experiment], out: Path, journal: Journal):
        self.experiments, self.out, self.journal = experiments, out, journal
        self.wanted = {task.key: task for experiment in experiments for task in experiment.tasks}
        self.finished: dict[str, Record] = {}  # by key, also of other experiments
        self.report = Report(wanted=len(self.wanted))

    def open(self) -> None:
        """Read what the tables and the journal hold already, and say how much that is."""
        old = [*self._filed(), *self.journal.records()]
        for record in old:
            if record.current:
                self.finished[record.task.key] = record
        self._adopt()
        self.report.outdated = sum(not record.current for record in old)
        self.report.found = len(self.wanted) - len(self.left())
        if self.report.found:
            say(f"{self.report.found} of {self.report.wanted} runs were finished before")
        if self.report.outdated:
            say(
                f"{self.report.outdated} runs of before the package computed otherwise do not count"
            )

    def _adopt(self) -> None:
        """Take a stored run for one that differs from it only in settings that neither uses."""
        left = self.left()
        if not left:
            return
        alike = {record.task.essence: record for record in self.finished.values()}
        for task in left:
            if task.essence in alike:
                self.finished[task.key] = replace(alike[task.essence], task=task)

    def left(self) -> list[Task]:
        """The tasks that are neither finished nor failed, in the order of the grid."""
        ended = {*self.finished, *self.report.failed}
        return [task for key, task in self.wanted.items() if key not in ended]

    def take(self, task: Task, outcome: Outcome | str) -> None:
        """Keep what came of one task."""
        if isinstance(outcome, str):
            self.report.failed[task.key] = outcome
            return
        record = Record.of(task, outcome)
        self.finished[task.key] = record
        self.journal.add(record)
        self.report.done += 1

    def close(self) -> None:
        """Write the tables; what stands in none of this folder's tables stays in the journal."""
        for experiment in self.experiments:
            keys = [task.key for task in experiment.tasks]
            rows = [self.finished[key] for key in keys if key in self.finished]
            if rows:
                store.write(self.out / f"{experiment.name}.csv", experiment.name, rows)
        filed = {record.task.key for record in self._filed()}
        self.journal.keep(record for key, record in self.finished.items() if key not in filed)

    def _filed(self) -> Iterator[Record]:
        """The runs in all tables of the folder."""
        for path in sorted(self.out.glob("*.csv")):
            yield from store.records(path)


def say(text: str) -> None:
    """A line on the screen while tables go to files."""
    print(text, file=sys.stderr)


def work(books: Books, executor: Executor | None, workers: int | None) -> None:
    """Do what is left.  If workers of our own die, new ones go on, unless they have died in vain twice."""
    # progress counts milliseconds
    costs = {task.key: int(1000 * seconds(task)) + 1 for task in books.left()}
    spent = 0
    in_vain = 0
    with closing(Progress(sum(costs.values()))) as progress:
        while left := books.left():
            try:
                with pool(executor, workers) as running:
                    for task, outcome in results(running, left):
                        books.take(task, outcome)
                        spent += costs[task.key]
                        progress(spent, task.config.protocol)
            except BrokenExecutor as error:
                nothing_done = len(books.left()) == len(left)
                in_vain = in_vain + 1 if nothing_done else 0
                if executor or in_vain == 2:
                    books.report.broken = str(error)
                    return


def pool(executor: Executor | None, workers: int | None) -> AbstractContextManager[Executor]:
    """The caller's executor, which stays open, or processes of our own."""
    if executor:
        return nullcontext(executor)
    return processes(workers, import_module, measure.__name__)


def results(executor: Executor, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome | str]]:
    """(task, outcome) as they come in, or (task, what went wrong).  Raises `BrokenExecutor`."""
    pending: dict[Future[Outcome], Task] = {}
    try:
        for number, task in enumerate(tasks, 1):
            pending[executor.submit(execute, task)] = task
            last = number == len(tasks)
            while pending and (last or full(pending)):
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), outcome_or_trouble(future)
    finally:
        if not isinstance(
            executor, ProcessPoolExecutor
        ):  # our own pool ends its processes itself, see `processes.py`
            for future in pending:
                future.cancel()


def full(pending: "Collection[Future[Outcome]]") -> bool:
    """Whether to wait for results before more is handed over: the window is full, or some are there anyway."""
    return len(pending) >= WINDOW or any(future.done() for future in pending)


def outcome_or_trouble(future: "Future[Outcome]") -> Outcome | str:
    """What the run gave, or a line on why it gave nothing."""
    try:
        return future.result()
    except BrokenExecutor:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"
