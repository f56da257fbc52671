"""The runs of the experiment in which everything comes together, and the bytes that an entrant needs for a loss.

The stated loss is resampled along with the seeds, for the runs that define it have the same data and batches.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import parse
from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.cases import ROOM
from fgm_ref.study.numbers.compare import (
    NOTHING,
    Comparison,
    bound_of,
    cheapest,
    pooled,
    resampled,
)
from fgm_ref.study.numbers.curves import with_rest
from fgm_ref.study.numbers.fronts import Runs, log_bytes_at
from fgm_ref.study.numbers.kits import Entrant, runs_of, setting_of
from fgm_ref.study.numbers.rows import Rows, column, grid, mean, values, where
from fgm_ref.study.numbers.stats import equal_weights

EVERY_STEP = Entrant("periodic:b=1")
TUNED_PERIOD = Entrant("periodic")
ALONE = Entrant("local")
NEARLY, BEST = "nearly", "best"
ROOMS = {NEARLY: ROOM, BEST: 0.0}
"""By the name of a stated loss: which share of the gain of communication it leaves.

`nearly` is L*; `best` is the loss that averaging after every step ends at.
"""
HAIR = 1e-9  # two sums of the same numbers in another order differ by less

Question = Callable[["Contest"], Comparison]


@dataclass(frozen=True)
class Contest:
    """The runs on one data set; `number` says which resamples it gets."""

    rows: Rows
    name: str
    number: int = 0
    found: dict[tuple[Any, ...], Comparison] = field(default_factory=dict)  # what was asked before

    def of(self, entrant: Entrant) -> Rows:
        """The runs of one entrant."""
        return runs_of(self.rows, self.name, entrant)

    @property
    def seeds(self) -> list[int]:
        """Those of the runs that define the stated loss."""
        return values(self.of(EVERY_STEP), "seed")

    def front(self, entrant: Entrant, loss: str = "loss", size: str = "bytes") -> Runs:
        """Bytes and loss over the thresholds, or over the periods."""
        rows = self.of(entrant)
        by = setting_of(entrant.protocol)
        return Runs(grid(rows, by, size, self.seeds), grid(rows, by, loss, self.seeds))

    def once(self, entrant: Entrant, front: Runs) -> bool:
        """Whether the cheapest setting on its front synchronises no more than once."""
        rounds = grid(self.of(entrant), setting_of(entrant.protocol), "rounds", self.seeds)
        return bool(rounds[cheapest(front)].mean() <= 1)

    def level(self, entrant: Entrant, loss: str = "loss") -> float:
        """The mean loss of a protocol without a threshold."""
        return mean(self.of(entrant), loss)

    def target(self, goal: str, loss: str = "loss") -> Callable[[Array], Array] | None:
        """The stated loss for weights of the seeds; None where communication does not lower this loss."""
        best = column(self.of(EVERY_STEP), loss, self.seeds)
        worst = column(self.of(ALONE), loss, self.seeds)
        if not worst.mean() > best.mean():
            return None
        by_seed = best + ROOMS[goal] * (worst - best)
        return lambda w: np.asarray(w @ by_seed + HAIR)

    def stated(self, goal: str, loss: str = "loss") -> float:
        """The stated loss itself."""
        target = self.target(goal, loss)
        return float(target(equal_weights(len(self.seeds)))[0]) if target else float("nan")

    def reach(
        self, a: Entrant, b: Entrant, goal: str, loss: str = "loss", size: str = "bytes"
    ) -> Comparison:
        """a's bytes by b's at the stated loss."""
        asked = (a, b, goal, loss, size)
        if asked not in self.found:
            self.found[asked] = self._reach(*asked)
        return self.found[asked]

    def _reach(self, a: Entrant, b: Entrant, goal: str, loss: str, size: str) -> Comparison:
        target = self.target(goal, loss) if self.seeds else None
        mine = self.front(a, loss, size)
        theirs = self.front(b, loss, size)
        if target is None or not len(mine.bytes) or not len(theirs.bytes):
            return NOTHING

        def log_ratio(w: Array) -> Array:
            level = target(w)
            return log_bytes_at(mine, level, w) - log_bytes_at(theirs, level, w)

        found = resampled(log_ratio, len(self.seeds), self.number)
        once = self.once(a, mine), self.once(b, theirs)
        return found._replace(bound=bound_of(mine, theirs, self.stated(goal, loss), once))

    def promise(self, a: Entrant, b: Entrant) -> Comparison:
        """a's bytes by b's at the same thresholds."""
        return paired.log_ratio(self.of(a), self.of(b), number=self.number)

    def gap(self, a: Entrant, b: Entrant, loss: str = "loss") -> Comparison:
        """a's loss minus b's, where the two have no threshold or the same ones."""
        return paired.difference(self.of(a), self.of(b), loss, self.number)


def contests(rows: Rows) -> list[Contest]:
    """One for each data set of which the stated loss is known.

    The bytes after the first model stand in a column of their own.
    """
    rows = with_rest(rows)
    names = values(rows, "dataset")
    found = [Contest(where(rows, dataset=name), name, n) for n, name in enumerate(names)]
    return [contest for contest in found if contest.of(EVERY_STEP) and contest.of(ALONE)]


def over(found: Iterable[Contest], question: Question) -> tuple[Comparison, int]:
    """The geometric mean over the data sets that have a ratio, and how many they are."""
    return pooled([question(contest) for contest in found])


def guaranteed(protocol: str) -> bool:
    """Whether the protocol promises anything."""
    return parse(protocol).protocol.guarantee is not None
