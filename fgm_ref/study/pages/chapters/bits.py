"""How few bits per number, and where each codec breaks: few rounds, many sites, skew."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fgm_ref.study.numbers.bits import HARM, MANY, Bits, Place
from fgm_ref.study.numbers.kits import FULL
from fgm_ref.study.numbers.rows import Rows, values
from fgm_ref.study.numbers.words import listed, ratio, side, told_difference
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Answer, Chapter, Picture, Table
from fgm_ref.view.plots import BLACK, GREEN

FEEDBACK = "+ef"
ZIP = "+zip"
CAPTION = (
    "Left: bytes by those of float32 in the same runs. Right: by how much the final loss is higher, as a share of what "
    "is learnt in float32. Pooled over data sets, with 95 % intervals, for a period of 13 steps and for FGM."
)
DRAWN = (("periodic:b=13", "o", BLACK, -0.15), ("fgm", "s", GREEN, 0.15))
DRAWN_PROTOCOLS = tuple(protocol for protocol, *_ in DRAWN)
NOTE = (
    f"A codec is said to break where the whole interval of the loss lies more than {100 * HARM:.0f} % of what is "
    "learnt above that of float32. What is billed is what lies in the arrays. `+ef`: what a message could not "
    "say is added to the next one; `+zip`: a general-purpose compressor on top."
)


def chapter(rows: Rows) -> Chapter:
    """What is left of a synchronisation, and what it costs in loss."""
    bits = Bits(rows)
    return Chapter(
        "How few bits",
        [*(finding(bits, codec) for codec in bits.codecs), *compressor(bits)],
        [],
        [by_protocol(bits), by_dataset(bits), *crowds(bits)],
        notes=[NOTE],
        digest=[
            Answer("How few bits per number?", answer(bits), Picture("bits", drawn(bits), CAPTION))
        ],
    )


def answer(bits: Bits) -> str:
    """The cheapest codec that breaks least; the one of the kits; what feedback brings."""
    best = bits.safest()
    sets = len({place.dataset for place in bits.usual})
    seeds = len(values(bits.rows, "seed"))
    said = [
        f"**`{best}` {is_safe(bits, best)}**: {price(bits, best)} [{sets} sets, {seeds} seeds].",
        *([] if best == FULL.codec or FULL.codec not in bits.codecs else [kit(bits)]),
        *feedback(bits),
    ]
    return " ".join(said)


def is_safe(bits: Bits, codec: str) -> str:
    """Whether it breaks anywhere."""
    if not bits.broken(codec, bits.usual):
        return "is the cheapest that breaks nowhere"
    return f"breaks least often, in {cases(bits, codec, bits.usual)}"


def price(bits: Bits, codec: str) -> str:
    """Its bytes, and the loss with the protocols that are drawn."""
    drawn = [place for place in bits.usual if place.protocol in DRAWN_PROTOCOLS]
    return (
        f"{ratio(bits.all_bytes(codec, drawn).estimate)} of the bytes of float32, and a final loss that differs by "
        f"{told_difference(bits.all_harm(codec, drawn).plain)} of what is learnt, with FGM and a period of 13"
    )


def kit(bits: Bits) -> str:
    """The codec of the kits."""
    broken = cases(bits, FULL.codec, bits.usual)
    return f"`{FULL.codec}`, which the kits have, needs {price(bits, FULL.codec)}; it breaks in {broken}."


def cases(bits: Bits, codec: str, places: Sequence[Place]) -> str:
    """In how many of how many it breaks."""
    return f"{len(bits.broken(codec, places))} of {len(bits.tried(codec, places))} cases"


def feedback(bits: Bits) -> list[str]:
    """What becomes of the same bits without feedback."""
    pairs = [codec for codec in bits.codecs if codec + FEEDBACK in bits.codecs]
    if not pairs:
        return []
    told = [
        f"`{codec}` breaks in {cases(bits, codec, bits.usual)} without it and in "
        f"{len(bits.broken(codec + FEEDBACK, bits.usual))} with it"
        for codec in pairs
    ]
    return [f"What error feedback brings: {listed(told)}."]


def compressor(bits: Bits) -> list[str]:
    """How far the coded numbers are from their entropy."""
    lines = []
    for codec in bits.codecs:
        plain = codec.removesuffix(ZIP)
        if plain in bits.codecs and plain != codec:
            zipped = bits.all_bytes(codec, bits.usual)
            packed = bits.all_bytes(plain, bits.usual)
            gap = zipped._replace(log=zipped.log - packed.log, draws=zipped.draws - packed.draws)
            lines.append(f"A compressor on top leaves {ratio(gap.estimate)} of `{plain}`'s bytes.")
    return lines


def finding(bits: Bits, codec: str) -> str:
    """What one codec saves, and where it breaks."""
    saved = ratio(bits.all_bytes(codec, bits.usual).estimate)
    text = f"`{codec}`: {saved} times the bytes; {breaks(bits, codec, bits.usual)}"
    if bits.tried(codec, bits.crowded):
        text += f", with {MANY} sites {breaks(bits, codec, bits.crowded)}"
    return text + "."


def breaks(bits: Bits, codec: str, places: Sequence[Place]) -> str:
    """Where it breaks, and how badly at worst."""
    broken = bits.broken(codec, places)
    if not broken:
        return f"it breaks in none of {len(bits.tried(codec, places))} cases"
    worst = max(broken, key=lambda place: bits.harm(codec, place).log)
    return (
        f"it breaks in {cases(bits, codec, places)}, at worst on {said(worst)} by "
        f"{told_difference(bits.harm(codec, worst).plain)}"
    )


def said(place: Place) -> str:
    """A place in words."""
    skewed = ", skewed" if place.split == "dirichlet" else ""
    return f"{place.dataset} with `{place.protocol}`{skewed}"


def by_protocol(bits: Bits) -> Table:
    """One line for each codec, the loss by protocol."""
    protocols = list(dict.fromkeys(place.protocol for place in bits.usual))
    body = []
    for codec in bits.codecs:
        groups = [[p for p in bits.usual if p.protocol == name] for name in protocols]
        harms = [told_difference(bits.all_harm(codec, group).plain) for group in groups]
        body.append([f"`{codec}`", ratio(bits.all_bytes(codec, bits.usual).estimate), *harms])
    seeds = len(values(bits.rows, "seed"))
    about = (
        "Bytes by those of float32; change of the final loss as a share of what is learnt, pooled over "
        f"{len({place.dataset for place in bits.usual})} data sets ({seeds} seeds):"
    )
    return Table(about, ["codec", "bytes", *(f"loss, {name}" for name in protocols)], body)


def by_dataset(bits: Bits) -> Table:
    """One line for each codec, the loss by data set."""
    datasets = list(dict.fromkeys(place.dataset for place in bits.usual))
    body = []
    for codec in bits.codecs:
        groups = [[p for p in bits.usual if p.dataset == name] for name in datasets]
        harms = [told_difference(bits.all_harm(codec, group).plain) for group in groups]
        body.append([f"`{codec}`", *harms])
    about = "The same change of the final loss, the mean over the protocols:"
    return Table(about, ["codec", *datasets], body)


def crowds(bits: Bits) -> list[Table]:
    """Many sites, dealt out alike or by class."""
    if not bits.crowded:
        return []
    body = []
    for place in bits.crowded:
        for codec in bits.tried_anywhere(bits.crowded):
            harm = bits.harm(codec, place).plain
            word = side(harm, "lower", "higher", "no clear difference")
            dealt = "by class" if place.split == "dirichlet" else "alike"
            cells = [place.dataset, dealt, f"`{place.protocol}`", f"`{codec}`"]
            cost = ratio(bits.bytes(codec, place).estimate)
            body.append([*cells, cost, told_difference(harm), word])
    header = ["data set", "dealt out", "protocol", "codec", "bytes", "loss", "the loss is"]
    about = f"{MANY} sites, with as many samples in all; change of the loss as a share of what is learnt:"
    return [Table(about, header, body)]


def drawn(bits: Bits) -> Figure:
    """Bytes and loss, one line for each codec."""
    figure, left, right = figures.two(height=1.6 + 0.4 * len(bits.codecs))
    for protocol, marker, color, shift in DRAWN:
        group = [place for place in bits.usual if place.protocol == protocol]
        if not group:
            continue
        places = [place + shift for place in range(len(bits.codecs))]
        sizes = [bits.all_bytes(codec, group).estimate for codec in bits.codecs]
        harms = [bits.all_harm(codec, group).plain for codec in bits.codecs]
        figures.dots_at(left, places, sizes, marker, color, protocol)
        figures.dots_at(right, places, harms, marker, color)
    figures.name_lines(left, bits.codecs)
    figures.name_lines(right, [""] * len(bits.codecs), at=0.0)
    figures.titles(left, "bytes", "ratio to float32 (log scale)")
    figures.titles(right, "final loss", "change, share of what is learnt")
    figures.ticks_of_ratios(left, (0.03, 0.06, 0.125, 0.25, 0.5, 1))
    right.xaxis.set_major_locator(MaxNLocator(4))
    figures.legend_below(figure, left)
    return figure
