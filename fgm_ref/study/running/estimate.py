"""How long a run takes, roughly: good enough to say "about three hours" and to show the time left."""

from collections.abc import Iterable

from fgm_ref.simulation.presets import PRESETS
from fgm_ref.simulation.simulate import LOCALS
from fgm_ref.study.running.task import Task

# Milliseconds per step, per sample, and per evaluation of one model, with the preset's network, measured on
# one core of a virtual machine of 2026.  Other machines differ by a factor; the proportions stay.
COST = {
    "ecg208": (2.5, 0.034, 22.0),
    "amazon_snippets": (3.6, 0.033, 8.0),
    "nyc_flights": (1.3, 0.008, 40.0),
    "nyc_weather": (1.6, 0.020, 40.0),
    "watch": (1.9, 0.024, 16.0),
}
DEARER_THAN_RNN = 2.5  # an LSTM has four gates, and its element-wise work is not free


def seconds(task: Task) -> float:
    """Expected seconds of one run in one process."""
    c = task.config
    step, sample, evaluation = COST[c.dataset]
    size = (
        sum(c.hidden)
        / sum(PRESETS[c.dataset]["hidden"])
        / (1 if c.cell == "lstm" else DEARER_THAN_RNN)
    )
    active = 1 if c.schedule == "single" else c.sites
    training = c.steps * (step + sample * active * c.batch * size)
    # S and E along the way; S and the local models at the end
    evaluations = 2 * (c.evaluations + 1) + min(c.sites, LOCALS)
    return float(training + evaluations * evaluation * size) / 1000


def total(tasks: Iterable[Task], workers: int) -> float:
    """Expected seconds of all of them."""
    return sum(map(seconds, tasks)) / workers
