"""Which deviation of a published program makes the published ratio of GM's bytes to FGM's?"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.paired import difference, level, log_ratio, side
from fgm_ref.study.numbers.rows import Rows, mean, values, where
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import ratio, short, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import GREEN, ORANGE

PREFIX = "fgm_ref.study.deviations:"
ALL = "all of them"
PAIR = "inverted + norm"
MATTERS = 1.02  # a factor nearer to 1 than this is not worth a word, however sure it is
ALWAYS = 0.95  # of the batches
NOTHING = Estimate(np.nan, np.nan, np.nan, 0)
CAPTION = (
    "Left: bytes by those of the correct protocol (FGM's by those of FGM with `cap`, and `cap` by those of "
    "`ball`), with 95 % intervals. Right: final test loss; dotted: a trivial model."
)
NOTE = (
    "GM/FGM: bytes of GM's rows by those of FGM with `ball`; bytes of `dynamic` by those of FGM's rows, which "
    "except for the first have `cap`, as in the program. GM's correct one is `dynamic`, without balancing `gm`. "
    "The switches are described in `fgm_ref/study/deviations.py`; `sum_test` is an error of the text only."
)


@dataclass(frozen=True)
class Variant:
    """The runs of one program, and of the correct one that it deviates from."""

    label: str
    side: str  # "GM" or "FGM"
    rows: Rows
    correct: Rows

    @property
    def factor(self) -> Comparison:
        """Bytes by the correct program's."""
        return log_ratio(self.rows, self.correct)

    @property
    def apart(self) -> Comparison:
        """Loss minus the correct program's."""
        return difference(self.rows, self.correct)

    @property
    def beyond_trivial(self) -> Estimate:
        """Loss minus that of a trivial model."""
        return difference(
            self.rows, [{**row, "loss": row["baseline_loss"]} for row in self.rows]
        ).plain

    @property
    def name(self) -> str:
        """The label, and how many runs diverged."""
        lost = sum(bool(row["stopped"]) for row in self.rows)
        return f"{self.side}, {self.label}" + (
            f" ({lost} of {len(self.rows)} diverged)" if lost else ""
        )


@dataclass(frozen=True)
class Program:
    """All runs of the table, by what was switched on."""

    rows: Rows

    def correct(self, protocol: str, safe: str = "ball") -> Rows:
        """The runs of a protocol without any deviation."""
        return where(self.rows, protocol=protocol, safe=safe)

    @property
    def variants(self) -> list[Variant]:
        """GM's first, in the order of the table; all of them together at the end of each."""
        gm, cap = self.correct("dynamic"), self.correct("fgm", "cap")
        found = [
            Variant("correct", "GM", gm, gm),
            Variant("no balancing", "GM", self.correct("gm"), gm),
        ]
        found += self.deviating("GM", gm)
        found += [
            Variant("correct", "FGM", self.correct("fgm"), self.correct("fgm")),
            Variant("correct, `cap`", "FGM", cap, self.correct("fgm")),
            *self.deviating("FGM", cap),
        ]
        return [variant for variant in found if variant.rows]

    def deviating(self, side: str, correct: Rows) -> list[Variant]:
        """One variant for each combination of switches."""
        names = dict.fromkeys(str(row["protocol"]) for row in self.rows)
        labels = {name: label_of(name, side) for name in names}
        return [
            Variant(label, side, where(self.rows, protocol=name), correct)
            for name, label in labels.items()
            if label
        ]

    def find(self, side: str, label: str) -> Variant | None:
        """One of them, if it was run."""
        return next((v for v in self.variants if (v.side, v.label) == (side, label)), None)

    def gm_by_fgm(self, variant: Variant) -> Comparison:
        """GM/FGM with this deviation in one of the two; the other is correct, and has the safe function `ball`."""
        other = self.correct("fgm" if variant.side == "GM" else "dynamic")
        return log_ratio(
            *((variant.rows, other) if variant.side == "GM" else (other, variant.rows))
        )

    @property
    def sites(self) -> int:
        """k."""
        return int(self.rows[0]["sites"])


