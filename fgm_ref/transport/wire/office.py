"""The office of a rank: sends and receives letters by whatever carries bytes, and counts what passes.

What is counted is what is handed to the carrier and what comes from it:

    messages    letters of the protocol, by kind, and the bytes of their payload; a test compares them with the ledger
    envelopes   the headers of these letters: who, which kind, which round, how long
    control     words between the ranks that no protocol knows: steps and turns, what an onlooker wants to see
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import KINDS
from fgm_ref.transport.wire.letter import HEADER, Letter, Part, Unreadable, read, write

COORDINATOR = 0
"""The rank of the coordinator."""


class Word(IntEnum):
    """The words between the ranks, which no protocol knows: numbers below those of the kinds."""

    BEGIN = -1  # a run, with its settings
    READY = -2
    STEP = -3  # train
    STEPPED = -4  # and who has something to say
    TURN = -5  # one site may speak
    PASS = -6  # it has nothing to say
    LOOK = -7  # show the models
    SEEN = -8
    END = -9  # of a run
    ENDED = -10
    FAILED = -11
    STOP = -12  # no more runs
    KEEP = -13  # tell your state, for a checkpoint
    KEPT = -14
    RESUME = -15  # from this state
    NEWS = -16  # so many steps are made (from here on: where ranks go at their own pace)
    SETTLED = -17  # what your sites were asked for; go on
    PAUSE = -18  # say what you have to say, and wait
    PAUSED = -19
    GO = -20


class When(IntEnum):
    """How soon a letter comes, as far as one can know."""

    AT_ONCE = 0
    SOON = 1
    SOME_TIME = 2


class Post(Protocol):
    """What carries bytes between ranks; letters of one rank to another arrive in the order in which they were sent."""

    rank: int
    size: int
    comes: When
    """How soon what is waited for comes.  Who carries bytes may look for it so much more often."""
    nothing_for: float
    """Seconds in which nothing can come, from when it is first waited for."""

    def send(self, to: int, letter: Array) -> None:
        """Take bytes along (uint8), without waiting for the other rank."""

    def receive(self, sender: int | None = None) -> tuple[int, Array]:
        """(sender, bytes) of the next letter, of this sender or of anybody; waits for it."""

    def waiting(self) -> bool:
        """Whether a letter has arrived."""


@dataclass
class Tally:
    """What one way has seen: letters of the protocol by kind, and words of control."""

    messages: Array = field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    payload: Array = field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    control: Array = field(default_factory=lambda: np.zeros(2, np.int64))  # words, bytes

    def count(self, what: int, payload: int) -> None:
        """One more letter."""
        if what < 0:
            self.control += (1, HEADER + payload)
        else:
            self.messages[what] += 1
            self.payload[what] += payload

    @property
    def envelopes(self) -> int:
        """Bytes of the headers of the protocol's letters."""
        return HEADER * int(self.messages.sum())


class Gone(Exception):
    """Another rank has failed, and says why."""


class Office:
    """Letters in and out of one rank."""

    unchanging = True  # a checkpoint need not keep it

    def __init__(self, post: Post):
        self.post = post
        self.rank = post.rank
        self.sent, self.received = Tally(), Tally()
        self.broken = False  # whether another rank has failed

    def reset(self) -> None:
        """Count from here."""
        self.sent, self.received = Tally(), Tally()

    def send(self, to: int, letter: Letter) -> None:
        """One letter to one rank."""
        self.sent.count(letter.what, letter.payload)
        self.post.send(to, write(letter))

    def say(self, to: int, word: int, *arrays: Any, **more: Any) -> None:
        """A word of control, with a few arrays or numbers."""
        parts = [Part(array, array.dtype) for array in map(np.asarray, arrays)]
        self.send(to, Letter(word, parts=parts, **more))

    def receive(self, sender: int | None = None) -> tuple[int, Letter]:
        """The next letter, and whose it is.  Raises `Unreadable`, or `Gone` if its sender has failed."""
        sender, data = self.post.receive(sender)
        try:
            letter = read(data)
        except Unreadable as error:
            raise Unreadable(f"a letter from rank {sender}: {error}") from None
        self.received.count(letter.what, letter.payload)
        if letter.what == Word.FAILED:
            self.broken = True
            raise Gone(f"rank {sender}: {as_text(letter.arrays[0])}")
        return sender, letter

    def expect(self, what: int | Collection[int], sender: int | None = None) -> tuple[int, Letter]:
        """The next letter, which must be one of these."""
        wanted = (what,) if isinstance(what, int) else what
        sender, letter = self.receive(sender)
        if letter.what not in wanted:
            names = " or ".join(map(name_of, wanted))
            raise Unreadable(f"expected {names} from rank {sender}, got {name_of(letter.what)}")
        return sender, letter

    def gather(self, what: int, ranks: Sequence[int]) -> list[Letter]:
        """One such word from each of the ranks, in their order."""
        return [self.expect(what, rank)[1] for rank in ranks]


def name_of(what: int) -> str:
    """A kind or a word, for errors."""
    if what >= 0:
        return KINDS[what].name
    return Word(what).name if what in list(Word) else f"the number {what}"


def text_array(text: str) -> Array:
    """A text as an array of bytes."""
    return np.frombuffer(text.encode(), np.uint8)


def as_text(array: Array) -> str:
    """The inverse."""
    return array.tobytes().decode()
