"""The ledger bills every message to its kind and its site, and keeps the log that everything is drawn from.

Two totals.  *Payload* is what the protocols are compared by.  *TCP-like* adds a 40-byte header for every
started segment of 1,024 bytes, an empty message being one segment (Deligiannakis' and Samoladas'
simulator uses the same estimate).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import DOWN, INDEX, KINDS, UP, WHOLE, Kind, Message

HEADER, SEGMENT = 40, 1024
MEASURES = ("messages", "bytes", "tcp_bytes")
EVERYBODY = -1
"""The site number of a message that went to all sites at once."""


class Event(NamedTuple):
    """One line of the log: `copies` messages of `size` payload bytes each, to or from `site`.

    `number` is the payload where it is a single number (θ, λ, an increment), else not a number; `reason`
    and `value` name what made the sender send; `block` is the part of the models that is spoken of, −1 for all.
    """

    step: int
    kind: int
    site: int
    copies: int
    size: int
    number: float
    round: int
    subround: int
    reason: str
    value: float
    block: int = WHOLE


def tcp_bytes(size: int) -> int:
    """Estimated bytes on the wire of one message with `size` payload bytes.

    >>> tcp_bytes(0), tcp_bytes(4), tcp_bytes(1024), tcp_bytes(1025)
    (40, 44, 1064, 1105)
    """
    return size + HEADER * max(1, -(-size // SEGMENT))


class Ledger:
    """Counts per (kind, site).  The last column holds what was multicast to everybody at once.

    With `multicast` a broadcast is billed once instead of k times.  The option changes the bill, never
    the run.
    """

    def __init__(self, sites: int, multicast: bool = False):
        self.multicast = multicast
        self.messages = np.zeros((len(KINDS), sites + 1), np.int64)
        self.payload = np.zeros_like(self.messages)
        self.tcp = np.zeros_like(self.messages)
        self.events: list[Event] = []
        self.step = 0
        self._billed_messages = self._billed_bytes = 0

    def bill(self, message: Message, sites: Array) -> None:
        """Bill one such message to each of `sites` (int array)."""
        size = message.bytes
        everybody = len(sites) == self.messages.shape[1] - 1
        if everybody and self.multicast and message.kind.direction == DOWN:
            self._enter(message, slice(-1, None), 1, size)
            self._note(message, EVERYBODY, 1, size)
        elif everybody and len(sites) > 1:
            self._enter(message, slice(0, -1), len(sites), size)
            self._note(message, EVERYBODY, len(sites), size)
        else:
            self._enter(message, sites, len(sites), size)
            for site in sites:
                self._note(message, int(site), 1, size)

    def _enter(self, message: Message, columns: Any, count: int, size: int) -> None:
        """Add `count` such messages to the accounts, one in each of `columns`."""
        row = INDEX[message.kind]
        self.messages[row, columns] += 1
        self.payload[row, columns] += size
        self.tcp[row, columns] += tcp_bytes(size)
        self._billed_messages += count
        self._billed_bytes += count * size

    def _note(self, message: Message, site: int, copies: int, size: int) -> None:
        """Add a line to the log."""
        for_one = copies == 1 or message.kind.direction == DOWN
        number = np.nan
        if for_one and np.isscalar(message.payload):
            number = float(message.payload)  # type: ignore[arg-type]
        round, subround, block = message.tag
        reason, value = message.cause
        self.events.append(
            Event(
                step=self.step,
                kind=INDEX[message.kind],
                site=site,
                copies=copies,
                size=size,
                number=number,
                round=round,
                subround=subround,
                reason=reason,
                value=value,
                block=block,
            )
        )

    @property
    def total_messages(self) -> int:
        """Messages so far."""
        return self._billed_messages

    @property
    def total_bytes(self) -> int:
        """Payload bytes so far."""
        return self._billed_bytes

    def by_kind(self) -> dict[str, dict[str, Any]]:
        """{kind: {direction, messages, bytes, tcp_bytes}} of every kind that was used."""
        return {kind.name: summary for kind, summary in self._summaries() if summary["messages"]}

    def totals(self) -> dict[str, int]:
        """Messages, payload bytes and TCP-like bytes: up, down and together."""
        totals = {f"{what}_{way}": 0 for what in MEASURES for way in (UP, DOWN)}
        for kind, summary in self._summaries():
            for what in MEASURES:
                totals[f"{what}_{kind.direction}"] += summary[what]
        for what in MEASURES:
            totals[what] = totals[f"{what}_{UP}"] + totals[f"{what}_{DOWN}"]
        return totals

    def _summaries(self) -> Iterator[tuple[Kind, dict[str, Any]]]:
        for row, kind in enumerate(KINDS):
            summary = {
                "direction": kind.direction,
                "messages": int(self.messages[row].sum()),
                "bytes": int(self.payload[row].sum()),
                "tcp_bytes": int(self.tcp[row].sum()),
            }
            yield kind, summary
