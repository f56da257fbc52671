"""What a data set brings to an experiment that names it: the settings that an experiment then replaces one by one.

They are the study's own and stay as they are.  A stored run is found again by all its settings, so another value
here would leave every run of that data set without an owner.  The presets of the demo may change.
"""

from collections.abc import Mapping
from typing import Any

from fgm_ref.datasets import SETS
from fgm_ref.text import expect_one_of

PRESETS: dict[str, dict[str, Any]] = {
    "watch": {"sites": 7, "split": "natural", "hidden": (16,), "steps": 150, "lr": 0.01},
    "ecg208": {"hidden": (16,), "steps": 200, "lr": 0.01},
    "amazon_snippets": {"hidden": (24,), "steps": 120, "lr": 0.01},
    "nyc_flights": {"sites": 6, "split": "natural", "hidden": (32,), "steps": 300, "lr": 0.01},
    "nyc_weather": {"sites": 6, "split": "natural", "hidden": (24,), "steps": 200, "lr": 0.01},
}
"""Of the data sets that there are stored runs of."""

SECOND = {"schedule": "bernoulli:0.5", "lr_schedule": "cosine"}
"""What all runs of the second round have in common."""

STEPS = {
    "nyc_flights": 1000,
    "nyc_weather": 1000,
    "watch": 400,
    "ecg208": 400,
    "amazon_snippets": 240,
}
"""Of its runs, which are long enough for the losses to converge."""

TUNED: dict[str, dict[str, Any]] = {
    "nyc_flights": {"lr": 0.08},
    "nyc_weather": {"lr": 0.02},
    "watch": {"lr": 0.08},
    "ecg208": {"lr": 0.01},
    "amazon_snippets": {"lr": 0.02},
}
"""The learning rate of averaging with the lowest loss on the validation part, from the experiment `rates`."""

OUTER: dict[str, dict[str, Any]] = {
    "nyc_flights": {"lr": 0.08, "server": "nesterov:beta=0.3"},
    "nyc_weather": {"lr": 0.01, "server": "momentum:beta=0.5"},
    "watch": {"lr": 0.08, "server": "mean"},
    "ecg208": {"lr": 0.04, "server": "mean"},
    "amazon_snippets": {"lr": 0.02, "server": "mean"},
}
"""The outer step and learning rate with the lowest loss on the validation part, from the experiment `servers`."""


def preset(dataset: str, base: str = "first") -> Mapping[str, Any]:
    """The settings of a data set under the name `base`, one of `BASES`; `ValueError` if there are none."""
    expect_one_of("base", base, tuple(BASES))
    return BASES[base](dataset)


def _first(dataset: str) -> Mapping[str, Any]:
    """Those of the demo as long as there are no stored runs to be found again."""
    return PRESETS.get(dataset, SETS[dataset].preset)


def _tuned(dataset: str) -> Mapping[str, Any]:
    return _second(dataset, TUNED)


def _outer(dataset: str) -> Mapping[str, Any]:
    return _second(dataset, OUTER)


def _second(dataset: str, chosen: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    expect_one_of("dataset", dataset, tuple(chosen))
    return {**_first(dataset), **SECOND, "steps": STEPS[dataset], **chosen[dataset]}


BASES = {"first": _first, "tuned": _tuned, "outer": _outer}
"""Where the settings that an experiment does not name come from."""


def own_split(dataset: str) -> str:
    """How a data set is dealt out unless an experiment says otherwise: to its natural sites, if it has any."""
    return str(preset(dataset).get("split", "iid"))
