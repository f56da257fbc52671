"""Fairness first: every protocol at its own best rate, and what is left of what an outer step gains."""

from collections.abc import Sequence
from math import isnan

from matplotlib.figure import Figure

from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.paired import level
from fgm_ref.study.numbers.picks import HELPS, lost_alone, tuned
from fgm_ref.study.numbers.rates import PRESET, Course, Line, Rates
from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.words import listed, told_difference
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table
from fgm_ref.study.pages.chapters import central, overfit, survive
from fgm_ref.view.plots import GREY

NEEDS = ("fronts", "fewest")
"""The tables of the claims that are made again."""

EVERY, RARE = Line("periodic:b=1"), Line("periodic:b=61")
CENTRAL, ALONE = Line("central"), Line("local")
LINES = (
    EVERY,
    Line("periodic:b=13"),
    RARE,
    Line("gm", threshold=0.08),
    Line("fgm", threshold=0.08),
    Line("fda-linear"),
    ALONE,
)
SGD = (EVERY, Line("periodic:b=13"), CENTRAL, Line("fgm"))
OUTER = "nesterov:beta=0.5"
STEPPED = (EVERY, CENTRAL, RARE, Line("fgm", threshold=0.08))
DRAWN = (EVERY, Line("periodic:b=13"), RARE, Line("fgm", threshold=0.08))
CAPTION = (
    "Loss on the validation part against the learning rate, at the end of runs along a cosine; bars: the intervals "
    "over the seeds. Dotted: the rate of the first round."
)
NOTE = (
    "An arrow: the best rate is the largest that was run, so a still larger one might be better. Losses are those of "
    "the validation part, which is cut from the training part by the rules of the test part; the test part chooses "
    "nothing. GM, FGM and FDA have the threshold 0.08 (FDA 0.16)."
)


def chapter(rows: Rows, fronts: Rows, fewest: Rows) -> Chapter:
    """The best rates, and what they change."""
    rates = Rates(rows)
    places = central.places(rates, cosine(rates), fronts)
    return Chapter(
        "Rates first",
        [*larger(rates), *edges(rates), *sharing(rates), *central.sentences(places)],
        [],
        [
            best(rates, LINES, "Adam", usual(rates)),
            *sgd(rates),
            shared(rates),
            stepped(rates),
            alone(rates),
            central.table(places),
            *survive.tables(fewest, fronts, rows),
            *overfit.tables(rows, fewest),
        ],
        notes=[NOTE],
        digest=[
            Answer(
                "What do tuned learning rates change?",
                " ".join([*preset(rates), *survive.sentences(fewest, fronts, rows)]),
                Picture("rates", drawn(rates), CAPTION),
            )
        ],
    )


def usual(rates: Rates) -> list[Course]:
    """Those with Adam."""
    return [course for course in rates.courses if course.optimizer == "adam"]


def cosine(rates: Rates) -> list[Course]:
    """Those that the presets are picked from."""
    return [course for course in usual(rates) if course.lr_schedule == "cosine"]


def preset(rates: Rates) -> list[str]:
    """What the right rate gains, beside what averaging more often gains."""
    better, often = [], []
    for course in cosine(rates):
        good = rates.best(course, EVERY)
        better.append(rates.gap(course, good, rates.at(course, EVERY, PRESET)))
        often.append(rates.apart(course, EVERY, RARE))
    gain, number = pooled(better)
    other, _ = pooled(often)
    if not number:
        return []
    return [
        f"**{about_as_much(gain, other)}** The best rate instead of the first round's changes the loss of averaging "
        f"after every step by {told_difference(gain.plain)} of what is learnt [{number} sets]. Averaging in every step "
        f"instead of in every 61st changes it by {told_difference(other.plain)}."
    ]


def about_as_much(rate: Comparison, often: Comparison) -> str:
    """Which of the two changes matters more."""
    apart = rate.plain.low > often.plain.high or rate.plain.high < often.plain.low
    if not apart:
        return "The learning rate matters as much as how often models are averaged."
    more = "more" if abs(rate.plain.value) > abs(often.plain.value) else "less"
    return f"The learning rate matters {more} than how often models are averaged."


def larger(rates: Rates) -> list[str]:
    """How much of an outer step's gain is a larger effective step, and how much needs no distribution."""
    told = []
    for line in STEPPED:
        outer = line._replace(server=OUTER)
        small, number = pooled([rates.gain(c, outer, PRESET) for c in cosine(rates)])
        own, _ = pooled([rates.gain(course, outer) for course in cosine(rates)])
        if number:
            before, after = told_difference(small.plain), told_difference(own.plain)
            told.append(f"{before} and {after} for `{line.protocol}`")
    if not told:
        return []
    return [
        f"An outer step is a larger step as well. `{OUTER}` changes the loss at the first round's rate, and with both "
        f"rates tuned, by {listed(told)}. What it gains for `central` and `periodic:b=1` has nothing to do with "
        "distribution."
    ]


