"""Grids: products, sets, presets, quick versions; and errors that name experiment, block and field."""

import json
from dataclasses import asdict, fields, replace
from hashlib import sha256

import pytest

from fgm_ref.simulation.config import LATER, Config
from fgm_ref.study.running import grid, store
from fgm_ref.study.running.measure import KINDS, train
from fgm_ref.study.running.settings import FIELDS, read, typed, written
from fgm_ref.study.running.task import Task

TINY = {"dataset": "ecg208", "hidden": 4, "steps": 5, "evaluations": 1, "sites": 2, "batch": 4}


def tasks(*blocks, short=False, **experiment):
    return grid.experiments({"one": {"blocks": list(blocks), **experiment}}, short)["one"].tasks


def test_a_block_is_a_product_times_seeds():
    found = tasks({**TINY, "protocol": ["fgm", "gm"], "threshold": [0.1, 0.2, 0.4], "seeds": 2})
    triples = [(t.config.protocol, t.config.threshold, t.config.seed) for t in found]
    assert triples == [(p, t, s) for p in ("fgm", "gm") for t in (0.1, 0.2, 0.4) for s in (0, 1)]
    assert {t.config.hidden for t in found} == {(4,)} and {t.kind for t in found} == {"run"}


def test_the_preset_comes_first_then_common_then_block_then_set():
    common = {"batch": 2, "lr": 0.5, "alpha": 2}
    (found,) = tasks({"dataset": "watch", "batch": 3, "set": [{"alpha": 3}]}, common=common)
    assert (found.config.sites, found.config.split) == (7, "natural")
    assert (found.config.batch, found.config.lr, found.config.alpha) == (3, 0.5, 3.0)


def test_a_set_is_crossed_with_the_rest_and_twins_are_done_once():
    together = [
        {"protocol": "fgm", "safe": "variance"},
        {"protocol": ["local", "central"], "threshold": 1},
    ]
    found = tasks({**TINY, "threshold": [0.1, 0.2], "seeds": 2, "set": together})
    triples = [
        (t.config.protocol, t.config.safe, t.config.threshold) for t in found if t.config.seed == 1
    ]
    assert triples == [
        ("fgm", "variance", 0.1),
        ("fgm", "variance", 0.2),
        ("local", "ball", 1.0),
        ("central", "ball", 1.0),
    ]
    assert len(tasks({**TINY, "seeds": 2}, {**TINY, "seeds": 3})) == 3


def test_layers_are_a_list_within_the_list():
    assert [t.config.hidden for t in tasks({**TINY, "hidden": [4, [4, 3]]})] == [(4,), (4, 3)]


def test_quick_replaces_values_of_an_experiment_and_of_a_block():
    block = {**TINY, "protocol": ["fgm", "gm"], "seeds": 9, "quick": {"protocol": "gm"}}
    assert len(tasks(block, quick={"seeds": 2})) == 18
    found = tasks(block, quick={"seeds": 2, "steps": 3}, short=True)
    assert [(t.config.protocol, t.config.steps, t.config.seed) for t in found] == [
        ("gm", 3, 0),
        ("gm", 3, 1),
    ]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"treshold": 1}, "field: expected one of .*Did you mean 'threshold'"),
        ({"threshold": -1}, "threshold: expected a number above 0, got -1"),
        ({"threshold": ["0.1"]}, "threshold: expected a number, got '0.1'"),
        ({"threshold": []}, "threshold: expected at least one value"),
        ({"steps": 2.5}, "steps: expected a whole number, got 2.5"),
        ({"steps": True}, "steps: expected a whole number"),
        ({"hidden": "big"}, "hidden: expected a whole number, got 'big'"),
        ({"relative": 1}, "relative: expected true or false, got 1"),
        ({"cell": 3}, "cell: expected text, got 3"),
        ({"protocol": "fmg"}, "protocol: .*did you mean 'fgm'"),
        ({"safe": "cube"}, "safe: expected"),
        ({"dataset": "wacht"}, "dataset: .*Did you mean 'watch'"),
        ({"kind": "ran"}, "kind: expected one of run"),
        ({"kind": "no_such_module:f"}, "kind: found no module"),
        ({"seed": 3}, "seed: expected `seeds`"),
        ({"seeds": "all"}, "seeds: expected how many"),
        ({"set": [3]}, "set: expected a table"),
        ({"set": {}}, "set: expected a list"),
    ],
)
def test_errors_name_experiment_block_and_field(change, message):
    with pytest.raises(ValueError, match=f"experiment one, block 2: {message}"):
        _ = tasks(TINY, {**TINY, **change})


