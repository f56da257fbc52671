"""What every protocol keeps to, whatever it does otherwise."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from expected import EXPECTED
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, numbers, play, start, watch
from strategies import (
    AVERAGING,
    EVERY,
    LOOKING,
    MONITORING,
    OBEYING,
    PROMISING,
    RANDOM_SETS,
    SEEDS,
    fit,
    light,
    make_script,
    named,
    scripts,
)

from fgm_ref.protocols import MEAN, PROTOCOLS, SUM, VARIANCE, parse
from fgm_ref.protocols.base import mean_over
from fgm_ref.safe import SAFE
from fgm_ref.simulation.observer import GuaranteeBroken, Observer
from fgm_ref.transport.messages import KINDS

FIXED_ORDER = [name for name in EVERY if name not in (*RANDOM_SETS, "fgm-random")]

safes = st.sampled_from(sorted(SAFE))
dtypes = st.sampled_from((np.float64, np.float32))


def protocols(names):
    return pytest.mark.parametrize("protocol", names)


def test_no_protocol_is_forgotten():
    assert {name.partition(":")[0] for name in EVERY} == set(PROTOCOLS)


@protocols([*AVERAGING, "local", "at-end"])
@light
@given(safe=safes, script=scripts())
def test_mean_preservation(protocol, safe, script):
    # no protocol action changes mean(w), with all sites or some of them active
    game = start(script, protocol, safe)
    for moves, active in script:
        game.move(moves, active)
        S = game.S
        game.network.exchange()
        np.testing.assert_allclose(game.S, S, atol=1e-10)


@protocols(AVERAGING)
@light
@given(dtype=dtypes, data=st.data())
def test_a_full_synchronisation_is_the_mean_of_all(protocol, dtype, data):
    # E_new = (1/k) Σ w_i over all k sites, moved or not; every site then holds exactly E, in its own precision
    script = data.draw(scripts(dtype=dtype))
    game = start(script, protocol)
    for moves, active in script:
        game.move(moves, active)
        S, number = game.sites.models.astype(float).mean(axis=0), game.coordinator.round
        game.network.exchange()
        assert game.sites.models.dtype == game.coordinator.E.dtype == dtype
        if game.coordinator.round > number:
            scale = 1 + np.abs(game.sites.models).max() + np.abs(moves).max()
            np.testing.assert_allclose(
                game.coordinator.E, S, atol=100 * np.finfo(dtype).eps * scale
            )
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )


@protocols(PROMISING)
@light
@given(safe=safes, dtype=dtypes, data=st.data())
def test_guarantee(protocol, safe, dtype, data):
    # S is admissible at every quiet point, and never farther out than one step is long
    watched = watch(data.draw(scripts(dtype=dtype, max_steps=20)), protocol, fit(protocol, safe))
    assert min(watched.overshoots) >= 0 and watched.breaches == 0


@pytest.mark.slow
def test_the_benchmark_of_guarantees():
    # 20 random runs per protocol and every safe function in turn: no breach
    program = Path(__file__).parent / "benchmarks" / "guarantees.py"
    done = subprocess.run([sys.executable, program, "--runs", "20"], capture_output=True, text=True)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in done.stdout.splitlines()[2:]
    ]
    assert {row[0] for row in rows} >= set(PROMISING), done.stderr
    assert all(row[1] == "20" and int(row[2].replace(",", "")) > 100 for row in rows)
    assert all(row[-1] == "0" for row in rows)


def test_who_promises_what():
    # the sum: every site's own φ is accounted for; the mean: only S is; the variance: the spread of the sites
    for protocol in EVERY:
        guarantee = parse(protocol)[0].guarantee
        if protocol in LOOKING:
            assert guarantee is VARIANCE, protocol
        elif protocol in MONITORING and protocol != "fda-sketch":
            # drifts are not counted from E throughout; or there is one sum for each block, or it is a weighted one
            shifted = named(protocol, "gm-reb", "gm-limits", "fgm-reb", "fgm-o", "fgm-blocks")
            shifted |= protocol.endswith("-weighted")
            assert guarantee is (MEAN if shifted else SUM), protocol
        else:  # nobody looks, or only with high probability
            assert guarantee is None, protocol


@pytest.mark.parametrize("protocol", ["dynamic", "dynamic-plain"])
def test_guarantee_with_checks_in_every_other_step(protocol):
    # b = 2: out by 4 in step 1, which nobody looks at; hardly any farther in step 2, which is checked
    game = build(f"{protocol}:b=2", np.ones(2), 2, threshold=1.0)
    observer = Observer(game.protocol, game.sites, game.coordinator)
    for length in (4.0, 0.1):
        game.move(np.full((2, 2), length))
        observer.overshoot()
        game.network.exchange()
        observer.at_rest()
    assert game.coordinator.round == 2


@protocols(PROMISING)
@light
@given(script=scripts(max_steps=10))
def test_guarantee_with_a_small_threshold(protocol, script):
    watch(script, protocol, threshold=1e-6)


@protocols([name for name in PROMISING if not name.startswith("dynamic")])
def test_guarantee_with_a_radius_below_the_precision_of_the_mean(protocol):
    # single precision, R = 1e-9, three equal models: nobody has moved, all drifts are exactly 0
    E = np.random.default_rng(0).normal(size=20).astype(np.float32)
    game = build(protocol, E, 3, threshold=1e-9)
    Observer(game.protocol, game.sites, game.coordinator).at_rest()


def test_overshoot_with_a_radius_far_below_the_step():
    # single precision, R = 1e-9, one long step from the reference: the excess *is* the bound, but for rounding
    for seed in range(50):
        game = start(make_script(3, 4, 1, dtype=np.float32, seed=seed), "dynamic", threshold=1e-9)
        observer = Observer(game.protocol, game.sites, game.coordinator)
        game.move(np.random.default_rng(seed).normal(size=(3, 4)).astype(np.float32))
        observer.overshoot()


def test_the_observer_can_fail():
    # a protocol that promises and does not keep: FGM whose sites are deaf to their own φ
    for deaf, words in ((lambda: np.array([], np.intp), "mean φ"), (None, "farther")):
        game = build("fgm", np.ones(2), 3, threshold=1.0)
        observer = Observer(game.protocol, game.sites, game.coordinator)
        game.sites.alarms = deaf or game.sites.alarms
        with pytest.raises(GuaranteeBroken, match=words):
            for n in range(5):
                game.move(np.full((3, 2), 0.5))
                if (
                    deaf is None and n == 0
                ):  # the models have been pushed outside behind everybody's back
                    game.sites.models += 9
                    observer.before += 9
                observer.overshoot()
                game.network.exchange()
                observer.at_rest()


def test_overshoot_is_the_excess():
    # ball of radius 1 around E; S has gone 1.5 in one step
    game = build("gm", np.zeros(2), 2, threshold=1.0)
    observer = Observer(game.protocol, game.sites, game.coordinator)
    assert observer.overshoot() == 0
    game.move(np.array([[1.5, 0.0], [1.5, 0.0]]))
    assert observer.overshoot() == pytest.approx(0.5)
    game.network.exchange()
    observer.at_rest()
    assert observer.overshoot() == 0


def silence(protocol, script):
    """What is said if nothing ever happens: what comes at the start, and with FDA every site's state in every step."""
    opening = EXPECTED[protocol.partition(":")[0]].opening
    return opening + ["MONITOR"] * (script.k * len(script) if protocol.startswith("fda") else 0)


