"""The runs of the experiment on codecs, each beside the same run in float32."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.rows import Rows, mean, settings_of, values, where

PLAIN = "float32"
MANY = 32
"""So many sites has the block of many sites."""

HARM = 0.01
"""A codec breaks where its loss is surely higher by more than this share of what is learnt."""


class Place(NamedTuple):
    """Where a codec is tried: everything but the codec, the threshold and the seed."""

    dataset: str
    protocol: str
    sites: int
    split: str


@dataclass(frozen=True)
class Bits:
    """All runs of the table."""

    rows: Rows
    known: dict[tuple[str, Place], Comparison] = field(default_factory=dict, repr=False)
    """What `harm` has found, by codec and place: every sentence asks it again."""

    @cached_property
    def codecs(self) -> list[str]:
        """Those that were tried, in the order of the table, without float32."""
        return [name for name in dict.fromkeys(row["codec"] for row in self.rows) if name != PLAIN]

    @cached_property
    def places(self) -> list[Place]:
        """All places."""
        return [Place(**found) for found in settings_of(self.rows, *Place._fields)]

    @cached_property
    def usual(self) -> list[Place]:
        """Those with the data set's own sites."""
        return [place for place in self.places if place.sites != MANY]

    @cached_property
    def crowded(self) -> list[Place]:
        """Those with many sites."""
        return [place for place in self.places if place.sites == MANY]

    def pair(self, codec: str, place: Place) -> tuple[Rows, Rows]:
        """The runs with the codec, and those without."""
        here = where(self.rows, **place._asdict())
        return where(here, codec=codec), where(here, codec=PLAIN)

    def bytes(self, codec: str, place: Place) -> Comparison:
        """Bytes by those of float32."""
        return paired.log_ratio(*self.pair(codec, place), number=self.number(place))

    def harm(self, codec: str, place: Place) -> Comparison:
        """The final loss minus that of float32, as a share of what is learnt in float32."""
        if (codec, place) not in self.known:
            self.known[codec, place] = self._harm(codec, place)
        return self.known[codec, place]

    def _harm(self, codec: str, place: Place) -> Comparison:
        coded, plain = self.pair(codec, place)
        learnt = mean(plain, "baseline_loss") - mean(plain, "loss")
        gap = paired.difference(coded, plain, number=self.number(place))
        return Comparison(gap.log / learnt, gap.draws / learnt, gap.n)

    def number(self, place: Place) -> int:
        """Which resamples a place gets: those of its data set."""
        return values(self.rows, "dataset").index(place.dataset)

    def all_bytes(self, codec: str, places: Iterable[Place]) -> Comparison:
        """The geometric mean over places."""
        return pooled([self.bytes(codec, place) for place in places])[0]

    def all_harm(self, codec: str, places: Iterable[Place]) -> Comparison:
        """The mean over places."""
        return pooled([self.harm(codec, place) for place in places])[0]

    def tried(self, codec: str, places: Sequence[Place]) -> list[Place]:
        """The places where the codec was tried."""
        return [place for place in places if self.harm(codec, place).n]

    def tried_anywhere(self, places: Sequence[Place]) -> list[str]:
        """The codecs that were tried in any of these places."""
        return [codec for codec in self.codecs if self.tried(codec, places)]

    def broken(self, codec: str, places: Sequence[Place]) -> list[Place]:
        """The places where the loss is surely higher by more than a little."""
        tried = self.tried(codec, places)
        return [place for place in tried if self.harm(codec, place).plain.low > HARM]

    def safest(self) -> str:
        """The codec with the fewest bytes of those that break nowhere; the one that breaks least if all do."""
        whole = {codec: len(self.broken(codec, self.usual)) for codec in self.codecs}
        fewest = min(whole.values())
        left = [codec for codec, broken in whole.items() if broken == fewest]
        return min(left, key=lambda codec: self.all_bytes(codec, self.usual).log)
