"""a09 Read the paper: exact counts in the paper's setting, the library beside it, and claims on fresh numbers."""

from functools import cache

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st
from walks import Walk

from fgm_ref import run

QUANTA = "the docstring of the module; tutorial 08b; Samoladas & Garofalakis 2019, section 4"
ANSWER = "the docstrings of `slope` and `ratio`; measure it with other seeds, too; tutorial 10"
SPEEDS = st.tuples(st.integers(2, 8), st.integers(0, 10**6))
EPSILONS = st.sampled_from((0.5, 0.25, 0.1, 0.01, 0.001))


def speeds(k, seed):
    return np.random.default_rng(seed).uniform(0.2, 1.8, k)


def share_left(v):
    """From quantum to quantum: who counts the next one, and when?"""
    counted = np.zeros(len(v), int)
    while counted.sum() <= len(v):
        due = (counted + 1) / v
        counted[due.argmin()] += 1
    return 1 - due.min() * v.sum() / (2 * len(v))


def slow_subrounds(v, epsilon):
    n, psi = 0, 1.0
    while psi > epsilon:
        psi, n = psi * share_left(v), n + 1
    return n


@pytest.mark.points(4)
@cases()
@given(who=SPEEDS)
def test_left(student, who):
    v = speeds(*who)
    got = student.left(v.copy())
    close(got, share_left(v), "the share of the slack that a subround leaves", QUANTA, v=v)


@pytest.mark.points(3)
@cases()
@given(who=SPEEDS, epsilon=EPSILONS)
def test_subrounds(student, who, epsilon):
    v = speeds(*who)
    got, want = student.subrounds(v.copy(), epsilon), slow_subrounds(v, epsilon)
    close(
        got,
        want,
        "the number of subrounds until ψ ≥ −ε k",
        QUANTA,
        0,
        v=v,
        epsilon=epsilon,
        left=share_left(v),
    )
    holds(
        got <= max(1, np.ceil(np.log2(1 / epsilon))),
        "at most log2(1/ε) of them",
        QUANTA,
        v=v,
        epsilon=epsilon,
    )


@pytest.mark.points(3)
@cases()
@given(who=SPEEDS, epsilon=EPSILONS)
def test_words(student, who, epsilon):
    v = speeds(*who)
    sent = 0
    for n in range(slow_subrounds(v, epsilon)):
        sent += len(v) if n else 0  # θ
        sent += len(v) + 1  # increments
        sent += len(v)  # φ
    close(
        student.words(v.copy(), epsilon),
        sent,
        "the words of a round",
        QUANTA,
        0,
        v=v,
        epsilon=epsilon,
    )


@pytest.mark.points(2)
def test_as_in_the_library(student, variant):
    # affine φ in one dimension: sites that walk back towards the origin, in steps of a thousandth of the slack
    for n, epsilon in enumerate((0.2, 0.02)):
        v = speeds(variant.pick("k", (3, 4, 5)), variant.number(f"speeds{n}"))
        got = student.subrounds(v.copy(), epsilon)
        walk = Walk(f"fgm:epsilon={epsilon}", np.array([3.0]), len(v), "half-space", 1.0)
        while walk.coordinator.round == 1:
            walk.step(-0.001 * v[:, None])
        found = walk.coordinator.subrounds - 1  # the last one belongs to the next round
        holds(
            abs(got - found) <= 1,
            "as many subrounds as in the library's FGM, but for one",
            QUANTA,
            v=v,
            epsilon=epsilon,
            got=got,
            library=found,
        )


@cache
def training(epsilon, seed):
    return run(
        dataset="ecg208",
        sites=4,
        hidden=(4,),
        steps=120,
        lr=0.01,
        threshold=0.05,
        protocol=f"fgm:epsilon={epsilon}",
        seed=seed,
        evaluations=1,
    )


def runs(variant, epsilon):
    """Three runs, of seeds that only this student in this grading has."""
    return (training(epsilon, variant.number(f"run{n}")) for n in range(3))


def rounds_and_subrounds(result):
    """Of the finished rounds, counted in the log: every message of a subround carries its number."""
    last = {}
    for event in result.events:
        last[event["round"]] = max(last.get(event["round"], 0), event["subround"])
    finished = int(result.series["rounds"][-1])
    return finished, sum(last.get(n, 0) + 1 for n in range(1, finished + 1))


@pytest.mark.points(3)
def test_per_round(student, variant):
    for epsilon in (0.01, 0.0001):
        for result in runs(variant, epsilon):
            rounds, subrounds = rounds_and_subrounds(result)
            close(
                student.per_round(result),
                subrounds / rounds,
                "subrounds of the finished rounds / finished rounds",
                "the docstring of `per_round`",
                epsilon=epsilon,
                rounds=rounds,
                subrounds=subrounds,
            )


def a_range(got, most):
    """(low, high), and narrow."""
    holds(np.shape(got) == (2,), "a range (low, high)", ANSWER, got=got)
    low, high = map(float, got)
    narrow = 0 < low <= high <= most * low
    holds(narrow, f"a range with high ≤ {most} low", ANSWER, low=low, high=high)
    return low, high


def fresh_slope(k, rng):
    """By counting, on draws that only this student in this grading has."""
    shares = np.array([share_left(v) for v in rng.uniform(0.2, 1.8, (3000, k))])
    few, many = (
        np.maximum(1, np.ceil(np.log(epsilon) / np.log(shares))) for epsilon in (1 / 4, 1 / 1024)
    )
    return float((many - few).mean()) / 8


@pytest.mark.points(3)
def test_slope(student, variant):
    # few sites and many: no single range holds for both
    for sites in ((2, 3), (6, 8, 11)):
        k = variant.pick(f"sites of {len(sites)}", sites)
        low, high = a_range(student.slope(k), 1.05)
        measured = fresh_slope(k, variant.rng(f"slope {k}"))
        holds(
            low <= measured <= high,
            "the slope on fresh speeds is in the range",
            ANSWER,
            k=k,
            range=(low, high),
            measured=measured,
        )


@pytest.mark.points(2)
def test_ratio(student, variant):
    # a coarse ε and a fine one: no single range holds for both
    for epsilon in (variant.pick("coarse", (0.5, 0.3)), 0.01):
        low, high = a_range(student.ratio(epsilon), 1.35)
        pairs = zip(counts(variant, 0.0001), counts(variant, epsilon), strict=True)
        measured = [fine / coarse for fine, coarse in pairs]
        holds(
            low <= max(measured) and min(measured) <= high,
            "the ratios of three fresh runs are not all on one side of the range",
            ANSWER,
            epsilon=epsilon,
            range=(low, high),
            measured=np.array(measured),
        )


def counts(variant, epsilon):
    """Subrounds of a round, in each of three runs."""
    return [
        subrounds / rounds
        for rounds, subrounds in map(rounds_and_subrounds, runs(variant, epsilon))
    ]
