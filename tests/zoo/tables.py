"""Mistakes with a table of one's own: what leaks from the test part, what a window sees, and how numbers are read."""

import numpy as np

from fgm_ref.datasets.parts import Run, cycle

from .registry import mutant

LEAK = "test_leakage.py::test_no_option_changes_a_training_window_when_only_test_rows_change"
FUTURE = "test_leakage.py::test_no_window_sees_its_own_future_or_the_other_part"
FILLED = "test_leakage.py::test_what_stands_for_a_missing_value_is_not_of_the_test_part"
NEW_ROWS = "test_leakage.py::test_new_rows_are_treated_as_in_training"


@mutant("z182", "numbers are scaled by the whole table", "datasets.windows:scale", LEAK)
def scale(values, index):
    """First the table is made tidy, then it is cut: that is one line less, and nobody looks at a label.

    But where the test part lies, and how wide it is, is known to every training window.
    """
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    return centre, np.where(spread > 0, spread, 1.0)


@mutant("z183", "categories are those of the whole table", "datasets.inputs:candidate", LEAK)
def candidate(original, table, wanted, name, train):
    """A category that turns up later needs a channel too, or the encoder complains.

    So the number of channels and their order tell of the test part.  Later rows have a channel of zeros, or "other".
    """
    return original(table, wanted, name, np.arange(table.rows))


@mutant("z184", "blocks without a gap between them", "datasets.parts:block_runs", FUTURE)
def block_runs(series, rows, window, how, horizon):
    """No window reaches across the border, so no row is in both parts.

    But rows change slowly, and the first test row looks like the last training row.  The test part is half known.
    """
    cycles = cycle(rows, window, how, horizon) or 1
    edges = np.arange(cycles + 1) * rows // cycles
    runs = []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        border = end - round(how.fraction * (end - begin))
        runs += [Run(series, begin, border, False), Run(series, border, end, True)]
    return runs


@mutant("z185", "the horizon counts the window's last row", "datasets.index:index_of", FUTURE)
def index_of(original, series, unusable, length, horizon=0, known=None):
    """The first row ahead is number 0, as everywhere in Python.

    With a horizon of 1 and the label's own past, the answer stands in the window, and every model is perfect.
    """
    return original(series, unusable, length, max(0, horizon - 1), known)


@mutant(
    "z186",
    "the label's past, its present included",
    "datasets.wanted:Wanted._expect_together",
    "test_series.py::test_what_does_not_go_together",
)
def expect_together(original, self):
    """History is asked for, and the horizon is 0 by default: why complain?

    Because the label of the last row is then an input, and the answer.
    """
    if not (self.history and not self.horizon):
        original(self)


@mutant(
    "z187",
    "a value is carried out of the test part",
    "datasets.layout:Layout.for_filling",
    FILLED,
)
def for_filling(self):
    """The value before it stands for a missing one, and before a training block lies a test block.

    A gap of a window's rows lies between; but values can be missing for longer than that.
    """
    return self.series


@mutant("z188", "a missing value is the mean of the whole table", "datasets.fill:usual", FILLED)
def usual(original, values, inputs, train):
    """A mean is better the more rows it is taken of.

    And so what stands for a hole in the training part says where the test part lies.
    """
    return original(values, inputs, np.arange(len(values)))


@mutant(
    "z189",
    "separators of thousands are struck out wherever they are",
    "datasets.dialect:Dialect._plainly",
    "test_dialects.py::test_numbers_by_hand",
)
def plainly(original, self, cell):
    """`text.replace(",", "")` reads 1,000 as 1000, as it should.

    It also reads 1,5 as 15, where somebody has mixed up two dialects, and says nothing.
    """
    bare = cell.replace(self.thousands, "") if self.thousands else cell
    return original(self, bare)


@mutant(
    "z190",
    "persistence looks at the row of the answer",
    "datasets.past:Past.before",
    "test_what_to_beat.py::test_persistence_by_hand",
)
def before(original, self, ends, back):
    """With horizon 0 the answer stands in the window's last row, and that is the latest there is.

    Persistence is then never wrong, and no network can keep up with it.
    """
    labels = self.labels[ends + self.horizon - back + 1]
    return labels, np.ones(len(ends), bool)


@mutant(
    "z191",
    "predictions stay standardised",
    "simulation.meaning:Meaning.in_units",
    "test_predict.py::test_several_numbers_at_once",
)
def in_units(self, outputs):
    """The model was trained on (y − mean)/deviation, and its loss is in these units too.

    A temperature of 0.4 looks like a cold day.
    """
    return outputs


@mutant("z192", "new rows are scaled by their own mean", "datasets.windows:windows_of", NEW_ROWS)
def windows_of(original, recipe, table):
    """What was done to the training part is done to the new rows: the mean is taken off, and so on.

    But then a day that is hot all through looks like any other, and one row alone is 0.
    """
    found = original(recipe, table)
    if recipe.text is not None:
        return found
    centre, spread = found.x.mean(axis=(0, 1)), found.x.std(axis=(0, 1))
    return found._replace(x=(found.x - centre) / np.where(spread > 0, spread, 1))
