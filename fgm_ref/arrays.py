"""Arrays: their type, their shape, and lengths along the last axis."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def expect_shape(name: str, array: Array, shape: Shape) -> None:
    """Raise a `ValueError` that names the argument, what was expected and what came."""
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")


def dot(X: Array, Y: Array) -> Any:
    """X·Y along the last axis, each row by itself.  X, Y (..., D) -> (...).

    (What a site computes must not depend on others.  But `X @ Y` is rounded differently for one row and for many, and
    `einsum` for one long row: hence a row that is alone is given company.)
    """
    X, Y = (X, Y) if X.ndim >= Y.ndim else (Y, X)
    if X.ndim > 1 and X.size == X.shape[-1]:
        return np.einsum("...d,...d->...", np.repeat(X, 2, axis=0), Y)[:1]
    return np.einsum("...d,...d->...", X, Y)


def squared_norm(X: Array) -> Any:
    """‖X‖² along the last axis.  X (..., D) -> (...)."""
    return dot(X, X)


def norm(X: Array) -> Any:
    """‖X‖ along the last axis.  X (..., D) -> (...)."""
    return np.sqrt(squared_norm(X))


PIECE = 1 << 18
"""Numbers of a temporary array that stays in cache."""


def pieces(rows: Any, k: int, D: int) -> Iterator[Any]:
    """Cut `rows`, all of (k, D) numbers or those of an index array, into pieces of about `PIECE` numbers."""
    height = max(1, PIECE // D)
    if k <= height:
        yield rows
        return
    everything = isinstance(rows, slice)
    for begin in range(0, k if everything else len(rows), height):
        piece = slice(begin, begin + height)
        yield piece if everything else rows[piece]
