"""Windows as places in a list of rows: a million windows of any length take a few numbers each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.series import Series

PIECE = 1 << 21  # numbers of windows that are gathered at a time


@dataclass(frozen=True)
class Index:
    """N windows of `length` rows each."""

    order: Array  # (n,) rows of the table
    starts: Array  # (N,) where in `order` each window begins
    length: int
    answer: Array  # (N,) the row of the table whose label is the answer
    series: Array  # (N,) the number of the series

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, piece: slice) -> Array:
        """The rows of some windows.  (n, length)."""
        places = self.starts[piece, None] + np.arange(self.length)
        return np.asarray(self.order[places])

    @property
    def last(self) -> Array:
        """The row that each window ends with, (N,)."""
        return np.asarray(self.order[self.starts + self.length - 1])

    @cached_property
    def used(self) -> Array:
        """The rows that stand in any window, each once, in the order of the table."""
        change = np.zeros(len(self.order) + 1, np.int64)
        np.add.at(change, self.starts, 1)
        np.add.at(change, self.starts + self.length, -1)
        return np.unique(self.order[np.cumsum(change[:-1]) > 0])

    def pieces(self, width: int) -> Iterator[slice]:
        """All windows in pieces of about `PIECE` numbers; a single channel, which NumPy adds up pairwise, in one."""
        step = max(1, PIECE // (self.length * width)) if width > 1 else len(self)
        for begin in range(0, len(self), step):
            yield slice(begin, begin + step)


def index_of(
    series: Sequence[tuple[int, Series]],
    unusable: Array,
    length: int,
    horizon: int = 0,
    known: Array | None = None,
) -> Index:
    """The windows of series (with their numbers) that lie in one stretch, with the row `horizon` after their last.

    `unusable` (rows of the table) bool marks rows that are in no window, and `known` those that can be answers.
    """
    order, starts, answers, numbers = [], [], [], []
    begin = 0
    reach = length + horizon
    for number, one in series:
        kept = one.without(unusable)
        first = np.arange(max(0, len(kept) - reach + 1))
        last = first + reach - 1
        good = kept.stretch[first] == kept.stretch[last]
        if known is not None:
            good &= known[kept.rows[last]]
        order.append(kept.rows)
        starts.append(first[good] + begin)
        answers.append(kept.rows[last[good]])
        numbers.append(np.full(int(good.sum()), number))
        begin += len(kept)
    return Index(joined(order), joined(starts), length, joined(answers), joined(numbers))


def joined(parts: Sequence[Array]) -> Array:
    """Integer arrays one after the other; an empty one if there is none."""
    return np.concatenate([np.zeros(0, np.int64), *parts])
