"""What a model is worth on the test part: its loss, and a score in plain units."""

from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.datasets import Dataset
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.model import Model


class Metrics(NamedTuple):
    """Test loss (cross-entropy in nats, or mean squared error of standardised targets) and score.

    `score` is the accuracy, or the root mean squared error in the target's unit; `balanced` is the mean
    accuracy over the classes (None for regression).
    """

    loss: float
    score: float
    balanced: float | None


def evaluate(model: Model, p: Array, dataset: Dataset) -> Metrics:
    """Metrics of one model p (D,) on the data set's test part."""
    return measured(model.outputs(p, dataset.x_test), dataset)


def measured(outputs: Array, dataset: Dataset) -> Metrics:
    """Metrics of logits, or of standardised predictions, (N, O) for the data set's test part."""
    y = dataset.y_test  # (N,) or (N, O)
    z = np.ascontiguousarray(outputs.T)[:, None]  # the losses' order: (output, site, sample)
    targets = y[None] if dataset.task == "classification" else y.T[:, None]
    loss = float(LOSSES[dataset.task](z, np.empty_like(z))(targets)[0])
    if dataset.task == "regression":
        return Metrics(loss, float(np.sqrt(loss)) * dataset.target_scale, None)
    right = outputs.argmax(axis=1) == y
    return Metrics(loss, float(right.mean()), balanced_accuracy(right, y))


def balanced_accuracy(right: Array, y: Array) -> float:
    """The mean over the classes that occur in y of the share that is right; right (N,) bool, y (N,).

    >>> balanced_accuracy(np.array([True, True, True, False]), np.array([0, 0, 0, 1]))
    0.5
    """
    samples = np.bincount(y)
    correct = np.bincount(y, weights=right)
    occurs = samples > 0
    return float(np.mean(correct[occurs] / samples[occurs]))


def spread(models: Array, S: Array) -> float:
    """How far apart the models (k, D) are: √((1/k) Σ ‖w_i − S‖²), with S (D,).

    >>> spread(np.array([[0.0, 3.0], [0.0, -3.0]]), np.zeros(2))
    3.0
    """
    return float(np.sqrt(np.mean(norm(models - S) ** 2)))
