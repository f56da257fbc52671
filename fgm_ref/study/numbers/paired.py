"""Two groups of runs compared pair by pair: the same seed, the same threshold, whatever was run of both.

`compare.py` wants whole tables of thresholds and seeds; here a run without a partner is left out.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.compare import Comparison, over_seeds
from fgm_ref.study.numbers.rows import Row, Rows
from fgm_ref.study.numbers.stats import Estimate

BY = ("threshold",)
Scale = Callable[[float], float]


def log_ratio(
    a: Rows, b: Rows, name: str = "bytes", number: int = 0, by: Sequence[str] = BY
) -> Comparison:
    """ln of a's `name` by b's, the mean over what `by` tells apart, then over the seeds; `number` as in `compare`.

    >>> a, b = ([{"seed": s, "threshold": 0.1, "bytes": x} for s, x in enumerate(xs)] for xs in ([2, 8], [1, 1, 5]))
    >>> round(log_ratio(a, b).estimate.value, 6), log_ratio(a, b).n
    (4.0, 2)
    """
    return over_seeds(gaps(a, b, name, by, _log), number)


def difference(
    a: Rows, b: Rows, name: str = "loss", number: int = 0, by: Sequence[str] = BY
) -> Comparison:
    """a's `name` minus b's, in the same way; read it by `.plain`."""
    return over_seeds(gaps(a, b, name, by, float), number)


def level(rows: Rows, name: str) -> Estimate:
    """The mean over the seeds with its interval."""
    found: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        found[row["seed"]].append(float(row[name]))
    return over_seeds(_means(found)).plain


def gaps(a: Rows, b: Rows, name: str, by: Sequence[str], scale: Scale) -> Array:
    """scale(a) − scale(b) per seed, the mean over the settings; not a number for a seed with a run that diverged."""
    mine = _keyed(a, by)
    theirs = _keyed(b, by)
    found: dict[int, list[float]] = defaultdict(list)
    for key, row in mine.items():
        if key in theirs:
            x = float(row[name])
            y = float(theirs[key][name])
            found[row["seed"]].append(scale(x) - scale(y))
    return _means(found)


def _means(found: Mapping[int, list[float]]) -> Array:
    """The mean for each seed, in the order of the seeds."""
    by_seed = [np.mean(found[seed]) for seed in sorted(found)]
    return np.array(by_seed, float)


def _log(x: float) -> float:
    return float(np.log(x)) if x > 0 else np.nan


def _keyed(rows: Rows, by: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    """The rows by seed and settings; `ValueError` if two are alike, for then something else tells them apart."""
    names = ("seed", *by)
    keyed = {tuple(row[name] for name in names): row for row in rows}
    if len(keyed) < len(rows):
        raise ValueError(
            f"rows: expected one per seed and {', '.join(by)}, got {len(rows)} rows for {len(keyed)}"
        )
    return keyed
