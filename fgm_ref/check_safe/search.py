"""The hunt for a counterexample: every property in turn, in few and many dimensions, in both precisions.

But finding nothing proves nothing: a proof of convexity, and one that the zone lies in the admissible region, do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle, repeat

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.check_safe.case import Case, phi
from fgm_ref.check_safe.draws import draw
from fgm_ref.check_safe.judge import Property, without_warnings
from fgm_ref.check_safe.properties import BASIC, PROPERTIES, REMARKS
from fgm_ref.check_safe.seek import Sweep, propose
from fgm_ref.check_safe.shrink import shrink
from fgm_ref.safe.function import Maker, SafeFunction

TOLD = [*list(PROPERTIES)[1:], "runs"]
"""The order of the report: what cannot be evaluated in some dimension may be wrong in a plainer way."""

SECOND = 10
"""So many sweeps take about a second."""

LEAST = 8
"""At least so many sweeps: the most telling dimensions, in both precisions."""

GRACE = 2
"""So many sweeps more after a find, for other properties."""

PATIENCE = 3
"""A slow φ may take so many times the seconds that were asked for, and as long as one case for each property takes."""

STACK, SLOW = 100, 0.01
"""A φ that takes longer for so many drifts, in seconds, is asked about a few sites only."""

SENSELESS = {*BASIC, "runs"}
"""With one of these broken, a hunt for others makes no sense."""

DIMENSIONS = (2, 2, 1, 3, 2, 5, 8, 2, 13, 3, 40)
"""Mostly 2: most mistakes can be seen there."""

DOUBLE = np.dtype(np.float64)
SINGLE = np.dtype(np.float32)
PRECISIONS = (DOUBLE, SINGLE, DOUBLE)


@dataclass
class Asked:
    """What has been asked about: which dimensions, numbers of sites, precisions, layers, rounds and times.

    `lengths` are ‖E‖ and `radii` R/‖E‖, in one digit.
    """

    dimensions: set[int] = field(default_factory=set)
    lengths: set[float] = field(default_factory=set)
    radii: set[float] = field(default_factory=set)
    sites: set[int] = field(default_factory=set)
    dtypes: set[str] = field(default_factory=set)
    layers: set[int] = field(default_factory=set)
    rounds: set[int] = field(default_factory=set)
    times: set[int] = field(default_factory=set)

    def note(self, case: Case) -> None:
        """This case has been asked about."""
        length = float(norm(case.E))
        self.dimensions.add(len(case.E))
        self.lengths.add(in_one_digit(length))
        self.radii.add(in_one_digit(case.R / length))
        self.sites.add(len(case.X))
        self.dtypes.add(case.E.dtype.name)
        self.layers.add(len(case.blocks))
        self.rounds.add(case.ended + 1)
        self.times.add(case.time)


def in_one_digit(value: float) -> float:
    """0.0123 becomes 0.01."""
    return float(f"{value:.1g}")


@dataclass(frozen=True, eq=False)
class Report:
    """What a hunt has found: the smallest `Case` for each broken property; and how many cases it `tried`.

    `shared` names what the class has changed of itself, as if it were one safe function's own.  `notes` are remarks
    that prove nothing wrong.  `sweeps` of `planned` ones were made.
    """

    found: Mapping[str, Case]
    tried: Mapping[str, int]
    seconds: float
    shared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asked: Asked = field(default_factory=Asked)
    sweeps: int = 0
    planned: int = 0

    @property
    def broken(self) -> set[str]:
        """The names of the broken properties."""
        return set(self.found)


def hunt(
    make: Maker,
    seed: int = 0,
    seconds: float = 2.0,
    least: int = 1,
) -> Report:
    """Try to prove wrong the safe functions that `make(E, R)` makes, for about so many seconds.

    Cases are shrunk to no fewer than `least` dimensions.  Which cases are tried depends on the seed and on the
    seconds, not on the computer, unless φ is so slow that it takes `PATIENCE` times as long.  Raises the
    `ValueError` of a maker that makes no safe function at all.
    """
    hunting = Hunt(make, seed, seconds, least)
    with suppress(TypeError, ArithmeticError, AttributeError):  # the property `runs` tells of these
        make(np.array([3.0, 4.0]), 1.0)
    with without_warnings():
        return hunting.report()


class Hunt:
    """One hunt: what it has tried and found so far."""

    def __init__(self, make: Maker, seed: int, seconds: float, least: int):
        self.make = make
        self.least = least
        self.rng = np.random.default_rng(seed)
        self.start = time.monotonic()
        self.before = class_state(make)
        self.end = time.process_time() + PATIENCE * max(1.0, seconds)
        self.planned = max(LEAST, round(seconds * SECOND))
        self.found: dict[str, Case] = {}
        self.remarks: dict[str, str] = {}
        self.tried: Counter[str] = Counter(dict.fromkeys(PROPERTIES, 0))
        self.asked = Asked()
        self.sweeps = 0

    def report(self) -> Report:
        """Hunt, and say what came of it."""
        single = only_single(self.make)
        last = self.planned
        for sweep in sweeps(single, is_slow(self.make)):
            before = len(self.found)
            self.make_a(sweep)
            self.sweeps += 1
            if len(self.found) > before:
                last = min(last, self.sweeps + GRACE)
            if self.sweeps >= last or self.is_over():
                break
        return Report(
            found=self.told(),
            tried=self.tried,
            seconds=time.monotonic() - self.start,
            shared=tuple(self.shared()),
            notes=tuple(self.notes(single)),
            asked=self.asked,
            sweeps=self.sweeps,
            planned=self.planned,
        )

    def is_over(self) -> bool:
        """Whether there is no time left, or no sense in going on."""
        senseless = self.found.keys() & SENSELESS
        return bool(senseless) or self.no_time_left()

    def no_time_left(self) -> bool:
        """Whether φ was too slow."""
        return time.process_time() > self.end

    def make_a(self, sweep: Sweep) -> None:
        """Ask about every property that is not yet broken."""
        for p in PROPERTIES.values():
            if p.name in self.found:
                continue
            case = self.first_break(p, sweep)
            if case:
                self.found[p.name] = shrink(p, self.make, case, self.least)
        for p in REMARKS:
            if p.name in self.remarks:
                continue
            if self.first_break(p, sweep):
                self.remarks[p.name] = p.claim

    def first_break(self, p: Property, sweep: Sweep) -> Case | None:
        """The first case that breaks `p`, if any; when there is no time left, there is just one."""
        for case, many in propose(p, self.make, self.rng, sweep):
            self.asked.note(case)
            if p.name in self.tried:
                self.tried[p.name] += many
            if p.broken(self.make, case):
                return case
            if self.no_time_left():
                break
        return None

    def told(self) -> dict[str, Case]:
        """What has been found, without what is only a consequence of something more basic."""
        told = {name: self.found[name] for name in TOLD if name in self.found}
        if told.keys() & BASIC:
            return {name: told[name] for name in told if name in SENSELESS}
        return told

    def notes(self, single: bool) -> Iterator[str]:
        """Remarks that prove nothing wrong."""
        if single:
            yield "it answers in single precision, whatever it is asked in, so it was asked in float32 only"
        yield from self.remarks.values()

    def shared(self) -> list[str]:
        """What the class has changed of itself."""
        after = class_state(self.make)
        changed = [name for name in after if after[name] is not self.before.get(name)]
        return sorted(changed)


def sweeps(single: bool, slow: bool) -> Iterator[Sweep]:
    """In how many dimensions, and in which precision each sweep is made, over and over again."""
    precisions = (SINGLE,) if single else PRECISIONS
    return map(Sweep, count(), cycle(DIMENSIONS), cycle(precisions), repeat(slow))


def is_slow(make: Maker) -> bool:
    """Whether φ takes long for a stack of drifts."""
    case = draw(np.random.default_rng(0), 8, STACK).of(make)
    try:
        zone = case.zone()
        return min(duration(zone, case.X) for _ in range(2)) > SLOW
    except Exception:
        return False


def duration(zone: SafeFunction, X: Array) -> float:
    """How long φ(X) takes."""
    start = time.process_time()
    phi(zone, X)
    return time.process_time() - start


def only_single(make: Maker) -> bool:
    """Whether φ sees no more of the drifts than their first seven digits."""
    rng = np.random.default_rng(0)
    case = draw(rng, 3, 8).of(make)
    X = case.R * rng.normal(size=case.X.shape)
    try:
        answer = case.zone()(X.copy())
        exact = phi(case.zone(), X)
        coarse = phi(case.zone(), X.astype(SINGLE).astype(DOUBLE))
    except Exception:
        return False
    if np.asarray(answer).dtype == SINGLE:
        return True
    differ = np.unique(exact).size == exact.size
    return differ and np.array_equal(exact, coarse)


def class_state(make: Maker) -> dict[str, object]:
    """What a class holds, to see whether it changes; empty if `make` is none."""
    target = make.args[-1] if isinstance(make, partial) and make.args else make
    return dict(vars(target)) if isinstance(target, type) else {}
