"""Loss against bytes: who reaches a given loss for fewer bytes, and who keeps a given promise for fewer?"""

from collections.abc import Callable, Sequence
from math import isnan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.cases import ROOM, Case, Cases, clearly, over, useful, written
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.picks import HELPS
from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.words import difference, listed
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, GREY

Question = Callable[[Case], Comparison]
Ask = Callable[[str, str], Question]

LOSSES = {
    "loss": "final loss",
    "served_mean": "loss of E over time",
    "prequential": "loss while learning",
}
RIVALS = ("dynamic", "gm", "periodic", "fda-linear", "omniscient")
DRAWN = ("periodic", "dynamic", "gm", "fgm", "fgm-probe", "omniscient")
RATIOS = (
    "FGM's bytes by those of another protocol, with 95 % intervals; left of 1, FGM needs fewer. Left: equal "
    "thresholds, so the same promise. Right: the same final loss."
)
FRONTS = (
    "Final test loss against payload bytes, means over the seeds; each point is a threshold or a period. Dotted: "
    "no communication; dashed: all averaged in every step."
)
NOTE = (
    f"L* lies {100 * (1 - ROOM):.0f} % of the way from the loss of sites that never speak to that of averaging "
    "after every step; a dash: speaking does not lower this loss. A star: some resamples do not reach L*. ≥ or ≤: "
    "the cheapest setting of one of the two is good enough already, so the ratio is a bound; ≈: of both."
)


def chapter(rows: Rows) -> Chapter:
    """The report's first chapter."""
    cases = Cases(rows)
    head = cases.headline
    reached = [loss for loss in LOSSES if helped(head, loss)]
    return Chapter(
        "Loss against bytes",
        findings(head),
        [Picture("ratios", forest(head), RATIOS), Picture("fronts", fronts(head), FRONTS)],
        [
            levels(head),
            promises(head),
            moving(head),
            *(equal_loss(head, a, loss) for a in ("fgm", "fgm-probe") for loss in reached),
            elsewhere(cases),
        ],
        answers(cases),
        [NOTE, *not_pooled(head), *unhelped(head)],
    )


def helped(cases: list[Case], loss: str) -> list[str]:
    """The data sets on which speaking lowers this loss."""
    return [case.name for case in cases if not isnan(case.target(loss))]


def unhelped(cases: list[Case]) -> list[str]:
    """Where there is no loss to reach, and why."""
    notes = []
    for loss, name in LOSSES.items():
        others = {case.name for case in cases} - set(helped(cases, loss))
        if others:
            notes.append(
                f"No L* for the {name} on {', '.join(sorted(others))}: sites that never speak have the lowest, for "
                "they learn what suits their own next batch."
            )
    return notes


def not_pooled(cases: list[Case]) -> list[str]:
    """The data sets that are left out at equal loss, and by which rule."""
    names = [case.name for case in cases if case not in useful(cases)]
    if not names:
        return []
    return [
        f"Not pooled at equal loss: {listed(names)}, where sites that never speak lose at most {100 * HELPS:.0f} % of "
        "what is learnt."
    ]


def promise(a: str, b: str) -> Question:
    """The question: a's bytes by b's at equal thresholds."""
    return lambda case: case.promise(a, b)


def reach(a: str, b: str, loss: str = "loss") -> Question:
    """The question: a's bytes by b's at L*."""
    return lambda case: case.reach(a, b, loss)


