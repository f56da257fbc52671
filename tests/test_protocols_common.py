"""What every protocol keeps to, whatever it does otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play, start
from strategies import SEEDS, make_script, scripts

from fgm_ref.checks import GuaranteeBroken, Observer
from fgm_ref.messages import KINDS
from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.safe import SAFE

MONITORING = ["dynamic", "dynamic-plain", "gm", "gm-reb", "gm-reb:balancing=slack", "fgm", "fgm-reb",
              "fgm-reb:rule=bimodal"]  # fmt: skip
AVERAGING = ["periodic:b=3", *MONITORING]
EVERY = ["central", "local", *AVERAGING]
FIXED_ORDER = ["central", "local", "periodic:b=3", "dynamic-plain", "gm", "fgm", "fgm-reb", "fgm-reb:rule=bimodal"]

safes = st.sampled_from(sorted(SAFE))
dtypes = st.sampled_from((np.float64, np.float32))


def protocols(names):
    return pytest.mark.parametrize("protocol", names)


def test_no_protocol_is_forgotten():
    assert {name.partition(":")[0] for name in EVERY} == set(PROTOCOLS)


@protocols(AVERAGING)
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
            np.testing.assert_allclose(game.coordinator.E, S, atol=100 * np.finfo(dtype).eps * scale)
            np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (script.k, 1)))


def observe(script, protocol, safe, **more):
    """Play under the observer's eyes."""
    game = start(script, protocol, safe, **more)
    observer = Observer(game.protocol, game.sites, game.coordinator)
    for moves, active in script:
        game.move(moves, active)
        overshoot = observer.overshoot()
        assert overshoot >= 0
        game.network.exchange()
        observer.at_rest()
    return game


@protocols(EVERY)
@given(safe=safes, dtype=dtypes, data=st.data())
def test_guarantee(protocol, safe, dtype, data):
    # S is admissible at every quiet point, and never farther out than one step is long
    observe(data.draw(scripts(dtype=dtype, max_steps=20)), protocol, safe)


@protocols(MONITORING)
def test_every_monitoring_protocol_promises_something(protocol):
    assert parse(protocol)[0].guarantee in ("mean", "sum")


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


@protocols(MONITORING)
@given(script=scripts(max_steps=10))
def test_guarantee_with_a_small_threshold(protocol, script):
    observe(script, protocol, "ball", threshold=1e-6)


@pytest.mark.parametrize("protocol", ["gm-reb", "fgm-reb"])
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
                if deaf is None and n == 0:  # the models have been pushed outside behind everybody's back
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


@protocols(MONITORING)
@given(safe=safes, script=scripts(max_steps=15))
def test_threshold_limits(protocol, safe, script):
    # T → 0: a full synchronisation at each check; T → ∞: only the initial message
    assert play(script, protocol, safe, threshold=1e15).names() == ["MODEL"]
    if script.D > 1:  # (in one dimension the drifts of a few sites may cancel to 1e-9)
        assert play(script, protocol, safe, threshold=1e-9).coordinator.round == 1 + len(script)


@protocols(FIXED_ORDER)
@given(safe=safes, script=scripts(min_k=2), data=st.data())
def test_relabelling_sites_relabels_results(protocol, safe, script, data):
    # the order of the turns is drawn by site number, so which site speaks first differs; the models do not
    order = np.array(data.draw(st.permutations(range(script.k))))
    game, other = play(script, protocol, safe), play(script.relabelled(order), protocol, safe)
    np.testing.assert_allclose(other.sites.models, game.sites.models[order], atol=1e-9)
    np.testing.assert_allclose(other.coordinator.E, game.coordinator.E, atol=1e-9)
    for name in ("round", "subrounds"):
        assert getattr(other.coordinator, name) == getattr(game.coordinator, name)


@protocols(EVERY)
@given(safe=safes, script=scripts(), m=st.sampled_from((-20, -3, 1, 10)))
def test_scaling_by_a_power_of_two_is_exact(protocol, safe, script, m):
    # E, moves and radius 2^m times as long: the same messages, bit-equal models but for the factor
    game, other = play(script, protocol, safe), play(script.scaled(2.0**m), protocol, safe)

    def pattern(game):
        return [event[:5] + event[6:8] for event in game.events]

    assert pattern(other) == pattern(game)
    np.testing.assert_array_equal(other.sites.models, game.sites.models * 2.0**m)
    np.testing.assert_array_equal(other.coordinator.E, game.coordinator.E * 2.0**m)


@protocols(EVERY)
@given(script=scripts())
def test_relative_thresholds(protocol, script):
    # R = T‖E‖ of the round's E: a different radius in every round, and still a guarantee
    observe(script, protocol, "ball", threshold=script.R / 5, relative=True)


@protocols(EVERY)
@given(safe=safes, script=scripts())
def test_same_seed_same_run(protocol, safe, script):
    # bit-equal models and the same log, event by event
    one, two = play(script, protocol, safe), play(script, protocol, safe)
    assert repr(one.events) == repr(two.events)
    np.testing.assert_array_equal(one.sites.models, two.sites.models)
    np.testing.assert_array_equal(one.coordinator.E, two.coordinator.E)


def test_another_seed_is_another_order():
    # the run's own generators decide who speaks first and who is drawn into B
    script = make_script(5, 3, 40, "opposite", R=2.0)
    for protocol in ("gm-reb", "dynamic", "fgm"):
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
@given(safe=safes, script=scripts(min_k=2))
def test_idle_sites_do_not_speak_up(protocol, safe, script):
    # who has not moved in a step sends nothing unasked in it
    game = play(script, protocol, safe)
    for event in game.events:
        if KINDS[event.kind].name in ("VIOLATION", "INCREMENT", "SAMPLES"):
            assert event.site in script.active[event.step - 1]


@protocols(EVERY)
@given(script=scripts())
def test_tags_only_grow_and_rounds_are_counted(protocol, script):
    # (round, subround) never falls along the log, and `rounds` is the number of models shipped
    game = play(script, protocol)
    tags = [(event.round, event.subround) for event in game.events]
    assert tags == sorted(tags)
    steps = [event.step for event in game.events]
    assert steps == sorted(steps)
    if protocol != "central":
        assert game.coordinator.round == game.names().count("MODEL")


@protocols(AVERAGING)
def test_optimiser_state_is_averaged_with_the_models(protocol):
    # with the policy "average" every site holds the mean of all states after a full synchronisation
    script = make_script(4, 3, 40, "common", R=2.0)
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
@given(k=st.integers(1, 4), D=st.integers(1, 4), seed=SEEDS)
def test_sites_start_with_the_model_they_are_sent(protocol, k, D, seed):
    E = np.random.default_rng(seed).normal(size=D)
    game = build(protocol, E, k)
    np.testing.assert_array_equal(game.sites.models, np.tile(E, (k, 1)))
    assert game.names() == ([] if protocol == "central" else ["MODEL"])
    assert game.coordinator.round == 1


@pytest.mark.parametrize("text", ["", "fmg", "fgm:", "fgm:x=1", "periodic:b", "gm:threshold=1", "dynamic:balancing="])
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
    assert parse(f"fgm-reb:epsilon={epsilon},rule=bimodal")[1] == {"epsilon": epsilon, "rule": "bimodal", "most": 0}
    assert parse("fgm")[1] == {"epsilon": 0.01}  # and the defaults have not been changed on the way
