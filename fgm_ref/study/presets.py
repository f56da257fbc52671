"""What a data set brings to an experiment that names it: the settings that an experiment then replaces one by one.

They are the study's own and stay as they are.  A stored run is found again by all its settings, so another value
here would leave every run of that data set without an owner.  The presets of the demo may change.
"""

from collections.abc import Mapping
from typing import Any

from fgm_ref.datasets import SETS

PRESETS: dict[str, dict[str, Any]] = {
    "watch": {"sites": 7, "split": "natural", "hidden": (16,), "steps": 150, "lr": 0.01},
    "ecg208": {"hidden": (16,), "steps": 200, "lr": 0.01},
    "amazon_snippets": {"hidden": (24,), "steps": 120, "lr": 0.01},
    "nyc_flights": {"sites": 6, "split": "natural", "hidden": (32,), "steps": 300, "lr": 0.01},
    "nyc_weather": {"sites": 6, "split": "natural", "hidden": (24,), "steps": 200, "lr": 0.01},
}
"""Of the data sets that there are stored runs of."""


def preset(dataset: str) -> Mapping[str, Any]:
    """The settings of a data set; those of the demo as long as there are no stored runs to be found again."""
    return PRESETS.get(dataset, SETS[dataset].preset)


def own_split(dataset: str) -> str:
    """How a data set is dealt out unless an experiment says otherwise: to its natural sites, if it has any."""
    return str(preset(dataset).get("split", "iid"))
