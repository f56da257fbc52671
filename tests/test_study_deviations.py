"""A published program's deviations: with all of them off nothing differs, and each does what it says."""

import numpy as np
import pytest
from hypothesis import given
from scripted import build, play, start
from strategies import make_script, scripts

from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run

PATH = "fgm_ref.study.deviations"
PAIRS = pytest.mark.parametrize(
    "mine, correct",
    [("GM", "dynamic"), ("GM", "dynamic:b=3"), ("FGM", "fgm"), ("FGM", "fgm:epsilon=0.2")],
)


def gm(*on):
    return f"{PATH}:GM:" + ",".join(f"{name}=yes" for name in on)


def fgm(*on):
    return f"{PATH}:FGM:" + ",".join(f"{name}=yes" for name in on)


def same(a, b):
    assert repr(a.events) == repr(b.events)
    np.testing.assert_array_equal(a.sites.models, b.sites.models)
    np.testing.assert_array_equal(a.coordinator.E, b.coordinator.E)


@PAIRS
@given(script=scripts())
def test_with_no_switch_on_it_is_the_correct_protocol(mine, correct, script):
    for safe in ("ball", "cap"):
        same(
            play(script, f"{PATH}:{mine}:{correct.partition(':')[2]}", safe),
            play(script, correct, safe),
        )


@pytest.mark.parametrize("mine, correct", [("GM", "dynamic"), ("FGM", "fgm")])
@pytest.mark.parametrize("schedule", ["single", "lockstep"])
def test_whole_runs_are_the_same_with_no_switch_on(mine, correct, schedule):
    a, b = (
        run(
            Config(
                dataset="ecg208",
                protocol=name,
                sites=4,
                hidden=(3,),
                steps=60,
                schedule=schedule,
                threshold=0.02,
                evaluations=1,
            )
        )
        for name in (f"{PATH}:{mine}", correct)
    )
    assert a.series["rounds"][-1] > 1
    assert a.events.tobytes() == b.events.tobytes()
    assert (a.model == b.model).all()


def test_they_are_not_in_the_registry_and_every_switch_starts_off():
    names = {
        "GM": {"inverted", "norm", "partial_reference", "stale", "rewind", "movers", "sum_test"},
        "FGM": {"unsigned", "sum", "carry", "stale", "rewind", "stale_phi", "twice"},
    }
    for name, switches in names.items():
        protocol, options = parse(f"{PATH}:{name}")
        assert protocol not in PROTOCOLS.values()
        assert {key for key, value in options.items() if value is False} == switches
        _, published = parse(f"{PATH}:{name}_PUBLISHED")
        assert {key for key in switches if not published[key]} == ({"sum_test"} & switches)
        assert (
            published["b" if name == "GM" else "epsilon"]
            == options["b" if name == "GM" else "epsilon"]
        )
    with pytest.raises(ValueError, match=r"expected b=1, .*inverted=False.*got 'invert=yes'"):
        parse(f"{PATH}:GM:invert=yes")


# GM.  k = 4 sites on a line, E = 0, R = 1: the condition is w² ≤ 1.


def line(protocol, *moves, active=None, k=4, E=0.0, **more):
    """A game with one parameter: `moves` of site 0 alone, or whole rows of `active` sites."""
    game = build(protocol, np.array([E]), k, **{"threshold": 1.0, **more})
    for move in moves:
        game.step(
            np.reshape(move, (-1, 1)).astype(float), np.array([0]) if active is None else active
        )
    return game


def test_inverted_stops_at_two_sites_with_a_mean_outside():
    # w_0 = 3: correct {3, 0} has mean 1.5, {3, 0, 0} has mean 1 ≤ 1; inverted it stops at 1.5
    assert line("dynamic", 3).names()[-1] == "BALANCED"
    assert len(line("dynamic", 3).senders("BALANCED")) == 3
    game = line(gm("inverted"), 3)
    assert len(game.senders("BALANCED")) == 2
    assert sorted(game.sites.models.ravel()) == [0, 0, 1.5, 1.5]
    # a mean inside makes it go on: {1.5, 0} → 0.75 is inside, and so is every larger set: everybody
    assert line(gm("inverted"), 1.5).coordinator.round == 2
    assert line("dynamic", 1.5).coordinator.round == 1


def test_inverted_only_the_count_of_violations_ends_a_round():
    # site 0 goes to 2.5 again and again; any two have a mean of at least 1.25.  The k-th violation ends the round
    game = line(gm("inverted"))
    for step in range(1, 5):
        game.step(2.5 - game.sites.models[:1], np.array([0]))
        assert (game.coordinator.rebalances, game.coordinator.round) == (
            (step, 1) if step < 4 else (3, 2)
        )
    # bytes of that round: 4 violations and 3 partners up, 3 · 2 down; then 3 others up and 4 down; the start: 4
    assert game.ledger.total_bytes == 4 * (4 + 3 + 3 * 2 + 3 + 4 + 4)