def best(rates: Rates, lines: Sequence[Line], name: str, courses: Sequence[Course]) -> Table:
    """Loss and rate of each line."""
    body = [[course.name, *(told(rates, course, line) for line in lines)] for course in courses]
    seeds = len(values(rates.rows, "seed"))
    about = f"{name}: lowest loss on the validation part, and the rate that has it ({seeds} seeds):"
    return Table(about, ["data set", *(line.protocol for line in lines)], body)


def sgd(rates: Rates) -> list[Table]:
    """The same for SGD with momentum."""
    courses = [course for course in rates.courses if course.optimizer != "adam"]
    return [best(rates, SGD, "SGD with momentum", courses)] if courses else []


def told(rates: Rates, course: Course, line: Line) -> str:
    """The loss and the rate."""
    found = rates.best(course, line)
    if not found:
        return "–"
    arrow = "↑" if rates.edge(course, line) else ""
    return f"{mean(found, 'loss'):.3f} at {found[0]['lr']:g}{arrow}"


def stepped(rates: Rates) -> Table:
    """What the outer step brings at the old rate and at the best one, with distribution and without."""
    body = []
    for course in usual(rates):
        cells = [course.name]
        for line in STEPPED[:3]:
            outer = line._replace(server=OUTER)
            cells += [gained(rates.gain(course, outer, PRESET)), gained(rates.gain(course, outer))]
        body.append(cells)
    header = ["data set"]
    for line in STEPPED[:3]:
        header += [f"{line.protocol}, rate {PRESET:g}", "rates tuned"]
    about = f"What `{OUTER}` changes in the loss, as a share of what is learnt without it (below 0: it gains):"
    return Table(about, header, body)


def gained(found: Comparison) -> str:
    """A change, or a dash."""
    return told_difference(found.plain)


def shared(rates: Rates) -> Table:
    """What it costs each protocol to take the rate that is picked for all."""
    body = []
    for course in cosine(rates):
        chosen = tuned(rates.rows, course.dataset)
        if chosen:
            costs = [sharing_costs(rates, course, line, chosen["lr"]) for line in LINES[:-1]]
            cells = [told_difference(cost.plain) for cost in costs]
            body.append([course.dataset, f"{chosen['lr']:g}", *cells])
    about = (
        "One rate for all protocols, the one with the lowest loss over the periods: loss there minus that at the own "
        "best rate, as a share of what is learnt:"
    )
    return Table(about, ["data set", "rate", *(line.protocol for line in LINES[:-1])], body)


def sharing_costs(rates: Rates, course: Course, line: Line, lr: float) -> Comparison:
    """The loss at this rate minus that at the own best one."""
    return rates.gap(course, rates.at(course, line, lr), rates.best(course, line))


def sharing(rates: Rates) -> list[str]:
    """Whether one rate may be shared."""
    told = []
    for line in LINES[:-1]:
        costs = []
        for course in cosine(rates):
            chosen = tuned(rates.rows, course.dataset)
            costs += [sharing_costs(rates, course, line, chosen["lr"])] if chosen else []
        cost, number = pooled(costs)
        if number:
            told.append(f"`{line.protocol}` {told_difference(cost.plain)}")
    if not told:
        return []
    return [f"One rate for all protocols costs, beside each one's own best: {', '.join(told)}."]


def edges(rates: Rates) -> list[str]:
    """Where a still larger rate might be better."""
    names = [course.dataset for course in cosine(rates) if rates.edge(course, EVERY)]
    if not names:
        return []
    return [
        f"On {listed(names)} the best rate of averaging after every step is the largest that was run, so a still "
        "larger one may be better."
    ]


def alone(rates: Rates) -> Table:
    """The rule that says which data sets are pooled at equal loss."""
    body = []
    for course in cosine(rates):
        share = lost_alone(rates.rows, course.dataset)
        word = "yes" if share > HELPS else "no"
        cells = ["–", "–"] if isnan(share) else [f"{100 * share:.1f} %", word]
        body.append([course.dataset, *cells])
    about = (
        f"The rule, fixed beforehand: pooled where sites that never speak lose more than {100 * HELPS:.0f} % of what "
        "averaging after every step learns, on the validation part, each at its own best rate:"
    )
    return Table(about, ["data set", "what local loses", "pooled at equal loss"], body)


def drawn(rates: Rates) -> Figure:
    """Loss against rate, a panel for each data set."""
    courses = cosine(rates)
    figure, axes = figures.panels(len(courses) + 1, height=2.9)
    for ax, course in zip(axes, courses, strict=False):
        for line in DRAWN:
            for found in rates.of(course, line):
                rows = [[row for row in found if row["lr"] == lr] for lr in values(found, "lr")]
                points = [(group[0]["lr"], level(group, "loss")) for group in rows]
                look = figures.PERIODS.get(line.protocol)
                xs, ys = [x for x, _ in points], [y for _, y in points]
                figures.bars(ax, line.protocol, xs, ys, linestyle=look)
        ax.axvline(PRESET, color=GREY, linestyle=":", linewidth=1.5)
        figures.titles(ax, course.dataset, "learning rate", "loss")
        figures.ticks_of_ratios(ax, (0.005, 0.02, 0.08))
    figures.legend_panel(axes[len(courses)], axes[0])
    return figure
