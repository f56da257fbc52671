"""Picking runs out of a table of results, always with the seeds in the same order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.fronts import Runs

Row = Mapping[str, Any]
Rows = Sequence[Row]
Number = Callable[[Row], float]


def where(rows: Iterable[Row], **settings: Any) -> list[Row]:
    """The rows with these settings; a tuple or list of values lets any of them through.

    >>> rows = [{"protocol": "gm", "sites": 8}, {"protocol": "fgm", "sites": 8}, {"protocol": "fgm", "sites": 4}]
    >>> where(rows, protocol="fgm", sites=(4, 16))
    [{'protocol': 'fgm', 'sites': 4}]
    """
    wanted = {name: _allowed(value) for name, value in settings.items()}

    def fits(row: Row) -> bool:
        return all(row[name] in allowed for name, allowed in wanted.items())

    return [row for row in rows if fits(row)]


def _allowed(value: Any) -> set[Any]:
    return set(value) if isinstance(value, (list, tuple)) else {value}


def values(rows: Iterable[Row], name: str) -> list[Any]:
    """The different values of a setting, sorted.

    >>> values([{"sites": 8}, {"sites": 4}, {"sites": 8}], "sites")
    [4, 8]
    """
    return sorted({row[name] for row in rows})


def settings_of(rows: Iterable[Row], *names: str) -> list[dict[str, Any]]:
    """The different combinations of some settings, sorted by the first one, then by the next.

    >>> rows = [{"lr": 0.1, "clip": 1}, {"lr": 0.01, "clip": 1}, {"lr": 0.1, "clip": 1}]
    >>> settings_of(rows, "lr", "clip")
    [{'lr': 0.01, 'clip': 1}, {'lr': 0.1, 'clip': 1}]
    """
    found = {tuple(row[name] for name in names) for row in rows}
    return [dict(zip(names, values, strict=True)) for values in sorted(found)]


def with_column(rows: Iterable[Row], name: str, number: Number) -> list[Row]:
    """The same rows with one more column, or with another number in it.

    >>> with_column([{"bytes": 6, "rounds": 3}], "bytes", lambda row: row["bytes"] / row["rounds"])
    [{'bytes': 2.0, 'rounds': 3}]
    """
    return [{**row, name: number(row)} for row in rows]


def column(rows: Iterable[Row], name: str, seeds: Sequence[int] | None = None) -> Array:
    """One number per seed, (seeds,), in the order of the seeds; not a number where that seed was not run.

    `ValueError` if two rows have the same seed: then something else differs between them as well.
    """
    found: dict[int, float] = {}
    for row in rows:
        seed = row["seed"]
        if seed in found:
            raise ValueError(f"rows: expected one row per seed, got two with seed {seed}")
        found[seed] = float(row[name])
    order = sorted(found) if seeds is None else seeds
    return np.array([found.get(seed, np.nan) for seed in order], float)


def runs(rows: Rows, loss: str = "loss", by: str = "threshold") -> Runs:
    """Bytes and loss (settings, seeds) of the runs of one protocol at several values of `by`."""
    return Runs(bytes=grid(rows, by, "bytes"), loss=grid(rows, by, loss))


def grid(rows: Rows, by: str, name: str, seeds: Sequence[int] | None = None) -> Array:
    """A number of each run, (settings, seeds), for all values of `by`; all seeds that there are if none are named."""
    seeds = values(rows, "seed") if seeds is None else seeds
    groups = [where(rows, **{by: value}) for value in values(rows, by)]
    return np.array([column(group, name, seeds) for group in groups])


def mean(rows: Iterable[Row], name: str) -> float:
    """The mean over those rows that have a number."""
    found = np.array([float(row[name]) for row in rows])
    found = found[~np.isnan(found)]
    return float(found.mean()) if len(found) else float("nan")
