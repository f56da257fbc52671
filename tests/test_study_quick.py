"""The small study shows what the large one does: headlines of either round, trained from scratch."""

import pytest

from fgm_ref.simulation.config import LATER
from fgm_ref.study.numbers.paired import log_ratio
from fgm_ref.study.numbers.rows import mean, where
from fgm_ref.study.running import grid
from fgm_ref.study.running.measure import execute
from fgm_ref.study.running.store import Record, cell

pytestmark = pytest.mark.slow


def rows_of(experiment, **wanted):
    """The quick runs of an experiment that have these settings, done here and now."""
    tasks = grid.bundled(quick=True)[experiment].tasks
    chosen = [
        task
        for task in tasks
        if all(getattr(task.config, name) in values for name, values in wanted.items())
    ]
    records = [Record.of(task, execute(task)) for task in chosen]
    return [
        LATER | {name: cell(name, text) for name, text in record.row.items()} for record in records
    ]


@pytest.fixture(scope="module")
def fronts():
    return rows_of(
        "fronts",
        protocol=("gm", "dynamic", "fgm", "fgm-centre"),
        safe=("variance",),
        threshold=(0.08,),
    )


def by(rows, a, b):
    """Bytes of protocol a by those of b, with an interval over three seeds."""
    assert len(where(rows, protocol=a)) == len(where(rows, protocol=b)) == 3
    return log_ratio(where(rows, protocol=a), where(rows, protocol=b)).estimate


def test_at_the_same_promise_fgm_ships_less_than_gm(fronts):
    found = by(fronts, "fgm", "gm")
    assert found.high < 0.95 and found.low > 0.4, found


def test_balancing_makes_gm_dearer(fronts):
    assert by(fronts, "dynamic", "gm").low > 1.1


def test_a_zone_that_moves_ships_less_than_one_that_stands(fronts):
    assert by(fronts, "fgm-centre", "fgm").high < 0.97


def test_eight_bits_ship_a_third_and_learn_as_much():
    rows = rows_of("shipped", protocol=("gm",), codec=("float32", "int8+ef"))
    small, full = where(rows, codec="int8+ef"), where(rows, codec="float32")
    assert len(small) == len(full) == 2
    assert log_ratio(small, full).estimate.high < 0.5
    assert 0.98 < log_ratio(small, full, "loss").estimate.value < 1.02


@pytest.fixture(scope="module")
def fewest():
    return rows_of("fewest", protocol=("periodic:b=1", "fgm"), threshold=(0.1, 0.64))


def learnt(rows):
    """What these runs have learnt, beyond a trivial model."""
    return mean(rows, "baseline_loss") - mean(rows, "loss")


def test_a_promise_learns_nearly_as_much_for_a_hundredth_of_the_bytes(fewest):
    every = where(fewest, protocol="periodic:b=1", codec="float32")
    full = where(fewest, protocol="fgm", codec="ternary+ef", start="seed")
    assert len(every) == len(full) == 2
    assert log_ratio(full, every, by=()).estimate.high < 1 / 100
    assert learnt(full) > 0.9 * learnt(every)


def test_three_values_per_number_ship_an_eighth_and_learn_as_much():
    rows = rows_of("bits", codec=("float32", "ternary+ef"))
    small, full = where(rows, codec="ternary+ef"), where(rows, codec="float32")
    assert len(small) == len(full) == 2
    assert log_ratio(small, full).estimate.high < 1 / 8
    assert learnt(small) > 0.95 * learnt(full)
