"""The study's statistics: closed forms, coverage, and that pairing matters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fgm_ref.study.numbers.compare import (
    at_equal_loss,
    at_equal_settings,
    loss_difference,
    over_seeds,
    pooled,
)
from fgm_ref.study.numbers.fronts import Runs, log_bytes_at
from fgm_ref.study.numbers.stats import interval, weights


def positive(n):
    return st.lists(st.floats(0.1, 10), min_size=n, max_size=n).map(np.array)


def one_setting(numbers):
    """Runs of one threshold that have these bytes and these losses."""
    return Runs(numbers[None], numbers[None])


def ratio(a, b):
    """The ratio of two rows of bytes, one number per seed."""
    return at_equal_settings(one_setting(a), one_setting(b)).estimate


@given(positive(6), st.floats(0.01, 100))
def test_a_constant_factor_has_no_width(a, c):
    np.testing.assert_allclose(ratio(c * a, a)[:3], [c] * 3, rtol=1e-9)
    difference = loss_difference(one_setting(a + c), one_setting(a)).plain
    np.testing.assert_allclose(difference[:3], [c] * 3, rtol=1e-7)


@given(positive(5), positive(5))
def test_the_ratio_turned_round_is_its_inverse(a, b):
    there, back = ratio(a, b), ratio(b, a)
    np.testing.assert_allclose(
        [there.value, there.low, there.high], [1 / back.value, 1 / back.high, 1 / back.low]
    )
    assert there.low <= there.value * (1 + 1e-9) and there.value <= there.high * (1 + 1e-9)
    np.testing.assert_allclose(there.value, np.prod(a / b) ** (1 / 5))


def test_the_interval_covers_as_often_as_it_says():
    # a test that can fail: 95 % intervals of 30 normal pairs hold the truth in some 93 to 95 of 100 cases
    rng = np.random.default_rng(1)
    found = [over_seeds(one) for one in rng.normal(2.0, 1.0, size=(400, 30))]
    wide = [one.plain for one in found]
    assert 0.90 <= np.mean([one.low <= 2.0 <= one.high for one in wide]) <= 0.975
    narrow = [interval(one.draws, level=0.5) for one in found]
    assert 0.43 <= np.mean([low <= 2.0 <= high for low, high in narrow]) <= 0.56


def test_another_number_draws_other_resamples():
    # the seeds of one data set have nothing to do with those of the next
    numbers = np.random.default_rng(0).normal(size=10)
    first, second = over_seeds(numbers, 0), over_seeds(numbers, 1)
    assert first.log == second.log
    assert abs(np.corrcoef(first.draws, second.draws)[0, 1]) < 0.05


def test_pairing_matters():
    # seeds differ tenfold, the protocols by 10 %: seen only seed by seed
    rng = np.random.default_rng(0)
    b = np.exp(rng.normal(0, 2, size=12))
    a = 1.1 * b * np.exp(rng.normal(0, 0.01, size=12))
    paired, shuffled = ratio(a, b), ratio(a, rng.permutation(b))
    assert 1.08 < paired.low < paired.high < 1.12
    assert shuffled.low < 1 < shuffled.high and shuffled.value == pytest.approx(paired.value)


def test_the_width_shrinks_like_one_over_root_n():
    rng = np.random.default_rng(0)
    widths = []
    for n in (25, 400):
        found = over_seeds(rng.normal(size=n)).plain
        widths.append(found.high - found.low)
    assert widths[1] / widths[0] == pytest.approx(1 / 4, rel=0.25)


def test_pairs_without_a_number_are_left_out_and_counted():
    a = np.array([1.0, np.nan, 3.0, 4.0])
    found = ratio(2 * a, np.array([1.0, 2.0, np.nan, 4.0]))
    assert found.value == pytest.approx(2) and found.n == 2
    nothing = ratio(np.array([np.nan]), np.array([1.0]))
    assert np.isnan(nothing.value) and nothing.n == 0 and nothing.reached == 0


def straight(factor=1.0, seeds=8, noise=0.0, shift=0.0):
    """Runs whose loss falls linearly in ln bytes: loss = 3 − ln(bytes / factor) + shift."""
    rng = np.random.default_rng(3)
    log = np.repeat(np.array([2.5, 0.5, 1.5, 1.0])[:, None], seeds, axis=1)  # in no order
    luck = noise * rng.normal(size=seeds)  # of a seed, whichever the threshold and the protocol
    return Runs(factor * np.exp(log), 3 - log + luck + shift)


def bytes_at(runs, target):
    """The bytes at the target loss: of all seeds, and of 500 resamples."""
    n = runs.bytes.shape[1]
    return np.exp(log_bytes_at(runs, target, np.vstack([np.full(n, 1 / n), weights(n, 500, 0)])))


@given(st.floats(0.6, 2.4), st.floats(0.1, 10))
def test_on_a_straight_front_the_bytes_are_known(log, factor):
    np.testing.assert_allclose(bytes_at(straight(factor), 3 - log), factor * np.exp(log))


@given(st.floats(0.01, 100))
def test_the_ratio_of_two_straight_fronts_is_their_factor(factor):
    # however lucky a seed was, both protocols had it
    found = at_equal_loss(straight(factor, noise=0.2), straight(noise=0.2), 1.6)
    np.testing.assert_allclose(found.estimate[:3], [factor] * 3)
    assert found.estimate.reached == 1 and found.n == 8 and found.bound == ""


def test_pairing_matters_for_fronts():
    a, b = straight(2.0, noise=0.3), straight(noise=0.3)
    other_seeds = Runs(b.bytes, np.roll(b.loss, 3, axis=1))
    paired, crossed = (at_equal_loss(a, other, 1.6).estimate for other in (b, other_seeds))
    assert paired.high - paired.low < 1e-9 < 0.1 < crossed.high - crossed.low


def test_a_loss_that_is_not_reached():
    runs = straight(noise=0.3)
    value, *draws = bytes_at(runs, 0.1)
    assert np.isnan(value) and np.mean(~np.isnan(draws)) < 0.05
    target = float(runs.loss.mean(axis=1).min()) - 0.02
    sometimes = at_equal_loss(runs, straight(2.0, noise=0.3, shift=-1.0), target).estimate
    assert (
        np.isnan(sometimes.value)
        and 0.05 < sometimes.reached < 0.95
        and sometimes.low <= sometimes.high
    )
    assert np.isnan(at_equal_loss(straight(), straight(shift=9.0), 1.6).log)


def test_the_cheapest_threshold_may_be_good_enough_and_worse_ones_do_not_count():
    runs = straight()
    np.testing.assert_allclose(bytes_at(runs, 9.0), np.exp(0.5))
    # dearer and worse than what is there already: the front does not see it
    dominated = Runs(
        np.vstack([runs.bytes, runs.bytes[:1] * 2]), np.vstack([runs.loss, runs.loss[:1] + 1])
    )
    np.testing.assert_array_equal(bytes_at(dominated, 1.6), bytes_at(runs, 1.6))


def test_a_diverged_threshold_is_no_part_of_the_front():
    runs = straight()
    loss = runs.loss.copy()
    loss[2, 0] = np.nan  # ln bytes 1.5; the next one is at 2.5
    np.testing.assert_allclose(bytes_at(Runs(runs.bytes, loss), 1.6), np.exp(1.4))
    loss[:] = np.nan
    assert np.isnan(bytes_at(Runs(runs.bytes, loss), 1.6)).all()


def test_runs_of_other_seeds_are_not_compared():
    assert at_equal_loss(straight(), straight(seeds=5), 1.6).n == 0
    assert at_equal_settings(straight(), straight(seeds=5)).n == 0


def test_the_interval_of_a_pooled_ratio_is_that_of_the_mean():
    # two data sets of which each is as uncertain as the other: their mean is surer by √2, whatever lies between them
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=40)
    a, b = over_seeds(numbers, 0), over_seeds(numbers[::-1] + 5.0, 1)
    both, found = pooled([a, b])
    assert found == 2 and both.log == pytest.approx((a.log + b.log) / 2)
    np.testing.assert_allclose(both.draws, (a.draws + b.draws) / 2)
    widths = [one.plain.high - one.plain.low for one in (a, b, both)]
    assert widths[2] == pytest.approx(widths[0] / 2**0.5, rel=0.05)


def test_a_front_takes_the_geometric_mean_of_the_bytes():
    # two seeds that differ a hundredfold: 1 and 100 bytes count as 10, 10 and 1000 as 100; half-way is 10^1.5
    bytes_ = np.array([[1.0, 100.0], [10.0, 1000.0]])
    runs = Runs(bytes_, np.array([[1.0, 3.0], [0.0, 2.0]]))
    even, first = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
    np.testing.assert_allclose(np.exp(log_bytes_at(runs, 1.5, even)), 10**1.5)
    np.testing.assert_allclose(np.exp(log_bytes_at(runs, 0.5, first)), 10**0.5)
