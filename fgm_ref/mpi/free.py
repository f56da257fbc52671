"""A free run: no barrier at all.  Sites train at their own pace, and the coordinator answers as messages come.

What stays as it is: the same sites and coordinators, one message of MPI for each of the ledger.  What changes:

    order       whose message comes first is handled first; nobody knows beforehand, so no two runs are alike
    stale       a message that belongs to a round or a subround that is over is dropped by its tag, and counted
    asked       a site that was asked something waits, from its reply until the coordinator has settled what it asked
                for.  So what it said is true as long as it matters.  It is the only one who waits
    late        what comes down answers to what a site said some steps ago.  A new model overwrites these steps

Why the guarantee still holds when nothing is under way.  A site speaks right after the step that gives it reason to.
So when all messages have arrived, and those that are stale were dropped and answered by what made them stale, each site
is where a silent site may be, for the zone and the quantum that it and the coordinator both have.  The sums that a
coordinator has polled belong to models that have stood still since.  That is the situation of the proofs.

What is not promised: anything *between* such moments.  While messages are under way sites go on, and S may be outside
for as long as the way takes; nobody bounds how far.  So the guarantee is looked at in pauses, after what is under way
has arrived.

A protocol that counts on all sites being in the same step is refused, and a zone that moves with the time.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fgm_ref.datasets import Dataset
from fgm_ref.learning.learners import Diverged
from fgm_ref.mpi.free_report import FreeReport, Point
from fgm_ref.mpi.lockstep import FarSimulation
from fgm_ref.mpi.serve import FREE
from fgm_ref.mpi.slice import DIVERGED
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import spread
from fgm_ref.transport.ends import EncoderLike
from fgm_ref.transport.messages import KINDS, NO_TAG, WHOLE, Message
from fgm_ref.transport.wire.far import FarSites, Wire, size
from fgm_ref.transport.wire.letter import Letter, Unreadable
from fgm_ref.transport.wire.office import Office, When, Word, name_of

PAUSE_EVERY = 100
"""Steps of the average site between two pauses."""


@dataclass
class FreeWire(Wire):
    """As in lockstep, but letters come in any order: those that were not waited for are put aside."""

    aside: deque[tuple[int, Letter]] = field(default_factory=deque)

    def awaited(self, what: int) -> tuple[int, Letter]:
        """The next reply of this kind."""
        while True:
            sender, letter = self.office.receive()
            if letter.what == letter.wanted == what:
                return sender, letter
            self.aside.append((sender, letter))

    def next(self) -> tuple[int, Letter]:
        """The next letter, those that were put aside first."""
        return self.aside.popleft() if self.aside else self.office.receive()


class FreeSimulation(FarSimulation):
    """The coordinator's rank in a free run."""

    mode = FREE
    wire: FreeWire

    def __init__(self, config: Config, dataset: Dataset | None, office: Office):
        self.paused: set[int] = set()
        self.away = 0.0  # seconds in pauses
        self.points: list[Point] = []
        office.post.comes = When.SOME_TIME
        super().__init__(config, dataset, office)
        self.observer.strict = False
        self.far = FarSites(self.sites, self.wire)

    def make_wire(self, encoder: EncoderLike) -> FreeWire:
        """Nobody is a witness, for nobody could be where the sites are."""
        expect_free(self)
        return FreeWire(self.office, self.homes, encoder)

    def go(self, every: int = PAUSE_EVERY) -> FreeReport:
        """All steps, with a pause after every so many."""
        self.started = time.perf_counter()
        self.settle()  # the first model may have been asked for
        self.pause()
        due = every
        while min(self.clocks()) < self.config.steps:
            self.heed(*self.wire.next())
            if np.mean(self.clocks()) >= due:
                self.pause()
                due += every
        if self.points[-1].steps < self.config.steps:
            self.pause()
        self.coordinator.finish()
        self.settle()
        return self.report()

    def clocks(self) -> list[int]:
        """How many steps each rank is known to have made."""
        return [self.wire.heard.get(rank, 0) for rank in self.ranks]

    def heed(self, sender: int, letter: Letter) -> None:
        """Take one letter."""
        self.wire.heard[sender] = letter.clock
        if letter.what >= 0:
            self.hear(sender, letter)
        elif letter.what == Word.PAUSED:
            self.paused.add(sender)
        elif letter.what != Word.NEWS:
            raise Unreadable(f"expected news from rank {sender}, got {name_of(letter.what)}")
        elif letter.form == DIVERGED:
            raise Diverged(letter.site, letter.cause[1])

    def hear(self, sender: int, letter: Letter) -> None:
        """A message of a site: handled at once, or dropped if it is stale."""
        self.ledger.step = letter.clock
        self.wire.version += 1
        tag = letter.tag
        if tag != NO_TAG and tag.block == WHOLE and tag != self.coordinator.tag:
            stale = Message(KINDS[letter.what], None, tag, letter.cause, letter.payload)
            self.ledger.bill(stale, np.array([letter.site]))
            self.coordinator.dropped += 1
            return
        message = self.far.read(sender, letter, [letter.site])
        self.wire.sizes = [size(letter)]
        self.network.up(letter.site, message)
        self.coordinator.settle()
        self.settle()

    def settle(self) -> None:
        """Whoever was asked may go on."""
        for rank in sorted(self.wire.asked):
            self.office.say(rank, Word.SETTLED)
        self.wire.asked.clear()

    def pause(self) -> None:
        """Let everything arrive that is under way, and what it leads to; look, and go on."""
        began = time.perf_counter()
        quiet = False
        while not quiet:
            version = self.wire.version
            self.paused.clear()
            self.tell(Word.PAUSE)
            while len(self.paused) < len(self.ranks):
                self.heed(*self.wire.next())
            quiet = version == self.wire.version
        self.look(began)
        self.tell(Word.GO)
        self.away += time.perf_counter() - began

    def look(self, began: float) -> None:
        """Nothing is under way: what the models are worth, and whether the guarantee is kept."""
        self.wire.version += 1  # the models have moved without a message
        models = self.trained.P  # fetched, before the onlooker looks at them
        onlooker: Any = self.sites
        onlooker.zone = self.coordinator.make_zone(self.coordinator.E)  # it stands still
        breaches = self.observer.breaches
        self.observer.at_rest()
        kept = self.observer.breaches == breaches if self.observer.watching else None
        S = self.mean_model
        clocks = self.clocks()
        self.points.append(
            Point(
                seconds=began - self.started - self.away,
                steps=float(np.mean(clocks)),
                lead=max(clocks) - min(clocks),
                bytes=self.ledger.total_bytes,
                loss=self.metrics(S).loss,
                served=self.metrics(self.coordinator.E).loss,
                spread=spread(models, S),
                kept=kept,
            )
        )

    def report(self) -> FreeReport:
        """What there is to say of the run."""
        return FreeReport(
            config=self.config,
            ranks=len(self.ranks) + 1,
            seconds=time.perf_counter() - self.started - self.away,
            pauses=self.away,
            steps=dict(zip(self.ranks, self.clocks(), strict=True)),
            rounds=self.coordinator.round - 1,
            dropped=self.coordinator.dropped,
            points=self.points,
            totals=self.ledger.totals(),
            ledger=self.ledger.by_kind(),
            model=self.mean_model,
        )


def run_free(
    config: Config, office: Office, *, data: Dataset | None = None, every: int = PAUSE_EVERY
) -> tuple[FreeReport, FreeSimulation]:
    """A free run at the coordinator's rank; the other ranks `serve`."""
    simulation = FreeSimulation(config, data, office)
    try:
        report = simulation.go(every)
    finally:
        simulation.end()
    return report.with_waits([account[2] for account in simulation.accounts]), simulation


def expect_free(simulation: FarSimulation) -> None:
    """Raise a `ValueError` for what needs a common clock."""
    protocol = simulation.chosen.protocol
    if protocol.in_step:
        raise ValueError(
            f"protocol: expected one that does without a common step in a free run, got {protocol.name}, "
            "which needs all sites at the same time; use gm, fgm or dynamic, or leave --free out"
        )
    setup = simulation.make_setup()
    if not setup.make_zone(setup.E).stands_still:
        raise ValueError(
            "safe: expected a zone that stands still in a free run, for there is no common clock to move it by; "
            f"got {simulation.config.safe} with radius {simulation.config.radius}"
        )
