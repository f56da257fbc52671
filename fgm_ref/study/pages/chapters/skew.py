"""Sites that hardly share a class: do weights, proximal terms or corrected gradients help, and is FGM harmed?"""

from matplotlib.figure import Figure

from fgm_ref.study.numbers.paired import level
from fgm_ref.study.numbers.rows import Rows, mean, values, where
from fgm_ref.study.numbers.skew import SGD, Place, Skew, Way
from fgm_ref.study.numbers.words import difference, listed, ratio, side, told_difference
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table

PERIOD = Way("periodic:b=13")
FEDAVG = Way("fedavg:b=13")
PAIRS = (
    (FEDAVG, PERIOD, "weights by the sites' samples"),
    (Way("fedavg:b=13", prox=0.01), FEDAVG, "a proximal term, μ = 0.01"),
    (Way("fedavg:b=13", prox=0.1), FEDAVG, "a proximal term, μ = 0.1"),
    (Way("scaffold:b=13", SGD), Way("periodic:b=13", SGD), "SCAFFOLD's corrections, SGD"),
    (Way("gm-weighted"), Way("gm"), "weights, GM"),
    (Way("fgm-weighted"), Way("fgm"), "weights, FGM"),
)
"""What is changed, beside what, and in words."""

BESIDE = (Way("gm"), Way("fgm"), Way("gm-weighted"), Way("fgm-weighted"))
DRAWN = (Way("local"), PERIOD, FEDAVG, Way("fgm"), Way("fgm-weighted"), Way("periodic:b=1"))
CAPTION = (
    "Final test loss against how unevenly the classes are dealt out (small α: sites hardly share a class); bars: 95 % "
    "intervals."
)
NOTE = (
    "Changes of the final loss are shares of what averaging after every step learns. Dealt out by class with a "
    "Dirichlet distribution of parameter α. Those with SGD at the better of two rates, chosen by the same losses; "
    "SCAFFOLD ships twice the bytes."
)


def chapter(rows: Rows) -> Chapter:
    """What helps against skew."""
    skew = Skew(rows)
    return Chapter(
        "Skewed sites",
        [answer(skew)],
        [],
        [changes(skew), beside(skew), levels(skew)],
        notes=[NOTE],
        digest=[
            Answer(
                "What if sites hardly share a class?",
                answer(skew),
                Picture("skew", drawn(skew), CAPTION),
            )
        ],
    )


def known(skew: Skew) -> list[tuple[Way, Way, str]]:
    """The pairs that were run."""
    return [pair for pair in PAIRS if pair[0] in skew.ways and pair[1] in skew.ways]


def answer(skew: Skew) -> str:
    """What each measure changes over all places."""
    groups: dict[str, list[str]] = {"helps": [], "harms": [], "unclear": []}
    for a, b, words in known(skew):
        gap = skew.over(a, b).plain
        word = side(gap, "helps", "harms", "unclear")
        groups[word].append(f"{words} ({difference(gap)})")
    return (
        f"**Helps surely: {listed(groups['helps'])}.** Harms surely: {listed(groups['harms'])}. No clear difference: "
        f"{listed(groups['unclear'])}. In brackets the change of the final loss, as a share of what is learnt, over "
        f"{len(skew.places)} cases with {len(values(skew.rows, 'seed'))} seeds: two data sets, dealt out by class in "
        "three ways."
    )


def changes(skew: Skew) -> Table:
    """What each measure changes, place by place."""
    pairs = known(skew)
    body = [
        [place.name, *(told_difference(skew.apart(a, b, place).plain) for a, b, _ in pairs)]
        for place in skew.places
    ]
    pooled = [told_difference(skew.over(a, b).plain) for a, b, _ in pairs]
    seeds = len(values(skew.rows, "seed"))
    about = (
        f"What each measure changes in the final loss, beside the same without it ({seeds} seeds):"
    )
    header = ["", *(words for _, _, words in pairs)]
    return Table(about, header, [*body, [f"pooled, {len(skew.places)} cases", *pooled]])


def beside(skew: Skew) -> Table:
    """GM and FGM beside FedAvg with its weights: bytes and loss."""
    ways = [way for way in BESIDE if way in skew.ways]
    body = [[place.name, *(told(skew, way, place) for way in ways)] for place in skew.places]
    about = "GM and FGM beside `fedavg:b=13`: bytes by its bytes; change of the final loss:"
    return Table(about, ["", *(way.name for way in ways)], body)


def told(skew: Skew, way: Way, place: Place) -> str:
    """Bytes and loss in one cell."""
    bytes_ = ratio(skew.bytes(way, FEDAVG, place).estimate)
    return f"{bytes_}; {told_difference(skew.apart(way, FEDAVG, place).plain)}"


def levels(skew: Skew) -> Table:
    """The losses between which all happens."""
    shown = ("trivial", "local", "periodic:b=1", "periodic:b=13", "fedavg:b=13")
    body = []
    for place in skew.places:
        trivial = mean(where(skew.rows, **place._asdict()), "baseline_loss")
        losses = [mean(skew.of(Way(name), place), "loss") for name in shown[1:]]
        body.append([place.name, *(f"{loss:.3f}" for loss in (trivial, *losses))])
    return Table("Final test losses:", ["", *shown], body)


def drawn(skew: Skew) -> Figure:
    """Loss against α, a panel for each data set."""
    datasets = values(skew.rows, "dataset")
    figure, axes = figures.panels(len(datasets) + 1, columns=3, height=3.6)
    for ax, dataset in zip(axes, datasets, strict=False):
        places = [place for place in skew.places if place.dataset == dataset]
        for way in DRAWN:
            points = [(p.alpha, level(skew.of(way, p), "loss")) for p in places if skew.of(way, p)]
            look = figures.PERIODS.get(way.protocol)
            xs, ys = [x for x, _ in points], [y for _, y in points]
            figures.bars(ax, way.protocol, xs, ys, linestyle=look)
        figures.titles(ax, dataset, "α", "test loss")
        figures.ticks_of_ratios(ax, values(skew.rows, "alpha"))
    figures.legend_panel(axes[len(datasets)], axes[0])
    return figure
