"""Radii that follow the rate, and schedules of periods: does any of them beat a fixed period at the same bytes?"""

from matplotlib.figure import Figure

from fgm_ref.study.numbers.paces import FIXED, FOLLOWS, WATCHERS, Pace, Paces
from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.words import (
    difference,
    listed,
    ratio,
    short,
    side,
    told_difference,
)
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, GREEN

CAPTION = (
    "Final loss minus that of fixed periods at the same bytes, as a share of what is learnt, pooled over the data "
    "sets, with 95 % intervals; left of 0, better than a fixed period. The learning rate falls along a cosine to zero."
)
NOTE = (
    "At the same bytes: interpolated in ln bytes between periods of 3, 13 and 61 steps; what ships more than the "
    "shortest period is compared with it, what ships less than the longest is left out. Power: bytes per step ∝ (rate) "
    "to this power, fitted along each run; 1 makes the rounds H steps long with H ∝ 1/rate, 2 with H ∝ 1/rate², which "
    "is the quadratic rule. Stretches in which nobody speaks are left out, so large powers come out too small."
)


def chapter(rows: Rows) -> Chapter:
    """When is FGM the better period?"""
    paces = Paces(rows)
    return Chapter(
        "When to synchronise",
        [*radius(paces), *growth(paces)],
        [],
        [beside(paces), shape(paces)],
        notes=[NOTE],
        digest=[
            Answer(
                "When should models be averaged, if the learning rate falls?",
                answer(paces),
                Picture("paces", drawn(paces), CAPTION),
            )
        ],
    )


def answer(paces: Paces) -> str:
    """Which schedule is surely better than a fixed period at the same bytes, which surely worse."""
    groups: dict[str, list[str]] = {"lower": [], "higher": [], "unclear": []}
    for pace in paces.paces:
        found, number = paces.over(pace)
        if number:
            groups[side(found.plain, "lower", "higher", "unclear")].append(pace.name)
    return " ".join(
        [
            f"**At the same bytes these end surely lower than a fixed period: {listed(groups['lower'])}.** Surely "
            f"higher: {listed(groups['higher'])}. No clear difference: {listed(groups['unclear'])} "
            f"[{len(paces.datasets)} sets, {len(values(paces.rows, 'seed'))} seeds].",
            *radius(paces),
        ]
    )


def radius(paces: Paces) -> list[str]:
    """What it does if the radius follows the rate."""
    told = []
    for protocol in WATCHERS:
        bytes_ = paces.radius_effect(protocol, "bytes").estimate
        loss = paces.radius_effect(protocol, "loss").plain
        if bytes_.n:
            word = side(loss, "a lower loss", "a higher loss", "no clear difference in loss")
            told.append(
                f"{protocol} {ratio(bytes_)} times the bytes and {word}, {difference(loss)}"
            )
    if not told:
        return []
    return [f"A radius in proportion to the rate instead of a fixed one gives {listed(told)}."]


def growth(paces: Paces) -> list[str]:
    """By which power rounds grow as the rate falls."""
    lines = []
    for protocol in WATCHERS:
        p = paces.growth(Pace(protocol, FIXED)).plain
        if p.n:
            lines.append(
                f"With a fixed radius {protocol}'s bytes per step go as the rate to the power of {short(p.value)} "
                f"({short(p.low)} to {short(p.high)}), so it {nearest(p.value)}."
            )
    return lines


def nearest(p: float) -> str:
    """Which rule of periods that is nearest to."""
    rules = {
        0.0: "acts like a fixed period",
        1.0: "lets rounds grow as 1/rate",
        2.0: "does by itself what the quadratic rule does by formula",
    }
    return rules[min(rules, key=lambda power: abs(power - p))]


def beside(paces: Paces) -> Table:
    """One line for each schedule: loss beside fixed periods."""
    body = []
    for pace in paces.paces:
        found, number = paces.over(pace)
        cells = [told_difference(paces.beside(pace, name).plain) for name in paces.datasets]
        pooled = f"{told_difference(found.plain)} [{number} sets]" if number else "–"
        body.append([pace.name, *cells, pooled])
    seeds = len(values(paces.rows, "seed"))
    about = (
        "Final loss minus that of fixed periods at the same bytes, as a share of what is learnt, means over the "
        f"thresholds ({seeds} seeds):"
    )
    return Table(about, ["", *paces.datasets, "pooled"], body)


def shape(paces: Paces) -> Table:
    """How the bytes are spread over the run."""
    body = []
    for pace in paces.paces:
        late = paces.late(pace).plain
        power = paces.growth(pace).plain
        rows = [row for name in paces.datasets for row in paces.of(pace, name)]
        body.append(
            [
                pace.name,
                f"{mean(rows, 'rounds'):.1f}",
                f"{100 * late.value:.0f} % ({100 * late.low:.0f}–{100 * late.high:.0f})",
                told_difference(power) if power.n else "–",
            ]
        )
    about = "How the rounds are spread, means over data sets and thresholds:"
    header = ["", "rounds", "bytes in the second half", "power of the rate"]
    return Table(about, header, body)


def drawn(paces: Paces) -> Figure:
    """One line for each schedule."""
    names = [pace.name for pace in paces.paces]
    figure, (ax,) = figures.panels(1, columns=1, height=1.3 + 0.36 * len(names))
    for place, pace in enumerate(paces.paces):
        own = pace.protocol == "fgm"
        marker = "o" if pace.protocol in WATCHERS else "s"
        hollow = pace.protocol in WATCHERS and pace.radius != FOLLOWS
        estimate = paces.over(pace)[0].plain
        color = GREEN if own else BLACK
        figures.dots_at(ax, [place], [estimate], marker, color, hollow=hollow)
    figures.name_lines(ax, names, at=0.0)
    figures.titles(ax, "", "loss minus a fixed period's at the same bytes, share of what is learnt")
    return figure
