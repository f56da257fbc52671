"""Which exercise is it?  Shoulder exercises of ten people, recorded by a smartwatch.

The test part is three other *people*, and the validation part another person.  A random split of the windows would be
leakage, because they overlap.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import Dataset, classification, sliding, standardise

LENGTH, STEP = 40, 10  # a window of 4 s at 10 Hz, one each second
TRAINING = 7  # persons 1 to 7; 8 to 10 are the test
VALIDATION = 1  # the last so many of persons 1 to 7 are the validation part


def watch(data: dict[str, Array], validate: bool = False) -> Dataset:
    """The set from its recordings, which stand one after the other.  x (N, 40, 6)."""
    last, end = (TRAINING - VALIDATION, TRAINING) if validate else (TRAINING, np.inf)
    starts = np.cumsum(data["length"], dtype=int)[:-1]
    recordings = np.split(data["x"].astype(np.float32), starts)
    windows = [sliding(one, LENGTH, STEP) for one in recordings]
    counts = [len(one) for one in windows]
    x = np.concatenate(windows)
    person = np.repeat(data["subject"], counts)
    exercise = np.repeat(data["exercise"], counts)
    by_person = np.argsort(person, kind="stable")
    ordered = person[by_person]
    train = by_person[ordered <= last]
    test = by_person[(ordered > last) & (ordered <= end)]
    x_train, x_test = standardise(x[train], x[test])
    return classification(
        "watch",
        (x_train, exercise[train]),
        (x_test, exercise[test]),
        [str(one) for one in data["exercise_names"]],
        "shoulder exercises recorded by a smartwatch, ten people, from seglearn",
        sites=(person[train] - 1, [f"person {i}" for i in range(1, last + 1)]),
    )
