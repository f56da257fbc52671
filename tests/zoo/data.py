"""Mistakes with data: who gets which samples, what is known beforehand, and what a score is."""

from dataclasses import replace

import numpy as np

from fgm_ref.simulation.metrics import Metrics

from .registry import mutant


@mutant(
    "z14",
    "the vocabulary comes from a set",
    "datasets.snippets:vocabulary_of",
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
