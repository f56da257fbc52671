"""Which rows are for training and which for the test.

    last      the end of each series
    blocks    each series in cycles of a training block and a test block, with a window's rows between them unused
    groups    whole series, evenly among all of them

No window reaches from one part into the other.  What decides is how many rows there are, never what is in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from fgm_ref.datasets.series import Series
from fgm_ref.text import head, options, positive

LAST, BLOCKS, GROUPS = "last", "blocks", "groups"
HOW = (LAST, BLOCKS, GROUPS)
CYCLES = 10  # of blocks, where there is room


class Division(NamedTuple):
    """How rows are divided."""

    how: str
    fraction: float  # of the rows, or of the series, that are for the test
    cycles: int = CYCLES  # of training block and test block in each series, at most


class Run(NamedTuple):
    """Neighbouring rows of a series that are all for training or all for the test."""

    series: int
    begin: int
    end: int
    test: bool


def division(test: str | float, fraction: float = 0.25) -> Division:
    """The way to divide that a text asks for: a name, with options, or a fraction (of the end).

    >>> division("blocks:cycles=4"), division(0.1)
    (Division(how='blocks', fraction=0.25, cycles=4), Division(how='last', fraction=0.1, cycles=10))
    """
    try:
        return Division(LAST, expect_fraction("test", float(test)))
    except (TypeError, ValueError) as problem:
        if str(problem).startswith("test:"):
            raise
    how, rest = head(str(test))
    if how not in HOW:
        raise ValueError(
            f"test: expected {', '.join(HOW)} or a number between 0 and 1, got {test!r}"
        )
    known: dict[str, float] = {"fraction": fraction}
    if how == BLOCKS:
        known["cycles"] = CYCLES
    chosen = options(f"test {how}", rest, known)
    expect_fraction("test", chosen["fraction"])
    return Division(how, chosen["fraction"], positive("test", chosen.get("cycles", CYCLES)))


def expect_fraction(name: str, fraction: float) -> float:
    """Something for training and something for the test."""
    if not 0 < fraction < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, got {fraction}")
    return fraction


def held_out(count: int, fraction: float) -> int:
    """How many of several are for the test: at least one, and at least one is left."""
    return min(max(1, round(count * fraction)), count - 1)


def longest(rows: int, how: Division, horizon: int) -> int:
    """The longest window for which a series of so many rows has room in both parts, 0 if there is none."""
    return bisect_left(
        range(1, rows + 1), True, key=lambda window: not has_room(rows, window, how, horizon)
    )


def has_room(rows: int, window: int, how: Division, horizon: int) -> bool:
    """Whether a series has room for a window and its answer, in each part that it has rows in."""
    reach = window + horizon
    if how.how == GROUPS:
        return reach <= rows
    if how.how == BLOCKS:
        return cycle(rows, window, how._replace(cycles=1), horizon) is not None
    test = held_out(rows, how.fraction)
    return reach <= min(test, rows - test)


def cycle(rows: int, window: int, how: Division, horizon: int) -> int | None:
    """How many cycles fit into so many rows; None if not even one does."""
    for cycles in range(how.cycles, 0, -1):
        shortest = (rows + window) // cycles - 2 * window
        test = round(how.fraction * shortest)
        if min(test, shortest - test) >= window + horizon:
            return cycles
    return None


def divided(series: Sequence[Series], window: int, how: Division, horizon: int) -> list[Run]:
    """The runs of all series, each in one part and in one stretch, in their order."""
    if how.how == GROUPS:
        chosen = held_out_series(len(series), how.fraction)
        runs = [Run(i, 0, len(one), i in chosen) for i, one in enumerate(series)]
    else:
        rule = last_run if how.how == LAST else block_runs
        runs = [
            run for i, one in enumerate(series) for run in rule(i, len(one), window, how, horizon)
        ]
    return [piece for run in runs for piece in unbroken(run, series[run.series])]


def held_out_series(count: int, fraction: float) -> set[int]:
    """The numbers of the series for the test, evenly among all.

    >>> sorted(held_out_series(8, 0.25))
    [3, 7]
    """
    test = held_out(count, fraction)
    return {int((i + 1) * count / test) - 1 for i in range(test)}


def last_run(series: int, rows: int, window: int, how: Division, horizon: int) -> list[Run]:
    """The beginning for training, the end for the test."""
    border = rows - held_out(rows, how.fraction)
    return [Run(series, 0, border, False), Run(series, border, rows, True)]


def block_runs(series: int, rows: int, window: int, how: Division, horizon: int) -> list[Run]:
    """Blocks for training and for the test in turn; `window` rows between neighbours are in neither."""
    cycles = cycle(rows, window, how, horizon) or 1
    edges = np.arange(cycles + 1) * (rows + window) // cycles
    runs = []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        usable = end - begin - 2 * window
        border = begin + usable - round(how.fraction * usable)
        runs.append(Run(series, begin, border, False))
        runs.append(Run(series, border + window, end - window, True))
    return runs


def unbroken(run: Run, series: Series) -> list[Run]:
    """A run in pieces that lie in one stretch each."""
    stretch = series.stretch[run.begin : run.end]
    cuts = np.flatnonzero(np.diff(stretch)) + 1 + run.begin
    edges = [run.begin, *cuts.tolist(), run.end]
    return [run._replace(begin=a, end=b) for a, b in pairwise(edges)]
