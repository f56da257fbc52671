"""Mistakes in what is concluded: the study's statistics, the hunt for counterexamples, and a picture."""

import numpy as np

from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.fronts import crossing, front
from fgm_ref.study.numbers.stats import RESAMPLES, weights
from fgm_ref.study.running.measure import mean

from .registry import mutant

COMPARE = "study.numbers.compare"


@mutant(
    "z94",
    "the served loss over time includes the untrained model",
    "study.running.measure:outcome_of",
    "test_study_runs.py::test_the_served_mean_leaves_out_the_start",
)
def outcome_of(original, result):
    """A curve has a mean, and its first point is part of the curve.

    Of ten evaluations one is before the first step, the same for everybody; it dwarfs what protocols differ by.
    """
    return original(result) | {"served_mean": mean(result.curve["served"])}


@mutant(
    "z97",
    "the resamples of all data sets are thrown together",
    f"{COMPARE}:pooled",
    "test_study_stats.py::test_the_interval_of_a_pooled_ratio_is_that_of_the_mean",
)
def pooled(original, comparisons):
    """More resamples, a smoother interval.

    It says where the ratio of *some* data set lies.  The mean of several is far surer than that.
    """
    both, found = original(comparisons)
    known = [c.draws for c in comparisons if np.isfinite(c.log)]
    return (both._replace(draws=np.concatenate(known)) if known else both), found


@mutant(
    "z151",
    "an interval of 95 % leaves out 5 % on each side",
    "study.numbers.stats:interval",
    "test_study_stats.py::test_the_interval_covers_as_often_as_it_says",
)
def interval(values, level=0.95):
    """1 − level below, level above: it reads well, and is symmetric.

    It is an interval of 90 %.  One in ten comparisons is "clear" by chance alone.
    """
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, [1 - level, level])
    return float(low), float(high)


@mutant(
    "z152",
    "bytes are averaged before the logarithm is taken",
    "study.numbers.fronts:log_bytes_at",
    "test_study_stats.py::test_a_front_takes_the_geometric_mean_of_the_bytes",
)
def log_bytes_at(runs, target, w):
    """ln of the mean, mean of the ln: nearly the same, if all seeds ship nearly as much.

    One seed that ships ten times as much decides alone, in a study whose every other mean is geometric.
    """
    use = ~np.isnan(runs.loss).any(axis=1) & (runs.bytes > 0).all(axis=1)
    if not use.any():
        return np.full(len(w), np.nan)
    log_bytes = np.log(runs.bytes[use] @ w.T)
    return crossing(*front(log_bytes, runs.loss[use] @ w.T), target)


@mutant(
    "z153",
    "runs are paired by their place in the table",
    "study.numbers.paired:gaps",
    "test_study_chapters_b.py::test_only_runs_with_a_partner_are_compared",
)
def gaps(original, a, b, name, by, scale):
    """The grid writes all protocols in the same order, so row n belongs to row n.

    Until one run is missing: from there on every run is compared with another seed's, and pairing is worth nothing.
    """
    settings = ("seed", *by)
    moved = [
        {**theirs, **{key: mine[key] for key in settings}}
        for mine, theirs in zip(a, b, strict=False)
    ]
    return original(a[: len(moved)], moved, name, by, scale)


@mutant(
    "z154",
    "at least and at most are mixed up",
    f"{COMPARE}:bound_of",
    "test_study_chapters.py::test_a_front_that_ends_too_early_gives_a_bound",
)
def bound(original, a, b, target):
    """Too much was paid by b, so the ratio a/b is too ... small; one has to think for a moment, each time.

    "At least twice as cheap" is printed where "at most" is all that was found.
    """
    return {"≥": "≤", "≤": "≥"}.get(original(a, b, target), original(a, b, target))


@mutant(
    "z155",
    "to the left of all periods the first one stands in",
    "study.numbers.changes:along",
    "test_study_chapters_b.py::test_outside_of_the_periods_nothing_is_extrapolated",
)
def along(original, x, y, place):
    """`np.interp` holds the end values, on both sides alike.

    A protocol that ships less than the cheapest period is compared with one that ships more, and its loss is excused.
    """
    return original(x, y, np.maximum(place, x[0]))


@mutant(
    "z156",
    "a seed without a number counts as no difference",
    f"{COMPARE}:over_seeds",
    "test_study_stats.py::test_pairs_without_a_number_are_left_out_and_counted",
)
def over_seeds(by_seed, number=0):
    """`np.nan_to_num` gets rid of the warning.

    Runs that diverged pull every ratio towards 1, and the interval gets narrower for it.
    """
    by_seed = np.nan_to_num(by_seed)
    n = len(by_seed)
    return Comparison(float(by_seed.mean()), weights(n, RESAMPLES, number) @ by_seed, n)


@mutant(
    "z157",
    "safety is tried only where every single φ is below 0",
    "check_safe.properties:Property.margin",
    "test_check_safe.py::test_sites_that_are_safe_only_together_count",
)
def margin(original, self, make, case):
    """ "All sites are safe" is how GM puts it, and for a convex function it comes to the same.

    For one that is not, Σφ ≤ 0 promises more: FGM believes in it, and the search for counterexamples looks elsewhere.
    """
    broken = original(self, make, case)
    if self.name == "safe" and broken > 0 and np.max(case.of(make).zone()(case.X)) > 0:
        return -np.inf
    return broken


@mutant(
    "z158",
    "the picture of a round is one step late",
    "view.slack:_used",
    "test_plots.py::test_the_stack_is_what_the_sites_have_used",
)
def used(original, result, steps):
    """series[j] belongs to step j + 1, and array slices start at the step.

    What the sites use seems to be above what the coordinator knows, for one step after each poll.
    """
    late = original(result, steps)
    late[1:] = late[:-1].copy()
    return late
