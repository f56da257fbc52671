"""Weighted means: by hand, the weights that are told, and the guarantee of GM and FGM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play, start, watch
from strategies import SERVERS, light, make_script, scripts

from fgm_ref.datasets import load
from fgm_ref.datasets.split import split
from fgm_ref.safe import SAFE
from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.transport.faults import Faults

SKEWED = {
    "dataset": "ecg208",
    "sites": 3,
    "hidden": (4,),
    "steps": 12,
    "evaluations": 2,
    "split": "dirichlet",
    "alpha": 0.3,
}
WEIGHTED = ("fedavg:b=3", "gm-weighted", "fgm-weighted")
counts = st.lists(st.integers(1, 1000), min_size=6, max_size=6).map(np.array)


def test_fedavg():
    # McMahan et al. 2017: n = (1, 3), so S = ¼ w_1 + ¾ w_2, from E = 0: 3, then 3 + 3, then 6 − 1
    game = build("fedavg:b=1", np.zeros(1), 2, samples=[1, 3])
    for moves, E in (((0.0, 4.0), 3), ((12.0, 0.0), 6), ((-4.0, 0.0), 5)):
        game.step(np.array(moves)[:, None])
        assert game.coordinator.E == E
    assert game.ledger.by_kind()["COUNT"]["bytes"] == 2 * 4  # told once, and billed


def test_fgm_by_hand():
    # D = 1, R = 4, n = (1, 3): weights ½ and 1½.  φ(0) = −4 and θ = 2 at both; site 2 at X = 1 is 1½ above, at X = 2
    # it is 3: one quantum.  Site 1 at X = 4 is 2 above: one quantum
    game = build("fgm-weighted", np.zeros(1), 2, threshold=4.0, samples=[1, 3])
    np.testing.assert_allclose(game.sites.z, [-2, -6])
    assert game.sites.theta == 2 and game.coordinator.psi == -8
    game.step(np.array([[3.0], [1.0]]))
    assert "INCREMENT" not in game.names()
    np.testing.assert_allclose(game.sites.values, [-0.5, -4.5])
    game.step(np.array([[1.0], [1.0]]))
    assert game.sites.c.tolist() == [1, 1]
    # on to X = 12 and 4: φ_i = 4 and 0, a slack of 4 has come and all is used up: S = 3 + 3
    game.step(np.array([[8.0], [2.0]]))
    assert game.coordinator.E == 6


def test_equal_weights_are_no_weights():
    # to the bit, apart from what is told before the start
    script = make_script(3, 2, 30)
    for plain, weighted in (("periodic", "fedavg"), ("gm", "gm-weighted"), ("fgm", "fgm-weighted")):
        one, other = play(script, plain), play(script, weighted, samples=[5, 5, 5])
        np.testing.assert_allclose(one.sites.models, other.sites.models, atol=1e-12)
        assert one.names() == other.names()[other.names().index("MODEL") :]


@pytest.mark.parametrize("protocol", WEIGHTED)
@light
@given(script=scripts(min_k=2), samples=counts)
def test_the_next_model_is_the_weighted_mean(protocol, script, samples):
    n = samples[: script.k]
    game = start(script, protocol, samples=n)
    for moves, active in script:
        game.move(moves, active)
        S, number = n @ game.sites.models / n.sum(), game.coordinator.round
        np.testing.assert_allclose(game.mean_model, S, atol=1e-9)
        game.network.exchange()
        if game.coordinator.round > number:
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-9)


@pytest.mark.parametrize("protocol", ["gm-weighted", "fgm-weighted"])
@light
@given(
    safe=st.sampled_from(sorted(SAFE)),
    script=scripts(min_k=2),
    samples=counts,
    server=st.sampled_from(("mean", *SERVERS)),
    codec=st.sampled_from(("float32", "int8+ef")),
)
def test_guarantee(protocol, safe, script, samples, server, codec):
    # Σ p_i φ(X_i) ≤ 0 whenever nothing is pending, and with it the weighted mean is admissible
    n = samples[: script.k]

    def check(game):
        zone = game.sites.zone
        total = float(n @ zone(game.sites.drifts(slice(None)))) / n.sum()
        assert total <= 1e-9 * abs(zone.at_zero)

    watched = watch(script, protocol, safe, visit=check, samples=n, server=server, codec=codec)
    assert watched.breaches == 0


def test_who_has_more_counts_more():
    # R = 1.  One of n = 9 and one of n = 1 move by 1.5: with equal weights the round would end for either
    for site, rounds in ((0, 2), (1, 1)):
        game = build("fgm-weighted", np.zeros(1), 2, samples=[9, 1])
        moves = np.zeros((2, 1))
        moves[site] = 1.5
        game.step(moves)
        assert game.coordinator.round == rounds


def test_samples_of_a_run():
    # what is told is what the split has dealt out; S of the record is the weighted mean as well
    simulation = Simulation(run(protocol="fedavg:b=4", **SKEWED).config)
    parts = split(load("ecg208"), 3, "dirichlet", np.random.default_rng(0), 0.3)
    sizes = simulation.sites.samples
    assert sizes.sum() == sum(map(len, parts)) and len(set(sizes)) > 1
    for _ in range(3):
        simulation.step()
    wanted = sizes @ simulation.sites.models / sizes.sum()
    np.testing.assert_allclose(simulation.mean_model, wanted, atol=1e-6)
    simulation.step()
    np.testing.assert_allclose(simulation.coordinator.E, simulation.mean_model, atol=1e-6)


@pytest.mark.parametrize("protocol", WEIGHTED)
def test_a_checked_run(protocol):
    result = run(**SKEWED, protocol=protocol, checks=True)
    assert result.final["breaches"] == 0 and np.isfinite(result.final["loss"])


@pytest.mark.parametrize("protocol", WEIGHTED)
def test_absent_sites_are_refused(protocol):
    with pytest.raises(ValueError, match="faults: expected no absent sites with "):
        build(protocol, np.ones(2), 3, faults=Faults(absent={1: (2, 3)}))


@pytest.mark.parametrize("protocol", ["gm-weighted", "fgm-weighted"])
@pytest.mark.parametrize("safe", ["tracking-own", "decay:tracking-variance-own"])
def test_a_centre_for_each_site_is_refused(protocol, safe):
    with pytest.raises(ValueError, match="safe: expected one whose centre is common"):
        build(protocol, np.ones(2), 3, safe)


@pytest.mark.parametrize("protocol", ["gm-weighted", "fgm-weighted"])
@pytest.mark.parametrize("safe", ["tracking", "decay:ball", "cone"])
@light
@given(script=scripts(min_k=2), samples=counts)
def test_guarantee_of_zones_that_move(protocol, safe, script, samples):
    watched = watch(script, protocol, safe, samples=samples[: script.k])
    assert watched.breaches == 0
