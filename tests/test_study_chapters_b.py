"""Five chapters of the report, each from a handful of made-up rows: what they say follows the numbers, both ways."""

import json
import re

import numpy as np
import pytest

from fgm_ref.study.numbers import changes, paired, programs, words
from fgm_ref.study.numbers.fronts import Runs
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.pages.chapters import drift, faults, gradients, rebalancing, why

SEEDS = range(4)
DEFAULTS = {
    "kind": "run",
    "dataset": "watch",
    "protocol": "fgm",
    "cell": "lstm",
    "sites": 8,
    "split": "natural",
    "alpha": 0.5,
    "schedule": "bernoulli:0.5",
    "steps": 100,
    "optimizer": "adam",
    "lr": 0.01,
    "clip": None,
    "safe": "ball",
    "threshold": 0.1,
    "change": "",
    "faults": "",
    "parameters": 10.0,
    "bytes": 1e6,
    "loss": 1.0,
    "rounds": 20.0,
    "rebalances": 0.0,
    "served_mean": 1.0,
    "prequential": 1.0,
    "prequential_late": 1.0,
    "baseline_loss": 2.0,
    "stopped": "",
    "dropped": 0.0,
    "mean_phi_zero": -1.0,
    "breaches": 0.0,
    "overshoot": 0.0,
    "curve_served": "[2,1,0.5]",
}


def rows(seeds=SEEDS, wobble=0.01, **settings):
    """One row per seed; bytes and loss wobble a little with the seed."""
    found = []
    for seed in seeds:
        row = {**DEFAULTS, **settings, "seed": seed}
        for name in ("bytes", "loss"):
            row[name] = row[name] * (1 + wobble * np.sin(3 * seed + len(row["protocol"])))
        found.append(row)
    return found


def text(chapter):
    """All that a reader sees; nothing in it is 'not a number'."""
    whole = "\n".join([*chapter.answers, *chapter.lines("images")])
    assert not re.search(r"\b(nan|None)\b", whole)
    return whole


def cells(table, *first):
    """The line of a table that begins with these cells, by column."""
    found = [line for line in table.body if tuple(line[: len(first)]) == first]
    assert len(found) == 1, first
    assert len(found[0]) == len(table.header)
    return dict(zip(table.header, found[0], strict=True))


# why


def program(gm=3.0, all_gm=6.0, cap=0.5, all_fgm=0.5, trained=1.0):
    """Correct and published programs with these bytes, in units of FGM's."""
    named = {"dynamic": ("ball", gm), "gm": ("ball", 1.5), "fgm": ("ball", 1.0)}
    found = [
        row
        for name, (safe, size) in named.items()
        for row in rows(protocol=name, safe=safe, bytes=size * 1e6)
    ]
    found += rows(protocol="fgm", safe="cap", bytes=cap * 1e6)
    at = programs.PREFIX
    found += rows(
        protocol=at + "GM_PUBLISHED", bytes=all_gm * 1e6, loss=3 * trained, rebalances=80.0
    )
    found += rows(protocol=at + "FGM_PUBLISHED", safe="cap", bytes=all_fgm * 1e6, loss=3 * trained)
    # 12 rounds and 88 balancings: somebody speaks after each of 100 batches
    found += rows(
        protocol=at + "GM:inverted=yes,norm=yes", bytes=all_gm * 1e6, rounds=12.0, rebalances=88.0
    )
    return found


def test_the_published_ratio_is_the_product_of_its_factors():
    found = programs.Program(program())
    product = sum(part.log for _, part in programs.factors(found))
    assert product == pytest.approx(programs.together(found).log)
    assert np.exp(product) == pytest.approx(12, rel=0.05)


def test_what_makes_gm_look_dearer_is_read_off_the_intervals():
    there = text(why.chapter(program()))
    assert "dearer, besides its balancing: FGM's safe function `cap` instead of `ball` (2." in there
    assert "makes it look cheaper" not in there
    back = why.shares(programs.Program(program(all_gm=1.5, cap=2.0, all_fgm=2.0)))[0]
    assert (
        "its balancing: nothing that can be told from 1; what makes it look cheaper: FGM's safe function"
        in back
    )


