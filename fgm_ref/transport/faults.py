"""A network with faults: messages that are late, lost, doubled or out of order, and sites that go away.

What the sites send unasked can suffer any of these.  What the coordinator sends, and replies to its polls, are
repeated until they arrive (and billed each time): the protocols need that much.

    drop       share of messages lost; with `resend` they are sent again until they arrive, else they are gone
    duplicate  share of messages that arrive twice
    delay      every message of a site arrives so many steps late
    reorder    messages that arrive in the same step do so in random order
    absent     sites that are gone: they neither train nor answer, and are taken to have stayed where they were last
               heard of; when one comes back everybody is synchronised, and what it had not sent is lost

`observer.outlives` says what that means for a protocol's guarantee.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.text import head, settings
from fgm_ref.transport.ends import EncoderLike, LedgerLike, SitesEnd
from fgm_ref.transport.messages import NO_CAUSE, Cause, Kind, Message
from fgm_ref.transport.network import Network

Absences = Mapping[int, tuple[int, int]]
"""A site's (first, last) step away."""

MOST = 0.99  # with more losses than that, sending again until it arrives would take too long


@dataclass(frozen=True)
class Faults:
    """What may go wrong."""

    drop: float = 0.0
    resend: bool = True
    duplicate: float = 0.0
    delay: int = 0
    reorder: bool = False
    absent: Absences | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.drop <= MOST and 0 <= self.duplicate <= 1):
            raise ValueError(
                f"faults: expected shares, drop at most {MOST}; got drop={self.drop:g}, "
                f"duplicate={self.duplicate:g}"
            )

    def away(self, step: int) -> set[int]:
        """The sites that are gone in a step."""
        spans = (self.absent or {}).items()
        return {site for site, (first, last) in spans if first <= step <= last}


def parse_faults(text: str) -> Faults | None:
    """Faults from a text; None for an empty one.

    >>> parse_faults("drop=0.01,delay=2,absent=3:10-20")
    Faults(drop=0.01, resend=True, duplicate=0.0, delay=2, reorder=False, absent={3: (10, 20)})
    """
    given: dict[str, Any] = {}
    for name, value in settings(text):
        if name not in READERS:
            raise ValueError(f"faults: expected one of {', '.join(READERS)}; got {name!r}")
        read, example = READERS[name]
        try:
            got = read(value)
        except (ValueError, KeyError):
            raise ValueError(f"faults: expected {example}, got {f'{name}={value}'!r}") from None
        if name == "absent":
            got = _joined(given.get("absent", {}), got)
        given[name] = got
    return Faults(**given) if given else None


def with_absences(faults: Faults | None, absences: Absences) -> Faults | None:
    """The same faults, and some absences besides."""
    if not absences:
        return faults
    faults = faults or Faults()
    return replace(faults, absent=_joined(faults.absent or {}, absences))


def _joined(known: Absences, more: Absences) -> Absences:
    for site in known.keys() & more.keys():
        first, last = more[site]
        raise ValueError(
            f"faults: expected one absence for each site, got 'absent={site}:{first}-{last}' as well"
        )
    return {**known, **more}


def _share(text: str) -> float:
    if not 0 <= float(text) < 1:
        raise ValueError
    return float(text)


def _steps(text: str) -> int:
    if int(text) < 0:
        raise ValueError
    return int(text)


def _yes_no(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _absence(text: str) -> Absences:
    site, steps = head(text)
    first, _, last = steps.partition("-")
    if not 1 <= _steps(first) <= int(last):
        raise ValueError
    return {_steps(site): (int(first), int(last))}


READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "drop": (_share, "a share such as drop=0.01"),
    "resend": (_yes_no, "resend=yes or resend=no"),
    "duplicate": (_share, "a share such as duplicate=0.01"),
    "delay": (_steps, "whole steps such as delay=2"),
    "reorder": (_yes_no, "reorder=yes or reorder=no"),
    "absent": (_absence, "site:first-last such as absent=3:10-20"),
}
"""How each setting is read, and an example for errors."""


LOST: Cause = ("lost", 1.0)


