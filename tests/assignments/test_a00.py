"""a00 Hello, ledger: exact counts, against a slow count and against the library's own bill."""

import pytest
from desk import cases, close, holds
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref import run

BILL = "tutorial 05, 'What does a message cost?'; the row `periodic` in tutorials/reference.md"
LOG = "the docstrings of Event (fgm_ref/transport/ledger.py) and KINDS (fgm_ref/transport/messages.py)"
SITES, LENGTHS, STEPS, PERIODS = (
    st.integers(1, 9),
    st.integers(1, 5000),
    st.integers(1, 60),
    st.integers(1, 70),
)


def slow(k, steps, b):
    """Count message by message."""
    sent = k
    for step in range(1, steps + 1):
        if step % b == 0:
            sent += k  # up
            sent += k  # down
    return sent


@pytest.mark.points(4)
@cases()
@given(k=SITES, steps=STEPS, b=PERIODS)
def test_messages(student, k, steps, b):
    close(
        student.messages(k, steps, b),
        slow(k, steps, b),
        "the number of messages",
        BILL,
        0,
        k=k,
        steps=steps,
        b=b,
    )


@pytest.mark.points(3)
@cases()
@given(k=SITES, D=LENGTHS, steps=STEPS, b=PERIODS)
def test_payload(student, k, D, steps, b):
    bytes_ = 4 * D * slow(k, steps, b)
    close(
        student.payload(k, D, steps, b),
        bytes_,
        "the number of bytes",
        BILL,
        0,
        k=k,
        D=D,
        steps=steps,
        b=b,
    )


@pytest.mark.points(4)
@cases()
@given(
    k=SITES,
    D=LENGTHS,
    rounds=st.integers(0, 9),
    rest=st.floats(0, 1, exclude_max=True),
    less=st.booleans(),
)
def test_largest_number_of_rounds(student, k, D, rounds, rest, less):
    budget = 4 * k * D + 8 * k * D * rounds + int(rest * 8 * k * D)
    if less:
        rounds, budget = 0, int(rest * 4 * k * D)  # not even the first models
    got = student.largest_number_of_rounds(k, D, budget)
    close(
        got,
        rounds,
        "the number of synchronisations in the budget",
        BILL,
        0,
        k=k,
        D=D,
        budget=budget,
    )


@pytest.fixture(scope="module")
def runs(variant):
    """{protocol: a run of the library}, with this student's numbers."""
    settings = {
        "dataset": "ecg208",
        "sites": variant.pick("sites", range(2, 6)),
        "steps": variant.pick("steps", range(11, 25)),
        "hidden": (variant.pick("hidden", range(2, 6)),),
        "seed": variant.number("seed"),
        "evaluations": 1,
    }
    protocols = (f"periodic:b={variant.pick('b', range(2, 6))}", "gm", "fgm")
    return {name: run(protocol=name, threshold=0.02, **settings) for name in protocols}


@pytest.mark.points(5)
def test_prediction_of_a_run(student, runs):
    protocol, result = next(iter(runs.items()))
    k, D, steps = result.config.sites, result.final["parameters"], result.config.steps
    b, numbers = (
        int(protocol.partition("=")[2]),
        {"k": k, "D": D, "steps": steps, "protocol": protocol},
    )
    close(
        student.messages(k, steps, b),
        result.totals["messages"],
        "as many messages as in a run",
        BILL,
        0,
        **numbers,
    )
    close(
        student.payload(k, D, steps, b),
        result.totals["bytes"],
        "as many bytes as in a run",
        BILL,
        0,
        **numbers,
    )


@pytest.mark.points(4)
def test_count(student, runs):
    for protocol, result in runs.items():
        bill = {kind: row["messages"] for kind, row in result.ledger.items()}
        got = student.count(result.events)
        holds(
            got == bill,
            "the ledger's messages per kind",
            LOG,
            protocol=protocol,
            got=got,
            should_be=bill,
        )
