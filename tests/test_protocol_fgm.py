"""Functional geometric monitoring: subrounds, quanta, counters, and what they guarantee."""

from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import NaiveFGM
from scripted import build, play, start
from strategies import make_script, scripts

from fgm_ref.safe import SAFE
from fgm_ref.transport.messages import INCREMENT, KINDS, WHOLE, Message

safes = pytest.mark.parametrize("safe", sorted(SAFE))


def rounding(game, dtype=np.float64):
    """What the sums below may be off by, as a share of the slack and of the numbers they are made of."""
    zone = game.coordinator.make_zone(game.coordinator.E)
    largest = (
        abs(zone.at_zero)
        + np.abs(zone(game.drifts)).max()
        + float(np.linalg.norm(game.coordinator.E))
    )
    return 50 * game.sites.k * np.finfo(dtype).eps * largest


@safes
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_no_silent_breach(safe, dtype, data):
    # at every quiet point: c ≤ k, Σφ(X_i) ≤ 0, and S is admissible
    script = data.draw(scripts(dtype=dtype))

    def check(game):
        zone = game.coordinator.make_zone(game.coordinator.E)
        tolerance = rounding(game, dtype) if dtype is np.float32 else rounding(game)
        assert game.coordinator.c <= script.k
        assert zone(game.drifts).sum(dtype=float) <= tolerance
        assert zone.excess(game.drifts) <= tolerance
        assert game.sites.models.dtype == game.coordinator.E.dtype == dtype
        assert game.coordinator.dropped == 0

    play(script, "fgm", safe, visit=check)


@safes
@given(script=scripts())
def test_accounts_at_rest(safe, script):
    k = script.k
    n_max, last = np.zeros(k), (1, 0)

    def check(game):
        nonlocal n_max, last
        sites, coordinator = game.sites, game.coordinator
        φ = coordinator.make_zone(coordinator.E)(game.drifts)
        if coordinator.tag != last:
            n_max, last = np.zeros(k), coordinator.tag
        # z_i was fixed when the subround started; Σz_i = ψ; θ = −ψ/(2k), so 2kθ = −ψ > 0
        assert sites.z.sum() == pytest.approx(coordinator.psi, rel=1e-9, abs=rounding(game))
        assert 2 * k * sites.theta == pytest.approx(-coordinator.psi, rel=1e-9)
        assert sites.theta > 0
        # c_i is the running maximum of ⌊(φ(X_i) − z_i)/θ⌋ ≥ 0 in this subround, and c = Σc_i
        n_max = np.maximum(n_max, np.floor((φ - sites.z) / sites.theta))
        np.testing.assert_array_equal(sites.c, n_max)
        assert coordinator.c == sites.c.sum() <= k
        # while c ≤ k:  Σφ < ψ + θ(c + k) ≤ 0
        bound = coordinator.psi + sites.theta * (coordinator.c + k)
        assert φ.sum() <= bound + rounding(game)
        assert bound <= rounding(game)
        # both ends are in the same subround, and nobody has anything left to say
        assert sites.tag == coordinator.tag
        assert len(sites.alarms()) == 0

    play(script, "fgm", safe, visit=check)


@safes
@given(script=scripts(), epsilon=st.sampled_from((0.01, 0.2)))
def test_poll_and_round_end(safe, script, epsilon):
    game = start(script, f"fgm:epsilon={epsilon}", safe)
    for moves, active in script:
        game.move(moves, active)
        S, before, mark, tag = (
            game.S,
            game.sites.models.copy(),
            len(game.events),
            game.coordinator.tag,
        )
        zone = game.coordinator.make_zone(game.coordinator.E)
        φ, slack = zone(game.drifts), script.k * zone.at_zero
        game.network.exchange()
        names = game.names(mark)
        np.testing.assert_allclose(game.S, S, atol=1e-11)
        if "MODEL" in names:
            # the stop rule: less than a share ε of the slack is left; then everybody gets the mean of all w_i
            assert φ.sum() >= epsilon * slack - rounding(game)
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )
            assert game.coordinator.tag == (tag.round + 1, 0, WHOLE)
            continue
        np.testing.assert_array_equal(game.sites.models, before)
        if "PHI" in names:
            # ψ is the sum of the *current* φ of all sites: those that stood still, or fell, or said nothing
            assert game.coordinator.psi == pytest.approx(φ.sum(), rel=1e-12)
            np.testing.assert_allclose(game.sites.z, φ, rtol=1e-12, atol=1e-12)
            assert φ.sum() < epsilon * slack
            assert game.coordinator.tag == tag._replace(subround=tag.subround + 1)
            assert not game.sites.c.any() and game.coordinator.c == 0
        else:
            assert set(names) <= {"INCREMENT"} and game.coordinator.tag == tag


