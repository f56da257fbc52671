"""Where in a family of classes something was written, and so whether it was meant for what stands below it."""

from __future__ import annotations

from fgm_ref.safe.function import SafeFunction
from fgm_ref.safe.own import Adopted


def written(zone: SafeFunction, name: str) -> int:
    """How many classes up a name was written; above all of them, if nowhere."""
    made = zone.own if isinstance(zone, Adopted) else zone
    classes = type(made).__mro__
    places = [i for i, one in enumerate(classes) if name in vars(one)]
    return places[0] if places else len(classes)
