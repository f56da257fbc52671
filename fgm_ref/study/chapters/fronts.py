"""Loss against bytes: who reaches a given loss for fewer bytes, and who keeps a given promise for fewer?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.presets import PRESETS
from fgm_ref.study import figures, words
from fgm_ref.study.chapter import Chapter, Picture, Table
from fgm_ref.study.compare import Comparison, at_equal_loss, at_equal_settings, loss_difference, pooled
from fgm_ref.study.fronts import Runs
from fgm_ref.study.rows import Rows, mean, runs, values, where
from fgm_ref.study.words import ratio, short

FORMAL = {"loss": "final loss", "prequential": "loss while learning", "served_mean": "loss of E over time"}
RIVALS = ("dynamic", "gm", "periodic", "fda-linear", "omniscient")
ENTRANTS = ("fgm", "fgm-centre", "fgm-probe")
DRAWN = ("periodic", "dynamic", "gm", "fgm", "fgm-probe", "omniscient")
ROOM = 0.1


@dataclass(frozen=True)
class Case:
    """The runs of one data set under one set of conditions."""

    rows: Rows
    number: int  # which resamples it gets

    @property
    def name(self) -> str:
        """The data set."""
        return str(self.rows[0]["dataset"])

    def front(self, protocol: str, loss: str = "loss", safe: str = "variance") -> Runs:
        """Bytes and loss of a protocol over its thresholds, or over the periods."""
        if protocol == "periodic":
            periodic = [row for row in self.rows if row["protocol"].startswith("periodic")]
            return runs(periodic, loss, by="protocol")
        return runs(where(self.rows, protocol=protocol, safe=safe), loss)

    def has(self, protocol: str) -> bool:
        """Whether there are runs of it."""
        return any(row["protocol"].partition(":")[0] == protocol for row in self.rows)

    def level(self, protocol: str, loss: str) -> float:
        """The mean loss of a protocol that has no threshold."""
        return mean(where(self.rows, protocol=protocol), loss)

    def target(self, loss: str) -> float:
        """L* = L(periodic:b=1) + 0.1 · (L(local) − L(periodic:b=1)): nine tenths of what communication can bring."""
        best = self.level("periodic:b=1", loss)
        return best + ROOM * (self.level("local", loss) - best)

    def settings(self, a: str, b: str) -> Comparison:
        """a's bytes by b's at the same thresholds."""
        return at_equal_settings(self.front(a), self.front(b), self.number)

    def losses(self, a: str, b: str) -> Comparison:
        """a's final loss minus b's at the same thresholds."""
        return loss_difference(self.front(a), self.front(b), self.number)

    def same_loss(self, a: str, b: str, loss: str) -> Comparison:
        """a's bytes by b's at the loss L*."""
        return at_equal_loss(self.front(a, loss), self.front(b, loss), self.target(loss), self.number)


@dataclass(frozen=True)
class Cases:
    """All conditions of the table."""

    rows: Rows

    @cached_property
    def headline(self) -> list[Case]:
        """LSTM, unequal speeds, natural sites where there are any."""
        return self.under(schedule="bernoulli:0.5", cell="lstm", natural=True)

    def under(self, schedule: str, cell: str, natural: bool) -> list[Case]:
        """One case for each data set."""
        found = []
        for number, dataset in enumerate(values(self.rows, "dataset")):
            split = PRESETS[dataset].get("split", "iid")
            rows = where(self.rows, dataset=dataset, schedule=schedule, cell=cell)
            rows = [row for row in rows if (row["split"] == split) == natural]
            if rows:
                found.append(Case(rows, number))
        return found

    @cached_property
    def conditions(self) -> dict[str, list[Case]]:
        """Conditions by name, the headline's first."""
        named = {
            "LSTM, unequal speeds": self.headline,
            "LSTM, in lockstep": self.under("lockstep", "lstm", natural=True),
            "LSTM, unequal speeds, data dealt out alike": self.under("bernoulli:0.5", "lstm", natural=False),
            "RNN, unequal speeds": self.under("bernoulli:0.5", "rnn", natural=True),
        }
        return {name: cases for name, cases in named.items() if cases}


