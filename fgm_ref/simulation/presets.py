"""Settings that suit each data set, so that the first command shows something worth seeing."""

from typing import Any

from fgm_ref.datasets import Dataset
from fgm_ref.simulation.config import Config

COMPARISON = (
    "central",
    "local",
    "periodic:b=1",
    "periodic:b=10",
    "dynamic-plain",
    "dynamic",
    "gm",
    "gm-reb",
    "fgm",
    "fgm-reb",
)
"""The protocols of the default comparison, in the order of the table."""

PRESETS: dict[str, dict[str, Any]] = {
    "watch": {"sites": 7, "split": "natural", "hidden": (16,), "steps": 150, "lr": 0.01},
    "ecg208": {"hidden": (16,), "steps": 200, "lr": 0.01},
    "amazon_snippets": {"hidden": (24,), "steps": 120, "lr": 0.01},
    "nyc_flights": {"sites": 6, "split": "natural", "hidden": (32,), "steps": 300, "lr": 0.01},
    "nyc_weather": {"sites": 6, "split": "natural", "hidden": (24,), "steps": 200, "lr": 0.01},
}


def preset(data: Dataset, **settings: Any) -> Config:
    """The settings for a bundled data set, with some replaced."""
    return Config(**{"dataset": data.name, **PRESETS[data.name], **settings})


def custom(data: Dataset, **settings: Any) -> Config:
    """Settings for a user's own table: the natural sites if there are any, else up to 8 alike."""
    natural = {"split": "natural", "sites": len(data.site_names)}
    split = natural if data.site_names else {"sites": min(8, len(data.x_train))}
    return Config(
        **{"dataset": data.name, "hidden": (16,), "steps": 200, "lr": 0.01, **split, **settings}
    )
