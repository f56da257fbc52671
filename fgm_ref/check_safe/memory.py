"""An object that is asked many times: nothing that it was asked, told or given before may matter.

In a run one φ is asked thousands of times, about arrays of the same shape and in the same place of the memory.  What
keeps anything from one question for the next one sooner or later says yesterday's answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.judge import Numbers, apart, size
from fgm_ref.safe.function import SafeFunction

PATIENCE = 5000
"""A question is asked so many times in a row."""

SECONDS = 2.0
"""But no longer than this."""

OTHERS = 200
"""So many other safe functions are made meanwhile."""

Answers = tuple[Any, ...]


def change(before: Any, after: Any) -> float:
    """The largest change between two arrays, relative to their size; infinite if the shapes differ."""
    difference = apart(before, after)
    if difference == 0:
        return 0.0
    return difference / (size(before, after) or 1.0)


def answers(zone: SafeFunction, X: Array) -> Answers:
    """Everything that a safe function says about a copy of X."""
    return said(zone, X.copy())


def said(zone: SafeFunction, X: Array) -> Answers:
    """Everything that a safe function says about this very X, kept apart from what it may write over."""
    value = np.copy(zone(X))
    outside = zone.excess(X)
    half = np.copy(zone.perspective(0.5)(X))
    return value, outside, half, zone.at_zero


def worst(before: Answers, after: Answers) -> float:
    """The largest change among several answers."""
    return max(map(change, before, after))


def pure(case: Case) -> Numbers:
    """The largest change of what must not change."""
    return Numbers(max(changes(case).values()), 0)


def changes(case: Case) -> dict[str, float]:
    """How much has changed of what must not, in words; what stands first may be why the rest has."""
    given = case.copy()
    zone = given.bare()
    given.pass_time(zone, given.own)
    first = said(zone, given.X)
    value = zone(given.X)  # perhaps a buffer that will be written over
    second = np.copy(value)
    zone.reach(given.X)
    answers(zone, 2 * case.X)
    again = [worst(first, answers(zone, case.X)) for _ in range(3)]
    another_zone(case)
    found = {
        "an answer has changed after it was given": change(second, value),
        "the same question has another answer": max(change(first[0], second), *again),
        "the same question has another answer when another safe function has been made and asked": worst(
            first, answers(zone, case.X)
        ),
        "a second object, made of the same E and R, has another answer": worst(
            first, answers(case.zone(), case.X)
        ),
    }
    return written_into(case, given) | found


def written_into(case: Case, given: Case) -> dict[str, float]:
    """How much of what it was given a safe function has changed, in words."""
    names = {"X": "X", "E": "E", "g": "g", "own": "the array of the sites' own steps"}
    return {
        f"{words} itself has changed while φ, `excess` and the others were asked": change(
            getattr(case, name), getattr(given, name)
        )
        for name, words in names.items()
    }


def another_zone(case: Case) -> None:
    """Make and ask the safe function of another round."""
    E = 3 * case.E + 1
    zone = replace(case, E=E, R=2 * case.R).zone()
    phi(zone, 2 * case.X)
    excess(zone, 2 * case.X)


def memory(case: Case) -> Numbers:
    """One object that is asked about many stacks, against a new one each time; and one that is told the time twice."""
    asked = case.zone()
    buffer = case.X.copy()
    changes = []
    for turn, X in enumerate(stacks(case.X)):
        buffer[:] = X
        questions = (phi_here, excess_here)
        for i in (turn, turn + 1, turn):  # each comes directly after another's last one
            question = questions[i % 2]
            expected = question(case.zone(), X.copy())
            changes.append(change(expected, question(asked, buffer)))
    if asked.moves and case.time:
        changes += told_twice(case)
    return Numbers(max(changes), 0)


def phi_here(zone: SafeFunction, X: Array) -> Any:
    """φ of this very array."""
    return zone(X)


def excess_here(zone: SafeFunction, X: Array) -> Any:
    """The excess of this very array."""
    return zone.excess(X)


def told_twice(case: Case) -> list[float]:
    """What it changes to be told the time once only, or twice at the end."""
    expected = phi(case.zone(), case.X)
    once = case.begun()
    once.advance(case.time, case.own.copy())
    twice = case.zone()
    twice.advance(case.time, case.own.copy())
    return [change(expected, phi(zone, case.X)) for zone in (once, twice)]


def stacks(X: Array) -> Iterator[Array]:
    """Other drifts of the same shape, some with the same lengths, the same sum or the same first row."""
    yield X
    yield -X
    yield X[::-1]
    yield X[:, ::-1]
    yield 8 * X
    yield X / 8
    yield np.vstack([X[:1], 2 * X[1:]])
    yield np.vstack([2 * X[:-1], X[-1:]])
    yield X * X.dtype.type(1.001)
    yield X * X.dtype.type(1 + 1e-5)
    yield 0 * X
    yield X


def tireless(case: Case) -> Numbers:
    """The same question a great many times, and the same object made a great many times."""
    few = case.sites(slice(2))
    zone = few.zone()
    first = phi(zone, few.X)
    later = np.array(list(over_and_over(zone, few.X)))
    for _ in range(OTHERS):
        another_zone(few)
    last = phi(few.zone(), few.X)
    repeated = np.broadcast_to(first, later.shape)
    changes = change(repeated, later), change(first, last)
    return Numbers(max(changes), 0)


def over_and_over(zone: SafeFunction, X: Array) -> Iterator[Array]:
    """The answers to the same question; fewer of a slow φ."""
    end = time.process_time() + SECONDS
    for _ in range(PATIENCE):
        yield phi(zone, X)
        if time.process_time() > end:
            return