def subrounds(game):
    """{(round, subround): [kind names, with one word per copy]}, from the log."""
    events = sorted(game.events, key=lambda e: (e.round, e.subround))
    return {tag: list(group) for tag, group in groupby(events, key=lambda e: (e.round, e.subround))}


def words(events, *names):
    return sum(e.copies for e in events if KINDS[e.kind].name in names)


@safes
@given(script=scripts())
def test_words_per_subround(safe, script):
    # k (θ; nothing in the first subround of a round) + at most k + 1 increments + k values: ≤ 3k + 1 words
    game, k = play(script, "fgm", safe), script.k
    for (_, number), events in subrounds(game).items():
        assert words(events, "QUANTUM") == (k if number else 0)
        assert words(events, "INCREMENT") <= k + 1
        assert words(events, "PHI") in (0, k)
        assert words(events, "QUANTUM", "INCREMENT", "PHI") <= 3 * k + 1
    quanta = game.names().count("QUANTUM")
    assert (
        quanta == game.coordinator.subrounds - game.coordinator.round
    )  # the first quantum of a round is free


@given(script=scripts())
def test_increments(script):
    # at least 1, at most k + 1 (enough to end a subround, however far a site has jumped)
    game = play(script, "fgm")
    for event, name in zip(game.events, game.names(), strict=True):
        if name == "INCREMENT":
            assert 1 <= event.number <= script.k + 1
    assert all(game.sites.c >= 0)


def test_a_falling_value_is_not_unsaid():
    # site 0 goes out and home again, twice: its counter stays at the maximum and it is not told again
    game = build("fgm", np.zeros(1), 3, threshold=3.0)  # θ = 1.5
    for move, c in ((1.6, 1), (-1.6, 1), (1.6, 1), (-3.0, 1), (-1.7, 2)):
        game.step(np.array([[move]]), np.array([0]))
        assert game.sites.c.tolist() == [c, 0, 0]
    assert game.names() == ["MODEL", "INCREMENT", "INCREMENT"]


@given(script=scripts(styles=("outward",), radii=(1, 3, 6, 10), max_steps=60))
def test_monotone_paths_halve_the_slack(script):
    # if every φ(X_i) only grows, c ≥ k + 1 quanta have used up more than half: |ψ| at least halves, so there
    # are at most ⌈log₂(1/0.01)⌉ = 7 subrounds.  (Not asserted for other paths: there ψ may grow back.)
    game = play(script, "fgm")
    for number, events in groupby(game.events, key=lambda e: e.round):
        events = list(events)
        thetas = [script.R / 2] + [e.number for e in events if KINDS[e.kind].name == "QUANTUM"]
        assert len(thetas) <= 7, number
        for θ, later in pairwise(thetas):
            assert later <= θ * (1 - (script.k + 1) / (2 * script.k)) * (1 + 1e-9)


def test_there_are_several_subrounds():
    # the property above is not empty
    game = play(make_script(4, 2, 200, "outward", activity=0.3, R=10.0), "fgm")
    assert game.coordinator.round > 2
    assert game.coordinator.subrounds > 2 * game.coordinator.round


