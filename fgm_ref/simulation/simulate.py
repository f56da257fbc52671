"""The simulator: the only training loop.

One *step*: each active site trains on one mini-batch; then the sites that have something to say have their
turn, and messages are handled until nothing is pending.  (Round and subround keep their meaning in the
protocols; the simulator's clock is called a step.)

Every purpose has its own random stream, spawned from the one seed: two runs that differ only in the
protocol see the same split, initial model, schedule, batches and dropout masks.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.datasets import Dataset, load
from fgm_ref.datasets.split import split
from fgm_ref.learning.learners import Diverged, Learners
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.learning.optim import make_optimizer
from fgm_ref.protocols import Coordinator, Setup, Sites, parse
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.safe import zone_maker
from fgm_ref.simulation.changes import World
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import evaluate
from fgm_ref.simulation.observer import VERDICTS, Observer, expect_possible, outlives
from fgm_ref.simulation.result import RunResult, event_array
from fgm_ref.simulation.schedules import schedule
from fgm_ref.transport.codecs import Rows, parse_codec
from fgm_ref.transport.encoder import make_post
from fgm_ref.transport.faults import FaultyNetwork, parse_faults
from fgm_ref.transport.ledger import Ledger
from fgm_ref.transport.network import Network

PHI_SITES = 64  # φ is recorded per site for up to so many sites


class Simulation:
    """One run, set up and ready to step.

    `run` is what most users want; this class lets a tutorial or a test stop between steps and look around.
    """

    def __init__(self, config: Config, dataset: Dataset | None = None):
        self.config = config
        data = dataset or load(config.dataset)
        self.world = World(config, data)
        streams = dict(
            zip(STREAMS, np.random.SeedSequence(config.seed).spawn(len(STREAMS)), strict=True)
        )
        rng = {name: np.random.default_rng(seed) for name, seed in streams.items()}

        self.model = Model(model_spec(config, data), config.dtype)
        protocol, options = parse(config.protocol)
        parts = split(data, config.sites, config.split, rng["split"], config.alpha)
        per_site = {name: _spawn(streams[name], config.sites) for name in ("batches", "dropout")}
        self.batches = self.world.batches(parts, config.batch, per_site["batches"])
        self.active = schedule(config.schedule, config.sites, rng["schedule"])

        setup = Setup(
            E=self.model.initial(rng["model"]),
            make_zone=zone_maker(
                config.safe, config.threshold, config.relative, self.model.layout.slices
            ),
            rng=rng["coordinator"],
            make_hub=lambda: self._learners(setup.E, 1, per_site["dropout"][:1]),
            average_state=config.optimizer_state == "average" and config.optimizer != "sgd",
            options=options,
            blocks={name: self.model.layout.slice_of(name) for name in self.model.layout.names},
        )
        self.sites: Sites = protocol.sites(
            self._learners(setup.E, config.sites, per_site["dropout"]), setup
        )
        self.ledger = Ledger(config.sites, config.multicast)
        self.faults = parse_faults(f"{config.faults},{self.world.absences}")
        expect_possible(protocol, self.faults, config.sites, setup.average_state)
        codec = parse_codec(config.codec)
        post = make_post(codec, self.sites.models, self._rows())
        self.network = (
            FaultyNetwork(self.sites, self.ledger, rng["network"], self.faults, post)
            if self.faults
            else Network(self.sites, self.ledger, rng["network"], post)
        )
        self.coordinator: Coordinator = protocol.coordinator(self.network, config.sites, setup)
        self.network.connect(self.coordinator)
        self.trained = self.coordinator.hub or self.sites.learners
        self.coordinator.start()
        strict = outlives(protocol, options, setup.make_zone(setup.E), self.faults, codec)
        self.observer = Observer(protocol, self.sites, self.coordinator, strict=strict)
        self.series: dict[str, list[Any]] = defaultdict(list)
        self.curve: dict[str, list[Any]] = defaultdict(list)
        self._served: tuple[Array, float] = np.empty(0), np.nan

    def _rows(self) -> Rows | None:
        """The embedding, if there is one."""
        if "embedding" not in self.model.layout.names:
            return None
        where = self.model.layout.slice_of("embedding")
        return Rows(where.start, where.stop, self.model.layout.shapes["embedding"][1])

    def _learners(self, E: Array, k: int, rngs: list[np.random.Generator]) -> Learners:
        c = self.config
        optimizer = make_optimizer(c.optimizer, c.lr, k, len(E), E.dtype, clip=c.clip)
        return Learners(self.model, E, k, optimizer, c.optimizer_state, rngs)

    def step(self) -> None:
        """One step: train, exchange messages until nothing is pending, record."""
        self.ledger.step += 1
        active = self._present(next(self.active))
        rows = self.batches.draw(active)
        data = self.data
        self.sites.step(active, data.x_train[rows], data.y_train[rows])
        if isinstance(self.sites, MonitoringSites) and self.sites.k <= PHI_SITES:
            self.series["phi"].append(self.sites.values.copy())
            self.series["phi_zero"].append(self.sites.at_zero)
        overshoot = self.observer.overshoot() if self.config.checks else np.nan
        self.network.exchange()
        verdict = self.observer.at_rest() if self.config.checks else 0
        losses = self.trained.losses if self.coordinator.hub else self.trained.losses[active]
        self._record(losses.mean() if len(rows) else np.nan, overshoot, verdict)

    def _present(self, active: Any) -> Any:
        """Without the sites that are gone."""
        away = self.faults.away(self.ledger.step) if self.faults else set()
        sites = np.arange(self.sites.k)[active]
        return sites[[site not in away for site in sites.tolist()]] if away else active

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
        """S = (1/k) Σ w_i (D,), which nobody but the simulator knows between synchronisations."""
        return np.asarray(self.models.mean(axis=0))

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
        metrics = evaluate(self.model, self.mean_model, self.data)
        point = {
            "step": self.ledger.step,
            "bytes": self.ledger.total_bytes,
            **metrics._asdict(),
            "served": self.served_loss(metrics.loss),
        }
        for name, value in point.items():
            self.curve[name].append(np.nan if value is None else value)

    def served_loss(self, mean_loss: float) -> float:
        """Test loss of the coordinator's model E, the one that is in use; `mean_loss` is that of S.

        Nothing is evaluated where E is S, nor twice for the same E.
        """
        E = self.coordinator.E
        if (self.trained.P == E).all():
            return mean_loss
        if not np.array_equal(E, self._served[0]):
            self._served = E.copy(), evaluate(self.model, E, self.data).loss
        return self._served[1]

    def result(self, stopped: str = "") -> RunResult:
        """The record up to here."""
        S, P = self.mean_model, self.models
        final: dict[str, Any] = evaluate(self.model, S, self.data)._asdict()
        final["served_loss"], final["norm"] = (
            self.served_loss(final["loss"]),
            float(norm(self.coordinator.E)),
        )
        final["local_loss"] = float(
            np.mean([evaluate(self.model, p, self.data).loss for p in P[:LOCALS]])
        )
        final["spread"] = float(np.sqrt(np.mean(norm(P - S) ** 2)))
        final["parameters"] = self.model.size
        if self.config.checks:
            counts = np.bincount(self.series["verdict"], minlength=len(VERDICTS))
            final["violations"] = {
                name: int(n) for name, n in zip(VERDICTS, counts, strict=True) if name
            }
            final["breaches"] = self.observer.breaches
            final["checked"] = self.observer.checked
        return RunResult(
            self.config,
            {name: np.array(values) for name, values in self.series.items()},
            {name: np.array(values) for name, values in self.curve.items()},
            final,
            self.ledger.by_kind(),
            self.ledger.totals(),
            event_array(self.ledger.events),
            S,
            stopped,
        )


STREAMS = ("split", "model", "schedule", "batches", "dropout", "network", "coordinator")
LOCALS = 32  # so many local models are evaluated one by one at the end


def run(
    config: Config | None = None,
    *,
    data: Dataset | None = None,
    on_step: Callable[[int], None] | None = None,
    **settings: Any,
) -> RunResult:
    """Train by one protocol and return the record.

    Give a `Config`, or its settings by name; `data` replaces the bundled data set; `on_step(n)` is called after
    each step.  Raises `ValueError` for a setting that cannot be, and `RunDiverged` (with the record up to
    there as `.result`) if a loss is no longer finite.

    >>> result = run(dataset="ecg208", protocol="periodic:b=5", sites=2, hidden=(4,), steps=10, evaluations=1)
    >>> result.totals["messages_up"], result.totals["bytes_up"] == 2 * 2 * 4 * result.final["parameters"]
    (4, True)
    """
    config = config or Config(**settings)
    simulation = Simulation(config, data)
    due = set(np.linspace(0, config.steps, config.evaluations + 1).round().astype(int)[1:].tolist())
    simulation.evaluate()
    for number in range(1, config.steps + 1):
        try:
            simulation.step()
        except Diverged as error:
            raise RunDiverged(number, error, simulation) from error
        if number in due:
            simulation.evaluate()
        if on_step:
            on_step(number)
    simulation.coordinator.finish()
    return simulation.result()


class RunDiverged(ArithmeticError):
    """The training blew up; `.result` is the record up to there."""

    def __init__(self, step: int, error: Diverged, simulation: Simulation):
        super().__init__(f"stopped at step {step}: {error}")
        with np.errstate(over="ignore", invalid="ignore"):
            self.result = simulation.result(stopped=str(self))


def model_spec(config: Config, data: Dataset) -> ModelSpec:
    """The model that fits a data set."""
    return ModelSpec(
        cell=config.cell,
        features=data.features,
        vocabulary=data.vocabulary,
        embedding=config.embedding,
        hidden=config.hidden,
        outputs=data.outputs,
        task=data.task,
        peepholes=config.peepholes,
        dropout=config.dropout,
        truncate=config.truncate,
    )


def _spawn(seed: np.random.SeedSequence, count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(child) for child in seed.spawn(count)]