class FaultyNetwork(Network):
    """A `Network` whose ways are unsafe.  The faults have their own random stream."""

    def __init__(
        self,
        sites: SitesEnd,
        ledger: LedgerLike,
        rng: np.random.Generator,
        encoder: EncoderLike,
        faults: Faults,
    ):
        super().__init__(sites, ledger, rng, encoder)
        self.faults = faults
        # sets that every line shares, so they are changed in place
        self._unheard: set[int] = set()  # absent, or just back
        self._luck = rng.spawn(1)[0]
        self._late: list[tuple[int, int, Message]] = []  # (due step, site, message)

    def exchange(self) -> None:
        """Welcome who is back, deliver what is due, then go on as usual."""
        gone = self.faults.away(self.ledger.step)
        back = self.absent - gone
        _become(self.absent, gone)
        _become(self._unheard, gone | back)
        if back:
            self._connected().welcome(sorted(back))
        _become(self._unheard, gone)
        self._deliver_late()
        super().exchange()

    def _deliver_late(self) -> None:
        due = [item for item in self._late if item[0] <= self.ledger.step]
        self._late = [item for item in self._late if item[0] > self.ledger.step]
        if self.faults.reorder:
            due = [due[number] for number in self._luck.permutation(len(due))]
        for _, site, message in due:
            self._connected().receive(site, message)

    def _alarms(self) -> Array:
        return _without(super()._alarms(), self.absent)

    def up(self, site: int, message: Message) -> None:
        """LedgerLike every attempt; deliver once, twice, later or never."""
        message = self._encoded(site, message)
        attempts, arrives = self._attempts(self.faults.resend)
        twice = arrives and self._luck.random() < self.faults.duplicate
        for _ in range(attempts + twice):
            self.ledger.bill(message, np.array([site]))
        for _ in range(arrives + twice):
            if self.faults.delay:
                self._late.append((self.ledger.step + self.faults.delay, site, message))
            else:
                self._connected().receive(site, message)

    def down(self, kind: Kind, sites: Any, payload: Any = None, cause: Cause = NO_CAUSE) -> Any:
        """To those who are there, as often as it takes."""
        here = _without(np.asarray(sites), self.absent)
        if len(here):
            return super().down(kind, here, payload, cause)
        return self._copy(payload)

    def poll(self, kind: Kind, sites: Any = None, cause: Cause = NO_CAUSE) -> Array:
        """Those who are there reply, after as many attempts as it takes; for others the coordinator's guess stands."""
        asked = self._everybody if sites is None else np.asarray(sites)
        here = _without(asked, self._unheard)
        if len(here) == len(asked):
            return super().poll(kind, here, cause)
        guess = np.array([self._connected().stand_in(kind)])
        replies = super().poll(kind, here, cause) if len(here) else guess
        rows = np.repeat(guess.astype(replies.dtype), len(asked), axis=0)
        rows[np.isin(asked, here)] = replies[: len(here)]
        return rows

    def _attempts(self, resend: bool) -> tuple[int, bool]:
        """How often a message is sent, and whether it arrives in the end."""
        if not self.faults.drop:
            return 1, True
        if not resend:
            return 1, bool(self._luck.random() >= self.faults.drop)
        return int(self._luck.geometric(1 - self.faults.drop)), True

    def _bill(self, message: Message, sites: Array, sizes: Array | None) -> None:
        """LedgerLike the repetitions of what was lost on the way to, or from, each site as well."""
        super()._bill(message, sites, sizes)
        for n in range(len(sites)):
            for _ in range(self._attempts(resend=True)[0] - 1):
                repeated = None if sizes is None else sizes[n : n + 1]
                super()._bill(replace(message, cause=LOST), sites[n : n + 1], repeated)


def _become(members: set[int], new: set[int]) -> None:
    """Replace the members of a set."""
    members.clear()
    members.update(new)


def _without(sites: Array, gone: set[int]) -> Array:
    """Those of `sites` who are not gone."""
    return sites[[site not in gone for site in sites.tolist()]] if gone else sites