@protocols(OBEYING)
@pytest.mark.parametrize("threshold", [1e15, float("inf")])
@light
@given(safe=safes, script=scripts(max_steps=15))
def test_threshold_to_infinity(protocol, threshold, safe, script):
    game = play(script, protocol, fit(protocol, safe), threshold=threshold)
    assert game.names() == silence(protocol, script)
    assert game.coordinator.round == 1


@protocols(OBEYING)
@light
@given(safe=safes, script=scripts(max_steps=15, min_k=2))
def test_threshold_to_zero(protocol, safe, script):
    # a full synchronisation at each check
    if script.D > 1:  # (in one dimension the drifts of a few sites may cancel to 1e-9)
        game = play(script, protocol, fit(protocol, safe), threshold=1e-9)
        blocks = 2 if protocol == "fgm-blocks" else 1
        assert game.coordinator.round == 1 + blocks * len(script)


@protocols(MONITORING)
@light
@given(steps=st.integers(1, 30), safe=safes, seed=SEEDS)
def test_one_site(protocol, steps, safe, seed):
    # k = 1: nothing that a protocol does moves the only model
    script = make_script(1, 3, steps, seed=seed, R=2.0)
    game = play(script, protocol, fit(protocol, safe))
    np.testing.assert_allclose(
        game.sites.models[0], script.E + script.moves.sum(axis=(0, 1)), atol=1e-9
    )


@protocols(FIXED_ORDER)
@light
@given(safe=safes, script=scripts(min_k=2), data=st.data())
def test_relabelling_sites_relabels_results(protocol, safe, script, data):
    # the order of the turns is drawn by site number, so which site speaks first differs; the models do not
    order = np.array(data.draw(st.permutations(range(script.k))))
    safe = fit(protocol, safe)
    game, other = play(script, protocol, safe), play(script.relabelled(order), protocol, safe)
    np.testing.assert_allclose(other.sites.models, game.sites.models[order], atol=1e-9)
    np.testing.assert_allclose(other.coordinator.E, game.coordinator.E, atol=1e-9)
    for name in ("round", "subrounds"):
        assert getattr(other.coordinator, name) == getattr(game.coordinator, name)


