"""Zones that promise distance or loss, FGM against GM with each: is there one that beats the norm?"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.cases import clearly, written
from fgm_ref.study.numbers.picks import helped
from fgm_ref.study.numbers.promises import NORM, Promises, Zone
from fgm_ref.study.numbers.rows import Rows, values
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import UNCLEAR, listed, ratio, side, told_difference
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table
from fgm_ref.study.pages.chapters.safe import MOVED, Contest
from fgm_ref.study.pages.chapters.safe import NORM as OLD_NORM
from fgm_ref.view.plots import BLACK, GREEN

NEEDS = ("safe", "rates")
"""The first round's answer stands beside this one's, and the rates say where communication helps."""

CAPTION = (
    "Loss minus that of fixed periods at the same bytes, as a share of what is learnt, with 95 % intervals; left of 0, "
    "better than a fixed period. Left: at the end. Right: of the coordinator's model E over time. Circles: FGM; "
    "squares: GM; hollow: zones that promise loss."
)
NOTE = (
    "Equal promise: the same thresholds. Those of the zones `loss...` are losses (0.05 and 0.4), those of the others "
    "radii (T = 0.08 and 0.32; they follow the learning rate except with `fgm-probe` and `fda-linear`), so the two "
    "kinds meet only at equal loss or equal bytes. `loss`: averaging now would not make the model worse by more than δ "
    "on a batch that all sites share; `loss-both`: nor is E worse than the mean by more than δ. The shared batch is "
    "billed. Periods of 1, 13 and 61 steps."
)


def chapter(rows: Rows, safe: Rows, rates: Rows) -> Chapter:
    """Which safe function beats the norm, now?"""
    promises = Promises(rows, helped(rates, values(rows, "dataset")))
    return Chapter(
        "Promises of distance and of loss",
        [gm(promises), at_loss(promises)],
        [],
        [equal_promise(promises), equal_loss(promises)],
        notes=[NOTE],
        digest=[
            Answer(
                "Which safe function beats the norm?",
                " ".join([at_loss(promises), at_bytes(promises), *before(safe)]),
                Picture("promises", drawn(promises), CAPTION),
            )
        ],
    )


def before(safe: Rows) -> list[str]:
    """What the first round says at equal radius."""
    if not safe:
        return []
    contest = Contest(safe)
    best = contest.cheapest(MOVED)
    return [
        f"At equal radius a zone that moves, `{best.name}`, needs {ratio(contest.bytes(best, OLD_NORM).estimate)} of "
        f"the norm's bytes [{len(contest.datasets)} sets, first round]."
    ]


def rivals(promises: Promises) -> list[Zone]:
    """All but the norm."""
    return [zone for zone in promises.zones if zone != NORM]


def at_loss(promises: Promises) -> str:
    """Whether any needs fewer bytes than the norm for the same loss."""
    better: list[str] = []
    worse: list[str] = []
    reached = 0
    seeds = len(values(promises.rows, "seed"))
    for zone in rivals(promises):
        found, number = promises.reach(zone, NORM)
        reached += number > 0
        if not number or clearly(found) == UNCLEAR:
            continue
        told = f"{name(zone)} ({written(found)} [{number} of {len(promises.helped)} sets])"
        (better if found.estimate.value < 1 else worse).append(told)
    return (
        f"**Surely fewer bytes than FGM with the norm at L*: {listed(better)}.** Surely more: {listed(worse)}. "
        f"{len(rivals(promises))} were tried, with tuned rates, on {listed(promises.helped)}; "
        f"{reached} of them reach L* there [{seeds} seeds]."
    )


def at_bytes(promises: Promises) -> str:
    """Whether any ends lower than a fixed period at the same bytes."""
    lower: list[str] = []
    higher: list[str] = []
    for zone in promises.zones:
        gap = promises.beside(zone).plain
        word = side(gap, "lower", "higher", "")
        if word:
            (lower if word == "lower" else higher).append(name(zone))
    return (
        f"**Surely a lower final loss than a fixed period at the same bytes: {listed(lower)}.** Surely a higher one: "
        f"{listed(higher)}."
    )


def gm(promises: Promises) -> str:
    """FGM against GM at equal promise, zone by zone."""
    told = []
    for safe in promises.safes:
        found = promises.same(Zone("fgm", safe), Zone("gm", safe))
        told.append(f"`{safe}` {ratio(found.estimate)}")
    return (
        f"FGM's bytes by GM's at equal promise [{len(promises.datasets)} sets]: {', '.join(told)}."
    )


def name(zone: Zone) -> str:
    """As in a table: FGM's by the safe function alone."""
    if zone.protocol == "fgm":
        return f"`{zone.safe}`"
    return f"`{zone.protocol}`, `{zone.safe}`" if zone.protocol == "gm" else f"`{zone.protocol}`"


