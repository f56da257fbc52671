"""Your own table as a `Dataset`: a CSV file, or columns that you have in memory; one row per time step.

    data = load_csv("pump.csv", label="fault", window=20, group="machine")
    data = from_columns({"load": load, "fault": fault}, label="fault")

What is predicted is the label in the *last row of each window*, or so many rows later, from the other columns of all
its rows; the label itself is an input only where its past is asked for.  The last quarter of every group is the
test part, unless another is asked for, and no window reaches across.  Numbers are scaled and categories chosen by the
training part alone.

`data.reading` says how the table was understood and what there is to doubt, `data.recipe` how new rows become windows.

Where to read on, each file above those that need it:

    cells.py    the text of a file, in the dialect of `dialect.py`, becomes cells
    table.py    cells become numbers (`parsing.py`) and text
    series.py   rows become series, in the order of time (`clock.py`)
    parts.py    series become runs of rows for training and for the test (`layout.py`)
    columns.py  a column becomes channels; missing values: `fill.py`
    windows.py  runs become windows (`index.py`), by a recipe (`recipe.py`)
    build.py    all of it, as `wanted.py` asks; `describe.py` and `doubts.py` put it in words
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from fgm_ref.datasets.build import dataset_of
from fgm_ref.datasets.dataset import Dataset
from fgm_ref.datasets.dialect import Dialect
from fgm_ref.datasets.table import read_table, table_of
from fgm_ref.datasets.wanted import Wanted, chosen, expect_none


def load_csv(
    path: str | os.PathLike[str],
    label: str | list[str],
    window: int | None = None,
    group: str | None = None,
    task: str | None = None,
    test_fraction: float = 0.25,
    *,
    max_rows: int | None = None,
    **settings: Any,
) -> Dataset:
    """Windows (N, window, D) over the rows of a CSV file, which may be packed by gzip or zip.

    `window` is in rows (default: 10, or 1 if a group is short).  The values of column `group`, if given, tell
    series apart and become the natural sites.  A label of text, or of at most 20 different integers, makes the
    task "classification", any other "regression"; `task` overrides that.  `test_fraction` of every group, its
    end, is the test part.  Further settings are the fields of `Wanted` (what is asked of the table) and of `Dialect`
    (how it is written); `max_rows` reads the first rows only.

    `ValueError` with the line and column for whatever cannot be used, and a warning for whatever makes results mean
    nothing.
    """
    dialect = Dialect(**chosen(Dialect, settings))
    wanted = wanted_of(settings, label, window, group, task, test_fraction)
    return warned(dataset_of(read_table(path, dialect, max_rows), wanted))


def from_columns(
    columns: Any,
    label: str | list[str],
    window: int | None = None,
    group: str | None = None,
    task: str | None = None,
    test_fraction: float = 0.25,
    *,
    name: str = "columns",
    **settings: Any,
) -> Dataset:
    """The same from arrays by name (rows,): a mapping, or a data frame of any library.

    >>> data = from_columns({"x": range(8), "y": [0, 1] * 4}, label="y", window=2)
    >>> data.x_train.shape, data.classes
    ((5, 2, 1), ('0', '1'))
    """
    wanted = wanted_of(settings, label, window, group, task, test_fraction)
    return warned(dataset_of(table_of(columns, name), wanted))


def warned(data: Dataset) -> Dataset:
    """The same, with a warning for each doubt, as if from where the table was asked for."""
    for doubt in data.reading.doubts if data.reading else ():
        warnings.warn(f"doubt about {data.name}: {doubt}", stacklevel=3)
    return data


def wanted_of(
    settings: dict[str, Any],
    label: str | list[str],
    window: int | None,
    group: str | None,
    task: str | None,
    test_fraction: float,
) -> Wanted:
    """What is asked of the table; `ValueError` for a setting that there is not."""
    further = chosen(Wanted, settings)
    expect_none(settings)
    return Wanted(label, window, group, task, test_fraction, **further)
