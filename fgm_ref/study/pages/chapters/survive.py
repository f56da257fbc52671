"""The first round's claims, made again with tuned rates and long runs: which of them survive?"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fgm_ref.study.numbers.cases import Case as Old
from fgm_ref.study.numbers.cases import Cases, clearly, useful, written
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.fewest import NEARLY, TUNED_PERIOD, Contest, contests
from fgm_ref.study.numbers.kits import Entrant
from fgm_ref.study.numbers.picks import helped
from fgm_ref.study.numbers.rows import Rows
from fgm_ref.study.numbers.words import UNCLEAR, listed, verdict
from fgm_ref.study.pages.chapter import Table

FGM, GM, FDA = Entrant("fgm"), Entrant("gm"), Entrant("fda-linear")
FEWER, MORE, NEITHER = "fewer bytes", "more bytes", "no clear difference"


class Claim(NamedTuple):
    """A claim, and its number in both rounds."""

    text: str
    old: Callable[[Old], Comparison]
    new: Callable[[Contest], Comparison]
    at_loss: bool = True


CLAIMS = (
    Claim(
        "FGM against GM, equal thresholds",
        lambda case: case.promise("fgm", "gm"),
        lambda contest: contest.promise(FGM, GM),
        at_loss=False,
    ),
    Claim(
        "FGM against GM, final loss",
        lambda case: case.reach("fgm", "gm"),
        lambda contest: contest.reach(FGM, GM, NEARLY),
    ),
    Claim(
        "FGM against a tuned period, final loss",
        lambda case: case.reach("fgm", "periodic"),
        lambda contest: contest.reach(FGM, TUNED_PERIOD, NEARLY),
    ),
    Claim(
        "FGM against a tuned period, loss of E over time",
        lambda case: case.reach("fgm", "periodic", "served_mean"),
        lambda contest: contest.reach(FGM, TUNED_PERIOD, NEARLY, "served_mean"),
    ),
    Claim(
        "FGM against FDA-linear, final loss",
        lambda case: case.reach("fgm", "fda-linear"),
        lambda contest: contest.reach(FGM, FDA, NEARLY),
    ),
)


class Told(NamedTuple):
    """A claim with both numbers."""

    claim: Claim
    old: Comparison
    old_sets: int
    new: Comparison
    new_sets: int

    @property
    def says(self) -> tuple[str, str]:
        """What may be said of it in each round."""
        return said(self.old), said(self.new)

    @property
    def survives(self) -> bool:
        """Whether both rounds say the same."""
        before, after = self.says
        return before == after


def made_again(fewest: Rows, fronts: Rows, rates: Rows) -> list[Told]:
    """All claims, in float32 and without an outer step."""
    if not fewest or not fronts:
        return []
    old = Cases(fronts).headline
    new = contests(fewest)
    names = helped(rates, [contest.name for contest in new])
    kept = [contest for contest in new if contest.name in names]
    return [
        judged(claim, useful(old), kept) if claim.at_loss else judged(claim, old, new)
        for claim in CLAIMS
    ]


def judged(claim: Claim, old: Sequence[Old], new: Sequence[Contest]) -> Told:
    """One of them, on these data sets."""
    before, old_sets = pooled([claim.old(case) for case in old])
    after, new_sets = pooled([claim.new(contest) for contest in new])
    return Told(claim, before, old_sets, after, new_sets)


def said(found: Comparison) -> str:
    """Fewer bytes, more, or neither."""
    if clearly(found) == UNCLEAR:
        return NEITHER
    return verdict(found.estimate, FEWER, MORE, NEITHER)


def tables(fewest: Rows, fronts: Rows, rates: Rows) -> list[Table]:
    """One line for each claim."""
    found = made_again(fewest, fronts, rates)
    if not found:
        return []
    body = [
        [
            told.claim.text,
            f"{written(told.old)} [{told.old_sets} sets]",
            told.says[0],
            f"{written(told.new)} [{told.new_sets} sets]",
            told.says[1],
            "survives" if told.survives else "does not",
        ]
        for told in found
    ]
    about = "The first round's claims made again, FGM's bytes by the other's, float32 and no outer step:"
    header = ["claim", "first round", "FGM needs", "tuned rates, long runs", "FGM needs", "so it"]
    return [Table(about, header, body)]


def sentences(fewest: Rows, fronts: Rows, rates: Rows) -> list[str]:
    """Which claims survive."""
    found = made_again(fewest, fronts, rates)
    if not found:
        return []
    dead = [
        f"{told.claim.text} ({told.says[0]} before, {told.says[1]} now)"
        for told in found
        if not told.survives
    ]
    does = "This one does not" if len(dead) == 1 else "These do not"
    fallen = f" {does}: {listed(dead)}." if dead else ""
    return [
        f"Of {len(found)} claims of the first round about FGM's bytes, made again with tuned rates, "
        f"{len(found) - len(dead)} stand.{fallen}"
    ]
