"""Whole runs: what must be equal, what must not change, and how a run ends."""

import numpy as np
import pytest

from fgm_ref.datasets import Dataset, load
from fgm_ref.datasets.dataset import classification, regression
from fgm_ref.protocols import PROTOCOLS, Dynamic, Fgm, Protocol, fgm
from fgm_ref.safe import Ball, Cap, Variance
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import balanced_accuracy
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.simulate import RunDiverged, Simulation, drive, run

TALKING = [name for name in PROTOCOLS if name not in ("central", "local")]
SMALL = {"hidden": (3,), "steps": 12, "batch": 4, "evaluations": 2, "lr": 0.05, "dtype": "float64"}


def toy(task="classification", n=60, T=4, D=2, seed=0) -> Dataset:
    """Windows whose label is the sign of their sum."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n + 20, T, D)).astype(np.float32)
    sums = x.sum(axis=(1, 2))
    if task == "regression":
        return regression("toy", (x[:n], sums[:n]), (x[n:], sums[n:]), "a toy")
    y = (sums > 0).astype(int)
    return classification(
        "toy",
        (x[:n], y[:n]),
        (x[n:], y[n:]),
        ("minus", "plus"),
        "a toy",
        sites=(np.arange(n) % 3, ("a", "b", "c")),
    )


def go(protocol, data=None, **settings) -> RunResult:
    return run(Config(**{**SMALL, "protocol": protocol, **settings}), data=data or toy())


def same_model(a, b, tolerance=1e-9):
    np.testing.assert_allclose(a.model, b.model, rtol=0, atol=tolerance)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_periodic_with_b_1_is_centralised_training(optimizer, task):
    # b.2: equal batches, a mean loss and a linear optimiser: averaging models = training on the union
    data = toy(task)
    a = go("periodic:b=1", data, optimizer=optimizer, sites=3)
    same_model(a, go("central", data, optimizer=optimizer, sites=3))


def test_the_identity_fails_for_adam_and_for_rare_averaging():
    # or the test above would prove nothing
    central = go("central", optimizer="adam", sites=3)
    assert np.abs(go("periodic:b=1", optimizer="adam", sites=3).model - central.model).max() > 1e-4
    central = go("central", optimizer="sgd", sites=3, lr=0.5)
    assert (
        np.abs(go("periodic:b=6", optimizer="sgd", sites=3, lr=0.5).model - central.model).max()
        > 1e-6
    )


def test_averaged_momentum_is_centralised_and_is_billed():
    # b.10, item 11; and 2 kD words more each time
    plain = go("periodic:b=1", optimizer="momentum", sites=3)
    averaged = go("periodic:b=1", optimizer="momentum", sites=3, optimizer_state="average")
    same_model(averaged, go("central", optimizer="momentum", sites=3))
    D, k, syncs = averaged.final["parameters"], 3, SMALL["steps"]
    assert averaged.totals["bytes"] - plain.totals["bytes"] == syncs * 2 * k * 4 * D
    assert averaged.ledger["STATE"]["messages"] == syncs * k


@pytest.mark.parametrize("steps", [3, 10, 30, 100])
def test_an_idle_site_steps_as_far_as_the_others_once_states_are_averaged(steps):
    # one site trains, the other does not; then states are averaged, and the idle one takes its first step.  All
    # gradients of a site with one sample, one input and a tiny rate are alike, so each step of Adam is one rate long.
    x = np.ones((4, 1, 1), np.float32)
    data = regression("toy", (x, np.full(4, 9.0)), (x, np.full(4, 9.0)), "a toy")
    config = Config(
        **{
            **SMALL,
            "protocol": f"periodic:b={steps}",
            "schedule": "bernoulli:1,0",
            "optimizer_state": "average",
            "sites": 2,
            "steps": steps + 1,
            "lr": 1e-6,
        }
    )
    simulation = Simulation(config, data)
    for _ in range(steps):
        simulation.step()
    before = simulation.models.copy()
    rows = np.zeros((2, 1), int)
    simulation.sites.step(slice(None), data.x_train[rows], data.y_train[rows])
    moved = np.abs(simulation.models - before) / config.lr
    used = moved[0] > 0.5  # parameters with a gradient
    assert used.any()
    np.testing.assert_allclose(moved[:, used], 1, rtol=0.02)


def test_averaged_counters_of_adam_are_billed():
    plain = go("periodic:b=1", optimizer="adam", sites=3)
    averaged = go("periodic:b=1", optimizer="adam", sites=3, optimizer_state="average")
    D, k, syncs = averaged.final["parameters"], 3, SMALL["steps"]
    # two moments, and the two sums of their weights
    assert averaged.totals["bytes"] - plain.totals["bytes"] == syncs * 2 * k * 4 * (2 * D + 2)


def test_averaging_blocks_one_by_one_has_no_count_for_adam():
    with pytest.raises(
        ValueError, match=r"^optimizer_state: expected keep with fgm-blocks and Adam"
    ):
        go("fgm-blocks", optimizer="adam", optimizer_state="average", sites=2)
    go("fgm-blocks", optimizer="momentum", optimizer_state="average", sites=2)


def test_reset_forgets_the_momentum():
    keep = go("periodic:b=3", optimizer="momentum", sites=2)
    reset = go("periodic:b=3", optimizer="momentum", sites=2, optimizer_state="reset")
    assert np.abs(keep.model - reset.model).max() > 1e-6
    assert keep.totals == reset.totals


@pytest.mark.parametrize("protocol", TALKING)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_one_site_is_centralised_training(protocol, optimizer):
    # b.10, item 5, with thresholds at which something happens
    a = go(protocol, optimizer=optimizer, sites=1, threshold=0.003)
    same_model(a, go("central", optimizer=optimizer, sites=1))
    if protocol not in ("at-end", "omniscient"):  # one model has no spread
        assert a.series["rounds"][-1] > 0


@pytest.mark.parametrize("protocol", ["local", *TALKING])
@pytest.mark.parametrize("schedule", ["lockstep", "bernoulli:0.5", "single"])
def test_guarantees_hold_and_the_same_seed_gives_the_same_run(protocol, schedule):
    settings = {"sites": 4, "schedule": schedule, "checks": True, "threshold": 0.1, "steps": 25}
    a, b = (go(protocol, **settings) for _ in range(2))
    assert a.summary() == b.summary()
    assert (a.model == b.model).all()
    assert a.events.tobytes() == b.events.tobytes()


def test_runs_of_one_seed_are_paired():
    # the same start, batches and schedule: two protocols that never speak train alike
    quiet = {"threshold": 1e15, "relative": False, "sites": 3, "schedule": "bernoulli:0.5"}
    runs = [go(protocol, **quiet) for protocol in ("local", "dynamic", "gm", "fgm", "fgm-reb")]
    for other in runs[1:]:
        assert (runs[0].model == other.model).all()
        np.testing.assert_array_equal(runs[0].series["loss"], other.series["loss"])
        assert other.totals["messages"] == 3  # the initial model
    assert (go("local", seed=1, **quiet).model != runs[0].model).any()


def test_ledger_options_do_not_change_the_run():
    a, b = (go("fgm", sites=4, multicast=multicast) for multicast in (False, True))
    assert (a.model == b.model).all()
    assert b.totals["messages_down"] < a.totals["messages_down"]
    assert a.totals["bytes_up"] == b.totals["bytes_up"]


def test_the_series_are_the_ledger():
    result = go("fgm", sites=4)
    assert (
        result.series["bytes"][-1]
        == result.totals["bytes"]
        == sum(r["bytes"] for r in result.ledger.values())
    )
    assert result.series["messages"][-1] == result.totals["messages"]
    assert (np.diff(result.series["bytes"]) >= 0).all()
    assert len(result.series["phi"]) == SMALL["steps"]
    assert result.curve["step"].tolist() == [0, 6, 12]


def test_save_and_load(tmp_path):
    result = go("fgm-reb", sites=3)
    path = tmp_path / "run.npz"
    result.save(path)
    again = RunResult.load(path)
    assert again.config == result.config
    assert again.summary() == result.summary()
    for name in ("series", "curve"):
        mine, theirs = getattr(result, name), getattr(again, name)
        assert mine.keys() == theirs.keys()
        for key in mine:
            np.testing.assert_array_equal(mine[key], theirs[key])
    assert result.events.tobytes() == again.events.tobytes()
    np.testing.assert_array_equal(result.model, again.model)
    assert list(tmp_path.iterdir()) == [path]  # no half-written file is left


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    result = go("local", sites=2)
    result.save(path)
    before = path.read_bytes()

    def out_of_space(file, **arrays):
        file.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez_compressed", out_of_space)
    with pytest.raises(OSError, match="no space"):
        result.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_divergence_stops_with_step_site_and_record():
    data = toy("regression")
    with pytest.raises(
        RunDiverged, match=r"stopped at step \d+: the model of site \d+ blew up .*--lr"
    ) as caught:
        go("fgm", data, optimizer="sgd", lr=1e25, sites=2, steps=50)
    record = caught.value.result
    assert record.stopped == str(caught.value)
    assert 0 < len(record.series["bytes"]) < 50


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"sites": 0}, "sites: expected a whole number of at least 1, got 0"),
        ({"sites": 61}, "sites"),
        ({"threshold": 0}, "threshold: expected a number above 0, got 0"),
        ({"threshold": float("nan")}, "threshold: expected a number above 0, got nan"),
        ({"lr": -1}, "lr"),
        ({"clip": 0}, "clip"),
        ({"steps": 0}, "steps"),
        ({"seed": -1}, "seed"),
        ({"protocol": "fmg"}, "protocol: .*did you mean 'fgm'"),
        ({"protocol": "periodic:c=1"}, "expected b=10; got 'c=1'"),
        ({"protocol": "periodic:b=0"}, "b: expected a whole number of at least 1, got 0"),
        ({"protocol": "periodic:b=x"}, "option b: expected a whole number, got 'x'"),
        ({"protocol": "fgm:epsilon=2"}, "epsilon: expected a number between 0 and 1, got 2"),
        (
            {"protocol": "fgm-reb:rule=none"},
            "rule: expected one of bimodal, fixed, zero-balance; got 'none'",
        ),
        ({"protocol": "dynamic:balancing=maybe"}, "expected yes or no"),
        ({"safe": "cube"}, "safe: expected one of ball"),
        ({"schedule": "sometimes"}, "schedule: expected one of"),
        ({"schedule": "bernoulli:2"}, "rates between 0 and 1"),
        (
            {"schedule": "bernoulli:0.1,0.2,0.3"},
            "expected 1 rate or one for each of 8 sites, got 3",
        ),
        ({"split": "fair"}, "split"),
        ({"cell": "elephant"}, "cell"),
        ({"optimizer": "newton"}, "optimizer"),
        ({"optimizer_state": "lose"}, "optimizer_state"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_bad_settings_are_named(setting, message):
    with pytest.raises(ValueError, match=message):
        run(Config(**{**SMALL, **setting}), data=toy())


def test_the_model_of_a_run_that_is_over_serves_the_next_one():
    settings = {**SMALL, "dropout": 0.3, "schedule": "bernoulli:0.5", "sites": 3}
    first = Simulation(Config(**settings, protocol="gm"), toy())
    drive(first)
    config = Config(**settings, protocol="fgm", seed=1)
    again = Simulation(config, toy(), model=first.model)
    assert again.model is first.model
    assert drive(again).model.tobytes() == run(config, data=toy()).model.tobytes()


@pytest.mark.parametrize("other", [{"hidden": (4,)}, {"dtype": "float32"}])
def test_a_model_of_other_layers_is_left_alone(other):
    first = Simulation(Config(**SMALL), toy())
    assert Simulation(Config(**{**SMALL, **other}), toy(), model=first.model).model != first.model


def test_zero_reference_and_the_cap():
    # E = 0 has no direction and a relative threshold no size
    simulation = Simulation(Config(**SMALL), toy())
    zero = np.zeros_like(simulation.coordinator.E)
    with pytest.raises(ValueError, match="reference model other than zero"):
        simulation.coordinator.make_zone(zero)


def test_config_survives_json():
    config = Config(hidden=(3, 2), protocol="fgm")
    assert Config.from_dict(config.to_dict()) == config
    with pytest.raises(ValueError, match="got colour"):
        Config.from_dict({"colour": 1})


@pytest.mark.slow
class HalfBall(Ball):
    """A zone of one's own."""

    def __init__(self, E, R):
        super().__init__(E, R / 2)


