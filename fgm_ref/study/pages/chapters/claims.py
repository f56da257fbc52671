"""What the thesis claims, and what our runs say: confirmed, refuted, or not decidable; each row with its number.

Thresholds, batches and sites are swept as there; "GM" is dynamic averaging with balancing, as there, unless a row
says "plain".  A claim about a direction is confirmed if the whole interval lies on its side, refuted if it lies on the
other, and otherwise not decidable with these seeds.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from fgm_ref.study.numbers.compare import Comparison, over_seeds
from fgm_ref.study.numbers.rows import Rows, mean, values, where
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.sweeps import (
    FGM1,
    FGM2,
    GM1,
    GM2,
    PLAIN,
    Sweep,
    Sweeps,
    paired,
    quotient,
)
from fgm_ref.study.numbers.words import difference, ratio, short
from fgm_ref.study.pages.chapter import Table

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "not decidable"


class Claim(NamedTuple):
    """A claim, our measurement in words, and what follows."""

    text: str
    ours: str
    verdict: str


def below(c: Comparison, limit: float = 1.0) -> str:
    """The verdict on "the ratio is below the limit"."""
    e = c.estimate
    return CONFIRMED if e.high < limit else REFUTED if e.low > limit else OPEN


def above(c: Comparison, limit: float = 1.0) -> str:
    """The verdict on "the ratio is above the limit"."""
    return {CONFIRMED: REFUTED, REFUTED: CONFIRMED, OPEN: OPEN}[below(c, limit)]


def every(verdicts: list[str]) -> str:
    """Confirmed if all are, refuted if one is.

    >>> every(["confirmed", "not decidable"]), every(["confirmed", "refuted"]), every([])
    ('not decidable', 'refuted', 'not decidable')
    """
    if REFUTED in verdicts:
        return REFUTED
    return CONFIRMED if verdicts and set(verdicts) == {CONFIRMED} else OPEN


def within(c: Comparison, low: float, high: float) -> str:
    """The verdict on "the ratio is about so much": inside, outside, or astride."""
    e = c.estimate
    return (
        CONFIRMED
        if low <= e.low and e.high <= high
        else REFUTED
        if e.high < low or e.low > high
        else OPEN
    )


def table(tables: Mapping[str, Rows]) -> Table:
    """One row for each claim that these tables can say something about."""
    sweeps = Sweeps(tables["sweeps"])
    found = [claim for make in CLAIMS for claim in make(sweeps, tables)]
    return Table(
        "What the thesis claims, and what these runs say (ratios with 95 % intervals over paired seeds):",
        ["claim", "ours", "verdict"],
        [list(claim) for claim in found],
    )


Maker = Callable[[Sweeps, Mapping[str, Rows]], list[Claim]]
TWO = (GM1, FGM1)


def ratios(comparisons: Iterable[Comparison]) -> str:
    """Several in a row."""
    return ", ".join(ratio(c.estimate) for c in comparisons)


def accuracy(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claims 1, 10 and 12."""
    score, trivial = mean(sweeps.ball.rows, "score"), mean(sweeps.ball.rows, "baseline_score")
    swept = {"T": sweeps.absolute, "batch": sweeps.batch, "sites": sweeps.sites}
    gaps = {name: sweep.gap(FGM1, GM1, "score").plain for name, sweep in swept.items()}
    gap = "; ".join(f"{name} {difference(e, 4)}" for name, e in gaps.items() if e.n)
    small = all(abs(end) < 0.005 for e in gaps.values() if e.n for end in (e.low, e.high))
    gain = over_seeds(
        np.subtract(*paired(tenth(sweeps.ball), tenth(sweeps.cap), lambda row: row["score"]))
    ).plain
    return [
        Claim(
            "1. Event stream: accuracy 99.59 % (there: 100 − MSE)",
            f"true accuracy {score:.3f}, without any input {trivial:.3f}",
            REFUTED if score < 0.9 else OPEN,
        ),
        Claim(
            "10. Accuracy of GM and FGM: no gap on the event stream, at most 0.5 % on text",
            f"event stream, FGM − GM, over {gap}",
            CONFIRMED if small else OPEN,
        ),
        Claim(
            "12. The norm is up to 1 % more accurate than the cap",
            f"FGM at equal radius, ball − cap {difference(gain, 4)}",
            positive(gain),
        ),
    ]


