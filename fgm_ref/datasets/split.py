"""Who gets which training sample: alike, as they came, or skewed by label.

    iid         shuffled and dealt out: every site sees the same mixture
    natural     by the data's own sites: airports, stations, people, groups of your CSV file
    dirichlet   label-skewed: a class is shared out by random proportions, the more unequal the smaller alpha
                (Hsu, Qi & Brown 2019, "Measuring the Effects of Non-Identical Data Distribution")

Every sample goes to exactly one site and no site is empty.  But sizes may differ, a lot with a small alpha.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import Dataset
from fgm_ref.text import expect_one_of

SPLITS = ("iid", "natural", "dirichlet")
BINS = 10  # a regression target is skewed by its deciles


def split(
    dataset: Dataset,
    sites: int,
    how: str,
    rng: np.random.Generator,
    alpha: float = 0.5,
) -> list[Array]:
    """For each of `sites` sites the indices (n_i,) int64 of its training samples, ascending (in time order).

    `how` is one of `SPLITS`; `alpha` > 0 matters to "dirichlet" only, `rng` to all but "natural".
    `ValueError` for fewer than one site, more sites than samples, or "natural" where there are no such sites.
    """
    samples = len(dataset.y_train)
    expect_one_of("split", how, SPLITS)
    if not 1 <= sites <= samples:
        raise ValueError(
            f"sites: expected 1 to {samples} (the number of training samples), got {sites}"
        )
    if how == "iid":
        parts = np.array_split(rng.permutation(samples), sites)
    elif how == "natural":
        parts = natural(natural_sites(dataset), sites)
    else:
        parts = dirichlet(labels(dataset), sites, alpha, rng)
    return [np.sort(part).astype(np.int64) for part in parts]


def natural_sites(dataset: Dataset) -> list[Array]:
    """The samples of each natural site that has any, in the order of `dataset.site_names`."""
    if dataset.site_train is None:
        raise ValueError(
            f"split: expected iid or dirichlet, as {dataset.name!r} has no natural sites; got 'natural'"
        )
    there = np.unique(dataset.site_train)
    return [np.flatnonzero(dataset.site_train == site) for site in there]


def natural(groups: list[Array], sites: int) -> list[Array]:
    """As many sites as asked for, out of the natural ones.

    More sites than groups: a group is cut into runs of consecutive samples, the largest group into the most.
    Fewer: whole groups are put together, the largest first, each to the site that has the fewest samples so far.
    """
    return cut(groups, sites) if sites >= len(groups) else join(groups, sites)


def cut(groups: list[Array], sites: int) -> list[Array]:
    """Groups in runs of consecutive samples, as many runs as sites."""
    shares = apportion([len(group) for group in groups], sites)
    parts: list[Array] = []
    for group, share in zip(groups, shares, strict=True):
        parts += np.array_split(group, share)
    return parts


def join(groups: list[Array], sites: int) -> list[Array]:
    """Whole groups put together, the largest first, each to the site that has the fewest samples so far."""
    members: list[list[Array]] = [[] for _ in range(sites)]
    samples = [0] * sites
    for group in sorted(groups, key=len, reverse=True):
        poorest = samples.index(min(samples))
        members[poorest].append(group)
        samples[poorest] += len(group)
    return [np.concatenate(one) for one in members]


def apportion(sizes: list[int], sites: int) -> list[int]:
    """How many of `sites` each group gets: one, and each further one to where most samples share a site.

    >>> apportion([500, 480, 100], 5)
    [2, 2, 1]
    """
    shares = [1] * len(sizes)
    for _ in range(sites - len(sizes)):
        crowds = [size / share for size, share in zip(sizes, shares, strict=True)]
        crowded = crowds.index(max(crowds))
        shares[crowded] += 1
    return shares


def labels(dataset: Dataset) -> Array:
    """What "dirichlet" skews by: the class, or the decile of the (first) regression target.  (N,) int."""
    if dataset.task == "classification":
        return dataset.y_train
    target = dataset.y_train[:, 0]
    edges = np.quantile(target, np.arange(1, BINS) / BINS)
    return np.searchsorted(edges, target)


def dirichlet(label: Array, sites: int, alpha: float, rng: np.random.Generator) -> list[Array]:
    """Deals out each class by its own proportions, drawn from Dirichlet(alpha, ..., alpha) over the sites.

    A site that comes out empty gets one sample, drawn from the site that has the most.
    """
    if not 0 < alpha < np.inf:
        raise ValueError(f"alpha: expected a number above 0 (try 0.1 to 10), got {alpha}")
    # Far out, the draw itself under- or overflows; the distribution has long reached its limit there.
    concentration = np.clip(alpha, 1e-3, 1e6)
    owner = np.empty(len(label), np.int64)
    for one in np.unique(label):
        members = rng.permutation(np.flatnonzero(label == one))
        shares = rng.dirichlet(np.full(sites, concentration))
        ends = np.cumsum(shares)[:-1] * len(members)
        cuts = np.round(ends).astype(int)
        place = np.arange(len(members))
        owner[members] = np.searchsorted(cuts, place, side="right")
    fill_empty_sites(owner, sites, rng)
    return [np.flatnonzero(owner == site) for site in range(sites)]


def fill_empty_sites(owner: Array, sites: int, rng: np.random.Generator) -> None:
    """Give each site without samples one of the site that has the most; `owner` (N,) is changed in place."""
    counts = np.bincount(owner, minlength=sites)
    for empty in np.flatnonzero(counts == 0):
        richest = counts.argmax()
        moved = rng.choice(np.flatnonzero(owner == richest))
        owner[moved] = empty
        counts[richest] -= 1
        counts[empty] += 1
