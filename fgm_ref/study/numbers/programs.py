"""The runs of the experiment on a published program, by what was switched on, and ratios of their bytes."""

from dataclasses import dataclass

import numpy as np

from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.paired import difference, log_ratio
from fgm_ref.study.numbers.rows import Row, Rows, where, with_column
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.transport.messages import WORD

PREFIX = "fgm_ref.study.deviations:"
ALL = "all of them"
CORRECT, CAP, UNBALANCED = "correct", "correct, `cap`", "no balancing"


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
        trivial = with_column(self.rows, "loss", lambda row: row["baseline_loss"])
        return difference(self.rows, trivial).plain

    @property
    def name(self) -> str:
        """The label, and how many runs diverged."""
        name = f"{self.side}, {self.label}"
        lost = sum(bool(row["stopped"]) for row in self.rows)
        if lost:
            name += f" ({lost} of {len(self.rows)} diverged)"
        return name


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
        gm = self.correct("dynamic")
        fgm = self.correct("fgm")
        cap = self.correct("fgm", "cap")
        found = [
            Variant(CORRECT, "GM", gm, gm),
            Variant(UNBALANCED, "GM", self.correct("gm"), gm),
            *self.deviating("GM", gm),
            Variant(CORRECT, "FGM", fgm, fgm),
            Variant(CAP, "FGM", cap, fgm),
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
        for variant in self.variants:
            if (variant.side, variant.label) == (side, label):
                return variant
        return None

    def gm_by_fgm(self, variant: Variant) -> Comparison:
        """GM/FGM with this deviation in one of the two; the other is correct, and has the safe function `ball`."""
        if variant.side == "GM":
            return log_ratio(variant.rows, self.correct("fgm"))
        return log_ratio(self.correct("dynamic"), variant.rows)

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
    if not switches:
        return ALL
    return " + ".join(switch.partition("=")[0] for switch in switches.split(","))


def factors(program: Program) -> list[tuple[str, Comparison]]:
    """What the published ratio is a product of, exactly: correct · safe function · GM's deviations · FGM's."""
    gm = program.find("GM", ALL)
    fgm = program.find("FGM", ALL)
    cap = program.find("FGM", CAP)
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
    gm = program.find("GM", ALL)
    fgm = program.find("FGM", ALL)
    return log_ratio(gm.rows, fgm.rows) if gm and fgm else None


def per_round(rows: Rows) -> Rows:
    """The same runs with the bytes of one round, without the first model."""

    def number(row: Row) -> float:
        if not row["rounds"]:
            return np.nan
        first = WORD * row["parameters"] * row["sites"]
        return float((row["bytes"] - first) / row["rounds"])

    return with_column(rows, "bytes", number)
