"""The study's runner: the same rows from any executor, and what a row holds."""

import csv
import json
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor

import numpy as np
import pytest

from fgm_ref.datasets import load
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import evaluate
from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.study.pages import summary
from fgm_ref.study.running import grid, store
from fgm_ref.study.running.estimate import seconds
from fgm_ref.study.running.journal import NAME, Journal
from fgm_ref.study.running.measure import compact, curve, execute, outcome_of, train
from fgm_ref.study.running.runner import study
from fgm_ref.study.running.store import Record
from fgm_ref.study.running.task import Task

TINY = {"dataset": "ecg208", "hidden": 3, "steps": 5, "evaluations": 2, "sites": 2, "batch": 4}
TWO = grid.experiments(
    {
        "first": {
            "about": "a",
            "common": TINY,
            "blocks": [{"protocol": ["fgm", "periodic:b=2"], "seeds": 3}],
        },
        "second": {
            "about": "b",
            "common": TINY,
            "blocks": [{"protocol": ["periodic:b=2", "local"], "seeds": 2}],
        },
    }
).values()  # 6 and 4 runs, 2 of them shared


class Serial(Executor):
    """Does everything at once, in this thread; counts."""

    def __init__(self, break_after=None):
        self.calls, self.break_after = 0, break_after

    def submit(self, function, /, *args):
        if self.calls == self.break_after:
            raise BrokenExecutor("the plug was pulled")
        self.calls += 1
        future = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def rows(path):
    """The rows of a table without the times."""
    with open(path, newline="") as file:
        found = list(csv.DictReader(file))
    assert all(float(row.pop("seconds")) >= 0 for row in found)
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The study done one run after the other."""
    out = tmp_path_factory.mktemp("alone")
    executor = Serial()
    done = study(TWO, out, executor=executor)
    assert done.done == executor.calls == 8 and not done.failed and not done.broken
    return out


def test_rows_are_in_the_order_of_the_grid_and_the_journal_is_gone(alone):
    assert sorted(path.name for path in alone.iterdir()) == ["first.csv", "second.csv"]
    for experiment in TWO:
        found = rows(alone / f"{experiment.name}.csv")
        assert [row["key"] for row in found] == [task.key for task in experiment.tasks]
        assert {row["experiment"] for row in found} == {experiment.name}


@pytest.mark.parametrize(
    "how", [{"workers": 1}, {"workers": 2}, {"executor": ThreadPoolExecutor(2)}]
)
def test_any_executor_gives_the_same_numbers(alone, tmp_path, how):
    assert study(TWO, tmp_path, **how).done == 8
    for name in ("first.csv", "second.csv"):
        assert rows(tmp_path / name) == rows(alone / name)


def test_a_second_study_finds_everything_done(alone, tmp_path):
    for path in alone.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    executor = Serial()
    again = study(TWO, tmp_path, executor=executor)
    assert (again.found, again.done, executor.calls) == (8, 0, 0)
    for path in alone.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_another_version_of_the_package_counts(alone, tmp_path, monkeypatch):
    (tmp_path / "first.csv").write_bytes((alone / "first.csv").read_bytes())
    monkeypatch.setattr(store, "__version__", "0.2.0")
    assert study(list(TWO)[:1], tmp_path, executor=Serial()).found == 6


def test_results_of_before_the_package_computed_otherwise_do_not_count(
    alone, tmp_path, monkeypatch, capsys
):
    (tmp_path / "first.csv").write_bytes((alone / "first.csv").read_bytes())
    monkeypatch.setattr(store, "RESULTS", 2)
    store.versions.cache_clear()
    executor = Serial()
    assert study(list(TWO)[:1], tmp_path, executor=executor).done == executor.calls == 6
    said = "6 runs of before the package computed otherwise do not count"
    assert said in capsys.readouterr().err
    assert study(list(TWO)[:1], tmp_path, executor=Serial()).found == 6
    store.versions.cache_clear()


def test_a_setting_that_a_run_does_not_use_leaves_it_its_result(tmp_path):
    block = {"dataset": "ecg208", "protocol": "local", "steps": 2, "hidden": 2, "evaluations": 1}
    for threshold, alpha, done in ((0.1, 0.5, 1), (0.2, 0.1, 0)):
        blocks = [block | {"threshold": threshold, "alpha": alpha}]
        one = grid.experiments({"one": {"blocks": blocks}})
        executor = Serial()
        assert study(one.values(), tmp_path, executor=executor).done == executor.calls == done
        (row,) = rows(tmp_path / "one.csv")
        assert row["key"] == one["one"].tasks[0].key


def test_a_setting_that_a_run_does_use_is_another_run(tmp_path):
    block = {"dataset": "ecg208", "protocol": "fgm", "steps": 2, "hidden": 2, "evaluations": 1}
    for threshold in (0.1, 0.2):
        one = grid.experiments({"one": {"blocks": [block | {"threshold": threshold}]}})
        assert study(one.values(), tmp_path, executor=Serial()).done == 1


def test_what_an_executor_has_finished_before_it_broke_is_kept(alone, tmp_path):
    broken = study(TWO, tmp_path, executor=Serial(break_after=3))
    assert broken.broken == "the plug was pulled" and broken.done == 3
    assert len(rows(tmp_path / "first.csv")) == 3
    assert study(TWO, tmp_path, executor=Serial()).done == 5
    assert rows(tmp_path / "second.csv") == rows(alone / "second.csv")


def test_an_interrupted_study_writes_what_it_has(tmp_path, monkeypatch):
    class Interrupted(Serial):
        def submit(self, function, /, *args):
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().submit(function, *args)

    with pytest.raises(KeyboardInterrupt):
        study(TWO, tmp_path, executor=Interrupted())
    assert len(rows(tmp_path / "first.csv")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["first.csv"]


def test_a_failed_run_is_reported_and_the_others_go_on(tmp_path):
    bad = grid.experiments({"bad": {"blocks": [{**TINY, "sites": [2, 5000], "seeds": 2}]}}).values()
    done = study(bad, tmp_path, executor=Serial())
    assert done.done == 2 and len(done.failed) == 2
    assert all("ValueError: sites" in reason for reason in done.failed.values())
    assert len(rows(tmp_path / "bad.csv")) == 2


def test_runs_that_stand_in_no_table_stay_in_the_journal(tmp_path):
    first, second = TWO
    with Journal(tmp_path) as journal:
        journal.add(Record.of(first.tasks[0], execute(first.tasks[0])))
        with open(journal.path, "ab") as file:
            file.write(b'{"key": "torn')
    assert study([second], tmp_path, executor=Serial()).found == 0
    assert len((tmp_path / NAME).read_text().split()) > 1  # still waiting for its own experiment
    executor = Serial()
    assert study([first], tmp_path, executor=executor).found == 3 and executor.calls == 3
    assert not (tmp_path / NAME).exists()


def test_a_smaller_grid_loses_nothing(tmp_path):
    large, small = (
        grid.experiments({"one": {"blocks": [{**TINY, "seeds": n}]}}).values() for n in (3, 2)
    )
    study(large, tmp_path, executor=Serial())
    study(small, tmp_path, executor=Serial())
    assert len(rows(tmp_path / "one.csv")) == 2
    executor = Serial()
    assert study(large, tmp_path, executor=executor).found == 3 and executor.calls == 0
    assert len(rows(tmp_path / "one.csv")) == 3 and not (tmp_path / NAME).exists()


def test_a_failed_write_leaves_the_old_table_and_the_journal(alone, tmp_path, monkeypatch):
    first, _ = TWO
    study([first], tmp_path, executor=Serial(break_after=2))
    before = (tmp_path / "first.csv").read_bytes()

    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space"):
        patch.setattr(csv.DictWriter, "writerows", full)
        study([first], tmp_path, executor=Serial())
    assert (tmp_path / "first.csv").read_bytes() == before
    assert study([first], tmp_path, executor=Serial()).found == 6
    assert rows(tmp_path / "first.csv") == rows(alone / "first.csv")


def test_two_studies_do_not_share_a_folder(tmp_path):
    with (
        Journal(tmp_path),
        pytest.raises(ValueError, match="out: expected a folder that no other study"),
    ):
        study(TWO, tmp_path, executor=Serial())


def test_a_row_is_the_run(alone):
    config = Config(**{**TINY, "hidden": (3,), "lr": 0.01, "protocol": "fgm", "seed": 1})
    result, data = run(config), load("ecg208")
    (row,) = (
        row
        for row in store.table(alone / "first.csv")
        if row["protocol"] == "fgm" and row["seed"] == 1
    )
    for name in ("loss", "served_loss", "local_loss", "spread", "norm"):
        assert row[name] == result.final[name]
    for name in ("bytes", "bytes_up", "tcp_bytes_down", "messages"):
        assert row[name] == result.totals[name]
    assert row["prequential"] == pytest.approx(result.series["loss"].mean())
    assert row["prequential_late"] == pytest.approx(result.series["loss"][2:].mean())
    np.testing.assert_allclose(curve(row["curve_loss"]), result.curve["loss"], rtol=1e-5)
    assert curve(row["curve_bytes"]).tolist() == result.curve["bytes"].tolist()
    assert (row["baseline_loss"], row["baseline_score"]) == (
        data.baseline.loss,
        data.baseline.score,
    )
    assert row["stopped"] == "" and row["hidden"] == (3,) and row["numpy"] == np.__version__


@pytest.mark.parametrize(
    "protocol", ["fgm", "local", "periodic:b=3", "central", "at-end", "dynamic"]
)
def test_the_served_model_is_the_coordinators(protocol):
    simulation = Simulation(
        Config(**{**TINY, "hidden": (3,), "protocol": protocol, "threshold": 0.002})
    )
    first = evaluate(simulation.model, simulation.coordinator.E, simulation.data).loss
    for _ in range(5):
        simulation.step()
        simulation.evaluate()
        expected = evaluate(simulation.model, simulation.coordinator.E, simulation.data).loss
        assert simulation.curve["served"][-1] == pytest.approx(expected, rel=1e-6)
        if protocol in ("local", "at-end"):
            assert expected == first != simulation.curve["loss"][-1]
        if protocol == "central":
            assert simulation.curve["served"][-1] == simulation.curve["loss"][-1]
    simulation.coordinator.finish()
    assert (simulation.result().final["served_loss"] == first) == (protocol == "local")


def test_a_diverged_run_is_a_row_with_its_reason():
    outcome = train(
        Config(**{**TINY, "hidden": (3,), "dataset": "nyc_weather", "optimizer": "sgd", "lr": 1e25})
    )
    assert "blew up" in outcome["stopped"] and outcome["baseline_loss"] > 0
    assert outcome["loss"] is outcome["bytes"] is outcome["curve_loss"] is None
    fine = train(Config(**TINY | {"hidden": (3,)}))
    assert fine.keys() == outcome.keys()
    row = Record.of(Task(Config()), outcome).row
    assert row["loss"] == "" and np.isnan(store.cell("loss", row["loss"]))


def test_curves_survive():
    values = np.array([1 / 3, np.nan, 2.0, 123456789.0])
    again = curve(compact(values))
    np.testing.assert_allclose(again, values, rtol=1e-5)
    assert again[3] == 123456789 and json.loads(compact(values))[1] is None


def test_a_table_of_an_older_package_is_read_with_the_defaults(alone, tmp_path):
    # one setting did not exist yet
    with open(alone / "first.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    with open(tmp_path / "first.csv", "w", newline="") as file:
        names = [name for name in lines[0] if name != "multicast"]
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        table.writerows(lines)
    executor = Serial()
    assert study(list(TWO)[:1], tmp_path, executor=executor).found == 6 and executor.calls == 0


def test_the_summary_has_a_line_per_setting_and_the_baseline(alone, tmp_path):
    (tmp_path / "first.csv").write_bytes((alone / "first.csv").read_bytes())
    (page,) = summary.write(tmp_path)
    assert not summary.write(tmp_path, known=["first"])
    text = page.read_text()
    losses = [row["loss"] for row in store.table(alone / "first.csv") if row["protocol"] == "fgm"]
    assert f"| fgm | 3 | {np.mean(losses):.4g} |" in text and "baseline_loss" in text
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 2 + 2


def test_estimates_know_every_data_set_and_grow():
    from fgm_ref.datasets import names

    assert all(seconds(Task(Config(dataset=name))) > 0 for name in names())
    base = Config(dataset="watch", steps=100)
    assert seconds(Task(base)) < seconds(Task(Config(dataset="watch", steps=200)))
    assert seconds(Task(base)) < seconds(Task(Config(dataset="watch", steps=100, sites=16)))
    loss = Config(dataset="watch", steps=100, safe="loss", relative=False)
    assert seconds(Task(base)) < seconds(Task(loss))


def test_the_served_mean_leaves_out_the_start():
    # three evaluations: before the first step, after steps 2 and 5; the first is the same whatever is run
    result = run(Config(**{**TINY, "hidden": (3,), "lr": 0.05, "protocol": "periodic:b=1"}))
    start, middle, end = result.curve["served"]
    assert len({start, middle, end}) == 3
    assert outcome_of(result)["served_mean"] == pytest.approx((middle + end) / 2)
