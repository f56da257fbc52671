"""What a synchronisation ships: fewer bits per number, fewer rows, fewer blocks."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fgm_ref.study.numbers.compare import Comparison, at_equal_settings, loss_difference, pooled
from fgm_ref.study.numbers.rows import Rows, mean, runs, values, where
from fgm_ref.study.numbers.words import difference, ratio, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, BLUE, GREEN, VERMILLION

PLAIN = "float32"
LOOKS = {
    "float16": ("o", BLUE),
    "int8": ("s", VERMILLION),
    "int8+ef": ("D", GREEN),
    "sparse": ("^", BLACK),
    "sparse+int8+ef": ("v", BLACK),
}
NOT_CODED = ("periodic:b=1", "local", "fgm-blocks")
HARMLESS = 0.05
CAPTION = (
    "Left: bytes by those of float32 in the same runs. Right: by how much the final loss changes, as a share of what "
    "communication can bring (loss of local minus loss of periodic:b=1). Pooled over data sets, with 95 % intervals."
)


class Codecs:
    """Runs by protocol and codec, each compared with the same protocol shipping float32."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.datasets = values(rows, "dataset")
        names = [name for name in values(rows, "protocol") if name not in NOT_CODED]
        self.pairs = [
            (name, codec)
            for name in names
            for codec in LOOKS
            if where(rows, protocol=name, codec=codec)
        ]

    def of(self, protocol: str, codec: str, dataset: str, **more: str) -> Rows:
        """The runs of one protocol."""
        return where(self.rows, protocol=protocol, codec=codec, dataset=dataset, **more)

    def level(self, dataset: str, protocol: str) -> float:
        """The mean final loss of a protocol on one data set, with any codec."""
        return mean(where(self.rows, dataset=dataset, protocol=protocol), "loss")

    def common(self, protocol: str, codec: str, dataset: str) -> tuple[Rows, Rows]:
        """The runs with the codec, and those with the same settings but float32."""
        coded = self.of(protocol, codec, dataset)
        plain = self.of(protocol, PLAIN, dataset)
        if protocol.startswith("periodic"):
            return coded, plain  # its threshold means nothing
        thresholds = values(coded, "threshold")
        safes = values(coded, "safe")
        return coded, where(plain, threshold=thresholds, safe=safes)

    def bytes(self, protocol: str, codec: str) -> Comparison:
        """Bytes with the codec by bytes without."""
        found = []
        for number, dataset in enumerate(self.datasets):
            coded, plain = self.common(protocol, codec, dataset)
            found.append(at_equal_settings(runs(coded), runs(plain), number))
        both, _ = pooled(found)
        return both

    def loss(self, protocol: str, codec: str, dataset: str) -> Comparison:
        """Final loss with the codec minus that without, as a share of what communication can bring on this set."""
        coded, plain = self.common(protocol, codec, dataset)
        gain = self.level(dataset, "local") - self.level(dataset, "periodic:b=1")
        found = loss_difference(runs(coded), runs(plain), self.datasets.index(dataset))
        return Comparison(found.log / gain, found.draws / gain, found.n)

    def losses(self, protocol: str, codec: str) -> Comparison:
        """The mean of these shares."""
        both, _ = pooled([self.loss(protocol, codec, dataset) for dataset in self.datasets])
        return both


def chapter(rows: Rows) -> Chapter:
    """How much further does each protocol get if it ships less?"""
    codecs = Codecs(rows)
    return Chapter(
        "What is shipped",
        findings(codecs),
        [Picture("shipped", drawn(codecs), CAPTION)],
        [table(codecs), *blocks(codecs)],
        [answer(codecs)],
    )


def best(codecs: Codecs) -> tuple[str, str]:
    """The cheapest with its codec, of those whose final loss is surely not worse by more than 5 % of the gain."""
    losses = {pair: codecs.losses(*pair).plain for pair in codecs.pairs}
    harmless = [pair for pair, loss in losses.items() if loss.high < HARMLESS]
    return min(harmless or codecs.pairs, key=lambda pair: codecs.bytes(*pair).log)


def answer(codecs: Codecs) -> str:
    """Where the bytes are."""
    protocol, codec = best(codecs)
    loss = codecs.losses(protocol, codec).plain
    return (
        f"**Where are the bytes? In what is shipped.** `{codec}` brings `{protocol}` to "
        f"{ratio(codecs.bytes(protocol, codec).estimate)} times its bytes, and its final loss changes by "
        f"{difference(loss)} of what communication can bring."
    )


