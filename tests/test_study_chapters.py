"""Chapters of the report say what the numbers say, also when these are turned round.  On made-up rows."""

from dataclasses import asdict

import numpy as np
import pytest

from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.safe import safe_function
from fgm_ref.simulation.config import Config
from fgm_ref.study.numbers import rebalancers
from fgm_ref.study.numbers.compare import NOTHING, Comparison, at_equal_settings, pooled
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.rows import column, runs, values, where
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import off, ratio, size
from fgm_ref.study.pages import report
from fgm_ref.study.pages.chapters import (
    claims,
    drift,
    faults,
    fronts,
    rebalancing,
    safe,
    scale,
    shipped,
    sweeps,
)
from fgm_ref.study.presets import PRESETS
from fgm_ref.transport.codecs import parse_codec

SEEDS = 4


def made(seeds=SEEDS, noise=0.01, **settings):
    """Rows of one setting, a seed each; `bytes` and `loss` get a little noise that protocols share under one seed."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        shared = 1 + noise * rng.standard_normal()
        base = asdict(Config()) | {
            "kind": "run",
            "seed": seed,
            "parameters": 100,
            "score": 0.7,
            "rounds": 10.0,
            "subrounds": 20.0,
            "rebalances": 5.0,
            "baseline_loss": 2.0,
            "baseline_score": 0.2,
        }
        row = base | settings
        loss = row["loss"] * shared
        yield row | {
            "bytes": row["bytes"] * shared,
            "loss": loss,
            "served_mean": loss,
            "prequential": loss,
        }


def loss_at(b):
    """One and the same straight line of loss over ln bytes for everybody, so that interpolation is exact."""
    return 3 - 0.2 * np.log(b)


def front(cost, **settings):
    """A protocol's rows at four thresholds, with cost / T bytes."""
    for t in (0.04, 0.08, 0.16, 0.32):
        yield from made(
            bytes=cost / t,
            loss=loss_at(cost / t),
            threshold=t,
            safe="variance",
            noise=0,
            **settings,
        )


def fronts_rows(costs):
    """A small table of the experiment on fronts: bytes at equal thresholds are as `costs` say."""
    for dataset in ("ecg208", "watch"):
        common = {
            "dataset": dataset,
            "schedule": "bernoulli:0.5",
            "split": PRESETS[dataset].get("split", "iid"),
        }
        for protocol, cost in costs.items():
            yield from front(cost, protocol=protocol, **common)
        for b, cost in ((1, 3e5), (7, 1e5), (29, 3e4)):
            yield from made(
                protocol=f"periodic:b={b}", bytes=cost, loss=loss_at(cost), noise=0, **common
            )
        for protocol, loss in (("local", 1.5), ("central", 0.4)):
            yield from made(protocol=protocol, bytes=1e3, loss=loss, **common)


EVEN = dict.fromkeys(
    ("gm", "dynamic", "fgm", "fgm-centre", "fgm-probe", "fda-linear", "omniscient"), 1e4
)


@pytest.mark.parametrize(("fgm", "says"), [(0.5e4, "50 % fewer bytes"), (1.5e4, "50 % more bytes")])
def test_fronts_follow_the_numbers(fgm, says):
    found = fronts.chapter(list(fronts_rows(EVEN | {"fgm": fgm})))
    first, second = found.answers
    assert (
        f"same promise: {says}" in first
        and f"{ratio(Estimate(fgm / 1e4, fgm / 1e4, fgm / 1e4, 4))}" in first
    )
    # on one and the same curve of loss against bytes nobody is better
    assert "same final loss: no clear difference" in second
    assert [picture.name for picture in found.pictures] == ["ratios", "fronts"]


def test_no_target_where_speaking_does_not_help():
    rows = [row | {"loss": 0.1} if row["protocol"] == "local" else row for row in fronts_rows(EVEN)]
    case = fronts.Cases(rows).headline[0]
    assert np.isnan(case.target("loss")) and fronts.written(case.reach("fgm", "gm")) == "–"


