"""Experiments: named products of settings, read from TOML or from a Python mapping.

    [fronts]
    about = "loss against bytes"
    common = {cell = "lstm"}                  # for every block
    quick = {seeds = 2, steps = 20}           # replaces values under --quick

    [[fronts.blocks]]
    dataset = "watch"                         # brings its preset along; base = "tuned": another one of presets.py
    threshold = [0.05, 0.1]                   # a list: one run for each value, times those of the other lists
    set = [{protocol = "fgm"}, {protocol = "periodic:b=10", threshold = 0.1}]     # settings that go together
    seeds = 10                                # seeds 0 to 9

A block is all combinations of its lists.  Each entry of `set` is merged into the block by itself.  A field that
is a list already (`hidden`) needs a list of lists for several values of several layers: `[16, [16, 16]]`.
Runs that come about twice are done once.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from fgm_ref.datasets import names
from fgm_ref.protocols import parse
from fgm_ref.safe import safe_function
from fgm_ref.simulation.config import Config
from fgm_ref.study.presets import preset
from fgm_ref.study.running.measure import measure
from fgm_ref.study.running.settings import FIELDS, typed
from fgm_ref.study.running.task import RUN, Task
from fgm_ref.text import expect_one_of

BUNDLED = tuple(Path(__file__).parents[1] / name for name in ("experiments.toml", "second.toml"))
"""The grids of the first round and of the second."""

Values = Mapping[str, Any]
KEYS = ("about", "common", "quick", "blocks")


@dataclass(frozen=True)
class Experiment:
    """A name, a line about it, and blocks of values in which `common` and `quick` are already merged."""

    name: str
    about: str
    blocks: tuple[Values, ...]

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """All runs in the order of the grid, each once.  `ValueError` names experiment, block and field."""
        found: dict[str, Task] = {}
        for number, block in enumerate(self.blocks, 1):
            try:
                for task in tasks_of(block):
                    found.setdefault(task.key, task)
            except (ValueError, TypeError) as error:
                raise ValueError(f"experiment {self.name}, block {number}: {error}") from None
        return tuple(found.values())


def bundled(quick: bool = False) -> dict[str, Experiment]:
    """The study's own experiments by name."""
    found: dict[str, Experiment] = {}
    for path in BUNDLED:
        found |= load_file(path, quick)
    return found


def load_file(path: Path, quick: bool = False) -> dict[str, Experiment]:
    """The experiments of a TOML file by name."""
    try:
        return experiments(tomllib.loads(path.read_text(encoding="utf-8")), quick)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"grid: expected a readable file, got {str(path)!r} ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"grid: expected TOML in {path}, but: {error}") from None


def experiments(mapping: Values, quick: bool = False) -> dict[str, Experiment]:
    """The experiments of a mapping {name: {about, common, quick, blocks}}."""
    return {name: _experiment(name, values, quick) for name, values in mapping.items()}


def _experiment(name: str, values: Any, quick: bool) -> Experiment:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(
            f"experiment: expected a name of small letters, digits, - and _, got {name!r}"
        )
    try:
        _expect_experiment(values)
    except ValueError as error:
        raise ValueError(f"experiment {name}: {error}") from None
    common = values.get("common", {})
    changes = values.get("quick", {}) if quick else {}
    blocks = tuple(_merged(block, common, changes, quick) for block in values["blocks"])
    return Experiment(name, str(values.get("about", "")), blocks)


def _expect_experiment(values: Any) -> None:
    _expect_table("experiment", values)
    for key in values:
        expect_one_of("key", key, KEYS)
    if not isinstance(values.get("blocks"), list) or not values["blocks"]:
        raise ValueError("blocks: expected at least one block, got none")


def _merged(block: Any, common: Values, changes: Values, quick: bool) -> Values:
    """Later ones win: common, block, the experiment's quick, the block's quick."""
    _expect_table("block", block)
    own = dict(block)
    own_changes = own.pop("quick", {})
    if not quick:
        return {**common, **own}
    return {**common, **own, **changes, **own_changes}


def tasks_of(block: Values) -> Iterator[Task]:
    """The runs of one block, the last setting varying fastest, seeds after all others."""
    block = dict(block)
    seeds = block.pop("seeds", 1)
    entries = block.pop("set", [{}])
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 0:
        raise ValueError(f"seeds: expected how many, a whole number of at least 0, got {seeds!r}")
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"set: expected a list of tables, got {entries!r}")
    for entry in entries:
        _expect_table("set", entry)
        for kind, config in combinations({**block, **entry}):
            for seed in range(seeds):
                yield Task(replace(config, seed=seed), kind)


def combinations(values: Values) -> Iterator[tuple[str, Config]]:
    """What is measured, and the settings of the run: all combinations of the values' lists."""
    values = dict(values)
    kinds = values.pop("kind", RUN)
    base = values.pop("base", "first")
    lists = {name: alternatives(name, value) for name, value in values.items()}
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        for chosen in product(*lists.values()):
            config = config_of({"base": base, **dict(zip(lists, chosen, strict=True))})
            measure(kind)
            yield kind, config


def alternatives(name: str, value: Any) -> list[Any]:
    """The values that a field is to take: those of a list, or the only one.

    >>> alternatives("steps", [10, 20]), alternatives("hidden", [16, [16, 8]])
    ([10, 20], [(16,), (16, 8)])
    """
    if name == "seed":
        raise ValueError("seed: expected `seeds`, how many of them, instead")
    if name not in FIELDS:
        expect_one_of("field", name, (*FIELDS, "seeds", "set", "quick", "kind", "base"))
    if isinstance(value, list) and not value:
        raise ValueError(f"{name}: expected at least one value, got an empty list")
    several = value if isinstance(value, list) else [value]
    return [typed(name, one) for one in several]


def config_of(values: Values) -> Config:
    """The data set's preset, then the values; what can be found out without a run is found out now."""
    values = dict(values)
    base = values.pop("base", "first")
    dataset = values.get("dataset", Config.dataset)
    expect_one_of("dataset", dataset, names())
    config = Config(**{"dataset": dataset, **preset(dataset, base), **values})
    parse(config.protocol)
    safe_function(config.safe)
    settings = {name: typed(name, getattr(config, name)) for name in FIELDS}
    return Config(**settings)


def _expect_table(what: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: expected a table of names and values, got {value!r}")
