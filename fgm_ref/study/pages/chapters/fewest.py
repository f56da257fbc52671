"""Everything together: how few bytes does it take to end at a stated loss, and what of that is FGM's doing?"""

from collections.abc import Sequence
from math import isnan

from fgm_ref.study.numbers.cases import clearly, written
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.curves import REST
from fgm_ref.study.numbers.fewest import (
    ALONE,
    BEST,
    EVERY_STEP,
    NEARLY,
    TUNED_PERIOD,
    Contest,
    Question,
    contests,
    over,
)
from fgm_ref.study.numbers.kits import BARE, FULL, OUTER, Entrant, settings
from fgm_ref.study.numbers.picks import HELPS, helped
from fgm_ref.study.numbers.rates import MEAN
from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.words import SURE, difference, listed
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table
from fgm_ref.study.pages.chapters import advice, fewest_drawn
from fgm_ref.study.pages.chapters.better import sentences, told

NEEDS = ("rates", "fronts")
"""The other tables that the chapter is made from."""

FGM, GM, PERIODIC, PROBE = (Entrant(name, FULL) for name in ("fgm", "gm", "periodic", "fgm-probe"))
GOALS = {NEARLY: "L*", BEST: "the loss of averaging after every step"}
LOSSES = {"loss": "final loss", "served_mean": "loss of E over time"}
SIZES = {"bytes": "payload", "tcp_bytes": "with headers as in TCP", REST: "without the first model"}
EIGHTH, FIFTH = 1 / 8, 1 / 5
NOTE = (
    "L* lies 90 % of the way from the loss of sites that never speak to that of averaging after every step in float32, "
    "at its own tuned rate; the second goal is that loss itself. Both are resampled along with the seeds. Tuned: the "
    "best of all periods at each loss, and the rate that the validation part picks. All: the outer step that the "
    "validation part picks, at its own rate, `ternary+ef`, and a seed for the first model. A star: some resamples do "
    "not reach the loss, and the share of those that do. ≤, ≥: the cheapest setting of one of the two is good enough "
    "already, so the ratio is a bound; ≈: of both. A setting that synchronises once is no bound: nothing is cheaper."
)


def chapter(rows: Rows, rates: Rows, fronts: Rows) -> Chapter:
    """The second round's first chapter."""
    found = contests(rows)
    names = helped(rates, [contest.name for contest in found])
    useful = [contest for contest in found if contest.name in names]
    return Chapter(
        "The fewest bytes",
        findings(found, useful),
        [Picture("fewest-fronts", fewest_drawn.fronts(found), fewest_drawn.FRONTS)],
        [
            levels(found, useful),
            *(at_goal(found, useful, goal) for goal in GOALS),
            of_itself(found, useful),
            counted(useful),
            advice.hundredths(found),
            outer_alone(found),
        ],
        notes=[NOTE],
        digest=[
            Answer(
                "How few bytes does it take to end at the same loss?",
                fewest(useful),
                Picture("fewest", fewest_drawn.forest(useful), fewest_drawn.FOREST),
            ),
            Answer("How much of that is FGM's doing?", brought(useful)),
            Answer("Is FGM better than GM, than a period, than FDA?", sentences(useful, fronts)),
            Answer(
                "Is a promise to be had for a hundredth of the bytes?",
                advice.hundredth(found, useful),
            ),
            Answer("What should one use?", advice.use(useful)),
        ],
    )


def reach(
    a: Entrant, b: Entrant, goal: str = NEARLY, loss: str = "loss", size: str = "bytes"
) -> Question:
    """The question: a's bytes by b's at a stated loss."""
    return lambda contest: contest.reach(a, b, goal, loss, size)


def fewest(useful: Sequence[Contest]) -> str:
    """Against averaging in float32 with everything tuned, and whether the hope was fulfilled."""
    ratios = [told(useful, reach(FGM, TUNED_PERIOD, goal)) for goal in GOALS]
    found = [over(useful, reach(FGM, TUNED_PERIOD, goal))[0] for goal in GOALS]
    served = told(useful, reach(FGM, TUNED_PERIOD, NEARLY, "served_mean"))
    return (
        f"**The aim was at most 1/8, with the whole interval below 1/5. At L*: {hope(found[0])}. At the loss of "
        f"averaging after every step: {hope(found[1])}.** FGM with its kit needs this share of the bytes of periodic "
        f"averaging in float32, whose period and learning rate are tuned: {ratios[0]} at L*, {ratios[1]} at the loss "
        f"of averaging after every step, {served} at L* for the served model over time. {pooling(useful)}"
    )


def hope(found: Comparison) -> str:
    """Whether the ratio is at most an eighth, and its interval below a fifth."""
    e = found.estimate
    if not e.value <= EIGHTH:
        return "missed" if e.low > EIGHTH else "not met"
    if e.high < FIFTH and e.reached > SURE and found.bound in ("", "≤"):
        return "met"
    return "met by the estimate only"


def pooling(useful: Sequence[Contest]) -> str:
    """Which data sets are pooled, by the rule that was fixed beforehand."""
    names = listed([contest.name for contest in useful])
    return (
        "Pooled are the data sets on which communication helps: sites that never speak lose more than "
        f"{100 * HELPS:.0f} % of what is learnt, on the validation part ({names})."
    )


def brought(useful: Sequence[Contest]) -> str:
    """What FGM brings beside a period with the same kit."""
    same = [told(useful, reach(FGM, PERIODIC, goal)) for goal in GOALS]
    near, _ = over(useful, reach(FGM, PERIODIC))
    served = told(useful, reach(FGM, PERIODIC, NEARLY, "served_mean"))
    kit = told(useful, reach(PERIODIC, TUNED_PERIOD))
    return (
        f"**Beside periodic averaging with the same kit: {clearly(near)} at L*.** Give periodic averaging the same "
        f"kit, and tune its period and rate too. FGM then needs {same[0]} of its bytes at L*, {same[1]} at the loss of "
        f"averaging after every step, and {served} at L* for the served model over time. The kit does the rest: with "
        f"it a tuned period needs {kit} of the bytes of one without it."
    )


