"""Safe functions at equal radius: which one beats the norm, what it promises, and how far it is from the omniscient."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from fgm_ref.plots import BLACK, GREEN, GREY
from fgm_ref.study import figures
from fgm_ref.study.chapter import Chapter, Picture, Table
from fgm_ref.study.compare import Comparison, at_equal_loss, at_equal_settings, loss_difference, pooled
from fgm_ref.study.rows import Rows, mean, runs, values, where
from fgm_ref.study.words import difference, off, ratio

BALL, SPREAD = "the mean model is within R of E", "the sites' spread is at most R²"
PROMISES = {
    "variance": f"both: {BALL}; {SPREAD}", "cap": "the mean model is in a cap of the ball of radius R",
    "per-layer": "the same for each layer, with its share of R", "history-metric": "within an ellipsoid of the volume "
                                                                                   "of the ball",
    "cone": "the mean model's direction is within asin T of E's",
    "tracking-variance": SPREAD, "tracking-variance-damped": SPREAD, "decay:variance": f"{SPREAD}; R falls from round "
                                                                                       "to round",
    "grow:variance": f"{SPREAD}; R grows from round to round",
    "tracking": "the mean model is within R of where it was heading",
    "tracking-damped": "the mean model is within R of where it was heading, more carefully",
}
OWN = Path(__file__).parents[1] / "own.md"
WITH_SPREAD = ("fgm-centre:directions=1", "fgm-centre", "fgm-probe", "omniscient", "fda-linear")


class Entrant(NamedTuple):
    """A protocol with a safe function."""

    protocol: str
    safe: str

    @property
    def name(self) -> str:
        """As the table calls it: FGM's by the safe function alone."""
        if self.protocol == "fgm":
            return self.safe
        return f"gm, {self.safe}" if self.protocol == "gm" else self.protocol

    @property
    def promise(self) -> str:
        """What holds whenever no message is pending."""
        return SPREAD if self.protocol in WITH_SPREAD else PROMISES.get(self.safe, BALL)


NORM, BEST = Entrant("fgm", "ball"), Entrant("omniscient", "variance")


class Contest:
    """All entrants on all data sets."""

    def __init__(self, rows: Rows):
        self.rows, self.datasets = rows, values(rows, "dataset")
        self.entrants = sorted({Entrant(row["protocol"], row["safe"]) for row in rows},
                               key=lambda entrant: self.bytes(entrant, NORM).log)

    def of(self, entrant: Entrant, dataset: str) -> Rows:
        """Its runs on one data set."""
        return where(self.rows, protocol=entrant.protocol, safe=entrant.safe, dataset=dataset)

    def bytes(self, a: Entrant, b: Entrant) -> Comparison:
        """a's bytes by b's at equal radius."""
        return pooled([at_equal_settings(runs(self.of(a, dataset)), runs(self.of(b, dataset)), number)
                       for number, dataset in enumerate(self.datasets)])[0]

    def loss(self, a: Entrant, b: Entrant, which: str) -> list[Comparison]:
        """a's loss minus b's at equal radius, for each data set."""
        return [loss_difference(runs(self.of(a, dataset), which), runs(self.of(b, dataset), which), number)
                for number, dataset in enumerate(self.datasets)]

    def at_loss(self, a: Entrant, b: Entrant, which: str) -> tuple[Comparison, int]:
        """a's bytes by b's at the loss half-way between b's at its smallest and largest radius."""
        found = []
        for number, dataset in enumerate(self.datasets):
            reference = runs(self.of(b, dataset), which)
            target = float((reference.loss.mean(axis=1).min() + reference.loss.mean(axis=1).max()) / 2)
            found.append(at_equal_loss(runs(self.of(a, dataset), which), reference, target, number))
        return pooled(found)


def chapter(rows: Rows) -> Chapter:
    """Which safe function beats the norm?"""
    contest = Contest(rows)
    own = [e for e in contest.entrants if e.protocol in ("fgm", "fgm-centre", "fgm-probe")]
    norms = [e for e in own if e.protocol == "fgm"]
    return Chapter(
        "Which safe function beats the norm?", findings(contest, norms, own),
        [Picture("safe", drawn(contest), "Bytes by those of FGM with the ball (the norm) at equal radius R = T·‖E‖, "
                                         "pooled over data sets "
                 "and thresholds, with 95 % intervals; left of 1, fewer bytes. Squares: other protocols.")],
        [table(contest)], [answer(contest, norms, own)], [OWN.read_text(encoding="utf-8")],
    )


