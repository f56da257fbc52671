"""Small real data sets, one per kind of application, ready for training; `SETS` lists them.

Test parts are other *times, reviews or people* than the training parts, never neighbouring windows.  The validation
part, by which settings are chosen, is cut from the training part in the same way.  Where the files come from, their
licences and their weaknesses stand in `data/README.md`.  No network is needed.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from fgm_ref.datasets import ecg, nyc, snippets, watch
from fgm_ref.datasets.dataset import Baseline, Dataset
from fgm_ref.text import expect_one_of

__all__ = ["Baseline", "Dataset", "load", "names", "summary"]


Builder = Callable[[Any, bool], Dataset]
"""From the content of a file: the arrays of an .npz by name, or the text of a .gz; and whether to validate."""

HELD_OUT = ("test", "validation")


class Cost(NamedTuple):
    """Milliseconds of training with the preset's network, for estimates of how long a run takes.

    Measured on one core of a virtual machine of 2026.  Other machines differ by a factor; the proportions stay.
    """

    step: float
    sample: float  # of a mini-batch
    evaluation: float  # of one model on the test part


class Entry(NamedTuple):
    """All that the package knows about a bundled set.  A new set needs a builder, an entry and its file."""

    file: str  # in data/, with its sum in data/checksums.json
    build: Builder
    line: str  # for the list: the task, what it is, T, D and the natural sites
    preset: Mapping[str, Any]  # settings that suit it: fields of `Config`, `hidden` among them
    cost: Cost = Cost(step=2.0, sample=0.025, evaluation=25.0)  # as of most sets


SETS = {
    "ecg208": Entry(
        file="ecg208.npz",
        build=ecg.ecg208,
        line="2 classes   heart beats, narrow or wide; T=64, D=1; no natural sites",
        preset={"hidden": (16,), "steps": 200, "lr": 0.01},
        cost=Cost(step=2.5, sample=0.034, evaluation=22.0),
    ),
    "amazon_snippets": Entry(
        file="amazon_snippets.tsv.gz",
        build=snippets.amazon_snippets,
        line="2 classes   sentiment of sentences; T=30 words; no natural sites",
        preset={"hidden": (24,), "steps": 120, "lr": 0.01},
        cost=Cost(step=3.6, sample=0.033, evaluation=8.0),
    ),
    "nyc_flights": Entry(
        file="nyc_flights.npz",
        build=nyc.flights,
        line="16 classes  airline of a departure; T=5, D=27; natural sites: 3 airports",
        preset={"sites": 6, "split": "natural", "hidden": (32,), "steps": 300, "lr": 0.04},
        cost=Cost(step=1.3, sample=0.008, evaluation=40.0),
    ),
    "nyc_weather": Entry(
        file="nyc_weather.npz",
        build=nyc.weather,
        line="regression  temperature in 6 hours; T=24, D=8; natural sites: 3 stations",
        preset={"sites": 6, "split": "natural", "hidden": (24,), "steps": 200, "lr": 0.01},
        cost=Cost(step=1.6, sample=0.020, evaluation=40.0),
    ),
    "watch": Entry(
        file="watch.npz",
        build=watch.watch,
        line="7 classes   exercises seen by a smartwatch; T=40, D=6; natural sites: 7 people",
        preset={"sites": 7, "split": "natural", "hidden": (16,), "steps": 150, "lr": 0.01},
        cost=Cost(step=1.9, sample=0.024, evaluation=16.0),
    ),
}


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(SETS)


def summary() -> tuple[str, ...]:
    """One line per set, for a list; nothing is loaded."""
    return tuple(f"{name:<16} {entry.line}" for name, entry in SETS.items())


def load(name: str, held_out: str = "test") -> Dataset:
    """The data set of that name; a second call returns the same object.  `ValueError` if there is none.

    `held_out="validation"`: the test part is not there.  In its place stands a part of the training part, and the rest
    of that is for training.

    >>> data = load("ecg208")
    >>> data.length, data.features, data.classes
    (64, 1, ('narrow', 'wide'))
    """
    expect_one_of("dataset", name, names())
    expect_one_of("held_out", held_out, HELD_OUT)
    return _load(name, held_out == "validation")


@cache
def _load(name: str, validate: bool) -> Dataset:
    entry = SETS[name]
    return entry.build(content(folder() / entry.file), validate)


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
        raw = path.read_bytes()
        if path.suffix == ".gz":
            return gzip.decompress(raw).decode("ascii")
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as problem:
        raise ValueError(
            f"dataset: expected a readable file {path}, got {problem!r}; "
            "`python data/make_data.py` makes it anew"
        ) from problem
