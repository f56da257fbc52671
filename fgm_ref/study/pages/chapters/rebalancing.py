"""Does rebalancing pay?  Each rebalancer against the protocol without it, also where drifts cancel."""

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import pooled
from fgm_ref.study.numbers.paired import level
from fgm_ref.study.numbers.rebalancers import (
    CANCELLATION,
    PAIRS,
    ROOM,
    Case,
    Trial,
    cancellations,
    cases_of,
    trials_of,
)
from fgm_ref.study.numbers.rows import Rows, mean, where
from fgm_ref.study.numbers.words import bold, listed, ratio, short, told
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILLION

COLORS = {
    "gm-reb": ORANGE,
    "gm-limits": VERMILLION,
    "dynamic": PURPLE,
    "fgm-reb": GREEN,
    "fgm-random": BLUE,
    "fgm-projection": BLACK,
}
"""Here each has one of its own, for a panel shows a family, whose colour is one."""
TAIL = 0.025  # share of 95 % intervals that lie below what they should hold
PLACES = {
    False: "On the data sets as they come",
    True: "Where sites are made to pull in opposite directions",
}
CAPTION = (
    "Bytes of each rebalancer by those of the protocol without it, "
    "with 95 % intervals; left of 1, rebalancing saves. Opposed: hardly two sites know the same class, "
    "plain SGD."
)


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    cases = list(cases_of(rows))
    trials = trials_of(cases)
    cancel = where(rows, kind=CANCELLATION)
    tables = [bytes_table(cases), loss_table(cases)]
    if cancel:
        tables.append(cancellation_table(cancel))
    return Chapter(
        "Does rebalancing pay?",
        findings(trials, cancel),
        [Picture("rebalancing", figure(cases), CAPTION)],
        tables,
        answers(trials),
        [note(trials)],
    )


def note(trials: list[Trial]) -> str:
    """What is bold, and what "pays" means."""
    return (
        f"Bold: the interval lies below 1. Of {len(trials)} comparisons about {short(TAIL * len(trials))} would by "
        "chance; with so few seeds some more. Rebalancing pays, here, if its bytes are clearly fewer and its loss "
        f"is surely not higher by {100 * ROOM:.0f} % of what the plain protocol has learnt (its distance from the "
        "trivial model's loss), and clearly below the trivial model's."
    )


def answers(trials: list[Trial]) -> list[str]:
    """Does a case exist in which one pays?"""
    if not trials:
        return []
    paying = [trial for trial in trials if trial.pays]
    paying.sort(key=lambda trial: trial.bytes.value)
    dearer = sum(trial.bytes.low > 1 for trial in trials)
    best = "There is no case in which it is sure that one pays"
    if paying:
        best = f"The best is {paying[0].text}"
    return [
        f"**Rebalancing** clearly saves bytes at no loss to speak of in {len(paying)} of {len(trials)} trials "
        f"(rebalancer and case); in {dearer} it clearly costs bytes. {best}. "
        f"{' '.join(pooled_by_family(trials))}".strip()
    ]


def findings(trials: list[Trial], cancel: Rows) -> list[str]:
    """Where it pays, where it only seems to, and how much drifts cancel."""
    lines = []
    for opposed, place in PLACES.items():
        found = [trial for trial in trials if trial.case.opposed == opposed]
        if found:
            paying = [trial.text for trial in found if trial.pays]
            pays = f"pays for {listed(paying)}" if paying else "never surely pays"
            lines.append(f"{place} rebalancing {pays}{but(found)}.")
    lines += pooled_by_family(trials)
    if cancel:
        lines.append(range_of(cancel))
    return lines


def but(trials: list[Trial]) -> str:
    """Those that save bytes because training got worse, or might have."""
    groups: dict[str, list[str]] = {}
    for trial in trials:
        if trial.saves and not trial.pays:
            groups.setdefault(price(trial), []).append(f"{trial.protocol} ({trial.case.name})")
    return "".join(f"; fewer bytes but {what}: {listed(found)}" for what, found in groups.items())


def price(trial: Trial) -> str:
    """What is wrong with the loss of a trial that saves bytes."""
    if not trial.learns:
        return "a loss that is not clearly below a trivial model's"
    return "clearly more loss" if trial.loss.low > 0 else "a loss too uncertain to tell"