def chapter(rows: Rows) -> Chapter:
    """The report's first chapter."""
    cases = Cases(rows)
    return Chapter(
        "Loss against bytes", findings(cases), [
            Picture("ratios", forest(cases.headline), "FGM's bytes by those of another protocol, with 95 % intervals; left of 1, FGM "
                    "needs fewer. Left: equal thresholds, so the same promise. Right: the same final loss."),
            Picture("fronts", fronts(cases.headline), "Final test loss against payload bytes, means over the seeds; each point is a "
                    "threshold or a period. Dotted: no communication; dashed: all averaged in every step."),
        ],
        [levels(cases.headline), promise(cases), *(equal_loss(cases.headline, loss) for loss in FORMAL),
         elsewhere(cases)],
        answers(cases),
        [f"L* is {1 - ROOM:.0%} of the way from the loss of sites that never speak to that of averaging after every step. "
         "A star marks intervals from resamples of which some did not reach L*.".replace("%", " %")],
    )


def over(cases: list[Case], compare: Callable[[Case], Comparison]) -> str:
    """A pooled ratio in words."""
    estimate, found = pooled([compare(case) for case in cases])
    return ratio(estimate) + (f", {found} of {len(cases)} sets" if found < len(cases) else "")


def answers(cases: Cases) -> list[str]:
    """Is FGM better than GM?"""
    head = cases.headline
    promise, _ = pooled([case.settings("fgm", "gm") for case in head])
    lines = [f"**At the same promise** (equal threshold, unequal speeds) FGM ships {words.off(promise)} than plain GM: "
             f"{ratio(promise)} times, pooled over {len(head)} data sets; against GM with Kamp's balancing it is "
             f"{over(head, lambda case: case.settings('fgm', 'dynamic'))}."]
    final, sets = pooled([case.same_loss("fgm", "gm", "loss") for case in head])
    periodic = over(head, lambda case: case.same_loss("fgm", "periodic", "loss"))
    lines.append(f"**At the same final loss** FGM against plain GM has {words.off(final)}: {ratio(final)} times "
                 f"({sets} sets); against periodic averaging with its period tuned {periodic} times.")
    step = cases.conditions.get("LSTM, in lockstep", [])
    if step:
        lines.append("**In lockstep** the two differ less: at the same promise FGM's bytes are "
                     f"{over(step, lambda case: case.settings('fgm', 'gm'))} times GM's.")
    return lines


def findings(cases: Cases) -> list[str]:
    """Two sentences."""
    head = cases.headline
    best = over(head, lambda case: case.settings("fgm-probe", "gm"))
    gap, _ = pooled([case.settings("fgm-probe", "omniscient") for case in head])
    return [
        f"At equal thresholds FGM's bytes are {over(head, lambda case: case.settings('fgm', 'gm'))} times GM's, and those of "
        f"FGM with a moving centre and a probe {best} times; that is {ratio(gap)} times what an omniscient trigger would ship.",
        f"At equal final loss FGM's bytes are {over(head, lambda case: case.same_loss('fgm', 'gm', 'loss'))} times GM's and "
        f"{over(head, lambda case: case.same_loss('fgm', 'periodic', 'loss'))} times those of tuned periodic averaging: when "
        "models are averaged matters less than how often.",
    ]


def levels(cases: list[Case]) -> Table:
    """Trivial baselines, and what the stated loss is."""
    names = ("baseline_loss", "local", "central", "periodic:b=1")
    body = []
    for case in cases:
        found = [mean(case.rows, "baseline_loss"), *(case.level(name, "loss") for name in names[1:])]
        best = mean(where(case.rows, protocol="periodic:b=1"), "score")
        trivial = mean(case.rows, "baseline_score")
        body.append([case.name, *(f"{value:.3f}" for value in (*found, case.target("loss"))), f"{trivial:.3f}", f"{best:.3f}",
                     str(len(values(case.rows, "seed")))])
    header = ["data set", "no input", "`local`", "`central`", "`periodic:b=1`", "L*", "score, no input", "score, `periodic:b=1`", "seeds"]
    return Table("Final losses between which everything happens (scores: accuracy, or RMSE in °C):", header, body)