def test_who_was_balanced_but_has_not_trained_is_silent():
    game = line(gm("inverted"), 3)
    mark = len(game.events)
    still = np.flatnonzero(game.sites.models.ravel() == 0)[:1]
    game.step(np.zeros((1, 1)), still)
    assert game.names(mark) == []


def test_norm_measures_from_twice_the_reference():
    # E = 5: w = 5 + X violates unless |X − 5| ≤ 1
    assert line("dynamic", 0.5, E=5.0).names() == ["MODEL"]
    assert "VIOLATION" in line(gm("norm"), 0.5, E=5.0).names()
    assert line(gm("norm"), 5.5, E=5.0).names() == ["MODEL"]
    # and no square: R = 0.5, |w − 2E| = 0.4 for E = 0
    assert (
        line(gm("norm"), 0.4, threshold=0.5).names()
        == line("dynamic", 0.4, threshold=0.5).names()
        == ["MODEL"]
    )
    # idle sites say nothing, although they are outside
    assert line(gm("norm"), 0.5, E=5.0).senders("VIOLATION") == [0]


def test_norm_and_a_long_reference_speak_in_every_step():
    script = make_script(4, 3, 20, R=2.0, seed=1)  # ‖E‖ = 5
    script = type(script)(script.E, 0.01 * script.moves, script.active, script.R, script.seed)
    assert play(script, "dynamic").names() == ["MODEL"]
    noisy = play(script, gm("norm"))
    assert noisy.names().count("VIOLATION") == 20 * 4


def test_partial_reference_moves_where_the_balanced_measure_from():
    # w_0 = 3 → {3, 0, 0} all take 1; then site 0 goes to 1.9: outside for E = 0, inside for its own reference 1
    games = [line(name, 3) for name in ("dynamic", gm("partial_reference"))]
    for game, speaks in zip(games, (True, False), strict=True):
        mark = len(game.events)
        game.step(np.array([[0.9]]), np.array([0]))
        assert ("VIOLATION" in game.names(mark)) == speaks
    assert repr(games[0].events[: len(games[1].events)]) == repr(games[1].events)
    # a full synchronisation gives one reference to all again
    games[1].step(np.full((4, 1), 9.0))
    assert games[1].coordinator.round == 2 and games[1].sites.base.shape == (1, 1)


@pytest.mark.parametrize("protocol, correct", [(gm("stale"), "dynamic"), (fgm("stale"), "fgm")])
def test_stale_measures_from_the_first_model_for_ever(protocol, correct):
    # all go by 3 together: everybody is synchronised at 3.  From there a step of 0.5 is inside, but not for E = 0
    everybody = np.arange(4)
    for name, rounds in ((correct, 2), (protocol, 3)):
        game = line(name, [3] * 4, [0.5] * 4, active=everybody)
        assert game.coordinator.round == rounds
        np.testing.assert_allclose(game.S, 3.5)
    np.testing.assert_allclose(game.coordinator.E, 3.5)  # what is shipped is right
    same(line(protocol, [3] * 4, active=everybody), line(correct, [3] * 4, active=everybody))


@pytest.mark.parametrize("protocol", [gm("rewind"), fgm("rewind")])
def test_rewind_loses_what_was_learnt(protocol):
    game = line(protocol, [3] * 4, active=np.arange(4))
    assert game.coordinator.round == 2 and game.coordinator.E == 3
    np.testing.assert_array_equal(game.sites.models, 0)
    # the next round is watched from there
    game.step(np.full((4, 1), 0.2))
    assert game.coordinator.round == 2


def test_rewound_drifts_are_added_to_the_coordinators_model_in_fgm():
    game = line(fgm("rewind"), [3] * 4, [2] * 4, active=np.arange(4))
    assert game.coordinator.E == 3 + 2


def test_movers_leave_out_who_stands_at_the_reference():
    # {3, 0, 0} has mean 1, but among movers 3: everybody is asked, and E becomes 3 instead of 3/4
    game = line(gm("movers"), 3)
    assert game.coordinator.round == 2 and game.coordinator.E == 3
    everybody = np.array([[1.5, 0.1, -0.2, 0.3]])
    same(
        line(gm("movers"), everybody, active=np.arange(4)),
        line("dynamic", everybody, active=np.arange(4)),
    )
    # nobody in B has moved: the plain mean
    coordinator = game.coordinator
    coordinator.B = {0: coordinator.E.copy(), 1: coordinator.E.copy()}
    assert coordinator.mean() == coordinator.E


@given(script=scripts(min_k=2, radii=(0.5, 1, 2)))
def test_sum_test_ends_with_the_violators_or_with_everybody(script):
    game = start(script, gm("sum_test"))
    for moves, active in script:
        mark = len(game.events)
        game.step(moves, active)
        V, B = len(game.senders("VIOLATION", mark)), len(game.senders("BALANCED", mark))
        assert B in (0, V)  # a partial set is never an augmented one
    correct = play(script, "dynamic")
    assert game.names()[:1] == correct.names()[:1]


