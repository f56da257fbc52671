"""The protocols by name.

A protocol is asked for as `name` or `name:option=value,...`, for example `periodic:b=20`.  Your own one is
`my_module:MY_PROTOCOL` or `my_module:MY_PROTOCOL:option=value,...`, where MY_PROTOCOL is a `Protocol`.

In Python, `from fgm_ref.protocols import Periodic` and `Periodic(b=20)` ask for the same as the text.  Every protocol
goes by its name without hyphens: `Fgm`, `FgmReb`, `DynamicPlain`.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import Any

from fgm_ref.files import path_of, plug_in
from fgm_ref.protocols.base import Coordinator, Sites
from fgm_ref.protocols.protocol import MEAN, SUM, Chosen, Guarantee, Protocol
from fgm_ref.protocols.setup import Setup
from fgm_ref.protocols.spread import VARIANCE
from fgm_ref.text import head, options

__all__ = [
    "MEAN", "PROTOCOLS", "SUM", "VARIANCE", "Chosen", "Coordinator", "Guarantee", "Protocol", "Setup", "Sites",
    "name_of", "parse",
]  # fmt: skip

FILES = (
    "central",
    "local",
    "at_end",
    "periodic",
    "post_local",
    "qsr",
    "adacomm",
    "scaffold",
    "fedavg",
    "dynamic",
    "gm",
    "gm_reb",
    "gm_weighted",
    "gm_opt",
    "fgm",
    "fgm_reb",
    "fgm_weighted",
    "fgm_opt",
    "fgm_random",
    "fgm_projection",
    "fgm_centre",
    "fgm_probe",
    "fgm_o",
    "fgm_blocks",
    "fda",
    "fda_opt",
    "omniscient",
)
"""Where the protocols are declared.  To add one, add its file here."""

PROTOCOLS: dict[str, Protocol] = {
    thing.name: thing
    for file in FILES
    for thing in vars(import_module(f"{__name__}.{file}")).values()
    if isinstance(thing, Protocol)
}
"""All protocols, in the order of the files and of the declarations in them."""

_CLASS_NAMES = {name.title().replace("-", ""): name for name in PROTOCOLS}


def __getattr__(name: str) -> Protocol:
    """`Fgm`, `GmReb`, ...: the protocol of that name."""
    if name not in _CLASS_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return PROTOCOLS[_CLASS_NAMES[name]]


def __dir__() -> list[str]:
    return [*__all__, *_CLASS_NAMES]


def parse(text: str) -> Chosen:
    """The protocol and all its options, for a text like `"periodic:b=20"`.

    >>> protocol, options = parse("periodic:b=20")
    >>> protocol.name, options
    ('periodic', {'b': 20})
    """
    name, rest = head(text)
    attribute, settings = head(rest)
    if name not in PROTOCOLS and attribute and "=" not in attribute:
        protocol = _expect_protocol(name, attribute, plug_in("protocol", name, attribute))
        return _chosen(protocol, settings)
    if name not in PROTOCOLS:
        near = get_close_matches(name, PROTOCOLS, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"protocol: expected one of {', '.join(PROTOCOLS)}; got {name!r}{hint}")
    return _chosen(PROTOCOLS[name], rest)


def _chosen(protocol: Protocol, settings: str) -> Chosen:
    return Chosen(protocol, options(f"protocol {protocol.name}", settings, protocol.options))


def _expect_protocol(module: str, name: str, found: Any) -> Protocol:
    if not isinstance(found, Protocol):
        raise ValueError(
            f"protocol: expected {module}:{name} to be a fgm_ref.protocols.Protocol, "
            f"got a {type(found).__name__}"
        )
    return found


def name_of(wanted: str | Protocol | Chosen) -> str:
    """The text that asks for a protocol, with or without options: the inverse of `parse`.

    >>> from fgm_ref.protocols import Fgm
    >>> name_of(Fgm), name_of(Fgm(epsilon=0.1)), name_of("fgm")
    ('fgm', 'fgm:epsilon=0.1', 'fgm')
    """
    if isinstance(wanted, str):
        return wanted
    chosen = wanted if isinstance(wanted, Chosen) else wanted()
    protocol = chosen.protocol
    name = protocol.name
    if PROTOCOLS.get(name) is not protocol:
        name = path_of("protocol", protocol, protocol.coordinator.__module__)
    return f"{name}:{chosen.settings}" if chosen.settings else name