def positive(e: Estimate) -> str:
    """The verdict on "the difference is above 0"."""
    return CONFIRMED if e.low > 0 else REFUTED if e.high < 0 else OPEN


def tenth(sweep: Sweep) -> Rows:
    """FGM's runs at T = 0.1."""
    return where(sweep.rows, protocol="fgm", threshold=0.1)


def thresholds(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claims 2, 9 and 11."""
    sweep = sweeps.absolute
    rounds, traffic = ([sweep.along(kind, what) for kind in TWO] for what in ("rounds", "bytes"))
    scores = [sweep.numbers(kind, "score") for kind in TWO]
    rises = [over_seeds(x[-1] - x[0]).plain for x in scores]
    factors, factor = sweep.ratio(GM1, FGM1), sweep.trend(GM1, FGM1)
    same_t, same_r = (quotient(tenth(sweeps.cap), tenth(other)) for other in (sweep, sweeps.ball))
    first, last = (f"{t:g}" for t in (sweep.settings[0], sweep.settings[-1]))
    return [
        Claim(
            "2a. Rounds and traffic fall as T grows",
            f"T = {last} by T = {first}, GM and FGM: rounds {ratios(rounds)}; bytes {ratios(traffic)}",
            every([below(c) for c in (*rounds, *traffic)]),
        ),
        Claim(
            "2b. Accuracy falls as T grows",
            f"T = {last} minus T = {first}, GM and FGM: {', '.join(difference(e, 4) for e in rises)}",
            every(
                [
                    OPEN if e.low <= 0 <= e.high else CONFIRMED if e.high < 0 else REFUTED
                    for e in rises
                ]
            ),
        ),
        Claim(
            "9. GM / FGM is larger at T = 0.1 (5.3) than at 0.5 (4.6)",
            f"{ratios(factors[:1])} at T = {first}, {ratios(factors[-1:])} at {last}; quotient "
            f"{ratio(factor.estimate)}",
            below(factor),
        ),
        Claim(
            "11. The cap is up to 42 % (over sites 56 %) cheaper than the norm",
            f"FGM, cap / ball: at equal nominal T {ratio(same_t.estimate)}; at equal radius "
            f"{ratio(same_r.estimate)}, with "
            "a zone that contains the ball's",
            below(same_r),
        ),
    ]


def batches(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claims 3 and 4."""
    sweep = sweeps.batch
    if not sweep.rows:
        return []
    rounds, traffic = ([sweep.along(kind, what) for kind in TWO] for what in ("rounds", "bytes"))
    norm, cap = sweep.ratio(GM1, FGM1), sweep.ratio(GM2, FGM2)
    sizes = ", ".join(map(str, sweep.settings))
    return [
        Claim(
            "3. Rounds and traffic fall as the batch grows",
            f"as many samples, largest batch by smallest, GM and FGM: rounds {ratios(rounds)}; bytes "
            f"{ratios(traffic)}",
            every([below(c) for c in (*rounds, *traffic)]),
        ),
        Claim(
            "4. Event stream, over batches: FGM 3.5 times cheaper",
            f"batches of {sizes}, GM / FGM: norm {ratios(norm)}; cap {ratios(cap)}",
            every([above(c) for c in norm]) + " that it is cheaper",
        ),
    ]


def text(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claim 5."""
    found = sweeps.text.ratio(GM1, FGM1)
    if not found:
        return []
    ts = ", ".join(f"{t:g}" for t in sweeps.text.settings)
    return [
        Claim(
            "5. Text: FGM twice as cheap",
            f"GM / FGM, norm, T = {ts}: {ratios(found)}",
            every([above(c) for c in found]) + " that it is cheaper",
        )
    ]


def sites(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claims 6 to 8."""
    total, each = sweeps.sites, sweeps.lockstep
    if not total.rows:
        return []
    falls, alone = ([sweep.along(kind, "rounds") for kind in TWO] for sweep in (total, each))
    powers = {kind: total.exponent(kind, "bytes").plain for kind in (FGM1, GM1, PLAIN)}
    factors, trend = total.ratio(GM1, FGM1), total.trend(GM1, FGM1)
    few, many = total.settings[0], total.settings[-1]
    flat = powers[FGM1]
    return [
        Claim(
            "6. Rounds fall as the number of sites grows",
            f"{many} sites by {few}, GM and FGM, as much data in all: {ratios(falls)}; as much for each site: "
            f"{ratios(alone)}",
            every([below(c) for c in falls]),
        ),
        Claim(
            "7. FGM's traffic is flat in the number of sites, GM's linear",
            "bytes ∝ k^p, p: " + "; ".join(f"{kind.name} {ratio(e)}" for kind, e in powers.items()),
            CONFIRMED
            if max(-flat.low, flat.high) < 0.1
            else REFUTED
            if abs(flat.value) > 0.1
            else OPEN,
        ),
        Claim(
            "8. FGM gets up to 7 times cheaper as sites are added",
            f"GM / FGM: {ratios(factors[:1])} at {few} sites, {ratios(factors[-1:])} at {many}; plain GM / FGM at "
            f"{many}: "
            f"{ratios(total.ratio(PLAIN, FGM1)[-1:])}",
            above(trend) + " that it grows",
        ),
    ]


def costs(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Claims 13 to 15."""
    sweep = sweeps.absolute
    subround = price(where(sweep.rows, protocol="fgm"), "subrounds")
    rebalance = price(where(sweep.rows, protocol="dynamic"), "rebalances")
    numbers = sweep.numbers(FGM1, "bytes")
    spread = 100 * float((numbers.std(axis=1, ddof=1) / numbers.mean(axis=1)).mean())
    claims = [
        Claim(
            "13. A subround costs bytes, a rebalance thousands of them",
            f"beyond full synchronisations {subround:,.0f} bytes for each subround, {rebalance:,.0f} for each "
            "balancing",
            CONFIRMED if subround < 1000 < rebalance else REFUTED,
        ),
        Claim(
            "14. Each point is a mean of 30 runs",
            f"here {len(values(sweep.rows, 'seed'))} seeds along T; the bytes' standard deviation is {spread:.1f} % "
            "of their "
            "mean; all runs are in the table",
            OPEN,
        ),
    ]
    rows = where(tables.get("rebalancing", []), threshold=0.1, kind="run")
    pairs = {
        d: quotient(
            where(rows, protocol="fgm-reb", dataset=d), where(rows, protocol="fgm", dataset=d)
        )
        for d in values(rows, "dataset")
    }
    if pairs:
        told = ", ".join(f"{d} {ratio(c.estimate)}" for d, c in pairs.items())
        claims.append(
            Claim(
                "15. Future work: FGM with rebalancing for RNNs is expected to be cheaper",
                f"fgm-reb / fgm, bytes: {told}",
                every([below(c) for c in pairs.values()]),
            )
        )
    return claims


def price(rows: Rows, what: str) -> float:
    """Bytes of an event: what is left of all bytes when full synchronisations are taken away, by their number."""
    # the first model goes down only
    rest = [
        row["bytes"] - 4 * row["parameters"] * row["sites"] * (1 + 2 * row["rounds"])
        for row in rows
    ]
    return float(sum(rest) / max(1, sum(row[what] for row in rows)))


def arithmetic(sweeps: Sweeps, tables: Mapping[str, Rows]) -> list[Claim]:
    """Whether the published ratio says anything about learning."""
    rows = tables.get("why")
    if not rows:
        return []
    wrong = where(rows, protocol="fgm_ref.study.deviations:GM:inverted=yes,norm=yes")
    right = where(rows, protocol="fgm", safe="ball")
    k = values(rows, "sites")[0]
    computed = 1 + 2 * (k - 1) / k
    measured = quotient(
        wrong, right, lambda row: row["bytes"] / (row["rounds"] + 0.5)
    )  # half a round: the first model
    return [
        Claim(
            "The published ratio is arithmetic: with the inverted test a round of GM costs 1 + 2(k − 1)/k of "
            "FGM's",
            f"computed {short(computed)}; measured {ratio(measured.estimate)}",
            within(measured, 0.9 * computed, 1.1 * computed),
        )
    ]


CLAIMS: tuple[Maker, ...] = (accuracy, thresholds, batches, text, sites, costs, arithmetic)
