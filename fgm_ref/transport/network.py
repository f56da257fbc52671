"""The network: the only way between the sites and the coordinator.

Four verbs.  A site sends a message `up`; the coordinator sends one `down` to some sites, `broadcast`s one
to all, or `poll`s some for a reply.  Every payload is copied on the way, so that no array is ever shared by
two ends, and every message is billed and logged here, so that protocol code never counts.  With a codec a
model or a drift arrives rounded, and is billed for what was shipped (see `encoder.py`).

Delivery is immediate: a message is handled to completion before the next site has its turn.
But it does not handle delays, losses or crashes.
"""

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.encoder import CODED, Post
from fgm_ref.transport.ledger import Ledger
from fgm_ref.transport.messages import POLL, WHOLE, Cause, Kind, Message

NO_CAUSE: Cause = ("", 0.0)


class SitesEnd(Protocol):
    """What the network asks of the k stacked sites."""

    k: int
    models: Array
    where: slice  # the part of the flat vector that `models` is

    def part(self, block: int) -> "SitesEnd":
        """The same sites, seen as holding only this block of their models."""

    def receive(self, message: Message, sites: Array) -> None:
        """Take a message that went to each of `sites`."""

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer a poll: one row for each of `sites`."""

    def alarms(self) -> Array:
        """Which sites have something to say now."""

    def report(self, site: int) -> Message | None:
        """What one site has to say now, if it still has."""


class CoordinatorEnd(Protocol):
    """What the network asks of the coordinator."""

    @property
    def tag(self) -> tuple[int, int]:
        """(round, subround), stamped on everything that is sent down."""

    def receive(self, site: int, message: Message) -> None:
        """Take a message of one site."""

    def settle(self) -> None:
        """Every site has had its turn in this step."""

    def stand_in(self, kind: Kind) -> Any:
        """What a site that is gone is taken to reply."""

    def welcome(self, sites: list[int]) -> None:
        """Some sites are back."""


class Network:
    """Connects k stacked sites with one coordinator.

    `rng` draws the order in which sites with something to say have their turn; `post`, if any, encodes.
    """

    def __init__(
        self, sites: SitesEnd, ledger: Ledger, rng: np.random.Generator, post: Post | None = None
    ):
        self._sites = sites
        self._coordinator: CoordinatorEnd | None = None
        self._everybody = np.arange(sites.k)
        self._rng = rng
        self._float = sites.models.dtype.type
        self.ledger, self.post = ledger, post
        self.absent: set[int] = set()  # nobody, on a network without faults

    def connect(self, coordinator: CoordinatorEnd) -> None:
        """Let messages from the sites reach `coordinator`."""
        self._coordinator = coordinator

    # The coordinator's verbs.

    def down(
        self,
        kind: Kind,
        sites: Any,
        payload: Any = None,
        cause: Cause = NO_CAUSE,
        block: int = WHOLE,
    ) -> Any:
        """Send one message to each of `sites`.  Returns the payload as it arrives, for the sender to adopt."""
        message, sites = (
            Message(kind, self._copy(payload), self._end().tag, cause, block),
            np.asarray(sites),
        )
        part, sizes = self._part(block), None
        if self.post and self._coded(message):
            arrived, sizes = self.post.down(kind, sites, message.payload, part.where)
            message = replace(message, payload=arrived)
        self._bill(message, sites, sizes)
        part.receive(message, sites)
        return self._copy(message.payload)

    def broadcast(
        self, kind: Kind, payload: Any = None, cause: Cause = NO_CAUSE, block: int = WHOLE
    ) -> Any:
        """Send one message to every site.  Returns the payload as it arrives."""
        return self.down(kind, self._everybody, payload, cause, block)

    def poll(
        self, kind: Kind, sites: Any = None, cause: Cause = NO_CAUSE, block: int = WHOLE
    ) -> Array:
        """Ask `sites` (all, if None) for a reply of this kind; row j of the answer is that of `sites[j]`."""
        sites = self._everybody if sites is None else np.asarray(sites)
        tag, part, sizes = self._end().tag, self._part(block), None
        self.ledger.bill(Message(POLL, None, tag, cause, block), sites)
        replies: Array = self._copy(part.reply(kind, sites))
        if self.post and kind in CODED:
            replies, sizes = self.post.up(sites, replies, part.where)
        self._bill(Message(kind, replies[0], tag, block=block), sites, sizes)
        return replies

    # The sites' verb.

    def up(self, site: int, message: Message) -> None:
        """Carry one message of `site` to the coordinator."""
        message = self._posted(site, message)
        self.ledger.bill(message, np.array([site]))
        self._end().receive(site, message)

    def exchange(self) -> None:
        """Give every site with something to say its turn, in a random order, then let things settle.

        A site is asked anew when its turn comes: what an earlier message set off may have changed its mind.
        """
        for site in self._rng.permutation(self._alarms()):
            message = self._sites.report(int(site))
            if message is not None:
                self.up(int(site), message)
        self._end().settle()

    def _posted(self, site: int, message: Message) -> Message:
        """A site's message as it arrives, knowing its size on the wire."""
        if not (self.post and self._coded(message)):
            return replace(message, payload=self._copy(message.payload))
        arrived, sizes = self.post.up(
            np.array([site]), message.payload[None], self._part(message.block).where
        )
        return replace(message, payload=arrived[0], size=int(sizes[0]))

    @staticmethod
    def _coded(message: Message) -> bool:
        return message.kind in CODED and message.payload is not None

    def _bill(self, message: Message, sites: Array, sizes: Array | None) -> None:
        """Bill `sites` for one such message each: `sizes` bytes, or what the payload weighs."""
        if sizes is None:
            self.ledger.bill(message, sites)
        elif len(set(sizes.tolist())) == 1:
            self.ledger.bill(replace(message, size=int(sizes[0])), sites)
        else:
            for n, number in enumerate(sizes.tolist()):
                self.ledger.bill(replace(message, size=number), sites[n : n + 1])

    def _part(self, block: int) -> SitesEnd:
        return self._sites if block == WHOLE else self._sites.part(block)

    def _alarms(self) -> Array:
        return self._sites.alarms()

    def _end(self) -> CoordinatorEnd:
        assert self._coordinator is not None, "connect() a coordinator first"
        return self._coordinator

    def _copy(self, payload: Any) -> Any:
        """What arrives: a number rounded to the sites' precision, or an array nobody else holds."""
        if isinstance(payload, tuple):
            return tuple(self._copy(part) for part in payload)
        if isinstance(payload, np.ndarray):
            return payload.copy()
        return self._float(payload) if isinstance(payload, float) else payload
