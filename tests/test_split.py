"""The splits: whatever is asked for, every sample goes to exactly one site and no site is empty."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref.datasets import load, names
from fgm_ref.datasets.dataset import Dataset, classification, regression
from fgm_ref.datasets.split import SPLITS, apportion, dirichlet, labels, natural, split


def toy(samples: int, task: str = "classification", groups: int = 3) -> Dataset:
    rng = np.random.default_rng(samples)
    x = rng.normal(size=(samples, 2, 1)).astype(np.float32)
    # Every group has a sample; their sizes differ.
    site = np.sort(np.concatenate([np.arange(groups), rng.integers(0, groups, samples)])[:samples])
    sites = (site, [f"g{i}" for i in range(groups)])
    if task == "classification":
        y = rng.integers(0, 4, samples)
        return classification("toy", (x, y), (x, y), "abcd", "", sites=sites)
    y = rng.normal(size=samples)
    return regression("toy", (x, y), (x, y), "", sites=sites)


def is_partition(parts: list[Any], samples: int) -> bool:
    together = np.sort(np.concatenate(parts))
    return all(len(part) for part in parts) and np.array_equal(together, np.arange(samples))


@settings(max_examples=150, deadline=None)
@given(
    data=st.data(),
    samples=st.integers(3, 60),
    how=st.sampled_from(SPLITS),
    seed=st.integers(0, 999),
    task=st.sampled_from(["classification", "regression"]),
    alpha=st.sampled_from([1e-300, 1e-6, 0.01, 0.1, 0.5, 1.0, 100.0, 1e300]),
)
def test_every_sample_goes_to_exactly_one_site(data, samples, how, seed, task, alpha):
    sites = data.draw(st.integers(1, samples))
    dataset = toy(samples, task)
    parts = split(dataset, sites, how, np.random.default_rng(seed), alpha)
    assert len(parts) == sites
    assert is_partition(parts, samples)
    assert all(part.dtype == np.int64 and (np.diff(part) > 0).all() for part in parts)
    again = split(dataset, sites, how, np.random.default_rng(seed), alpha)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
def test_shares_fit_the_sizes(sizes, data):
    sites = data.draw(st.integers(len(sizes), sum(sizes)))
    shares = apportion(sizes, sites)
    assert sum(shares) == sites
    assert all(1 <= share <= size for share, size in zip(shares, sizes, strict=True))


def test_iid_is_even_and_depends_on_the_seed():
    dataset = toy(50)
    one, other = (split(dataset, 8, "iid", np.random.default_rng(seed)) for seed in (1, 2))
    assert {len(part) for part in one} == {6, 7}
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_natural_with_as_many_sites_as_there_are_is_one_each():
    dataset = toy(40)
    parts = split(dataset, 3, "natural", np.random.default_rng(0))
    assert [set(dataset.site_train[part]) for part in parts] == [{0}, {1}, {2}]


def test_natural_with_more_sites_cuts_each_into_consecutive_runs():
    groups = [np.arange(0, 50), np.arange(50, 98), np.arange(98, 108)]
    parts = natural(groups, 5)
    assert [(part[0], part[-1]) for part in parts] == [
        (0, 24),
        (25, 49),
        (50, 73),
        (74, 97),
        (98, 107),
    ]


def test_natural_with_fewer_sites_balances_whole_groups():
    groups = [np.arange(0, 10), np.arange(10, 50), np.arange(50, 75), np.arange(75, 90)]
    parts = natural(groups, 2)
    assert sorted(len(part) for part in parts) == [40, 50]


def test_a_natural_site_without_samples_is_passed_over():
    dataset = toy(20)
    site = dataset.site_train.copy()
    site[site == 1] = 2
    holey = Dataset(**{**dataset.__dict__, "site_train": site})
    assert len(split(holey, 2, "natural", np.random.default_rng(0))) == 2


def test_dirichlet_is_more_skewed_with_a_smaller_alpha():
    label = np.arange(4000) % 4

    def skew(alpha: float) -> float:
        parts = dirichlet(label, 8, alpha, np.random.default_rng(0))
        shares = np.array([np.bincount(label[part], minlength=4) / len(part) for part in parts])
        return float(np.abs(shares - 0.25).mean())

    assert skew(0.1) > skew(1.0) > skew(100.0)
    assert skew(100.0) < 0.05


def test_dirichlet_skews_a_regression_by_deciles():
    dataset = toy(1000, "regression")
    assert np.array_equal(np.bincount(labels(dataset)), np.full(10, 100))


def test_dirichlet_repairs_empty_sites_from_the_largest():
    parts = dirichlet(np.zeros(10, int), 10, 0.001, np.random.default_rng(0))
    assert [len(part) for part in parts] == [1] * 10


@pytest.mark.parametrize("sites", [0, -1, 21])
def test_an_impossible_number_of_sites(sites):
    with pytest.raises(ValueError, match=rf"^sites: expected 1 to 20 .*got {sites}$"):
        split(toy(20), sites, "iid", np.random.default_rng(0))


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_alpha(alpha):
    with pytest.raises(ValueError, match=r"^alpha: expected a number above 0"):
        split(toy(20), 2, "dirichlet", np.random.default_rng(0), alpha)


def test_an_unknown_split():
    with pytest.raises(
        ValueError,
        match=r"^split: expected one of iid, natural, dirichlet; got 'natrual'.*'natural'",
    ):
        split(toy(20), 2, "natrual", np.random.default_rng(0))


def test_natural_where_there_is_no_such_thing():
    with pytest.raises(
        ValueError, match=r"^split: expected iid or dirichlet, as 'ecg208' has no natural sites"
    ):
        split(load("ecg208"), 2, "natural", np.random.default_rng(0))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("how", SPLITS)
def test_the_bundled_sets_split(name, how):
    dataset = load(name)
    if how == "natural" and dataset.site_train is None:
        pytest.skip("no natural sites")
    for sites in (2, 7, 20):
        assert is_partition(
            split(dataset, sites, how, np.random.default_rng(0), 0.1), len(dataset.y_train)
        )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=3), st.integers(0, 5))
def test_the_next_site_goes_where_it_is_most_crowded(sizes, more):
    # 100 and 60 samples in four sites: 50, 50, 30 and 30.  No other shares leave the largest site with fewer samples
    assert apportion([100, 60], 4) == [2, 2]
    sites = len(sizes) + more
    others = product(range(1, sites + 1), repeat=len(sizes))
    best = min(
        max(size / share for size, share in zip(sizes, shares, strict=True))
        for shares in others
        if sum(shares) == sites
    )
    shares = apportion(sizes, sites)
    assert max(size / share for size, share in zip(sizes, shares, strict=True)) == best


def test_dirichlet_draws_the_proportions_of_every_class_anew():
    # sites that differ in size only would be no skew: count the samples that are not where an even mixture has them
    label = np.arange(4000) % 4

    def misplaced(alpha: float) -> float:
        parts = dirichlet(label, 5, alpha, np.random.default_rng(1))
        counts = np.array([np.bincount(label[part], minlength=4) for part in parts])
        even = counts.sum(axis=1, keepdims=True) / 4
        return float(np.abs(counts - even).sum() / len(label))

    assert misplaced(0.1) > 0.5
    assert misplaced(0.1) > 2 * misplaced(3.0) > 10 * misplaced(1e4)
