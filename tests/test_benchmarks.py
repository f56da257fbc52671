"""The benchmarks' own programs: the right problems, the same gradients, honest statistics; no seconds are asserted."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

import bench
import engines
import report
import scaling
import workloads
from workloads import Case, Workload

from fgm_ref.learning.model import Model

TINY = {
    "lstm": Workload("lstm", 3, (4,), 3, 5, 6),
    "stacked lstm": Workload("lstm", 3, (5, 4, 2), 4, 2, 3),
    "rnn": Workload("rnn", 2, (5,), 6, 3, 4),
    "stacked rnn": Workload("rnn", 2, (5, 3), 1, 3, 4),
}


@pytest.fixture(params=TINY)
def tiny(request, monkeypatch):
    monkeypatch.setitem(workloads.WORKLOADS, request.param, TINY[request.param])
    return request.param


@pytest.mark.parametrize(
    ("name", "parameters", "mflop"),
    [
        ("W1", 3_668, 1.20),
        ("W2", 25_482, 63.0),
        ("W3", 1_088_258, 3_028),
        ("W4", 1_444, 11.5),
    ],
)
def test_the_workloads_have_these_sizes(name, parameters, mflop):
    workload = workloads.WORKLOADS[name]
    assert Model(workload.spec).size == parameters
    assert workload.flops / 1e6 == pytest.approx(mflop, rel=5e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", [name for name in engines.ENGINES if name not in engines.LIMITS])
def test_every_engine_computes_what_the_library_computes(tiny, engine, dtype, tmp_path):
    pytest.importorskip(engines.ENGINES[engine].needs or "numpy")
    if engine.startswith("torch"):
        import torch

        torch.set_grad_enabled(True)
    case = Case(tiny, 3, dtype)
    given = workloads.problem(case.shape, case.k, dtype)
    made = engines.make(engine, case, given)
    G = np.array(made.gradient())
    made.step()
    made.wait()
    np.savez(tmp_path / "saved.npz", G=G, change=made.weights() - given.P)
    bench.compare(case, engine, tmp_path / "saved.npz", bench.reference(case, given))


def test_a_wrong_gradient_and_a_wrong_step_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(workloads.WORKLOADS, "tiny", TINY["lstm"])
    case = Case("tiny", 2, "float64")
    G, change = bench.reference(case, workloads.problem(case.shape, 2, "float64"))
    for wrong in ({"G": G * (1 + 1e-6), "change": change}, {"G": G, "change": 2 * change}):
        np.savez(tmp_path / "saved.npz", **wrong)
        with pytest.raises(bench.Failed, match="expected the library's gradient"):
            bench.compare(case, "wrong", tmp_path / "saved.npz", (G, change))


def test_the_prototype_steps_through_the_same_weights_for_a_while(tiny):
    case = Case(tiny, 5, "float64")
    given = workloads.problem(case.shape, case.k, case.dtype)
    library, prototype = (
        engines.make("library", case, given),
        engines.make("prototype", case, given),
    )
    for _ in range(5):
        library.step()
        prototype.step()
    np.testing.assert_allclose(prototype.weights(), library.weights(), rtol=0, atol=1e-12)


def test_stacks_and_split_matrices_of_the_prototype(monkeypatch):
    import prototype

    monkeypatch.setitem(workloads.WORKLOADS, "tiny", TINY["stacked lstm"])
    monkeypatch.setattr(prototype, "L2", 12_000)
    monkeypatch.setattr(prototype, "SPLIT_ABOVE", 60)
    case = Case("tiny", 7, "float64")
    assert 1 < prototype.Prototype.stack_size(case) < 7
    given = workloads.problem(case.shape, case.k, case.dtype)
    got, expected = (
        engines.make(name, case, given).gradient() for name in ("prototype", "library")
    )
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14)


def test_the_recorded_products_are_those_of_the_step():
    case = Case("W1", 8, "float32")
    products = engines.make("products", case, workloads.problem(case.shape, case.k, case.dtype))
    # with the biases, and without the gradient of the initial state
    assert 0.95 < products.flops / (case.k * case.shape.flops) < 1.05
    products.step()


def record(**ms):
    return {"ms": ms, "error": {}, "flops": {"big-product": 8}, "facts": {}, "failures": []}


def test_ratios_are_taken_round_by_round():
    # the second round was slow for both: the ratio of the medians would be 2, or 6, the median of the ratios is 2
    one = record(library=[1.0, 30.0, 3.0], rival=[2.0, 60.0, 12.0])
    assert report.ratio(one, "rival") == report.Spread(2, 2, 3)
    assert str(report.ratio(one, "rival")) == "2.00 (2.00–3.00)"


def test_the_best_torch_is_one_that_people_would_write():
    one = record(**{"library": [1.0], "torch-loop": [9.0], "torch-bmm": [3.0], "torch-bptt": [0.5]})
    assert report.best_torch(one).median == 3
    assert report.best_torch(record(library=[1.0])) is None


def test_the_summary_goes_from_the_worst_to_the_best_number_of_sites():
    few = record(**{"library": [1.0], "torch-loop": [9.0], "torch-bmm": [3.0], "jax-scan": [0.5]})
    many = record(**{"library": [2.0], "torch-loop": [9.0], "torch-bmm": [4.0], "jax-scan": [4.0]})
    table = report.summary_table(
        [(Case("W1", 4, "float32"), few), (Case("W1", 8, "float32"), many)]
    )
    assert table.splitlines()[2] == "| W1 | 4, 8 | float32 | 4.50–9.00 | 2.00–3.00 | 0.50–2.00 |  |"


def test_shares_of_the_limits():
    case = Case("W1", 8, "float32")
    table = report.limit_table(
        [(case, record(**{"library": [4.0], "products": [1.0], "big-product": [1e-6]}))]
    )
    assert "| **25%** |" in table


def test_exponents():
    x = [1.0, 2.0, 4.0, 8.0, 16.0]
    assert scaling.exponent(x, [5 * v**1.5 for v in x]) == pytest.approx(1.5)
    assert scaling.exponent([1.0, 2.0], [3.0, 6.0]) == pytest.approx(1)


def test_bench_from_end_to_end(tmp_path, capsys):
    arguments = [
        "--only=W1",
        "--k=2",
        "--dtype=float64",
        "--modes=1t",
        "--kernels=native",
        "--rounds=2",
        "--engines=library,prototype,products,big-product",
        "--seconds=0.001",
        f"--out={tmp_path}",
    ]
    assert bench.main(arguments) == 0
    first = capsys.readouterr()
    assert "[1/1] W1 k=2 float64" in first.err and "| W1 | 2 | float64 |" in first.out
    with (tmp_path / "bench.csv").open() as file:
        lines = {line["engine"]: line for line in csv.DictReader(file)}
    assert set(lines) == {"library", "prototype", "products", "big-product"}
    assert float(lines["library"]["ratio"]) == 1
    assert (tmp_path / "bench.png").stat().st_size > 1000
    assert bench.main(arguments) == 0  # everything is there already
    again = capsys.readouterr()
    assert "[1/1]" not in again.err and again.out == first.out


def test_an_engine_that_dies_is_reported_and_the_others_go_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(
        engines.ENGINES, "gone", engines.ENGINES["library"]
    )  # here, but not in the worker
    arguments = [
        "--only=W1",
        "--k=1",
        "--dtype=float32",
        "--modes=1t",
        "--kernels=native",
        "--rounds=1",
        "--engines=library,gone",
        "--seconds=0.001",
        f"--out={tmp_path}",
    ]
    assert bench.main(arguments) == 1
    assert "failed: W1 k=1 float32: gone: KeyError: 'gone'" in capsys.readouterr().err


def test_a_simulation_can_be_timed_in_parts(tmp_path):
    rows = scaling.shares(scaling.synthetic(300), 3)
    parts = [value for section, _, value, unit in rows if unit == "%" and section.endswith("fgm")]
    assert sum(parts) == pytest.approx(100)
    assert "| training |" in scaling.table(rows)
    assert {unit for _, _, _, unit in scaling.memory(2)} == {"kB per site", "", "MB in all"}
    assert scaling.stream(640)[0][3] == "s"
