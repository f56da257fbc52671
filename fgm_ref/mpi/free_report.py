"""What a free run leaves behind, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.program import aligned
from fgm_ref.protocols import parse
from fgm_ref.simulation.config import Config

MB = 1e6

NOT_PROMISED = (
    "Not promised in a free run: the same numbers twice, for messages come in another order; and the guarantee while "
    "messages are under way.  It is looked at in pauses, when nothing is."
)


class Point(NamedTuple):
    """What was seen in a pause: after so many seconds of training, and so many steps of the average rank.

    `lead` is by how many steps the fastest rank was ahead of the slowest.  `kept` says whether the guarantee was; None
    if there is none.
    """

    seconds: float
    steps: float
    lead: int
    bytes: int
    loss: float
    served: float
    spread: float
    kept: bool | None


class Waits(NamedTuple):
    """Of a message that came down, how many steps its receivers had made since what it answers to; and all waiting.

    `seconds` is what the ranks have waited, together, for what they were asked to be settled.
    """

    mean: float
    most: int
    seconds: float


NO_WAITS = Waits(0.0, 0, 0.0)


@dataclass(frozen=True)
class FreeReport:
    """The record of a free run; `steps` are those of each rank's sites, `model` is S (D,) at the end."""

    config: Config
    ranks: int
    seconds: float
    pauses: float
    steps: Mapping[int, int]
    rounds: int
    dropped: int
    points: Sequence[Point]
    totals: Mapping[str, int]
    ledger: Mapping[str, Mapping[str, Any]]
    model: Array = field(repr=False)
    waits: Waits = NO_WAITS

    def with_waits(self, accounts: Sequence[Array]) -> FreeReport:
        """The same, with what the ranks have told: messages, their steps (sum, most), seconds."""
        messages, steps, most, seconds = np.array(accounts).T
        mean = float(steps.sum() / max(1, messages.sum()))
        return replace(self, waits=Waits(mean, int(most.max()), float(seconds.sum())))

    @property
    def looked_at(self) -> list[bool]:
        """Whether the guarantee was kept, in every pause in which there was one."""
        return [point.kept for point in self.points if point.kept is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "config": self.config.to_dict(),
            "ranks": self.ranks,
            "seconds": self.seconds,
            "pauses": self.pauses,
            "steps": {str(rank): steps for rank, steps in self.steps.items()},
            "rounds": self.rounds,
            "dropped": self.dropped,
            "late": self.waits._asdict(),
            "guarantee": {"looked_at": len(self.looked_at), "kept": sum(self.looked_at)},
            "points": [point._asdict() for point in self.points],
            "totals": dict(self.totals),
            "by_type": {kind: dict(row) for kind, row in self.ledger.items()},
        }

    def words(self) -> Iterator[str]:
        """What there is to say."""
        made = " and ".join(f"{steps:,} at rank {rank}" for rank, steps in self.steps.items())
        totals, waits = self.totals, self.waits
        yield f"{self.config.protocol}, free, {self.ranks} ranks"
        yield f"{self.seconds:.2f} s of training, besides {self.pauses:.2f} s of pauses; steps: {made}"
        yield (
            f"{totals['messages']:,} messages, {totals['bytes_up'] / MB:.3f} MB up and "
            f"{totals['bytes_down'] / MB:.3f} MB down; {self.rounds} rounds; {self.dropped} stale messages dropped"
        )
        yield (
            f"what came down was {waits.mean:.1f} steps late on average, {waits.most} at most; "
            f"who was asked waited {waits.seconds:.2f} s in all"
        )
        yield self.guarantee()
        yield ""
        yield from aligned(list(self.table()))

    def guarantee(self) -> str:
        """How often it was found kept."""
        words = parse(self.config.protocol)[0].promise
        if not self.looked_at:
            return "no guarantee, so there was nothing to look at"
        return f"guarantee ({words}) kept in {sum(self.looked_at)} of {len(self.looked_at)} pauses"

    def table(self) -> Iterator[list[str]]:
        """Loss against seconds."""
        yield ["seconds", "steps", "lead", "MB", "loss of S", "loss of E", "spread"]
        for point in self.points:
            yield [
                f"{point.seconds:.2f}",
                f"{point.steps:.0f}",
                f"{point.lead}",
                f"{point.bytes / MB:.3f}",
                f"{point.loss:.3f}",
                f"{point.served:.3f}",
                f"{point.spread:.3f}",
            ]
