"""The protocols by name.

A protocol is asked for as `name` or `name:option=value,...`, for example `periodic:b=20`.
"""

import difflib
from typing import Any

from fgm_ref.protocols import (
    at_end,
    central,
    dynamic,
    fda,
    fgm,
    fgm_o,
    fgm_projection,
    fgm_random,
    fgm_reb,
    gm,
    gm_reb,
    local,
    omniscient,
    periodic,
)
from fgm_ref.protocols.base import Coordinator, Protocol, Setup, Sites

__all__ = ["PROTOCOLS", "Coordinator", "Protocol", "Setup", "Sites", "parse"]

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        central.PROTOCOL, local.PROTOCOL, at_end.PROTOCOL, periodic.PROTOCOL, dynamic.PLAIN, dynamic.PROTOCOL,
        gm.PROTOCOL, gm_reb.PROTOCOL, gm_reb.LIMITS,
        fgm.PROTOCOL, fgm_reb.PROTOCOL, fgm_random.PROTOCOL, fgm_projection.PROTOCOL, fgm_o.PROTOCOL,
        fda.NAIVE, fda.LINEAR, fda.SKETCH, omniscient.PROTOCOL,
    )
}


def parse(text: str) -> tuple[Protocol, dict[str, Any]]:
    """The protocol and all its options, for a text like `"periodic:b=20"`.

    >>> protocol, options = parse("periodic:b=20")
    >>> protocol.name, options
    ('periodic', {'b': 20})
    """
    name, _, settings = text.partition(":")
    if name not in PROTOCOLS:
        close = difflib.get_close_matches(name, PROTOCOLS, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"protocol: expected one of {', '.join(PROTOCOLS)}; got {name!r}{hint}")
    protocol = PROTOCOLS[name]
    options = dict(protocol.options)
    for setting in filter(None, settings.split(",")):
        key, _, value = setting.partition("=")
        if key not in options:
            known = ", ".join(f"{k}={v}" for k, v in options.items()) or "no options"
            raise ValueError(f"protocol {name}: expected {known}; got {setting!r}")
        options[key] = _convert(f"protocol {name}, option {key}", value, options[key])
    return protocol, options


def _convert(what: str, value: str, default: Any) -> Any:
    """Read `value` as the type of `default`."""
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if value.lower() not in words:
            raise ValueError(f"{what}: expected yes or no, got {value!r}")
        return words[value.lower()]
    try:
        return type(default)(value)
    except ValueError:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise ValueError(f"{what}: expected {kind}, got {value!r}") from None
