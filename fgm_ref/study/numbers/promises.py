"""The runs of the experiment on zones that promise distance or loss: at equal promise, equal loss and equal bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.cases import ROOM
from fgm_ref.study.numbers.changes import at_equal_bytes
from fgm_ref.study.numbers.compare import NOTHING, Comparison, at_equal_loss, pooled, resampled
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.rows import Rows, grid, mean, values, where

LOSS = "loss"


class Zone(NamedTuple):
    """A protocol with a safe function."""

    protocol: str
    safe: str

    @property
    def of_loss(self) -> bool:
        """Whether it promises loss; its thresholds are losses then, and no radii."""
        return self.safe.startswith(LOSS)


NORM = Zone("fgm", "ball")


@dataclass(frozen=True)
class Promises:
    """All runs of the table, and the data sets on which communication helps."""

    rows: Rows
    helped: Sequence[str]

    @cached_property
    def datasets(self) -> list[str]:
        """The data sets."""
        return values(self.rows, "dataset")

    @cached_property
    def zones(self) -> list[Zone]:
        """All that were run, in the order of the table."""
        found = dict.fromkeys(Zone(row["protocol"], row["safe"]) for row in self.rows)
        return [
            zone for zone in found if zone.protocol not in ("local", "central") and _watches(zone)
        ]

    @cached_property
    def safes(self) -> list[str]:
        """The safe functions that both GM and FGM were run with."""
        names = dict.fromkeys(zone.safe for zone in self.zones)
        both = [{Zone("gm", name), Zone("fgm", name)} for name in names]
        return [name for name, pair in zip(names, both, strict=True) if pair <= set(self.zones)]

    def level(self, dataset: str, protocol: str, loss: str = "loss") -> float:
        """The mean loss of a protocol that watches nothing."""
        return mean(where(self.rows, dataset=dataset, protocol=protocol), loss)

    def of(self, zone: Zone, dataset: str) -> Rows:
        """Its runs on one data set."""
        return where(self.rows, dataset=dataset, **zone._asdict())

    def periods(self, dataset: str) -> Rows:
        """The runs of the fixed periods."""
        here = where(self.rows, dataset=dataset)
        return [row for row in here if row["protocol"].startswith("periodic")]

    def number(self, dataset: str) -> int:
        """Which resamples it gets."""
        return self.datasets.index(dataset)

    def same(self, a: Zone, b: Zone) -> Comparison:
        """a's bytes by b's at equal thresholds."""
        return pooled(
            [
                paired.log_ratio(self.of(a, name), self.of(b, name), number=self.number(name))
                for name in self.datasets
            ]
        )[0]

    def apart(self, a: Zone, b: Zone, loss: str = "loss") -> Comparison:
        """a's loss minus b's at equal thresholds, as a share of what is learnt."""
        found = []
        for name in self.datasets:
            gap = paired.difference(self.of(a, name), self.of(b, name), loss, self.number(name))
            found.append(self._share(gap, name))
        return pooled(found)[0]

    def _share(self, gap: Comparison, dataset: str) -> Comparison:
        trivial = mean(where(self.rows, dataset=dataset), "baseline_loss")
        learnt = trivial - self.level(dataset, "periodic:b=1")
        return Comparison(gap.log / learnt, gap.draws / learnt, gap.n)

    def target(self, dataset: str, loss: str) -> float:
        """L*."""
        best = self.level(dataset, "periodic:b=1", loss)
        return best + ROOM * (self.level(dataset, "local", loss) - best)

    def reach(self, a: Zone, b: Zone, loss: str = "loss") -> tuple[Comparison, int]:
        """a's bytes by b's at L*, and on how many data sets both reach it."""
        found = []
        for name in self.helped:
            mine = self._runs(self.of(a, name), "threshold", name, loss)
            theirs = self._runs(self.of(b, name), "threshold", name, loss)
            found.append(at_equal_loss(mine, theirs, self.target(name, loss), self.number(name)))
        return pooled(found)

    def beside(self, zone: Zone, loss: str = "loss") -> Comparison:
        """Loss minus that of fixed periods at the same bytes, as a share of what is learnt."""
        found = []
        for name in self.datasets:
            mine = self._runs(self.of(zone, name), "threshold", name, loss)
            theirs = self._runs(self.periods(name), "protocol", name, loss)
            found.append(self._share(self._at_bytes(mine, theirs, name), name))
        return pooled(found)[0]

    def _at_bytes(self, mine: Runs, theirs: Runs, dataset: str) -> Comparison:
        n = len(self._seeds(dataset))
        if not n or not len(mine.bytes) or not len(theirs.bytes):
            return NOTHING
        return resampled(lambda w: at_equal_bytes(mine, theirs, w), n, self.number(dataset))

    def _seeds(self, dataset: str) -> list[int]:
        return values(self.periods(dataset), "seed")

    def _runs(self, rows: Rows, by: str, dataset: str, loss: str) -> Runs:
        seeds = self._seeds(dataset)
        return Runs(grid(rows, by, "bytes", seeds), grid(rows, by, loss, seeds))


def _watches(zone: Zone) -> bool:
    return not zone.protocol.startswith("periodic")
