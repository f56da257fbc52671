"""A table in words: its rows and series, what each column is taken for, the windows and the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from fgm_ref.datasets.dataset import Dataset
from fgm_ref.datasets.doubts import doubts_of, rises
from fgm_ref.datasets.inputs import Made
from fgm_ref.datasets.labels import Target
from fgm_ref.datasets.layout import Layout
from fgm_ref.datasets.parts import BLOCKS, GROUPS
from fgm_ref.datasets.reading import Reading
from fgm_ref.datasets.recipe import CYCLES, NUMBER, Input, Recipe
from fgm_ref.datasets.series import length, trouble
from fgm_ref.datasets.table import NO_TEXT, Table
from fgm_ref.datasets.wanted import Wanted

SHOWN = 6  # values or names in a line


def reading_of(
    table: Table, wanted: Wanted, layout: Layout, target: Target, made: Made, data: Dataset
) -> Reading:
    """Everything that there is to say."""
    recipe = data.recipe
    assert recipe
    columns = dict(columns_in_words(table, wanted, layout, target, made, recipe))
    widest = max(map(len, columns))
    lines = [
        head_line(table),
        *(f"  {name:<{widest}}  {text}" for name, text in columns.items()),
        *series_lines(wanted, layout, made),
        windows_line(wanted, layout, recipe, data),
        *classes_lines(data),
    ]
    brief = brief_line(recipe, wanted, layout, data)
    return Reading(brief, tuple(lines), tuple(doubts_of(table, wanted, layout, target, made, data)))


def description(data: Dataset) -> list[str]:
    """How the data were understood; of a bundled set, what it has."""
    if data.reading:
        return list(data.reading.lines)
    channels = count(data.features, "channel")
    if data.tokens:
        channels = f"{data.vocabulary:,} token ids"
    windows = (
        f"windows: {data.length} steps of {channels}; {len(data.x_train):,} for training, "
        f"{len(data.x_test):,} for the test"
    )
    return [data.about, windows, *classes_lines(data)]


def head_line(table: Table) -> str:
    """How large it is."""
    said = [f"{table.name}: {count(table.rows, 'row')}, {count(len(table.columns), 'column')}"]
    return "; ".join([*said, *table.notes])


def columns_in_words(
    table: Table,
    wanted: Wanted,
    layout: Layout,
    target: Target,
    made: Made,
    recipe: Recipe,
) -> Iterator[tuple[str, str]]:
    """Each column, and what it is taken for."""
    inputs = {one.name: one for one in recipe.inputs if one.kind not in CYCLES}
    cycles = [one.kind for one in recipe.inputs if one.kind in CYCLES]
    for name in table.columns:
        if name in wanted.labels:
            past = ", and its past an input" if name in recipe.history else ""
            yield name, f"label: {label_in_words(table, name, target)}{past}"
        elif name == wanted.group:
            yield (
                name,
                f"group: {count(len(layout.series) + len(layout.short), 'series', 'series')}",
            )
        elif name == wanted.time:
            more = f"; input: {' and '.join(cycles)}" if cycles else ""
            yield name, f"time: {time_in_words(layout)}{more}"
        elif name == wanted.text:
            yield name, f"text: {len(recipe.vocabulary):,} known words"
        elif name in inputs:
            yield name, input_in_words(table, inputs[name], layout)
        else:
            why = made.left_out.get(name, "as asked for")
            missing = int(table.absent(name, NO_TEXT).sum())
            yield name, f"left out: {why}{absent_in_words(missing)}"


def label_in_words(table: Table, name: str, target: Target) -> str:
    """What is predicted."""
    missing = absent_in_words(int((~target.known).sum()))
    if target.classes:
        return f"{count(len(target.classes), 'class', 'classes')}{missing}"
    return f"number, {extent(table, name)}{missing}"


def input_in_words(table: Table, column: Input, layout: Layout) -> str:
    """An input with its values."""
    if column.kind == NUMBER:
        missing = absent_in_words(int(table.parsed(column.name).missing.sum()))
        values = table.parsed(column.name).values[layout.rows(test=False)]
        kind = "constant" if np.nanmin(values) == np.nanmax(values) else "number"
        if rises(table, column, layout):
            kind = "number that goes one way, an index perhaps"
        return f"{kind}, {extent(table, column.name)}{missing}"
    counts = Counter(table.texts(column.name))
    missing = absent_in_words(counts.pop("", 0))
    shares = [share(value, counts[value], table.rows) for value in column.values]
    rest = ", and other" if column.other else ""
    return f"category: {listed(shares)}{rest}{missing}"


def extent(table: Table, name: str) -> str:
    """The smallest and the largest number."""
    values = table.parsed(name).values
    values = values[np.isfinite(values)]
    return f"{short(values.min())} to {short(values.max())}" if len(values) else "none there"


def short(value: float) -> str:
    """A number in few digits, a whole one with all of them.

    >>> short(1600000000.0), short(-0.123456789)
    ('1600000000', '-0.123457')
    """
    return f"{value:.15g}" if value == round(value) else f"{value:.6g}"


def absent_in_words(missing: int) -> str:
    """How many values are missing, if any."""
    return f"; {missing:,} missing" if missing else ""


def time_in_words(layout: Layout) -> str:
    """When, and how far apart."""
    times, spacing = layout.times, layout.spacing
    if times is None or spacing is None:
        return "none"
    values = times.values[np.isfinite(times.values)]
    first, last = (moment(value, times.dates) for value in (values.min(), values.max()))
    apart = f"{length(spacing.usual, times)} apart in {spacing.even:.1%} of the steps"
    troubles = trouble(spacing, times)
    return "; ".join(filter(None, [f"{first} to {last}", apart, troubles]))


def moment(value: float, date: bool) -> str:
    """A point in time."""
    if not date:
        return f"{value:.15g}"
    return str(np.datetime64(round(value), "s")).replace("T", " ").removesuffix(" 00:00:00")


def series_lines(wanted: Wanted, layout: Layout, made: Made) -> Iterator[str]:
    """How long the series are, and which rows were left out."""
    if wanted.group is not None:
        lengths = [len(one) for one in layout.series]
        least = f"{min(lengths):,} to " if min(lengths) < max(lengths) else ""
        yield f"series: {len(lengths):,}, of {least}{count(max(lengths), 'row')}"
    if layout.short:
        names = listed([one.name for one in layout.short])
        yield f"left out: {count(len(layout.short), 'series', 'series')} without room for a window ({names})"
    used = np.concatenate([one.rows for one in layout.series])
    dropped = int(made.unusable[used].sum())
    if dropped:
        yield f"left out: {count(dropped, 'row')} with missing values"
    pieces = sum(len(np.unique(one.stretch)) for one in layout.series)
    if pieces > len(layout.series):
        yield f"cut at gaps into {pieces:,} pieces"


def windows_line(wanted: Wanted, layout: Layout, recipe: Recipe, data: Dataset) -> str:
    """How many windows of which part."""
    train, test = len(data.x_train), len(data.x_test)
    return (
        f"windows: {what_window(recipe)}; {train:,} for training, {test:,} for the test "
        f"({which_test(wanted, layout)})"
    )


def what_window(recipe: Recipe) -> str:
    """What a window is, and where its label stands."""
    if recipe.text is not None:
        return f"the last {count(recipe.window, 'word')} of each text"
    where = "in its last row"
    if recipe.horizon:
        where = f"{count(recipe.horizon, 'row')} after it"
    return f"{count(recipe.window, 'row')} each, the label is that {where}"


def which_test(wanted: Wanted, layout: Layout) -> str:
    """Which rows are for the test."""
    how = wanted.division
    if how.how == GROUPS:
        names = [layout.series[run.series].name for run in layout.runs if run.test]
        return f"series {listed(list(dict.fromkeys(names)))}"
    if how.how == BLOCKS:
        blocks = sum(run.test for run in layout.runs)
        return (
            f"{count(blocks, 'block')}, {count(layout.window, 'row')} from the next training block"
        )
    where = "the rows" if wanted.group is None else "each series"
    return f"the last {how.fraction:.0%} of {where}"


def classes_lines(data: Dataset) -> Iterator[str]:
    """How frequent the classes are in both parts, or what the label is like in them."""
    if not data.classes:
        yield from quantity_lines(data)
        return
    parts = [np.bincount(y, minlength=len(data.classes)) for y in (data.y_train, data.y_test)]
    yield "classes, in training and in the test:"
    widest = max(map(len, data.classes))
    for name, train, test in zip(data.classes, *parts, strict=True):
        shares = [
            f"{n / total:>7.1%}" for n, total in ((train, parts[0].sum()), (test, parts[1].sum()))
        ]
        yield f"  {name:<{widest}}  {'  '.join(shares)}"


def quantity_lines(data: Dataset) -> Iterator[str]:
    """Mean and deviation of each label in both parts."""
    labels = data.recipe.labels if data.recipe else ()
    for i, label in enumerate(labels):
        parts = [y[:, i] * label.spread + label.centre for y in (data.y_train, data.y_test)]
        train, test = (f"mean {short(y.mean())}, deviation {short(y.std())}" for y in parts)
        yield f"label {label.name}: {train} in training; {test} in the test"


def brief_line(recipe: Recipe, wanted: Wanted, layout: Layout, data: Dataset) -> str:
    """What is predicted from what, in one line."""
    names = [one.name for one in recipe.inputs if one.kind not in CYCLES]
    cycles = [f"{one.kind} of {one.name}" for one in recipe.inputs if one.kind in CYCLES]
    source = recipe.text if recipe.text is not None else listed([*names, *cycles])
    label = listed([one.name for one in recipe.labels])
    what = f" ({count(len(recipe.classes), 'class', 'classes')})" if recipe.classes else ""
    ahead = f" {count(recipe.horizon, 'row')} ahead" if recipe.horizon else ""
    unit = "word" if recipe.text is not None else "row"
    return (
        f"{label}{what}{ahead} from {count(recipe.window, unit)} of {source}; "
        f"test: {which_test(wanted, layout)}"
    )


def count(number: int, one: str, several: str | None = None) -> str:
    """A number of things.

    >>> count(1, "row"), count(2000, "row"), count(2, "class", "classes")
    ('1 row', '2,000 rows', '2 classes')
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def listed(names: Sequence[str]) -> str:
    """The first few of several names.

    >>> listed(["a", "b"]), listed("abcdefgh")
    ('a, b', 'a, b, c, d, e, f and 2 more')
    """
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def share(value: str, number: int, of: int) -> str:
    """A value and how frequent it is."""
    return f"{value} {number / of:.1%}"
