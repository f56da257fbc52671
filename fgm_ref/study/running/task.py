"""One run to be done: what to measure, and the run's `Config`.  Travels to any process; equal tasks have equal keys."""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

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

    @property
    def columns(self) -> dict[str, str]:
        """Key, kind and the settings, as text."""
        settings = {name: written(value) for name, value in self._written().items()}
        return {"key": self.key, "kind": self.kind, **settings}

    def _written(self) -> dict[str, Any]:
        values = {name: getattr(self.config, name) for name in FIELDS}
        return {name: value for name, value in values.items() if is_written(name, value)}