def test_a_front_that_ends_too_early_gives_a_bound():
    case = fronts.Cases(list(fronts_rows(EVEN | {"fgm": 1e5}))).headline[0]
    assert case.reach("fgm", "gm").bound == "≤" and case.reach("gm", "fgm").bound == "≥"
    assert case.reach("gm", "dynamic").bound == ""


def safe_rows(moving):
    entrants = {
        ("fgm", "ball"): 1.0,
        ("fgm", "variance"): 1.2,
        ("fgm", "cap"): 0.3,
        ("fgm", "tracking"): moving,
        ("omniscient", "variance"): 0.5,
        ("gm", "variance"): 1.6,
    }
    for (protocol, zone), cost in entrants.items():
        for t in (0.05, 0.15):
            yield from made(
                protocol=protocol,
                safe=zone,
                threshold=t,
                bytes=1e4 * cost / t,
                loss=0.5 + t,
                dataset="watch",
            )


def test_the_best_zone_is_found_in_its_group():
    found = safe.chapter(list(safe_rows(0.7)))
    (answer,), (finding,) = found.answers, found.findings
    assert (
        "`tracking`, needs 0.70 (0.70–0.70) times" in answer
        and "(1.40 (1.40–1.40) times the omniscient" in answer
    )
    assert "`cap` 0.30" in answer and "`ball` is the cheapest" in answer
    assert "clearly better: `cap`, `tracking`.**" in answer
    assert "`tracking` need fewer bytes than the norm, `variance` more" in finding
    assert "`variance`, `tracking` more" in safe.chapter(list(safe_rows(1.3))).findings[0]


def shipped_rows(harm):
    for protocol in ("gm", "periodic:b=7"):
        for codec, share in (("float32", 1.0), ("int8", 0.28)):
            loss = 0.6 + (harm if codec == "int8" else 0)
            yield from made(
                protocol=protocol,
                codec=codec,
                bytes=1e5 * share,
                loss=loss,
                dataset="watch",
                noise=0.001,
            )
    yield from made(protocol="local", bytes=1e3, loss=1.5, dataset="watch", noise=0)
    yield from made(protocol="periodic:b=1", bytes=1e6, loss=0.5, dataset="watch", noise=0)


@pytest.mark.parametrize(("harm", "change"), [(0.0, "+0.000"), (0.2, "+0.200")])
def test_what_is_shipped(harm, change):
    found = shipped.chapter(list(shipped_rows(harm)))
    assert (
        "`int8` needs 0.28 to 0.28 times the bytes" in found.findings[0]
        and change in found.findings[0]
    )
    assert change in found.answers[0]


def test_growth_is_that_of_a_power():
    rows = [
        row
        for k in (4, 16, 64)
        for protocol, power in (("gm", 1.5), ("fgm", 1.0))
        for row in made(protocol=protocol, sites=k, bytes=1e4 * k**power, loss=1.0, noise=0)
    ]
    table = scale.chapter(rows).tables[1]
    exponents = {line[0]: line[2] for line in table.body}
    assert exponents == {"`fgm`": "1.00 (1.00–1.00)", "`gm`": "1.50 (1.50–1.50)"}
    assert size(1e4 * 1e6**1.5) in "".join(table.body[1])


def sweep_rows(gm):
    """The first block of the sweeps: GM with balancing against FGM."""
    for t in (0.1, 1.0):
        for protocol, cost in (("dynamic", gm), ("fgm", 1.0)):
            yield from made(
                protocol=protocol,
                safe="ball",
                relative=False,
                threshold=t,
                bytes=1e5 * cost / t,
                loss=1.0,
                rounds=10 / t,
                dataset="nyc_flights",
                schedule="single",
                sites=8,
                batch=16,
                steps=600,
            )
    for zone, share in (("cap", 0.2), ("ball", 1.0)):
        for t in (0.1, 0.3):
            yield from made(
                protocol="fgm",
                safe=zone,
                threshold=t,
                bytes=1e5 * share / t,
                loss=1.0,
                rounds=10 / t,
                dataset="nyc_flights",
                schedule="single",
                sites=8,
                batch=16,
                steps=600,
            )


