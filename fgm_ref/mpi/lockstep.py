"""A run in lockstep over a wire: the simulator, whose sites live elsewhere.

The simulator's clock goes on here, and everybody trains the same step.  Then those with something to say have their
turn, one after the other, as ever.  So models, events and ledger are those of the simulator, to the bit.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets import Dataset
from fgm_ref.learning.learners import Diverged
from fgm_ref.mpi.homes import expect_ranks, homes, shares
from fgm_ref.mpi.serve import LOCKSTEP
from fgm_ref.mpi.slice import DIVERGED
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.safe.loss import LossZones
from fgm_ref.simulation.checkpoint.kept import Checkpoint
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.scene import Scene
from fgm_ref.simulation.simulate import Simulation, drive
from fgm_ref.transport.ends import EncoderLike, LedgerLike
from fgm_ref.transport.network import Network
from fgm_ref.transport.wire.far import FarEncoder, FarSites, Wire
from fgm_ref.transport.wire.letter import Letter
from fgm_ref.transport.wire.office import Office, When, Word, text_array

REST = 0.8
"""So much of the time that the ranks have lately taken to train, at least, nobody needs to look for letters."""

LATELY = 8
"""Steps."""


class FarLearners:
    """What an onlooker sees of learners that live elsewhere: their models, fetched when they are asked for; losses."""

    unchanging = True  # a checkpoint keeps those that train

    def __init__(self, E: Array, k: int):
        self._P = np.tile(E, (k, 1))
        self.losses = np.full(k, np.nan, E.dtype)
        self.shift: Array | None = None
        self.fetch: Callable[[Array], None] = lambda P: None

    @property
    def P(self) -> Array:
        """The models (k, D), as they are now."""
        self.fetch(self._P)
        return self._P

    def train(self, active: Any, x: Array, y: Array) -> None:
        """They have trained where they live; see what came of it."""
        self.fetch(self._P)

    def synchronised(self, sites: Array) -> None:
        """They know."""

    def shipped(self, sites: Array, columns: slice = slice(None)) -> Array:
        """An onlooker has no optimisers."""
        raise TypeError("the optimisers' states are at the sites")

    def adopt(self, row: Array, columns: slice = slice(None)) -> None:
        """They know."""


class FarSimulation(Simulation):
    """The coordinator's rank.  With checks an onlooker plays the sites as well, and compares every message."""

    mode = LOCKSTEP

    def __init__(self, config: Config, dataset: Dataset | None, office: Office):
        expect_ranks(config.sites, office.post.size)
        self.office = office
        self.ranks = range(1, office.post.size)
        self.homes = homes(config.sites, office.post.size)
        self.seen = -1  # the version of the sites' state when their models were fetched
        self.begun = False
        self.lasted: deque[float] = deque(maxlen=LATELY)  # seconds of the latest steps
        try:
            super().__init__(config, dataset, threads=1)
        except BaseException:
            self.end()
            raise

    def sites_learners(self, E: Array) -> FarLearners:
        """Those of the other ranks, as seen from here."""
        expect_far(self)
        return FarLearners(E, self.config.sites)

    def make_network(
        self, sites: Any, ledger: LedgerLike, rng: np.random.Generator, encoder: EncoderLike
    ) -> Network:
        """Everything fits together, so the other ranks may build their sites; the wire to them."""
        self.office.reset()
        self.begun = True
        text = text_array(json.dumps(self.config.to_dict()))
        for rank, share in zip(
            self.ranks, shares(self.config.sites, self.office.post.size), strict=True
        ):
            ends = np.array([share.start, share.stop])
            self.office.say(rank, Word.BEGIN, text, ends, form=self.mode)
        self.office.gather(Word.READY, self.ranks)
        self.wire = self.make_wire(encoder)
        sites.learners.fetch = self.fetch
        return Network(FarSites(sites, self.wire), ledger, rng, FarEncoder(self.wire))

    def make_wire(self, encoder: EncoderLike) -> Wire:
        """What all who speak over it share."""
        return Wire(self.office, self.homes, encoder, witness=self.config.checks)

    accounts: list[list[Array]]
    """What each of the other ranks has sent and received, when the run has ended: messages and payload by kind."""

    def fetch(self, P: Array) -> None:
        """Bring the models (k, D) up to date."""
        if self.seen == self.wire.version:
            return
        letters = self.everywhere(Word.LOOK, Word.SEEN)
        np.concatenate([letter.arrays[0] for letter in letters], out=P)
        self.seen = self.wire.version

    def everywhere(self, word: int, answer: int) -> list[Letter]:
        """Say a word to each rank, and wait for the answers."""
        self.tell(word)
        return self.office.gather(answer, self.ranks)

    def tell(self, word: int) -> None:
        """Say a word to each rank."""
        for rank in self.ranks:
            self.office.say(rank, word, clock=self.ledger.step)

    def train(self, active: Any) -> None:
        """All ranks train; who has something to say is known afterwards."""
        self.wire.version += 1
        letters = self.stepped()
        for letter in letters:
            if letter.form == DIVERGED:
                raise Diverged(letter.site, letter.cause[1])
        voices, losses, values = map(
            np.concatenate, zip(*(one.arrays for one in letters), strict=True)
        )
        self.wire.voices = voices[np.argsort(voices[:, 0], kind="stable"), 1]
        self.sites.learners.losses[:] = losses
        if self.config.checks:
            super().train(active)
        elif isinstance(self.sites, MonitoringSites):
            self.sites.values = values
            self.sites.at_zero = letters[0].cause[1]

    def stepped(self) -> list[Letter]:
        """Let all ranks train, who need the cores meanwhile, and wait for what they say."""
        began = time.perf_counter()
        self.tell(Word.STEP)
        self.office.post.comes = When.SOON
        self.office.post.nothing_for = REST * min(self.lasted, default=0.0)
        letters = self.office.gather(Word.STEPPED, self.ranks)
        self.office.post.comes = When.AT_ONCE
        self.lasted.append(time.perf_counter() - began)
        return letters

    @property
    def place(self) -> str:  # type: ignore[override]
        """Where the sites live, for a checkpoint."""
        return f"{self.office.post.size} ranks"

    def states(self) -> list[Array]:
        """What is kept here, and at each of the other ranks."""
        letters = self.everywhere(Word.KEEP, Word.KEPT)
        return [*super().states(), *(letter.arrays[0] for letter in letters)]

    def take_on(self, states: Sequence[Array]) -> None:
        """Everybody takes what he had."""
        own, *others = states
        super().take_on([own])
        for rank, state in zip(self.ranks, others, strict=True):
            self.office.say(rank, Word.RESUME, state)
        self.office.gather(Word.READY, self.ranks)
        self.seen = -1

    def end(self) -> None:
        """The run is over, or something has gone wrong here; the other ranks are told, if they have begun."""
        if not self.begun or self.office.broken:
            return
        self.begun = False
        for rank in self.ranks:
            self.office.say(rank, Word.END)
        self.accounts = [self.last(rank).arrays for rank in self.ranks]

    def last(self, rank: int) -> Letter:
        """What a rank says when it has ended; what it has said before is of no use any more."""
        while True:
            _, letter = self.office.receive(rank)
            if letter.what == Word.ENDED:
                return letter


