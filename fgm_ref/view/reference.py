"""The tables of the reference pages, made from what protocols and safe functions declare."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from fgm_ref.files import atomic
from fgm_ref.learning.rates import SHAPES
from fgm_ref.protocols import PROTOCOLS, Chosen, Protocol
from fgm_ref.protocols.server import SERVERS
from fgm_ref.safe import Ball, reference_rows
from fgm_ref.simulation.observer import outlives
from fgm_ref.transport.codecs import VALUES, Float32, parse_codec
from fgm_ref.transport.codecs.feedback import most_owed
from fgm_ref.transport.faults import Faults

Row = tuple[str, ...]
PACKAGE = Path(__file__).resolve().parents[1]

FAULTS: Mapping[str, Faults] = {
    "drop": Faults(drop=0.1),
    "duplicate": Faults(duplicate=0.1),
    "reorder": Faults(reorder=True),
    "delay": Faults(delay=1),
    "drop for good": Faults(drop=0.1, resend=False),
    "absent sites": Faults(absent={0: (1, 2)}),
}
"""One fault of each kind, for the question what a guarantee survives."""


def protocols() -> Iterator[Row]:
    """A row for each protocol."""
    yield (
        "protocol",
        "source",
        "guarantee at rest",
        "of φ",
        "messages of one event",
        "bytes",
        "held by",
    )
    for protocol in PROTOCOLS.values():
        row = protocol.reference
        yield (
            f"`{protocol.name}`",
            row.source,
            protocol.promise,
            {"zone": "φ", "form": "φ, own R", "radius": "R", "nothing": "–"}[protocol.watches],
            row.event,
            row.bytes,
            f"`{row.held_by}`",
        )


def safe_functions() -> Iterator[Row]:
    """A row for each safe function, and for each way to compose them."""
    yield "name", "φ(X)", "admissible", "φ(0)", "source", "held by"
    yield from reference_rows()


def codecs() -> Iterator[Row]:
    """A row for each way to write a number."""
    yield (
        "codec",
        "bytes of D numbers",
        "a block",
        "error of a number",
        "up to m =",
        "owed with `ef`",
    )
    for name, values in VALUES.items():
        yield f"`{name}`", values.bytes, *(("–",) * 4 if values.lossless else errors(values))


def errors(values: type[Float32]) -> Row:
    """The cells about what a codec loses; m is the largest number of a block."""
    return (
        str(values.block),
        f"{values.share:.3g}·m + {power(values.floor)}",
        f"{values.most:,.0f}" if np.isfinite(values.most) else "any",
        f"{most_owed(values.contraction):.3g} of the greatest {values.norm}",
    )


def power(number: float) -> str:
    """A power of two, as such.

    >>> power(2**-25)
    '2⁻²⁵'
    """
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "2" + str(round(np.log2(number))).translate(digits)


def servers() -> Iterator[Row]:
    """A row for each rule that makes the next global model."""
    yield "server", "rule", "options", "source", "held by"
    for name, rule in SERVERS.items():
        yield f"`{name}`", rule.rule, defaults(rule.defaults), rule.source, f"`{rule.held_by}`"


def rates() -> Iterator[Row]:
    """A row for each schedule of the learning rate."""
    yield "schedule", "factor when a share s of the run is over", "options"
    for name, shape in SHAPES.items():
        yield f"`{name}`", shape.about, defaults({**shape.options, "warmup": 0.0})


def defaults(options: Mapping[str, float]) -> str:
    """Options with their defaults, as a cell."""
    return ", ".join(f"{option}={value:g}" for option, value in options.items()) or "–"


def faults() -> Iterator[Row]:
    """The protocols that answer alike, with their answers to each fault and to rounding."""
    yield "protocol", *FAULTS, "rounding"
    alike: dict[Row, list[str]] = {}
    for protocol in PROTOCOLS.values():
        alike.setdefault(answers(protocol), []).append(f"`{protocol.name}`")
    for row, names in alike.items():
        yield ", ".join(names), *row


def answers(protocol: Protocol) -> Row:
    """Whether a protocol's guarantee survives each fault, and the rounding of a codec."""
    if protocol.guarantee is None:
        return ("–",) * (len(FAULTS) + 1)
    chosen = protocol()
    words = [yes_no(outlives(chosen, Ball, fault, None)) for fault in FAULTS.values()]
    if protocol.needs_everybody:
        words[-1] = "refused"
    return (*words, rounding(chosen))


def rounding(chosen: Chosen) -> str:
    """Whether the guarantee holds exactly with a codec, or up to the rounding."""
    exact = outlives(chosen, Ball, None, parse_codec("int8"))
    return "exact" if exact else "up to the rounding"


def yes_no(answer: bool) -> str:
    """A truth value as a cell."""
    return "yes" if answer else "no"


LADDER = {
    "safe/function.py": "what a site watches: a safe function φ, and the ball",
    "transport/messages.py": "every message, and what it weighs; you will meet five or six of them",
    "transport/network.py": "the four verbs by which both ends speak; everything is copied and billed here",
    "protocols/base.py": "what sites and coordinator of every protocol do",
    "protocols/gm.py": "GM: one site calls out, and everybody is averaged",
    "protocols/fgm.py": "FGM: sites count quanta of φ, and the coordinator adds them up",
}
"""Which files to read to understand GM and FGM, in this order."""


def ladder() -> Iterator[Row]:
    """A row for each file of the ladder, and their sum."""
    yield "file", "lines", "what to look for"
    total = 0
    for file, what in LADDER.items():
        lines = len((PACKAGE / file).read_text(encoding="utf-8").splitlines())
        total += lines
        yield f"[`{file}`]({file})", str(lines), what
    yield "together", str(total), ""


TABLES = {
    "protocols": protocols,
    "safe functions": safe_functions,
    "codecs": codecs,
    "servers": servers,
    "rates": rates,
    "faults": faults,
    "ladder": ladder,
}


def markdown(rows: Iterable[Row]) -> str:
    """A table; the first row is its head."""
    head, *rest = rows
    lines = [head, ("---",) * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def filled(page: str) -> str:
    """The page, with each table between its two marks made anew."""
    for name, rows in TABLES.items():
        mark = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.S)
        table = markdown(rows())
        page = mark.sub(lambda found, table=table: found[1] + table + "\n" + found[2], page)  # type: ignore[misc]
    return page


def write(path: Path) -> None:
    """Bring the page up to date."""
    old = path.read_text(encoding="utf-8")
    new = filled(old)
    if new != old:
        with atomic(path) as part:
            part.write_text(new, encoding="utf-8")
