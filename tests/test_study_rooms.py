"""Three rooms: those who run and those who compare do not know each other; stored runs keep their owners."""

import csv
from pathlib import Path

import pytest
from test_imports import MODULES, imported

from fgm_ref.datasets import SETS, load
from fgm_ref.simulation import presets
from fgm_ref.study.presets import PRESETS
from fgm_ref.study.running import grid
from fgm_ref.study.running.store import Record

RESULTS = Path(__file__).resolve().parent.parent / "data" / "results"

# What each room may import of the study, besides itself.
STANDS_ON = {
    "study.presets": set(),
    "study.deviations": set(),
    "study.lags": set(),
    "study.cancel": set(),
    "study.running": {"study.presets"},
    "study.numbers": {"study.presets"},
    "study.pages": {"study.running", "study.numbers"},
    "study.store": {"study.running"},
    "study.__main__": {"study.running", "study.pages"},
    "study": set(),
}


def room_of(module):
    """`study.numbers` for `study.numbers.rows`, nothing outside of the study."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "study" else ""


@pytest.mark.parametrize("room", STANDS_ON)
def test_a_room_of_the_study_imports_from_below_only(room):
    modules = [module for module in MODULES if room_of(module) == room]
    assert modules
    for module in modules:
        others = {room_of(other) for other in imported(MODULES[module])} - {"", room}
        assert others <= STANDS_ON[room], module


def test_every_module_of_the_study_is_in_a_room():
    assert {room_of(module) for module in MODULES} - {""} == set(STANDS_ON)


def stored():
    """The rows of the committed tables, by experiment."""
    found = {}
    for path in sorted(RESULTS.glob("*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


@pytest.fixture
def other_presets(monkeypatch):
    """The demo's presets are quite different ones."""
    other = {"hidden": (5,), "steps": 7, "lr": 0.3, "sites": 3, "batch": 2}
    for name, entry in SETS.items():
        monkeypatch.setitem(SETS, name, entry._replace(preset=other))
        monkeypatch.setitem(presets.PRESETS, name, other)


def test_presets_of_the_demo_leave_no_stored_run_without_an_owner(other_presets):
    wanted = grid.bundled()
    for name, rows in stored().items():
        keys = [row["key"] for row in rows]
        assert [Record.from_row(row).task.key for row in rows] == keys
        stored_keys = set(keys)  # those of the second round are stored as they come
        assert [task.key for task in wanted[name].tasks if task.key in stored_keys] == keys


def test_every_data_set_with_stored_runs_has_a_preset_of_the_studys_own():
    assert {row["dataset"] for rows in stored().values() for row in rows} <= set(PRESETS)


def test_a_new_data_set_brings_the_preset_of_its_entry(monkeypatch):
    new = SETS["ecg208"]._replace(preset={"hidden": (5,), "steps": 7})
    monkeypatch.setitem(SETS, "new", new)
    blocks = [{"dataset": "new", "steps": 3}]
    (task,) = grid.experiments({"one": {"blocks": blocks}})["one"].tasks
    assert (task.config.hidden, task.config.steps) == ((5,), 3)


def test_the_names_in_stored_runs_can_be_imported():
    kinds = {row["kind"] for rows in stored().values() for row in rows}
    assert {grid.measure(kind).__name__ for kind in kinds} == {"train", "lags", "cancellation"}


def test_the_demo_does_see_its_presets_change(other_presets):
    # or the test above would hold for nothing
    assert presets.preset(load("watch")).steps == 7
