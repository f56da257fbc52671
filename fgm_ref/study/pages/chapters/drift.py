"""Things change while the sites learn: do dynamic protocols beat periodic ones that ship as much?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.arrays import Array
from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import NOTHING, Comparison
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.paired import listed, side, told_difference
from fgm_ref.study.numbers.rows import Rows, mean, runs, values, where
from fgm_ref.study.numbers.stats import RESAMPLES, weights
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.study.running.measure import curve
from fgm_ref.view.plots import GREY

DYNAMIC = ("gm", "fgm", "fgm-centre", "omniscient")
FORMAL = {
    "served_mean": "loss of E over time",
    "prequential": "loss while learning",
    "prequential_late": "the same, second half",
}
SIDES = ("lower", "higher", "no clear difference")
CHEAPER = "fewer bytes than any period"
DRAWN = ("gm", "fgm", "omniscient")
NAMES = {"swap": "label swap", "join": "a site joins", "season": "season", "reverse": "sign change"}


@dataclass(frozen=True)
class Case:
    """The runs of one data set under one change."""

    rows: Rows
    number: int  # which resamples it gets

    @property
    def name(self) -> str:
        """What changes, and where."""
        change = str(self.rows[0]["change"])
        return f"{NAMES.get(change.partition('=')[0].partition('@')[0], change)} ({self.rows[0]['dataset']})"

    @property
    def share(self) -> float:
        """When it happens; not a number for a change that goes on all the time."""
        _, at, share = str(self.rows[0]["change"]).partition("@")
        return float(share) if at else np.nan

    @property
    def periodic(self) -> Rows:
        """The runs of all periods."""
        return [row for row in self.rows if row["protocol"].startswith("periodic")]

    @property
    def periods(self) -> list[str]:
        """The periodic protocols, the dearest first."""
        return sorted(
            values(self.periodic, "protocol"), key=lambda name: -mean(self.of(name), "bytes")
        )

    def of(self, protocol: str) -> Rows:
        """The runs of one protocol at all its thresholds."""
        return where(self.rows, protocol=protocol)

    def apart(self, protocol: str, loss: str) -> Comparison:
        """Loss minus that of periodic averaging with as many bytes, the mean over the thresholds."""
        mine, theirs = paired(self.of(protocol), self.periodic, loss)
        n = mine.bytes.shape[1]
        if not n:
            return NOTHING
        plain, w = np.full((1, n), 1 / n), weights(n, RESAMPLES, self.number)
        log, draws = (at_equal_bytes(mine, theirs, x) for x in (plain, w))
        return Comparison(float(log[0]), draws, n)


class Gap(NamedTuple):
    """A protocol in one case, and what it may be called."""

    case: Case
    word: str


def paired(a: Rows, b: Rows, loss: str) -> tuple[Runs, Runs]:
    """Bytes and loss (thresholds, seeds) and (periods, seeds) of those seeds of which nothing is missing in either."""
    seeds = sorted({row["seed"] for row in a} & {row["seed"] for row in b})
    if not seeds:
        return Runs(np.empty((1, 0)), np.empty((1, 0))), Runs(np.empty((1, 0)), np.empty((1, 0)))
    mine, theirs = runs(where(a, seed=seeds), loss), runs(where(b, seed=seeds), loss, by="protocol")
    whole = ~np.isnan(np.concatenate([*mine, *theirs])).any(axis=0)
    return Runs(*(part[:, whole] for part in mine)), Runs(*(part[:, whole] for part in theirs))


def at_equal_bytes(mine: Runs, theirs: Runs, w: Array) -> Array:
    """Loss minus theirs at the same bytes for each resample w (resamples, seeds), the mean over the thresholds.

    Theirs is interpolated in ln bytes between their periods.  Who ships more than their dearest run is compared with
    that; a threshold that ships less than their cheapest is left out.
    """
    x, y = np.log(theirs.bytes) @ w.T, theirs.loss @ w.T  # (periods, resamples) each
    order = np.argsort(x, axis=0)
    x, y = np.take_along_axis(x, order, axis=0), np.take_along_axis(y, order, axis=0)
    at, loss = np.log(mine.bytes) @ w.T, mine.loss @ w.T  # (thresholds, resamples)
    gaps = np.stack([one - along(x, y, place) for place, one in zip(at, loss, strict=True)])
    count = (~np.isnan(gaps)).sum(axis=0)
    return np.asarray(np.where(count > 0, np.nansum(gaps, axis=0) / np.maximum(count, 1), np.nan))


def along(x: Array, y: Array, place: Array) -> Array:
    """Columns y (points, resamples) over increasing x, read at `place` (resamples,); nan to the left of them all.

    >>> along(np.array([[0.0], [1.0]]), np.array([[4.0], [2.0]]), np.array([0.25])).item()
    3.5
    """
    columns = np.arange(x.shape[1])
    place = np.minimum(place, x[-1])
    after = np.minimum((x < place).sum(axis=0), len(x) - 1)
    before = np.maximum(after - 1, 0)
    width = x[after, columns] - x[before, columns]
    # y₀ + (y₁ − y₀) (place − x₀) / (x₁ − x₀)
    share = np.where(width > 0, (place - x[before, columns]) / np.where(width > 0, width, 1), 0)
    found = y[before, columns] + share * (y[after, columns] - y[before, columns])
    return np.asarray(np.where(place < x[0], np.nan, found))


def cases_of(rows: Rows) -> Iterator[Case]:
    """One for each data set and change that has periodic runs to compare with."""
    settings = sorted({(row["dataset"], row["change"]) for row in rows})
    for number, (dataset, change) in enumerate(settings):
        left_out = "omniscient" if change.startswith("join") else ""
        found = [
            row
            for row in where(rows, dataset=dataset, change=change)
            if row["protocol"] != left_out
        ]
        case = Case(found, number)
        if case.periodic:
            yield case


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    cases = list(cases_of(rows))
    return Chapter(
        "When things change: dynamic against periodic",
        findings(cases),
        [
            Picture(
                "drift",
                figure(cases),
                "Test loss of the coordinator's model E over time at the largest "
                "threshold, means over the seeds; dotted vertical: the change. The period drawn is the one that "
                "ships about as many bytes as FGM.",
            ),
        ],
        [table(cases)],
        notes=[
            "− periodic: minus the loss of periodic averaging at the same bytes, interpolated in ln bytes between "
            "its periods, the mean over the thresholds; where a protocol ships more than the shortest period, minus "
            "that period's. A difference in loss while learning is a difference in regret per step: what regret is "
            "measured against cancels. Where a site joins, omniscient is left out: it counts the distance of a site "
            "that cannot answer, and averages in nearly every step. The trivial model's loss is that before the "
            "change."
        ],
    )


def findings(cases: list[Case]) -> list[str]:
    """Who is better than a period that ships as much, and what it is worth."""
    lines = []
    for loss, title in list(FORMAL.items())[:2]:
        said = [
            f"{protocol} {tally([gap(case, protocol, loss) for case in cases if case.of(protocol)])}"
            for protocol in DYNAMIC
            if any(case.of(protocol) for case in cases)
        ]
        lines.append(f"At equal bytes, the {title} against periodic averaging: {'; '.join(said)}.")
    lines.append(worth(cases))
    return lines


def gap(case: Case, protocol: str, loss: str) -> Gap:
    """Lower, higher, or not to be told."""
    e = case.apart(protocol, loss).plain
    return Gap(case, CHEAPER if np.isnan(e.value) else side(e, *SIDES))


def tally(gaps: list[Gap]) -> str:
    """In which cases it is what.

    >>> tally([Gap(Case([{"dataset": "watch", "change": "season"}], 0), "lower")])
    'lower in season (watch)'
    """
    names = {
        word: [gap.case.name for gap in gaps if gap.word == word] for word in (*SIDES, CHEAPER)
    }
    everywhere = len(gaps) > 1 and len({gap.word for gap in gaps}) == 1
    return ", ".join(
        f"{word} in {'all' if everywhere else listed(found)}"
        for word, found in names.items()
        if found
    )


def worth(cases: list[Case]) -> str:
    """FGM's difference, as large as its interval allows, beside that between the best and the worst period."""
    found = []
    for case in cases:
        gap = case.apart("fgm", "served_mean").plain if case.of("fgm") else None
        if gap and not np.isnan(gap.value):
            periods = paired(case.of("fgm"), case.periodic, "served_mean")[1].loss.mean(axis=1)
            found.append((max(abs(gap.low), abs(gap.high)), float(np.ptp(periods)), case.name))
    if not found:
        return ""
    smaller = [far < spread for far, spread, _ in found]
    sizes = ", ".join(f"{far:.3f} against {spread:.3f} in {name}" for far, spread, name in found)
    rule = "when models are averaged matters less than how often"
    rule = rule if all(smaller) else f"that {rule} does not follow"
    return (
        f"By its interval FGM's difference is surely smaller than that between the best and the worst period in "
        f"{sum(smaller)} of {len(found)} cases ({sizes}): {rule}."
    )


