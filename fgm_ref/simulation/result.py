"""What a run leaves behind: a frozen record that can be saved, loaded and drawn."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.files import atomic
from fgm_ref.simulation.config import Config
from fgm_ref.transport.ledger import Event

EVENT = np.dtype(
    [
        ("step", "i4"),
        ("kind", "i2"),
        ("site", "i4"),
        ("copies", "i4"),
        ("size", "i8"),
        ("number", "f8"),
        ("round", "i4"),
        ("subround", "i4"),
        ("reason", "U16"),
        ("value", "f8"),
        ("block", "i2"),
    ]
)


@dataclass(frozen=True)
class RunResult:
    """The record of one run.

    `series`: per step, arrays (steps,): `loss` (mean over the sites that trained, each on its mini-batch
    before it learnt from it: the prequential loss), `bytes`, `messages`, `rounds` (finished), `subrounds`,
    `rebalances` (all cumulative), `overshoot` (only with checks); and for the monitoring protocols `phi`
    (steps, k) and `phi_zero` = φ(0), as the sites saw them before messages were handled.

    `curve`: at each evaluation, `step`, `bytes`, the test `loss`, `score`, `balanced` of the mean model S, and
    `served`, the test loss of the coordinator's model E (the last one that all sites were sent).

    `final`: the same for the end, `served_loss`, `norm` = ‖E‖, `local_loss` (mean test loss of the local
    models) and `spread` (root mean square distance of the local models from S).

    `ledger`: bytes and messages by kind.  `totals`: up, down and together, payload and TCP-like.
    `stopped`: why the run ended early, or "".  `model` (D,): S at the end.
    """

    config: Config
    series: Mapping[str, Array]
    curve: Mapping[str, Array]
    final: Mapping[str, Any]
    ledger: Mapping[str, Mapping[str, Any]]
    totals: Mapping[str, int]
    events: Array = field(repr=False)
    model: Array = field(repr=False)
    stopped: str = ""

    def summary(self) -> dict[str, Any]:
        """All but the long arrays, as plain values for JSON."""
        last = {name: int(self.series[name][-1]) for name in COUNTS if len(self.series[name])}
        return {
            "config": self.config.to_dict(),
            "final": dict(self.final),
            "totals": dict(self.totals),
            "by_type": {kind: dict(row) for kind, row in self.ledger.items()},
            "stopped": self.stopped,
            "steps": len(self.series["loss"]),
            **last,
        }

    def save(self, path: str | Path) -> None:
        """Write one `.npz` file, whole or not at all."""
        meta = json.dumps(
            {
                "config": self.config.to_dict(),
                "final": dict(self.final),
                "stopped": self.stopped,
                "ledger": {kind: dict(row) for kind, row in self.ledger.items()},
                "totals": dict(self.totals),
            }
        )
        arrays: dict[str, Any] = {
            "meta": np.array(meta),
            "events": self.events,
            "model": self.model,
        }
        arrays |= {f"series/{name}": value for name, value in self.series.items()}
        arrays |= {f"curve/{name}": value for name, value in self.curve.items()}
        # An archive that a full disk cuts short would complain once more, hence the memory in between.
        archive = io.BytesIO()
        np.savez_compressed(archive, **arrays)
        with atomic(Path(path)) as part:
            part.write_bytes(archive.getbuffer())

    @classmethod
    def load(cls, path: str | Path) -> "RunResult":
        """Read what `save` wrote.  Nothing is unpickled."""
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            groups: dict[str, Any] = {"series": {}, "curve": {}}
            for name in file.files:
                group, _, key = name.partition("/")
                if group in groups:
                    groups[group][key] = file[name]
            config = Config.from_dict(meta.pop("config"))
            return cls(config, events=file["events"], model=file["model"], **groups, **meta)


COUNTS = ("rounds", "subrounds", "rebalances", "dropped")


def event_array(events: list[Event]) -> Array:
    """The ledger's log as one structured array."""
    return np.array(events, EVENT)
