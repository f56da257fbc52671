"""A rank that trains at its own pace: it looks for letters between two steps, and waits for nobody.

Only who was asked something waits, from its reply until it is told that this is settled; so what it said is still true
when the answer comes.
"""

from __future__ import annotations

import time

import numpy as np

from fgm_ref.learning.learners import Diverged
from fgm_ref.mpi.slice import DIVERGED, Slice
from fgm_ref.transport.messages import KINDS, POLL
from fgm_ref.transport.wire.letter import Letter
from fgm_ref.transport.wire.office import COORDINATOR, Word

NEWS_EVERY = 10
"""Steps after which a rank tells how far it is."""


class FreeSlice(Slice):
    """As in lockstep, but nobody says when to step.

    `late` collects, for every message that came down, how many steps were made here since what it answers to.
    """

    def begin(self) -> None:
        """What it does besides, and what it has to remember."""
        self.does |= {Word.SETTLED: self.settled, Word.PAUSE: self.pause, Word.GO: self.go}
        self.asked = False
        self.paused = True  # until the first model is here
        self.late: list[int] = []
        self.waited = 0.0  # seconds, for what was asked to be settled

    def serve(self) -> int:
        """Train until all steps are made, then only listen; returns the word that has ended the run."""
        self.begin()
        while True:
            while self.listens:
                _, letter = self.office.receive(COORDINATOR)
                if letter.what in (Word.END, Word.STOP):
                    return letter.what
                self.heed(letter)
            self.next_step()

    @property
    def listens(self) -> bool:
        """Whether to take the next letter, or to wait for it, before the next step."""
        finished = self.clerk.clock == self.config.steps
        return finished or self.asked or self.paused or self.office.post.waiting()

    def heed(self, letter: Letter) -> None:
        """Take one letter."""
        if letter.what < 0:
            self.do(letter)
            return
        if KINDS[letter.what] is not POLL:
            self.late.append(self.clerk.clock - letter.clock)
        if self.clerk.take(letter) and KINDS[letter.what] is POLL:
            self.asked = True
            self.since = time.perf_counter()

    def next_step(self) -> None:
        """Train, say what there is to say, and now and then how far this is."""
        try:
            self.train(self.clerk.clock + 1)
        except Diverged as error:
            loss = float(self.learners.losses[error.site])
            self.news(site=self.here.start + error.site, form=DIVERGED, cause=("loss", loss))
            self.paused = True
            return
        self.clerk.speak()
        if self.clerk.clock % NEWS_EVERY == 0 or self.clerk.clock == self.config.steps:
            self.news()

    def news(self, **more: object) -> None:
        """How many steps are made here."""
        self.office.say(COORDINATOR, Word.NEWS, clock=self.clerk.clock, **more)

    def settled(self, letter: Letter) -> None:
        """What was asked has had its answer."""
        self.asked = False
        self.waited += time.perf_counter() - self.since

    def pause(self, letter: Letter) -> None:
        """Say what there is to say, and wait."""
        self.clerk.speak()
        self.paused = True
        self.office.say(COORDINATOR, Word.PAUSED, clock=self.clerk.clock)

    def go(self, letter: Letter) -> None:
        """Train on."""
        self.paused = False

    def account(self) -> list[np.ndarray]:
        """Besides what was sent and received: messages that came down, steps made meanwhile (sum, most), and waits."""
        late = [len(self.late), sum(self.late), max(self.late, default=0), self.waited]
        return [*super().account(), np.array(late, float)]
