"""What the network asks of its two ends, of the ledger and of the encoder: it knows them by these shapes only."""

from collections.abc import Sequence
from typing import Any, Protocol

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import Kind, Message, Tag

Shipped = tuple[Any, Array | None]
"""What arrives, and the bytes for each site; None stands for the payload's weight."""

ShippedOne = tuple[Any, int | None]
"""The same for one site."""


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
    def tag(self) -> Tag:
        """(round, subround, block), stamped on everything that is sent down."""

    def receive(self, site: int, message: Message) -> None:
        """Take a message of one site."""

    def settle(self) -> None:
        """Every site has had its turn in this step."""

    def stand_in(self, kind: Kind) -> Any:
        """What a site that is gone is taken to reply."""

    def welcome(self, sites: list[int]) -> None:
        """Some sites are back."""


class LedgerLike(Protocol):
    """What the network asks of a ledger (see `ledger.py`)."""

    step: int

    def bill(self, message: Message, sites: Array) -> None:
        """Bill one such message to each of `sites`."""


class EncoderLike(Protocol):
    """What the network asks of an encoder (see `encoder.py`)."""

    written: Sequence[
        Any
    ]  # what the last message was written as, for each site; empty for a payload as it is

    def down(self, kind: Kind, sites: Array, x: Any, where: slice) -> Shipped:
        """Ship x to `sites`; `where` is the part of the model vector that x speaks of."""

    def up(self, kind: Kind, sites: Array, rows: Array, where: slice) -> Shipped:
        """Ship one of `rows` from each of `sites`."""

    def one(self, kind: Kind, site: int, x: Any, where: slice) -> ShippedOne:
        """Ship x from one site."""

    def read(self, written: Any, site: int, where: slice) -> Array:
        """What arrives, from what was written to or by this site."""

    def took(self, sites: Array, x: Array, where: slice) -> None:
        """These sites have taken x as the global model."""