def promise(cases: Cases) -> Table:
    """Bytes at equal thresholds."""
    pairs = [("fgm", "gm"), ("fgm", "dynamic"), ("fgm", "fda-linear"), ("fgm", "omniscient"), ("fgm-centre", "fgm"), ("fgm-probe", "fgm"),
             ("fgm-probe", "omniscient")]
    body = []
    for case in cases.headline:
        gap = case.losses("fgm", "gm").plain
        body.append([case.name, *(ratio(case.settings(*pair).estimate) for pair in pairs), words.difference(gap)])
    body.append(["all", *(over(cases.headline, lambda case, pair=pair: case.settings(*pair)) for pair in pairs), ""])
    header = ["data set", *(f"{a} / {b}" for a, b in pairs), "loss, fgm − gm"]
    return Table("Bytes at equal thresholds (the same bound on the spread of the sites), geometric means over thresholds:", header, body)


def equal_loss(cases: list[Case], loss: str) -> Table:
    """Bytes at a stated loss, FGM's and the best entrant's."""
    pairs = [(a, b) for a in ("fgm", "fgm-probe") for b in RIVALS]
    body = [[case.name, *(ratio(case.same_loss(*pair, loss).estimate) for pair in pairs)] for case in cases]
    body.append(["all", *(over(cases, lambda case, pair=pair: case.same_loss(*pair, loss)) for pair in pairs)])
    return Table(f"Bytes to reach L*, {FORMAL[loss]}:", ["data set", *(f"{a} / {b}" for a, b in pairs)], body)


def elsewhere(cases: Cases) -> Table:
    """The same comparison under other conditions."""
    body = []
    for name, found in cases.conditions.items():
        cells = [over(found, lambda case: case.settings("fgm", "gm")), over(found, lambda case: case.settings("fgm", "dynamic")),
                 over(found, lambda case: case.settings("fgm-centre", "gm")), over(found, lambda case: case.same_loss("fgm", "gm", "loss")),
                 over(found, lambda case: case.same_loss("fgm", "periodic", "loss"))]
        body.append([name, str(len(found)), *cells])
    header = ["condition", "sets", "fgm / gm, same promise", "fgm / dynamic, same promise", "fgm-centre / gm, same promise",
              "fgm / gm, same loss", "fgm / periodic, same loss"]
    return Table("The same under other conditions, pooled over the data sets:", header, body)


def forest(cases: list[Case]) -> Figure:
    """Ratios with intervals, one line per data set."""
    figure, axes = figures.panels(2, columns=2, height=1.6 + 0.6 * len(cases))
    labels = [case.name for case in cases]
    looks = {"gm": ("D", figures.ORANGE), "dynamic": ("^", figures.PURPLE), "periodic": ("o", figures.BLUE)}
    for ax, names, title in ((axes[0], ("gm", "dynamic"), "same promise"), (axes[1], tuple(looks), "same final loss")):
        for place, name in enumerate(names):
            compared = [case.settings("fgm", name) if ax is axes[0] else case.same_loss("fgm", name, "loss") for case in cases]
            marker, color = looks[name]
            figures.dots(ax, labels, [c.estimate for c in compared], marker, color, 0.22 * (place - 1), f"FGM / {name}")
        figures.titles(ax, title, "ratio of bytes")
        figures.ticks_of_ratios(ax, (0.25, 0.5, 1, 2))
    axes[1].legend(fontsize=figures.SMALL, loc="best")
    axes[1].set_yticklabels([])
    return figure


def fronts(cases: list[Case]) -> Figure:
    """Loss against bytes, a panel per data set."""
    figure, axes = figures.panels(len(cases) + 1)
    for ax, case in zip(axes, cases, strict=False):
        for protocol in filter(case.has, DRAWN):
            front = case.front(protocol)
            figures.line(ax, protocol, front.bytes.mean(axis=1) / 1e6, np.nanmean(front.loss, axis=1))
        ax.axhline(case.level("local", "loss"), color=figures.BLACK, linestyle=":", linewidth=1.5)
        ax.axhline(case.level("periodic:b=1", "loss"), color=figures.GREY, linestyle="--", linewidth=1.5)
        figures.titles(ax, case.name, "MB", "test loss")
        ax.set_xscale("log")
    figures.legend_panel(axes[len(cases)], axes[0])
    return figure