def test_sum_test_runs_to_the_end_once_it_has_begun():
    # 3²/4 > 1 with any partners; the correct test is content with three
    assert line(gm("sum_test"), 3).coordinator.round == 2
    # 1.5²/4 < 1: never begun, although the violator alone is outside; it takes its own model
    game = line(gm("sum_test"), 1.5)
    assert game.senders("BALANCED") == [0] and game.sites.models[0] == 1.5


# FGM with the ball |w − E| ≤ 1: φ(0) = −1, θ = 1/2.


def test_unsigned_reads_a_fall_as_a_huge_count():
    # up by 0.9 (one quantum each, c = 4 ≤ k), a new subround starts at the fifth; then back by 0.3: φ falls
    game, wrong = line("fgm"), line(fgm("unsigned"))
    for step in (0.8, -0.3):
        for one in (game, wrong):
            one.step(np.full((4, 1), step))
    same(game, wrong)  # φ(X) is still above z = φ(0): not negative
    for one in (game, wrong):
        one.coordinator.end_subround()  # z = φ(0.5)
        mark = len(one.events)
        one.step(np.array([[-0.3]]), np.array([2]))
        spoke = one.names(mark)
        assert spoke == ([] if one is game else ["INCREMENT", "POLL", "PHI", "QUANTUM"])
    assert wrong.sites.values[2] == pytest.approx(-0.8)


def test_sum_and_carry_move_the_model_too_far():
    moves = [[3] * 4, [2] * 4]
    ends = {
        name: float(line(name, *moves, active=np.arange(4)).coordinator.E[0])
        for name in ("fgm", fgm("sum"), fgm("carry"), fgm("sum", "carry"))
    }
    assert list(ends.values()) == [3 + 2, 12 + 8, 3 + (3 + 2), 12 + (12 + 8)]
    same(
        line(fgm("carry"), moves[0], active=np.arange(4)),
        line("fgm", moves[0], active=np.arange(4)),
    )


@given(script=scripts(styles=("common",), radii=(2,), max_k=6, min_k=2))
def test_with_one_round_sum_and_carry_change_nothing_before_its_end(script):
    correct, wrong = play(script, "fgm"), play(script, fgm("sum", "carry"))
    first_end = [n for n, name in enumerate(correct.names()) if name == "MODEL"][1:2] or [
        len(correct.events)
    ]
    assert repr(correct.events[: first_end[0]]) == repr(wrong.events[: first_end[0]])


def test_stale_phi_outlives_the_round():
    # site 0 alone ends the first round; sites 1 to 3 stand where they stood
    game, wrong = line("fgm", 5), line(fgm("stale_phi"), 5)
    same(game, wrong)
    assert game.coordinator.round == 2
    np.testing.assert_allclose(game.sites.values, [-1] * 4)
    np.testing.assert_allclose(wrong.sites.values, [4, -1, -1, -1])
    # z is as wrong: site 0 goes out to 2 and keeps silent
    mark = len(wrong.events)
    for one in (game, wrong):
        one.step(np.array([[2.0]]), np.array([0]))
    assert wrong.names(mark) == [] and len(game.events) > mark
    # a site's own batch refreshes its φ
    assert wrong.sites.values[0] == 1


def test_stale_phi_makes_unsigned_shout():
    game = line(fgm("stale_phi", "unsigned"), 5)
    mark = len(game.events)
    game.step(np.array([[0.1]]), np.array([0]))  # φ = −0.9, z = 4
    assert game.names(mark)[:3] == ["INCREMENT", "POLL", "PHI"]


@given(script=scripts())
def test_twice_changes_the_bill_and_nothing_else(script):
    correct, wrong = play(script, "fgm"), play(script, fgm("twice"))
    np.testing.assert_array_equal(correct.sites.models, wrong.sites.models)
    a, b = correct.counts(), wrong.counts()
    assert b.get("PHI", 0) == 2 * a.get("PHI", 0)
    assert b.get("POLL", 0) == a.get("POLL", 0) + a.get("PHI", 0)
    assert all(a[name] == b[name] for name in a if name not in ("PHI", "POLL"))


@pytest.mark.parametrize(
    "name, safe, threshold", [("GM_PUBLISHED", "ball", 0.02), ("FGM_PUBLISHED", "cap", 0.002)]
)
def test_all_together_run_to_the_end(name, safe, threshold):
    result = run(
        Config(
            dataset="ecg208",
            protocol=f"{PATH}:{name}",
            safe=safe,
            sites=4,
            hidden=(3,),
            steps=60,
            schedule="single",
            threshold=threshold,
            evaluations=1,
        )
    )
    rounds, rebalances = result.series["rounds"][-1], result.series["rebalances"][-1]
    assert np.isfinite(result.final["loss"]) and rounds > 2
    if (
        name == "GM_PUBLISHED"
    ):  # whatever the learning does: every batch violates, and the k-th violation ends a round
        k, D = 4, result.final["parameters"]
        assert (rounds, rebalances) == (60 / k, 60 / k * (k - 1))
        # so a round costs 1 + 2(k − 1)/k times what it costs to collect k models and to send k out
        assert result.totals["bytes"] == 4 * D * (k + rounds * 2 * k * (1 + 2 * (k - 1) / k))
