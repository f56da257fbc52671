"""The two losses, each with its gradient: softmax cross-entropy and mean squared error.

Predictions come as z (O, k, M): O outputs, k sites, M samples (or samples times time steps).  Every site has
its own mean loss.  Its gradient is written into `dz`; nothing is clipped and nothing is accumulated.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fgm_ref.arrays import Array

Loss = Callable[[Array, Array, Array], Array]


def cross_entropy(z: Array, y: Array, dz: Array) -> Array:
    """Mean softmax cross-entropy of each site, (k,), from logits z (O, k, M) and class ids y (k, M).

    The gradient goes to dz (O, k, M).  The largest logit is subtracted first, so that no exponential
    overflows.  Loss and gradient: Bishop 2006, section 4.3.4.  `IndexError` if a class id is O or more.
    """
    k, M = y.shape
    site = np.arange(k)[:, None]
    sample = np.arange(M)
    # -log p_j = log Σ exp(s) - s_j,   s = z - max z
    np.subtract(z, z.max(axis=0), out=dz)
    s_of_the_class = dz[y, site, sample]
    np.exp(dz, out=dz)
    total = dz.sum(axis=0)
    surprise = np.log(total) - s_of_the_class
    losses: Array = surprise.sum(axis=1) / M
    # dz = (p - [j = y]) / M,   p = exp(s) / Σ exp(s)
    dz /= total
    dz[y, site, sample] -= 1
    dz /= M
    return losses


def squared_error(z: Array, y: Array, dz: Array) -> Array:
    """Mean squared error of each site, (k,), from predictions z and targets y (O, k, M).

    The gradient goes to dz (O, k, M).  The mean runs over the samples *and* the outputs.
    """
    O, _, M = z.shape
    # L = Σ (z - y)² / (O M)
    np.subtract(z, y, out=dz)
    losses: Array = np.einsum("okm,okm->k", dz, dz) / (O * M)
    # dz = 2 (z - y) / (O M)
    dz *= 2 / (O * M)
    return losses


LOSSES: dict[str, Loss] = {
    "classification": cross_entropy,
    "regression": squared_error,
}
"""The loss of each task."""
