"""k learners, stacked: the models of all sites in one array, trained by one array operation.

Row i belongs to site i and depends on row i alone; the stack is what makes plain NumPy fast here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.learning.model import Model
from fgm_ref.learning.optim import Optimizer

KEEP, RESET, AVERAGE = "keep", "reset", "average"
POLICIES = (KEEP, RESET, AVERAGE)
"""What happens to the optimiser's state when a site takes a new global model."""


class Diverged(ArithmeticError):
    """A model has blown up: its loss or its length is no longer a finite number."""

    def __init__(self, site: int, loss: float):
        self.site = site
        super().__init__(
            f"the model of site {site} blew up (its last loss: {loss:.4g}); "
            "try a smaller --lr, or limit the gradient with --clip 1"
        )


class Learners:
    """Models P (k, D), their optimisers, and each site's own stream for dropout."""

    def __init__(
        self,
        model: Model,
        E: Array,
        k: int,
        optimizer: Optimizer,
        policy: str = KEEP,
        rngs: Sequence[np.random.Generator] | None = None,
    ):
        self.model, self.optimizer, self.policy, self.rngs = model, optimizer, policy, rngs
        self.P = np.tile(E, (k, 1))
        self.losses = np.full(
            k, np.nan, E.dtype
        )  # of the last mini-batch of each site, before its update
        self._G = np.empty_like(self.P)

    def train(self, active: Any, x: Array, y: Array) -> None:
        """One optimiser step of each `active` site on its own mini-batch.

        `active` is `slice(None)` or an increasing index array; x (a, B, T, D) or (a, B, T), y (a, B[, O]) hold
        one mini-batch for each active site.  Raises `Diverged`.
        """
        everybody = isinstance(active, slice)
        P, G = (self.P, self._G) if everybody else (self.P[active], self._G[: len(active)])
        rngs = self.rngs if everybody or self.rngs is None else [self.rngs[i] for i in active]
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, in words
            self.losses[active] = self.model.loss_and_gradient(P, x, y, G, rngs)
            self.optimizer.step(self.P, G, None if everybody else active)
            self._check()

    def _check(self) -> None:
        healthy = np.isfinite(squared_norm(self.P)) & ~np.isinf(
            self.losses
        )  # a NaN in the loss is one in P
        if not healthy.all():
            site = int(np.argmin(healthy))
            raise Diverged(site, float(self.losses[site]))

    def synchronised(self, sites: Array) -> None:
        """`sites` have just been given a new model."""
        if self.policy == RESET:
            self.optimizer.reset(sites)

    @property
    def state(self) -> Array:
        """The optimisers' state, (k, moments, D); may be set to one for all, (moments, D)."""
        return np.stack(list(self.optimizer.state.values()), axis=1)

    @state.setter
    def state(self, mean: Array) -> None:
        for number, moment in enumerate(self.optimizer.state.values()):
            moment[:] = mean[..., number, :]