def run_far(
    config: Config,
    office: Office,
    *,
    data: Dataset | None = None,
    on_step: Callable[[int], None] | None = None,
    checkpoint: str | Path | None = None,
    every: int = 100,
    then: Callable[[FarSimulation, RunResult], None] = lambda simulation, result: None,
) -> RunResult:
    """As `simulate.run`, at the coordinator's rank; the other ranks `serve`.

    `then` is called when the run has ended at all of them.  Raises `Gone` if one of them has failed.
    """
    keeper = Checkpoint(Path(checkpoint), every) if checkpoint else None
    simulation = FarSimulation(config, data, office)
    try:
        result = drive(simulation, on_step, keeper)
    finally:
        simulation.end()
    then(simulation, result)
    return result


def stop(office: Office) -> None:
    """No more runs."""
    for rank in range(1, office.post.size):
        office.say(rank, Word.STOP)


def expect_far(scene: Scene) -> None:
    """Raise a `ValueError` for what a wire does not do."""
    protocol = scene.chosen.protocol
    if protocol.sees_all:
        raise ValueError(
            f"protocol: expected one whose sites look at themselves only, got {protocol.name}, "
            "whose sites cannot live apart"
        )
    if scene.faults:
        raise ValueError(
            "faults: expected none, and nobody who joins later, on a wire that loses nothing"
        )
    if scene.config.dtype != "float32":
        raise ValueError(
            f"dtype: expected float32, for numbers are billed as 4 bytes and travel as such; got {scene.config.dtype}"
        )
    if isinstance(scene.make_setup().make_zone.safe, LossZones):
        raise ValueError(
            "safe: expected one that needs no windows of other sites, for these are not sent over a wire yet"
        )
