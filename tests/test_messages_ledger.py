"""What messages weigh, and what every protocol costs: the ledger against counts derived by hand."""

import re
from collections import Counter
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, numbers, play
from strategies import make_script, scripts

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.transport.ledger import EVERYBODY, tcp_bytes
from fgm_ref.transport.messages import (
    DOWN,
    DRIFT,
    INDEX,
    KINDS,
    MODEL,
    POLL,
    UP,
    VIOLATION,
    WORD,
    weight,
)

every_protocol = pytest.mark.parametrize(
    "protocol",
    [
        *PROTOCOLS,
        "periodic:b=3",
        "dynamic:b=2",
        "gm-reb:balancing=slack",
        "fgm-reb:rule=bimodal",
        "fgm-reb:most=1",
    ],
)


# ------------------------------------------------------------------------------------------- the message table


def test_kinds_are_different_and_indexed():
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert [INDEX[kind] for kind in KINDS] == list(range(len(KINDS)))
    assert {kind.direction for kind in KINDS} == {UP, DOWN}


@given(shape=st.lists(st.integers(0, 5), max_size=3))
def test_weight(shape):
    # four bytes a number, in whatever precision NumPy computes; nothing for an empty message
    for dtype in (np.float32, np.float64, np.int64):
        assert weight(np.zeros(shape, dtype)) == 4 * int(np.prod(shape))
        assert weight((np.zeros(shape, dtype), np.zeros(3))) == 4 * int(np.prod(shape)) + 12
    assert (weight(None), weight(1), weight(0.5), weight(np.float32(2))) == (0, 4, 4, 4)


def sizes(kind, D, k):
    """Bytes that a message of this kind may weigh, from its `words` (the script's learner has one moment)."""
    if kind.words == "inputs + targets":
        return {2 * D * WORD}
    numbers = {
        "0": [0],
        "1": [1],
        "2": [2],
        "D": [D],
        "D per moment + counters": [D],
        "m": [min(32, D)],
        "1 + sketch": [1 + 5 * 250],
        "1 + r": range(1, 7),
        "D/32": [ceil(D / 32)],
        "D · bits of k / 32": [ceil(D * k.bit_length() / 32)],
    }
    return {number * WORD for word in re.split(" or |, ", kind.words) for number in numbers[word]}


@every_protocol
@given(script=scripts(), average_state=st.booleans())
def test_every_message_weighs_what_its_kind_declares(protocol, script, average_state):
    game = play(script, protocol, average_state=average_state)
    for event in game.events:
        assert event.size in sizes(KINDS[event.kind], numbers(event, script.D), script.k), KINDS[
            event.kind
        ]


def test_tcp_like_bytes():
    # 40 bytes for every started segment of 1,024; an empty message is one segment
    for size in range(0, 5000, 4):
        assert tcp_bytes(size) == size + 40 * max(1, ceil(size / 1024))


# ------------------------------------------------------------------------------------------ ledger identities


@every_protocol
@given(script=scripts(), multicast=st.booleans())
def test_conservation(protocol, script, multicast):
    # total = Σ kinds = Σ sites = up + down, in messages, payload bytes and TCP-like bytes;
    # replaying the log computes the same numbers once more
    ledger = play(script, protocol, multicast=multicast).ledger
    totals, kinds = ledger.totals(), ledger.by_kind()
    replayed = Counter()
    for event in ledger.events:
        kind = KINDS[event.kind]
        for what, amount in (
            ("messages", 1),
            ("bytes", event.size),
            ("tcp_bytes", tcp_bytes(event.size)),
        ):
            replayed[kind.name, what] += amount * event.copies
            replayed[kind.direction, what] += amount * event.copies
            replayed[what] += amount * event.copies
    tables = {"messages": ledger.messages, "bytes": ledger.payload, "tcp_bytes": ledger.tcp}
    for what, table in tables.items():
        assert (
            totals[what]
            == totals[f"{what}_up"] + totals[f"{what}_down"]
            == replayed[what]
            == table.sum()
        )
        assert totals[what] == sum(kind[what] for kind in kinds.values()) == table.sum(axis=0).sum()
        for way in (UP, DOWN):
            assert totals[f"{what}_{way}"] == replayed[way, what]
            assert totals[f"{what}_{way}"] == sum(
                kind[what] for kind in kinds.values() if kind["direction"] == way
            )
        for name, kind in kinds.items():
            assert kind[what] == replayed[name, what]
    assert set(kinds) == {KINDS[event.kind].name for event in ledger.events}
    assert (ledger.total_messages, ledger.total_bytes) == (totals["messages"], totals["bytes"])


