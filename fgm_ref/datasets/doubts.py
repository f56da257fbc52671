"""Why results may mean nothing: what a look at the table shows, and nobody has asked.

Nothing here changes a window.  Each doubt is one line, with what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.clock import Times, format_of, points
from fgm_ref.datasets.dataset import Dataset
from fgm_ref.datasets.dialect import advice
from fgm_ref.datasets.inputs import Made
from fgm_ref.datasets.labels import Target
from fgm_ref.datasets.layout import Layout
from fgm_ref.datasets.parts import BLOCKS, GROUPS
from fgm_ref.datasets.recipe import CATEGORY, NUMBER, Input
from fgm_ref.datasets.series import in_order, spacing, trouble
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.wanted import Wanted

SAMPLE = 1000  # windows that have to agree before all are looked at
SEVERAL = 0.1  # rows of the same time as the one before: more than that may be several series
ENOUGH = 20  # windows, for a rule without an exception to be no chance
DISORDER = 0.2  # steps one way for each step the other way: more than that is no order at all
EQUAL = 0.9999  # correlation of what is the same number in another unit
"""A label in degrees Fahrenheit that were rounded to tenths is as close as that to one in degrees Celsius."""


def doubts_of(
    table: Table, wanted: Wanted, layout: Layout, target: Target, made: Made, data: Dataset
) -> Iterator[str]:
    """All that there are."""
    inputs = [one for one in made.recipe["inputs"] if one.name not in wanted.labels]
    yield from about_header(table)
    yield from about_cells(table, wanted)
    yield from about_classes(data, wanted)
    if wanted.time is None:
        yield from about_dates(table, wanted, layout, {one.name for one in inputs})
    elif wanted.gaps == "bridge":
        yield from about_bridges(wanted.time, layout)
    for one in inputs:
        name = f"input {one.name!r}"
        out = f"--drop {quoted(one.name)} takes it out"
        if rises(table, one, layout):
            yield (
                f"{name} goes one way from row to row, as a row number or a time stamp does, and "
                f"says nothing about later rows; {out} (and --time sorts by it)"
            )
        elif gives_away(table, one, target, made):
            yield (
                f"{name} alone tells the label without an exception; is it the label under "
                f"another name? {out}"
            )


def about_bridges(time: str, layout: Layout) -> Iterator[str]:
    """Gaps that were asked to be passed over."""
    if layout.spacing is None or layout.times is None:
        return
    if found := trouble(layout.spacing, layout.times):
        yield f"column {time!r} has {found}, and windows reach across; --gaps cut lets none"


def about_header(table: Table) -> Iterator[str]:
    """Data where names are expected."""
    if table.header_is_data:
        found = ", ".join(list(table.columns)[:3])
        yield f"the first line ({found} ...) looks like data, not like names; see --no-header"


def about_cells(table: Table, wanted: Wanted) -> Iterator[str]:
    """Numbers that were taken for text."""
    for name in (*wanted.candidates(table), *wanted.labels):
        if table.is_numeric(name):
            continue
        sample = table.sample(name)
        if found := advice(sample, table.dialect):
            yield f"column {name!r} is text with {found.what}; {found.option} reads numbers"
        elif sign := stray(sample):
            yield f"every cell of column {name!r} ends with {sign!r}; --row-end '{sign}' takes it off"


def stray(cells: Sequence[str]) -> str:
    """The separator that all cells end with; "" if there is none."""
    ends = {cell[-1] for cell in cells}
    return ends.pop() if len(ends) == 1 and ends <= set(";,|") else ""


def about_classes(data: Dataset, wanted: Wanted) -> Iterator[str]:
    """Classes that one part does not have."""
    if not data.classes:
        return
    counts = [np.bincount(y, minlength=len(data.classes)) for y in (data.y_train, data.y_test)]
    train, test = (count > 0 for count in counts)
    hint = f"; {other_division(wanted)}"
    for part, there in (("training", train), ("test", test)):
        if there.sum() == 1:
            yield f"the {part} part has only one class, {names(data, there)}{hint}"
    if (test & ~train).any():
        windows = int(counts[1][test & ~train].sum())
        yield (
            f"training never saw {names(data, test & ~train)}, the class of {windows:,} of "
            f"{len(data.y_test):,} test windows{hint}"
        )
    if (train & ~test).any() and test.sum() > 1:
        yield f"the test part does not have {names(data, train & ~test)}{hint}"


def other_division(wanted: Wanted) -> str:
    """What may give both parts every class."""
    if wanted.division.how == BLOCKS:
        return "a shorter --window leaves room for more blocks"
    better = GROUPS if wanted.group and wanted.division.how != GROUPS else BLOCKS
    return f"--test {better} divides otherwise"


def names(data: Dataset, chosen: Array) -> str:
    """The names of some classes."""
    found = [repr(name) for name, one in zip(data.classes, chosen, strict=True) if one]
    return ", ".join(found[:5]) + (" and others" if len(found) > 5 else "")


def about_dates(table: Table, wanted: Wanted, layout: Layout, inputs: set[str]) -> Iterator[str]:
    """What columns of dates say about the order of the rows."""
    for name in table.columns:
        if name in wanted.labels or name == wanted.group or table.is_numeric(name):
            continue
        times = dates(table, name)
        if times is None:
            continue
        yield from about_order(name, times, wanted, layout)
        if name in inputs:
            yield f"column {name!r} has dates and is taken for categories; --drop {quoted(name)} takes it out"


def about_order(name: str, times: Times, wanted: Wanted, layout: Layout) -> Iterator[str]:
    """Whether the rows are in the order of these dates, and how far apart."""
    found = spacing(layout.series, times.values)
    sorts = f"--time {quoted(name)} sorts"
    if found.backward > DISORDER * found.forward:
        if found.forward > DISORDER * found.backward:
            yield f"the rows are not in the order of the dates in column {name!r}; if they tell the time, {sorts}"
            return
        yield f"column {name!r} shows the newest rows first, so that training is on the future; {sorts}"
    elif found.backward:
        steps = "1 step" if found.backward == 1 else f"{found.backward:,} steps"
        yield f"column {name!r} shows {steps} back in time; {sorts}"
    tidy = spacing(in_order(layout.series, times.values), times.values)
    if said := trouble(tidy, times):
        many = tidy.doubled > SEVERAL * (tidy.doubled + tidy.forward)
        several = " (are there several series? see --group)" if many and not wanted.group else ""
        yield f"column {name!r} has {said}, and windows reach across{several}; see --time and --gaps"


def dates(table: Table, name: str) -> Times | None:
    """A column of text as dates, if it is one."""
    cells = table.texts(name)
    form = format_of(cells)
    if form is None:
        return None
    form = form.partition("|")[0]
    try:
        return Times(points(table, name, cells, form), form)
    except ValueError:
        return None


def rises(table: Table, column: Input, layout: Layout) -> bool:
    """Whether a number goes up from row to row in every series, or down, and nearly always."""
    if column.kind != NUMBER:
        return False
    values = table.parsed(column.name).values
    steps = np.concatenate([np.diff(values[one.rows]) for one in layout.series])
    steps = steps[np.isfinite(steps)]
    if len(steps) < ENOUGH:
        return False
    up, down = (steps > 0).mean(), (steps < 0).mean()
    return bool((up > 0.5 and down == 0) or (down > 0.5 and up == 0))


def gives_away(table: Table, column: Input, target: Target, made: Made) -> bool:
    """Whether an input in the last row of a window tells the label, in all windows of both parts."""
    last = np.concatenate([made.train.last, made.test.last])
    answer = np.concatenate([made.train.answer, made.test.answer])
    if len(last) < ENOUGH or column.kind not in (NUMBER, CATEGORY):
        return False
    values = values_of(table, column)
    step = max(1, len(last) // SAMPLE)
    some = slice(None, None, step)
    return tells(values[last[some]], target, answer[some]) and tells(values[last], target, answer)


def values_of(table: Table, column: Input) -> Array:
    """An input's values, numbers or text.  (rows,)."""
    if column.kind == NUMBER:
        return table.parsed(column.name).values
    return np.array(table.texts(column.name), dtype=np.str_)


