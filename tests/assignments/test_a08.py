"""a08 Beat the baseline: first the invariants, then loss and bytes on streams that nobody has seen."""

import inspect
import re
import sys

import numpy as np
import pytest
from desk import cases, holds
from hypothesis import given
from hypothesis import strategies as st
from walks import Dishonest, Walk

from fgm_ref import CATALOGUE, run
from fgm_ref.check_safe import explain, hunt
from fgm_ref.protocols import Protocol, parse
from fgm_ref.safe import safe_function
from fgm_ref.simulation.observer import GuaranteeBroken

INTERFACE = "tutorial 12, 'Your own protocol': the interface"
SAFE = "tutorial 06; python -m fgm_ref.check_safe my_module:MyZone"
PROMISE = "tutorial 12, 'The battery'; the docstring of fgm_ref/simulation/observer.py"
FAIR = "the instructions: fair play"
TRADE = "tutorial 10, 'A fair comparison'; python -m fgm_ref.demo --protocol my_module:MINE"
BASELINES = ("periodic:b=10", "gm", "fgm")
SAME = {
    "dataset": "watch",
    "sites": 7,
    "split": "natural",
    "hidden": (8,),
    "steps": 100,
    "lr": 0.01,
    "evaluations": 2,
    "threshold": 0.1,
    "checks": True,
}


@pytest.fixture(scope="module")
def paths(student):
    """{"protocol": path or name, "safe": path or name} of what competes."""
    found = student.entry()
    good = isinstance(found, dict) and set(found) == {"protocol", "safe"}
    holds(good, 'a dictionary with "protocol" and "safe"', "the docstring of `entry`", got=found)
    module = sys.modules["submission_a08"]
    peeking = re.findall(r"\b_(?:sites|coordinator)\b|network\._\w+", inspect.getsource(module))
    holds(
        not peeking,
        "both ends speak by messages only, and nobody looks behind the network",
        FAIR,
        found=peeking,
    )
    for key, value in found.items():
        if not isinstance(value, str):
            setattr(module, f"ENTRY_{key}", value)
            found[key] = f"submission_a08:ENTRY_{key}"
    return found


@pytest.mark.points(2)
def test_entry(paths):
    try:
        protocol, _ = parse(paths["protocol"])
        make = safe_function(paths["safe"])
        make(np.array([3.0, 4.0]), 1.0)
    except ValueError as error:
        holds(False, f"a protocol and a safe function: {error}", INTERFACE)
    holds(isinstance(protocol, Protocol), "a Protocol", INTERFACE, got=type(protocol).__name__)
    holds(
        protocol.guarantee is not None,
        'a guarantee: "sum", "mean" or "variance"',
        INTERFACE,
        got=protocol.guarantee,
    )


@pytest.mark.points(2)
def test_safe_function(paths):
    name = paths["safe"]
    if name not in CATALOGUE:
        make = safe_function(name)
        report = hunt(make, seed=1, seconds=1.0)
        for key, case in report.found.items():
            holds(
                False,
                f"a safe function; counterexample to: {key}",
                SAFE,
                why=" / ".join(explain(key, make, case)),
            )


@pytest.mark.points(1)
def test_zone_is_no_larger_than_the_ball(paths):
    rng = np.random.default_rng(1)
    for R in (0.5, 2.0):
        zone = safe_function(paths["safe"])(np.array([3.0, 4.0, 0.0]), R)
        X = rng.standard_normal((40, 3))
        X *= 1.01 * R / np.linalg.norm(X, axis=1, keepdims=True)
        holds(
            np.ravel([zone(x) for x in X]) > 0,
            "when a round starts, φ(X) > 0 for ‖X‖ > R: a larger zone is only another threshold",
            FAIR,
            R=R,
        )