def test_the_arithmetic_of_a_round_stands_beside_the_measured_one():
    said = why.arithmetic(programs.Program(program()))[0]
    assert "after 100 % of the batches, whatever the threshold is" in said
    assert f"= {1 + 2 * 7 / 8:.2f} rounds of FGM at k = 8" in said
    # bytes per round: 6/12 against 1/20
    assert "measured 10." in said
    seldom = program()
    for row in seldom:
        row["rebalances"] /= 4
    assert "whatever the threshold is" not in why.arithmetic(programs.Program(seldom))[0]


def test_programs_that_learn_nothing_are_worse_than_a_trivial_model():
    assert "GM ends worse than a trivial model" in why.learnt(programs.Program(program()))[0]
    assert (
        "GM ends better than a trivial model"
        in why.learnt(programs.Program(program(trained=0.3)))[0]
    )


def test_a_diverged_deviation_has_no_ratio_but_a_line():
    lost = rows(protocol=programs.PREFIX + "FGM:sum=yes", safe="cap", stopped="diverged")
    for row in lost:
        row.update(dict.fromkeys(("bytes", "loss", "rounds", "rebalances"), np.nan))
    chapter = why.chapter(program() + lost)
    line = cells(chapter.tables[0], f"FGM, sum ({len(SEEDS)} of {len(SEEDS)} diverged)")
    assert line["GM/FGM"] == line["loss − correct"] == "diverged"
    assert why.chapter(rows(protocol="fgm")).answers == []


# rebalancing


def rebalanced(size=0.5, loss=1.0, **settings):
    """FGM with rebalancing ships this many times FGM's bytes."""
    with_it = {"protocol": "fgm-reb", "bytes": size * 1e6, "loss": loss, "rounds": 5.0}
    return rows(protocol="fgm", **settings) + rows(**with_it, **settings)


@pytest.mark.parametrize(
    ("size", "loss", "said"),
    [
        (0.5, 1.0, "as they come rebalancing pays for fgm-reb on watch (0.5"),
        (2.0, 1.0, "as they come rebalancing never surely pays."),
        (0.5, 1.5, "never surely pays; fewer bytes but clearly more loss: fgm-reb (watch)"),
    ],
)
def test_rebalancing_pays_only_with_fewer_bytes_at_no_more_loss(size, loss, said):
    chapter = rebalancing.chapter(rebalanced(size, loss))
    assert said in text(chapter)
    assert ("in 1 of 1 trials" in chapter.answers[0]) == ("pays for" in said)
    assert ("in 1 it clearly costs bytes" in chapter.answers[0]) == (size > 1)
    assert cells(chapter.tables[0], "watch")["fgm-reb / fgm"].endswith("20 → 5")


def test_fewer_bytes_are_worth_nothing_where_nothing_is_learnt():
    assert "not clearly below a trivial model's: fgm-reb (watch)" in text(
        rebalancing.chapter(rebalanced(0.5, 2.5))
    )


def test_a_loss_that_varies_too_much_is_no_proof_that_rebalancing_pays():
    found = rebalanced()
    for row in found:
        if row["protocol"] == "fgm-reb":
            row["loss"] += 0.5 * (-1) ** row["seed"]
    assert "fewer bytes but a loss too uncertain to tell: fgm-reb (watch)" in text(
        rebalancing.chapter(found)
    )


