"""The ledger bills every message to its kind and its site, and keeps the log that everything is drawn from.

Two totals.  *Payload* is what the protocols are compared by.  *TCP-like* adds a 40-byte header for every
started segment of 1,024 bytes, an empty message being one segment (Deligiannakis' and Samoladas'
simulator uses the same estimate).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import DOWN, INDEX, KINDS, UP, WHOLE, Kind, Message, weight

HEADER, SEGMENT = 40, 1024
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

    def __init__(self, sites: int, multicast: bool = False, log: bool = True):
        self.multicast = multicast
        self.messages = np.zeros((len(KINDS), sites + 1), np.int64)
        self.payload = np.zeros_like(self.messages)
        self.tcp = np.zeros_like(self.messages)
        self.events: list[Event] = []
        self.log = log
        self.step = 0
        self._billed_messages = self._billed_bytes = 0

    def bill(self, message: Message, sites: Array) -> None:
        """Bill one such message to each of `sites` (int array)."""
        kind, size = message.kind, weight(message.payload) if message.size is None else message.size
        everybody = len(sites) == self.messages.shape[1] - 1
        if everybody and kind.direction == DOWN and self.multicast:
            self._enter(kind, slice(-1, None), 1, size)
            self._note(message, EVERYBODY, 1, size)
        elif everybody and len(sites) > 1:
            self._enter(kind, slice(0, -1), len(sites), size)
            self._note(message, EVERYBODY, len(sites), size)
        else:
            self._enter(kind, sites, len(sites), size)
            for site in sites:
                self._note(message, int(site), 1, size)

    def _enter(self, kind: Kind, columns: Any, count: int, size: int) -> None:
        row = INDEX[kind]
        self.messages[row, columns] += 1
        self.payload[row, columns] += size
        self.tcp[row, columns] += tcp_bytes(size)
        self._billed_messages += count
        self._billed_bytes += count * size

    def _note(self, message: Message, site: int, copies: int, size: int) -> None:
        if self.log:
            one = np.isscalar(message.payload) and (copies == 1 or message.kind.direction == DOWN)
            number = float(message.payload) if one else np.nan
            self.events.append(
                Event(
                    self.step,
                    INDEX[message.kind],
                    site,
                    copies,
                    size,
                    number,
                    *message.tag,
                    *message.cause,
                    message.block,
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

    def by_kind(self) -> dict[str, dict[str, int]]:
        """{kind: {direction, messages, bytes, tcp_bytes}} of every kind that was used."""
        return {kind.name: summary for kind, summary in self._summaries() if summary["messages"]}

    def totals(self) -> dict[str, int]:
        """Messages, payload bytes and TCP-like bytes: up, down and together."""
        totals = {
            f"{what}_{way}": 0 for what in ("messages", "bytes", "tcp_bytes") for way in (UP, DOWN)
        }
        for kind, summary in self._summaries():
            for what in ("messages", "bytes", "tcp_bytes"):
                totals[f"{what}_{kind.direction}"] += summary[what]
        for what in ("messages", "bytes", "tcp_bytes"):
            totals[what] = totals[f"{what}_{UP}"] + totals[f"{what}_{DOWN}"]
        return totals

    def _summaries(self) -> Iterator[tuple[Kind, dict[str, Any]]]:
        for row, kind in enumerate(KINDS):
            yield (
                kind,
                {
                    "direction": kind.direction,
                    "messages": int(self.messages[row].sum()),
                    "bytes": int(self.payload[row].sum()),
                    "tcp_bytes": int(self.tcp[row].sum()),
                },
            )
