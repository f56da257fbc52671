"""Random streams: one for each purpose, all spawned from the one seed of a run.

Two runs that differ only in the protocol see the same split, first model, schedule, batches and dropout masks.
"""

from functools import partial

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.model import Model
from fgm_ref.transport.start import Seeded

STREAMS = ("split", "model", "schedule", "batches", "dropout", "network", "coordinator", "shared")
"""The purposes that have a random stream of their own.  A stream depends on its place in this order."""


def streams(seed: int) -> dict[str, np.random.SeedSequence]:
    """Each purpose's own seed."""
    seeds = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return dict(zip(STREAMS, seeds, strict=True))


def spawned(seed: np.random.SeedSequence, count: int) -> list[np.random.Generator]:
    """As many streams of their own, all from one seed."""
    return [np.random.default_rng(child) for child in seed.spawn(count)]


def first_model(model: Model, seed: int) -> Array:
    """E_0 (D,), which anybody can make who knows the seed of the run."""
    return model.initial(np.random.default_rng(streams(seed)["model"]))


def seeded(model: Model, seed: int) -> Seeded:
    """What a site needs that makes the first model for itself."""
    return Seeded(seed, partial(first_model, model))
