"""Is FGM better than GM, than a period, than FDA?  A sentence for each, as the intervals allow."""

from collections.abc import Sequence

from fgm_ref.study.numbers.cases import Cases, clearly, useful, written
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.fewest import NEARLY, Contest, Question, over
from fgm_ref.study.numbers.kits import FULL, Entrant
from fgm_ref.study.numbers.rows import Rows
from fgm_ref.study.numbers.words import UNCLEAR, verdict

FGM, GM, PERIODIC = (Entrant(name, FULL) for name in ("fgm", "gm", "periodic"))
BARE_FGM, FDA = Entrant("fgm"), Entrant("fda-linear")


def sentences(found: Sequence[Contest], fronts: Rows) -> str:
    """One for each rival."""
    return " ".join([than_gm(found), than_a_period(found), than_fda(found, fronts)])


def than_gm(found: Sequence[Contest]) -> str:
    """At equal thresholds and at equal loss, with the same kit."""
    same = over(found, lambda contest: contest.promise(FGM, GM))[0]
    loss = over(found, lambda contest: contest.reach(FGM, GM, NEARLY))[0]
    at_promise = told(found, lambda contest: contest.promise(FGM, GM))
    at_loss = told(found, lambda contest: contest.reach(FGM, GM, NEARLY))
    return (
        f"**Than GM: {yes(same)} at the same promise, {yes(loss)} at the same loss.** With the same kit FGM needs "
        f"{at_promise} of GM's bytes at equal thresholds, and {at_loss} at L*."
    )


def than_a_period(found: Sequence[Contest]) -> str:
    """At equal loss, for a period promises nothing."""
    near, _ = over(found, lambda contest: contest.reach(FGM, PERIODIC, NEARLY))
    return f"**Than a tuned period with the same kit: {yes(near)} at L*.** But a period promises nothing."


def than_fda(found: Sequence[Contest], fronts: Rows) -> str:
    """At equal promise from the first round, at equal loss from this one; both in float32."""
    loss, sets = over(found, lambda contest: contest.reach(BARE_FGM, FDA, NEARLY))
    where = f" on {sets} of {len(found)} sets" if sets < len(found) else ""
    at_loss = told(found, lambda contest: contest.reach(BARE_FGM, FDA, NEARLY))
    head = Cases(fronts).headline if fronts else []
    if not head:
        return f"**Than FDA: {yes(loss)} at the same loss{where}.** FGM / `fda-linear`: {at_loss}."
    same = pooled([case.promise("fgm", "fda-linear") for case in head])[0]
    old = pooled([case.reach("fgm", "fda-linear") for case in useful(head)])[0]
    return (
        f"**Than FDA: {yes(same)} at the same promise, {yes(loss)} at the same loss{where}.** Of `fda-linear`'s bytes "
        f"FGM needs {written(same)} at equal thresholds [{len(head)} sets] and {written(old)} at L* in the first "
        f"round, and {at_loss} at L* with tuned rates, all in float32."
    )


def yes(found: Comparison) -> str:
    """Whether it surely needs fewer bytes, surely more, or neither."""
    if clearly(found) == UNCLEAR:
        return "no clear difference"
    return verdict(found.estimate, "yes", "no", "no clear difference")


def told(found: Sequence[Contest], question: Question) -> str:
    """A pooled ratio in words, and of how many data sets it is the mean."""
    comparison, number = over(found, question)
    text = written(comparison)
    return f"{text} [{number} of {len(found)} sets]" if number else "not reached"
