"""k learners, stacked: the models of all sites in one array, trained by one array operation.

Row i belongs to site i and depends on row i alone.  The stack is what makes plain NumPy fast here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.learning.model import Model
from fgm_ref.learning.optim import WHOLE, Optimizer
from fgm_ref.learning.params import Rng

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
    """Models P (k, D), their optimisers, and each site's own stream for dropout.

    `losses` (k,) holds the loss of each site's last mini-batch, before its update; NaN before the first.

    `shift` (k, D) is added to the gradients, if a protocol has set it.

    With `prox` = μ > 0 each site is drawn back to the model E that it was last sent: the gradient of ½μ‖w − E‖² is
    added to that of the loss (FedProx: Li et al. 2020, "Federated Optimization in Heterogeneous Networks").
    """

    def __init__(
        self,
        model: Model,
        E: Array,
        k: int,
        optimizer: Optimizer,
        policy: str = KEEP,
        rngs: Sequence[Rng] | None = None,
        prox: float = 0.0,
    ):
        self.model = model
        self.optimizer = optimizer
        self.policy = policy
        self.rngs = rngs
        self.prox = prox
        self.P = np.tile(E, (k, 1))
        self.shift: Array | None = None
        self.given = self.P.copy() if prox else self.P  # the model that each site was last sent
        self.losses = np.full(k, np.nan, E.dtype)
        self._G = np.empty_like(self.P)

    def train(self, active: Any, x: Array, y: Array) -> None:
        """One optimiser step of each `active` site on its own mini-batch.

        `active` is `slice(None)` or an increasing index array; x (a, B, T, D) or (a, B, T), y (a, B[, O]) hold
        one mini-batch for each active site.  Raises `Diverged`.
        """
        sites = None if isinstance(active, slice) else active
        P = self.P[active]
        G = self._G[: len(P)]
        rngs = self._rngs(sites)
        with np.errstate(over="ignore", invalid="ignore"):  # `_check` reports both, in words
            self.losses[active] = self.model.loss_and_gradient(P, x, y, G, rngs)
            if self.prox:  # g ← g + μ(w − E)
                G += self.prox * (P - self.given[active])
            if self.shift is not None:
                G += self.shift[active]
            self.optimizer.step(self.P, G, sites)
            self._check(active)

    def _rngs(self, sites: Array | None) -> Sequence[Rng] | None:
        if self.rngs is None or sites is None:
            return self.rngs
        return [self.rngs[i] for i in sites]

    def _check(self, active: Any) -> None:
        # A loss that is NaN needs no check of its own, because then P is NaN as well.
        finite = np.isfinite(squared_norm(self.P[active]))
        healthy = finite & ~np.isinf(self.losses[active])
        if not healthy.all():
            site = int(np.arange(len(self.P))[active][np.argmin(healthy)])
            raise Diverged(site, float(self.losses[site]))

    def synchronised(self, sites: Array) -> None:
        """`sites` have just been given a new model."""
        if self.policy == RESET:
            self.optimizer.reset(sites)
        if self.prox:
            self.given[sites] = self.P[sites]

    @property
    def counts_steps(self) -> bool:
        """Whether the optimiser's state has counters that belong to the whole model."""
        return self.optimizer.counts_steps

    def shipped(self, sites: Array, columns: slice = WHOLE) -> Array:
        """The optimisers' states of `sites` as one row of numbers each, of these columns of the models."""
        return self.optimizer.shipped(sites, columns)

    def adopt(self, row: Array, columns: slice = WHOLE) -> None:
        """Every site's optimiser takes the mean state `row`."""
        self.optimizer.adopt(row, columns)
