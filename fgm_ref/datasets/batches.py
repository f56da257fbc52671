"""Mini-batches: each site walks through its own samples, reshuffled from its own stream at every pass, or in order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array

AHEAD = 8  # mini-batches that are shuffled in advance, so that most draws are one array operation


class Batches:
    """Endless mini-batches of sample numbers for k sites: pass after pass, cut into pieces of `size`.

    `parts` lists each site's sample numbers, `rngs` holds one stream per site.  A site that does not train
    uses up nothing, so that a site's batches depend only on how often it has trained.
    """

    def __init__(self, parts: Sequence[Array], size: int, rngs: Sequence[np.random.Generator]):
        lengths = [len(part) for part in parts]
        if 0 in lengths:
            raise ValueError(
                f"parts: expected at least 1 sample at every site, got none at site {lengths.index(0)}"
            )
        self.parts = parts
        self.size = size
        self.rngs = rngs
        self._enough = AHEAD * size
        # The sites' queues stand one after the other.  A queue has room for what is left of a mini-batch, for
        # `_enough` and for the rest of a pass.
        room = [size + self._enough + length for length in lengths]
        self._queue = np.empty(sum(room), np.intp)
        self._begin = np.cumsum([0, *room[:-1]], dtype=np.intp)
        self._next = self._begin.copy()
        self._end = self._begin.copy()

    def draw(self, active: Any) -> Array:
        """The next mini-batch of each active site: sample numbers (a, size)."""
        sites = np.arange(len(self.parts))[active]
        too_short = self._next[sites] + self.size > self._end[sites]
        for i in sites[too_short]:
            self._refill(i)
        first = self._next[sites]
        self._next[sites] += self.size
        places = first[:, None] + np.arange(self.size)
        return np.asarray(self._queue[places])

    def _refill(self, i: int) -> None:
        """Move the unused rest of site i's queue to the front and append whole passes until there is enough."""
        rest = self._queue[self._next[i] : self._end[i]].copy()
        missing = self._enough - len(rest)
        passes = -(-missing // len(self.parts[i]))  # rounded up
        queue = np.concatenate([rest, self._passes(i, passes)])
        begin = self._begin[i]
        end = begin + len(queue)
        self._queue[begin:end] = queue
        self._next[i] = begin
        self._end[i] = end

    def _passes(self, i: int, number: int) -> Array:
        """Every sample of site i once, and so on, `number` times; as if each pass were a `permutation` of its own."""
        passes = np.tile(self.parts[i], (number, 1))
        return self.rngs[i].permuted(passes, axis=1).ravel()


class InOrder(Batches):
    """Endless mini-batches in the order of the samples; after the last comes the first."""

    def _passes(self, i: int, number: int) -> Array:
        return np.tile(self.parts[i], number)