def label_of(protocol: str, side: str) -> str:
    """`inverted + norm` for `...:GM:inverted=yes,norm=yes`; nothing if it is not that side's.

    >>> label_of(PREFIX + "GM:inverted=yes,norm=yes", "GM"), label_of(PREFIX + "FGM_PUBLISHED", "GM")
    ('inverted + norm', '')
    """
    name, _, switches = protocol.removeprefix(PREFIX).partition(":")
    if not protocol.startswith(PREFIX) or name.removesuffix("_PUBLISHED") != side:
        return ""
    return (
        " + ".join(switch.partition("=")[0] for switch in switches.split(",")) if switches else ALL
    )


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    program = Program(rows)
    return Chapter(
        "Where a published GM/FGM ratio comes from",
        [*shares(program), *arithmetic(program), *learnt(program)],
        [Picture("why", figure(program.variants), CAPTION)],
        [table(program)],
        answers(program),
        [NOTE],
    )


def factors(program: Program) -> list[tuple[str, Comparison]]:
    """What the published ratio is a product of, exactly: correct · safe function · GM's deviations · FGM's."""
    gm, fgm, cap = (
        program.find("GM", ALL),
        program.find("FGM", ALL),
        program.find("FGM", "correct, `cap`"),
    )
    if not (gm and fgm and cap):
        return []
    correct = log_ratio(program.correct("dynamic"), program.correct("fgm"))
    return [
        ("both correct, with the same safe function", correct),
        ("FGM's safe function `cap` instead of `ball`", log_ratio(cap.correct, cap.rows)),
        ("GM's deviations", gm.factor),
        ("FGM's deviations", log_ratio(fgm.correct, fgm.rows)),
    ]


def together(program: Program) -> Comparison | None:
    """The ratio as published: everything on in both."""
    gm, fgm = program.find("GM", ALL), program.find("FGM", ALL)
    return log_ratio(gm.rows, fgm.rows) if gm and fgm else None


def answers(program: Program) -> list[str]:
    """Where the ratio comes from."""
    whole, parts = together(program), factors(program)
    if whole is None or not parts:
        return []
    (_, correct), *added = parts
    plain = program.find("GM", "no balancing")
    without = f", {ratio(program.gm_by_fgm(plain).estimate)} without it" if plain else ""
    order = sorted(added, key=lambda part: -part[1].log)
    more = ", ".join(f"{name} {ratio(part.estimate)}" for name, part in order)
    return [
        f"**A published program's GM/FGM ratio** is {ratio(whole.estimate)} when rebuilt with all its deviations; "
        f"correct programs with the same safe function have {ratio(correct.estimate)} with GM's balancing{without}"
        f". The other factors: {more}."
    ]


def shares(program: Program) -> list[str]:
    """Which of the factors can be told from 1, and what two switches do beside all of them."""
    lines = []
    added = factors(program)[1:]
    if added:
        raising = [
            f"{name} ({ratio(part.estimate)})"
            for name, part in added
            if part.estimate.low > MATTERS
        ]
        lowering = [
            f"{name} ({ratio(part.estimate)})"
            for name, part in added
            if part.estimate.high < 1 / MATTERS
        ]
        cheaper = f"; what makes it look cheaper: {'; '.join(lowering)}" if lowering else ""
        lines.append(
            "What makes GM look dearer, besides its balancing: "
            f"{'; '.join(raising) or 'nothing that can be told from 1'}{cheaper}."
        )
    whole, pair = program.find("GM", ALL), program.find("GM", PAIR)
    if whole and pair:
        left = log_ratio(pair.rows, whole.rows).estimate
        word = verdict(left, "fewer bytes than", "more bytes than", "as many bytes as")
        lines.append(
            f"`{PAIR}` alone makes GM ship {word} all of its deviations together: {ratio(left)} times."
        )
    return lines


def arithmetic(program: Program) -> list[str]:
    """A round with k − 1 balancings of two sites costs 1 + 2(k − 1)/k rounds of FGM, whatever is learnt."""
    pair, fgm = program.find("GM", PAIR), program.correct("fgm")
    if not pair or not fgm:
        return []
    k = program.sites
    measured = log_ratio(per_round(pair.rows), per_round(fgm)).estimate
    batches = mean(
        [{"share": (row["rounds"] + row["rebalances"]) / row["steps"]} for row in pair.rows],
        "share",
    )
    always = (
        ", whatever the threshold is and whatever is learnt, so that every k-th batch ends a round"
    )
    ends = always if batches > ALWAYS else ""
    return [
        f"With them somebody speaks after {100 * batches:.0f} % of the batches{ends}. "
        f"A round with k − 1 balancings costs 1 + 2(k − 1)/k = {1 + 2 * (k - 1) / k:.2f} rounds of FGM at k = {k} "
        f"by arithmetic; measured {ratio(measured)}."
    ]


