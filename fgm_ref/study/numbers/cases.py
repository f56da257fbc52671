"""The runs of the experiment on fronts, by data set and conditions, and the questions that are asked of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from fgm_ref.study.numbers.compare import (
    AT_LEAST,
    AT_MOST,
    Comparison,
    at_equal_loss,
    at_equal_settings,
    loss_difference,
    pooled,
)
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.picks import HELPS
from fgm_ref.study.numbers.rows import Rows, mean, runs, values, where
from fgm_ref.study.numbers.words import SURE, UNCLEAR, off, ratio
from fgm_ref.study.presets import own_split

ROOM = 0.1
"""L* leaves so much of what averaging after every step gains over sites that never speak."""


@dataclass(frozen=True)
class Case:
    """The runs of one data set under one set of conditions."""

    rows: Rows
    number: int  # which resamples it gets
    found: dict[tuple[str, ...], Comparison] = field(default_factory=dict)  # what was asked before

    @property
    def name(self) -> str:
        """The data set."""
        return str(self.rows[0]["dataset"])

    def has(self, protocol: str) -> bool:
        """Whether there are runs of it."""
        return any(row["protocol"].partition(":")[0] == protocol for row in self.rows)

    def front(self, protocol: str, loss: str = "loss", safe: str = "variance") -> Runs:
        """Bytes and loss of a protocol over its thresholds, or over the periods."""
        if protocol == "periodic":
            periodic = [row for row in self.rows if row["protocol"].startswith("periodic")]
            return runs(periodic, loss, by="protocol")
        return runs(where(self.rows, protocol=protocol, safe=safe), loss)

    def level(self, protocol: str, loss: str) -> float:
        """The mean loss of a protocol that has no threshold."""
        return mean(where(self.rows, protocol=protocol), loss)

    def target(self, loss: str) -> float:
        """L* = L(periodic:b=1) + 0.1 · (L(local) − L(periodic:b=1)); not a number where speaking does not help."""
        best = self.level("periodic:b=1", loss)
        worst = self.level("local", loss)
        if not worst > best:
            return float("nan")
        return best + ROOM * (worst - best)

    @property
    def helped(self) -> bool:
        """Whether sites that never speak lose enough for a comparison at equal loss to mean something."""
        best = self.level("periodic:b=1", "loss")
        worst = self.level("local", "loss")
        return worst - best > HELPS * (mean(self.rows, "baseline_loss") - best)

    def promise(self, a: str, b: str) -> Comparison:
        """a's bytes by b's at the same thresholds."""
        return at_equal_settings(self.front(a), self.front(b), self.number)

    def losses(self, a: str, b: str) -> Comparison:
        """a's final loss minus b's at the same thresholds."""
        return loss_difference(self.front(a), self.front(b), self.number)

    def reach(self, a: str, b: str, loss: str = "loss") -> Comparison:
        """a's bytes by b's at the loss L*."""
        asked = (a, b, loss)
        if asked not in self.found:
            mine = self.front(a, loss)
            theirs = self.front(b, loss)
            self.found[asked] = at_equal_loss(mine, theirs, self.target(loss), self.number)
        return self.found[asked]


@dataclass(frozen=True)
class Cases:
    """All conditions of the table."""

    rows: Rows

    @cached_property
    def headline(self) -> list[Case]:
        """LSTM, unequal speeds, natural sites where there are any."""
        return self.under("bernoulli:0.5", "lstm")

    def under(self, schedule: str, cell: str, natural: bool = True) -> list[Case]:
        """One case for each data set, with its own split (natural sites where there are any) or dealt out alike."""
        found = []
        for number, dataset in enumerate(values(self.rows, "dataset")):
            rows = where(self.rows, dataset=dataset, schedule=schedule, cell=cell)
            rows = [row for row in rows if (row["split"] == own_split(dataset)) == natural]
            if rows:
                found.append(Case(rows, number))
        return found

    @cached_property
    def conditions(self) -> dict[str, list[Case]]:
        """Conditions by name, the headline's first; those that were run."""
        alike = self.under("bernoulli:0.5", "lstm", natural=False)
        named = {
            "LSTM, unequal speeds": self.headline,
            "LSTM, in lockstep": self.under("lockstep", "lstm"),
            "LSTM, unequal speeds, dealt out alike": alike,
            "RNN, unequal speeds": self.under("bernoulli:0.5", "rnn"),
        }
        return {name: cases for name, cases in named.items() if cases}


def written(comparison: Comparison) -> str:
    """A ratio in words."""
    return ratio(comparison.estimate, comparison.bound)


def clearly(comparison: Comparison) -> str:
    """What may be said of it: nothing if some resamples do not reach the loss, or a bound lies on the wrong side."""
    e, bound = comparison.estimate, comparison.bound
    if not e.reached > SURE:
        return UNCLEAR
    if not bound:
        return off(e)
    sure = (bound == AT_MOST and e.high < 1) or (bound == AT_LEAST and e.low > 1)
    return f"at least {off(e)}" if sure else UNCLEAR


def useful(cases: list[Case]) -> list[Case]:
    """The data sets that are pooled at equal loss."""
    return [case for case in cases if case.helped]


def over(cases: list[Case], compare: Callable[[Case], Comparison]) -> str:
    """A pooled ratio in words, and of how many data sets it is the mean."""
    comparison, found = pooled([compare(case) for case in cases])
    text = written(comparison)
    return f"{text} [{found} of {len(cases)} sets]" if found else text