def test_constructed_cases_are_told_from_the_others_and_cancellation_from_both():
    opposed = {"dataset": "ecg208", "split": "dirichlet", "optimizer": "sgd", "lr": 0.5}
    found = rebalanced(2.0) + rebalanced(0.5, **opposed)
    for size, settings in ((0.9, {}), (0.2, opposed)):
        found += [
            {
                **row,
                "cancellation_low": size / 2,
                "cancellation": size,
                "cancellation_high": size,
                "ended": 9.0,
            }
            for row in rows(kind=rebalancing.CANCELLATION, **settings)
        ]
    said = text(rebalancing.chapter(found))
    assert (
        "opposite directions rebalancing pays for fgm-reb on ecg208, opposed, lr 0.5 (0.5" in said
    )
    assert (
        "is between 0.20 (ecg208, opposed, lr 0.5, unequal speeds) and 0.90 (watch, unequal speeds)"
        in said
    )


# drift


def changed(protocol, size, loss, **settings):
    """Runs under a label swap; all three losses are the same."""
    names = ("served_mean", "prequential", "prequential_late")
    found = rows(protocol=protocol, bytes=size, change="swap=0/3@0.5", wobble=0.0, **settings)
    # some seeds are better, others are worse
    return [
        {**row, **dict.fromkeys(names, loss + 0.01 * (-1) ** row["seed"] * (protocol == "fgm"))}
        for row in found
    ]


def periodic():
    """Ten times the bytes, half the loss."""
    return changed("periodic:b=7", 1e6, 1.0) + changed("periodic:b=61", 1e5, 2.0)


@pytest.mark.parametrize(
    ("loss", "word", "gap"),
    [
        (1.2, "lower", "−0.300"),
        (1.8, "higher", "+0.300"),
        (1.5, "no clear difference", "+0.000"),
    ],
)
def test_a_dynamic_protocol_is_held_against_the_period_with_as_many_bytes(loss, word, gap):
    # half-way between the two periods in ln bytes, where periodic averaging has a loss of 1.5
    chapter = drift.chapter(periodic() + changed("fgm", 10**5.5, loss))
    assert (
        f"the loss of E over time against periodic averaging: fgm {word} in label swap (watch)"
        in text(chapter)
    )
    assert cells(chapter.tables[0], "label swap (watch)", "fgm")["− periodic"].startswith(gap)


def test_outside_of_the_periods_nothing_is_extrapolated():
    cheap = drift.chapter(periodic() + changed("fgm", 1e4, 1.0))
    assert "fgm fewer bytes than any period in label swap (watch)" in text(cheap)
    w = np.full((1, len(SEEDS)), 1 / len(SEEDS))
    one = np.ones((1, len(SEEDS)))
    theirs = Runs(np.array([[1e6], [1e5]]) * one, np.array([[1.0], [2.0]]) * one)
    # dearer than the dearest: against that one
    assert changes.at_equal_bytes(Runs(1e9 * one, 3 * one), theirs, w).item() == pytest.approx(2)


def test_when_matters_less_than_how_often_only_if_the_numbers_say_so():
    less = "when models are averaged matters less than how often"
    assert f": {less}." in text(drift.chapter(periodic() + changed("fgm", 10**5.5, 1.4)))
    assert f": that {less} does not follow." in text(
        drift.chapter(periodic() + changed("fgm", 10**5.5, 0.2))
    )


def test_a_change_without_periodic_runs_is_left_out():
    assert drift.chapter(changed("fgm", 1e5, 1.0)).tables[0].body == []


# faults


def faulty(size, loss, breaches=0.0):
    """FGM without faults, and with messages four steps late."""
    return rows() + rows(
        faults="delay=4",
        bytes=size * 1e6,
        loss=loss,
        breaches=breaches,
        overshoot=0.5,
        mean_phi_zero=-2.0,
    )


def test_faults_raise_or_lower_bytes_and_loss():
    chapter = faults.chapter(faulty(1.5, 0.8, breaches=25.0))
    said = text(chapter)
    assert "Bytes under faults: fgm has more (4 steps late: 1.50 times)" in said
    assert "Final loss: fgm lower (4 steps late: 0.80 times)" in said
    assert "fgm misses it with 4 steps late in 25.0 % of the steps" in said
    # 0.5 in units of −φ(0) = 2
    assert cells(chapter.tables[0], "4 steps late", "fgm")["overshoot"].startswith("0.25 ")
    said = text(faults.chapter(faulty(0.5, 1.5)))
    assert "fgm has fewer (4 steps late: 0.50 times)" in said
    assert "fgm higher (4 steps late: 1.50 times)" in said
    assert "fgm keeps it throughout" in said


