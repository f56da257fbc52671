"""The simulator: the only training loop.

One *step*: each active site trains on one mini-batch; then the sites that have something to say have their
turn, and messages are handled until nothing is pending.  (Round and subround keep their meaning in the
protocols; the simulator's clock is called a step.)

Every purpose has its own random stream, spawned from the one seed (see `streams.py`).
"""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.datasets import Dataset
from fgm_ref.learning.learners import Diverged
from fgm_ref.learning.model import Model
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.protocols.game import Game, NetworkMaker, mean_model
from fgm_ref.simulation.checkpoint.kept import Checkpoint, packed, unpack
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.meaning import Meaning
from fgm_ref.simulation.metrics import Metrics, evaluate, spread
from fgm_ref.simulation.observer import Observer, outlives
from fgm_ref.simulation.promise import promised
from fgm_ref.simulation.result import RunResult, event_array
from fgm_ref.simulation.scene import Scene
from fgm_ref.transport.ledger import Ledger

PHI_SITES = 64  # φ is recorded per site for up to so many sites
KNOWN = 4  # so many models are remembered with what they are worth
LOCALS = 32  # so many local models are evaluated one by one at the end


class Simulation(Scene):
    """One run, set up and ready to step.

    `run` is what most users want; this class lets a tutorial or a test stop between steps and look around.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset | None = None,
        threads: int | None = None,
        model: Model | None = None,
    ):
        super().__init__(config, dataset, threads, model)
        self.batches = self.make_batches()
        setup = self.make_setup()
        protocol, spec = self.chosen.protocol, self.model.spec
        self.promise = promised(
            setup.make_zone, protocol, spec, self.dataset, self.parts, self.rng["shared"]
        )
        self.game = Game(
            protocol,
            self.sites_learners(setup.E),
            setup,
            self.rng["network"],
            ledger=Ledger(config.sites, config.multicast),
            faults=self.faults,
            codec=self.codec,
            rows=self.rows,
            seeded=self.seeded,
            make_network=self.make_network,
        )
        self.sites, self.coordinator = self.game.sites, self.game.coordinator
        self.ledger, self.network = self.game.ledger, self.game.network
        self.trained = self.coordinator.hub or self.sites.learners
        if self.coordinator.hub and config.prox:
            raise ValueError(f"prox: expected 0 with {protocol.name}, whose hub is sent no model")
        if self.promise:
            self.promise.ship(self.ledger)

        strict = outlives(self.chosen, setup.make_zone(setup.E), self.faults, self.codec)
        self.observer = Observer(protocol, self.sites, self.coordinator, strict=strict)
        self.series: dict[str, list[Any]] = defaultdict(list)
        self.curve: dict[str, list[Any]] = defaultdict(list)
        self._known: deque[tuple[Array, Dataset, Metrics]] = deque(maxlen=KNOWN)

    # Where the sites are: here (`fgm_ref/mpi` has them elsewhere).

    make_network: NetworkMaker | None = None

    def sites_learners(self, E: Array) -> Any:
        """Who trains at the sites."""
        return self.make_learners(E, self.masks)

    def train(self, active: Any) -> None:
        """Each active site trains on its next mini-batch."""
        self.sites.step(active, *self.batch(self.batches, active, self.ledger.step))

    # What a checkpoint keeps of a run.

    place = "one process"

    @property
    def things(self) -> dict[str, Any]:
        """What changes while the run lasts."""
        names = "sites coordinator network ledger batches rng masks optimizers observer promise series curve"
        return {name: getattr(self, name) for name in names.split()}

    def states(self) -> list[Array]:
        """All of it, as bytes."""
        return [packed(self.things)]

    def take_on(self, states: Sequence[Array]) -> None:
        """Go on from where another run of these settings was."""
        (state,) = states
        unpack(state, self.things)

    def step(self) -> None:
        """One step: train, exchange messages until nothing is pending, record."""
        self.ledger.step += 1
        self.set_rate(self.ledger.step)
        active = self.game.present(next(self.active), self.ledger.step)
        self.train(active)
        self._record_phi()
        overshoot = self.observer.overshoot() if self.config.checks else np.nan
        self.network.exchange()
        verdict = self.observer.at_rest() if self.config.checks else 0
        if self.promise:
            self.promise.look(self.coordinator.E, self.models, getattr(self.sites, "weights", None))
        losses = self.trained.losses if self.coordinator.hub else self.trained.losses[active]
        trained = isinstance(active, slice) or len(active) > 0
        self._record(losses.mean() if trained else np.nan, overshoot, verdict)

    def _record_phi(self) -> None:
        """What the sites see before messages are handled."""
        if isinstance(self.sites, MonitoringSites) and self.sites.k <= PHI_SITES:
            self.series["phi"].append(self.sites.values.copy())
            self.series["phi_zero"].append(self.sites.at_zero)

    def _record(self, loss: float, overshoot: float, verdict: int) -> None:
        values = {
            "loss": loss,
            "bytes": self.ledger.total_bytes,
            "messages": self.ledger.total_messages,
            "rounds": self.coordinator.round - 1,
            "subrounds": self.coordinator.subrounds,
            "rebalances": self.coordinator.rebalances,
            "dropped": self.coordinator.dropped,
            "overshoot": overshoot,
            "verdict": verdict,
        }
        for name, value in values.items():
            self.series[name].append(value)

    @property
    def data(self) -> Dataset:
        """The data as they are now (see `changes.py`)."""
        return self.world.at(self.ledger.step)

    @property
    def mean_model(self) -> Array:
        """S (D,), which only the simulator knows between synchronisations."""
        return mean_model(self.models, None if self.coordinator.hub else self.sites)

    @property
    def models(self) -> Array:
        """The models (k, D), or (1, D) of the hub; who is gone counts as standing at E, as in the protocols."""
        gone = sorted(self.network.absent)
        if not gone or self.coordinator.hub:
            return self.trained.P
        models = self.trained.P.copy()
        models[gone] = self.coordinator.E
        return models

    def evaluate(self) -> None:
        """Add the mean model's test metrics, and the served model's loss, to the curve."""
        metrics = self.metrics(self.mean_model)
        point = {
            "step": self.ledger.step,
            "bytes": self.ledger.total_bytes,
            **metrics._asdict(),
            "served": self.served_loss(metrics.loss),
        }
        for name, value in point.items():
            self.curve[name].append(np.nan if value is None else value)

    def metrics(self, p: Array) -> Metrics:
        """What a model p (D,) is worth on the test part now; the same model is not evaluated twice in a row."""
        for known, data, metrics in self._known:
            if data is self.data and np.array_equal(known, p):
                return metrics
        found = evaluate(self.model, p, self.data)
        self._known.append((p.copy(), self.data, found))
        return found

    def served_loss(self, mean_loss: float) -> float:
        """Test loss of the coordinator's model E, the one that is in use; `mean_loss` is that of S."""
        E = self.coordinator.E
        return mean_loss if (self.trained.P == E).all() else self.metrics(E).loss

    def result(self, stopped: str = "") -> RunResult:
        """The record up to here."""
        S = self.mean_model
        return RunResult(
            config=self.config,
            series={name: np.array(values) for name, values in self.series.items()},
            curve={name: np.array(values) for name, values in self.curve.items()},
            final=self._final(S),
            ledger=self.ledger.by_kind(),
            totals=self.ledger.totals(),
            events=event_array(self.ledger.events),
            model=S,
            stopped=stopped,
            meaning=Meaning.of(self.model.spec, self.data),
        )

    def _final(self, S: Array) -> dict[str, Any]:
        """What there is to say of the end; S (D,) is the mean model."""
        P = self.models
        final: dict[str, Any] = self.metrics(S)._asdict()
        final["served_loss"] = self.served_loss(final["loss"])
        final["norm"] = float(norm(self.coordinator.E))
        locals_ = [self.metrics(p).loss for p in P[:LOCALS]]
        final["local_loss"] = float(np.mean(locals_))
        final["spread"] = spread(P, S)
        final["parameters"] = self.model.size
        if self.config.checks:
            final |= self.observer.final(self.series["verdict"])
        if self.promise:
            final["promise"] = self.promise.final()
        return final


