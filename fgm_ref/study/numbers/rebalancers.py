"""The runs of the experiment on rebalancing: each rebalancer beside the plain protocol of its family."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.paired import difference, log_ratio
from fgm_ref.study.numbers.rows import Rows, mean, settings_of, where, with_column
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import ratio

PAIRS = {
    "gm-reb": "gm",
    "gm-limits": "gm",
    "dynamic": "gm",
    "fgm-reb": "fgm",
    "fgm-random": "fgm",
    "fgm-projection": "fgm",
}
"""Who rebalances, and the plain protocol of the same family."""

CANCELLATION = "fgm_ref.study.cancel:cancellation"
ROOM = 0.1
"""Rebalancing may lose so much of what the plain protocol has learnt."""


@dataclass(frozen=True)
class Case:
    """The runs of one data set under one set of conditions."""

    name: str
    rows: Rows
    number: int  # which resamples it gets
    opposed: bool  # made so that drifts cancel

    def of(self, protocol: str) -> Rows:
        """The runs of one protocol."""
        return where(self.rows, protocol=protocol)

    def plain(self, protocol: str) -> Rows:
        """The runs of the plain protocol of its family."""
        return self.of(PAIRS[protocol])

    def bytes(self, protocol: str) -> Comparison:
        """Bytes by those of the plain protocol."""
        return log_ratio(self.of(protocol), self.plain(protocol), number=self.number)

    def loss(self, protocol: str) -> Estimate:
        """Final loss minus that of the plain protocol."""
        return difference(self.of(protocol), self.plain(protocol), number=self.number).plain


class Trial(NamedTuple):
    """One rebalancer in one case."""

    case: Case
    protocol: str
    bytes: Estimate
    loss: Estimate

    @property
    def saves(self) -> bool:
        """Clearly fewer bytes."""
        return self.bytes.high < 1

    @property
    def learns(self) -> bool:
        """Clearly better than a trivial model."""
        rows = self.case.of(self.protocol)
        trivial = with_column(rows, "loss", lambda row: row["baseline_loss"])
        return difference(rows, trivial).plain.high < 0

    @property
    def harmless(self) -> bool:
        """The loss is surely not higher by a tenth of what the plain protocol has learnt."""
        trivial = mean(self.case.rows, "baseline_loss")
        learnt = trivial - mean(self.case.plain(self.protocol), "loss")
        return self.loss.high <= ROOM * max(0.0, learnt)

    @property
    def pays(self) -> bool:
        """Clearly fewer bytes, at no loss to speak of."""
        return self.saves and self.learns and self.harmless

    @property
    def text(self) -> str:
        """Who, where, and what came of it."""
        return (
            f"{self.protocol} on {self.case.name} ({ratio(self.bytes)} times the bytes, "
            f"loss {words.difference(self.loss)})"
        )


def cases_of(rows: Rows) -> Iterator[Case]:
    """Every data set as it comes, then the constructed cases."""
    rows = [row for row in rows if row["kind"] != CANCELLATION]
    names = ("dataset", "split", "lr", "optimizer")
    rows = with_column(rows, "opposed", lambda row: row["optimizer"] == "sgd")
    for number, wanted in enumerate(settings_of(rows, "opposed", *names)):
        name = wanted["dataset"]
        if wanted["opposed"]:
            name += f", opposed, lr {wanted['lr']:g}"
        yield Case(name, where(rows, **wanted), number, wanted["opposed"])


def trials_of(cases: list[Case]) -> list[Trial]:
    """Every rebalancer that was run in a case, together with its plain protocol."""
    return [
        Trial(case, protocol, case.bytes(protocol).estimate, case.loss(protocol))
        for case in cases
        for protocol in PAIRS
        if case.bytes(protocol).n
    ]


def cancellations(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """The runs in which cancellation was measured, by case."""
    for wanted in settings_of(rows, "schedule", "optimizer", "dataset", "lr"):
        yield _described(**wanted), where(rows, **wanted)


def _described(schedule: str, optimizer: str, dataset: str, lr: float) -> str:
    """A case of cancellation in words."""
    made = f", opposed, lr {lr:g}" if optimizer == "sgd" else ""
    speeds = "unequal speeds" if schedule.startswith("bernoulli") else schedule
    return f"{dataset}{made}, {speeds}"
