"""What the thesis claims, and what our runs say; each row with its number.

Thresholds, batches and sites are swept as there; "GM" is dynamic averaging with balancing, as there, unless a row
says "plain".  The verdicts are those of `verdicts.py`.
"""

from collections.abc import Callable, Iterable, Mapping

from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.paired import difference as paired_difference
from fgm_ref.study.numbers.paired import log_ratio
from fgm_ref.study.numbers.programs import PREFIX
from fgm_ref.study.numbers.rows import Rows, mean, values, where, with_column
from fgm_ref.study.numbers.sweeps import FGM1, FGM2, GM1, GM2, PLAIN, Sweep, Sweeps, price
from fgm_ref.study.numbers.words import difference, ratio, short
from fgm_ref.study.pages.chapter import Table
from fgm_ref.study.pages.chapters.verdicts import (
    CONFIRMED,
    OPEN,
    REFUTED,
    Claim,
    above,
    below,
    every,
    flat,
    negative,
    positive,
    within,
)

Tables = Mapping[str, Rows]
Maker = Callable[[Sweeps, Tables], list[Claim]]
TWO = (GM1, FGM1)
SMALL = 0.005  # no gap in accuracy to speak of


def table(tables: Tables) -> Table:
    """One row for each claim that these tables can say something about."""
    sweeps = Sweeps(tables["sweeps"])
    found = [claim for make in CLAIMS for claim in make(sweeps, tables)]
    return Table(
        "What Balampanis 2020 claims, and what these runs say (ratios with 95 % intervals over paired seeds):",
        ["claim", "ours", "verdict"],
        [list(claim) for claim in found],
    )


def ratios(comparisons: Iterable[Comparison]) -> str:
    """Several in a row."""
    return ", ".join(ratio(c.estimate) for c in comparisons)


def along(sweep: Sweep, what: str) -> list[Comparison]:
    """What becomes of a number from the smallest setting to the largest, GM's and FGM's."""
    return [sweep.along(kind, what) for kind in TWO]


def tenth(sweep: Sweep) -> Rows:
    """FGM's runs at T = 0.1."""
    return where(sweep.rows, protocol="fgm", threshold=0.1)


