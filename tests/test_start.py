"""The first model: sent whole, or as the seed that it is made from."""

import json

import numpy as np
import pytest
from scripted import build
from strategies import EVERY

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.study.running import store
from fgm_ref.study.running.store import Record
from fgm_ref.study.running.task import Task
from fgm_ref.transport.messages import KINDS

SMALL = {
    "dataset": "ecg208",
    "sites": 3,
    "hidden": (4,),
    "steps": 8,
    "evaluations": 1,
    "threshold": 0.05,
}


def sent_first(result):
    """(copies, bytes of each) of the messages before the first step."""
    return [
        (int(e["copies"]), int(e["size"]))
        for e in result.events
        if e["step"] == 0 and KINDS[e["kind"]].name == "MODEL"
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("codec", ["float32", "ternary+ef"])
def test_eight_bytes_instead_of_the_first_model(protocol, codec):
    # the same run to the last bit; the bill is less by the first model, and more by a seed for each site
    whole, seed = (
        run(**SMALL, protocol=protocol, codec=codec, start=start) for start in ("model", "seed")
    )
    np.testing.assert_array_equal(whole.model, seed.model)
    D, k = whole.final["parameters"], SMALL["sites"]
    if protocol == "central":  # it sends no model at all
        assert whole.totals == seed.totals
        return
    assert sent_first(whole)[0] == (k, 4 * D) and sent_first(seed)[0] == (k, 8)
    assert whole.totals["bytes"] - seed.totals["bytes"] == k * (4 * D - 8)
    assert whole.totals["messages"] == seed.totals["messages"]


def test_the_sites_make_the_model_themselves():
    # from nothing but the number that was sent: another number, another model
    simulation = Simulation(Config(**SMALL, start="seed", seed=5))
    post = simulation.network.encoder
    assert int(post.seed) == 5 and post.seed.nbytes == 8
    np.testing.assert_array_equal(post.make(5), simulation.sites.models[0])
    assert (post.make(6) != simulation.sites.models[0]).any()
    plain = Simulation(Config(**SMALL, seed=5))
    np.testing.assert_array_equal(plain.sites.models, simulation.sites.models)


def test_only_the_first_model_comes_from_a_seed():
    result = run(**SMALL, protocol="periodic:b=2", start="seed")
    sizes = [int(e["size"]) for e in result.events if KINDS[e["kind"]].name == "MODEL"]
    assert sizes == [8, *[4 * result.final["parameters"]] * 4]


def test_a_seed_of_more_than_eight_bytes_is_refused():
    with pytest.raises(
        ValueError, match="seed: expected at most 18446744073709551615 with start=seed"
    ):
        Simulation(Config(**SMALL, start="seed", seed=2**64))
    Simulation(Config(**SMALL, start="seed", seed=2**64 - 1))
    with pytest.raises(ValueError, match="start: expected one of model, seed"):
        Config(start="seeds")


def test_a_game_without_a_seed_sends_the_model():
    for protocol in EVERY:
        game = build(protocol, np.ones(4), 2)
        sizes = {e.size for e in game.events if KINDS[e.kind].name == "MODEL"}
        assert sizes <= {16}


# --------------------------------------------------------------------- a later setting at its default is not mentioned


def test_the_default_leaves_keys_and_files_as_they_were(tmp_path):
    plain, changed = Config(), Config(start="seed")
    assert "start" not in plain.to_dict() and changed.to_dict()["start"] == "seed"
    assert (
        Config.from_dict(plain.to_dict()) == plain
        and Config.from_dict(changed.to_dict()) == changed
    )
    assert Task(plain).key != Task(changed).key
    assert "start" not in Task(plain).columns and Task(changed).columns["start"] == "seed"
    result = run(**SMALL)
    result.save(tmp_path / "run.npz")
    meta = json.loads(str(np.load(tmp_path / "run.npz")["meta"]))
    assert "start" not in meta["config"]
    assert RunResult.load(tmp_path / "run.npz").config.start == "model"


def test_rows_with_and_without_a_later_setting_share_a_table(tmp_path):
    tasks = [Task(Config(start=start, seed=seed)) for seed, start in enumerate(("model", "seed"))]
    rows = [Record.of(task, {"loss": 0.5}) for task in tasks]
    store.write(tmp_path / "old.csv", "x", rows[:1])
    assert ",start," not in (tmp_path / "old.csv").read_text()
    store.write(tmp_path / "both.csv", "x", rows)
    assert [record.task for record in store.records(tmp_path / "both.csv")] == tasks
    assert [row["start"] for row in store.table(tmp_path / "both.csv")] == ["model", "seed"]
