"""What a run leaves behind: a frozen record that can be saved, loaded and drawn."""

import io
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.table import Table, table_of
from fgm_ref.files import atomic
from fgm_ref.learning.model import Model
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.meaning import Meaning
from fgm_ref.simulation.prediction import Prediction, predict
from fgm_ref.transport.ledger import Event

VERSION = 2  # of the file; version 1 had no number and no meaning

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
    `stopped`: why the run ended early, or "".  `model` (D,): S at the end.  `meaning`: what its numbers mean; None if
    an earlier version saved the run.
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
    meaning: Meaning | None = field(default=None, repr=False)

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
                "version": VERSION,
                "meaning": self.meaning.to_dict() if self.meaning else None,
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
        """Read what `save` wrote, also in an earlier version; `ValueError` for anything else.  Nothing is unpickled."""
        arrays = read_arrays(Path(path))
        meta = read_meta(Path(path), arrays)
        groups: dict[str, Any] = {"series": {}, "curve": {}}
        for name, array in arrays.items():
            group, _, key = name.partition("/")
            if group in groups:
                groups[group][key] = array
        config = Config.from_dict(meta.pop("config"))
        meaning = meta.pop("meaning", None)
        return cls(
            config,
            events=arrays["events"],
            model=arrays["model"],
            meaning=Meaning.from_dict(meaning) if meaning else None,
            **groups,
            **meta,
        )

    def outputs(self, x: Array) -> Array:
        """What the model says of windows x (N, T, D) or (N, T), scaled as in training: logits or predictions (N, O).

        `ValueError` if an earlier version saved the run, and for windows of another shape.
        """
        model = Model(self.expect_meaning().spec, self.model.dtype)
        return model.outputs(self.model, x)

    def predict(self, table: Table | Mapping[str, Any]) -> Prediction:
        """What the model says of new rows: a table, or a mapping of columns' names to arrays.

        `ValueError` if the model was not trained on a table, and for rows that are not like those of that table.
        """
        meaning = self.expect_meaning()
        if meaning.recipe is None:
            raise ValueError(
                f"run: expected one that was trained on a table, got one on {self.config.dataset!r}; "
                "`outputs(windows)` takes windows"
            )
        return predict(
            meaning, self.outputs, table if isinstance(table, Table) else table_of(table)
        )

    def expect_meaning(self) -> Meaning:
        """What the model's numbers mean; `ValueError` if nobody knows."""
        if self.meaning is None:
            raise ValueError(
                "run: expected a file that says how its model is used, got one that an earlier "
                "fgm_ref saved; run it again with --save"
            )
        return self.meaning


def load_run(path: str | Path) -> RunResult:
    """The run that was saved there.  `ValueError` if it is not one."""
    return RunResult.load(path)


def read_arrays(path: Path) -> dict[str, Array]:
    """The arrays of a saved run.  `ValueError` for any other file."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except OSError as problem:
        raise not_a_run(path, problem.strerror or str(problem)) from problem
    except (ValueError, EOFError, AttributeError, TypeError, BadZipFile, zlib.error) as problem:
        raise not_a_run(path, "it is no .npz file, or a damaged one") from problem
    for needed in ("meta", "events", "model"):
        if needed not in arrays:
            raise not_a_run(path, f"it has no {needed!r}")
    return arrays


def read_meta(path: Path, arrays: Mapping[str, Array]) -> dict[str, Any]:
    """What a saved run says in words.  `ValueError` if it is none, or one of a later version."""
    try:
        meta = json.loads(str(arrays["meta"]))
        version = meta.pop("version", 1)
    except (ValueError, AttributeError) as problem:
        raise not_a_run(path, "its 'meta' is no record") from problem
    if version > VERSION:
        raise ValueError(
            f"run: expected a file of version {VERSION} at most, got version {version} in "
            f"{os.fspath(path)!r}; a later fgm_ref has saved it"
        )
    return dict(meta)


def not_a_run(path: Path, why: str) -> ValueError:
    """The error for a file that is no saved run, ready to be raised."""
    return ValueError(f"run: expected a file that --save wrote, got {os.fspath(path)!r} ({why})")


COUNTS = ("rounds", "subrounds", "rebalances", "dropped")


def event_array(events: list[Event]) -> Array:
    """The ledger's log as one structured array."""
    return np.array(events, EVENT)