def a_walk(paths, k, steps, common, seed, unit=1.0):
    """(the walk, is every new E the mean of all models?); `GuaranteeBroken` if the promise is not kept."""
    rng = np.random.default_rng(seed)
    pull = rng.standard_normal(3)
    moves = 0.3 * unit * ((1 - common) * rng.standard_normal((steps, k, 3)) + common * pull)
    walk, means = (
        Walk(paths["protocol"], unit * np.array([3.0, 4.0, 0.0]), k, paths["safe"], unit),
        True,
    )
    for move in moves:
        before = walk.coordinator.round
        S = walk.step(move)
        means &= walk.coordinator.round == before or np.allclose(
            walk.coordinator.E, S, atol=1e-9 * unit
        )
        means &= np.allclose(walk.sites.models.mean(axis=0), S, atol=1e-9 * unit)
    return walk, means


WALKS = {
    "k": st.integers(1, 6),
    "steps": st.integers(1, 40),
    "common": st.sampled_from((0.0, 0.5, 0.9)),
    "seed": st.integers(0, 10**6),
}


@pytest.mark.points(5)
@cases(0.5)
@given(**WALKS)
def test_guarantee(paths, **numbers):
    try:
        a_walk(paths, **numbers)
    except GuaranteeBroken as error:
        holds(False, f"the guarantee at every quiet point: {error}", PROMISE, **numbers)
    except Dishonest as error:
        holds(False, f"{error}", FAIR, **numbers)


@pytest.mark.points(2)
@cases(0.3)
@given(**WALKS)
def test_mean_and_repetition(paths, **numbers):
    try:
        (one, means), (again, _) = (a_walk(paths, **numbers) for _ in range(2))
    except (GuaranteeBroken, Dishonest):
        return  # has cost its points above
    holds(
        means,
        "a new E is the mean of all models, and no message changes the mean",
        PROMISE,
        **numbers,
    )
    holds(
        one.ledger.events == again.ledger.events
        or str(one.ledger.events) == str(again.ledger.events),
        "the same walk gives the same messages",
        PROMISE,
        **numbers,
    )


@pytest.fixture(scope="module")
def board(paths, variant):
    """{name: (mean loss, mean bytes)} over two streams in which two exercises swap their names."""
    found = {}
    for name in (*BASELINES, "yours"):
        results = []
        for n in range(2):
            a, b = variant.rng(f"classes{n}").permutation(6)[:2]
            change = f"swap={a}/{b}@{variant.pick(f'when{n}', (0.4, 0.5, 0.6))}"
            protocol, safe = (
                (paths["protocol"], paths["safe"]) if name == "yours" else (name, "ball")
            )
            try:
                result = run(
                    **SAME,
                    protocol=protocol,
                    safe=safe,
                    change=change,
                    seed=variant.number(f"seed{n}"),
                )
            except GuaranteeBroken as error:
                holds(False, f"the guarantee while networks learn: {error}", PROMISE, change=change)
            results.append((result.final["loss"], result.totals["bytes"]))
        found[name] = tuple(np.mean(results, axis=0).tolist())
    return found


def lines(board):
    return {name: f"loss {loss:.3f}, {size:,.0f} bytes" for name, (loss, size) in board.items()}


@pytest.mark.points(4)
def test_loss(board, record_property):
    loss, size = board["yours"]
    others = {name: {"loss": board[name][0], "bytes": board[name][1]} for name in BASELINES}
    record_property("extra", {"loss": loss, "bytes": size, "baselines": others})
    worst = max(board[name][0] for name in BASELINES)
    holds(
        loss <= 1.05 * worst,
        "a loss of at most 1.05 times the worst baseline's",
        TRADE,
        **lines(board),
    )


@pytest.mark.points(2)
def test_fewer_bytes_than_averaging(board):
    holds(
        board["yours"][1] < board["periodic:b=10"][1],
        "fewer bytes than periodic:b=10",
        TRADE,
        **lines(board),
    )


@pytest.mark.points(2)
def test_fewer_bytes_than_monitoring(board):
    best = min(board[name][1] for name in ("gm", "fgm"))
    holds(board["yours"][1] < best, "fewer bytes than both gm and fgm", TRADE, **lines(board))