def run(
    config: Config | None = None,
    *,
    data: Dataset | None = None,
    on_step: Callable[[int], None] | None = None,
    checkpoint: str | Path | None = None,
    every: int = 100,
    **settings: Any,
) -> RunResult:
    """Train by one protocol and return the record.

    Give a `Config`, or its settings by name.  `protocol` and `safe` may be objects:
    `run(protocol=Fgm(epsilon=0.1), safe=Ball)`.  `data` replaces the bundled data set.  `on_step(n)` is called after
    each step.  The file `checkpoint` is written after `every` so many steps; a run that finds one goes on from there.

    Raises `ValueError` for a setting that cannot be.  Raises `RunDiverged`, with the record up to there as `.result`,
    if a loss is no longer finite.

    >>> result = run(dataset="ecg208", protocol="periodic:b=5", sites=2, hidden=(4,), steps=10, evaluations=1)
    >>> result.totals["messages_up"], result.totals["bytes_up"] == 2 * 2 * 4 * result.final["parameters"]
    (4, True)
    """
    keeper = Checkpoint(Path(checkpoint), every) if checkpoint else None
    return drive(Simulation(config or Config(**settings), data), on_step, keeper)


def drive(
    simulation: Simulation,
    on_step: Callable[[int], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> RunResult:
    """All steps of a run that is set up, or those that are left."""
    config = simulation.config
    evenly = np.linspace(0, config.steps, config.evaluations + 1)
    due = set(evenly.round().astype(int)[1:].tolist())
    done = checkpoint.resume(simulation) if checkpoint else 0
    if not done:
        simulation.evaluate()
    for number in range(done + 1, config.steps + 1):
        try:
            simulation.step()
        except Diverged as error:
            raise diverged(number, error, simulation) from error
        if number in due:
            simulation.evaluate()
        if checkpoint:
            checkpoint.after(number, simulation)
        if on_step:
            on_step(number)
    simulation.coordinator.finish()
    return simulation.result()


class RunDiverged(ArithmeticError):
    """The training blew up; `.result` is the record up to there."""

    def __init__(self, text: str, result: RunResult):
        super().__init__(text, result)  # both, so that it can pass from process to process
        self.result = result

    def __str__(self) -> str:
        """Why."""
        return str(self.args[0])


def diverged(step: int, error: Diverged, simulation: Simulation) -> RunDiverged:
    """What to raise when step `step` has ended in `error`."""
    text = f"stopped at step {step}: {error}"
    with np.errstate(over="ignore", invalid="ignore"):
        return RunDiverged(text, simulation.result(stopped=text))
