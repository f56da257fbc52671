"""What the next global model is made by: the rules by hand, and with every protocol that synchronises."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import PullingLearners, build, play, start, survives, watch
from strategies import (
    AVERAGING,
    PROMISING,
    SERVERS,
    STEPPING,
    absences,
    fit,
    light,
    make_script,
    scripts,
)

from fgm_ref.protocols import parse
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import SAFE
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.faults import Faults

servers = st.sampled_from(SERVERS)
safes = st.sampled_from(sorted(SAFE))
DRIFTS = (4.0, 2.0, -1.0)


def path(text, drifts=DRIFTS):
    """The models E of one number, from 0, when the rounds end with these mean drifts."""
    rule, E, seen = parse_server(text)(), np.zeros(1), []
    for d in drifts:
        E = rule(E, E + d)
        seen.append(float(E[0]))
    return seen


def test_mean():
    # E ← E + d
    assert path("mean") == [4, 6, 5]


def test_momentum():
    # Hsu, Qi & Brown 2019 (FedAvgM), here with η: m = 4, 4, 1 with β = ½, and E goes by m
    assert path("momentum:beta=0.5") == [4, 8, 9]
    assert path("momentum:beta=0.5,lr=0.5") == [2, 4, 4.5]


def test_nesterov():
    # Douillard et al. 2023 (DiLoCo): m = 4, 4, 1 as before, and E goes by d + m/2 = 6, 4, −½
    assert path("nesterov:beta=0.5") == [6, 10, 9.5]
    assert path("nesterov:beta=0.5,lr=0.5") == [3, 5, 4.75]


def test_adam():
    # Reddi et al. 2021, algorithm 2 (FedAdam): m = 2, 2, ½ and v = 8½, 6¼, 3⅝ from τ² = 1, all with β = ½
    steps = [2 / (sqrt(8.5) + 1), 2 / (2.5 + 1), 0.5 / (sqrt(3.625) + 1)]
    wanted = [steps[0], steps[0] + steps[1], sum(steps)]
    assert path("adam:beta=0.5,beta2=0.5,lr=1,tau=1") == pytest.approx(wanted)
    assert path("adam:beta=0.5,beta2=0.5,lr=0.1,tau=1") == pytest.approx(np.array(wanted) / 10)


def test_yogi():
    # Reddi et al. 2021, algorithm 2 (FedYogi): v = 1 + 8 = 9 as 16 > 1;  9 − 2 = 7 as 4 < 9;  7 − ½ = 6½ as 1 < 7
    steps = [2 / (3 + 1), 2 / (sqrt(7) + 1), 0.5 / (sqrt(6.5) + 1)]
    wanted = [steps[0], steps[0] + steps[1], sum(steps)]
    assert path("yogi:beta=0.5,beta2=0.5,lr=1,tau=1") == pytest.approx(wanted)


def test_without_memory_it_is_the_mean():
    # η = 1 and β = 0, whatever the drifts are
    drifts = np.random.default_rng(0).normal(size=20)
    for text in ("momentum:beta=0", "nesterov:beta=0,lr=1"):
        assert path(text, drifts) == pytest.approx(path("mean", drifts))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nestrov", "server: expected one of mean, .*Did you mean 'nesterov'"),
        ("mean:lr=1", "server mean: expected no options; got 'lr=1'"),
        ("momentum:gamma=1", "server momentum: expected beta=0.5, lr=1.0; got 'gamma=1'"),
        ("momentum:beta=1", "server, option beta: expected a number from 0 to below 1, got 1"),
        ("adam:beta2=-1", "server, option beta2: expected a number from 0"),
        ("adam:tau=0", "server, option tau: expected a number above 0"),
        ("nesterov:lr=0", "server, option lr: expected a number above 0"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(ValueError, match=message):
        Config(server=text)


def protocols(names):
    return pytest.mark.parametrize("protocol", names)


@protocols(AVERAGING)
@light
@given(server=servers, dtype=st.sampled_from((np.float64, np.float32)), data=st.data())
def test_the_next_model_is_made_by_the_rule(protocol, server, dtype, data):
    # at every full synchronisation, from the E that was and the mean of all models; then every drift is 0
    script = data.draw(scripts(dtype=dtype))
    game, rule = start(script, protocol, server=server), parse_server(server)()
    for moves, active in script:
        game.move(moves, active)
        S, E, number = (
            game.S.astype(float),
            game.coordinator.E.astype(float),
            game.coordinator.round,
        )
        game.network.exchange()
        if game.coordinator.round > number:
            scale = 1 + np.abs(E).max() + np.abs(game.sites.models).max() + np.abs(moves).max()
            rounding = 1000 * np.finfo(dtype).eps * scale
            if not server.startswith(("adam", "yogi")):  # where d is next to 0 their steps are not
                np.testing.assert_allclose(game.coordinator.E, rule(E, S), atol=rounding)
            assert game.coordinator.E.dtype == dtype
            assert not game.drifts.any()


@light
@given(server=servers, script=scripts(max_D=6))
def test_each_block_has_a_memory_of_its_own(server, script):
    # one block is FGM; with two, the block that is synchronised goes by the rule and the other one stays
    game = start(script, "fgm-blocks", server=server)
    rules = [parse_server(server)() for _ in game.coordinator.parts]
    for moves, active in script:
        game.move(moves, active)
        rounds = [part.round for part in game.coordinator.parts]
        before, S = game.coordinator.E.copy(), game.S
        game.network.exchange()
        for part, where, rule, number in zip(
            game.coordinator.parts, game.coordinator.where, rules, rounds, strict=True
        ):
            E = before[where]
            wanted = rule(E, S[where]) if part.round > number else E
            if not server.startswith(("adam", "yogi")):
                np.testing.assert_allclose(game.coordinator.E[where], wanted, atol=1e-8)


@protocols([name for name in PROMISING if name in STEPPING])
@light
@given(safe=safes, server=servers, dtype=st.sampled_from((np.float64, np.float32)), data=st.data())
def test_guarantee(protocol, safe, server, dtype, data):
    # it speaks of the E that was shipped, so it is kept wherever the server has put that
    script = data.draw(scripts(dtype=dtype, max_steps=20))
    watched = watch(script, protocol, fit(protocol, safe), server=server)
    assert min(watched.overshoots) >= 0 and watched.breaches == 0


@protocols([name for name in PROMISING if name in STEPPING])
@light
@given(
    server=servers,
    codec=st.sampled_from(("int8", "int8+ef", "ternary+ef", "sign+ef", "float16")),
    data=st.data(),
)
def test_guarantee_with_a_codec(protocol, server, codec, data):
    # what is shipped is rounded, and drifts are counted from what has arrived
    script = data.draw(scripts(max_steps=20))
    strict = parse(protocol).protocol.exact
    watched = watch(script, protocol, server=server, codec=codec, strict=strict)
    assert watched.breaches == 0 or not strict


@protocols([name for name in PROMISING if name in STEPPING])
@light
@given(server=servers, data=st.data())
def test_guarantee_with_faults(protocol, server, data):
    # who comes back is given what the server makes of the mean, in which who is still gone counts as E
    script = data.draw(scripts(max_steps=20, min_k=2))
    needs_everybody = parse(protocol).protocol.needs_everybody
    faults = Faults(drop=0.2, absent=None if needs_everybody else absences_of(script, data))
    strict = survives(faults, protocol)
    watched = watch(script, protocol, server=server, faults=faults, strict=strict)
    assert watched.breaches == 0 or not strict


def absences_of(script, data):
    return data.draw(absences(script))


def test_who_comes_back_is_given_an_outer_step():
    # β = ½: away in step 1, so S = (2 + 0)/2 when it is back, then again from there
    game = build(
        "periodic:b=9",
        np.zeros(1),
        2,
        server="momentum:beta=0.5",
        faults=Faults(absent={1: (1, 1)}),
    )
    game.step(np.array([[2.0], [7.0]]))
    game.step(np.zeros((2, 1)))
    assert game.coordinator.E == 1 and game.coordinator.round == 2
    for _ in range(7):
        game.step(np.ones((2, 1)))
    assert game.coordinator.E == 1 + 7 + 0.5  # m = 7 + ½


@pytest.mark.parametrize("server", ["mean", *SERVERS])
def test_central_is_the_control(server):
    # b = 1 and learners whose gradient is linear in w: the hub, on the union of all batches, goes the same way
    script = make_script(4, 3, 30, seed=1)
    hub = play(script, "central", server=server, learners=PullingLearners)
    averaged = play(script, "periodic:b=1", server=server, learners=PullingLearners)
    np.testing.assert_allclose(hub.coordinator.E, averaged.coordinator.E, atol=1e-9)
    np.testing.assert_array_equal(hub.coordinator.hub.P[0], hub.coordinator.E)


def test_central_steps_outwards_every_b_steps():
    # b = 3: the hub goes on by itself in between; with the mean nothing changes but the model that is served
    script = make_script(4, 3, 9, seed=1)
    games = [
        play(script, f"central:b={b}", server=server, learners=PullingLearners)
        for b, server in ((1, "mean"), (3, "mean"), (3, "nesterov"))
    ]
    plain, seldom, outwards = [game.coordinator.hub.P[0] for game in games]
    np.testing.assert_array_equal(plain, seldom)
    assert np.abs(plain - outwards).max() > 0.1


def test_at_the_end():
    # one step: the mean is the only drift there is
    game = play(make_script(3, 2, 5), "at-end", server="nesterov:beta=0.5")
    E, S = game.coordinator.E.copy(), game.S
    game.coordinator.finish()
    np.testing.assert_allclose(game.coordinator.E, E + 1.5 * (S - E))


def test_who_never_synchronises_has_no_use_for_it():
    script = make_script(3, 2, 5)
    one, other = play(script, "local"), play(script, "local", server="nesterov")
    np.testing.assert_array_equal(one.sites.models, other.sites.models)


def test_models_that_are_held_back_want_the_mean():
    with pytest.raises(ValueError, match="server: expected mean with fgm-o"):
        build("fgm-o", np.ones(2), 3, server="momentum")


def test_a_run_with_a_server():
    # the setting is remembered, and the same seed gives another model
    settings = {
        "dataset": "ecg208",
        "protocol": "periodic:b=3",
        "sites": 2,
        "hidden": (4,),
        "steps": 10,
    }
    plain, outer = run(**settings), run(**settings, server="momentum:beta=0.5")
    assert plain.totals == outer.totals
    assert np.abs(plain.model - outer.model).max() > 0
    assert "server" not in plain.summary()["config"]
    assert Config.from_dict(outer.summary()["config"]) == outer.config