@protocols(EVERY)
@light
@given(safe=safes, script=scripts(), m=st.sampled_from((-20, -3, 1, 10)))
def test_scaling_by_a_power_of_two_is_exact(protocol, safe, script, m):
    # E, moves and radius 2^m times as long: the same messages, bit-equal models but for the factor
    safe = fit(protocol, safe)
    game, other = play(script, protocol, safe), play(script.scaled(2.0**m), protocol, safe)

    def pattern(game):
        return [event[:5] + event[6:8] for event in game.events]

    assert pattern(other) == pattern(game)
    np.testing.assert_array_equal(other.sites.models, game.sites.models * 2.0**m)
    np.testing.assert_array_equal(other.coordinator.E, game.coordinator.E * 2.0**m)


@protocols(PROMISING)
@light
@given(script=scripts())
def test_relative_thresholds(protocol, script):
    # R = T‖E‖ of the round's E: a different radius in every round, and still a guarantee
    watch(script, protocol, threshold=script.R / 5, relative=True)


@protocols(EVERY)
@light
@given(safe=safes, script=scripts())
def test_same_seed_same_run(protocol, safe, script):
    # bit-equal models and the same log, event by event
    one, two = (play(script, protocol, fit(protocol, safe)) for _ in range(2))
    assert repr(one.events) == repr(two.events)
    np.testing.assert_array_equal(one.sites.models, two.sites.models)
    np.testing.assert_array_equal(one.coordinator.E, two.coordinator.E)


def test_another_seed_is_another_order():
    # the run's own generators decide who speaks first and who is drawn into B
    script = make_script(5, 3, 40, "opposite", R=2.0)
    for protocol in (
        "gm-reb",
        "gm-limits",
        "dynamic",
        "fgm",
        "fgm-random",
        "fgm-projection",
        "fgm-o",
    ):
        logs = {repr(play(script, protocol, seed=seed).events) for seed in range(4)}
        assert len(logs) == 4, protocol


def test_global_generators_are_left_alone():
    # nothing is drawn from, or seeded in, NumPy's or Python's global generators
    import random

    script = make_script(5, 3, 40, "opposite", R=2.0)
    before = random.getstate(), repr(np.random.get_state())
    for protocol in EVERY:
        play(script, protocol)
    assert before == (random.getstate(), repr(np.random.get_state()))


@protocols([name for name in EVERY if not name.startswith("periodic")])
@light
@given(safe=safes, script=scripts(min_k=2))
def test_idle_sites_do_not_speak_up(protocol, safe, script):
    # who has not moved in a step sends nothing unasked in it (FDA's states are asked for in every step)
    game = play(script, protocol, fit(protocol, safe))
    for event in game.events:
        if KINDS[event.kind].name in ("VIOLATION", "INCREMENT", "SAMPLES"):
            assert event.site in script.active[event.step - 1]


@protocols(EVERY)
@light
@given(script=scripts())
def test_tags_only_grow_and_rounds_are_counted(protocol, script):
    # (round, subround) never falls along the log, and each round starts with a model shipped (FGM/O: or held back)
    game = play(script, protocol)
    for block in {event.block for event in game.events}:
        tags = [(event.round, event.subround) for event in game.events if event.block == block]
        assert tags == sorted(tags)
    steps = [event.step for event in game.events]
    assert steps == sorted(steps)
    if protocol not in ("central", "fgm-blocks"):
        started = {
            e.round
            for e, name in zip(game.events, game.names(), strict=True)
            if name in ("MODEL", "CHEAP")
        }
        assert started == set(range(1, game.coordinator.round + 1))


@protocols(AVERAGING)
def test_optimiser_state_is_averaged_with_the_models(protocol):
    # with the policy "average" every site holds the mean of all states after a full synchronisation
    script = make_script(4, 3, 40, "walk", R=0.7)
    game = start(script, protocol, average_state=True)
    synchronised = 0
    for moves, active in script:
        game.move(moves, active)
        mean, number = game.learners.moments.mean(axis=0), game.coordinator.round
        game.network.exchange()
        if game.coordinator.round > number:
            synchronised += 1
            np.testing.assert_allclose(game.learners.moments, np.tile(mean, (4, 1, 1)), atol=1e-12)
    assert synchronised > 1


