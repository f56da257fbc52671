"""FGM block by block: each block keeps FGM's accounts, and together they keep S in the ball."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, halves, numbers, play, start, watch
from strategies import light, scripts

from fgm_ref.arrays import norm
from fgm_ref.protocols import MEAN, PROTOCOLS
from fgm_ref.protocols.fgm_blocks import budget, cut
from fgm_ref.safe import SAFE, zone_maker
from fgm_ref.simulation.observer import Observer
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.messages import INCREMENT, KINDS, WHOLE, Message, Tag

safes = pytest.mark.parametrize("safe", sorted(SAFE))


def blocks(game):
    """(sites, coordinator, drifts) of each block."""
    ends = zip(game.sites.parts, game.coordinator.parts, strict=True)
    return [(sites, coordinator, game.drifts[:, sites.where]) for sites, coordinator in ends]


def rounding(coordinator, X):
    zone = coordinator.make_zone(coordinator.E)
    return 1e-12 * (1 + abs(zone.at_zero) + np.abs(zone(X)).max() + float(norm(coordinator.E)))


@safes
@given(script=scripts())
def test_accounts_at_rest(safe, script):
    # FGM's invariants, in each block by itself
    k = script.k

    def check(game):
        for sites, coordinator, X in blocks(game):
            φ, tolerance = coordinator.make_zone(coordinator.E)(X), rounding(coordinator, X)
            assert sites.z.sum() == pytest.approx(coordinator.psi, rel=1e-9, abs=tolerance)
            assert 2 * k * sites.theta == pytest.approx(-coordinator.psi, rel=1e-9)
            assert coordinator.c == sites.c.sum() <= k
            assert φ.sum() <= coordinator.psi + sites.theta * (coordinator.c + k) + k * tolerance
            assert φ.sum() <= k * tolerance
            assert sites.tag == coordinator.tag
        assert len(game.sites.alarms()) == 0
        np.testing.assert_array_equal(
            game.coordinator.E, np.concatenate([c.E for c in game.coordinator.parts])
        )

    play(script, "fgm-blocks", safe, visit=check)


@pytest.mark.parametrize("relative", [True, False])
@given(script=scripts())
def test_the_blocks_keep_the_ball(relative, script):
    # Σ ‖mean X_b‖² ≤ Σ R_b² = R²: at equal threshold S is where plain FGM would keep it
    threshold = script.R / 5 if relative else script.R

    def check(game):
        R = [c.make_zone(c.E).R for c in game.coordinator.parts]
        whole = threshold * float(norm(game.coordinator.E)) if relative else threshold
        assert np.hypot.reduce(R) == pytest.approx(whole, rel=1e-12)
        assert pytest.approx(whole, rel=1e-12) == game.coordinator.make_zone(game.coordinator.E).R
        assert norm(game.S - game.coordinator.E) <= whole * (1 + 1e-9)

    play(script, "fgm-blocks", visit=check, threshold=threshold, relative=relative)


@safes
@light
@given(
    script=scripts(),
    codec=st.sampled_from(("float32", "float16", "int8+ef")),
    average=st.booleans(),
)
def test_one_block_is_fgm(safe, script, codec, average):
    # the same bill, message by message, and the same models, bit by bit
    fgm = play(script, "fgm", safe, codec=codec, average_state=average)
    one = play(script, "fgm-blocks:blocks=one", safe, codec=codec, average_state=average)
    assert repr([event[:-1] for event in one.events]) == repr([event[:-1] for event in fgm.events])
    assert {event.block for event in one.events[1:]} <= {0}
    np.testing.assert_array_equal(one.sites.models, fgm.sites.models)
    np.testing.assert_array_equal(one.coordinator.E, fgm.coordinator.E)
    np.testing.assert_array_equal(one.learners.moments, fgm.learners.moments)
    for count in ("round", "subrounds", "rebalances", "dropped"):
        assert getattr(one.coordinator, count) == getattr(fgm.coordinator, count)


@given(script=scripts())
def test_a_block_is_fgm_on_its_own(script):
    # each block's messages are those of an FGM that knows nothing but this block (but for whose turn comes when)
    if script.k == 1 and script.D > 1:
        both = play(script, "fgm-blocks")
        for number, where in enumerate(halves(script.D).values()):
            R = script.R * np.sqrt((where.stop - where.start) / script.D)
            alone = build("fgm", script.E[where], 1, threshold=R)
            for moves, active in script:
                alone.step(moves[:, where], active)
            mine = [event[:-1] for event in both.events if event.block == number]
            assert repr(mine) == repr([event[:-1] for event in alone.events[1:]])


def test_only_the_block_that_moves_is_shipped():
    # D = 4, the left half marches, the right half stands still: 2 numbers up and down per site and round
    game = build("fgm-blocks", np.ones(4), 3, threshold=1.0)
    for _ in range(10):
        game.step(np.tile([1.0, 0, 0, 0], (3, 1)))
    rounds = game.coordinator.round - 1
    assert rounds == 10
    assert [c.round - 1 for c in game.coordinator.parts] == [10, 0]
    bill = game.ledger.by_kind()
    assert bill["DRIFT"]["bytes"] == rounds * 3 * 2 * 4
    assert bill["MODEL"]["bytes"] == 3 * 4 * 4 + rounds * 3 * 2 * 4
    assert {event.block for event in game.events} == {WHOLE, 0}


@given(script=scripts(max_steps=40))
def test_cost_identity(script):
    # the initial model; 2·k·4·D_b per round of block b; words: k quanta a subround but the first, increments, k values
    game, k = play(script, "fgm-blocks"), script.k
    total = 4 * k * script.D
    for number, (_, coordinator, X) in enumerate(blocks(game)):
        mine = [event for event in game.events if event.block == number]
        names = [KINDS[event.kind].name for event in mine]
        total += 2 * k * 4 * X.shape[1] * (coordinator.round - 1)
        total += 4 * (k * (coordinator.subrounds - coordinator.round) + names.count("INCREMENT"))
        total += 4 * k * (coordinator.subrounds - 1)
    assert game.ledger.total_bytes == total
    assert game.coordinator.round - 1 == sum(c.round - 1 for c in game.coordinator.parts)


@given(script=scripts())
def test_mean_preservation_and_round_end(script):
    game = start(script, "fgm-blocks")
    for moves, active in script:
        game.move(moves, active)
        S, before, mark = game.S, game.sites.models.copy(), len(game.events)
        game.network.exchange()
        np.testing.assert_allclose(game.S, S, atol=1e-11)
        shipped = {event.block for event in game.events[mark:] if KINDS[event.kind].name == "MODEL"}
        for number, (sites, coordinator, _) in enumerate(blocks(game)):
            # a block that was collected is the mean of all at every site; the others are left alone
            models = game.sites.models[:, sites.where]
            if number in shipped:
                np.testing.assert_allclose(coordinator.E, S[sites.where], atol=1e-11)
                np.testing.assert_array_equal(models, np.tile(coordinator.E, (script.k, 1)))
            else:
                np.testing.assert_array_equal(models, before[:, sites.where])


@pytest.mark.parametrize("codec", ["float16", "int8", "int8+ef"])
@light
@given(script=scripts(dtype=np.float32, min_k=2))
def test_all_ends_hold_the_same_blocks(codec, script):
    # whatever is rounded: each block of E is one number at all ends, and the guarantee is about that
    def check(game):
        for sites, coordinator, _ in blocks(game):
            np.testing.assert_array_equal(sites.E, coordinator.E)
        for event in game.events:
            if KINDS[event.kind].name in ("DRIFT", "MODEL") and event.step:
                D = numbers(event, script.D)
                assert event.size == (2 * D if codec == "float16" else D + 4)

    assert watch(script, "fgm-blocks", codec=codec, visit=check).breaches == 0


def test_a_site_with_news_of_two_blocks_tells_both():
    game = build("fgm-blocks", np.zeros(4), 3, threshold=4.0)  # R_b = 2.83, θ = 1.41
    game.step(np.array([[1.5, 0, 0, 1.5]]), np.array([1]))
    assert [(event.site, event.block) for event in game.events[1:]] == [(1, 0), (1, 1)]
    assert [coordinator.c for coordinator in game.coordinator.parts] == [1, 1]


def test_stale_increments_are_dropped_by_their_block():
    # after a round of the left block only an increment of the left block can be stale
    game = build("fgm-blocks", np.zeros(4), 2, threshold=1.0)
    game.step(np.tile([5.0, 0, 0, 0], (2, 1)))
    assert [c.tag for c in game.coordinator.parts] == [(2, 0, 0), (1, 0, 1)]
    game.coordinator.receive(0, Message(INCREMENT, 1, Tag(1, 0, 0)))
    assert game.coordinator.dropped == 1
    game.coordinator.receive(0, Message(INCREMENT, 1, Tag(1, 0, 1)))
    assert (game.coordinator.dropped, game.coordinator.parts[1].c) == (1, 1)


def test_cut():
    named = {
        "embedding": slice(0, 6),
        "lstm0.W": slice(6, 8),
        "lstm0.p": slice(8, 9),
        "readout": slice(9, 12),
    }
    assert cut(named, "named", 12) == list(named.values())
    assert cut(named, "groups", 12) == [slice(0, 6), slice(6, 9), slice(9, 12)]
    assert cut(named, "one", 12) == cut({}, "named", 12) == [slice(0, 12)]
    with pytest.raises(ValueError, match="blocks: expected one of named, groups, one; got 'two'"):
        cut(named, "two", 12)


def test_each_zone_hears_of_the_layers_in_its_own_block():
    layers = slice(0, 4), slice(4, 6), slice(6, 7), slice(7, 9)
    make_zone = zone_maker("per-layer", 1.0, True, layers)
    assert budget(make_zone, slice(4, 7), 9).blocks == (slice(0, 2), slice(2, 3))
    assert budget(make_zone, slice(0, 4), 9).blocks == (slice(0, 4),)
    assert budget(make_zone, slice(0, 9), 9).blocks == layers


def test_what_it_cannot_do():
    with pytest.raises(ValueError, match="stands still"):
        build("fgm-blocks", np.ones(4), 2, safe="tracking")
    with pytest.raises(ValueError, match="optimizer_state"):
        run(dataset="ecg208", protocol="fgm-blocks", optimizer_state="reset", steps=1)


def test_the_observer_sees_a_block_outside():
    # the left block is pushed out behind everybody's back
    game = build("fgm-blocks", np.ones(4), 2, threshold=1.0)
    observer = Observer(game.protocol, game.sites, game.coordinator, strict=False)
    game.sites.models[:, 0] += 5
    observer.at_rest()
    assert observer.breaches == 1


def test_a_run_by_blocks():
    # a text model: embedding, recurrent matrix and readout have as many rounds as they need, and no more
    settings = {
        "dataset": "amazon_snippets",
        "sites": 3,
        "hidden": (4,),
        "embedding": 3,
        "steps": 25,
        "lr": 0.02,
        "evaluations": 1,
        "threshold": 0.1,
    }
    result = run(**settings, protocol="fgm-blocks", checks=True)
    models = result.events[[KINDS[kind].name == "MODEL" for kind in result.events["kind"]]]
    rounds = np.bincount(models["block"][1:], minlength=3)
    assert rounds.sum() == result.series["rounds"][-1] and len(set(rounds.tolist())) > 1
    assert result.final["breaches"] == 0
    assert PROTOCOLS["fgm-blocks"].guarantee is MEAN
    sizes = {
        block: set(models["size"][models["block"] == block].tolist()) for block in (WHOLE, 0, 1, 2)
    }
    assert sum(sum(sizes[block]) for block in (0, 1, 2) if sizes[block]) <= sum(sizes[WHOLE])
