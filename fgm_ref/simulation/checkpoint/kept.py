"""A state as bytes, and a run's checkpoint as a file: whole or not at all, and without pickle.

A file belongs to one run: to its settings, its data and where its sites live.  For another one it is refused.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.files import atomic
from fgm_ref.simulation.checkpoint.state import Giver, Taker
from fgm_ref.simulation.config import Config
from fgm_ref.text import positive

FORM = "fgm_ref checkpoint"
VERSION = 1


def packed(things: Mapping[str, Any]) -> Array:
    """The state of some objects as bytes, uint8."""
    taker = Taker()
    tree = {name: taker.take(thing) for name, thing in things.items()}
    return archive({"tree": tree}, {str(n): array for n, array in enumerate(taker.arrays)})


def unpack(state: Array, things: Mapping[str, Any]) -> None:
    """Give the objects that are called alike a state that `packed` has made."""
    meta, arrays = opened(state.tobytes())
    giver = Giver([arrays[str(n)] for n in range(len(arrays))])
    for name, tree in meta["tree"].items():
        giver.give(tree, things[name])


def archive(meta: Any, arrays: Mapping[str, Array]) -> Array:
    """An archive of arrays, with something that JSON can say."""
    file = io.BytesIO()
    np.savez(file, **{**arrays, "meta": np.array(json.dumps(meta))})  # type: ignore[arg-type]
    return np.frombuffer(file.getvalue(), np.uint8)


def opened(data: bytes) -> tuple[Any, dict[str, Array]]:
    """The inverse.  Nothing is unpickled."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(str(arrays.pop("meta"))), arrays


class Run(Protocol):
    """What can be kept."""

    config: Config
    place: str
    """Where the sites live, in words."""

    @property
    def dataset(self) -> Dataset:
        """What is learnt from, as it is before the first step."""

    def states(self) -> Sequence[Array]:
        """The state of each place, as bytes."""

    def take_on(self, states: Sequence[Array]) -> None:
        """Go on from such states."""


class Checkpoint:
    """The file of a run, written after every so many steps and after the last one."""

    def __init__(self, path: Path, every: int):
        self.path, self.every = path, positive("every", every)

    def after(self, step: int, run: Run) -> None:
        """Write it, in the place of the one before, if it is time."""
        if step % self.every and step != run.config.steps:
            return
        meta = {**identity(run), "step": step}
        states = {f"state{n}": state for n, state in enumerate(run.states())}
        with atomic(self.path) as part:
            part.write_bytes(archive(meta, states).data)

    def resume(self, run: Run) -> int:
        """Go on from what was written last; returns how many steps that had.

        Raises `ValueError` if what is there is no file of this run.
        """
        if not self.path.exists():
            return 0
        meta, states = self._read()
        self._expect(identity(run), meta)
        run.take_on([states[f"state{n}"] for n in range(len(states))])
        return int(meta["step"])

    def _read(self) -> tuple[dict[str, Any], dict[str, Array]]:
        try:
            meta, states = opened(self.path.read_bytes())
            if meta["form"] != FORM:
                raise ValueError
        except (ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise ValueError(
                f"checkpoint: expected {str(self.path)!r} to be one, got something else"
            ) from error
        return meta, states

    def _expect(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        if theirs["version"] != ours["version"]:
            raise ValueError(
                f"checkpoint: expected version {ours['version']}, got {theirs['version']} "
                f"in {str(self.path)!r}"
            )
        differ = list(differences(ours["config"], theirs["config"]))
        differ += [
            f"{name} {theirs[name]} instead of {ours[name]}"
            for name in ("place", "data")
            if theirs[name] != ours[name]
        ]
        if differ:
            raise ValueError(
                f"checkpoint: expected {str(self.path)!r} to be of this run, "
                f"got one with {', '.join(differ)}; name another file"
            )


def identity(run: Run) -> dict[str, Any]:
    """What a file must say to be that of this run."""
    return {
        "form": FORM,
        "version": VERSION,
        "config": run.config.to_dict(),
        "data": digest(run.dataset),
        "place": run.place,
    }


def digest(data: Dataset) -> str:
    """A number that other windows would not have."""
    whole = sha256()
    for array in (data.x_train, data.y_train, data.x_test, data.y_test):
        whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()[:12]


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """The settings that are not the same, in words."""
    names = sorted({*ours, *theirs})
    return [
        f"{name} {theirs.get(name, 'as usual')} instead of {ours.get(name, 'as usual')}"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]
