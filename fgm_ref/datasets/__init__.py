"""Five small real data sets, one per kind of application, ready for training.

    name             application               task            natural sites
    ecg208           medical signal            2 classes       -
    amazon_snippets  text, sentiment           2 classes       -
    nyc_flights      event stream              16 classes      3 airports
    nyc_weather      forecasting               regression      3 stations
    watch            human motion              7 classes       7 people

Test parts are other *times, reviews or people* than the training parts, never neighbouring windows.  Where
the files come from, their licences and their weaknesses stand in `data/README.md`.  No network is needed.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import ecg as data_ecg
from fgm_ref.datasets import nyc as data_nyc
from fgm_ref.datasets.dataset import Baseline, Dataset, classification, sliding, standardise
from fgm_ref.text import expect_one_of

__all__ = ["Baseline", "Dataset", "load", "names", "summary"]


class Entry(NamedTuple):
    """A bundled set: its file, what builds it from the file's content, and a line for the list."""

    file: str
    build: Callable[[Any], Dataset]
    line: str


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(SETS)


def summary() -> tuple[str, ...]:
    """One line per set, for a list; nothing is loaded."""
    return tuple(f"{name:<16} {entry.line}" for name, entry in SETS.items())


def load(name: str) -> Dataset:
    """The data set of that name; a second call returns the same object.  `ValueError` if there is none.

    >>> data = load("ecg208")
    >>> data.length, data.features, data.classes
    (64, 1, ('narrow', 'wide'))
    """
    expect_one_of("dataset", name, names())
    return _load(name)


@cache
def _load(name: str) -> Dataset:
    entry = SETS[name]
    return entry.build(content(folder() / entry.file))


def folder() -> Path:
    """Where the files lie: inside an installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "bundled_data", package.parent / "data")
    for place in places:
        if (place / "checksums.json").is_file():
            return place
    raise ValueError(
        f"dataset: expected the data files in {places[0]} or {places[1]}, found neither; "
        "install the package again or work in a complete checkout"
    )


def content(path: Path) -> Any:
    """The text of a .gz file or the arrays of an .npz file.  Never a pickle, which could run code."""
    try:
        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes()).decode("ascii")
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as problem:
        raise ValueError(
            f"dataset: expected a readable file {path}, got {problem!r}; "
            "`python data/make_data.py` makes it anew"
        ) from problem


def watch(data: dict[str, Array]) -> Dataset:
    """Which exercise is it?  x (N, 40, 6) at 10 Hz, a window each second.  Persons 8 to 10 are the test."""
    starts = np.cumsum(data["length"], dtype=int)[:-1]
    recordings = [
        sliding(one, 40, step=10) for one in np.split(data["x"].astype(np.float32), starts)
    ]
    per_recording = [len(one) for one in recordings]
    x = np.concatenate(recordings)
    person, exercise = (
        np.repeat(data["subject"], per_recording),
        np.repeat(data["exercise"], per_recording),
    )
    order = np.argsort(person, kind="stable")
    train, test = order[person[order] <= 7], order[person[order] > 7]
    x_train, x_test = standardise(x[train], x[test])
    return classification(
        "watch",
        (x_train, exercise[train]),
        (x_test, exercise[test]),
        [str(one) for one in data["exercise_names"]],
        "shoulder exercises recorded by a smartwatch, ten people, from seglearn",
        sites=(person[train] - 1, [f"person {i}" for i in range(1, 8)]),
    )


def words(sentence: str) -> list[str]:
    """Lower-case words and numbers."""
    return re.findall(r"[a-z0-9']+", sentence.lower())


def vocabulary_of(sentences: list[list[str]]) -> dict[str, int]:
    """Ids from 2 for words that occur at least twice, frequent ones first; 0 is padding, 1 any other word."""
    # Sorted, because the order of a `set` or of equal counts would differ from run to run.
    counts = Counter(word for one in sentences for word in one)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {word: i for i, (word, count) in enumerate(ranked, start=2) if count > 1}


def amazon_snippets(text: str, length: int = 30) -> Dataset:
    """Is a sentence positive?  x (N, 30) ids of its last words, padded in front.  Every sixth review is the test."""
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    rows = [row for row in rows if abs(float(row[1])) > 0.5]  # clear opinions only
    review = np.array([int(row[0].split("_")[0]) for row in rows])
    sentences = [words(row[2]) for row in rows]
    held_out = np.isin(review, np.unique(review)[::6])
    ids = vocabulary_of([one for one, out in zip(sentences, held_out, strict=True) if not out])
    x = np.zeros((len(rows), length), np.int32)
    for row, sentence in zip(x, sentences, strict=True):
        tokens = [ids.get(word, 1) for word in sentence][-length:]
        row[length - len(tokens) :] = tokens
    y = np.array([float(row[1]) > 0 for row in rows], np.int64)
    return classification(
        "amazon_snippets",
        (x[~held_out], y[~held_out]),
        (x[held_out], y[held_out]),
        ("negative", "positive"),
        "sentences of product reviews, rated by 20 people each, from vaderSentiment",
        vocabulary=len(ids) + 2,
    )


SETS = {
    "ecg208": Entry(
        "ecg208.npz",
        lambda data: data_ecg.from_counts(data["adc"]),
        "2 classes   heart beats, narrow or wide; T=64, D=1; no natural sites",
    ),
    "amazon_snippets": Entry(
        "amazon_snippets.tsv.gz",
        amazon_snippets,
        "2 classes   sentiment of sentences; T=30 words; no natural sites",
    ),
    "nyc_flights": Entry(
        "nyc_flights.npz",
        data_nyc.flights,
        "16 classes  airline of a departure; T=5, D=27; natural sites: 3 airports",
    ),
    "nyc_weather": Entry(
        "nyc_weather.npz",
        data_nyc.weather,
        "regression  temperature in 6 hours; T=24, D=8; natural sites: 3 stations",
    ),
    "watch": Entry(
        "watch.npz",
        watch,
        "7 classes   exercises seen by a smartwatch; T=40, D=6; natural sites: 7 people",
    ),
}
