"""From a table and what is asked of it to a `Dataset`: a recipe is made from the training part, and followed.

The order matters: which rows are for training is settled first, by their number alone, and everything that is learnt
of the values afterwards, from these rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import (
    Dataset,
    NamedSites,
    Part,
    classification,
    regression,
)
from fgm_ref.datasets.describe import reading_of
from fgm_ref.datasets.fill import ERROR
from fgm_ref.datasets.inputs import (
    Found,
    Made,
    in_words,
    inputs_of,
    made_of_columns,
    made_of_text,
    vocabulary_size,
)
from fgm_ref.datasets.labels import Target, expect_known, target_of
from fgm_ref.datasets.layout import Layout, layout_of
from fgm_ref.datasets.past import Past
from fgm_ref.datasets.recipe import Label, Recipe
from fgm_ref.datasets.scaling import centre_and_spread, scaled
from fgm_ref.datasets.series import GAP
from fgm_ref.datasets.table import Table
from fgm_ref.datasets.wanted import Wanted


def dataset_of(table: Table, wanted: Wanted) -> Dataset:
    """The data set that is asked for.  `ValueError`, with line and column, for whatever cannot be used."""
    wanted.expect_columns(table)
    layout = layout_of(table, wanted)
    found = Found((), {}) if wanted.text else inputs_of(table, wanted, layout)
    target = target_of(table, wanted.labels, wanted.task)
    if wanted.missing == ERROR:
        expect_known(table, wanted.labels)
    if wanted.text is None:
        made = made_of_columns(table, wanted, layout, target, found)
    else:
        made = made_of_text(table, wanted, layout, target, wanted.text)
    y_train, y_test = target.y[made.train.answer], target.y[made.test.answer]
    recipe = recipe_of(table, wanted, layout, target, made)
    about = "; left out: ".join([f"{table.name}, {table.rows} rows", *in_words(made.left_out)])
    data = assembled(
        table.stem,
        (made.x_train, y_train),
        (made.x_test, y_test),
        recipe.classes,
        about,
        sites_of(layout, made),
        vocabulary_size(made),
    )
    data = replace(data, recipe=recipe, past=past_of(recipe, target, layout, made))
    return replace(data, reading=reading_of(table, wanted, layout, target, made, data))


def recipe_of(table: Table, wanted: Wanted, layout: Layout, target: Target, made: Made) -> Recipe:
    """Everything that has to be known to treat new rows alike."""
    times, spacing = layout.times, layout.spacing
    usual = spacing.usual if spacing else None
    return Recipe(
        task="classification" if target.classes else "regression",
        labels=labels_of(wanted, target, target.y[made.train.answer]),
        classes=target.classes,
        horizon=wanted.horizon,
        group=wanted.group,
        time=wanted.time,
        time_format=times.format if times else None,
        gaps=wanted.gaps,
        longest_step=GAP * usual if usual else None,
        usual_step=usual,
        text=wanted.text,
        missing=wanted.missing,
        dialect=table.dialect,
        **made.recipe,
    )


def labels_of(wanted: Wanted, target: Target, y_train: Array) -> tuple[Label, ...]:
    """The labels, each with its scale in the training windows."""
    if target.classes:
        return (Label(wanted.labels[0]),)
    columns = y_train[:, None] if y_train.ndim == 1 else y_train
    return tuple(
        Label(name, *centre_and_spread(column))
        for name, column in zip(wanted.labels, columns.T, strict=True)
    )


def assembled(
    name: str,
    train: Part,
    test: Part,
    classes: tuple[str, ...],
    about: str,
    sites: NamedSites | None,
    vocabulary: int,
) -> Dataset:
    """The data set of these windows."""
    if classes:
        return classification(name, train, test, classes, about, sites=sites, vocabulary=vocabulary)
    several = train[1].ndim == 2
    return regression(name, train, test, about, sites=sites, vocabulary=vocabulary, several=several)


def sites_of(layout: Layout, made: Made) -> NamedSites | None:
    """The series that training windows come from, if there are several."""
    there, site = np.unique(made.train.series, return_inverse=True)
    if len(layout.series) < 2:
        return None
    return site, [layout.series[number].name for number in there]


def past_of(recipe: Recipe, target: Target, layout: Layout, made: Made) -> Past | None:
    """The labels in the order of the series; texts have no past."""
    if recipe.text is not None:
        return None
    series = [one.without(made.unusable) for one in layout.series]
    order = np.concatenate([one.rows for one in series])
    place = np.empty(len(target.y), np.int64)
    place[order] = np.arange(len(order))
    labels = target.y[order]
    if not recipe.classes:
        centre, spread = (
            np.array([getattr(one, name) for one in recipe.labels]) for name in ("centre", "spread")
        )
        labels = scaled(labels.reshape(len(order), -1), centre, spread)
    return Past(
        labels, stretches(series), place[made.train.last], place[made.test.last], recipe.horizon
    )


def stretches(series: list[Any]) -> Array:
    """A number for each unbroken stretch of each series, row by row."""
    begins = [np.append(True, np.diff(one.stretch) != 0)[: len(one)] for one in series]
    return np.cumsum(np.concatenate(begins)) - 1
