"""The study's statistics: closed forms, coverage, and that pairing matters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.study.fronts import Runs, bytes_at_loss, front_ratio
from fgm_ref.study.stats import paired_difference, paired_ratio

FEW = {"resamples": 500}


def positive(n):
    return st.lists(st.floats(0.1, 10), min_size=n, max_size=n).map(np.array)


@given(positive(6), st.floats(0.01, 100))
def test_a_constant_factor_has_no_width(a, c):
    np.testing.assert_allclose(paired_ratio(c * a, a, **FEW)[:3], [c] * 3, rtol=1e-9)
    np.testing.assert_allclose(paired_difference(a + c, a, **FEW)[:3], [c] * 3, rtol=1e-7)


@given(positive(5), positive(5))
def test_the_ratio_turned_round_is_its_inverse(a, b):
    there, back = paired_ratio(a, b, **FEW), paired_ratio(b, a, **FEW)
    np.testing.assert_allclose([there.value, there.low, there.high], [1 / back.value, 1 / back.high, 1 / back.low])
    assert there.low <= there.value * (1 + 1e-9) and there.value <= there.high * (1 + 1e-9)
    np.testing.assert_allclose(there.value, np.prod(a / b) ** (1 / 5))


def test_the_interval_covers_as_often_as_it_says():
    # a test that can fail: 95 % intervals of 30 normal pairs hold the truth in some 93 to 95 of 100 cases
    rng = np.random.default_rng(1)
    draws = rng.normal(2.0, 1.0, size=(400, 30))
    hits = 0
    for number, a in enumerate(draws):
        found = paired_difference(a, np.zeros(30), seed=number, resamples=600)
        hits += found.low <= 2.0 <= found.high
    assert 0.90 <= hits / 400 <= 0.975
    narrow = [paired_difference(a, np.zeros(30), resamples=600, level=0.5) for a in draws]
    assert 0.43 <= np.mean([one.low <= 2.0 <= one.high for one in narrow]) <= 0.56


def test_pairing_matters():
    # seeds differ tenfold, the protocols by 10 %: seen only seed by seed
    rng = np.random.default_rng(0)
    b = np.exp(rng.normal(0, 2, size=12))
    a = 1.1 * b * np.exp(rng.normal(0, 0.01, size=12))
    paired, shuffled = paired_ratio(a, b), paired_ratio(a, rng.permutation(b))
    assert 1.08 < paired.low < paired.high < 1.12
    assert shuffled.low < 1 < shuffled.high and shuffled.value == pytest.approx(paired.value)


def test_the_width_shrinks_like_one_over_root_n():
    rng = np.random.default_rng(0)
    widths = []
    for n in (25, 400):
        found = paired_difference(rng.normal(size=n), np.zeros(n))
        widths.append(found.high - found.low)
    assert widths[1] / widths[0] == pytest.approx(1 / 4, rel=0.25)


def test_pairs_without_a_number_are_left_out_and_counted():
    a = np.array([1.0, np.nan, 3.0, 4.0])
    found = paired_ratio(2 * a, np.array([1.0, 2.0, np.nan, 4.0]))
    assert found.value == pytest.approx(2) and found.n == 2
    nothing = paired_difference(np.array([np.nan]), np.array([1.0]))
    assert np.isnan(nothing.value) and nothing.n == 0 and nothing.reached == 0


@pytest.mark.parametrize("a, b, message", [
    ([1.0, 0.0], [1.0, 1.0], "ratio: expected numbers above 0, got 0"),
    ([1.0], [1.0, 2.0], "pairs: expected two rows"),
])
def test_bad_pairs_are_named(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_ratio(np.array(a), np.array(b))


def straight(factor=1.0, seeds=8, noise=0.0, shift=0.0):
    """Runs whose loss falls linearly in ln bytes: loss = 3 − ln(bytes / factor) + shift."""
    rng = np.random.default_rng(3)
    log = np.repeat(np.array([2.5, 0.5, 1.5, 1.0])[:, None], seeds, axis=1)  # in no order
    luck = noise * rng.normal(size=seeds)  # of a seed, whichever the threshold and the protocol
    return Runs(factor * np.exp(log), 3 - log + luck + shift)


@given(st.floats(0.6, 2.4), st.floats(0.1, 10))
def test_on_a_straight_front_the_bytes_are_known(log, factor):
    found = bytes_at_loss(straight(factor), 3 - log, **FEW)
    np.testing.assert_allclose(found[:3], [factor * np.exp(log)] * 3)
    assert found.reached == 1 and found.n == 8


@given(st.floats(0.01, 100))
def test_the_ratio_of_two_straight_fronts_is_their_factor(factor):
    # however lucky a seed was, both protocols had it
    found = front_ratio(straight(factor, noise=0.2), straight(noise=0.2), 1.6, **FEW)
    np.testing.assert_allclose(found[:3], [factor] * 3)


def test_pairing_matters_for_fronts():
    a, b = straight(2.0, noise=0.3), straight(noise=0.3)
    other_seeds = Runs(b.bytes, np.roll(b.loss, 3, axis=1))
    paired, crossed = front_ratio(a, b, 1.6), front_ratio(a, other_seeds, 1.6)
    assert paired.high - paired.low < 1e-9 < 0.1 < crossed.high - crossed.low


def test_a_loss_that_is_not_reached():
    found = bytes_at_loss(straight(noise=0.3), 0.1, **FEW)
    assert np.isnan(found.value) and found.reached < 0.05
    sometimes = bytes_at_loss(straight(noise=0.3), float(straight(noise=0.3).loss.mean(axis=1).min()) - 0.02)
    assert np.isnan(sometimes.value) and 0.05 < sometimes.reached < 0.95 and sometimes.low <= sometimes.high
    assert np.isnan(front_ratio(straight(), straight(shift=9.0), 1.6).value)


def test_the_cheapest_threshold_may_be_good_enough_and_worse_ones_do_not_count():
    assert bytes_at_loss(straight(), 9.0, **FEW).value == pytest.approx(np.exp(0.5))
    runs = straight()
    # dearer and worse than what is there already: the front does not see it
    dominated = Runs(np.vstack([runs.bytes, runs.bytes[:1] * 2]), np.vstack([runs.loss, runs.loss[:1] + 1]))
    assert bytes_at_loss(dominated, 1.6, **FEW) == bytes_at_loss(runs, 1.6, **FEW)


def test_a_diverged_threshold_is_no_part_of_the_front():
    runs = straight()
    loss = runs.loss.copy()
    loss[2, 0] = np.nan  # ln bytes 1.5; the next one is at 2.5
    found = bytes_at_loss(Runs(runs.bytes, loss), 1.6, **FEW)
    assert found.value == pytest.approx(np.exp(1.4)) and found.reached == 1
    loss[:] = np.nan
    assert np.isnan(bytes_at_loss(Runs(runs.bytes, loss), 1.6, **FEW).value)


def test_runs_of_other_seeds_cannot_be_compared():
    with pytest.raises(ValueError, match="same seeds for all"):
        front_ratio(straight(), straight(seeds=5), 1.6)
    with pytest.raises(ValueError, match="runs: expected bytes and loss"):
        bytes_at_loss(Runs(np.ones((3, 2)), np.ones((2, 3))), 1.0)
