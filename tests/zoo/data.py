"""Mistakes with data: who gets which samples, what is known beforehand, and what a score is."""

from dataclasses import replace

import numpy as np

from fgm_ref.simulation.metrics import Metrics

from .registry import mutant


@mutant(
    "z14",
    "the vocabulary comes from a set",
    "datasets.words:vocabulary_of",
    "zoo/test_gaps.py::test_word_ids_follow_frequency_and_then_the_alphabet",
)
def vocabulary_of(sentences):
    """`set(words)` is the shortest way to "every word once".

    Its order changes from process to process, and with it every number of the run, whatever the seed.
    """
    words = [word for one in sentences for word in one]
    return {
        word: i for i, word in enumerate({word for word in words if words.count(word) > 1}, start=2)
    }


@mutant(
    "z21",
    '"accuracy" is 100 − MSE',
    "simulation.metrics:evaluate",
    "zoo/test_gaps.py::test_score_of_a_regression_is_the_root_of_its_error_in_the_targets_unit",
)
def evaluate(original, model, p, dataset):
    """A percentage is what people want to see, and 99.6 looks like one.

    Of targets between 0 and 1 anybody gets 99: always predicting the mean does.  A score has a unit and a baseline.
    """
    metrics = original(model, p, dataset)
    return (
        Metrics(metrics.loss, 100 - metrics.loss, None) if dataset.task == "regression" else metrics
    )


@mutant(
    "z61",
    "the model is evaluated on the training part",
    "simulation.metrics:evaluate",
    "zoo/test_gaps.py::test_accuracy_is_the_share_of_right_answers_in_the_test_part",
)
def evaluate_on_training(original, model, p, dataset):
    """x_train and x_test have the same shape, and the numbers are so much nicer.

    Every protocol seems to generalise, above all the one that overfits most.
    """
    return original(model, p, replace(dataset, x_test=dataset.x_train, y_test=dataset.y_train))


@mutant(
    "z62",
    "inputs are scaled by the test part as well",
    "datasets.dataset:standardise",
    "test_datasets.py::test_standardise_knows_the_training_part_only",
)
def standardise(original, train, test):
    """One call for the whole array, then the split.

    The model has seen how the future is distributed: a drift of the sensors is taken out before it is met.
    """
    both, _ = original(np.concatenate([train, test]), test)
    return both[: len(train)], both[len(train) :]


@mutant(
    "z63",
    "mini-batches are drawn with replacement",
    "datasets.batches:Batches._refill",
    "test_schedules_batches.py::test_pass_after_pass",
)
def refill(self, i):
    """`rng.choice` gives a batch in one call.

    In a "pass" over the data a third of the samples is never seen, and a quarter of them more than once.
    """
    rest = self._queue[self._next[i] : self._end[i]].copy()
    queue = np.concatenate([rest, self.rngs[i].choice(self.parts[i], self._enough)])
    begin = self._begin[i]
    end = begin + len(queue)
    self._queue[begin:end] = queue
    self._next[i] = begin
    self._end[i] = end


@mutant(
    "z64",
    "samples are dealt out in the order of the file",
    "datasets.split:split",
    "test_split.py::test_iid_is_even_and_depends_on_the_seed",
)
def split(original, dataset, sites, how, rng, alpha=0.5):
    """The text says "shuffled"; the shuffle is an option of the optimiser, and only within its mini-batch.

    Files are sorted by time or by class: sites that are called alike are as different as can be.
    """
    if how == "iid":
        return np.array_split(np.arange(len(dataset.y_train)), sites)
    return original(dataset, sites, how, rng, alpha)


@mutant(
    "z93",
    "further sites go where they would leave most, as in an election",
    "datasets.split:apportion",
    "test_split.py::test_the_next_site_goes_where_it_is_most_crowded",
)
def apportion(sizes, sites):
    """Divide by shares + 1 and take the largest: that is how seats are given to parties.

    100 and 60 samples in four sites become 33, 33, 33 and 60, where 50, 50, 30 and 30 would be fair.
    """
    shares = [1] * len(sizes)
    for _ in range(sites - len(sizes)):
        crowds = [size / (share + 1) for size, share in zip(sizes, shares, strict=True)]
        shares[crowds.index(max(crowds))] += 1
    return shares


@mutant(
    "z146",
    "the proportions are drawn once for all classes",
    "datasets.split:dirichlet",
    "test_split.py::test_dirichlet_draws_the_proportions_of_every_class_anew",
)
def dirichlet(original, label, sites, alpha, rng):
    """One draw from Dirichlet(α) says how much each site gets.  It has to be drawn anew for every class.

    Sites differ in size, and not at all in what they see: "non-identical" data that are identical.
    """
    parts = original(np.zeros_like(label), sites, alpha, rng)
    order = rng.permutation(len(label))
    return [order[part] for part in parts]


@mutant(
    "z147",
    "every time step of a window is scaled by itself",
    "datasets.dataset:standardise",
    "test_datasets.py::test_standardise_scales_a_channel_as_a_whole",
)
def standardise_each_step(original, train, test):
    """Mean and deviation over axis 0, as for any table.  The windows have two more axes.

    Whatever all windows have in common, such as the place of a heart beat, is taken out before the model sees it.
    """
    flat = [part.reshape(len(part), 1, -1) for part in (train, test)]
    return tuple(
        scaled.reshape(part.shape)
        for scaled, part in zip(original(*flat), (train, test), strict=True)
    )


@mutant(
    "z148",
    "the majority class is that of the test part",
    "datasets.dataset:majority",
    "test_datasets.py::test_the_majority_baseline_by_hand[watch]",
)
def majority(original, y_train, y_test, classes):
    """The baseline is evaluated on the test part, so it is counted there, too.

    It knows the answers' frequencies, which no model does: a little too good to be beaten.
    """
    return original(y_test, y_test, classes)


@mutant(
    "z149",
    "categories are chosen by the rows of the test part as well",
    "datasets.columns:categories",
    "test_csvdata.py::test_categories_come_from_the_training_part",
)
def categories(original, texts, train):
    """The column is one list, and counting it takes one line.

    A value that only the future has gets an input of its own, one that was never trained.
    """
    return original(texts, np.arange(len(texts)))


@mutant(
    "z150",
    "interpolated temperatures are asked for as if measured",
    "datasets.nyc:forecasts",
    "test_datasets.py::test_weather_asks_for_no_temperature_that_is_missing",
)
def forecasts(original, rows):
    """Gaps in the inputs are filled, so the column is complete, and the target is one of its columns.

    The answer lies on a straight line through what follows.  The easiest questions are those that nobody measured.
    """
    known = np.isfinite(rows["temp"])
    filled = np.interp(rows["hour"], rows["hour"][known], rows["temp"][known])
    return original({**rows, "temp": filled})
