"""Which rows become windows of which part; their values are not looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.clock import Times
from fgm_ref.datasets.index import Index, index_of, joined
from fgm_ref.datasets.parts import GROUPS, HOW, LAST, Run, divided, longest
from fgm_ref.datasets.series import Series, Spacing, ordered
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.wanted import Wanted
from fgm_ref.datasets.windows import placed


class Layout(NamedTuple):
    """The series of a table, and the runs of rows for training and for the test."""

    series: list[Series]  # that have room for a window, each in order of time
    short: list[Series]  # that were left out because they have none
    runs: list[Run]
    window: int  # rows
    horizon: int
    times: Times | None
    spacing: Spacing | None

    def rows(self, test: bool) -> Array:
        """The rows of one part."""
        return joined([one.rows for _, one in self.part(test)])

    def part(self, test: bool) -> list[tuple[int, Series]]:
        """The runs of one part as series, with the numbers of those that they come from."""
        return [
            (run.series, cut(self.series[run.series], run)) for run in self.runs if run.test == test
        ]

    def for_filling(self) -> list[Series]:
        """The series, broken also where a training run begins: what was before it may be of the test part."""
        begins = [np.zeros(len(one), np.int64) for one in self.series]
        for run in self.runs:
            if not run.test:
                begins[run.series][run.begin] = 1
        return [
            replace(one, stretch=one.stretch + np.cumsum(here))
            for one, here in zip(self.series, begins, strict=True)
        ]

    def windows(self, test: bool, unusable: Array, known: Array) -> Index:
        """The windows of one part.  `ValueError` if there is none."""
        found = index_of(self.part(test), unusable, self.window, self.horizon, known)
        if not len(found):
            part = "test" if test else "training"
            raise ValueError(
                f"window: expected one that leaves windows in the {part} part, got {self.window} rows "
                "and none left"
            )
        return found


def cut(series: Series, run: Run) -> Series:
    """A run of a series."""
    here = slice(run.begin, run.end)
    return Series(series.name, series.rows[here], series.stretch[here])


def layout_of(table: Table, wanted: Wanted) -> Layout:
    """The series and parts that are asked for.  `ValueError` for a window that they have no room for."""
    found = ordered(
        table,
        placed(table, wanted.group, wanted.time, wanted.missing),
        wanted.time,
        wanted.time_format,
        wanted.gaps,
    )
    if not found.series:
        raise ValueError("path: expected rows with a group and a time, got none")
    asked = 1 if wanted.text is not None else wanted.window
    series, short = with_room(found.series, asked, wanted)
    expect_several(series, wanted)
    window = window_length(asked, series, wanted)
    runs = divided(series, window, wanted.division, wanted.horizon)
    return Layout(series, short, runs, window, wanted.horizon, found.times, found.spacing)


def with_room(
    series: Sequence[Series], window: int | None, wanted: Wanted
) -> tuple[list[Series], list[Series]]:
    """Series with room for a window in each part, and the others, if those may be dropped."""
    if wanted.short != "drop":
        return list(series), []
    least = window or 1
    room = [longest(len(one), wanted.division, wanted.horizon) >= least for one in series]
    if not any(room):
        return list(series), []  # and the window is refused
    good = [one for one, fits in zip(series, room, strict=True) if fits]
    return good, [one for one, fits in zip(series, room, strict=True) if not fits]


def expect_several(series: Sequence[Series], wanted: Wanted) -> None:
    """Raises `ValueError` where whole series are to be held out and there are not two."""
    if wanted.division.how != GROUPS or len(series) > 1:
        return
    if wanted.group is None:
        raise ValueError("test: expected groups together with --group COLUMN, got it without")
    raise ValueError(
        f"test: expected at least two groups, got {len(series)}; try {HOW[0]} or {HOW[1]}"
    )


class Room(NamedTuple):
    """The series that decides how long a window can be, and in words why."""

    most: int  # rows of a window
    which: str
    hint: str


def room_in(series: Sequence[Series], wanted: Wanted) -> Room:
    """The series with the least room; or, if all are too short to be kept, that with the most."""
    room = [longest(len(one), wanted.division, wanted.horizon) for one in series]
    dropping = wanted.short == "drop"
    most = max(room) if dropping else min(room)
    one = series[room.index(most)]
    which = f"group {one.name!r} has {len(one)}" if wanted.group else f"there are {len(one)}"
    may_drop = wanted.group and len(series) > 1 and not dropping
    return Room(most, which, "; --short drop leaves out such groups" if may_drop else "")


def window_length(window: int | None, series: Sequence[Series], wanted: Wanted) -> int:
    """The window asked for, if the shortest part of a series holds one; or a default."""
    horizon = wanted.horizon
    most, which, hint = room_in(series, wanted)
    if most < 1:
        raise too_short(wanted, f"{which}{hint}")
    if window is None:
        return 10 if most >= 20 else 1
    if not 1 <= window <= most:
        ahead = f", and the answer {horizon} rows after it" if horizon else ""
        raise ValueError(
            f"window: expected 1 to {most} rows ({which} rows, split into training "
            f"and test{ahead}), got {window}{hint}"
        )
    return window


def too_short(wanted: Wanted, there: str) -> ValueError:
    """The error for a series without room for a window of a single row."""
    if wanted.horizon:
        expected = (
            f"horizon: expected one that leaves room for windows in each part, got {wanted.horizon}"
        )
        return ValueError(f"{expected}; {there}")
    needed = "at least 2 rows of data, one to train and one to test"
    if wanted.division.how != LAST:
        needed = "rows for a window in each part"
    return ValueError(f"{'group' if wanted.group else 'path'}: expected {needed}; {there}")
