"""Several runs, one after the other or each in a process of its own; their results come in the order of the runs."""

import pickle
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fgm_ref.datasets import Dataset
from fgm_ref.learning.crew import free_cores
from fgm_ref.program import Progress
from fgm_ref.program.processes import CONTEXT, at_home, processes
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult

Tell = Callable[[int], None]
Do = Callable[[int, Tell], RunResult]
"""Does the run of this number, and tells how many of its steps are done."""

WORTH_A_PROCESS = 600
"""Steps of all runs together from which on processes gain more than it costs to start them."""

WORTH_A_COPY = 2**26
"""Bytes of the windows up to which every process is given a copy of them."""

PAUSE = 0.1
"""Seconds between two looks at how far the runs are."""


def workers(configs: Sequence[Config], data: Dataset) -> int:
    """As many processes as there are cores, where they are worth it; else 1."""
    steps = sum(config.steps for config in configs)
    size = data.x_train.nbytes + data.x_test.nbytes
    if steps < WORTH_A_PROCESS or size > WORTH_A_COPY or not at_home():
        return 1
    return min(len(configs), free_cores())


def in_turn(
    do: Do, configs: Sequence[Config], labels: Sequence[str], progress: Progress
) -> Iterator[RunResult]:
    """The results of all runs, each begun when it is asked for."""
    before = 0
    for place, (config, label) in enumerate(zip(configs, labels, strict=True)):

        def tell(steps: int, before: int = before, label: str = label) -> None:
            progress(before + steps, label)

        yield do(place, tell)
        before += config.steps


def side_by_side(
    do: Do, configs: Sequence[Config], labels: Sequence[str], number: int, progress: Progress
) -> Iterator[RunResult]:
    """The results of all runs, done by this number of processes; `do` and what a run returns or raises travel there."""
    done = CONTEXT.RawArray("q", len(configs))  # steps of each run
    with parcel(do) as path, processes(number, begin, path, done) as pool:
        running = [pool.submit(work, place) for place in range(len(configs))]
        for one in running:
            while wait([one], PAUSE).not_done:
                if under_way := " | ".join(unfinished(configs, labels, done)):
                    progress(sum(done), under_way)
            yield one.result()


@contextmanager
def parcel(do: Do) -> Iterator[Path]:
    """A file from which every worker takes what it has to do, and the data for it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "work"
        path.write_bytes(pickle.dumps(do))
        yield path


def unfinished(
    configs: Sequence[Config], labels: Sequence[str], done: Sequence[int]
) -> Iterator[str]:
    """The labels of the runs that have begun and not ended."""
    for config, label, steps in zip(configs, labels, done, strict=True):
        if 0 < steps < config.steps:
            yield label


# In a worker.


@dataclass
class Desk:
    """What a worker was given when it began."""

    do: Do
    done: MutableSequence[int]


desks: list[Desk] = []


def begin(path: Path, done: MutableSequence[int]) -> None:
    """Before the first run."""
    desks.append(Desk(pickle.loads(path.read_bytes()), done))


def work(place: int) -> RunResult:
    """The run at this place."""
    (desk,) = desks

    def tell(steps: int) -> None:
        desk.done[place] = steps

    return desk.do(place, tell)
