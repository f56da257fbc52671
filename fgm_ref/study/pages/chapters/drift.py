"""Things change while the sites learn: do dynamic protocols beat periodic ones that ship as much?"""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.arrays import Array
from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.changes import Case, cases_of, complete
from fgm_ref.study.numbers.rows import Rows, mean, values, where
from fgm_ref.study.numbers.words import listed, side, told_difference
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
SPOKEN_OF = ("served_mean", "prequential")
SIDES = ("lower", "higher", "no clear difference")
CHEAPER = "fewer bytes than any period"
DRAWN = ("gm", "fgm", "omniscient")
CAPTION = (
    "Test loss of the coordinator's model E over time at the largest "
    "threshold, means over the seeds; dotted vertical: the change. The period drawn is the one that "
    "ships about as many bytes as FGM."
)
NOTE = (
    "− periodic: minus the loss of periodic averaging at the same bytes, interpolated in ln bytes between "
    "its periods, the mean over the thresholds; where a protocol ships more than the shortest period, minus "
    "that period's. A difference in loss while learning is a difference in regret per step: what regret is "
    "measured against cancels. Where a site joins, omniscient is left out: it counts the distance of a site "
    "that cannot answer, and averages in nearly every step. The trivial model's loss is that before the "
    "change."
)


class Gap(NamedTuple):
    """A protocol in one case, and what it may be called."""

    case: Case
    word: str


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    cases = list(cases_of(rows))
    return Chapter(
        "When things change: dynamic against periodic",
        findings(cases),
        [Picture("drift", figure(cases), CAPTION)],
        [table(cases)],
        notes=[NOTE],
    )


def findings(cases: list[Case]) -> list[str]:
    """Who is better than a period that ships as much, and what it is worth."""
    lines = [
        f"At equal bytes, the {FORMAL[loss]} against periodic averaging: {'; '.join(tallies(cases, loss))}."
        for loss in SPOKEN_OF
    ]
    return [*lines, worth(cases)]


def tallies(cases: list[Case], loss: str) -> list[str]:
    """For each dynamic protocol that was run, in which cases it is better."""
    said = []
    for protocol in DYNAMIC:
        gaps = [gap(case, protocol, loss) for case in cases if case.of(protocol)]
        if gaps:
            said.append(f"{protocol} {tally(gaps)}")
    return said


def gap(case: Case, protocol: str, loss: str) -> Gap:
    """Lower, higher, or not to be told."""
    e = case.apart(protocol, loss).plain
    if np.isnan(e.value):
        return Gap(case, CHEAPER)
    return Gap(case, side(e, *SIDES))


def tally(gaps: list[Gap]) -> str:
    """In which cases it is what.

    >>> tally([Gap(Case([{"dataset": "watch", "change": "season"}], 0), "lower")])
    'lower in season (watch)'
    """
    places: dict[str, list[str]] = {word: [] for word in (*SIDES, CHEAPER)}
    for gap in gaps:
        places[gap.word].append(gap.case.name)
    said = {word: found for word, found in places.items() if found}
    if len(gaps) > 1 and len(said) == 1:
        return f"{gaps[0].word} in all"
    return ", ".join(f"{word} in {listed(found)}" for word, found in said.items())


class Worth(NamedTuple):
    """How large FGM's difference in one case may be, by its interval, and that between the best and worst period."""

    case: Case
    difference: float
    periods: float

    @property
    def smaller(self) -> bool:
        """Whether it is surely the smaller one."""
        return self.difference < self.periods


def worth(cases: list[Case]) -> str:
    """FGM's difference, as large as its interval allows, beside that between the best and the worst period."""
    found = [one for case in cases if (one := worth_of(case))]
    if not found:
        return ""
    smaller = sum(one.smaller for one in found)
    sizes = ", ".join(
        f"{one.difference:.3f} against {one.periods:.3f} in {one.case.name}" for one in found
    )
    rule = "when models are averaged matters less than how often"
    if smaller < len(found):
        rule = f"that {rule} does not follow"
    return (
        f"By its interval FGM's difference is surely smaller than that between the best and the worst period in "
        f"{smaller} of {len(found)} cases ({sizes}): {rule}."
    )


def worth_of(case: Case) -> Worth | None:
    """The same in one case; nothing where FGM was not run, or ships less than any period."""
    if not case.of("fgm"):
        return None
    gap = case.apart("fgm", "served_mean").plain
    if np.isnan(gap.value):
        return None
    _, theirs = complete(case.of("fgm"), case.periodic, "served_mean")
    periods = theirs.loss.mean(axis=1)
    largest = max(abs(gap.low), abs(gap.high))
    return Worth(case, largest, float(np.ptp(periods)))


def table(cases: list[Case]) -> Table:
    """Every protocol's losses, and how far they are from those of a period with as many bytes."""
    body = []
    for case in cases:
        names = [name for name in DYNAMIC if case.of(name)]
        body += [line(case, name) for name in (*names, *case.periods)]
    losses = [cell for title in FORMAL.values() for cell in (title, "− periodic")]
    return Table(
        "Means over thresholds and seeds, with what periodic averaging has at the same bytes taken off:",
        ["case", "protocol", "MB", "rounds", "trivial model", *losses],
        body,
        keys=2,
    )


def line(case: Case, protocol: str) -> list[str]:
    """The cells of one protocol."""
    rows = case.of(protocol)
    cells = [
        case.name,
        protocol,
        words.megabytes(mean(rows, "bytes")),
        f"{mean(rows, 'rounds'):.0f}",
        f"{mean(case.rows, 'baseline_loss'):.3f}",
    ]
    for loss in FORMAL:
        apart = ""
        if protocol in DYNAMIC:
            apart = told_difference(case.apart(protocol, loss).plain)
        cells += [f"{mean(rows, loss):.3f}", apart]
    return cells


def nearest(case: Case, size: float) -> str:
    """The period whose bytes are nearest to `size`."""

    def distance(period: str) -> float:
        ratio = mean(case.of(period), "bytes") / size
        return float(abs(np.log(ratio)))

    return min(case.periods, key=distance)


def served(rows: Rows) -> Array:
    """The loss of E at every evaluation, the mean over the seeds."""
    curves = np.array([curve(row["curve_served"]) for row in rows])
    return np.asarray(curves.mean(axis=0))


def figure(cases: list[Case]) -> Figure:
    """One panel for each change."""
    figure, axes = figures.panels(len(cases) + 1, columns=2, height=4.0)
    for ax, case in zip(axes, cases, strict=False):
        draw(ax, case)
    if cases:
        figures.legend_panel(axes[len(cases)], axes[0])
    return figure


def draw(ax: Axes, case: Case) -> None:
    """The loss of E over time: the dynamic protocols at their largest threshold, and one period."""
    shown = {name: at_largest_threshold(case.of(name)) for name in DRAWN}
    period = nearest(case, mean(shown["fgm"] or case.periodic, "bytes"))
    for name, rows in {**shown, "periodic": case.of(period)}.items():
        if rows:
            loss = served(rows)
            time = np.linspace(0, 1, len(loss))
            figures.line(ax, name, time.tolist(), loss.tolist())
    if not np.isnan(case.share):
        ax.axvline(case.share, color=GREY, linestyle=":", linewidth=2)
    b = period.partition(":")[2]
    figures.titles(ax, f"{case.name}, {b}", "share of the steps", "loss of E")


def at_largest_threshold(rows: Rows) -> Rows:
    """None of none."""
    return where(rows, threshold=values(rows, "threshold")[-1:])
