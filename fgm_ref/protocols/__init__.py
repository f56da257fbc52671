"""The protocols by name.

A protocol is asked for as `name` or `name:option=value,...`, for example `periodic:b=20`; your own one as
`my_module:MY_PROTOCOL` or `my_module:MY_PROTOCOL:option=value,...`, where MY_PROTOCOL is a `base.Protocol`.
"""

import difflib
from typing import Any

from fgm_ref.protocols import (
    at_end,
    central,
    dynamic,
    fda,
    fgm,
    fgm_blocks,
    fgm_centre,
    fgm_o,
    fgm_probe,
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
from fgm_ref.text import plug_in

__all__ = ["PROTOCOLS", "Coordinator", "Protocol", "Setup", "Sites", "parse"]

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        central.PROTOCOL,
        local.PROTOCOL,
        at_end.PROTOCOL,
        periodic.PROTOCOL,
        dynamic.PLAIN,
        dynamic.PROTOCOL,
        gm.PROTOCOL,
        gm_reb.PROTOCOL,
        gm_reb.LIMITS,
        fgm.PROTOCOL,
        fgm_reb.PROTOCOL,
        fgm_random.PROTOCOL,
        fgm_projection.PROTOCOL,
        fgm_centre.PROTOCOL,
        fgm_probe.PROTOCOL,
        fgm_o.PROTOCOL,
        fgm_blocks.PROTOCOL,
        fda.NAIVE,
        fda.LINEAR,
        fda.SKETCH,
        omniscient.PROTOCOL,
    )
}


def parse(text: str) -> tuple[Protocol, dict[str, Any]]:
    """The protocol and all its options, for a text like `"periodic:b=20"`.

    >>> protocol, options = parse("periodic:b=20")
    >>> protocol.name, options
    ('periodic', {'b': 20})
    """
    name, _, settings = text.partition(":")
    attribute, _, rest = settings.partition(":")
    if name not in PROTOCOLS and attribute and "=" not in attribute:
        protocol = _expect_protocol(name, attribute, plug_in("protocol", name, attribute))
        return protocol, _options(protocol, rest)
    if name not in PROTOCOLS:
        close = difflib.get_close_matches(name, PROTOCOLS, 1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise ValueError(f"protocol: expected one of {', '.join(PROTOCOLS)}; got {name!r}{hint}")
    return PROTOCOLS[name], _options(PROTOCOLS[name], settings)


def _expect_protocol(module: str, name: str, found: Any) -> Protocol:
    if not isinstance(found, Protocol):
        raise ValueError(
            f"protocol: expected {module}:{name} to be a fgm_ref.protocols.Protocol, "
            f"got a {type(found).__name__}"
        )
    return found


def _options(protocol: Protocol, settings: str) -> dict[str, Any]:
    """The protocol's options, some replaced by settings such as "b=20"."""
    name, options = protocol.name, dict(protocol.options)
    for setting in filter(None, settings.split(",")):
        key, _, value = setting.partition("=")
        if key not in options:
            known = ", ".join(f"{k}={v}" for k, v in options.items()) or "no options"
            raise ValueError(f"protocol {name}: expected {known}; got {setting!r}")
        options[key] = _convert(f"protocol {name}, option {key}", value, options[key])
    return options


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
