"""How long a run takes, roughly: good enough to say "about three hours" and to show the time left."""

from collections.abc import Iterable
from typing import NamedTuple

from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import LOCALS
from fgm_ref.study.presets import PRESETS
from fgm_ref.study.running.task import Task


class Cost(NamedTuple):
    """Milliseconds with the preset's network."""

    step: float
    sample: float
    evaluation: float  # of one model


# Measured on one core of a virtual machine of 2026.  Other machines differ by a factor; the proportions stay.
COST = {
    "ecg208": Cost(step=2.5, sample=0.034, evaluation=22.0),
    "amazon_snippets": Cost(step=3.6, sample=0.033, evaluation=8.0),
    "nyc_flights": Cost(step=1.3, sample=0.008, evaluation=40.0),
    "nyc_weather": Cost(step=1.6, sample=0.020, evaluation=40.0),
    "watch": Cost(step=1.9, sample=0.024, evaluation=16.0),
}
DEARER_THAN_RNN = 2.5  # an LSTM has four gates, and its element-wise work is not free


def seconds(task: Task) -> float:
    """Expected seconds of one run in one process."""
    config = task.config
    cost = COST[config.dataset]
    network = size(config)
    active = 1 if config.schedule == "single" else config.sites
    training = config.steps * (cost.step + cost.sample * active * config.batch * network)
    # S and E along the way; S and the local models at the end
    evaluations = 2 * (config.evaluations + 1) + min(config.sites, LOCALS)
    return float(training + evaluations * cost.evaluation * network) / 1000


def size(config: Config) -> float:
    """The size of a run's network, with the preset's LSTM as the unit."""
    usual: tuple[int, ...] = PRESETS[config.dataset]["hidden"]
    units = sum(config.hidden) / sum(usual)
    return units if config.cell == "lstm" else units / DEARER_THAN_RNN


def total(tasks: Iterable[Task], workers: int) -> float:
    """Expected seconds of all of them."""
    return sum(map(seconds, tasks)) / workers
