"""How long a run takes, roughly: good enough to say "about three hours" and to show the time left."""

from collections.abc import Iterable

from fgm_ref.datasets import SETS
from fgm_ref.safe import safe_function
from fgm_ref.safe.loss import LossZones
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import LOCALS
from fgm_ref.study.running.task import Task

DEARER_THAN_RNN = 2.5  # an LSTM has four gates, and its element-wise work is not free

DEARER_WITH_LOSS = 15  # a zone that promises a loss measures its curvature in every round


def seconds(task: Task) -> float:
    """Expected seconds of one run in one process."""
    config = task.config
    cost = SETS[config.dataset].cost
    network = size(config)
    active = 1 if config.schedule == "single" else config.sites
    training = config.steps * (cost.step + cost.sample * active * config.batch * network)
    # S and E along the way; S and the local models at the end
    evaluations = 2 * (config.evaluations + 1) + min(config.sites, LOCALS)
    zones = DEARER_WITH_LOSS if isinstance(safe_function(config.safe), LossZones) else 1
    return float(training * zones + evaluations * cost.evaluation * network) / 1000


def size(config: Config) -> float:
    """The size of a run's network; the unit is the LSTM that the data set's cost was measured with."""
    usual: tuple[int, ...] = SETS[config.dataset].preset["hidden"]
    units = sum(config.hidden) / sum(usual)
    return units if config.cell == "lstm" else units / DEARER_THAN_RNN


def total(tasks: Iterable[Task], workers: int) -> float:
    """Expected seconds of all of them."""
    return sum(map(seconds, tasks)) / workers
