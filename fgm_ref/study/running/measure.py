"""What is kept of a run: one flat dict of numbers and short texts.

A *kind* is a function (config) -> outcome.  New kinds are entered in `KINDS`, or named by their Python path
(`my_module:my_function`), so that every process finds them.  The training loop is the simulator's; nothing is
trained here.
"""

import gc
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import load
from fgm_ref.files import plug_in
from fgm_ref.learning.model import Model
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import COUNTS, RunResult
from fgm_ref.simulation.simulate import RunDiverged, Simulation, drive
from fgm_ref.study.running.task import RUN, Task
from fgm_ref.text import expect_one_of

Outcome = dict[str, Any]
NOTHING: Array = np.empty(0)
FINAL = ("loss", "score", "balanced", "served_loss", "local_loss", "spread", "norm", "parameters")


class Shelf(threading.local):
    """The model of the last run in this thread; most runs of a study have the same layers."""

    model: Model | None = None


shelf = Shelf()


def execute(task: Task) -> Outcome:
    """Do one task, in whichever process this is.  `seconds` is the time it took, by the clock on the wall."""
    gc.collect()  # the parts of the last simulation point at each other; a long study would grow and grow
    started = time.perf_counter()
    outcome = measure(task.kind)(task.config)
    return {**outcome, "seconds": round(time.perf_counter() - started, 3)}


def measure(kind: str) -> Callable[[Config], Outcome]:
    """The function of that kind; `ValueError` if there is none."""
    module, _, name = kind.partition(":")
    if name:
        found: Callable[[Config], Outcome] = plug_in("kind", module, name)
        return found
    expect_one_of("kind", kind, tuple(KINDS))
    return KINDS[kind]


def train(config: Config) -> Outcome:
    """Train, and keep losses, bytes and counts.  A run that blows up keeps its reason, and no number.

    `loss`, `score`, `balanced`: of the mean model S on the test part, at the end.  `served_loss`: of the
    coordinator's model E at the end; `served_mean`: its mean over the evaluations after the start.
    `prequential`: mean over the steps of the training loss of the local models on batches that they had not
    learnt from; `prequential_late`: over the second half.  `curve_*`: at each evaluation, as JSON.  With `checks`:
    `breaches`, the steps at whose end the guarantee did not hold, and `overshoot`, by how much it was missed at most
    before messages were handled.
    """
    data = load(config.dataset, config.held_out)
    simulation = Simulation(config, data, model=shelf.model)
    shelf.model = simulation.model
    try:
        outcome = outcome_of(drive(simulation))
    except RunDiverged as error:
        outcome = dict.fromkeys(outcome_of(error.result)) | {"stopped": str(error)}
    return {**outcome, "baseline_loss": data.baseline.loss, "baseline_score": data.baseline.score}


def outcome_of(result: RunResult) -> Outcome:
    """One row of a finished run."""
    series = result.series
    final = result.final
    loss = series.get("loss", NOTHING)
    counts = {name: int(series[name][-1]) if name in series else 0 for name in COUNTS}
    second_half = loss[len(loss) // 2 :]
    return {
        **{name: final[name] for name in FINAL},
        "served_mean": mean(result.curve["served"][1:]),
        "prequential": mean(loss),
        "prequential_late": mean(second_half),
        **result.totals,
        **counts,
        "mean_phi_zero": mean(series.get("phi_zero", NOTHING)),  # −R of a ball
        "breaches": final.get("breaches", np.nan),
        "overshoot": largest(series.get("overshoot", NOTHING)),
        "curve_bytes": compact(result.curve["bytes"]),
        "curve_loss": compact(result.curve["loss"]),
        "curve_served": compact(result.curve["served"]),
        "stopped": result.stopped,
    }


def mean(values: Array) -> float:
    """The mean of what is a number (in some steps nobody trains); not a number if nothing is.

    >>> mean(np.array([1.0, np.nan, 3.0])), mean(np.empty(0))
    (2.0, nan)
    """
    values = values[~np.isnan(values)]
    return float(values.mean(dtype=float)) if len(values) else float("nan")


def largest(values: Array) -> float:
    """The largest of what is a number, and at least 0; not a number if nothing is.

    >>> largest(np.array([1.0, np.nan, -3.0])), largest(np.array([np.nan]))
    (1.0, nan)
    """
    values = values[~np.isnan(values)]
    return max(0.0, float(values.max())) if len(values) else float("nan")


def compact(values: Array) -> str:
    """A series as short JSON, six digits each.

    >>> compact(np.array([1 / 3, 2.0, np.nan]))
    '[0.333333,2,null]'
    """
    return f"[{','.join(map(_digits, values.tolist()))}]"


def _digits(value: float) -> str:
    if not np.isfinite(value):
        return "null"
    return f"{value:.6g}" if value % 1 else str(int(value))


def curve(text: str) -> Array:
    """The inverse of `compact`, (evaluations + 1,)."""
    return np.array(json.loads(text), float)


KINDS: dict[str, Callable[[Config], Outcome]] = {RUN: train}
