"""The network: the only way between the sites and the coordinator.

It has four verbs.  A site sends a message `up`.  The coordinator sends one `down` to some sites, `broadcast`s one to
all, or `poll`s some for a reply.  Every payload is copied on the way, so the two ends never share an array.  Every
message is billed and logged here, so protocol code never counts.  With a codec (a lossy compression) a model
or a drift arrives rounded, and is billed for what was shipped (see `encoder.py`).

Delivery is immediate: a message is handled to completion before the next site has its turn.  Delays, losses and
absent sites are added by `FaultyNetwork` in `faults.py`.
"""

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.ends import CoordinatorEnd, EncoderLike, LedgerLike, SitesEnd
from fgm_ref.transport.messages import NO_CAUSE, POLL, Cause, Kind, Message


class Network:
    """Connects k stacked sites with one coordinator.

    `rng` draws the order in which sites with something to say have their turn.
    """

    def __init__(
        self, sites: SitesEnd, ledger: LedgerLike, rng: np.random.Generator, encoder: EncoderLike
    ):
        self._sites = sites
        self._coordinator: CoordinatorEnd | None = None
        self._everybody = np.arange(sites.k)
        self._rng = rng
        self._float = sites.models.dtype.type
        self.ledger, self.encoder = ledger, encoder
        self.absent: set[int] = set()  # nobody, on a network without faults

    def connect(self, coordinator: CoordinatorEnd) -> None:
        """Let messages from the sites reach `coordinator`."""
        self._coordinator = coordinator

    def line(self) -> Self:
        """A second line to the same sites and the same ledger, for a coordinator of its own."""
        line = copy.copy(self)
        line._coordinator = None
        return line

    # The coordinator's verbs.

    def down(self, kind: Kind, sites: Any, payload: Any = None, cause: Cause = NO_CAUSE) -> Any:
        """Send one message to each of `sites`.  Returns the payload as it arrives, for the sender to adopt."""
        sites, tag = np.asarray(sites), self._connected().tag
        part = self._sites.part(tag.block)
        arrived, sizes = self.encoder.down(kind, sites, self._copy(payload), part.where)
        message = Message(kind, arrived, tag, cause)
        self._bill(message, sites, sizes)
        part.receive(message, sites)
        return self._copy(arrived)

    def broadcast(self, kind: Kind, payload: Any = None, cause: Cause = NO_CAUSE) -> Any:
        """Send one message to every site.  Returns the payload as it arrives."""
        return self.down(kind, self._everybody, payload, cause)

    def poll(self, kind: Kind, sites: Any = None, cause: Cause = NO_CAUSE) -> Array:
        """Ask `sites` (all, if None) for a reply of this kind; row j of the answer is that of `sites[j]`."""
        sites = self._everybody if sites is None else np.asarray(sites)
        tag = self._connected().tag
        part = self._sites.part(tag.block)
        self.ledger.bill(Message(POLL, None, tag, cause), sites)
        replies: Array = self._copy(part.reply(kind, sites))
        replies, sizes = self.encoder.up(kind, sites, replies, part.where)
        one = Message(kind, replies[0], tag)  # stands for all of them, which are alike in size
        self._bill(one, sites, sizes)
        return replies

    # The sites' verb, and when they may use it.

    def up(self, site: int, message: Message) -> None:
        """Carry one message of `site` to the coordinator."""
        message = self._encoded(site, message)
        self.ledger.bill(message, np.array([site]))
        self._connected().receive(site, message)

    def exchange(self) -> None:
        """Give every site with something to say one turn, in a random order, then let things settle.

        A site is asked anew when its turn comes: an earlier message may have changed what it has to say.  Nothing
        that happens here gives a site more to say than it had, so one turn is enough.
        """
        for site in self._rng.permutation(self._alarms()):
            message = self._sites.report(int(site))
            if message is not None:
                self.up(int(site), message)
        self._connected().settle()

    def _encoded(self, site: int, message: Message) -> Message:
        """A site's message as it arrives, with its size on the wire."""
        part = self._sites.part(message.tag.block)
        payload = self._copy(message.payload)
        payload, size = self.encoder.one(message.kind, site, payload, part.where)
        return replace(message, payload=payload, size=size)

    def _bill(self, message: Message, sites: Array, sizes: Array | None) -> None:
        """LedgerLike `sites` for one such message each: `sizes` bytes, or what the payload weighs."""
        if sizes is None:
            self.ledger.bill(message, sites)
        elif len(set(sizes.tolist())) == 1:
            self.ledger.bill(replace(message, size=int(sizes[0])), sites)
        else:
            for n, number in enumerate(sizes.tolist()):
                self.ledger.bill(replace(message, size=number), sites[n : n + 1])

    def _alarms(self) -> Array:
        return self._sites.alarms()

    def _connected(self) -> CoordinatorEnd:
        """The coordinator at the other end."""
        assert self._coordinator is not None, "connect() a coordinator first"
        return self._coordinator

    def _copy(self, payload: Any) -> Any:
        """What arrives: a number rounded to the sites' precision, or an array nobody else holds."""
        if isinstance(payload, tuple):
            return tuple(self._copy(part) for part in payload)
        if isinstance(payload, np.ndarray):
            return payload.copy()
        return self._float(payload) if isinstance(payload, float) else payload