def pooled_by_family(trials: list[Trial]) -> list[str]:
    """How each does over the data sets as they come."""
    said = []
    for protocol, plain in PAIRS.items():
        ordinary = [
            trial.case.bytes(protocol)
            for trial in trials
            if trial.protocol == protocol and not trial.case.opposed
        ]
        if ordinary:
            both, _ = pooled(ordinary)
            said.append(f"{protocol} {told(both.estimate)} times {plain}'s")
    return [f"Pooled over the sets as they come, the bytes are: {', '.join(said)}."] if said else []


def range_of(cancel: Rows) -> str:
    """Between which cases the cancellation lies."""
    sizes = [(mean(rows, "cancellation"), name) for name, rows in cancellations(cancel)]
    low, lowest = min(sizes)
    high, highest = max(sizes)
    return (
        f"When a round of FGM ends, ‖Σ X_i‖ / Σ ‖X_i‖ is between {short(low)} ({lowest}) and "
        f"{short(high)} ({highest}); what a rebalance could win back is 1 minus that."
    )


def bytes_table(cases: list[Case]) -> Table:
    """Bytes by the plain protocol's, with the rounds of both."""
    return Table(
        "Bytes by those of the protocol without rebalancing; rounds without → with it:",
        ["case", *(f"{a} / {b}" for a, b in PAIRS.items())],
        [bytes_line(case) for case in cases],
    )


def bytes_line(case: Case) -> list[str]:
    """Its cells for one case."""
    return [case.name, *(bytes_cell(case, protocol) for protocol in PAIRS)]


def bytes_cell(case: Case, protocol: str) -> str:
    """One of its cells; empty if the protocol was not run."""
    e = case.bytes(protocol).estimate
    if not e.n:
        return ""
    without = mean(case.plain(protocol), "rounds")
    with_it = mean(case.of(protocol), "rounds")
    return f"{bold(ratio(e), e.high < 1)}; {without:.0f} → {with_it:.0f}"


def loss_table(cases: list[Case]) -> Table:
    """Final loss minus the plain protocol's."""
    return Table(
        "Final test loss of the plain protocols, and the difference that rebalancing makes:",
        ["case", "trivial model", "gm", "fgm", *(f"{a} − {b}" for a, b in PAIRS.items())],
        [loss_line(case) for case in cases],
    )


def loss_line(case: Case) -> list[str]:
    """Its cells for one case; empty for what was not run."""
    plain = [mean(case.of(protocol), "loss") for protocol in ("gm", "fgm")]
    gaps = [case.loss(protocol) for protocol in PAIRS]
    return [
        case.name,
        f"{mean(case.rows, 'baseline_loss'):.3f}",
        *("" if np.isnan(loss) else f"{loss:.3f}" for loss in plain),
        *(words.difference(gap) if gap.n else "" for gap in gaps),
    ]


def cancellation_table(rows: Rows) -> Table:
    """Quartiles over the rounds, means over the seeds."""
    body = [
        [
            name,
            short(mean(found, "cancellation_low")),
            told(level(found, "cancellation")),
            short(mean(found, "cancellation_high")),
            f"{mean(found, 'ended'):.0f}",
            f"{found[0]['threshold']:g}",
        ]
        for name, found in cancellations(rows)
    ]
    header = ["case", "lower quartile", "median", "upper quartile", "rounds", "T"]
    return Table(
        "‖Σ X_i‖ / Σ ‖X_i‖ when a round of FGM ends: 1 if all sites went the same way, 0 if drifts cancel:",
        header,
        body,
    )


def figure(cases: list[Case]) -> Figure:
    """One panel for each family, one line per case."""
    figure, left, right = figures.two(height=2.2 + 0.75 * len(cases))
    labels = [case.name.replace(", opposed", "\nopposed") for case in cases]
    for ax, plain in ((left, "gm"), (right, "fgm")):
        family = [name for name in PAIRS if PAIRS[name] == plain]
        for place, protocol in enumerate(family):
            found = [case.bytes(protocol).estimate for case in cases]
            marker, _ = figures.marks(protocol)
            shift = 0.24 * (place - 1)
            figures.dots(ax, labels, found, marker, COLORS[protocol], shift, protocol)
        figures.titles(ax, f"by plain {plain}", "ratio of bytes")
        figures.ticks_of_ratios(ax, (0.25, 0.5, 1, 2, 4))
        ax.margins(y=0.15)
    right.set_yticklabels([])
    # of both panels
    figure.legend(loc="outside lower center", ncols=3, fontsize=figures.SMALL, frameon=False)
    return figure
