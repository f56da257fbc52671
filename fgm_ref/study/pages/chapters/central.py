"""Why training in one place, with all samples, can end above averaging: its rate, and what it learns by heart."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fgm_ref.study.numbers.cases import Case, Cases
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.curves import mean_curve
from fgm_ref.study.numbers.paired import difference
from fgm_ref.study.numbers.rates import Course, Line, Rates
from fgm_ref.study.numbers.rows import Rows, mean, where
from fgm_ref.study.numbers.words import listed, side, told_difference
from fgm_ref.study.pages.chapter import Table

CENTRAL, EVERY = Line("central"), Line("periodic:b=1")
BY_HEART = 0.02
"""A model has learnt by heart if its loss rose again by more than this share of what it had learnt."""


class Place(NamedTuple):
    """`central` on one data set, beside averaging after every step."""

    dataset: str
    before: Comparison
    """The first round's difference of test losses, as a share of what averaging learnt."""
    tuned: Comparison
    """The same on the validation part, each at its own best rate."""
    rate: float
    smallest: bool
    way: tuple[float, float]
    """The lowest loss on the way, and the final one."""
    averaging: tuple[float, float]
    """Those of averaging after every step, at its best rate."""
    learnt: float

    @property
    def by_heart(self) -> bool:
        """Whether it unlearns, at its own best rate."""
        lowest, final = self.way
        return final - lowest > BY_HEART * self.learnt


def places(rates: Rates, courses: Sequence[Course], fronts: Rows) -> list[Place]:
    """One for each data set that was run."""
    old = {case.name: case for case in Cases(fronts).headline} if fronts else {}
    found = []
    for course in courses:
        rows = rates.best(course, CENTRAL)
        if rows and rates.best(course, EVERY):
            found.append(place(rates, course, rows, old.get(course.dataset)))
    return found


def place(rates: Rates, course: Course, rows: Rows, old: Case | None) -> Place:
    """The numbers of one data set."""
    (all_rates,) = rates.of(course, CENTRAL)
    return Place(
        dataset=course.dataset,
        before=first_round(old) if old else Comparison(np.nan, np.full(1, np.nan), 0),
        tuned=rates.apart(course, CENTRAL, EVERY),
        rate=float(rows[0]["lr"]),
        smallest=rows[0]["lr"] == min(row["lr"] for row in all_rates),
        way=way(rows),
        averaging=way(rates.best(course, EVERY)),
        learnt=mean(rows, "baseline_loss") - way(rows)[0],
    )


def way(rows: Rows) -> tuple[float, float]:
    """The lowest of the mean losses on the way, and the last one."""
    shape = mean_curve(rows, "loss")
    return float(np.nanmin(shape)), float(shape[-1])


def first_round(case: Case) -> Comparison:
    """central − periodic:b=1, as a share of what the latter learnt."""
    gap = difference(
        where(case.rows, protocol="central"), where(case.rows, protocol="periodic:b=1"), by=()
    )
    learnt = mean(case.rows, "baseline_loss") - case.level("periodic:b=1", "loss")
    return Comparison(gap.log / learnt, gap.draws / learnt, gap.n)


def sentences(found: Sequence[Place]) -> list[str]:
    """Where it lost in the first round, and what becomes of that."""
    lost = [one for one in found if one.before.n and one.before.plain.low > 0]
    if not lost:
        return []
    told = ". ".join(explained(one) for one in lost)
    return [
        "In the first round `central`, which has all samples in one place, ended above averaging after every step on "
        f"{listed([one.dataset for one in lost])}. {told}."
    ]


def explained(one: Place) -> str:
    """What becomes of it at its own best rate, and why."""
    word = side(one.tuned.plain, "ends below", "still ends above", "is not to be told from")
    edge = ", the smallest that was run" if one.smallest else ""
    text = (
        f"On {one.dataset} ({told_difference(one.before.plain)} of what is learnt) it {word} averaging once both have "
        f"their own best rates ({told_difference(one.tuned.plain)}; its own is {one.rate:g}{edge})"
    )
    if one.by_heart:
        (lowest, final), (least, last) = one.way, one.averaging
        return text + (
            f", and learns by heart: its loss rises from {lowest:.3f} on the way to {final:.3f}, that of averaging "
            f"from {least:.3f} to {last:.3f}"
        )
    return text if one.tuned.plain.low > 0 else text + ", so that it was the rate"


def table(found: Sequence[Place]) -> Table:
    """One line for each data set."""
    body = [
        [
            one.dataset,
            told_difference(one.before.plain) if one.before.n else "–",
            told_difference(one.tuned.plain),
            f"{one.rate:g}{'↓' if one.smallest else ''}",
            *(f"{loss:.3f}" for loss in one.way),
        ]
        for one in found
    ]
    about = (
        "`central` beside averaging after every step: difference of the loss as a share of what is learnt, first round "
        "(test part) and at own best rates (validation part); and how its loss goes there (↓: the smallest rate run):"
    )
    header = [
        "data set",
        "first round",
        "rates tuned",
        "central's rate",
        "lowest loss",
        "final loss",
    ]
    return Table(about, header, body)