def answer(contest: Contest, norms: Sequence[Entrant], own: Sequence[Entrant]) -> str:
    """The second question of the title."""
    first, best = norms[0], own[0]
    text = [f"**Which safe function beats the norm? At equal radius, `{first.name}`: "
            f"{off(contest.bytes(first, NORM).estimate)}** than the ball "
            f"({ratio(contest.bytes(first, NORM).estimate)})."]
    if best != first:
        text.append(f"Letting the zone's centre move within a round, `{best.name}`, costs "
                    f"{ratio(contest.bytes(best, NORM).estimate)} times the "
                    f"ball's bytes and {ratio(contest.bytes(best, BEST).estimate)} times the omniscient trigger's.")
    return " ".join(text)


def findings(contest: Contest, norms: Sequence[Entrant], own: Sequence[Entrant]) -> list[str]:
    """Two sentences."""
    better = [e.name for e in norms if contest.bytes(e, NORM).estimate.high < 1]
    worse = [e.name for e in norms if contest.bytes(e, NORM).estimate.low > 1]
    gap = contest.bytes(NORM, BEST).estimate
    return [
        f"At equal radius {listed(better)} {'needs' if len(better) == 1 else 'need'} fewer bytes than the norm, "
        f"{listed(worse)} more; the norm "
        f"itself needs {ratio(gap)} times the omniscient trigger's.",
        f"The best of all, `{own[0].name}`, needs {ratio(contest.bytes(own[0], BEST).estimate)} times the omniscient "
        "trigger's.",
    ]


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["cap", "cone"]), listed([])
    ('`cap`, `cone`', 'none')
    """
    return ", ".join(f"`{name}`" for name in names) or "none"


def table(contest: Contest) -> Table:
    """One line for each entrant, cheapest first."""
    body = []
    for entrant in contest.entrants:
        same, reached = contest.at_loss(entrant, NORM, "served_mean")
        share = f" [{reached} of {len(contest.datasets)}]" if 0 < reached < len(contest.datasets) else ""
        body.append([
            f"`{entrant.name}`", entrant.promise,
            *(ratio(contest.bytes(entrant, other).estimate) for other in (NORM, BEST)),
            "; ".join(difference(c.plain) for c in contest.loss(entrant, NORM, "loss")),
            ratio(same.estimate, same.bound) + share,
        ])
    first = {name: ", ".join(f"{mean(where(contest.rows, dataset=d), name):.3f}" for d in contest.datasets)
             for name in ("baseline_loss", "baseline_score")}
    norm = ", ".join(f"{mean(contest.of(NORM, d), 'loss'):.3f}" for d in contest.datasets)
    about = (f"Data sets: {', '.join(contest.datasets)}; {len(values(contest.rows, 'seed'))} seeds, R = T·‖E‖ with T = "
             f"{', '.join(f'{t:g}' for t in values(contest.rows, 'threshold'))}. Final losses of the norm: {norm}; "
             "without any input: "
             f"{first['baseline_loss']}. Equal loss: where the served model's mean loss over time is half-way between "
             "the norm's at both "
             "thresholds.")
    return Table(about, ["", "promise at rest", "bytes / norm's", "bytes / omniscient's", "final loss − norm's, by "
                                                                                          "data set",
                         "bytes / norm's at equal loss"], body)


def drawn(contest: Contest) -> Figure:
    """One line for each entrant."""
    figure, (ax,) = figures.panels(1, columns=1, height=1.2 + 0.42 * len(contest.entrants))
    names = [entrant.name for entrant in contest.entrants]
    for place, entrant in enumerate(contest.entrants):
        own, other = entrant.protocol.startswith("fgm"), not entrant.protocol.startswith("fgm")
        color = GREY if entrant == NORM else GREEN if own else BLACK
        blank = [contest.bytes(entrant, NORM).estimate]
        figures.dots_at(ax, [place], blank, "s" if other else "o", color)
    figures.name_lines(ax, names)
    figures.titles(ax, "", "bytes / those of the ball at equal radius (log scale)")
    figures.ticks_of_ratios(ax, (0.5, 0.7, 1, 1.5, 2, 3))
    return figure
