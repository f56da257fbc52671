"""What is asked of a table: which columns serve as what, and what a window, an answer and the test part are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from fgm_ref.datasets.dataset import TASKS
from fgm_ref.datasets.dialect import Dialect
from fgm_ref.datasets.fill import ERROR, POLICIES
from fgm_ref.datasets.parts import Division, division, expect_fraction
from fgm_ref.datasets.series import GAPS
from fgm_ref.datasets.table import Table
from fgm_ref.text import expect_one_of

SHORT = ("error", "drop")


@dataclass(frozen=True)
class Wanted:
    """What is asked of a table; the defaults are those of the strict reader.

    Names of columns may be one name or several.  `ValueError` for what cannot be.
    """

    label: str | Sequence[str]  # several: a regression of several numbers
    window: int | None = None  # rows, or words of a text; None: 10 rows, or 1 if a series is short
    group: str | None = None  # the column that tells series apart; they become the natural sites
    task: str | None = None  # None: guessed from the label
    test_fraction: float = 0.25  # where `test` does not say another
    test: str | float = "last"  # or blocks, groups, a fraction (see `parts.py`)
    inputs: str | Sequence[str] | None = None  # None: every column that can serve
    drop: str | Sequence[str] = ()  # columns that are no inputs
    time: str | None = None  # the column that rows are sorted by; it is no input
    time_format: str | None = None  # of its cells, as for `strptime`, if it does not show
    calendar: bool = False  # whether time of day, weekday and season are inputs
    gaps: str = "error"  # in time, and equal times: or "cut", or "bridge" (see `series.py`)
    horizon: int = 0  # the label is that of so many rows after the window's last one
    history: bool = False  # whether the label's past is an input
    text: str | None = None  # the column whose words are the input; each row is a window
    missing: str = ERROR  # or drop, forward, mean (see `fill.py`)
    short: str = "error"  # series without room for a window: or "drop"

    def __post_init__(self) -> None:
        """Whatever can be said without the table."""
        for name in ("label", "drop", "inputs"):
            object.__setattr__(self, name, several(getattr(self, name)))
        if not self.labels:
            raise ValueError("label: expected the name of the column to predict, got nothing")
        expect_fraction("test_fraction", self.test_fraction)
        for name, choices in (("gaps", GAPS), ("missing", POLICIES), ("short", SHORT)):
            expect_one_of(name, getattr(self, name), choices)
        if self.task is not None:
            expect_one_of("task", self.task, TASKS)
        self._expect_together()
        division(self.test, self.test_fraction)

    def _expect_together(self) -> None:
        """Settings that need others, or exclude them."""
        if self.horizon < 0:
            raise ValueError(f"horizon: expected a number of rows or 0, got {self.horizon}")
        if self.history and not self.horizon:
            raise ValueError(
                "history: expected together with --horizon of 1 or more, got it without"
            )
        for name in ("time_format", "calendar"):
            if getattr(self, name) and self.time is None:
                raise ValueError(f"{name}: expected together with --time COLUMN, got it without")
        if self.text is None:
            return
        for name in ("inputs", "horizon", "history", "calendar"):
            if getattr(self, name):
                raise ValueError(
                    f"text: expected without --{name}, as its words are all that a model sees"
                )

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns to predict."""
        return several(self.label) or ()

    @property
    def division(self) -> Division:
        """How rows are divided into training and test."""
        return division(self.test, self.test_fraction)

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """The columns that serve as something else than inputs."""
        named = {"label": self.labels}
        for name in ("group", "time", "text"):
            column = getattr(self, name)
            named[name] = () if column is None else (column,)
        return named

    def expect_columns(self, table: Table) -> None:
        """Raises `ValueError` for columns that are not there, and for one that serves twice."""
        taken: dict[str, str] = {}
        for role, names in self.roles.items():
            for name in names:
                table.expect(role, name)
                if name in taken:
                    raise ValueError(
                        f"{role}: expected another column than the {taken[name]}, got {name!r} for both"
                    )
                taken[name] = role
        for name in several(self.drop) or ():
            table.expect("drop", name)
            if name in taken:
                raise ValueError(
                    f"drop: expected a column without a role, got {name!r}, the {taken[name]}"
                )
        for name in several(self.inputs) or ():
            table.expect("inputs", name)
            if name in taken:
                raise ValueError(
                    f"inputs: expected a column without a role, got {name!r}, the {taken[name]}"
                )

    def candidates(self, table: Table) -> list[str]:
        """The columns that may serve as inputs, in the order of the table."""
        inputs = several(self.inputs)
        others = {name for names in self.roles.values() for name in names}
        others |= set(several(self.drop) or ())
        allowed = table.columns if inputs is None else inputs
        return [name for name in table.columns if name in allowed and name not in others]


def several(names: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """One name or several as a tuple, each once."""
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))


def expect_none(settings: Mapping[str, Any]) -> None:
    """Raises `ValueError` for settings that nobody knows."""
    known = [one.name for kind in (Wanted, Dialect) for one in fields(kind)]
    for name in settings:
        expect_one_of("settings", name, known)


def chosen(kind: type[Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The settings that are fields of a record; they are taken out of `settings`."""
    names = [one.name for one in fields(kind) if one.name in settings]
    return {name: settings.pop(name) for name in names}
