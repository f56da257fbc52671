"""What a run is made of before anything moves: data, model, random streams, who trains when on what.

The simulator sets the scene for all sites.  Where sites live apart, everybody who takes part sets the same scene, from
the same `Config`, and builds only what lives with him.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset, load
from fgm_ref.datasets.batches import Batches
from fgm_ref.datasets.split import split
from fgm_ref.learning.learners import AVERAGE, Learners
from fgm_ref.learning.model import Model
from fgm_ref.learning.optim import OPTIMIZERS, Optimizer, make_optimizer
from fgm_ref.learning.rates import parse_rate
from fgm_ref.protocols import Setup, parse
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import zone_maker
from fgm_ref.safe.paced import Pace, parse_radius
from fgm_ref.simulation.changes import World
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.model import embedding_rows, model_spec
from fgm_ref.simulation.schedules import schedule
from fgm_ref.simulation.streams import first_model, seeded, spawned, streams
from fgm_ref.transport.codecs import parse_codec
from fgm_ref.transport.faults import parse_faults, with_absences


class Scene:
    """The parts of a run; `threads` train that many stacks of sites at once, by default as the work decides.

    The `model` of a run that is over spares the time to make its work arrays anew, if it has the same layers.
    """

    def __init__(
        self,
        config: Config,
        dataset: Dataset | None = None,
        threads: int | None = None,
        model: Model | None = None,
    ):
        data = dataset or load(config.dataset, config.held_out)
        self.config = config
        self.world = World(config, data)
        spec = model_spec(config, data)
        fits = model is not None and model.spec == spec and model.dtype == config.dtype
        self.model = model if model and fits else Model(spec, config.dtype, threads)
        self.rate = parse_rate(config.lr_schedule, config.steps)
        self.optimizers: list[Optimizer] = []  # the sites', and the hub's
        self.chosen = parse(config.protocol)
        self.codec = parse_codec(config.codec)
        self.faults = with_absences(parse_faults(config.faults), self.world.absences)
        self.rows = embedding_rows(self.model.layout)
        self.seeded = seeded(self.model, config.seed) if config.start == "seed" else None

        self._seeds = streams(config.seed)
        self.rng = {name: np.random.default_rng(seed) for name, seed in self._seeds.items()}
        self.parts = split(data, config.sites, config.split, self.rng["split"], config.alpha)
        self.active = schedule(config.schedule, config.sites, self.rng["schedule"])
        self.masks = spawned(self._seeds["dropout"], config.sites)

    @property
    def dataset(self) -> Dataset:
        """The data as they are before the first step."""
        return self.world.at(0)

    def make_batches(self, here: slice = slice(None)) -> Batches:
        """The mini-batches of the sites that live here."""
        rngs = spawned(self._seeds["batches"], self.config.sites)
        return self.world.batches(self.parts[here], self.config.batch, rngs[here])

    def make_setup(self) -> Setup:
        """What both ends of the protocol are built from."""
        c, layout = self.config, self.model.layout
        E = first_model(self.model, c.seed)
        return Setup(
            E=E,
            make_zone=zone_maker(c.safe, c.threshold, c.relative, layout.slices, self._pace()),
            rng=self.rng["coordinator"],
            make_hub=lambda: self.make_learners(E, self.masks[:1]),
            average_state=c.optimizer_state == AVERAGE
            and bool(OPTIMIZERS[c.optimizer].state_names),
            options=self.chosen.options,
            blocks={name: layout.slice_of(name) for name in layout.names},
            make_server=parse_server(c.server),
            samples=np.array([len(part) for part in self.parts]),
            rate=lambda step: c.lr * self.rate(step),
        )

    def _pace(self) -> Pace | None:
        """The radius as a share of R, if it follows the learning rate."""
        follow = parse_radius(self.config.radius)
        return follow(self.rate) if follow else None

    def make_learners(self, E: Array, masks: Sequence[np.random.Generator]) -> Learners:
        """Learners that all start from E, one for each stream of dropout masks."""
        c, k = self.config, len(masks)
        optimizer = make_optimizer(c.optimizer, c.lr, k, len(E), E.dtype, clip=c.clip)
        self.optimizers.append(optimizer)
        return Learners(self.model, E, k, optimizer, c.optimizer_state, masks, c.prox)

    def set_rate(self, step: int) -> None:
        """Every optimiser here takes the learning rate of this step."""
        for optimizer in self.optimizers:
            optimizer.lr = self.config.lr * self.rate(step)

    def batch(self, batches: Batches, active: Any, step: int) -> tuple[Array, Array]:
        """The next mini-batch of each active site: inputs and targets."""
        rows = batches.draw(active)
        data = self.world.at(step)
        return data.x_train[rows], data.y_train[rows]
