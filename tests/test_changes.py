"""A world that changes under the sites' feet: labels, signs, seasons, people."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS
from test_simulate import SMALL, go, toy

from fgm_ref.datasets import load
from fgm_ref.datasets.batches import InOrder
from fgm_ref.datasets.dataset import classification, regression
from fgm_ref.simulation.changes import World
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import evaluate
from fgm_ref.simulation.simulate import Simulation, run


def world(change, data=None, **settings):
    return World(Config(change=change, **{"steps": 10, "sites": 3, **settings}), data or toy())


def three_classes():
    y = np.arange(30) % 3
    x = np.zeros((30, 2, 1), np.float32)
    return classification("three", (x, y), (x[:9], y[:9]), ("a", "b", "c"), "three classes")


def test_nothing_changes_by_default():
    data = toy()
    assert all(world("", data).at(step) is data for step in range(11))
    assert go("fgm", data).events.tobytes() == go("fgm", data, change="").events.tobytes()


def test_swap_exchanges_two_labels_in_both_parts_from_the_next_step_on():
    data = three_classes()
    now = world("swap=0/2@0.5", data)
    assert all(now.at(step) is data for step in range(6))  # half of 10 steps, and before the first
    for step in range(6, 11):
        swapped = now.at(step)
        np.testing.assert_array_equal(swapped.y_train, np.array([2, 1, 0])[data.y_train])
        np.testing.assert_array_equal(swapped.y_test, np.array([2, 1, 0])[data.y_test])
        assert swapped.x_train is data.x_train and swapped.baseline == data.baseline
    np.testing.assert_array_equal(
        data.y_train, np.arange(30) % 3
    )  # the original is nobody's to change


def test_a_second_swap_brings_the_old_concept_back_and_others_add_up():
    data = three_classes()
    back = world("swap=0/2@0.3,swap=2/0@0.6", data)
    np.testing.assert_array_equal(back.at(7).y_train, data.y_train)
    assert (back.at(4).y_train != data.y_train).any()
    both = world("swap=0/1@0.2,swap=1/2@0.8", data)
    np.testing.assert_array_equal(both.at(10).y_train, np.array([2, 0, 1])[data.y_train])


def test_reverse_turns_the_sign():
    data = toy("regression")
    now = world("reverse@0.5", data)
    np.testing.assert_array_equal(now.at(6).y_test, -data.y_test)
    np.testing.assert_array_equal(now.at(6).y_train, -data.y_train)
    assert now.at(5) is data


@given(seed=SEEDS, k=st.integers(1, 4), size=st.integers(1, 9), draws=st.integers(1, 40))
def test_in_order_goes_round_and_round(seed, k, size, draws):
    rng = np.random.default_rng(seed)
    parts = [np.sort(rng.choice(100, rng.integers(1, 12), replace=False)) for _ in range(k)]
    batches, taken = InOrder(parts, size, [rng] * k), [[] for _ in parts]
    for _ in range(draws):
        active = np.flatnonzero(rng.random(k) < 0.7)
        for site, rows in zip(active, batches.draw(active), strict=True):
            taken[site] += rows.tolist()
    for part, rows in zip(parts, taken, strict=True):
        np.testing.assert_array_equal(rows, np.resize(part, len(rows)))


def test_season_keeps_the_order_of_time_at_each_site():
    # the station's hours, one after the other: the target of hour t is its own number
    n = 40
    x, hours = np.zeros((n, 2, 1), np.float32), np.arange(n, dtype=np.float32)
    data = regression(
        "hours", (x, hours), (x, hours), "hours", sites=(np.arange(n) // 20, ("north", "south"))
    )
    simulation = Simulation(
        Config(
            **{
                **SMALL,
                "protocol": "local",
                "sites": 2,
                "split": "natural",
                "batch": 5,
                "change": "season",
            }
        ),
        data,
    )
    seen = [simulation.batches.draw(slice(None)) for _ in range(5)]
    np.testing.assert_array_equal(
        np.concatenate([rows[1] for rows in seen]), [*range(20, 40), *range(20, 25)]
    )


@pytest.mark.parametrize("change", ["swap=0/1@0.5", "season", "season,swap=0/1@0.4"])
def test_every_protocol_sees_the_same_stream(change):
    # at a threshold that nobody reaches, monitored sites are local ones; so the stream is the same
    settings = {"change": change, "split": "natural", "sites": 3}
    alone = go("local", **settings)
    for protocol in ("fgm", "dynamic", "gm"):
        watched = go(protocol, threshold=1e9, **settings)
        np.testing.assert_array_equal(watched.series["loss"], alone.series["loss"])
    again = go("fgm", threshold=0.05, **settings)
    assert again.events.tobytes() == go("fgm", threshold=0.05, **settings).events.tobytes()
    assert (alone.series["loss"] != go("local", split="natural", sites=3).series["loss"]).any()


def test_before_the_change_a_run_is_the_same_as_without_it():
    a, b = go("fgm", change="swap=0/1@0.5", sites=3), go("fgm", sites=3)
    before = SMALL["steps"] // 2
    np.testing.assert_array_equal(a.series["loss"][:before], b.series["loss"][:before])
    assert a.series["loss"][before] != b.series["loss"][before]


def test_metrics_are_about_the_present():
    # a model that has learnt the old concept well is as wrong about the new one, and learns it
    data, settings = (
        toy(n=200),
        {"steps": 300, "lr": 0.05, "sites": 2, "evaluations": 300, "batch": 16},
    )
    result = go("periodic:b=5", data, change="swap=0/1@0.6", **settings)
    old, shock, final = (result.curve["score"][i] for i in (180, 181, 300))
    assert result.curve["step"][181] == 181 and old > 0.85
    assert shock < 0.3
    assert final > 0.85
    assert result.final["score"] == final
    # prequential loss jumps in the first step of the new concept
    assert result.series["loss"][180] > 5 * result.series["loss"][170:180].mean()


def test_a_person_joins():
    # person 7 is not there for the first half: nothing goes to or from it, and nobody has seen its data
    data = load("watch")
    config = Config(
        protocol="fgm",
        sites=7,
        split="natural",
        hidden=(4,),
        steps=20,
        threshold=0.02,
        batch=8,
        evaluations=2,
        lr=0.01,
        change="join=6@0.5",
        checks=True,
    )
    simulation = Simulation(config, data)
    drawn = []
    draw = simulation.batches.draw
    simulation.batches.draw = lambda active: drawn.append(draw(active)) or drawn[-1]
    for _ in range(config.steps):
        simulation.step()
    result = simulation.result()
    assert [len(rows) for rows in drawn] == [6] * 10 + [7] * 10
    assert (data.site_train[np.concatenate(drawn[:10])] < 6).all()
    assert (data.site_train[np.concatenate(drawn[10:])[-1]] == 6).all()
    mine = result.events[result.events["site"] == 6]
    assert mine["step"].min() > 10 and result.series["rounds"][9] > 0
    assert result.final["breaches"] == 0
    same = run(Config(**{**config.to_dict(), "change": "", "faults": "absent=6:1-10"}), data=data)
    assert same.events.tobytes() == result.events.tobytes()


def test_who_is_not_there_yet_is_not_in_the_mean_model():
    config = Config(
        **{
            **SMALL,
            "protocol": "periodic:b=1",
            "sites": 3,
            "split": "natural",
            "change": "join=2@0.9",
        }
    )
    simulation = Simulation(config, toy())
    for _ in range(6):
        simulation.step()
    np.testing.assert_allclose(simulation.mean_model, simulation.coordinator.E)
    assert np.abs(simulation.sites.models[2] - simulation.coordinator.E).max() > 1e-3


@pytest.mark.parametrize(
    "change, message",
    [
        ("swop=0/1@0.5", r"change: expected season, swap=A/B@SHARE, .*; got 'swop=0/1@0.5'"),
        ("swap=0/2@0.5", r"change: expected swap=A/B@SHARE with classes 0…1; got 'swap=0/2@0.5'"),
        ("swap=0/0@0.5", "with classes 0…1"),
        ("swap=0@0.5", "with classes 0…1"),
        ("swap=-1/0@0.5", "with classes 0…1"),
        ("swap=a/b@0.5", "with classes 0…1"),
        ("swap=0/1/1@0.5", "with classes 0…1"),
        ("swap=0/1", "a share of the steps between 0 and 1, such as @0.5; got 'swap=0/1'"),
        ("swap=0/1@1", "a share of the steps"),
        ("swap=0/1@nan", "a share of the steps"),
        ("swap=0/1@0.5,swap=0/1@0.2", "in the order of time"),
        ("reverse@0.5", "expected reverse with a regression, .*; try swap=0/1@0.5"),
        ("join=3@0.5", "expected join=SITE@SHARE with sites 0…2, got 'join=3@0.5'"),
        ("join=x@0.5", "sites 0…2"),
        ("season", "expected season with a natural split, .* got split 'iid'"),
        ("seasons", "got 'seasons'"),
    ],
)
def test_bad_changes_are_explained(change, message):
    with pytest.raises(ValueError, match=message):
        go("fgm", change=change, sites=3)


def test_swap_needs_classes():
    with pytest.raises(ValueError, match=r"with classes, which 'toy' has not; got 'swap=0/1@0.5'"):
        go("fgm", toy("regression"), change="swap=0/1@0.5")


def test_the_served_model_is_judged_by_the_present_data():
    # nobody ever sends a model, so E stays what it was; its loss on swapped labels is another one
    config = Config(**{**SMALL, "protocol": "local", "sites": 2, "change": "swap=0/1@0.5"})
    simulation = Simulation(config, toy())
    seen = []
    for _ in range(config.steps):
        simulation.step()
        simulation.evaluate()
        now = evaluate(simulation.model, simulation.coordinator.E, simulation.data).loss
        assert simulation.curve["served"][-1] == pytest.approx(now, rel=1e-9)
        seen.append(now)
    assert len(set(seen)) == 2 and seen.index(seen[-1]) == config.steps // 2
