"""What runs are called when they stand side by side: by their protocol, and by the settings in which they differ."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult

SETTINGS = {one.name: one.default for one in fields(Config) if one.name != "protocol"}


def labels(results: Sequence[RunResult]) -> list[str]:
    """A name for each run, such as "fgm, nesterov, ternary+ef" beside "fgm"; options of a setting are left out
    unless only they differ.
    """
    return labels_of([result.config for result in results])


def labels_of(configs: Sequence[Config]) -> list[str]:
    """The same for runs that are not done yet.

    >>> labels_of([Config(), Config(server="nesterov:beta=0.7", codec="int8+ef"), Config(lr=0.5)])
    ['fgm', 'fgm, int8+ef, nesterov', 'fgm, lr 0.5']
    """
    differing = [
        name for name in SETTINGS if len({getattr(config, name) for config in configs}) > 1
    ]
    short = [_label(config, differing, short=True) for config in configs]
    if len(set(short)) == len(short):
        return short
    return [_label(config, differing, short=False) for config in configs]


def _label(config: Config, names: Sequence[str], short: bool) -> str:
    values = {name: getattr(config, name) for name in names}
    said = [_word(name, value, short) for name, value in values.items() if value != SETTINGS[name]]
    return ", ".join([config.protocol, *said])


def _word(name: str, value: Any, short: bool) -> str:
    if isinstance(value, bool):
        return name if value else f"no {name}"
    if isinstance(value, str):
        return value.partition(":")[0] if short else value
    number = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{name} {number}"
