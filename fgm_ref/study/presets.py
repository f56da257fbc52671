"""What a data set brings to an experiment that names it: the settings that an experiment then replaces one by one.

They are the study's own and stay as they are.  A stored run is found again by all its settings, so another value
here would leave every run of that data set without an owner.  The presets of the demo may change.
"""

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "watch": {"sites": 7, "split": "natural", "hidden": (16,), "steps": 150, "lr": 0.01},
    "ecg208": {"hidden": (16,), "steps": 200, "lr": 0.01},
    "amazon_snippets": {"hidden": (24,), "steps": 120, "lr": 0.01},
    "nyc_flights": {"sites": 6, "split": "natural", "hidden": (32,), "steps": 300, "lr": 0.01},
    "nyc_weather": {"sites": 6, "split": "natural", "hidden": (24,), "steps": 200, "lr": 0.01},
}


def own_split(dataset: str) -> str:
    """How a data set is dealt out unless an experiment says otherwise: to its natural sites, if it has any."""
    return str(PRESETS[dataset].get("split", "iid"))
