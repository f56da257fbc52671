"""Which deviation of a published program makes the published ratio of GM's bytes to FGM's?"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.paired import level, log_ratio
from fgm_ref.study.numbers.programs import (
    ALL,
    CORRECT,
    UNBALANCED,
    Program,
    Variant,
    factors,
    per_round,
    together,
)
from fgm_ref.study.numbers.rows import Row, Rows, mean, values, with_column
from fgm_ref.study.numbers.stats import NO_ESTIMATE, Estimate
from fgm_ref.study.numbers.words import ratio, short, side, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table

PAIR = "inverted + norm"
MATTERS = 1.02  # a factor nearer to 1 than this is not worth a word, however sure it is
ALWAYS = 0.95  # of the batches
LOOKS = {"GM": "gm", "FGM": "fgm"}  # each side is drawn as this protocol
CAPTION = (
    "Left: bytes by those of the correct protocol (FGM's by those of FGM with `cap`, and `cap` by those of "
    "`ball`), with 95 % intervals. Right: final test loss; dotted: a trivial model."
)
NOTE = (
    "GM/FGM: bytes of GM's rows by those of FGM with `ball`; bytes of `dynamic` by those of FGM's rows, which "
    "except for the first have `cap`, as in the program. GM's correct one is `dynamic`, without balancing `gm`. "
    "The switches are described in `fgm_ref/study/deviations.py`; `sum_test` is an error of the text only."
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


def answers(program: Program) -> list[str]:
    """Where the ratio comes from."""
    whole, parts = together(program), factors(program)
    if whole is None or not parts:
        return []
    (_, correct), *added = parts
    plain = program.find("GM", UNBALANCED)
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
        lines.append(apart_from_balancing(added))
    whole = program.find("GM", ALL)
    pair = program.find("GM", PAIR)
    if whole and pair:
        left = log_ratio(pair.rows, whole.rows).estimate
        word = verdict(left, "fewer bytes than", "more bytes than", "as many bytes as")
        lines.append(
            f"`{PAIR}` alone makes GM ship {word} all of its deviations together: {ratio(left)} times."
        )
    return lines


def apart_from_balancing(added: list[tuple[str, Comparison]]) -> str:
    """Which factors raise the ratio, and which lower it."""
    estimates = {f"{name} ({ratio(part.estimate)})": part.estimate for name, part in added}
    raising = [text for text, e in estimates.items() if e.low > MATTERS]
    lowering = [text for text, e in estimates.items() if e.high < 1 / MATTERS]
    cheaper = f"; what makes it look cheaper: {'; '.join(lowering)}" if lowering else ""
    return (
        "What makes GM look dearer, besides its balancing: "
        f"{'; '.join(raising) or 'nothing that can be told from 1'}{cheaper}."
    )


def arithmetic(program: Program) -> list[str]:
    """A round with k − 1 balancings of two sites costs 1 + 2(k − 1)/k rounds of FGM, whatever is learnt."""
    pair = program.find("GM", PAIR)
    fgm = program.correct("fgm")
    if not pair or not fgm:
        return []
    k = program.sites
    measured = log_ratio(per_round(pair.rows), per_round(fgm)).estimate
    batches = mean(with_column(pair.rows, "spoken", spoken), "spoken")
    ends = ""
    if batches > ALWAYS:
        ends = ", whatever the threshold is and whatever is learnt, so that every k-th batch ends a round"
    return [
        f"With them somebody speaks after {100 * batches:.0f} % of the batches{ends}. "
        f"A round with k − 1 balancings costs 1 + 2(k − 1)/k = {1 + 2 * (k - 1) / k:.2f} rounds of FGM at k = {k} "
        f"by arithmetic; measured {ratio(measured)}."
    ]


def spoken(row: Row) -> float:
    """The share of batches after which somebody speaks."""
    return float((row["rounds"] + row["rebalances"]) / row["steps"])


def learnt(program: Program) -> list[str]:
    """Do the published programs learn anything?"""
    said = []
    for name in LOOKS:
        whole = program.find(name, ALL)
        if whole:
            gap = whole.beyond_trivial
            word = side(gap, "better than", "worse than", "not to be told from")
            said.append(f"{name} ends {word} a trivial model (loss {words.difference(gap)})")
    return [f"With all deviations on, {' and '.join(said)}."] if said else []


def table(program: Program) -> Table:
    """One line per deviation."""
    threshold = program.rows[0]["threshold"]
    seeds = len(values(program.rows, "seed"))
    trivial = f"{mean(program.rows, 'baseline_loss'):.3f}"
    body = [
        ["trivial model", "", "", "", "", trivial, "", "", ""],
        *(line(program, variant) for variant in program.variants),
    ]
    whole = together(program)
    if whole is not None:
        published = words.bold(ratio(whole.estimate), True)
        body.append(["**GM and FGM, all of them**", *[""] * 7, published])
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
        f"Each deviation by itself, then all together (T = {threshold:g}, k = {program.sites}, "
        f"seeds: {seeds}):",
        header,
        body,
    )


def line(program: Program, v: Variant) -> list[str]:
    """The cells of one deviation."""
    rounds = mean(v.rows, "rounds")
    factor, apart = beside_correct(v)
    by_fgm = program.gm_by_fgm(v)
    return [
        v.name,
        f"{rounds:.0f}",
        short(mean(v.rows, "rebalances") / rounds) if rounds else "",
        words.megabytes(mean(v.rows, "bytes")),
        factor,
        f"{mean(v.rows, 'loss'):.3f}",
        apart,
        words.difference(v.beyond_trivial) if v.factor.n else "",
        ratio(by_fgm.estimate) if by_fgm.n else "diverged",
    ]


def beside_correct(v: Variant) -> tuple[str, str]:
    """Bytes and loss beside those of the correct program; nothing for that one itself."""
    if v.label == CORRECT:
        return "", ""
    if not v.factor.n:
        return "diverged", "diverged"
    return ratio(v.factor.estimate), words.difference(v.apart.plain)


def figure(variants: list[Variant]) -> Figure:
    """Ratios of bytes, and losses, one line per deviation."""
    shown = [v for v in variants if v.factor.n]
    trivial = mean([row for v in shown for row in v.rows], "baseline_loss")
    figure, left, right = figures.two(height=1.4 + 0.36 * len(shown))
    labels = [f"{v.side}, {v.label.replace('`', '')}" for v in shown]
    ratios = [v.factor.estimate for v in shown]
    losses = [level(v.rows, "loss") for v in shown]
    for ax, estimates, reference in ((left, ratios, 1.0), (right, losses, trivial)):
        for name, protocol in LOOKS.items():
            ours = only(name, shown, estimates)
            marker, color = figures.marks(protocol)
            figures.dots(ax, labels, ours, marker, color, label=name, reference=reference)
    figures.titles(left, "bytes", "by the correct protocol's")
    figures.ticks_of_ratios(left, (0.1, 0.3, 1, 3, 10, 30))
    figures.titles(right, "final loss", "test loss")
    right.set_yticklabels([])
    return figure


def only(side: str, shown: Sequence[Variant], estimates: Sequence[Estimate]) -> list[Estimate]:
    """The estimates of one side; the lines of the other stay empty."""
    pairs = zip(shown, estimates, strict=True)
    return [e if v.side == side else NO_ESTIMATE for v, e in pairs]
