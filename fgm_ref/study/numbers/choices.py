"""Single settings, as a practitioner would choose one for all data sets: what each costs, and what it loses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.cases import ROOM
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.fewest import ALONE, EVERY_STEP, Contest, guaranteed
from fgm_ref.study.numbers.kits import FULL, Entrant, Kit, runs_of, setting_of
from fgm_ref.study.numbers.rows import Rows, where

HUNDREDTH = 0.01


@dataclass(frozen=True)
class Choice:
    """A protocol with its period or its threshold, and a kit."""

    protocol: str
    threshold: float
    kit: Kit = FULL

    @property
    def name(self) -> str:
        """As in a sentence: `fgm` with T = 0.16, `periodic:b=13`."""
        if self.protocol.startswith("periodic"):
            return f"`{self.protocol}`"
        return f"`{self.protocol}` with T = {self.threshold:g}"

    @property
    def promises(self) -> bool:
        """Whether it comes with a guarantee."""
        return guaranteed(self.protocol)

    def of(self, contest: Contest) -> Rows:
        """Its runs on one data set."""
        rows = runs_of(contest.rows, contest.name, Entrant(self.protocol, self.kit))
        if self.protocol.startswith("periodic"):
            return rows
        return where(rows, threshold=self.threshold)

    def share(self, contest: Contest) -> Comparison:
        """Its bytes by those of averaging after every step in float32."""
        return paired.log_ratio(
            self.of(contest), contest.of(EVERY_STEP), number=contest.number, by=()
        )

    def gap(self, contest: Contest) -> Comparison:
        """Its final loss minus that of averaging after every step."""
        return paired.difference(
            self.of(contest), contest.of(EVERY_STEP), number=contest.number, by=()
        )

    def lost(self, contest: Contest) -> Comparison:
        """The same as a share of what communication brings."""
        gain = contest.level(ALONE) - contest.level(EVERY_STEP)
        gap = self.gap(contest)
        return Comparison(gap.log / gain, gap.draws / gain, gap.n)


def choices(found: Sequence[Contest], kit: Kit = FULL) -> list[Choice]:
    """Those that were run on all of these data sets."""
    per_set = [_run(contest, kit) for contest in found]
    common = set.intersection(*per_set) if per_set else set()
    return sorted(common, key=lambda choice: (choice.protocol, choice.threshold))


def _run(contest: Contest, kit: Kit) -> set[Choice]:
    protocols = {str(row["protocol"]) for row in contest.rows} - {"local", "central"}
    return {
        Choice(protocol, _threshold(row["threshold"], protocol), kit)
        for protocol in protocols
        for row in runs_of(contest.rows, contest.name, Entrant(protocol, kit))
    }


def _threshold(threshold: float, protocol: str) -> float:
    """Periods have none."""
    return 0.0 if setting_of(protocol.partition(":")[0]) == "protocol" else threshold


def good_enough(choice: Choice, found: Sequence[Contest]) -> bool:
    """Whether it ends at L* or below on every one of these data sets."""
    return all(choice.lost(contest).log <= ROOM for contest in found)


def best(found: Sequence[Contest], promised: bool) -> Choice | None:
    """The cheapest that is good enough everywhere; with a guarantee if that is wanted; None if there is none."""
    fit = [
        choice
        for choice in choices(found)
        if (choice.promises or not promised) and good_enough(choice, found)
    ]
    return min(fit, key=lambda choice: cost(choice, found).log) if fit else None


def nearest(found: Sequence[Contest], promised: bool) -> Choice | None:
    """The one whose loss is least above, on the data set where it is worst."""
    fit = [choice for choice in choices(found) if choice.promises or not promised]
    if not fit or not found:
        return None
    return min(fit, key=lambda choice: max(choice.lost(contest).log for contest in found))


def cost(choice: Choice, found: Sequence[Contest]) -> Comparison:
    """Its bytes by those of averaging after every step, over the data sets."""
    return pooled([choice.share(contest) for contest in found])[0]


def for_a_hundredth(contest: Contest) -> Choice | None:
    """With a guarantee and at most 1/100 of the bytes of averaging after every step: the one with the lowest loss."""
    cheap = [
        choice
        for choice in choices([contest])
        if choice.promises and choice.share(contest).estimate.value <= HUNDREDTH
    ]
    return min(cheap, key=lambda choice: _loss(choice, contest)) if cheap else None


def _loss(choice: Choice, contest: Contest) -> float:
    value = choice.gap(contest).log
    return float("inf") if np.isnan(value) else value
