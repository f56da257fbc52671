"""What goes with a protocol in the second round: server and learning rate, codec, and how the first model is sent.

The runs of a kit are found by these settings, with the values that `presets` has for the data set.
"""

from typing import Any, NamedTuple

from fgm_ref.simulation.config import LATER
from fgm_ref.study.numbers.rows import Row, Rows, where
from fgm_ref.study.presets import preset

CHOSEN = ("lr", "server")
"""The settings that `presets` chooses for each data set."""


class Kit(NamedTuple):
    """`base` names the choice of learning rate and server."""

    base: str
    codec: str = "float32"
    start: str = "model"


BARE = Kit("tuned")
OUTER = Kit("outer")
FULL = Kit("outer", "ternary+ef", "seed")


class Entrant(NamedTuple):
    """A protocol with a kit; `periodic` stands for all its periods."""

    protocol: str
    kit: Kit = BARE


def settings(dataset: str, kit: Kit) -> dict[str, Any]:
    """The settings by which the runs of a kit are told from all others."""
    known = preset(dataset, kit.base)
    chosen = {name: known.get(name, LATER.get(name)) for name in CHOSEN}
    return {**chosen, "codec": kit.codec, "start": kit.start}


def runs_of(rows: Rows, dataset: str, entrant: Entrant) -> list[Row]:
    """The runs of one entrant on one data set."""
    equipped = where(rows, dataset=dataset, **settings(dataset, entrant.kit))
    if entrant.protocol == "periodic":
        return [row for row in equipped if row["protocol"].startswith("periodic:")]
    return where(equipped, protocol=entrant.protocol)


def setting_of(protocol: str) -> str:
    """The column along which a protocol's front runs."""
    return "protocol" if protocol == "periodic" else "threshold"
