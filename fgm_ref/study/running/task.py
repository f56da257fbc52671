"""One run to be done: what to measure, and the run's `Config`.  Travels to any process; equal tasks have equal keys.

Two tasks with the same `essence` give the same numbers: they differ in settings only that neither of them uses.
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from fgm_ref.datasets import load
from fgm_ref.protocols import parse
from fgm_ref.simulation.config import Config, is_written
from fgm_ref.study.running.settings import FIELDS, typed, written

RUN = "run"


@dataclass(frozen=True)
class Task:
    """`kind` names what is measured (see `measure.py`)."""

    config: Config
    kind: str = RUN

    @cached_property
    def key(self) -> str:
        """A name that is the same on every machine and in every version with the same settings.

        >>> Task(Config(threshold=1)).key == Task(Config(threshold=1.0)).key != Task(Config(threshold=2)).key
        True
        """
        values = {name: typed(name, value) for name, value in self._written().items()}
        everything = {"kind": self.kind, "config": values}
        text = json.dumps(everything, sort_keys=True, ensure_ascii=True)
        return sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def essence(self) -> str:
        """The key of the same run with the settings that it does not use at their defaults.

        >>> period = Config(protocol="periodic:b=5")
        >>> Task(replace(period, threshold=1)).essence == Task(replace(period, threshold=2)).essence
        True
        >>> Task(Config(threshold=1)).essence == Task(Config(threshold=2)).essence
        False
        """
        usual: dict[str, Any] = {name: FIELDS[name].default for name in unused(self.config)}
        return Task(replace(self.config, **usual), self.kind).key

    @property
    def columns(self) -> dict[str, str]:
        """Key, kind and the settings, as text."""
        settings = {name: written(value) for name, value in self._written().items()}
        return {"key": self.key, "kind": self.kind, **settings}

    def _written(self) -> dict[str, Any]:
        values = {name: getattr(self.config, name) for name in FIELDS}
        return {name: value for name, value in values.items() if is_written(name, value)}


def unused(config: Config) -> list[str]:
    """The settings without which the run would be the same.

    >>> unused(Config(protocol="local", split="natural"))
    ['safe', 'threshold', 'relative', 'radius', 'alpha', 'embedding']
    """
    found = []
    watches = parse(config.protocol).protocol.watches
    if watches == "nothing":
        found += ["safe"]
    if watches in ("nothing", "form"):
        found += ["threshold", "relative", "radius"]
    if config.split != "dirichlet":
        found += ["alpha"]
    if not load(config.dataset).tokens:
        found += ["embedding"]
    return found
