"""Safe functions at equal radius: which one beats the norm, what it promises, and how far it is from the omniscient."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from fgm_ref.study.numbers.compare import (
    Comparison,
    at_equal_loss,
    at_equal_settings,
    loss_difference,
    pooled,
)
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.rows import Rows, mean, runs, values, where
from fgm_ref.study.numbers.words import SURE, difference, ratio
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, GREEN, GREY

BALL, SPREAD = "the mean model is within R of E", "the sites' spread is at most R²"
MOVED, KEPT, WIDE = "moved", "inside the norm's ball", "wider"
ZONES = {
    "ball": (KEPT, BALL),
    "variance": (KEPT, f"both: {BALL}; {SPREAD}"),
    "per-layer": (KEPT, "each layer within its share of R"),
    "decay:variance": (KEPT, "as variance, and R falls from round to round"),
    "grow:variance": (WIDE, "as variance, but R grows from round to round"),
    "cap": (WIDE, "the mean model is in a cap that contains the ball"),
    "cone": (WIDE, "the mean model's direction is within asin T of E's"),
    "history-metric": (WIDE, "the mean model is in an ellipsoid of the ball's volume"),
    "tracking": (MOVED, "the mean model is within R of where it was heading"),
    "tracking-damped": (
        MOVED,
        "the mean model is within R of where it was heading, more carefully",
    ),
    "tracking-variance": (MOVED, SPREAD),
    "tracking-variance-damped": (MOVED, SPREAD),
}
"""By safe function: is its zone inside the norm's, of its size but elsewhere, or wider?  And what it promises."""

OWN = Path(__file__).parents[1] / "own.md"
CAPTION = (
    "Bytes by those of FGM with the ball (the norm) at equal radius R = T·‖E‖, pooled over data sets and "
    "thresholds, with 95 % intervals; left of 1, fewer bytes. Filled: zones inside the norm's ball or of its size; "
    "hollow: wider zones, which promise less. Squares: other protocols."
)


class Entrant(NamedTuple):
    """A protocol with a safe function."""

    protocol: str
    safe: str

    @property
    def own(self) -> bool:
        """Whether it is FGM, or FGM with a moving centre."""
        return self.protocol.startswith("fgm")

    @property
    def name(self) -> str:
        """As the table calls it: FGM's by the safe function alone."""
        if self.protocol == "fgm":
            return self.safe
        return f"gm, {self.safe}" if self.protocol == "gm" else self.protocol

    @property
    def group(self) -> str:
        """Which zone it has, compared with the norm's."""
        return ZONES[self.safe][0] if self.protocol in ("fgm", "gm") else MOVED

    @property
    def promise(self) -> str:
        """What holds whenever no message is pending."""
        return ZONES[self.safe][1] if self.protocol in ("fgm", "gm") else SPREAD


NORM, BEST = Entrant("fgm", "ball"), Entrant("omniscient", "variance")


class Contest:
    """All entrants on all data sets."""

    def __init__(self, rows: Rows):
        self.rows, self.datasets = rows, values(rows, "dataset")
        self.entrants = sorted(
            {Entrant(row["protocol"], row["safe"]) for row in rows},
            key=lambda entrant: self.bytes(entrant, NORM).log,
        )

    def of(self, entrant: Entrant, dataset: str) -> Rows:
        """Its runs on one data set."""
        return where(self.rows, protocol=entrant.protocol, safe=entrant.safe, dataset=dataset)

    def runs(self, entrant: Entrant, dataset: str, loss: str = "loss") -> Runs:
        """The same, as bytes and loss over the radii."""
        return runs(self.of(entrant, dataset), loss)

    def bytes(self, a: Entrant, b: Entrant) -> Comparison:
        """a's bytes by b's at equal radius."""
        found = []
        for number, dataset in enumerate(self.datasets):
            mine = self.runs(a, dataset)
            theirs = self.runs(b, dataset)
            found.append(at_equal_settings(mine, theirs, number))
        both, _ = pooled(found)
        return both

    def loss(self, a: Entrant, b: Entrant, which: str) -> list[Comparison]:
        """a's loss minus b's at equal radius, for each data set."""
        found = []
        for number, dataset in enumerate(self.datasets):
            mine = self.runs(a, dataset, which)
            theirs = self.runs(b, dataset, which)
            found.append(loss_difference(mine, theirs, number))
        return found

    def at_loss(self, entrant: Entrant, which: str = "served_mean") -> tuple[Comparison, int]:
        """Bytes by the norm's at the loss half-way between the norm's at its smallest and largest radius."""
        found = []
        for number, dataset in enumerate(self.datasets):
            norm = self.runs(NORM, dataset, which)
            levels = norm.loss.mean(axis=1)
            target = float((levels.min() + levels.max()) / 2)
            mine = self.runs(entrant, dataset, which)
            found.append(at_equal_loss(mine, norm, target, number))
        return pooled(found)

    def wins_at_loss(self, entrant: Entrant) -> bool:
        """Whether it surely needs fewer bytes than the norm at equal loss: no bound, and reached by all resamples."""
        found, _ = self.at_loss(entrant)
        sure = not found.bound and found.estimate.reached > SURE
        return sure and found.estimate.high < 1

    def norms(self, name: str) -> str:
        """The norm's mean on each data set."""
        means = [mean(self.of(NORM, dataset), name) for dataset in self.datasets]
        return ", ".join(f"{value:.3f}" for value in means)

    def cheapest(self, group: str) -> Entrant:
        """Of the project's entrants with such a zone, the one with the fewest bytes at equal radius."""
        return next(entrant for entrant in self.entrants if entrant.own and entrant.group == group)

    def told(self, a: Entrant, b: Entrant = NORM) -> str:
        """a's bytes by b's at equal radius, in words."""
        return ratio(self.bytes(a, b).estimate)

    def told_at_loss(self, entrant: Entrant) -> str:
        """The same at equal loss, by the norm's."""
        found, sets = self.at_loss(entrant)
        text = ratio(found.estimate, found.bound)
        if 0 < sets < len(self.datasets):
            text += f" [{sets} of {len(self.datasets)} sets]"
        return text