@safes
@given(script=scripts())
def test_no_message_when_nobody_moves(safe, script):
    game = play(script, "fgm", safe)
    for _ in range(3):
        mark, models = len(game.events), game.sites.models.copy()
        game.step(np.zeros((0, script.D)), np.array([], np.intp))
        game.step(np.zeros((script.k, script.D)))
        assert len(game.events) == mark
        np.testing.assert_array_equal(game.sites.models, models)


def test_rising_within_a_quantum_is_silent():
    game = build("fgm", np.zeros(1), 2, threshold=2.0)  # θ = 1
    game.step(np.array([[0.99], [-0.99]]))
    assert game.names() == ["MODEL"]
    game.step(np.array([[0.02]]), np.array([0]))
    assert game.names() == ["MODEL", "INCREMENT"]


def test_idle_sites_are_polled():
    # k = 3, R = 2, θ = 1: sites 0 and 1 walk out, site 2 never moves.  Four quanta in all at t = 2:
    # ψ = 0 + 0 − 2, so a second subround with θ = 2/6
    game = build("fgm", np.zeros(1), 3, threshold=2.0)
    for _ in range(2):
        game.step(np.array([[1.0], [1.0]]), np.array([0, 1]))
    assert game.coordinator.psi == -2
    assert game.sites.theta == pytest.approx(1 / 3)
    np.testing.assert_array_equal(game.sites.z, [0, 0, -2])


def test_stale_increments_are_dropped():
    # an increment of another round or subround is counted as dropped, not as a quantum
    game = build("fgm", np.ones(2), 2)
    for n, tag in enumerate([(0, 0), (1, 1), (2, 0)], 1):
        game.coordinator.receive(0, Message(INCREMENT, 3, tag))
        assert (game.coordinator.c, game.coordinator.dropped) == (0, n)
    assert game.names() == ["MODEL"]
    game.coordinator.receive(0, Message(INCREMENT, 1, game.coordinator.tag))
    assert game.coordinator.c == 1


@safes
@given(script=scripts())
def test_threshold_limits(safe, script):
    # T → 0: a synchronisation at each step (somebody has moved); T → ∞: only the initial message
    assert play(script, "fgm", safe, threshold=1e-9).coordinator.round == 1 + len(script)
    assert play(script, "fgm", safe, threshold=1e15).names() == ["MODEL"]


@safes
@given(script=scripts(min_k=2))
def test_agrees_with_the_naive_protocol(safe, script):
    # message by message, number by number, and in the end model by model
    naive, game = NaiveFGM(script, safe), play(script, "fgm", safe)
    log = [
        (e.step, name, e.site if e.site >= 0 else "all")
        for e, name in zip(game.events, game.names(), strict=True)
    ]
    assert log == naive.log
    numbers = [
        e.number
        for e, name in zip(game.events, game.names(), strict=True)
        if name in ("INCREMENT", "QUANTUM")
    ]
    np.testing.assert_allclose(numbers, naive.numbers, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(game.coordinator.E, naive.E, atol=1e-9)
    np.testing.assert_allclose(game.sites.models, [site.w for site in naive.sites], atol=1e-9)


@safes
@given(script=scripts(radii=(1, 3, 6)))
def test_the_other_sign(safe, script):
    # ζ = −φ: quantum Σζ/(2k) and ⌊(ζ_0 − ζ)/θ⌋ give the same θ and the same counters
    def check(game):
        ζ = -game.coordinator.make_zone(game.coordinator.E)(game.drifts)
        ζ_0 = -game.sites.z
        θ = ζ_0.sum() / (2 * script.k)
        assert game.sites.theta == pytest.approx(θ, rel=1e-9)
        assert (game.sites.c >= np.floor((ζ_0 - ζ) / game.sites.theta)).all()

    play(script, "fgm", safe, visit=check)


@pytest.mark.parametrize("epsilon", ["0", "1", "-0.1", "nan", "x"])
def test_bad_epsilon(epsilon):
    with pytest.raises(ValueError, match="epsilon"):
        build(f"fgm:epsilon={epsilon}", np.ones(2), 2)
