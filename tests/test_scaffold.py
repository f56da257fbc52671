"""SCAFFOLD: a hand-made example, where it leads, what it costs."""

import numpy as np
import pytest
from scripted import ScriptedLearners, build, play
from strategies import make_script

from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.transport.faults import Faults

SMALL = {"dataset": "ecg208", "sites": 3, "hidden": (4,), "evaluations": 1}
SLOPES, MINIMA = np.array([[1.0], [2.0]]), np.array([[4.0], [0.0]])


class Bowls(ScriptedLearners):
    """Gradient descent with rate ½: site 0 on ½(w − 4)², site 1 on w²."""

    shift = None

    def train(self, active, moves, _):
        g = SLOPES * (self.P - MINIMA)
        if self.shift is not None:
            g = g + self.shift
        self.P[active] -= g[active] / 2


def bowls(protocol, actives, **more):
    """The models E after each step, in which the given sites train."""
    game = build(protocol, np.zeros(1), 2, learners=Bowls, rate=lambda step: 0.5, **more)
    seen = []
    for active in actives:
        active = np.array(active, np.intp)
        game.step(np.zeros((len(active), 1)), active)
        seen.append(float(game.coordinator.E[0]))
    return seen, game


def test_by_hand():
    # three rounds of two steps from E = 0, η = ½
    # 1: w = 3 and 0;  c_0 = −3, c_1 = 0, c = −1.5;  E = 1.5
    # 2: w = 2, 2.25 and 0.75, 0.75;  c_0 = −3 + 1.5 − 0.75, c_1 = 1.5 + 0.75, c = 0;  E = 1.5
    # 3: w = 1.625, 1.6875 and 1.125, 1.125;  E = 1.40625
    seen, game = bowls("scaffold:b=2", [[0, 1]] * 6)
    assert seen[1::2] == [1.5, 1.5, 1.40625]
    np.testing.assert_allclose(game.sites.own[:, 0], [-2.25 - 0.1875, 2.25 + 0.375])
    np.testing.assert_allclose(game.coordinator.c, game.sites.own.mean(axis=0))


def test_it_leads_to_the_minimum_of_the_sum():
    # (w − 4) + 2w = 0 at 4/3; periodic averaging stops where the sites' drifts cancel, which is elsewhere
    for_ever = [[0, 1]] * 100
    assert bowls("scaffold:b=2", for_ever)[0][-1] == pytest.approx(4 / 3, abs=1e-6)
    assert abs(bowls("periodic:b=2", for_ever)[0][-1] - 4 / 3) > 0.1


def test_who_makes_no_step_keeps_its_own():
    # site 1 sleeps in the second round
    _, game = bowls("scaffold:b=2", [[0, 1]] * 2 + [[0]])
    before = game.sites.own[1].copy()
    game.step(np.zeros((1, 1)), np.array([0]))
    np.testing.assert_array_equal(game.sites.own[1], before)
    np.testing.assert_allclose(game.coordinator.c, game.sites.own.mean(axis=0))


def test_rates_are_those_of_the_own_steps():
    # site 0 makes one step of the first round, with η = ½: c_0 = (0 − 2)/½
    _, game = bowls("scaffold:b=2", [[1], [0, 1]])
    assert game.sites.own[0] == -4


def test_it_costs_twice_as_much():
    script = make_script(3, 5, 12)
    twice, once = play(script, "scaffold:b=4"), play(script, "periodic:b=4")
    first = 4 * 3 * 5
    assert twice.ledger.total_bytes - first == 2 * (once.ledger.total_bytes - first)


def test_b_1_by_sgd_is_periodic():
    # the corrections cancel in the mean, and c_i is the last gradient
    settings = {**SMALL, "steps": 6, "optimizer": "sgd", "lr": 0.1, "dtype": "float64"}
    ours, plain = run(protocol="scaffold:b=1", **settings), run(protocol="periodic:b=1", **settings)
    np.testing.assert_allclose(ours.model, plain.model, atol=1e-12)


def test_a_run():
    # the variates are those of the learners, by the rates of the run
    settings = {**SMALL, "steps": 3, "optimizer": "sgd", "lr": 0.1, "lr_schedule": "step:0.5@0.5"}
    simulation = Simulation(run(protocol="scaffold:b=3", **settings).config)
    E = simulation.coordinator.E.copy()
    for _ in range(2):
        simulation.step()
    sites = simulation.sites
    simulation.step()
    np.testing.assert_allclose(sites.own.mean(axis=0), simulation.coordinator.c, atol=1e-6)
    moved = E - simulation.coordinator.E  # the mean drift, by Σ η = 0.1 + 0.1 + 0.05
    np.testing.assert_allclose(simulation.coordinator.c, moved / 0.25, atol=1e-5)
    np.testing.assert_array_equal(sites.learners.shift, sites.c - sites.own)


def test_absent_sites_are_refused():
    with pytest.raises(ValueError, match="faults: expected no absent sites with scaffold"):
        build("scaffold", np.ones(2), 3, faults=Faults(absent={1: (2, 3)}))