MINE = Protocol(
    "mine", "FGM under another name", fgm.Sites, fgm.Coordinator, "sum", {"epsilon": 0.2}
)


@pytest.mark.parametrize(
    ("objects", "texts"),
    [
        ((Fgm, Ball), ("fgm", "ball")),
        ((Fgm(epsilon=0.1), Variance), ("fgm:epsilon=0.1", "variance")),
        ((Dynamic(balancing=False), Cap), ("dynamic:balancing=no", "cap")),
        ((PROTOCOLS["gm-reb"](balancing="slack"), Ball), ("gm-reb:balancing=slack", "ball")),
        ((MINE, HalfBall), (f"{__name__}:MINE", f"{__name__}:HalfBall")),
        ((MINE(epsilon=0.3), Ball), (f"{__name__}:MINE:epsilon=0.3", "ball")),
    ],
)
def test_objects_work_beside_strings_and_are_remembered(objects, texts, tmp_path):
    def trained(protocol, safe):
        return run(data=toy(), protocol=protocol, safe=safe, threshold=0.2, sites=3, **SMALL)

    one, other = trained(*objects), trained(*texts)
    assert (one.config.protocol, one.config.safe) == texts
    assert one.config == other.config
    assert one.events.tobytes() == other.events.tobytes()
    one.save(tmp_path / "run.npz")
    assert RunResult.load(tmp_path / "run.npz").config == one.config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"protocol": Protocol("lost", "", fgm.Sites, fgm.Coordinator)},
            r"^protocol: .* at the top",
        ),
        ({"safe": lambda E, R: Ball(E, R)}, r"^safe: expected something with a name at the top"),
    ],
)
def test_what_could_not_be_found_again_is_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        Config(**setting)


