"""Settings that suit each data set, so that the first command shows something worth seeing."""

from dataclasses import fields
from typing import Any

from fgm_ref.datasets import SETS, Dataset
from fgm_ref.simulation.config import Config
from fgm_ref.text import expect_one_of, read_like

COMPARISON = (
    "central",
    "local",
    "periodic:b=1",
    "periodic:b=10",
    "dynamic-plain",
    "dynamic",
    "gm",
    "gm-reb",
    "fgm",
    "fgm-reb",
    "fgm codec=ternary+ef start=seed",
)
"""The runs of the default comparison, in the order of the table (see `asked`)."""

PRESETS = {name: entry.preset for name, entry in SETS.items()}
"""The settings that suit each bundled set, from its entry."""

PLAIN = {
    one.name: one.default
    for one in fields(Config)
    if type(one.default) in (str, int, float) and one.name not in ("dataset", "protocol")
}
"""The settings that one word can say, with their defaults."""


def preset(data: Dataset, **settings: Any) -> Config:
    """The settings for a bundled data set, with some replaced."""
    expect_one_of("data", data.name, tuple(PRESETS))
    suited = {"dataset": data.name, **PRESETS[data.name]}
    return Config(**(suited | settings))


def asked(text: str) -> dict[str, Any]:
    """The settings in a text: a protocol, and whatever its run has different from the others.

    >>> asked("fgm:epsilon=0.1 codec=int8+ef lr=0.1")
    {'protocol': 'fgm:epsilon=0.1', 'codec': 'int8+ef', 'lr': 0.1}

    `ValueError` for something else than a setting of text or of one number.
    """
    protocol, *others = text.split()
    found: dict[str, Any] = {"protocol": protocol}
    for other in others:
        name, equals, value = other.partition("=")
        if not equals:
            raise ValueError(f"protocol: expected SETTING=VALUE after {protocol}, got {other!r}")
        expect_one_of("protocol, setting", name, tuple(PLAIN))
        found[name] = read_like(f"protocol, setting {name}", value, PLAIN[name])
    return found


def custom(data: Dataset, **settings: Any) -> Config:
    """Settings for a user's own table: the natural sites if there are any, else up to 8 alike."""
    suited: dict[str, Any] = {"dataset": data.name, "hidden": (16,), "steps": 200, "lr": 0.01}
    if data.site_names:
        suited |= {"split": "natural", "sites": len(data.site_names)}
    else:
        suited |= {"sites": min(8, len(data.x_train))}
    return Config(**(suited | settings))