def per_round(rows: Rows) -> Rows:
    """The same runs with the bytes of one round, without the first model."""
    first = [4 * row["parameters"] * row["sites"] for row in rows]
    return [
        {**row, "bytes": (row["bytes"] - start) / row["rounds"] if row["rounds"] else np.nan}
        for row, start in zip(rows, first, strict=True)
    ]


def learnt(program: Program) -> list[str]:
    """Do the published programs learn anything?"""
    said = []
    for name in ("GM", "FGM"):
        whole = program.find(name, ALL)
        if whole:
            gap = whole.beyond_trivial
            word = side(gap, "better than", "worse than", "not to be told from")
            said.append(f"{name} ends {word} a trivial model (loss {words.difference(gap)})")
    return [f"With all deviations on, {' and '.join(said)}."] if said else []


def table(program: Program) -> Table:
    """One line per deviation."""
    first, whole = program.rows[0], together(program)
    body = [
        ["trivial model", "", "", "", "", f"{mean(program.rows, 'baseline_loss'):.3f}", "", "", ""],
        *(line(program, variant) for variant in program.variants),
    ]
    if whole is not None:
        body.append(
            ["**GM and FGM, all of them**", *[""] * 7, words.bold(ratio(whole.estimate), True)]
        )
    header = [
        "program",
        "rounds",
        "rebalances per round",
        "MB",
        "bytes, by the correct ones'",
        "loss",
        "loss − correct",
        "loss − trivial",
        "GM/FGM",
    ]
    return Table(
        f"Each deviation by itself, then all together (T = {first['threshold']:g}, k = {program.sites}, "
        f"seeds: {len(values(program.rows, 'seed'))}):",
        header,
        body,
    )


def line(program: Program, v: Variant) -> list[str]:
    """The cells of one deviation."""
    rounds = mean(v.rows, "rounds")
    compared = (
        [ratio(v.factor.estimate), words.difference(v.apart.plain)]
        if v.factor.n
        else ["diverged", "diverged"]
    )
    compared = ["", ""] if v.label == "correct" else compared
    by_fgm = program.gm_by_fgm(v)
    return [
        v.name,
        f"{rounds:.0f}",
        short(mean(v.rows, "rebalances") / rounds) if rounds else "",
        words.megabytes(mean(v.rows, "bytes")),
        compared[0],
        f"{mean(v.rows, 'loss'):.3f}",
        compared[1],
        words.difference(v.beyond_trivial) if v.factor.n else "",
        ratio(by_fgm.estimate) if by_fgm.n else "diverged",
    ]


def figure(variants: list[Variant]) -> Figure:
    """Ratios of bytes, and losses, one line per deviation."""
    shown = [v for v in variants if v.factor.n]
    trivial = mean([row for v in shown for row in v.rows], "baseline_loss")
    figure, axes = figures.panels(2, columns=2, height=1.4 + 0.36 * len(shown))
    labels = [f"{v.side}, {v.label.replace('`', '')}" for v in shown]
    columns = (
        ([v.factor.estimate for v in shown], 1.0),
        ([level(v.rows, "loss") for v in shown], trivial),
    )
    for ax, (column, reference) in zip(axes, columns, strict=True):
        for name, marker, color in (("GM", "D", ORANGE), ("FGM", "P", GREEN)):
            estimates = [
                e if v.side == name else NOTHING for v, e in zip(shown, column, strict=True)
            ]
            figures.dots(ax, labels, estimates, marker, color, label=name, reference=reference)
    figures.titles(axes[0], "bytes", "by the correct protocol's")
    figures.ticks_of_ratios(axes[0], (0.1, 0.3, 1, 3, 10, 30))
    figures.titles(axes[1], "final loss", "test loss")
    axes[1].set_yticklabels([])
    return figure