@every_protocol
@given(script=scripts())
def test_columns_are_the_sites_of_the_log(protocol, script):
    # unicast: column i holds what went to or from site i, the last column nothing
    game = play(script, protocol)
    expected = np.zeros_like(game.ledger.messages)
    for event in game.events:
        expected[event.kind, slice(0, -1) if event.site == EVERYBODY else event.site] += 1
        assert event.copies == (script.k if event.site == EVERYBODY else 1)
    np.testing.assert_array_equal(game.ledger.messages, expected)


@every_protocol
@given(script=scripts())
def test_multicast_changes_the_bill_only(protocol, script):
    # a broadcast to k sites is billed once: the same models, the same events, another number of copies
    one, many = play(script, protocol, multicast=True), play(script, protocol)
    np.testing.assert_array_equal(one.sites.models, many.sites.models)
    np.testing.assert_array_equal(one.coordinator.E, many.coordinator.E)
    assert one.names() == many.names()
    for cheap, dear in zip(one.events, many.events, strict=True):
        if KINDS[dear.kind].direction == DOWN and dear.copies == script.k:
            assert (cheap.copies, cheap.size, cheap.site) == (1, dear.size, EVERYBODY)
        else:
            assert repr(cheap) == repr(dear)


# ------------------------------------------------------------------ closed forms, derived from the specification


def bytes_of(k, D, models, words):
    """So many model-sized messages per site, and so many words in all."""
    return 4 * (k * D * models + words)


@given(script=scripts())
def test_local_costs_the_initial_model(script):
    totals = play(script, "local").ledger.totals()
    assert (totals["messages"], totals["bytes"]) == (script.k, script.k * 4 * script.D)


@given(script=scripts())
def test_central_costs_the_samples(script):
    # raw inputs and targets of every mini-batch, no initial model
    game = play(script, "central")
    trained = sum(map(len, script.active))
    assert game.counts() == {"SAMPLES": trained}
    assert game.ledger.total_bytes == trained * 2 * 4 * script.D


@given(script=scripts(max_steps=40), b=st.integers(1, 12))
def test_periodic_costs(script, b):
    # ⌊steps/b⌋ synchronisations of 2·k·4D bytes and 2k messages each, after the initial k·4D
    totals = play(script, f"periodic:b={b}").ledger.totals()
    syncs, model = len(script) // b, 4 * script.D
    assert totals["messages"] == script.k * (1 + 2 * syncs)
    assert totals["bytes"] == script.k * model * (1 + 2 * syncs)
    assert totals["bytes_up"] == script.k * model * syncs


def marching(k, D, steps, R, protocol, movers=None):
    """`movers` (all) go one unit per step along the first axis; the others stand still.  E = 0."""
    game = build(protocol, np.zeros(D), k, threshold=R)
    move = np.zeros((k, D))
    move[: k if movers is None else movers, 0] = 1
    for _ in range(steps):
        game.step(move)
    return game


@given(k=st.integers(1, 5), D=st.integers(1, 9), steps=st.integers(0, 20))
def test_gm_costs_of_a_march(k, D, steps):
    # R = 2.5: ‖X‖ > R at every third step.  A round then costs 1 violation (empty), k polls (empty),
    # k drifts and k models: 1 + 3k messages, 2·k·4D bytes
    rounds = steps // 3
    game = marching(k, D, steps, 2.5, "gm")
    assert game.ledger.total_messages == k + rounds * (1 + 3 * k)
    assert game.ledger.total_bytes == k * 4 * D * (1 + 2 * rounds)
    assert game.coordinator.E[0] == 3 * rounds


