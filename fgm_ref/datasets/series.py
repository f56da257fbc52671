"""The rows of a table as series: who belongs together, and in which order."""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.table import Table


def series_of(table: Table, group: str | None) -> dict[str, Array]:
    """Row numbers of each series, in the order in which they first appear; one nameless series if no group."""
    if group is None:
        return {"": np.arange(table.rows)}
    rows: dict[str, list[int]] = {}
    for i, value in enumerate(table.texts(group)):
        rows.setdefault(value, []).append(i)
    return {value: np.array(one) for value, one in rows.items()}