@protocols(EVERY)
@light
@given(k=st.integers(1, 4), D=st.integers(1, 4), seed=SEEDS)
def test_sites_start_with_the_model_they_are_sent(protocol, k, D, seed):
    E = np.random.default_rng(seed).normal(size=D)
    game = build(protocol, E, k)
    np.testing.assert_array_equal(game.sites.models, np.tile(E, (k, 1)))
    assert game.names() == EXPECTED[protocol.partition(":")[0]].opening
    assert game.coordinator.round == 1


@pytest.mark.parametrize(
    "text", ["", "fmg", "fgm:", "fgm:x=1", "periodic:b", "gm:threshold=1", "dynamic:balancing="]
)
def test_parse_mistakes(text):
    if text == "fgm:":  # nothing after the colon is no mistake
        assert parse(text)[0].name == "fgm"
        return
    with pytest.raises(ValueError, match="protocol"):
        parse(text)


@given(b=st.integers(1, 10**6), epsilon=st.floats(0.001, 0.999))
def test_parse_options(b, epsilon):
    assert parse(f"periodic:b={b}")[1] == {"b": b}
    assert parse(f"dynamic:b={b},balancing=no")[1] == {"b": b, "balancing": False}
    assert parse(f"fgm-reb:epsilon={epsilon},rule=bimodal")[1] == {
        "epsilon": epsilon,
        "rule": "bimodal",
        "most": 0,
        "lam": 0.2,
    }
    assert parse("fgm")[1] == {"epsilon": 0.01}  # and the defaults have not been changed on the way


# ------------------------------------------------------------------------------ what may follow what: the grammar


def test_grammar_is_complete():
    assert set(EXPECTED) == set(PROTOCOLS), "tests/expected.py has a row for each protocol"


@protocols(EVERY)
@light
@given(safe=safes, script=scripts(max_k=5))
def test_grammar(protocol, safe, script):
    # nothing is asked twice and nothing unasked: the log (a broadcast is one word) fits one pattern
    text = "".join(name + " " for name in play(script, protocol, fit(protocol, safe)).names())
    assert re.fullmatch(EXPECTED[protocol.partition(":")[0]].grammar, text), text


SINGLE = (
    "QUANTUM",
    "INCREMENT",
    "PHI",
    "LAMBDA",
    "COUNT",
    "CHEAP",
    "LOSS",
    "PERIOD",
    "SHARE",
    "RADIUS",
)
WORDS = {"POLL": 0} | dict.fromkeys(SINGLE, 1)


@protocols(EVERY)
@light
@given(script=scripts(max_k=5))
def test_what_each_message_weighs(protocol, script):
    # 4 bytes per number: D of a model or a drift, m of a projection, 1 of everything that is a number
    for event, name in zip((game := play(script, protocol)).events, game.names(), strict=True):
        words = {
            "VIOLATION": script.D if protocol.startswith("dynamic") else 0,
            "SAMPLES": 2 * script.D,
            "SIGNS": 1,
            "VOTES": 1,
            "PROJECTION": min(2, script.D),
            "PROJECTED": min(2, script.D),
            "MONITOR": {"fda-naive": 1, "fda-linear": 2, "fda-opt": 2}.get(protocol, 1 + 5 * 250),
        }
        if protocol.startswith(("fgm-centre", "fgm-probe")) and name in ("MONITOR", "CENTRE"):
            known = min(4, event.round - 1) + protocol.startswith(
                "fgm-probe"
            )  # and one word per known direction
            assert 4 <= event.size <= 4 * (1 + min(known, script.D))
        else:
            assert event.size == 4 * (WORDS | words).get(name, numbers(event, script.D))


def test_a_protocol_of_ones_own():
    # by its Python path, options behind a second colon
    protocol, options = parse("fgm_ref.protocols.fgm:PROTOCOL:epsilon=0.5")
    assert protocol is PROTOCOLS["fgm"]
    assert options == {"epsilon": 0.5}
    with pytest.raises(ValueError, match=r"expected fgm_ref\.protocols\.fgm:Sites to be"):
        parse("fgm_ref.protocols.fgm:Sites")
    with pytest.raises(ValueError, match="found no module 'fmg'"):
        parse("fmg:PROTOCOL")
    with pytest.raises(ValueError, match="did you mean 'fgm'"):
        parse("fgmm:epsilon=0.5")


@given(order=st.permutations(range(6)), seed=SEEDS)
def test_a_mean_does_not_depend_on_who_came_first(order, seed):
    # to the last bit: numbers of very different size, in single precision, summed in the order of the sites
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(6, 5)) * 10.0 ** rng.integers(-4, 5, size=(6, 1))).astype(np.float32)
    arrived = mean_over({i: X[i] for i in order})
    np.testing.assert_array_equal(arrived, mean_over(dict(enumerate(X))))
    np.testing.assert_array_equal(arrived, X.mean(axis=0))
