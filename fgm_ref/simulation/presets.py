"""Settings that suit each data set, so that the first command shows something worth seeing."""

from typing import Any

from fgm_ref.datasets import SETS, Dataset
from fgm_ref.simulation.config import Config
from fgm_ref.text import expect_one_of

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

PRESETS = {name: entry.preset for name, entry in SETS.items()}
"""The settings that suit each bundled set, from its entry."""


def preset(data: Dataset, **settings: Any) -> Config:
    """The settings for a bundled data set, with some replaced."""
    expect_one_of("data", data.name, tuple(PRESETS))
    suited = {"dataset": data.name, **PRESETS[data.name]}
    return Config(**(suited | settings))


def custom(data: Dataset, **settings: Any) -> Config:
    """Settings for a user's own table: the natural sites if there are any, else up to 8 alike."""
    suited: dict[str, Any] = {"dataset": data.name, "hidden": (16,), "steps": 200, "lr": 0.01}
    if data.site_names:
        suited |= {"split": "natural", "sites": len(data.site_names)}
    else:
        suited |= {"sites": min(8, len(data.x_train))}
    return Config(**(suited | settings))