def chapter(rows: Rows) -> Chapter:
    """Which safe function beats the norm?"""
    contest = Contest(rows)
    picture = Picture("safe", drawn(contest), CAPTION)
    return Chapter(
        "Which safe function beats the norm?",
        [finding(contest)],
        [picture],
        [table(contest)],
        [answer(contest)],
        [OWN.read_text(encoding="utf-8")],
    )


def answer(contest: Contest) -> str:
    """The second question of the title."""
    moved = contest.cheapest(MOVED)
    kept = contest.cheapest(KEPT)
    wide = contest.cheapest(WIDE)
    winners = [e.name for e in contest.entrants if e.own and contest.wins_at_loss(e)]
    return (
        f"**Which safe function beats the norm? At equal radius one that moves; at equal loss clearly better: "
        f"{listed(winners)}.** A zone of the same radius around where all sites are heading, `{moved.name}`, needs "
        f"{contest.told(moved)} times the norm's bytes at equal radius ({contest.told(moved, BEST)} times the "
        f"omniscient trigger's), and {contest.told_at_loss(moved)} times at the same loss of the served model. Of "
        f"the zones inside the norm's own ball `{kept.name}` is the cheapest. Wider zones pay with their promise: "
        f"`{wide.name}` {contest.told(wide)} at equal radius."
    )


def finding(contest: Contest) -> str:
    """Who is better, who is worse, at equal size."""
    fair = [e for e in contest.entrants if e.own and e.group != WIDE and e != NORM]
    ratios = {e.name: contest.bytes(e, NORM).estimate for e in fair}
    better = [name for name, e in ratios.items() if e.high < 1]
    worse = [name for name, e in ratios.items() if e.low > 1]
    return (
        f"At equal radius the norm needs {contest.told(NORM, BEST)} times the omniscient trigger's bytes. Of the "
        f"zones inside its ball or of its size, {listed(better)} need fewer bytes than the norm, {listed(worse)} more."
    )


def listed(names: Sequence[str]) -> str:
    """Names in a row.

    >>> listed(["cap", "cone"]), listed([])
    ('`cap`, `cone`', 'none')
    """
    return ", ".join(f"`{name}`" for name in names) or "none"


def table(contest: Contest) -> Table:
    """One line for each entrant, cheapest first."""
    radii = ", ".join(f"{t:g}" for t in values(contest.rows, "threshold"))
    seeds = len(values(contest.rows, "seed"))
    about = (
        f"Data sets: {', '.join(contest.datasets)}; {seeds} seeds, R = T·‖E‖ with T = {radii}. "
        f"Final losses of the norm: {contest.norms('loss')}; without any input: {contest.norms('baseline_loss')}. "
        "Equal loss: where the served model's mean loss over time is half-way between the norm's at its smallest and "
        "its largest radius."
    )
    header = [
        "",
        "zone",
        "promise at rest",
        "bytes / norm's",
        "bytes / omniscient's",
        "final loss − norm's, by data set",
        "bytes / norm's at equal loss",
    ]
    return Table(about, header, [line(contest, entrant) for entrant in contest.entrants])


def line(contest: Contest, entrant: Entrant) -> list[str]:
    """The cells of one entrant."""
    losses = contest.loss(entrant, NORM, "loss")
    return [
        f"`{entrant.name}`",
        entrant.group,
        entrant.promise,
        contest.told(entrant),
        contest.told(entrant, BEST),
        "; ".join(difference(c.plain) for c in losses),
        contest.told_at_loss(entrant),
    ]


def drawn(contest: Contest) -> Figure:
    """One line for each entrant."""
    names = [entrant.name for entrant in contest.entrants]
    figure, (ax,) = figures.panels(1, columns=1, height=1.2 + 0.33 * len(names))
    for place, entrant in enumerate(contest.entrants):
        estimate = contest.bytes(entrant, NORM).estimate
        marker = "o" if entrant.own else "s"
        hollow = entrant.group == WIDE
        figures.dots_at(ax, [place], [estimate], marker, color_of(entrant), hollow=hollow)
    figures.name_lines(ax, names)
    figures.titles(ax, "", "bytes / those of the ball at equal radius (log scale)")
    figures.ticks_of_ratios(ax, (0.15, 0.25, 0.5, 0.7, 1, 1.5, 2, 3))
    return figure


def color_of(entrant: Entrant) -> str:
    """Grey for the norm, green for FGM with another zone, black for the other protocols."""
    if entrant == NORM:
        return GREY
    return GREEN if entrant.own else BLACK
