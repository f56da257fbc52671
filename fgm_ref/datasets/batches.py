"""Mini-batches: each site walks through its own samples, reshuffled from its own stream at every pass, or in order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array

AHEAD = 64  # mini-batches that are shuffled in advance, so that most draws are one array operation


class Batches:
    """Endless mini-batches of sample numbers for k sites: pass after pass, cut into pieces of `size`.

    `parts` lists each site's sample numbers, `rngs` holds one stream per site.  A site that does not train
    uses up nothing, so that a site's batches depend only on how often it has trained.
    """

    def __init__(self, parts: Sequence[Array], size: int, rngs: Sequence[np.random.Generator]):
        for i, part in enumerate(parts):
            if len(part) == 0:
                raise ValueError(
                    f"parts: expected at least 1 sample at every site, got none at site {i}"
                )
        self.parts, self.size, self.rngs = parts, size, rngs
        self._enough = AHEAD * size
        self._queue = np.empty((len(parts), size + self._enough + max(map(len, parts))), np.intp)
        self._next = np.zeros(len(parts), np.intp)
        self._end = np.zeros(len(parts), np.intp)

    def draw(self, active: Any) -> Array:
        """The next mini-batch of each active site: sample numbers (a, size)."""
        sites = np.arange(len(self.parts))[active]
        for i in sites[self._next[sites] + self.size > self._end[sites]]:
            self._refill(i)
        positions = self._next[sites]
        self._next[sites] += self.size
        return np.asarray(self._queue[sites[:, None], positions[:, None] + np.arange(self.size)])

    def _refill(self, i: int) -> None:
        """Move the unused rest of site i's queue to the front and append whole passes."""
        passes = [self._queue[i, self._next[i] : self._end[i]].copy()]
        while sum(map(len, passes)) < self._enough:
            passes.append(self._one_pass(i))
        queue = np.concatenate(passes)
        self._queue[i, : len(queue)] = queue
        self._next[i], self._end[i] = 0, len(queue)

    def _one_pass(self, i: int) -> Array:
        """Every sample of site i once."""
        return self.rngs[i].permutation(self.parts[i])


class InOrder(Batches):
    """Endless mini-batches in the order of the samples; after the last comes the first."""

    def _one_pass(self, i: int) -> Array:
        return self.parts[i]