def tells(values: Array, target: Target, answer: Array) -> bool:
    """Whether values tell the labels of the rows `answer`; both (N,)."""
    y = target.y[answer]
    if values.dtype.kind != "f":
        return bool(target.classes) and determines(np.unique(values, return_inverse=True)[1], y)
    if not np.isfinite(values).all():
        return False
    if target.classes:
        return separates(values, y)
    return any(same(values, one) for one in y.reshape(len(y), -1).T)


def separates(values: Array, classes: Array) -> bool:
    """Whether the classes are intervals of the values, or a few values each have one class."""
    distinct, ids = np.unique(values, return_inverse=True)
    if not determines(ids, classes):
        return False
    of_value = np.zeros(len(distinct), np.int64)
    of_value[ids] = classes
    changes = np.count_nonzero(np.diff(of_value))
    several = len(np.unique(classes))
    return changes == several - 1 or 10 * len(distinct) <= len(values)


def determines(ids: Array, classes: Array) -> bool:
    """Whether rows of the same id have the same class, and there are at least two classes."""
    lowest = np.full(ids.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(lowest, ids, classes)
    return bool((lowest[ids] == classes).all() and len(np.unique(classes)) > 1)


def same(values: Array, answer: Array) -> bool:
    """Whether two quantities are one, in other units perhaps."""
    if np.ptp(values) == 0 or np.ptp(answer) == 0:
        return False
    return bool(abs(np.corrcoef(values, answer)[0, 1]) > EQUAL)


def quoted(name: str) -> str:
    """A column's name as one writes it on the command line."""
    return name if name.isidentifier() else f"'{name}'"
