"""Does rebalancing pay?  Each rebalancer against the protocol without it, also where drifts cancel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.paired import difference, level, listed, log_ratio, told
from fgm_ref.study.numbers.rows import Rows, mean, where
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import bold, ratio, short
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION

PAIRS = {
    "gm-reb": "gm",
    "gm-limits": "gm",
    "dynamic": "gm",
    "fgm-reb": "fgm",
    "fgm-random": "fgm",
    "fgm-projection": "fgm",
}
"""Who rebalances, and the plain protocol of the same family."""
LOOKS = {
    "gm-reb": ("d", ORANGE),
    "gm-limits": ("<", VERMILLION),
    "dynamic": ("^", PURPLE),
    "fgm-reb": ("X", GREEN),
    "fgm-random": (">", BLUE),
    "fgm-projection": ("p", BLACK),
}
CANCELLATION = "fgm_ref.study.cancel:cancellation"
ROOM = 0.1
TAIL = 0.025  # share of 95 % intervals that lie below what they should hold


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

    def bytes(self, protocol: str) -> Comparison:
        """Bytes by those of the plain protocol."""
        return log_ratio(self.of(protocol), self.of(PAIRS[protocol]), number=self.number)

    def loss(self, protocol: str) -> Estimate:
        """Final loss minus that of the plain protocol."""
        return difference(self.of(protocol), self.of(PAIRS[protocol]), number=self.number).plain


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
        trivial = [{**row, "loss": row["baseline_loss"]} for row in self.case.of(self.protocol)]
        return difference(self.case.of(self.protocol), trivial).plain.high < 0

    @property
    def pays(self) -> bool:
        """Clearly fewer bytes, and the loss is surely not higher by a tenth of what the plain protocol has learnt."""
        learnt = mean(self.case.rows, "baseline_loss") - mean(
            self.case.of(PAIRS[self.protocol]), "loss"
        )
        return self.saves and self.learns and self.loss.high <= ROOM * max(0.0, learnt)

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
    settings = sorted({(row["optimizer"] == "sgd", *(row[name] for name in names)) for row in rows})
    for number, (opposed, *setting) in enumerate(settings):
        found = where(rows, **dict(zip(names, setting, strict=True)))
        dataset, _, lr, _ = setting
        yield Case(f"{dataset}, opposed, lr {lr:g}" if opposed else dataset, found, number, opposed)


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    cases = list(cases_of(rows))
    trials = [
        Trial(case, protocol, case.bytes(protocol).estimate, case.loss(protocol))
        for case in cases
        for protocol in PAIRS
        if case.bytes(protocol).n
    ]
    cancel = where(rows, kind=CANCELLATION)
    return Chapter(
        "Does rebalancing pay?",
        findings(trials, cancel),
        [
            Picture(
                "rebalancing",
                figure(cases),
                "Bytes of each rebalancer by those of the protocol without it, "
                "with 95 % intervals; left of 1, rebalancing saves. Opposed: hardly two sites know the same class, "
                "plain SGD.",
            ),
        ],
        [bytes_table(cases), loss_table(cases), *([cancellation_table(cancel)] if cancel else [])],
        answers(trials),
        [
            f"Bold: the interval lies below 1. Of {len(trials)} comparisons about {short(TAIL * len(trials))} would by "
            "chance; with so few seeds some more. Rebalancing pays, here, if its bytes are clearly fewer and its loss "
            f"is surely not higher by {100 * ROOM:.0f} % of what the plain protocol has learnt (its distance from the "
            "trivial model's loss), and clearly below the trivial model's."
        ],
    )


def answers(trials: list[Trial]) -> list[str]:
    """Does a case exist in which one pays?"""
    if not trials:
        return []
    paying = sorted((trial for trial in trials if trial.pays), key=lambda trial: trial.bytes.value)
    dearer = sum(trial.bytes.low > 1 for trial in trials)
    best = (
        f"The best is {paying[0].text}"
        if paying
        else "There is no case in which it is sure that one pays"
    )
    return [
        f"**Rebalancing** clearly saves bytes at no loss to speak of in {len(paying)} of {len(trials)} trials "
        f"(rebalancer and case); in {dearer} it clearly costs bytes. {best}. "
        f"{' '.join(pooled_by_family(trials))}".strip()
    ]


def findings(trials: list[Trial], cancel: Rows) -> list[str]:
    """Where it pays, where it only seems to, and how much drifts cancel."""
    lines = []
    places = {
        False: "On the data sets as they come",
        True: "Where sites are made to pull in opposite directions",
    }
    for opposed, place in places.items():
        found = [trial for trial in trials if trial.case.opposed == opposed]
        if found:
            paying = [trial.text for trial in found if trial.pays]
            pays = f"pays for {listed(paying)}" if paying else "never surely pays"
            lines.append(f"{place} rebalancing {pays}{but(found)}.")
    lines += pooled_by_family(trials)
    if cancel:
        sizes = sorted((mean(rows, "cancellation"), name) for name, rows in cancellations(cancel))
        (low, lowest), (high, highest) = sizes[0], sizes[-1]
        lines.append(
            f"When a round of FGM ends, ‖Σ X_i‖ / Σ ‖X_i‖ is between {short(low)} ({lowest}) and "
            f"{short(high)} ({highest}); what a rebalance could win back is 1 minus that."
        )
    return lines


def but(trials: list[Trial]) -> str:
    """Those that save bytes because training got worse, or might have."""
    doubtful = [trial for trial in trials if trial.saves and not trial.pays]
    groups: dict[str, list[str]] = {}
    for trial in doubtful:
        word = "clearly more loss" if trial.loss.low > 0 else "a loss too uncertain to tell"
        word = word if trial.learns else "a loss that is not clearly below a trivial model's"
        groups.setdefault(word, []).append(f"{trial.protocol} ({trial.case.name})")
    return "".join(f"; fewer bytes but {what}: {listed(found)}" for what, found in groups.items())


def pooled_by_family(trials: list[Trial]) -> list[str]:
    """How each does over the data sets as they come."""
    said = []
    for protocol, plain in PAIRS.items():
        ordinary = [
            trial.case.bytes(protocol)
            for trial in trials
            if trial.protocol == protocol and not trial.case.opposed
        ]
        if ordinary:
            said.append(f"{protocol} {told(pooled(ordinary)[0].estimate)} times {plain}'s")
    return [f"Pooled over the sets as they come, the bytes are: {', '.join(said)}."] if said else []


def bytes_table(cases: list[Case]) -> Table:
    """Bytes by the plain protocol's, with the rounds of both."""
    body = []
    for case in cases:
        cells = []
        for protocol, plain in PAIRS.items():
            e = case.bytes(protocol).estimate
            rounds = [mean(case.of(name), "rounds") for name in (plain, protocol)]
            cells.append(
                bold(ratio(e), e.high < 1) + f"; {rounds[0]:.0f} → {rounds[1]:.0f}" if e.n else ""
            )
        body.append([case.name, *cells])
    header = ["case", *(f"{a} / {b}" for a, b in PAIRS.items())]
    return Table(
        "Bytes by those of the protocol without rebalancing; rounds without → with it:",
        header,
        body,
    )