def accuracy(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claims 1, 10 and 12."""
    score = mean(sweeps.ball.rows, "score")
    trivial = mean(sweeps.ball.rows, "baseline_score")
    norm, cap = tenth(sweeps.ball), tenth(sweeps.cap)
    gain = paired_difference(norm, cap, "score").plain
    return [
        Claim(
            "1. Event stream: accuracy 99.59 % (there: 100 − MSE)",
            f"true accuracy {score:.3f}, without any input {trivial:.3f}",
            REFUTED if score < 0.9 else OPEN,
        ),
        same_accuracy(sweeps),
        Claim(
            "12. The norm is up to 1 % more accurate than the cap",
            f"FGM at equal radius, ball − cap {difference(gain, 4)}",
            positive(gain),
        ),
    ]


def same_accuracy(sweeps: Sweeps) -> Claim:
    """Claim 10."""
    swept = {"T": sweeps.absolute, "batch": sweeps.batch, "sites": sweeps.sites}
    gaps = {}
    for name, sweep in swept.items():
        gap = sweep.gap(FGM1, GM1, "score").plain
        if gap.n:
            gaps[name] = gap
    told = "; ".join(f"{name} {difference(e, 4)}" for name, e in gaps.items())
    small = all(max(-e.low, e.high) < SMALL for e in gaps.values())
    return Claim(
        "10. Accuracy of GM and FGM: no gap on the event stream, at most 0.5 % on text",
        f"event stream, FGM − GM, over {told}",
        CONFIRMED if small else OPEN,
    )


def thresholds(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claims 2, 9 and 11."""
    sweep = sweeps.absolute
    rounds = along(sweep, "rounds")
    traffic = along(sweep, "bytes")
    rises = [sweep.rise(kind, "score").plain for kind in TWO]
    factors = sweep.ratio(GM1, FGM1)
    factor = sweep.trend(GM1, FGM1)
    same_t = log_ratio(tenth(sweeps.cap), tenth(sweep))
    same_r = log_ratio(tenth(sweeps.cap), tenth(sweeps.ball))
    first = f"{sweep.settings[0]:g}"
    last = f"{sweep.settings[-1]:g}"
    return [
        Claim(
            "2a. Rounds and traffic fall as T grows",
            f"T = {last} by T = {first}, GM and FGM: rounds {ratios(rounds)}; bytes {ratios(traffic)}",
            every([below(c) for c in (*rounds, *traffic)]),
        ),
        Claim(
            "2b. Accuracy falls as T grows",
            f"T = {last} minus T = {first}, GM and FGM: {', '.join(difference(e, 4) for e in rises)}",
            every([negative(e) for e in rises]),
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
            f"{ratio(same_r.estimate)}, with a zone that contains the ball's",
            below(same_r),
        ),
    ]


def batches(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claims 3 and 4."""
    sweep = sweeps.batch
    if not sweep.rows:
        return []
    rounds = along(sweep, "rounds")
    traffic = along(sweep, "bytes")
    norm = sweep.ratio(GM1, FGM1)
    cap = sweep.ratio(GM2, FGM2)
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


def text(sweeps: Sweeps, tables: Tables) -> list[Claim]:
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


def sites(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claims 6 to 8."""
    sweep = sweeps.sites
    if not sweep.rows:
        return []
    few, many = sweep.settings[0], sweep.settings[-1]
    total = along(sweep, "rounds")
    each = along(sweeps.lockstep, "rounds")
    kinds = (FGM1, GM1, PLAIN)
    powers = {kind: sweep.exponent(kind, "bytes").plain for kind in kinds}
    factors = sweep.ratio(GM1, FGM1)
    plain = sweep.ratio(PLAIN, FGM1)
    return [
        Claim(
            "6. Rounds fall as the number of sites grows",
            f"{many} sites by {few}, GM and FGM, as much data in all: {ratios(total)}; as much for each site: "
            f"{ratios(each)}",
            every([below(c) for c in total]),
        ),
        Claim(
            "7. FGM's traffic is flat in the number of sites, GM's linear",
            "bytes ∝ k^p, p: " + "; ".join(f"{kind.name} {ratio(e)}" for kind, e in powers.items()),
            flat(powers[FGM1]),
        ),
        Claim(
            "8. FGM gets up to 7 times cheaper as sites are added",
            f"GM / FGM: {ratios(factors[:1])} at {few} sites, {ratios(factors[-1:])} at {many}; plain GM / FGM at "
            f"{many}: {ratios(plain[-1:])}",
            above(sweep.trend(GM1, FGM1)) + " that it grows",
        ),
    ]


def costs(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claims 13 and 14."""
    sweep = sweeps.absolute
    subround = price(where(sweep.rows, protocol="fgm"), "subrounds")
    rebalance = price(where(sweep.rows, protocol="dynamic"), "rebalances")
    numbers = sweep.numbers(FGM1, "bytes")
    deviations = numbers.std(axis=1, ddof=1) / numbers.mean(axis=1)
    spread = 100 * float(deviations.mean())
    return [
        Claim(
            "13. A subround costs bytes, a rebalance thousands of them",
            f"beyond full synchronisations {subround:,.0f} bytes for each subround, {rebalance:,.0f} for each "
            "balancing",
            CONFIRMED if subround < 1000 < rebalance else REFUTED,
        ),
        Claim(
            "14. Each point is a mean of 30 runs",
            f"here {len(sweep.seeds)} seeds along T; the bytes' standard deviation is {spread:.1f} % of their "
            "mean; all runs are in the table",
            OPEN,
        ),
    ]


def rebalancing(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Claim 15."""
    rows = where(tables.get("rebalancing", []), threshold=0.1, kind="run")
    found = {}
    for dataset in values(rows, "dataset"):
        mine = where(rows, protocol="fgm-reb", dataset=dataset)
        plain = where(rows, protocol="fgm", dataset=dataset)
        found[dataset] = log_ratio(mine, plain)
    if not found:
        return []
    told = ", ".join(f"{dataset} {ratio(c.estimate)}" for dataset, c in found.items())
    return [
        Claim(
            "15. Future work: FGM with rebalancing for RNNs is expected to be cheaper",
            f"fgm-reb / fgm, bytes: {told}",
            every([below(c) for c in found.values()]),
        )
    ]


def arithmetic(sweeps: Sweeps, tables: Tables) -> list[Claim]:
    """Whether the published ratio says anything about learning."""
    rows = tables.get("why")
    if not rows:
        return []
    # half a round more: the first model
    rows = with_column(rows, "bytes", lambda row: row["bytes"] / (row["rounds"] + 0.5))
    wrong = where(rows, protocol=f"{PREFIX}GM:inverted=yes,norm=yes")
    right = where(rows, protocol="fgm", safe="ball")
    measured = log_ratio(wrong, right)
    k = values(rows, "sites")[0]
    computed = 1 + 2 * (k - 1) / k
    return [
        Claim(
            "The published ratio is arithmetic: with the inverted test a round of GM costs 1 + 2(k − 1)/k of "
            "FGM's",
            f"computed {short(computed)}; measured {ratio(measured.estimate)}",
            within(measured, 0.9 * computed, 1.1 * computed),
        )
    ]


CLAIMS: tuple[Maker, ...] = (
    accuracy,
    thresholds,
    batches,
    text,
    sites,
    costs,
    rebalancing,
    arithmetic,
)
