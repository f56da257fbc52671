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
CAPTION = (
    "Left: bytes by those of float32 in the same runs. Right: by how much the final loss changes, as a share of "
    "what "
    "communication can bring (loss of local minus loss of periodic:b=1). Pooled over data sets, with 95 % "
    "intervals."
)


class Codecs:
    """Runs by protocol and codec, each compared with the same protocol shipping float32."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.datasets = values(rows, "dataset")
        fixed = ("periodic:b=1", "local", "fgm-blocks")
        names = [name for name in values(rows, "protocol") if name not in fixed]
        self.pairs = [
            (name, codec)
            for name in names
            for codec in LOOKS
            if where(rows, protocol=name, codec=codec)
        ]

    def of(self, protocol: str, codec: str, dataset: str, **more: str) -> Rows:
        """The runs of one protocol."""
        return where(self.rows, protocol=protocol, codec=codec, dataset=dataset, **more)

    def common(self, protocol: str, codec: str, dataset: str) -> tuple[Rows, Rows]:
        """The runs with the codec, and those with the same settings but float32."""
        coded, plain = self.of(protocol, codec, dataset), self.of(protocol, PLAIN, dataset)
        if protocol.startswith("periodic"):
            return coded, plain  # its threshold means nothing
        ts, safes = tuple(values(coded, "threshold")), tuple(values(coded, "safe"))
        return coded, where(plain, threshold=ts, safe=safes)

    def bytes(self, protocol: str, codec: str) -> Comparison:
        """Bytes with the codec by bytes without."""
        pairs = [self.common(protocol, codec, dataset) for dataset in self.datasets]
        return pooled([at_equal_settings(runs(a), runs(b), n) for n, (a, b) in enumerate(pairs)])[0]

    def loss(self, protocol: str, codec: str, dataset: str) -> Comparison:
        """Final loss with the codec minus that without, as a share of what communication can bring on this set."""
        a, b = self.common(protocol, codec, dataset)
        gain = mean(where(self.rows, dataset=dataset, protocol="local"), "loss")
        gain -= mean(where(self.rows, dataset=dataset, protocol="periodic:b=1"), "loss")
        found = loss_difference(runs(a), runs(b), self.datasets.index(dataset))
        return Comparison(found.log / gain, found.draws / gain, found.n)

    def losses(self, protocol: str, codec: str) -> Comparison:
        """The mean of these shares."""
        return pooled([self.loss(protocol, codec, dataset) for dataset in self.datasets])[0]


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


HARMLESS = 0.05


def best(codecs: Codecs) -> tuple[str, str]:
    """The cheapest with its codec, of those whose final loss is surely not worse by more than 5 % of the gain."""
    harmless = [pair for pair in codecs.pairs if codecs.losses(*pair).plain.high < HARMLESS]
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
    sentences = []
    for codec in LOOKS:
        names = [name for name, other in codecs.pairs if other == codec]
        if not names:
            continue
        ratios = sorted(codecs.bytes(name, codec).estimate.value for name in names)
        worst = max(names, key=lambda name: codecs.losses(name, codec).plain.high)
        sentences.append(
            f"`{codec}` needs {ratios[0]:.2f} to {ratios[-1]:.2f} times the bytes of float32; the final "
            "loss "
            f"changes at worst by {difference(codecs.losses(worst, codec).plain)} of what communication "
            "can "
            f"bring (`{worst}`)."
        )
    return sentences


def table(codecs: Codecs) -> Table:
    """One line for each protocol and codec."""
    body = []
    for protocol, codec in codecs.pairs:
        gaps = [codecs.loss(protocol, codec, dataset) for dataset in codecs.datasets]
        cells = [difference(gap.plain) if gap.n else "–" for gap in gaps]
        body.append(
            [f"`{protocol}`", f"`{codec}`", ratio(codecs.bytes(protocol, codec).estimate), *cells]
        )
    levels = ", ".join(
        f"{d} {mean(where(codecs.rows, dataset=d), 'baseline_loss'):.3f} → "
        f"{mean(where(codecs.rows, dataset=d, protocol='local'), 'loss'):.3f} → "
        f"{mean(where(codecs.rows, dataset=d, protocol='periodic:b=1', codec=PLAIN), 'loss'):.3f}"
        for d in codecs.datasets
    )
    about = (
        "Bytes by those of float32 at the same settings; change of the final loss as a share of what "
        "communication can "
        f"bring ({len(values(codecs.rows, 'seed'))} seeds). Final losses without input → `local` → "
        f"`periodic:b=1`: {levels}."
    )
    return Table(
        about,
        ["", "codec", "bytes / float32's", *(f"loss, {dataset}" for dataset in codecs.datasets)],
        body,
    )


def blocks(codecs: Codecs) -> Sequence[Table]:
    """One FGM for each block of parameters, against one for all."""
    body = []
    for number, dataset in enumerate(codecs.datasets):
        split = codecs.of("fgm-blocks", PLAIN, dataset)
        whole = where(
            codecs.of("fgm", PLAIN, dataset, safe="ball"),
            threshold=tuple(values(split, "threshold")),
        )
        if split and whole:
            cost = at_equal_settings(runs(split), runs(whole), number).estimate
            loss = loss_difference(runs(split), runs(whole), number).plain
            says = verdict(cost, "saves bytes", "costs more", "makes no clear difference")
            body.append([dataset, ratio(cost), difference(loss), says])
    header = ["data set", "bytes / fgm's", "final loss − fgm's", "so it"]
    return (
        [
            Table(
                "`fgm-blocks`, a round of its own for each block of parameters, against `fgm` at equal radius:",
                header,
                body,
            )
        ]
        if body
        else []
    )


def drawn(codecs: Codecs) -> Figure:
    """Bytes and loss, one line for each protocol."""
    names = list(dict.fromkeys(name for name, _ in codecs.pairs))
    figure, (left, right) = figures.panels(2, columns=2, height=1.8 + 0.75 * len(names))
    for place, (codec, look) in enumerate(LOOKS.items()):
        mine = [(line, name) for line, name in enumerate(names) if (name, codec) in codecs.pairs]
        if mine:
            lines = [line + 0.15 * (place - 2) for line, _ in mine]
            figures.dots_at(
                left, lines, [codecs.bytes(name, codec).estimate for _, name in mine], *look, codec
            )
            figures.dots_at(
                right, lines, [codecs.losses(name, codec).plain for _, name in mine], *look
            )
    figures.name_lines(left, names)
    figures.name_lines(right, [""] * len(names), at=0.0)
    figures.titles(left, "bytes", "ratio to float32 (log scale)")
    figures.titles(right, "final loss", "change, share of the gain")
    figures.ticks_of_ratios(left, (0.1, 0.2, 0.3, 0.5, 1))
    right.xaxis.set_major_locator(MaxNLocator(4))
    figures.legend_below(figure, left, columns=5)
    return figure
