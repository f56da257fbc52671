"""The windows that all sites know, and the loss of a model on them: what a zone that promises loss is handed.

Every site gives about as many of its own training samples.  They go up to the coordinator and down to everybody, once,
before the first step.  A site that joins later is sent them as well, and has given some of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.transport.ledger import Ledger
from fgm_ref.transport.messages import SAMPLES, SHARED, Message


class SharedLoss:
    """The loss on the windows x (m, T, D) or (m, T) with answers y (m, ...), in double precision, without dropout.

    Differences of losses and of gradients have few digits to spare, hence double.
    """

    def __init__(self, spec: ModelSpec, x: Array, y: Array):
        self.model = Model(replace(spec, dropout=0.0, truncate=0), np.float64)
        self.size = self.model.size
        self.x = x.astype(float) if x.dtype.kind == "f" else x
        self.y = y.astype(float) if y.dtype.kind == "f" else y

    def losses(self, P: Array) -> Array:
        """f of each model of P (a, D) -> (a,), one after the other."""
        return np.array([self.model.loss(p, self.x, self.y) for p in P])

    def gradient(self, p: Array) -> Array:
        """∇f(p) (D,)."""
        G = np.empty((1, self.size))
        self.model.loss_and_gradient(p[None], self.x[None], self.y[None], G)
        return np.asarray(G[0])


def drawn(parts: Sequence[Array], windows: int, rng: np.random.Generator) -> list[Array]:
    """Which samples each site gives: about windows/k of its own, fewer if it has fewer."""
    shares = [len(share) for share in np.array_split(np.arange(windows), len(parts))]
    return [
        np.sort(rng.choice(part, min(share, len(part)), replace=False))
        for part, share in zip(parts, shares, strict=True)
    ]


def ship(ledger: Ledger, data: Dataset, given: Sequence[Array]) -> int:
    """Bill the windows: each site's own on their way up, all of them down to everybody.  Returns the bytes."""
    before = ledger.total_bytes
    for site, rows in enumerate(given):
        if len(rows):
            own = (data.x_train[rows], data.y_train[rows])
            ledger.bill(Message(SAMPLES, own, cause=("windows", len(rows))), np.array([site]))
    rows = np.concatenate(given)
    everything = (data.x_train[rows], data.y_train[rows])
    message = Message(SHARED, everything, cause=("windows", len(rows)))
    ledger.bill(message, np.arange(len(given)))
    return ledger.total_bytes - before
