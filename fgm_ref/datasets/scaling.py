"""Numbers in units of their own deviation."""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.recipe import Label


def scaled(values: Array, centre: Array | float, spread: Array | float) -> Array:
    """(values - centre) / spread in float32."""
    with np.errstate(over="ignore"):  # `Dataset` refuses what float32 cannot hold
        result: Array = ((values - centre) / spread).astype(np.float32)
    return result


def scale_of(y: Array) -> tuple[Any, Any]:
    """Mean and deviation of a target (N,), or of each of several (N, O)."""
    if y.ndim == 1:
        return centre_and_spread(y)
    columns = [centre_and_spread(column) for column in y.T]
    centre, spread = np.array(columns).T
    return centre, spread


def centre_and_spread(y: Array) -> tuple[float, float]:
    """Mean and deviation of a target (N,); a constant one has deviation 1."""
    return float(y.mean(dtype=np.float64)), float(y.std(dtype=np.float64)) or 1.0


def labels_of(centre: Any, spread: Any) -> tuple[Label, ...]:
    """How each target was standardised, from one number each or arrays (O,)."""
    pairs = zip(np.atleast_1d(centre).tolist(), np.atleast_1d(spread).tolist(), strict=True)
    return tuple(Label("", *pair) for pair in pairs)