def test_claims_are_judged_by_intervals():
    rows = list(sweep_rows(3.0))
    verdicts = {line[0].split(".")[0]: line[2] for line in claims.table({"sweeps": rows}).body}
    assert (
        verdicts["1"] == claims.REFUTED
        and verdicts["2a"] == claims.CONFIRMED
        and verdicts["11"] == claims.CONFIRMED
    )
    assert "ball 3.00" in sweeps.chapter(rows).findings[0]
    turned = [row | {"rounds": 1 / row["rounds"] * 1e3} for row in rows]
    assert {line[0][:2]: line[2] for line in claims.table({"sweeps": turned}).body}[
        "2a"
    ] == claims.REFUTED


def test_every_chapter_that_is_named_is_there():
    from importlib import import_module

    for name in report.CHAPTERS:
        assert callable(import_module(f"fgm_ref.study.pages.chapters.{name}").chapter)


def test_what_the_chapters_name_is_declared():
    pairs = {*rebalancers.PAIRS, *rebalancers.PAIRS.values()}
    for name in {*pairs, *faults.PROTOCOLS, *drift.DYNAMIC, *fronts.RIVALS, *fronts.DRAWN}:
        assert name in PROTOCOLS
    for name in shipped.NOT_CODED:
        assert parse(name)
    assert set(rebalancing.COLORS) == set(rebalancers.PAIRS)
    assert set(sweeps.LOOKS) >= {kind for pair in sweeps.PAIRS for kind in pair}
    # each codec that is drawn can be had
    assert all(parse_codec(codec) for codec in shipped.LOOKS)


@pytest.mark.parametrize("name", safe.ZONES)
def test_zones_that_are_said_to_move_are_those_that_say_so(name):
    zone = safe_function(name)(np.ones(4), 0.5)
    assert zone.moves == (safe.ZONES[name][0] == safe.MOVED)


# ------------------------------------------------------------------------------------------------ small parts


def test_rows_are_paired_by_seed():
    rows = [{"seed": 2, "bytes": 3.0}, {"seed": 0, "bytes": 1.0}]
    np.testing.assert_array_equal(column(rows, "bytes", [0, 1, 2]), [1.0, np.nan, 3.0])
    with pytest.raises(ValueError, match="two with seed 0"):
        column([*rows, {"seed": 0, "bytes": 5.0}], "bytes")


def test_runs_have_a_line_per_setting():
    rows = [
        {"seed": s, "threshold": t, "bytes": 10 * t + s, "loss": 1.0}
        for t in (0.2, 0.1)
        for s in (1, 0)
    ]
    np.testing.assert_allclose(runs(rows).bytes, [[1, 2], [2, 3]])
    assert (
        values(rows, "threshold") == [0.1, 0.2]
        and len(where(rows, threshold=0.1, seed=(0, 1))) == 2
    )


def test_pooling_is_the_geometric_mean_of_what_there_is():
    a = Comparison(np.log(2.0), np.full(10, np.log(2.0)), 5)
    b = Comparison(np.log(8.0), np.full(10, np.log(8.0)), 5, "≥")
    both, found = pooled([a, b, NOTHING])
    assert found == 2 and both.bound == "≥" and both.estimate.value == pytest.approx(4.0)
    assert pooled([NOTHING]) == (NOTHING, 0)


def test_runs_that_are_missing_are_no_error():
    full, none = Runs(np.ones((2, 3)), np.ones((2, 3))), Runs(np.array([]), np.array([]))
    assert at_equal_settings(full, none) is NOTHING and ratio(NOTHING.estimate) == "–"


def test_words_depend_on_the_interval():
    assert off(Estimate(0.9, 0.8, 1.01, 10)) == "no clear difference in bytes"
    assert off(Estimate(0.9, 0.8, 0.99, 10)) == "10 % fewer bytes"