def test_small_differences_and_faults_without_a_clean_run_are_not_spoken_of():
    assert "fgm has no difference to speak of" in text(faults.chapter(faulty(1.001, 1.0)))
    assert faults.chapter(rows(faults="delay=4")).findings == []


# gradients


def learnt(reach=0.1, rounds=10.0, **settings):
    """LSTM and RNN; the RNN's share of the gradient at the first step, by the LSTM's, is `reach`."""
    found = []
    for cell, share, count in (("lstm", 0.01, 20.0), ("rnn", 0.01 * reach, rounds)):
        norms = {"h": np.geomspace(1, share, 5).tolist()} | (
            {"c": [0.0, 1, 1, 1, 1]} if cell == "lstm" else {}
        )
        outcome = {
            "lag_norms": json.dumps({"end": norms}),
            "gradient_reach": share,
            "relative_step_norm": 0.01,
            "step_norm": 0.1,
        }
        found += rows(cell=cell, rounds=count, drift=1.0, **outcome, **settings)
    return found


@pytest.mark.parametrize(
    ("reach", "rounds", "vanishes", "rule"),
    [
        (0.1, 10.0, "it vanishes faster", "the RNN has fewer rounds on watch (lr 0.01)"),
        (0.1, 40.0, "it vanishes faster", "the RNN has more rounds on watch (lr 0.01)"),
        (10.0, 10.0, "it vanishes more slowly", "cannot be seen here"),
        (0.1, 20.0, "it vanishes faster", "cannot be seen here"),
    ],
)
def test_vanishing_gradients_and_rounds(reach, rounds, vanishes, rule):
    said = text(gradients.chapter(learnt(reach, rounds)))
    assert vanishes in said
    assert rule in said


def test_there_is_no_rule_if_two_cases_disagree():
    said = text(gradients.chapter(learnt(rounds=10.0) + learnt(rounds=40.0, lr=0.002, clip=1.0)))
    assert (
        "There is no rule in it: fewer rounds on watch (lr 0.01), more on watch (lr 0.002, clip 1)."
        in said
    )


def test_a_cell_by_itself_is_shown_and_not_compared():
    alone = [row for row in learnt() if row["cell"] == "rnn"]
    chapter = gradients.chapter([{**row, "rounds": 0.0} for row in alone])
    assert chapter.findings == []
    assert cells(chapter.tables[0], "watch", "lr 0.01", "RNN")["rounds"] == "0.00 (0.00–0.00)"


# pairs


def test_only_runs_with_a_partner_are_compared():
    a, b = rows(seeds=(0, 1, 2), bytes=2e6), rows(seeds=(1, 2, 3), threshold=0.1)
    assert paired.log_ratio(a, b).n == 2
    assert paired.log_ratio(a, rows(threshold=0.2)).n == 0
    with pytest.raises(
        ValueError, match="rows: expected one per seed and threshold, got 6 rows for 3"
    ):
        paired.log_ratio(a + a, b)


def test_a_difference_is_told_by_its_interval():
    intervals = (-2, -1), (1, 2), (-1, 1)
    said = [
        words.side(Estimate(0.0, low, high, 5), "lower", "higher", "?") for low, high in intervals
    ]
    assert said == ["lower", "higher", "?"]


@pytest.mark.parametrize("missing", ["fgm", "periodic:b=7"])
def test_a_seed_that_is_missing_on_one_side_is_left_out_on_both(missing):
    found = periodic() + changed("fgm", 10**5.5, 1.2)
    case = changes.Case([row for row in found if (row["protocol"], row["seed"]) != (missing, 3)], 0)
    assert case.apart("fgm", "served_mean").n == len(SEEDS) - 1