def findings(found: Sequence[Contest], useful: Sequence[Contest]) -> list[str]:
    """What stands at the chapter's head."""
    left_out = [contest.name for contest in found if contest not in useful]
    not_pooled = [f"Not pooled: {listed(left_out)}."] if left_out else []
    bare = told(useful, reach(Entrant("fgm", BARE), TUNED_PERIOD))
    gm = told(useful, reach(FGM, GM))
    probe = told(useful, reach(PROBE, FGM))
    return [
        pooling(useful),
        *not_pooled,
        f"FGM's bytes by those of a tuned period at L*, both in float32 and without an outer step: {bare}. With all of "
        f"it FGM / GM is {gm}, `fgm-probe` / FGM {probe}.",
    ]


def levels(found: Sequence[Contest], useful: Sequence[Contest]) -> Table:
    """The losses between which all happens."""
    outer = Entrant("periodic:b=1", OUTER)
    body = []
    for contest in found:
        numbers = [
            mean(contest.rows, "baseline_loss"),
            contest.level(ALONE),
            contest.level(Entrant("central")),
            contest.level(EVERY_STEP),
            contest.level(outer),
            contest.stated(NEARLY),
        ]
        cells = ["–" if isnan(n) else f"{n:.3f}" for n in numbers]
        body.append([contest.name, *cells, str(len(contest.seeds))])
    header = [
        "data set",
        "trivial",
        "local",
        "central",
        "periodic:b=1",
        "the same, outer step",
        "L*",
        "seeds",
    ]
    return Table("Final test losses at tuned rates, float32:", header, body)


def at_goal(found: Sequence[Contest], useful: Sequence[Contest], goal: str) -> Table:
    """Bytes by those of tuned averaging."""
    entrants = [Entrant("fgm"), PERIODIC, GM, FGM, PROBE]
    header = ["data set", "fgm, bare", *(f"{entrant.protocol}, all" for entrant in entrants[1:])]
    questions = [reach(entrant, TUNED_PERIOD, goal) for entrant in entrants]
    about = (
        f"Bytes by those of periodic averaging, float32, period and rate tuned, at {GOALS[goal]}:"
    )
    return Table(about, header, ratios(found, useful, questions))


def of_itself(found: Sequence[Contest], useful: Sequence[Contest]) -> Table:
    """Bytes by those of others with the same kit."""
    fda = Entrant("fda-linear")
    questions = {
        "fgm / periodic, all, L*": reach(FGM, PERIODIC),
        "at the loss of periodic:b=1": reach(FGM, PERIODIC, BEST),
        "E over time": reach(FGM, PERIODIC, NEARLY, "served_mean"),
        "fgm / gm, all, L*": reach(FGM, GM),
        "at equal thresholds": lambda contest: contest.promise(FGM, GM),
        "fgm / fda-linear, bare, L*": reach(Entrant("fgm"), fda),
    }
    about = "What FGM brings beside others with the same server, codec and start (bytes):"
    body = ratios(found, useful, [*questions.values()])
    return Table(about, ["data set", *questions], body)


def ratios(
    found: Sequence[Contest], useful: Sequence[Contest], questions: Sequence[Question]
) -> list[list[str]]:
    """A line for each data set, and one for those that are pooled."""
    body = [[contest.name, *(written(q(contest)) for q in questions)] for contest in found]
    return [*body, ["pooled", *(told(useful, question) for question in questions)]]


def counted(useful: Sequence[Contest]) -> Table:
    """The pooled ratios by what is counted as a byte."""
    pairs = {"fgm, all / tuned periodic": TUNED_PERIOD, "fgm / periodic, both all": PERIODIC}
    kinds = [
        (name, rival, goal, loss)
        for name, rival in pairs.items()
        for goal, loss in ((NEARLY, "loss"), (BEST, "loss"), (NEARLY, "served_mean"))
    ]
    names = {(NEARLY, "loss"): "L*", (BEST, "loss"): "periodic:b=1's", (NEARLY, "served_mean"): "E"}
    body = [
        [title, *(told(useful, reach(FGM, b, goal, loss, size)) for _, b, goal, loss in kinds)]
        for size, title in SIZES.items()
    ]
    header = ["bytes", *(f"{name}: {names[goal, loss]}" for name, _, goal, loss in kinds)]
    return Table(
        "The pooled ratios by what is counted (E: L* of the loss over time):", header, body
    )


def outer_alone(found: Sequence[Contest]) -> Table:
    """The outer step without anything else: does its gain need any distribution?"""
    names = values(
        [row for contest in found for row in contest.of(Entrant("central", OUTER))], "protocol"
    )
    protocols = [*names, "periodic:b=1", "periodic:b=13", "periodic:b=61", "gm", "fgm"]
    body = [
        [contest.name, *(outer_gain(contest, protocol) for protocol in protocols)]
        for contest in found
    ]
    about = (
        "What the outer step does by itself: final loss with it minus that without, each at its own tuned rate, "
        "float32:"
    )
    return Table(about, ["data set", *protocols], body)


def outer_gain(contest: Contest, protocol: str) -> str:
    """The change of the final loss, or that the outer step that was picked is the mean."""
    if settings(contest.name, OUTER)["server"] == MEAN:
        return "mean picked"
    gap = contest.gap(Entrant(protocol, OUTER), Entrant(protocol, BARE))
    return difference(gap.plain) if gap.n else "–"
