"""File names that tell runs apart, and are the same for the same settings.

A name says the data set, the cell and the seed, and then whatever differs from the data set's preset.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fgm_ref.simulation.config import Config

LONGEST = 120
"""Characters of a name.  A longer one is cut in front of its last part, and has a hash of all of it there."""

LAST = 40
"""Characters of the last part, the protocols, that a long name keeps."""

ALWAYS = ("dataset", "cell", "seed", "protocol")
"""Settings that have their own place in the name."""


def run_name(config: Config, usual: Config, table: Mapping[str, Any]) -> str:
    """The name of one run; `table` is how the user's own table was read, if it is one.

    >>> usual = Config(dataset="watch", steps=150)
    >>> run_name(Config(dataset="watch", steps=20, protocol="periodic:b=5"), usual, {})
    'watch-lstm-seed0-steps20-periodic-b=5'
    """
    return file_name([*_common(config, usual, table), config.protocol])


def picture_name(
    configs: Sequence[Config],
    usual: Config,
    table: Mapping[str, Any],
    chosen: bool,
) -> str:
    """The name of a picture of several runs; they are named if they were `chosen`, not the usual comparison.

    >>> usual = Config(dataset="watch", steps=150)
    >>> both = [usual, Config(dataset="watch", steps=150, codec="int8")]
    >>> picture_name(both, usual, {}, chosen=False), picture_name(both, usual, {}, chosen=True)
    ('watch-lstm-seed0', 'watch-lstm-seed0-fgm+fgm,codec=int8')
    """
    first = configs[0]
    parts = _common(first, usual, table)
    if chosen:
        runs = [",".join([config.protocol, *_differences(config, first)]) for config in configs]
        parts.append("+".join(runs))
    return file_name(parts)


def _common(config: Config, usual: Config, table: Mapping[str, Any]) -> list[str]:
    """What all runs of a comparison have in their names."""
    read = [word(name, value) for name, value in table.items() if value is not None]
    head = [config.dataset, config.cell, word("seed", config.seed)]
    return [*head, *read, *_differences(config, usual)]


def _differences(config: Config, usual: Config) -> Iterator[str]:
    """A word for each setting that is not the usual one."""
    for name in (field.name for field in fields(Config)):
        value = getattr(config, name)
        if name not in ALWAYS and value != getattr(usual, name):
            yield word(name, value)


def word(name: str, value: Any) -> str:
    """A setting as a part of a file name.

    >>> word("lr", 0.01), word("hidden", (32, 16)), word("split", "iid"), word("checks", True)
    ('lr0.01', 'hidden32,16', 'split=iid', 'checks')
    >>> word("drop", ("id", "t")), word("label", ["x", "y"])
    ('drop=id,t', 'label=x,y')
    """
    if value is True:
        return name
    if value is False:
        return f"no-{name}"
    values = value if isinstance(value, (tuple, list)) else [value]
    sign = "=" if all(isinstance(one, str) for one in values) else ""
    return name + sign + ",".join(map(str, values))


def file_name(parts: Sequence[str]) -> str:
    """The parts, joined, in characters that every file system takes.

    >>> file_name(["own", "my_zones:Mine", "swap=0/1@0.5"]), file_name(["was für eine?"])
    ('own-my_zones-Mine-swap=0-1@0.5', 'was_für_eine_-4836133e')
    """
    whole = "-".join(parts)
    name = plain(whole)
    if name == re.sub("[:/]", "-", whole) and len(name) <= LONGEST:
        return name
    digest = hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    if len(name) <= LONGEST:
        return f"{name}-{digest}"
    last = plain(parts[-1])[:LAST]
    return f"{name[: LONGEST - len(last) - 1]}-{digest}-{last}"


def plain(text: str) -> str:
    """A text in characters that every file system takes."""
    return re.sub(r"[^\w.,=+@-]", "_", re.sub("[:/]", "-", text))
