"""What both ends of a protocol are built from, and what a protocol asks of the learners at its sites."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.safe.maker import ZoneMaker


class Learners(Protocol):
    """k stacked learners, as a protocol sees them.  A protocol knows nothing of networks and losses."""

    P: Array
    """The models (k, D); row i belongs to site i."""

    losses: Array
    """The last loss of each site (k,)."""

    shift: Array | None
    """What is added to the gradients (k, D), if anything; a protocol may set it."""

    def train(self, active: Any, x: Array, y: Array) -> None:
        """One step of each `active` site on its own mini-batch; x and y hold one for each of them."""

    def synchronised(self, sites: Array) -> None:
        """`sites` have just been given a new model."""

    def shipped(self, sites: Array, columns: slice = slice(None)) -> Array:
        """The optimisers' states of `sites` as one row of numbers each, of these columns of the models."""

    def adopt(self, row: Array, columns: slice = slice(None)) -> None:
        """Every site's optimiser takes the mean state `row`."""


class Mean:
    """The next global model is the mean of all models.  (For other rules see `server.py`.)"""

    defaults: Mapping[str, float] = {}
    rule = "E ← S = E + d"
    source = "Kamp et al. 2014; FedAvg with equal weights"
    held_by = "test_server.py::test_mean"

    def __call__(self, E: Array, S: Array) -> Array:
        """The next global model (D,), from the last one E (D,) and the mean model S (D,)."""
        return S


@dataclass(frozen=True)
class Setup:
    """What both ends are built from, the same for every protocol of a comparison.

    `E` (D,) is the initial model.  `rng` is the coordinator's own random stream.  `make_hub` makes one more learner
    that starts from E, for a protocol that trains at the coordinator.  `options` are the protocol's own settings.
    `blocks` says where the named parts of the vector lie.  `make_server` makes the rule for the next E.
    `samples` (k,) says how many each site has, None that all have equally many.
    Sites may lie apart: then `k` says how many there are in all, and `first` is the number of the first one here.
    `rate` is the learning rate in step 1, 2, ..., which everybody knows.
    """

    E: Array
    make_zone: ZoneMaker
    rng: np.random.Generator
    make_hub: Callable[[], Learners]
    average_state: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    blocks: Mapping[str, slice] = field(default_factory=dict)
    make_server: Callable[[], Mean] = Mean
    samples: Array | None = None
    k: int | None = None
    first: int = 0
    rate: Callable[[int], float] = lambda step: 1.0
