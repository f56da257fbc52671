"""`--list`: what there is to choose from, read from where it is declared."""

from collections.abc import Iterator, Mapping
from typing import Any

from fgm_ref.datasets import summary
from fgm_ref.datasets.split import SPLITS
from fgm_ref.learning.optim import OPTIMIZERS
from fgm_ref.learning.rates import SHAPES
from fgm_ref.learning.spec import CELLS
from fgm_ref.protocols import PROTOCOLS, Protocol
from fgm_ref.protocols.server import SERVERS
from fgm_ref.safe import CATALOGUE, PREFIXES, PROMISES
from fgm_ref.safe.loss import OPTIONS
from fgm_ref.simulation.schedules import NAMES as SCHEDULES
from fgm_ref.transport.codecs import VALUES, WORDS
from fgm_ref.transport.start import STARTS


def catalogue() -> Iterator[str]:
    """The lines of the list."""
    yield "data sets"
    yield from (f"  {line}" for line in summary())
    yield "protocols"
    yield from map(about_protocol, PROTOCOLS.values())
    yield "safe functions"
    for name, safe in CATALOGUE.items():
        yield f"  {name:<22} {first_line(safe)}"
    for name, safe in PROMISES.items():
        yield f"  {name:<22} {first_line(safe)}"
    yield f"  {'':<22} {bracketed(OPTIONS)}"
    composed = ", ".join(f"{prefix}:NAME" for prefix in PREFIXES)
    yield f"  {composed}, NAME+NAME, my_module:MyZone"
    yield "codecs"
    for name, values in VALUES.items():
        yield f"  {name:<14} {first_line(values)}"
    yield f"  NAME+WORD+..., each WORD one of {', '.join(WORDS)}"
    yield "servers"
    for name, rule in SERVERS.items():
        yield listed(name, first_line(rule), rule.defaults)
    yield "learning-rate schedules"
    for name, shape in SHAPES.items():
        yield listed(name, shape.about, shape.options)
    for title, names in (
        ("what is sent first", STARTS),
        ("schedules", SCHEDULES),
        ("splits", SPLITS),
        ("cells", CELLS),
        ("optimisers", OPTIMIZERS),
    ):
        yield title
        yield f"  {', '.join(names)}"


def about_protocol(protocol: Protocol) -> str:
    """A protocol with its options."""
    return listed(protocol.name, protocol.about, protocol.options)


def listed(name: str, about: str, options: Mapping[str, Any]) -> str:
    """Something with its options."""
    line = f"  {name:<14} {about}"
    if options:
        line += f"  {bracketed(options)}"
    return line


def bracketed(options: Mapping[str, Any]) -> str:
    """Options with their defaults: "[b=10, balancing=False]"."""
    return f"[{', '.join(f'{key}={value}' for key, value in options.items())}]"


def first_line(thing: object) -> str:
    """Of its docstring."""
    return (thing.__doc__ or "").partition("\n")[0]