@given(k=st.integers(1, 5), D=st.integers(1, 9), steps=st.integers(0, 20))
def test_fgm_costs_of_a_march(k, D, steps):
    # R = 2.5, θ = R/2 = 1.25 (no message).  n_i = ⌊t/θ⌋: 0, 1, 2 at t = 1, 2, 3.  At t = 2 all k sites send 1
    # (c = k, not more); at t = 3 the first to speak makes c = k + 1: k polls, k values, ψ = k/2 > 0: the round
    # ends with k polls, k drifts, k models
    rounds, rest = divmod(steps, 3)
    game = marching(k, D, steps, 2.5, "fgm")
    quanta = rounds * (k + 1) + (k if rest == 2 else 0)
    assert game.counts() == {
        name: count
        for name, count in {
            "MODEL": k * (1 + rounds),
            "INCREMENT": quanta,
            "POLL": 2 * k * rounds,
            "PHI": k * rounds,
            "DRIFT": k * rounds,
        }.items()
        if count
    }
    assert game.ledger.total_bytes == bytes_of(k, D, 1 + 2 * rounds, quanta + k * rounds)


def test_fgm_subrounds_of_a_lonely_march():
    # k = 2, R = 8, only site 0 moves: φ_0 = t − 8, φ_1 = −8.
    # θ = 4:   quanta at t = 4, 8, 12; the third makes c = 3 > k: ψ = 4 − 8 = −4, so go on
    # θ = 1:   quanta at t = 13, 14, 15: ψ = 7 − 8 = −1, so go on
    # θ = 1/4: four quanta in one step, of which k + 1 = 3 are told: ψ = 8 − 8 = 0, the round ends at t = 16
    game = marching(2, 1, 16, 8.0, "fgm", movers=1)
    events = [(e.step, KINDS[e.kind].name, e.number) for e in game.events]
    seen = [event for event in events if event[1] in ("INCREMENT", "QUANTUM")]
    assert seen == [
        (4, "INCREMENT", 1),
        (8, "INCREMENT", 1),
        (12, "INCREMENT", 1),
        (12, "QUANTUM", 1),
        (13, "INCREMENT", 1),
        (14, "INCREMENT", 1),
        (15, "INCREMENT", 1),
        (15, "QUANTUM", 0.25),
        (16, "INCREMENT", 3),
    ]
    assert game.counts() == {
        "MODEL": 4,
        "INCREMENT": 7,
        "POLL": 8,
        "PHI": 6,
        "QUANTUM": 4,
        "DRIFT": 2,
    }
    assert game.ledger.total_bytes == 4 * (4 + 7 + 6 + 4 + 2)
    assert game.coordinator.E[0] == 8  # the mean of 16 and 0: sites that stood still count


@given(script=scripts(), protocol=st.sampled_from(["fgm", "fgm:epsilon=0.3"]))
def test_fgm_cost_identity(script, protocol):
    # payload = R·k·4D (down) + R'·k·4D (up) + 4·[k·(quanta sent) + increments + k·polls], with R rounds
    # started, R' finished; the first quantum of a round is free
    game = play(script, protocol)
    k, started = script.k, game.coordinator.round
    later = game.coordinator.subrounds - started
    polls = later + started - 1  # every subround but the running one has ended with a poll of φ
    increments = game.names().count("INCREMENT")
    assert game.ledger.total_bytes == bytes_of(
        k, script.D, 2 * started - 1, k * later + increments + k * polls
    )
    rounds_end = k * (started - 1)  # the polls for the drifts
    assert (
        game.ledger.total_messages
        == k * (2 * started - 1) + k * later + increments + 2 * k * polls + rounds_end
    )


