"""What a practitioner should do, and what to expect of it; and whether a hundredth of the bytes is enough."""

from collections.abc import Sequence
from dataclasses import replace

from fgm_ref.study.numbers.choices import Choice, best, cost, for_a_hundredth, good_enough, nearest
from fgm_ref.study.numbers.compare import pooled
from fgm_ref.study.numbers.fewest import EVERY_STEP, Contest
from fgm_ref.study.numbers.kits import FULL, settings
from fgm_ref.study.numbers.rows import mean
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import difference, listed, megabytes, ratio
from fgm_ref.study.pages.chapter import Table

WANTED = 3
"""On so many data sets a guarantee was hoped for at a hundredth of the bytes."""


def hundredth(found: Sequence[Contest], useful: Sequence[Contest]) -> str:
    """On how many sets some protocol with a guarantee ends at or below averaging after every step."""
    there = [contest.name for contest in found if at_or_below(contest)]
    sure = [contest.name for contest in found if surely_not_above(contest)]
    word = "Yes" if len(there) >= WANTED else "No"
    where = f" ({listed(there)})" if there else ""
    helped = [contest.name for contest in useful if contest.name in there]
    surely = f"{len(sure)} ({listed(sure)})" if sure else "none"
    return (
        f"**{word}: on {len(there)} of {len(found)} data sets{where}; the aim was {WANTED}.** There some protocol with "
        "a guarantee ends at or below the loss of averaging after every step, with at most 1/100 of its bytes. On "
        f"{len(helped)} of them communication helps at all. On {surely} the whole interval of the difference is at or "
        "below 0. The threshold is the best of those that were run, and it was chosen by the same losses."
    )


def at_or_below(contest: Contest) -> bool:
    """Whether the mean is."""
    choice = for_a_hundredth(contest)
    return choice is not None and choice.gap(contest).log <= 0


def surely_not_above(contest: Contest) -> bool:
    """Whether the whole interval is."""
    choice = for_a_hundredth(contest)
    return choice is not None and choice.gap(contest).plain.high <= 0


def hundredths(found: Sequence[Contest]) -> Table:
    """The best with a guarantee at a hundredth of the bytes, a line for each data set."""
    header = [
        "data set",
        "MB of periodic:b=1",
        "best with a guarantee",
        "MB",
        "bytes / periodic:b=1's",
        "final loss − periodic:b=1's",
    ]
    about = (
        "For at most 1/100 of the bytes of averaging after every step (float32, rate tuned), the lowest final loss of "
        "a protocol with a guarantee:"
    )
    return Table(about, header, [line(contest) for contest in found])


def line(contest: Contest) -> list[str]:
    """The cells of one data set."""
    every = megabytes(mean(contest.of(EVERY_STEP), "bytes"))
    choice = for_a_hundredth(contest)
    if choice is None:
        return [contest.name, every, "none", "–", "–", "–"]
    return [
        contest.name,
        every,
        choice.name,
        megabytes(mean(choice.of(contest), "bytes")),
        ratio(choice.share(contest).estimate),
        difference(choice.gap(contest).plain),
    ]


def use(useful: Sequence[Contest]) -> str:
    """Use this protocol, this server, this codec; expect this."""
    promised = best(useful, promised=True)
    cheapest = best(useful, promised=False)
    advised = promised or nearest(useful, promised=True)
    if advised is None:
        return "Nothing can be said yet."
    lines = [
        f"**Use {advised.name}**{radius(advised, useful)}, the outer step {servers(useful)}, the codec `{FULL.codec}`, "
        f"and a seed for the first model. {expected(advised, useful)}"
    ]
    lines += beside(advised, useful)
    if promised is None:
        lines.append(
            "No single setting with a guarantee ends at L* or below on all of these sets; this one comes nearest."
        )
    if cheapest is not None and cheapest != promised:
        lines.append(
            f"If nobody needs a promise: {cheapest.name} with the same kit is the cheapest that ends at L* or below on "
            "all of these sets. "
            f"{expected(cheapest, useful)}"
        )
    elif cheapest is not None:
        lines.append("No period that was run does it for less.")
    return " ".join(lines)


def beside(choice: Choice, useful: Sequence[Contest]) -> list[str]:
    """What FGM does at the same threshold, if it is not what is advised."""
    other = replace(choice, protocol="fgm")
    if choice == other or not all(other.of(contest) for contest in useful):
        return []
    lost = pooled([other.lost(contest) for contest in useful])[0].plain
    above = [contest.name for contest in useful if not good_enough(other, [contest])]
    where = f"above L* on {listed(above)}" if above else "at L* or below on all of these sets too"
    return [
        f"FGM at the same T averages less often: {times(cost(other, useful).estimate)} of those bytes, and "
        f"{difference(lost)}; it ends {where}."
    ]


def expected(choice: Choice, useful: Sequence[Contest]) -> str:
    """What it costs and what it loses."""
    bytes_ = cost(choice, useful).estimate
    lost = pooled([choice.lost(contest) for contest in useful])[0].plain
    worst = max(useful, key=lambda contest: choice.lost(contest).log)
    return (
        f"Expect {times(bytes_)} of the bytes of averaging after every step in float32 [{len(useful)} sets], and a "
        f"final loss that differs from its by {difference(lost)} of what communication brings; at worst by "
        f"{difference(choice.lost(worst).plain)}, on {worst.name}."
    )


def radius(choice: Choice, useful: Sequence[Contest]) -> str:
    """How its radius moves."""
    follows = {row["radius"] for contest in useful for row in choice.of(contest)} == {"lr"}
    return ", its radius in proportion to the learning rate" if follows else ""


def times(e: Estimate) -> str:
    """A small ratio as one by so much.

    >>> times(Estimate(0.01, 0.008, 0.0125, 10))
    '1/100 (1/125–1/80)'
    """
    return f"1/{1 / e.value:.0f} (1/{1 / e.low:.0f}–1/{1 / e.high:.0f})"


def servers(useful: Sequence[Contest]) -> str:
    """The outer steps that the validation part picks, with their data sets if they differ."""
    by_server: dict[str, list[str]] = {}
    for contest in useful:
        server = str(settings(contest.name, FULL)["server"])
        by_server.setdefault(server, []).append(contest.name)
    if len(by_server) == 1:
        return f"`{next(iter(by_server))}`"
    told = [f"`{server}` ({listed(names)})" for server, names in by_server.items()]
    return f"that the validation part picks: {', '.join(told)}"