@pytest.mark.parametrize("options", [{"epsilom": 0.1}, {"epsilon": "much"}, {"epsilon": None}])
def test_a_wrong_option_of_an_object_is_named(options):
    with pytest.raises(ValueError, match=r"^protocol fgm"):
        Fgm(**options)


def test_every_bundled_set_trains():
    for name in ("ecg208", "nyc_weather"):
        data = load(name)
        result = run(
            Config(dataset=name, protocol="fgm", steps=60, lr=0.01, hidden=(12,)), data=data
        )
        assert result.final["loss"] < 0.8 * data.baseline.loss


def test_balanced_accuracy_weighs_the_classes_alike():
    # of class 0 nine of ten are right, of class 2 one of two, of class 5 none of one; the others do not occur
    y = np.array([0] * 10 + [2, 2, 5])
    right = np.array([True] * 9 + [False, True, False, False])
    assert balanced_accuracy(right, y) == pytest.approx((0.9 + 0.5 + 0.0) / 3)
    order = np.random.default_rng(0).permutation(len(y))
    assert balanced_accuracy(right[order], y[order]) == pytest.approx(1.4 / 3)


def test_the_loss_of_a_step_is_that_of_the_sites_that_trained():
    # one site at a time: what is recorded is its loss, and nothing of those that are idle
    simulation = Simulation(
        Config(**{**SMALL, "protocol": "local", "sites": 3, "schedule": "single"}), toy()
    )
    trained = set()
    for _ in range(SMALL["steps"]):
        before = simulation.trained.losses.copy()
        simulation.step()
        after = simulation.trained.losses
        unchanged = (before == after) | (np.isnan(before) & np.isnan(after))
        (site,) = np.flatnonzero(~unchanged)
        assert simulation.series["loss"][-1] == after[site]
        trained.add(site)
    assert trained == {0, 1, 2}


def test_spread_is_the_root_mean_square_distance():
    simulation = Simulation(Config(**{**SMALL, "protocol": "local", "sites": 3}), toy())
    for _ in range(4):
        simulation.step()
    P = simulation.sites.models
    squares = [float(((p - P.mean(axis=0)) ** 2).sum()) for p in P]
    assert max(squares) > 1.1 * min(squares)
    assert simulation.result().final["spread"] == pytest.approx(np.sqrt(sum(squares) / 3), rel=1e-9)