def answers(cases: Cases) -> list[str]:
    """Is FGM better than GM?"""
    head = cases.headline
    step = cases.conditions.get("LSTM, in lockstep", [])
    same, _ = pooled([case.promise("fgm", "gm") for case in head])
    useful_head = useful(head)
    loss, _ = pooled([case.reach("fgm", "gm") for case in useful_head])
    lockstep = f", with all sites in step {over(step, promise('fgm', 'gm'))}" if step else ""
    balancing = over(head, promise("fgm", "dynamic"))
    fda = over(head, promise("fgm", "fda-linear"))
    gm = over(useful_head, reach("fgm", "gm"))
    gm_served = over(useful_head, reach("fgm", "gm", "served_mean"))
    periodic = over(useful_head, reach("fgm", "periodic"))
    periodic_served = over(useful_head, reach("fgm", "periodic", "served_mean"))
    omniscient = over(useful_head, reach("omniscient", "periodic"))
    return [
        f"**Is FGM better than GM? At the same promise: {clearly(same)}.** FGM / plain GM at equal thresholds and "
        f"unequal speeds: {over(head, promise('fgm', 'gm'))}{lockstep}. FGM / GM with Kamp's balancing: {balancing}. "
        f"FGM / FDA with its linear monitor, which promises the same: {fda}.",
        f"**At the same final loss: {clearly(loss)}.** FGM / plain GM: {gm}, at the same loss of the served "
        f"model over time {gm_served}. FGM / periodic averaging with its period tuned: {periodic} and "
        f"{periodic_served}; even an omniscient trigger / periodic: {omniscient}.",
    ]


def findings(head: list[Case]) -> list[str]:
    """Two sentences."""
    probe_gm = over(head, promise("fgm-probe", "gm"))
    probe_best = over(head, promise("fgm-probe", "omniscient"))
    return [
        f"At equal thresholds FGM / GM is {over(head, promise('fgm', 'gm'))}, FGM with a moving centre and a probe / "
        f"GM {probe_gm}, and the latter / omniscient trigger {probe_best}.",
        f"At the final loss L* FGM / GM is {over(useful(head), reach('fgm', 'gm'))}, FGM / tuned periodic averaging "
        f"{over(useful(head), reach('fgm', 'periodic'))}, and the omniscient trigger / periodic "
        f"{over(useful(head), reach('omniscient', 'periodic'))}: the last is all that better timing could bring.",
    ]


def levels(cases: list[Case]) -> Table:
    """Trivial baselines, and what the stated loss is."""
    header = [
        "data set",
        "trivial",
        "local",
        "central",
        "periodic:b=1",
        "L*",
        "trivial score",
        "score of periodic:b=1",
    ]
    seeds = min(len(values(case.rows, "seed")) for case in cases)
    about = (
        f"Final losses between which all happens, {seeds} seeds (trivial: the classes' frequencies, or persistence; "
        "scores: accuracy, or RMSE in °C):"
    )
    return Table(about, header, [levels_of(case) for case in cases])


def levels_of(case: Case) -> list[str]:
    """The cells of one data set."""
    numbers = [
        mean(case.rows, "baseline_loss"),
        case.level("local", "loss"),
        case.level("central", "loss"),
        case.level("periodic:b=1", "loss"),
        case.target("loss"),
        mean(case.rows, "baseline_score"),
        case.level("periodic:b=1", "score"),
    ]
    return [case.name, *(f"{number:.3f}" for number in numbers)]


def promises(cases: list[Case]) -> Table:
    """Bytes at equal thresholds."""
    pairs = [
        ("fgm", "gm"),
        ("fgm", "dynamic"),
        ("fgm", "fda-linear"),
        ("fgm", "omniscient"),
    ]
    body = ratios_of(cases, cases, [promise(a, b) for a, b in pairs])
    losses = [difference(case.losses("fgm", "gm").plain) for case in cases]
    for line, loss in zip(body, [*losses, ""], strict=True):
        line.append(loss)
    header = ["data set", *named(pairs), "final loss, fgm − gm"]
    about = "Bytes at equal thresholds (the same bound on the spread of the sites), geometric means over thresholds:"
    return Table(about, header, body)


def moving(cases: list[Case]) -> Table:
    """The same, of FGM with a zone that moves."""
    pairs = [("fgm-centre", "fgm"), ("fgm-probe", "fgm"), ("fgm-probe", "omniscient")]
    body = ratios_of(cases, cases, [promise(a, b) for a, b in pairs])
    return Table(
        "The same, FGM with a moving centre, and with a probe:", ["data set", *named(pairs)], body
    )


