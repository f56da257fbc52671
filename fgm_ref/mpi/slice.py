"""A slice of the sites: what a rank that trains holds, and how it keeps in step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fgm_ref.datasets import Dataset
from fgm_ref.learning.learners import Diverged
from fgm_ref.protocols.base import MonitoringSites
from fgm_ref.simulation.checkpoint.kept import packed, unpack
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.scene import Scene
from fgm_ref.transport.start import make_encoder
from fgm_ref.transport.wire.clerk import Clerk
from fgm_ref.transport.wire.letter import Letter, Unreadable
from fgm_ref.transport.wire.office import COORDINATOR, Office, Word, as_text, name_of, text_array

DIVERGED = 1
"""The form of a STEPPED that says which model has blown up."""


class Slice(Scene):
    """The sites `here` with their data and learners, and the clerk who hands them their mail."""

    def __init__(self, config: Config, data: Dataset | None, office: Office, here: range):
        super().__init__(config, data, threads=1)
        self.here, self.office = here, office
        rows = slice(here.start, here.stop)
        self.batches = self.make_batches(rows)
        setup = replace(self.make_setup(), k=config.sites, first=here.start)
        self.learners = self.make_learners(setup.E, self.masks[rows])
        self.sites = self.chosen.protocol.sites(self.learners, setup)
        encoder = make_encoder(self.codec, self.sites.models, self.rows, self.seeded)
        self.clerk = Clerk(self.sites, encoder, office, here.start)
        self.does: dict[int, Callable[[Letter], None]] = {
            Word.STEP: self.step,
            Word.TURN: self.turn,
            Word.LOOK: self.look,
            Word.KEEP: self.keep,
            Word.RESUME: self.resume,
        }

    def serve(self) -> int:
        """Do what comes, until the run ends; returns the word that has ended it."""
        while True:
            _, letter = self.office.receive(COORDINATOR)
            if letter.what in (Word.END, Word.STOP):
                return letter.what
            if letter.what >= 0:
                self.clerk.take(letter)
            elif letter.what in self.does:
                self.does[letter.what](letter)
            else:
                raise Unreadable(
                    f"expected a message or a word of a run, got {name_of(letter.what)}"
                )

    def step(self, letter: Letter) -> None:
        """Train, and tell who has something to say, the losses, and what the sites see."""
        try:
            self.train(letter.clock)
        except Diverged as error:
            site = self.here.start + error.site
            cause = ("loss", float(self.learners.losses[error.site]))
            self.office.say(COORDINATOR, Word.STEPPED, site=site, form=DIVERGED, cause=cause)
            return
        values, zero = np.empty(0), 0.0
        if isinstance(self.sites, MonitoringSites):
            values, zero = self.sites.values, self.sites.at_zero
        told = self.clerk.voices(), self.learners.losses, values
        self.office.say(COORDINATOR, Word.STEPPED, *told, cause=("φ(0)", zero))

    def train(self, step: int) -> None:
        """Each active site here trains on its next mini-batch."""
        self.clerk.clock = step
        self.set_rate(step)
        active = self.mine(next(self.active))
        self.sites.step(active, *self.batch(self.batches, active, step))

    def mine(self, active: Any) -> Any:
        """Those of the active sites that live here, by their rows."""
        if isinstance(active, slice):
            return active
        here = (self.here.start <= active) & (active < self.here.stop)
        return active[here] - self.here.start

    def turn(self, letter: Letter) -> None:
        """One site has its turn."""
        self.clerk.turn(letter.site)

    def look(self, letter: Letter) -> None:
        """Show an onlooker the models."""
        self.office.say(COORDINATOR, Word.SEEN, self.learners.P)

    @property
    def things(self) -> dict[str, Any]:
        """What changes here while the run lasts."""
        names = "sites clerk batches rng masks optimizers"
        return {name: getattr(self, name) for name in names.split()}

    def keep(self, letter: Letter) -> None:
        """Tell the state of all that lives here."""
        self.office.say(COORDINATOR, Word.KEPT, packed(self.things))

    def resume(self, letter: Letter) -> None:
        """Go on from where all that lives here was."""
        unpack(letter.arrays[0], self.things)
        self.office.say(COORDINATOR, Word.READY)


def serve(office: Office, data: Dataset | None = None) -> None:
    """What a rank that trains does: run after run, until it is told to stop.

    What goes wrong here is said at the coordinator's rank, which then stops everybody.
    """
    try:
        while begin(office, data):
            pass
    except Exception as error:
        what = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
        office.say(COORDINATOR, Word.FAILED, text_array(what))
        while office.receive(COORDINATOR)[1].what != Word.STOP:
            pass


def begin(office: Office, data: Dataset | None) -> bool:
    """One run; returns whether there may be more."""
    _, letter = office.expect((Word.BEGIN, Word.STOP), COORDINATOR)
    if letter.what == Word.STOP:
        return False
    office.reset()
    settings, (first, end) = letter.arrays
    config = Config.from_dict(json.loads(as_text(settings)))
    run = Slice(config, data, office, range(int(first), int(end)))
    office.say(COORDINATOR, Word.READY)
    if run.serve() == Word.STOP:
        return False
    counts = [np.stack([way.messages, way.payload]) for way in (office.sent, office.received)]
    office.say(COORDINATOR, Word.ENDED, *counts)
    return True