def table(cases: list[Case]) -> Table:
    """Every protocol's losses, and how far they are from those of a period with as many bytes."""
    body = []
    for case in cases:
        for name in (*(p for p in DYNAMIC if case.of(p)), *case.periods):
            found, dynamic = case.of(name), name in DYNAMIC
            cells = [
                case.name,
                name,
                words.megabytes(mean(found, "bytes")),
                f"{mean(found, 'rounds'):.0f}",
                f"{mean(case.rows, 'baseline_loss'):.3f}",
            ]
            for loss in FORMAL:
                cells += [
                    f"{mean(found, loss):.3f}",
                    told_difference(case.apart(name, loss).plain) if dynamic else "",
                ]
            body.append(cells)
    losses = [cell for title in FORMAL.values() for cell in (title, "− periodic")]
    return Table(
        "Means over thresholds and seeds, with what periodic averaging has at the same bytes taken off:",
        ["case", "protocol", "MB", "rounds", "trivial model", *losses],
        body,
    )


def nearest(case: Case, size: float) -> str:
    """The period whose bytes are nearest to `size`."""
    return min(case.periods, key=lambda name: abs(np.log(mean(case.of(name), "bytes") / size)))


def served(rows: Rows) -> Array:
    """The loss of E at every evaluation, the mean over the seeds."""
    return np.asarray(np.mean([curve(row["curve_served"]) for row in rows], axis=0))


def figure(cases: list[Case]) -> Figure:
    """One panel for each change."""
    figure, axes = figures.panels(len(cases) + 1, columns=2, height=4.0)
    for ax, case in zip(axes, cases, strict=False):
        drawn = {
            name: where(case.of(name), threshold=values(case.of(name), "threshold")[-1:])
            for name in DRAWN
        }
        period = nearest(case, mean(drawn["fgm"] or case.periodic, "bytes"))
        for name, found in {**drawn, "periodic": case.of(period)}.items():
            if found:
                loss = served(found)
                figures.line(ax, name, np.linspace(0, 1, len(loss)).tolist(), loss.tolist())
        if not np.isnan(case.share):
            ax.axvline(case.share, color=GREY, linestyle=":", linewidth=2)
        figures.titles(
            ax, f"{case.name}, {period.partition(':')[2]}", "share of the steps", "loss of E"
        )
    if cases:
        figures.legend_panel(axes[len(cases)], axes[0])
    return figure