def equal_loss(cases: list[Case], protocol: str, loss: str) -> Table:
    """Bytes of one protocol by those of its rivals at a stated loss."""
    pairs = [(protocol, rival) for rival in RIVALS]
    body = ratios_of(cases, useful(cases), [reach(a, b, loss) for a, b in pairs])
    about = f"Bytes of `{protocol}` to reach L*, {LOSSES[loss]}:"
    return Table(about, ["data set", *named(pairs)], body)


def ratios_of(cases: list[Case], pool: list[Case], questions: list[Question]) -> list[list[str]]:
    """What each question gives for each data set, a line each, and for those that are pooled."""
    body = []
    for case in cases:
        ratios = [written(question(case)) for question in questions]
        body.append([case.name, *ratios])
    return [*body, ["pooled", *(over(pool, question) for question in questions)]]


def named(pairs: list[tuple[str, str]]) -> list[str]:
    """Pairs of protocols as they head a column."""
    return [f"{a} / {b}" for a, b in pairs]


def elsewhere(cases: Cases) -> Table:
    """The same comparison under other conditions."""
    same = {
        "fgm / gm, promise": promise("fgm", "gm"),
        "fgm / dynamic, promise": promise("fgm", "dynamic"),
        "fgm-centre / gm, promise": promise("fgm-centre", "gm"),
    }
    loss = {
        "fgm / gm, loss": reach("fgm", "gm"),
        "fgm / periodic, loss": reach("fgm", "periodic"),
    }
    body = [
        [
            name,
            *(over(found, question) for question in same.values()),
            *(over(useful(found), question) for question in loss.values()),
        ]
        for name, found in cases.conditions.items()
    ]
    return Table(
        "Pooled over the data sets, under other conditions (at equal promise, and at L* of the final loss):",
        ["condition", *same, *loss],
        body,
    )


def forest(cases: list[Case]) -> Figure:
    """Ratios with intervals, one line per data set."""
    figure, left, right = figures.two(height=1.8 + 0.6 * len(cases))
    dots(left, cases, ("gm", "dynamic"), promise)
    dots(right, cases, ("gm", "dynamic", "periodic"), reach)
    figures.titles(left, "same promise", "ratio of bytes")
    figures.titles(right, "same final loss", "ratio of bytes")
    for ax in (left, right):
        figures.ticks_of_ratios(ax, (0.25, 0.5, 1, 2, 4))
    right.set_yticklabels([])
    figures.legend_below(figure, right)
    return figure


def dots(ax: Axes, cases: list[Case], rivals: Sequence[str], ask: Ask) -> None:
    """FGM's bytes by those of each rival, in the rival's own look."""
    labels = [case.name for case in cases]
    for place, rival in enumerate(rivals):
        question = ask("fgm", rival)
        found = [question(case).estimate for case in cases]
        marker, color = figures.marks(rival)
        shift = 0.22 * (place - 1)
        figures.dots(ax, labels, found, marker, color, shift, f"FGM / {rival}")


def fronts(cases: list[Case]) -> Figure:
    """Loss against bytes, a panel per data set."""
    figure, axes = figures.panels(len(cases) + 1)
    for ax, case in zip(axes, cases, strict=False):
        draw(ax, case)
    figures.legend_panel(axes[len(cases)], axes[0])
    return figure


def draw(ax: Axes, case: Case) -> None:
    """The fronts of one data set, between the losses of no communication and of all that is possible."""
    for protocol in filter(case.has, DRAWN):
        front = case.front(protocol)
        megabytes = front.bytes.mean(axis=1) / 1e6
        loss = front.loss.mean(axis=1)
        order = megabytes.argsort()
        figures.line(ax, protocol, megabytes[order], loss[order])
    ax.axhline(case.level("local", "loss"), color=BLACK, linestyle=":", linewidth=1.5)
    ax.axhline(case.level("periodic:b=1", "loss"), color=GREY, linestyle="--", linewidth=1.5)
    figures.titles(ax, case.name, "MB", "test loss")
    figures.plain_log(ax)
