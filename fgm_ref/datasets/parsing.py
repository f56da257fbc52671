"""Cells as numbers, as far as they are numbers."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.cells import Cells
from fgm_ref.datasets.dialect import Dialect

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")  # in any case of letters


class Parsed(NamedTuple):
    """A column as numbers, as far as it is one."""

    values: Array  # (rows,) float64, nan where there is none
    missing: Array  # (rows,) bool
    odd: Array  # the rows of cells that are there and no numbers


def parsed(packed: Cells, dialect: Dialect) -> Parsed:
    """Cells as numbers, as far as they are."""
    if dialect.plain:
        with suppress(ValueError):  # quick, where all of them are
            blocks = [np.array(block, np.float64) for block in packed.blocks()]
            return already_parsed(np.concatenate(blocks))
    cells = list(packed)
    known = {cell: dialect.number(cell) for cell in dict.fromkeys(cells)}
    empty = {cell for cell in known if cell.lower() in MISSING}
    strange = {cell for cell, value in known.items() if value is None} - empty
    as_floats = {cell: np.nan if value is None else value for cell, value in known.items()}
    values = np.array([as_floats[cell] for cell in cells], np.float64)
    odd = (
        np.array([cell in strange for cell in cells], bool)
        if strange
        else np.zeros(len(cells), bool)
    )
    return Parsed(values, np.isnan(values) & ~odd, np.flatnonzero(odd))


def already_parsed(values: Array) -> Parsed:
    """Numbers, of which nan is missing."""
    return Parsed(values, np.isnan(values), np.zeros(0, np.int64))