@pytest.mark.parametrize("rule", ["zero-balance", "bimodal"])
@given(script=scripts())
def test_fgm_reb_cost_identity(rule, script):
    # a flush costs k·4D up and saves k·4D down if it is accepted: then it costs k words λ and k words θ
    game = play(script, f"fgm-reb:rule={rule}")
    k, started, accepted = script.k, game.coordinator.round, game.coordinator.rebalances
    flushes = started - 1 + accepted
    quanta = game.coordinator.subrounds - started
    polls = game.coordinator.subrounds - 1
    increments = game.names().count("INCREMENT")
    words = k * accepted + k * quanta + increments + k * polls
    assert game.ledger.total_bytes == bytes_of(k, script.D, started + flushes, words)
    assert game.counts().get("FLUSH", 0) == k * flushes
    assert game.counts().get("LAMBDA", 0) == k * accepted


def sections(game, opener):
    """The log cut before every first `opener` in a row, the start excluded; [(name, copies)]."""
    cut, before = [], None
    for event in game.events[1:]:
        name = KINDS[event.kind].name
        if name == opener and before != opener:
            cut.append(Counter())
        before = name
        cut[-1][name] += event.copies
    return cut


@given(script=scripts())
def test_gm_reb_costs_per_violation(script):
    # 1 violation, |B| polls, |B| drifts; then |B| < k balanced drifts (payload 2·|B|·4D), or k models
    game = play(script, "gm-reb")
    for bill in sections(game, "VIOLATION"):
        B = bill["DRIFT"]
        assert bill["POLL"] == B
        assert bill["VIOLATION"] == 1
        partial = script.k > B
        assert (bill["BALANCED"], bill["MODEL"]) == ((B, 0) if partial else (0, script.k))
    assert game.ledger.by_kind().get("VIOLATION", {"bytes": 0})["bytes"] == 0


@pytest.mark.parametrize("protocol", ["dynamic", "dynamic-plain"])
@given(script=scripts())
def test_kamp_costs_per_event(protocol, script):
    # |V| violations with a model, |B| − |V| polls, |B| − |V| models up, |B| down: payload 2·|B|·4D
    game = play(script, protocol)
    model, total = 4 * script.D, script.k * 4 * script.D
    for bill in sections(game, "VIOLATION"):
        B = bill["VIOLATION"] + bill["LOCAL"]
        assert bill["POLL"] == bill["LOCAL"]
        partial = script.k > B
        assert (bill["BALANCED"], bill["MODEL"]) == ((B, 0) if partial else (0, script.k))
        assert protocol == "dynamic" or script.k == B
        total += 2 * B * model
    assert game.ledger.total_bytes == total


@pytest.mark.parametrize(
    "protocol",
    [p for p in PROTOCOLS if p not in ("central", "local", "at-end", "fgm-o", "fgm-blocks")],
)
def test_averaged_optimiser_state_is_billed(protocol):
    # with the policy "average" a full synchronisation also carries k polls, k states up and k means down
    script = make_script(3, 4, 25, "common", R=2.0)
    plain, average = (
        play(script, protocol).counts(),
        play(script, protocol, average_state=True).counts(),
    )
    syncs = plain["MODEL"] // 3 - 1
    assert syncs > 0
    assert average.pop("STATE") == average.pop("MEAN_STATE") == 3 * syncs
    average["POLL"] -= 3 * syncs
    assert {name: count for name, count in average.items() if count} == plain


def test_a_multicast_is_billed_to_nobody_in_particular():
    # the first model, to three sites at once: the last column; what goes to or comes from one site is in its own
    game = build("gm", np.zeros(2), 3, threshold=1.0, multicast=True)
    game.step(np.array([[9.0, 0.0], [0.0, 0.0], [0.0, 0.0]]))
    assert game.ledger.messages[INDEX[MODEL]].tolist() == [0, 0, 0, 2]
    assert game.ledger.payload[INDEX[MODEL]].tolist() == [0, 0, 0, 2 * 8]
    assert game.ledger.messages[INDEX[POLL]].tolist() == [0, 0, 0, 1]
    assert game.ledger.messages[INDEX[DRIFT]].tolist() == [1, 1, 1, 0]
    assert game.ledger.messages[INDEX[VIOLATION]].tolist() == [1, 0, 0, 0]
