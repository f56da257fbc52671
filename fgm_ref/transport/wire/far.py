"""The coordinator's end of the wire: a network whose sites are elsewhere.

It is the simulator's `Network` in all but three places: how a message is handed to sites, how they are asked, and how
one of them has its turn.  There it sends letters, one for each message of the ledger, also where two sites live at one
address; the ledger bills what it always billed.

With a `witness` every message is played through the simulator's own sites as well, which the network holds anyway, and
what comes over the wire must be what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.ends import EncoderLike, LedgerLike, Shipped, SitesEnd
from fgm_ref.transport.messages import INDEX, KINDS, POLL, STATE, Kind, Message
from fgm_ref.transport.network import Network
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


class FarNetwork(Network):
    """Connects one coordinator with k sites at other addresses.

    `homes` (k,) says at which rank each site lives.
    """

    def __init__(
        self,
        sites: SitesEnd,
        ledger: LedgerLike,
        rng: np.random.Generator,
        encoder: EncoderLike,
        *,
        office: Office,
        homes: Array,
        witness: bool = False,
    ):
        super().__init__(sites, ledger, rng, encoder)
        self.office, self.homes, self.witness = office, homes, witness
        self.voices: Array = np.empty(
            0, np.intp
        )  # who has something to say, as the ranks have told
        self.version = 0  # of the sites' state, which a message may change

    def _alarms(self) -> Array:
        if self.witness and not np.array_equal(super()._alarms(), self.voices):
            raise Unreadable("the wire and the simulator do not agree who has something to say")
        return self.voices

    def _deliver(self, part: SitesEnd, message: Message, sites: Array) -> None:
        """One letter to each of `sites`."""
        self._send(message, sites)
        if self.witness:
            super()._deliver(part, message, sites)

    def _asked(self, part: SitesEnd, kind: Kind, sites: Array) -> Shipped:
        """A POLL to each of `sites`, and a letter from each of them."""
        self._send(Message(POLL, tag=self._connected().tag), sites, wanted=INDEX[kind])
        letters: dict[int, Letter] = {}
        while len(letters) < len(sites):
            sender, letter = self._reply(kind)
            self._expect_at_home(sender, letter, sites)
            letters[letter.site] = letter
        in_order = [letters[site] for site in sites.tolist()]
        replies = np.stack([self._payload(letter, part) for letter in in_order])
        if self.witness and kind is not STATE:  # an onlooker has no optimisers
            self._expect_alike(kind, super()._asked(part, kind, sites)[0], replies)
        if not is_written(in_order[0]):
            return replies, None
        return replies, np.array([letter.payload for letter in in_order])

    def _reply(self, kind: Kind) -> tuple[int, Letter]:
        return self.office.expect(INDEX[kind])

    def _report(self, site: int) -> Message | None:
        """Ask one site what it has to say: its letter, or a word that it has nothing."""
        home = int(self.homes[site])
        self.office.say(home, Word.TURN, site=site)
        _, letter = self.office.receive(home)
        if letter.what == Word.PASS:
            message = None
        else:
            self._expect_at_home(home, letter, np.array([site]))
            message = self._read(letter)
        if self.witness:
            self._expect_same_report(site, message)
        return message

    def _encoded(self, site: int, message: Message) -> Message:
        """It was encoded where it comes from."""
        return message

    def _read(self, letter: Letter) -> Message:
        """A message as it arrives, with its size if a codec has written it."""
        part = self._sites.part(letter.tag.block)
        size = letter.payload if is_written(letter) else None
        return Message(
            KINDS[letter.what], self._payload(letter, part), letter.tag, letter.cause, size
        )

    def _payload(self, letter: Letter, part: SitesEnd) -> Any:
        if is_written(letter):
            return self.encoder.read(to_codec(letter), letter.site, part.where)
        return unpacked(letter)

    def _send(self, message: Message, sites: Array, wanted: int = -1) -> None:
        self.version += 1
        written = () if message.kind is POLL else self.encoder.written
        forms = [from_codec(one) for one in written] if written else [packed(message.payload)]
        homes, counts = np.unique(self.homes[sites], return_counts=True)
        together = dict(zip(homes.tolist(), counts.tolist(), strict=True))
        for n, site in enumerate(sites.tolist()):
            home = int(self.homes[site])
            form, parts = forms[n % len(forms)]
            letter = Letter(
                INDEX[message.kind],
                site,
                together[home],
                wanted,
                message.tag,
                form=form,
                parts=parts,
            )
            self.office.send(home, letter)

    def _expect_at_home(self, sender: int, letter: Letter, sites: Array) -> None:
        if letter.site not in sites or self.homes[letter.site] != sender:
            raise Unreadable(
                f"expected a letter of one of the sites {sites.tolist()} from where it lives, "
                f"got one of site {letter.site} from rank {sender}"
            )

    def _expect_same_report(self, site: int, message: Message | None) -> None:
        own = super()._report(site)
        if own is not None:
            own = super()._encoded(site, own)
        if (own is None) != (message is None):
            raise Unreadable(f"site {site}: the wire and the simulator do not agree that it speaks")
        if own is not None and message is not None:
            pairs = zip(flat(own.payload), flat(message.payload), strict=True)
            for ours, theirs in pairs:
                self._expect_alike(own.kind, ours, theirs)

    def _expect_alike(self, kind: Kind, ours: Array, theirs: Array) -> None:
        if not same(np.asarray(ours), np.asarray(theirs)):
            raise Unreadable(
                f"{kind}: the wire brings other numbers than the simulator's sites say"
            )


def flat(payload: Any) -> Sequence[Any]:
    """The parts of a payload."""
    if payload is None:
        return ()
    return payload if isinstance(payload, tuple) else (payload,)
