"""The coordinator's end of the wire: the k sites as somebody sees them who can only write to them.

The network of the simulator does not notice.  It hands messages to `FarSites`, asks them and gives them their turn, and
every time a letter leaves: one for each message of the ledger, also where two sites live at one address.

With a `witness` the same is done to sites that stand here, and what comes over the wire must be what these say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.encoder import Encoder
from fgm_ref.transport.ends import EncoderLike, Shipped, ShippedOne, SitesEnd
from fgm_ref.transport.messages import INDEX, KINDS, POLL, STATE, WHOLE, Kind, Message, Tag
from fgm_ref.transport.wire.letter import Letter, Unreadable
from fgm_ref.transport.wire.office import Office, Word
from fgm_ref.transport.wire.payload import (
    from_codec,
    is_written,
    packed,
    same,
    to_codec,
    unpacked,
)


@dataclass
class Wire:
    """What all who speak over it share; `homes` (k,) says at which rank each site lives."""

    office: Office
    homes: Array
    encoder: EncoderLike
    witness: bool = False
    voices: Array = field(default_factory=lambda: np.empty(0, np.intp))
    """Who has something to say, as the ranks have told."""
    version: int = 0
    """Of the sites' state, which every message may change."""
    sizes: list[int | None] = field(default_factory=list)
    """What a codec has made of what arrived last."""


class FarSites:
    """k sites at other addresses, or one block of their models.

    `near` are sites of the same kind that stand here.  They know what the numbers are like and where blocks lie; with a
    witness they take part.
    """

    def __init__(self, near: SitesEnd, wire: Wire, block: int = WHOLE):
        self.near, self.wire, self.block = near, wire, block
        self.k, self.models, self.where = near.k, near.models, near.where

    def part(self, block: int) -> FarSites:
        """The same sites, seen as holding only this block of their models."""
        return FarSites(self.near.part(block), self.wire, block)

    def receive(self, message: Message, sites: Array) -> None:
        """A letter to each of `sites`."""
        self._send(message, sites.tolist())
        if self.wire.witness:
            self.near.receive(message, sites)

    def reply(self, kind: Kind, sites: Array) -> Array:
        """A POLL to each of `sites`, and a letter from each of them."""
        waiting = sites.tolist()
        self._send(Message(POLL, tag=Tag(block=self.block)), waiting, wanted=INDEX[kind])
        payloads: dict[int, Any] = {}
        sizes: dict[int, int | None] = {}
        while len(payloads) < len(waiting):
            sender, letter = self.wire.office.expect(INDEX[kind])
            payloads[letter.site] = self._read(sender, letter, waiting).payload
            sizes[letter.site] = size(letter)
        self.wire.sizes = [sizes[site] for site in waiting]
        replies = np.stack([payloads[site] for site in waiting])
        if self.wire.witness and kind is not STATE:  # those here have no optimisers
            own, _ = self.wire.encoder.up(kind, sites, self.near.reply(kind, sites), self.where)
            expect_same(kind, own, replies)
        return replies

    def alarms(self) -> Array:
        """Which sites have something to say now."""
        voices = self.wire.voices
        if self.wire.witness and not np.array_equal(self.near.alarms(), voices):
            raise Unreadable("the wire and the simulator do not agree who has something to say")
        return voices

    def report(self, site: int) -> Message | None:
        """Give one site its turn: its letter, or a word that it has nothing to say."""
        home = int(self.wire.homes[site])
        self.wire.office.say(home, Word.TURN, site=site)
        _, letter = self.wire.office.receive(home)
        message = None
        if letter.what != Word.PASS:
            message = self._read(home, letter, [site])
            self.wire.sizes = [size(letter)]
        if self.wire.witness:
            self._expect_same_report(site, message)
        return message

    def _read(self, sender: int, letter: Letter, sites: Sequence[int]) -> Message:
        """A message of one of `sites` as it arrives."""
        if letter.what < 0 or letter.site not in sites or self.wire.homes[letter.site] != sender:
            raise Unreadable(
                f"expected a letter of one of the sites {list(sites)} from where it lives, "
                f"got one of site {letter.site} from rank {sender}"
            )
        where = self.near.part(letter.tag.block).where
        if is_written(letter):
            payload: Any = self.wire.encoder.read(to_codec(letter), letter.site, where)
        else:
            payload = unpacked(letter)
        return Message(KINDS[letter.what], payload, letter.tag, letter.cause)

    def _send(self, message: Message, sites: Sequence[int], wanted: int = -1) -> None:
        """One letter to each of `sites`."""
        self.wire.version += 1
        written = () if message.kind is POLL else self.wire.encoder.written
        forms = [from_codec(one) for one in written] if written else [packed(message.payload)]
        addresses = self.wire.homes[list(sites)].tolist()
        for n, (site, home) in enumerate(zip(sites, addresses, strict=True)):
            form, parts = forms[n % len(forms)]
            letter = Letter(
                INDEX[message.kind],
                site,
                of=addresses.count(home),
                wanted=wanted,
                tag=message.tag,
                form=form,
                parts=parts,
            )
            self.wire.office.send(home, letter)

    def _expect_same_report(self, site: int, message: Message | None) -> None:
        own = self.near.report(site)
        if own is None or message is None:
            if own is not message:
                raise Unreadable(
                    f"site {site}: the wire and the simulator do not agree that it speaks"
                )
            return
        where = self.near.part(own.tag.block).where
        payload, _ = self.wire.encoder.one(own.kind, site, own.payload, where)
        for ours, theirs in zip(flat(payload), flat(message.payload), strict=True):
            expect_same(own.kind, ours, theirs)


def size(letter: Letter) -> int | None:
    """The bytes that a codec has made; None if there was none."""
    return letter.payload if is_written(letter) else None


class FarEncoder(Encoder):
    """What goes down is encoded here; what comes up was encoded where it comes from."""

    def __init__(self, wire: Wire):
        self.wire = wire

    def down(self, kind: Kind, sites: Array, x: Any, where: slice) -> Shipped:
        """As the encoder does."""
        return self.wire.encoder.down(kind, sites, x, where)

    def up(self, kind: Kind, sites: Array, rows: Array, where: slice) -> Shipped:
        """As they have arrived, with the bytes of each."""
        sizes = self.wire.sizes
        return rows, None if None in sizes else np.array(sizes)

    def one(self, kind: Kind, site: int, x: Any, where: slice) -> ShippedOne:
        """As it has arrived, with its bytes."""
        return x, self.wire.sizes[0]


def expect_same(kind: Kind, ours: Any, theirs: Any) -> None:
    """Raise if two arrays are not the same to the bit."""
    theirs = np.asarray(theirs)
    if not same(np.asarray(ours, theirs.dtype), theirs):
        raise Unreadable(f"{kind}: the wire brings other numbers than the simulator's sites say")


def flat(payload: Any) -> Sequence[Any]:
    """The parts of a payload."""
    if payload is None:
        return ()
    return payload if isinstance(payload, tuple) else (payload,)