def findings(codecs: Codecs) -> list[str]:
    """Which codecs save what, and whether they cost anything."""
    used = {codec for _, codec in codecs.pairs}
    return [finding(codecs, codec) for codec in LOOKS if codec in used]


def finding(codecs: Codecs, codec: str) -> str:
    """What one codec saves, and what it costs at worst."""
    names = [name for name, other in codecs.pairs if other == codec]
    ratios = sorted(codecs.bytes(name, codec).estimate.value for name in names)
    worst = max(names, key=lambda name: codecs.losses(name, codec).plain.high)
    loss = codecs.losses(worst, codec).plain
    return (
        f"`{codec}` needs {ratios[0]:.2f} to {ratios[-1]:.2f} times the bytes of float32; the final loss "
        f"changes at worst by {difference(loss)} of what communication can bring (`{worst}`)."
    )


def table(codecs: Codecs) -> Table:
    """One line for each protocol and codec."""
    seeds = len(values(codecs.rows, "seed"))
    levels = ", ".join(levels_on(codecs, dataset) for dataset in codecs.datasets)
    about = (
        "Bytes by those of float32 at the same settings; change of the final loss as a share of what communication can "
        f"bring ({seeds} seeds). Final losses without input → `local` → `periodic:b=1`: {levels}."
    )
    header = ["", "codec", "bytes / float32's", *(f"loss, {name}" for name in codecs.datasets)]
    return Table(about, header, [line(codecs, *pair) for pair in codecs.pairs])


def levels_on(codecs: Codecs, dataset: str) -> str:
    """The losses between which all happens on one data set."""
    trivial = mean(where(codecs.rows, dataset=dataset), "baseline_loss")
    local = codecs.level(dataset, "local")
    best = mean(codecs.of("periodic:b=1", PLAIN, dataset), "loss")
    return f"{dataset} {trivial:.3f} → {local:.3f} → {best:.3f}"


def line(codecs: Codecs, protocol: str, codec: str) -> list[str]:
    """The cells of one protocol with one codec."""
    size = codecs.bytes(protocol, codec).estimate
    gaps = [codecs.loss(protocol, codec, dataset) for dataset in codecs.datasets]
    cells = [difference(gap.plain) if gap.n else "–" for gap in gaps]
    return [f"`{protocol}`", f"`{codec}`", ratio(size), *cells]


def blocks(codecs: Codecs) -> Sequence[Table]:
    """One FGM for each block of parameters, against one for all."""
    body = []
    for number, dataset in enumerate(codecs.datasets):
        split = codecs.of("fgm-blocks", PLAIN, dataset)
        plain = codecs.of("fgm", PLAIN, dataset, safe="ball")
        whole = where(plain, threshold=values(split, "threshold"))
        if split and whole:
            cost = at_equal_settings(runs(split), runs(whole), number).estimate
            loss = loss_difference(runs(split), runs(whole), number).plain
            says = verdict(cost, "saves bytes", "costs more", "makes no clear difference")
            body.append([dataset, ratio(cost), difference(loss), says])
    if not body:
        return []
    return [
        Table(
            "`fgm-blocks`, a round of its own for each block of parameters, against `fgm` at equal radius:",
            ["data set", "bytes / fgm's", "final loss − fgm's", "so it"],
            body,
        )
    ]


def drawn(codecs: Codecs) -> Figure:
    """Bytes and loss, one line for each protocol."""
    names = list(dict.fromkeys(name for name, _ in codecs.pairs))
    figure, left, right = figures.two(height=1.8 + 0.75 * len(names))
    for place, (codec, (marker, color)) in enumerate(LOOKS.items()):
        mine = [name for name in names if (name, codec) in codecs.pairs]
        if not mine:
            continue
        places = [names.index(name) + 0.15 * (place - 2) for name in mine]
        sizes = [codecs.bytes(name, codec).estimate for name in mine]
        losses = [codecs.losses(name, codec).plain for name in mine]
        figures.dots_at(left, places, sizes, marker, color, codec)
        figures.dots_at(right, places, losses, marker, color)
    figures.name_lines(left, names)
    figures.name_lines(right, [""] * len(names), at=0.0)
    figures.titles(left, "bytes", "ratio to float32 (log scale)")
    figures.titles(right, "final loss", "change, share of the gain")
    figures.ticks_of_ratios(left, (0.1, 0.2, 0.3, 0.5, 1))
    right.xaxis.set_major_locator(MaxNLocator(4))
    figures.legend_below(figure, left, columns=5)
    return figure
