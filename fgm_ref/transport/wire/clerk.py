"""The sites' end of the wire: a clerk at each rank, who hands their mail to the sites that live there.

Letters that went to several of them at once belong together, and the sites take them at once, as in the simulator.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.ends import EncoderLike, SitesEnd
from fgm_ref.transport.messages import INDEX, KINDS, MODEL, POLL, Message
from fgm_ref.transport.wire.letter import Letter, Unreadable
from fgm_ref.transport.wire.office import COORDINATOR, Office, Word
from fgm_ref.transport.wire.payload import (
    from_codec,
    is_written,
    packed,
    same,
    to_codec,
    unpacked,
)


class Clerk:
    """Serves the sites of one rank; `first` is the number of the first of them among all."""

    def __init__(self, sites: SitesEnd, encoder: EncoderLike, office: Office, first: int):
        self.sites, self.encoder, self.office = sites, encoder, office
        self.first = first
        self.pile: list[Letter] = []  # those that belong together and have not all come
        self.clock = 0  # steps that the sites have made

    def voices(self) -> Array:
        """Who has something to say: rows (number of the voice, site), as `Sites.alarms` are made of them."""
        parts = getattr(self.sites, "parts", [self.sites])
        rows = [
            (number, self.first + site)
            for number, part in enumerate(parts)
            for site in part.alarms().tolist()
        ]
        return np.array(rows, np.int32).reshape(-1, 2)

    def take(self, letter: Letter) -> bool:
        """A letter of the protocol.  Returns whether the sites have seen it: letters that belong together wait."""
        self._expect_ours(letter)
        self.pile.append(letter)
        if len(self.pile) < letter.of:
            return False
        letters, self.pile = self.pile, []
        if KINDS[letter.what] is POLL:
            self._answer(letters)
        else:
            self._hand_over(letters)
        return True

    def turn(self, site: int) -> bool:
        """Send what a site has to say, or a word that it has nothing; returns whether it had."""
        message = self.sites.report(site - self.first)
        if message is None:
            self.office.say(COORDINATOR, Word.PASS, site=site)
            return False
        self._send(site - self.first, message)
        return True

    def speak(self) -> int:
        """Send whatever the sites have to say now, without being asked; returns how many did."""
        said = 0
        for _, site in self.voices().tolist():
            message = self.sites.report(site - self.first)
            if message is not None:
                self._send(site - self.first, message)
                said += 1
        return said

    def _answer(self, letters: list[Letter]) -> None:
        """One letter for each that was asked."""
        kind, tag = KINDS[letters[0].wanted], letters[0].tag
        rows = self._rows(letters)
        replies = self.sites.part(tag.block).reply(kind, rows)
        for site, row in zip(rows.tolist(), replies, strict=True):
            self._send(site, Message(kind, np.asarray(row), tag))

    def _hand_over(self, letters: list[Letter]) -> None:
        """One message to all of them; every copy must say the same."""
        kind, tag = KINDS[letters[0].what], letters[0].tag
        rows = self._rows(letters)
        part = self.sites.part(tag.block)
        payload, *others = [self._payload(letter, part) for letter in letters]
        for other in others:
            if not alike(payload, other):
                raise Unreadable(f"{kind}: expected the same for all its receivers, got two things")
        if kind is MODEL:
            self.encoder.took(rows, payload, part.where)
        part.receive(Message(kind, payload, tag), rows)

    def _payload(self, letter: Letter, part: SitesEnd) -> Any:
        if is_written(letter):
            return self.encoder.read(to_codec(letter), letter.site - self.first, part.where)
        return unpacked(letter)

    def _send(self, site: int, message: Message) -> None:
        """A message of a site, which is known by its row here."""
        part = self.sites.part(message.tag.block)
        payload, _ = self.encoder.one(message.kind, site, message.payload, part.where)
        written = self.encoder.written
        form, parts = from_codec(written[0]) if written else packed(payload)
        letter = Letter(
            INDEX[message.kind],
            self.first + site,
            tag=message.tag,
            cause=message.cause,
            form=form,
            parts=parts,
            clock=self.clock,
        )
        self.office.send(COORDINATOR, letter)

    def _rows(self, letters: list[Letter]) -> Array:
        return np.array([letter.site for letter in letters]) - self.first

    def _expect_ours(self, letter: Letter) -> None:
        here = range(self.first, self.first + self.sites.k)
        if letter.what < 0 or letter.site not in here:
            raise Unreadable(
                f"expected a letter to sites {here.start} to {here.stop - 1}, got {letter}"
            )
        if self.pile and (letter.what, letter.tag, letter.of) != _group(self.pile[0]):
            raise Unreadable(
                f"expected {self.pile[0].of} letters that belong together, got another one after "
                f"{len(self.pile)} of them"
            )


def _group(letter: Letter) -> tuple[Any, ...]:
    return letter.what, letter.tag, letter.of


def alike(a: Any, b: Any) -> bool:
    """Whether two payloads are the same."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return a is b is None or same(np.asarray(a), np.asarray(b))