@pytest.mark.parametrize(
    "mapping, message",
    [
        ({"One": {"blocks": [{}]}}, "experiment: expected a name of small letters"),
        ({"one": {}}, "experiment one: blocks: expected at least one block"),
        (
            {"one": {"blocks": [{}], "block": 1}},
            "experiment one: key: expected one of .*Did you mean 'blocks'",
        ),
        ({"one": 3}, "experiment one: experiment: expected a table"),
    ],
)
def test_a_malformed_experiment_is_named(mapping, message):
    with pytest.raises(ValueError, match=message):
        grid.experiments(mapping)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(ValueError, match="grid: expected a readable file"):
        grid.load_file(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[one")
    with pytest.raises(ValueError, match=r"grid: expected TOML in .*bad\.toml"):
        grid.load_file(tmp_path / "bad.toml")


@pytest.mark.parametrize("quick", [False, True])
def test_the_bundled_experiments_are_sound(quick):
    for experiment in grid.bundled(quick).values():
        assert experiment.tasks and experiment.about


def other(name):
    """A value of a field that is not its default."""
    special = {
        "dataset": "watch",
        "optimizer": "sgd",
        "optimizer_state": "reset",
        "dtype": "float64",
        "clip": 1.5,
    }
    default = FIELDS[name].default
    if name in special:
        return special[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return 'my_module:MINE:a=1,b="2"'
    return (3, 2) if isinstance(default, tuple) else default + 1


@pytest.mark.parametrize("name", [field.name for field in fields(Config)])
def test_every_setting_survives_a_cell(name):
    default = FIELDS[name].default
    values = (
        [default] if isinstance(default, str) and other(name) == "watch" else [default, other(name)]
    )
    for value in values:
        again = read(name, written(value))
        assert again == value and type(again) is type(value)
        assert typed(name, value) == value


def test_keys_differ_where_settings_do():
    base = Config(dataset="ecg208")
    keys = {Task(base).key, Task(base, "other").key}
    for name in ("seed", "threshold", "hidden", "clip", "relative", "alpha"):
        keys.add(Task(replace(base, **{name: other(name)})).key)
    assert len(keys) == 8
    assert Task(replace(base, threshold=1)).key == Task(replace(base, threshold=1.0)).key


def test_a_later_setting_is_not_written_at_its_default():
    # so runs that were stored before it came keep their keys, and tables their columns
    plain, other = Task(Config()), Task(Config(server="momentum"))
    assert set(LATER) >= {"server"}
    assert not set(LATER) & set(plain.columns) and other.columns["server"] == "momentum"
    assert len({plain.key, other.key, Task(Config(server="nesterov")).key}) == 3
    values = {name: typed(name, value) for name, value in asdict(Config()).items()}
    first = {name: value for name, value in values.items() if name not in LATER}
    text = json.dumps({"kind": "run", "config": first}, sort_keys=True)
    assert plain.key == sha256(text.encode()).hexdigest()[:16]
    # in a table of both kinds the cell of the first is empty, and read as the default
    rows = [{**dict.fromkeys(store.NAMES, ""), **task.columns} for task in (plain, other)]
    assert "server" not in store.columns_of(rows[:1]) and "server" in store.columns_of(rows)
    assert read("server", "") == "mean"


def test_columns_do_not_collide():
    outcome = train(tasks(TINY)[0].config)
    names = [*store.NAMES, *FIELDS, *outcome, "seconds", *store.VERSIONS]
    assert len(set(names)) == len(names)
    assert KINDS["run"] is train and set(outcome) >= {
        "loss",
        "served_mean",
        "bytes",
        "stopped",
        "baseline_loss",
    }
