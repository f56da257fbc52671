"""What the numbers of a model mean: which windows go in, and what its outputs say.

Together with the weights that is all that prediction needs, so a saved run holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.datasets.recipe import Label, Recipe
from fgm_ref.learning.spec import ModelSpec


@dataclass(frozen=True)
class Meaning:
    """The network's layout, its windows, and its outputs.

    A standardised output times a label's `spread` plus its `centre` is in the label's own unit.
    """

    spec: ModelSpec
    window: int  # T, the time steps of a window
    classes: tuple[str, ...]  # () for a regression
    labels: tuple[Label, ...]  # one for a classification, one for each output of a regression
    unit: str
    recipe: Recipe | None  # how rows of a table become windows; None if the data were no table

    @classmethod
    def of(cls, spec: ModelSpec, data: Dataset) -> Meaning:
        """That of a network which is trained on these data."""
        labels = data.recipe.labels if data.recipe else data.targets or (Label(""),)
        return cls(spec, data.length, data.classes, labels, data.unit, data.recipe)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Meaning:
        """The inverse of `to_dict`, also when it comes from JSON."""
        recipe = values["recipe"]
        parts = {
            "spec": ModelSpec(**values["spec"] | {"hidden": tuple(values["spec"]["hidden"])}),
            "classes": tuple(values["classes"]),
            "labels": tuple(Label(**one) for one in values["labels"]),
            "recipe": Recipe.from_dict(recipe) if recipe else None,
        }
        return cls(**{**values, **parts})

    def in_units(self, outputs: Array) -> Array:
        """Standardised predictions (N, O) in the units of the labels, in double precision."""
        spread = np.array([label.spread for label in self.labels])
        centre = np.array([label.centre for label in self.labels])
        return np.asarray(outputs * spread + centre)