def loss_table(cases: list[Case]) -> Table:
    """Final loss minus the plain protocol's."""
    body = []
    for case in cases:
        plain = [
            mean(found, "loss") if found else np.nan for found in (case.of("gm"), case.of("fgm"))
        ]
        gaps = [case.loss(protocol) for protocol in PAIRS]
        body.append(
            [
                case.name,
                f"{mean(case.rows, 'baseline_loss'):.3f}",
                *("" if np.isnan(value) else f"{value:.3f}" for value in plain),
                *(words.difference(gap) if gap.n else "" for gap in gaps),
            ]
        )
    header = ["case", "trivial model", "gm", "fgm", *(f"{a} − {b}" for a, b in PAIRS.items())]
    return Table(
        "Final test loss of the plain protocols, and the difference that rebalancing makes:",
        header,
        body,
    )


def cancellations(rows: Rows) -> Iterator[tuple[str, Rows]]:
    """The runs in which cancellation was measured, by case."""
    names = ("schedule", "optimizer", "dataset", "lr")
    for schedule, optimizer, dataset, lr in sorted(
        {tuple(row[name] for name in names) for row in rows}
    ):
        found = where(rows, schedule=schedule, optimizer=optimizer, dataset=dataset, lr=lr)
        made = f", opposed, lr {lr:g}" if optimizer == "sgd" else ""
        yield (
            f"{dataset}{made}, {'unequal speeds' if schedule.startswith('bernoulli') else schedule}",
            found,
        )


def cancellation_table(rows: Rows) -> Table:
    """Quartiles over the rounds, means over the seeds."""
    body = [
        [
            name,
            short(mean(found, "cancellation_low")),
            told(level(found, "cancellation")),
            short(mean(found, "cancellation_high")),
            f"{mean(found, 'ended'):.0f}",
            f"{found[0]['threshold']:g}",
        ]
        for name, found in cancellations(rows)
    ]
    header = ["case", "lower quartile", "median", "upper quartile", "rounds", "T"]
    return Table(
        "‖Σ X_i‖ / Σ ‖X_i‖ when a round of FGM ends: 1 if all sites went the same way, 0 if drifts cancel:",
        header,
        body,
    )


def figure(cases: list[Case]) -> Figure:
    """One panel for each family, one line per case."""
    figure, axes = figures.panels(2, columns=2, height=2.2 + 0.75 * len(cases))
    labels = [case.name.replace(", opposed", "\nopposed") for case in cases]
    for ax, plain in zip(axes, ("gm", "fgm"), strict=True):
        for place, protocol in enumerate(name for name in PAIRS if PAIRS[name] == plain):
            found = [case.bytes(protocol).estimate for case in cases]
            marker, color = LOOKS[protocol]
            figures.dots(ax, labels, found, marker, color, 0.24 * (place - 1), protocol)
        figures.titles(ax, f"by plain {plain}", "ratio of bytes")
        figures.ticks_of_ratios(ax, (0.25, 0.5, 1, 2, 4))
        ax.margins(y=0.15)
    axes[1].set_yticklabels([])
    figure.legend(loc="outside lower center", ncols=3, fontsize=figures.SMALL, frameon=False)
    return figure
