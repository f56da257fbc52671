"""How the rows of a table become windows, as a record that can be written down and followed again.

The training part decides what is in it: which columns serve, which categories they have, how numbers are scaled.
New rows are then treated alike (`windows.py`).  But nothing here looks at a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from fgm_ref.datasets.dialect import STRICT, Dialect

VERSION = 1  # of the record; one that is written otherwise gets another number

NUMBER, CATEGORY = "number", "category"
CLASS = "class"  # a label of numbers that are classes
CYCLES = {
    "day": 86_400.0,
    "week": 7 * 86_400.0,
    "year": 365.2425 * 86_400,
}  # in seconds, of a column of dates
OTHER = "other"  # the channel of all categories that are too rare for one of their own


@dataclass(frozen=True)
class Input:
    """A column that the model sees, as one channel or several."""

    name: str
    kind: str  # NUMBER, CATEGORY, CLASS or one of CYCLES
    values: tuple[str, ...] = ()  # the categories, each with a channel
    other: bool = False  # whether one more channel is for any other category

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels.

        >>> Input("kind", CATEGORY, ("red", "blue"), other=True).channels
        ('kind=red', 'kind=blue', 'kind=other')
        """
        if self.kind == NUMBER:
            return (self.name,)
        if self.kind in CYCLES:
            return (f"{self.name}:{self.kind} sin", f"{self.name}:{self.kind} cos")
        values = [*self.values, OTHER] if self.other else self.values
        return tuple(f"{self.name}={value}" for value in values)


@dataclass(frozen=True)
class Label:
    """A column that is predicted.  A standardised target times `spread` plus `centre` is in the column's unit."""

    name: str
    centre: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """Everything that has to be known to make windows of new rows, and to read what a model says about them."""

    task: str
    labels: tuple[Label, ...]  # one for a classification
    classes: tuple[str, ...]  # their names by id; () for regression
    inputs: tuple[Input, ...]
    centre: tuple[float, ...]  # of each channel, in the training windows
    spread: tuple[float, ...]  # of each channel; (value - centre) / spread is what the model sees
    window: int  # rows of a window, or words of a text
    horizon: int = 0  # the label is that of so many rows after the window's last one
    group: str | None = None  # the column that tells series apart
    time: str | None = None  # the column that rows are sorted by
    time_format: str | None = None  # of its cells (see `clock.py`)
    gaps: str = "error"  # what becomes of gaps and of equal times (see `series.py`)
    longest_step: float | None = None  # in time; a longer one is a gap
    usual_step: float | None = None  # in time: seconds, or the numbers of the column
    missing: str = "error"  # what becomes of missing values (see `fill.py`)
    fill: tuple[float, ...] = ()  # what stands for one in each channel, where it is the mean
    text: str | None = None  # the column whose words are the input, instead of `inputs`
    vocabulary: tuple[str, ...] = ()  # the words that have ids of their own, the first of them 2
    dialect: Dialect = STRICT
    version: int = VERSION

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the D channels, in order."""
        return tuple(name for one in self.inputs for name in one.channels)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that new rows need; the label is one of them only if its past is an input.

        Each text is a window of its own, whatever series it belongs to.
        """
        if self.text is not None:
            return (self.text,)
        names = [one.name for one in self.inputs]
        names += [name for name in (self.group, self.time) if name is not None]
        return tuple(dict.fromkeys(names))

    @property
    def history(self) -> tuple[str, ...]:
        """The labels whose past is among the inputs."""
        inputs = {one.name for one in self.inputs}
        return tuple(label.name for label in self.labels if label.name in inputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts, as for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_dict`, also when it comes from JSON.  `ValueError` for any other record."""
        if not isinstance(values, Mapping) or values.get("version") != VERSION:
            raise ValueError(f"recipe: expected a record of version {VERSION}, got another")
        parts = {
            "labels": tuple(record(Label, one) for one in values.get("labels", ())),
            "inputs": tuple(record(Input, one) for one in values.get("inputs", ())),
            "dialect": record(Dialect, values.get("dialect", {})),
        }
        recipe: Recipe = record(cls, {**values, **parts})
        return recipe


def record(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A frozen record from its fields by name; lists become tuples.  `ValueError` for other names."""
    known = {one.name: one.default is MISSING for one in fields(kind)}
    unknown = sorted(set(values) - set(known))
    absent = [name for name, needed in known.items() if needed and name not in values]
    if unknown or absent:
        wrong = ", ".join(
            [*(f"unknown {one}" for one in unknown), *(f"no {one}" for one in absent)]
        )
        raise ValueError(f"recipe: expected the fields of {kind.__name__}, got {wrong}")
    return kind(**{name: plain(value) for name, value in values.items()})


def plain(value: Any) -> Any:
    """A list as a tuple, anything else as it is."""
    return tuple(value) if isinstance(value, list) else value
