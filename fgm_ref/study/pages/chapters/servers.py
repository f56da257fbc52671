"""What the coordinator does with the mean: which outer step, with how much memory, and where it harms."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.paired import level
from fgm_ref.study.numbers.picks import EITHER, outer
from fgm_ref.study.numbers.rates import MEAN, Course, Line, Rates
from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.words import listed, side, told_difference
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table

NESTEROV = "nesterov:beta="
GAINS, HARMS = "gains", "harms"
CAPTION = (
    "Loss on the validation part against the memory β of Nesterov's outer step (0: the mean), each at its own best "
    "learning rate; bars: the intervals over the seeds. What lies above the left-most point harms."
)
NOTE = (
    "Each number is the lowest mean loss over the learning rates that were run, with that rate. Two seeds screen: they "
    "choose what the other experiments go on with, and prove little. Harm and gain are differences from the mean at "
    "its own best rate, as a share of what is learnt; below 0, the outer step gains."
)


def chapter(rows: Rows) -> Chapter:
    """Which outer step, by data set."""
    rates = Rates(rows)
    servers = list(dict.fromkeys(str(row["server"]) for row in rows))
    lines = [Line(protocol, server) for protocol in EITHER for server in servers]
    return Chapter(
        "What the coordinator does with the mean",
        findings(rates, servers),
        [],
        [losses(rates, protocol, servers) for protocol in EITHER] + [gains(rates, servers)],
        notes=[NOTE],
        digest=[
            Answer(
                "What should the coordinator do with the mean?",
                answer(rates, rows, lines),
                Picture("servers", drawn(rates, servers), CAPTION),
            )
        ],
    )


def answer(rates: Rates, rows: Rows, lines: Sequence[Line]) -> str:
    """What is picked where, what it gains, and what harms."""
    picked: dict[str, int] = {}
    gained = 0
    for course in rates.courses:
        chosen = outer(rows, course.dataset)
        if chosen:
            server = f"`{chosen['server']}`"
            picked[server] = picked.get(server, 0) + 1
            gain = both(rates, course, chosen["server"]).plain
            gained += side(gain, GAINS, HARMS, "unclear") == GAINS
    sets = sum(picked.values())
    chosen_on = [f"{server} on {number}" for server, number in picked.items()]
    outer_steps = dict.fromkeys(line.server for line in lines if line.server != MEAN)
    harmed = {server: len(harm(rates, server)) for server in outer_steps}
    harms = [f"`{server}` on {number}" for server, number in harmed.items() if number]
    return (
        f"**An outer step gains with every seed on {gained} of {sets} data sets, once each outer step has its own best "
        f"rate.** The validation part picks {listed(chosen_on)}. Outer steps that harm with every seed, and on how "
        f"many sets: {listed(harms)}."
    )


def both(rates: Rates, course: Course, server: str) -> Comparison:
    """The gain of an outer step, the mean over the protocols."""
    return pooled([rates.gain(course, Line(protocol, server)) for protocol in EITHER])[0]


def harm(rates: Rates, server: str) -> list[str]:
    """Where the loss is higher than the mean's with every seed."""
    return [
        course.dataset
        for course in rates.courses
        if side(both(rates, course, server).plain, GAINS, HARMS, "unclear") == HARMS
    ]


def findings(rates: Rates, servers: Sequence[str]) -> list[str]:
    """What each outer step does over all data sets."""
    lines = []
    for server in servers:
        if server == MEAN:
            continue
        comparison, number = pooled([both(rates, course, server) for course in rates.courses])
        if number:
            gain = told_difference(comparison.plain)
            lines.append(f"`{server}`: {gain} [{number} of {len(rates.courses)} sets].")
    return [
        "Change of the loss from the mean's, each at its own best rate, as a share of what is learnt.",
        *lines,
    ]


def losses(rates: Rates, protocol: str, servers: Sequence[str]) -> Table:
    """The lowest loss of each outer step, and the rate that has it."""
    body = []
    for course in rates.courses:
        cells = [told(rates, course, Line(protocol, server)) for server in servers]
        body.append([course.dataset, *cells])
    seeds = len(values(rates.rows, "seed"))
    about = f"`{protocol}`: loss on the validation part at the best learning rate ({seeds} seeds):"
    return Table(about, ["data set", *servers], body)


def told(rates: Rates, course: Course, line: Line) -> str:
    """The loss and the rate; an arrow where a still larger rate might be better."""
    best = rates.best(course, line)
    if not best:
        return "–"
    arrow = "↑" if rates.edge(course, line) else ""
    return f"{mean(best, 'loss'):.3f} at {best[0]['lr']:g}{arrow}"


def gains(rates: Rates, servers: Sequence[str]) -> Table:
    """The same as gains, over both protocols."""
    shown = [server for server in servers if server != MEAN]
    body = []
    for course in rates.courses:
        cells = [both(rates, course, server) for server in shown]
        body.append([course.dataset, *(told_difference(cell.plain) for cell in cells)])
    about = "The same, minus the mean's, as a share of what is learnt, over both protocols:"
    return Table(about, ["data set", *shown], body)


def drawn(rates: Rates, servers: Sequence[str]) -> Figure:
    """Loss against β, a panel for each data set."""
    shown = [server for server in servers if server == MEAN or server.startswith(NESTEROV)]
    courses = rates.courses
    figure, axes = figures.panels(len(courses) + 1, height=2.9)
    for ax, course in zip(axes, courses, strict=False):
        for protocol in EITHER:
            draw(ax, rates, course, [Line(protocol, server) for server in shown])
        figures.titles(ax, course.dataset, "β", "loss")
    figures.legend_panel(axes[len(courses)], axes[0])
    return figure


def draw(ax: Axes, rates: Rates, course: Course, lines: Sequence[Line]) -> None:
    """One protocol's losses over β."""
    found = [(memory(line.server), rates.best(course, line)) for line in lines]
    points = sorted((beta, level(rows, "loss")) for beta, rows in found if rows)
    if points:
        figures.bars(ax, lines[0].protocol, [x for x, _ in points], [e for _, e in points])


def memory(server: str) -> float:
    """β, 0 for the mean.

    >>> memory("nesterov:beta=0.5"), memory("mean")
    (0.5, 0.0)
    """
    return float(server.removeprefix(NESTEROV)) if server.startswith(NESTEROV) else 0.0