def equal_promise(promises: Promises) -> Table:
    """FGM against GM with each safe function, and against the norm."""
    body = []
    for safe in promises.safes:
        fgm = Zone("fgm", safe)
        gm = Zone("gm", safe)
        norm = "–" if fgm.of_loss else ratio(promises.same(fgm, NORM).estimate)
        body.append(
            [
                f"`{safe}`",
                "loss" if fgm.of_loss else "distance",
                ratio(promises.same(fgm, gm).estimate),
                told_difference(promises.apart(fgm, gm).plain),
                told_difference(promises.apart(fgm, gm, "served_mean").plain),
                norm,
            ]
        )
    seeds = len(values(promises.rows, "seed"))
    about = (
        f"At equal promise, pooled over {len(promises.datasets)} data sets ({seeds} seeds); losses as a share of what "
        "is learnt:"
    )
    header = [
        "zone",
        "promises",
        "bytes, fgm / gm",
        "final loss, fgm − gm",
        "loss of E, fgm − gm",
        "fgm's bytes / the norm's",
    ]
    return Table(about, header, body)


def equal_loss(promises: Promises) -> Table:
    """Against the norm at equal loss, against fixed periods at equal bytes."""
    body = []
    for zone in promises.zones:
        final, sets = promises.reach(zone, NORM)
        served, _ = promises.reach(zone, NORM, "served_mean")
        body.append(
            [
                name(zone),
                f"{written(final)} [{sets} sets]" if sets else "not reached",
                written(served),
                told_difference(promises.beside(zone).plain),
                told_difference(promises.beside(zone, "served_mean").plain),
            ]
        )
    about = (
        "At equal loss: bytes by those of FGM with the norm at L*. At equal bytes: loss minus that of fixed periods, "
        "as a share of what is learnt:"
    )
    header = ["zone", "bytes at L*", "bytes, loss of E", "final loss − periods'", "of E − periods'"]
    return Table(about, header, body)


def drawn(promises: Promises) -> Figure:
    """Loss beside fixed periods, a line for each zone."""
    zones = promises.zones
    labels = [name(zone).replace("`", "") for zone in zones]
    figure, left, right = figures.two(height=1.4 + 0.34 * len(zones))
    for ax, loss in ((left, "loss"), (right, "served_mean")):
        for place, zone in enumerate(zones):
            dot(ax, place, zone, promises.beside(zone, loss).plain)
        figures.name_lines(ax, labels, at=0.0)
    figures.titles(left, "final loss", "minus a fixed period's")
    figures.titles(right, "loss of E over time", "minus a fixed period's")
    right.set_yticklabels([])
    return figure


def dot(ax: Axes, place: int, zone: Zone, estimate: Estimate) -> None:
    """One estimate in the look of its zone."""
    marker = "s" if zone.protocol == "gm" else "o"
    color = BLACK if zone.protocol == "gm" else GREEN
    figures.dots_at(ax, [place], [estimate], marker, color, hollow=zone.of_loss)
