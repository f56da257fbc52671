"""The bill against the wire: what the ledger says was sent, and what has passed through MPI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from fgm_ref.mpi.lockstep import FarSimulation
from fgm_ref.program import aligned
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport.messages import KINDS, UP
from fgm_ref.transport.wire.letter import HEADER
from fgm_ref.transport.wire.office import Office
from fgm_ref.view.labels import labels_of

MB = 1e6


class Row(NamedTuple):
    """Messages of a kind and their payload bytes: as billed, and as they passed."""

    kind: str
    direction: str
    billed: tuple[int, int]
    passed: tuple[int, int]


class Billed(Protocol):
    """What a run of either kind has been billed."""

    @property
    def config(self) -> Config:
        """Its settings."""

    @property
    def ledger(self) -> Mapping[str, Mapping[str, Any]]:
        """Messages and bytes by kind."""


def rows(result: Billed, office: Office) -> Iterator[Row]:
    """One for each kind that was billed or has passed; what went up was received here, what went down was sent."""
    for number, kind in enumerate(KINDS):
        way = office.received if kind.direction == UP else office.sent
        passed = int(way.messages[number]), int(way.payload[number])
        entry = result.ledger.get(kind.name, {"messages": 0, "bytes": 0})
        billed = int(entry["messages"]), int(entry["bytes"])
        if any(passed + billed):
            yield Row(kind.name, kind.direction, billed, passed)


def differences(result: Billed, simulation: FarSimulation) -> list[str]:
    """Where bill and wire disagree, in words; none if all is well.  (A multicast is billed once and sent k times.)"""
    office = simulation.office
    found = [
        f"{row.kind}: the ledger has {row.billed[0]} messages with {row.billed[1]} bytes, "
        f"the wire {row.passed[0]} with {row.passed[1]}"
        for row in rows(result, office)
        if row.billed != row.passed and not result.config.multicast
    ]
    for way, ours in enumerate((office.received, office.sent)):
        theirs = sum(account[way] for account in simulation.accounts)
        if not np.array_equal(theirs, [ours.messages, ours.payload]):
            found.append("what one rank has sent is not what the other has received")
    return found


class Line(NamedTuple):
    """What has passed in a run."""

    config: Config
    messages: int
    payload: int
    envelopes: int
    words: int  # of control
    control: int  # bytes of these
    seconds: float

    @property
    def protocol(self) -> str:
        """Which one."""
        return self.config.protocol


def line(result: RunResult, office: Office, seconds: float) -> Line:
    """Both ways together."""
    ways = office.sent, office.received
    messages = sum(int(way.messages.sum()) for way in ways)
    payload = sum(int(way.payload.sum()) for way in ways)
    words, control = np.sum([way.control for way in ways], axis=0)
    return Line(
        result.config,
        messages,
        payload,
        messages * HEADER,
        int(words),
        int(control),
        seconds,
    )


def table(lines: list[Line]) -> list[str]:
    """A row for each run."""
    names = labels_of([one.config for one in lines])
    header = [
        "protocol",
        "messages",
        "payload MB",
        "envelopes MB",
        "control words",
        "control MB",
        "s",
    ]
    cells = [
        [
            label,
            f"{one.messages:,}",
            f"{one.payload / MB:.3f}",
            f"{one.envelopes / MB:.3f}",
            f"{one.words:,}",
            f"{one.control / MB:.3f}",
            f"{one.seconds:.2f}",
        ]
        for label, one in zip(names, lines, strict=True)
    ]
    return aligned([header, *cells])
