"""Who trains in a step, and on which samples."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.datasets.batches import AHEAD, Batches, InOrder
from fgm_ref.simulation.schedules import NAMES, schedule


def first(text, k, seed, steps):
    """The active sets of the first steps, as lists of sites."""
    active = schedule(text, k, np.random.default_rng(seed))
    return [np.arange(k)[next(active)].tolist() for _ in range(steps)]


@given(k=st.integers(1, 9), seed=SEEDS)
def test_lockstep_is_everybody(k, seed):
    assert first("lockstep", k, seed, 5) == [list(range(k))] * 5


@given(k=st.integers(1, 9), seed=SEEDS)
def test_single_is_one_at_random(k, seed):
    steps = first("single", k, seed, 40 * k)
    assert all(len(active) == 1 for active in steps)
    assert {active[0] for active in steps} == set(range(k))


@given(k=st.integers(1, 9), seed=SEEDS)
def test_bernoulli_extremes(k, seed):
    # rate 0 never, rate 1 always; increasing index arrays
    rates = [float(i % 2) for i in range(k)]
    text = "bernoulli:" + ",".join(map(str, rates))
    assert first(text, k, seed, 5) == [[i for i in range(k) if i % 2]] * 5
    for active in first("bernoulli", k, seed, 20):
        assert active == sorted(set(active))


def test_bernoulli_rates_are_met():
    # 4,000 steps: within five standard deviations of the rate of each site
    rates = (0.5, 0.1, 0.9)
    for text in ("bernoulli:0.5,0.1,0.9", "bernoulli:0.1", "bernoulli"):
        expected = {"bernoulli": (0.5,) * 3, "bernoulli:0.1": (0.1,) * 3}.get(text, rates)
        counts = Counter(i for active in first(text, 3, 0, 4000) for i in active)
        for i, rate in enumerate(expected):
            assert abs(counts[i] / 4000 - rate) < 5 * np.sqrt(rate * (1 - rate) / 4000)


@pytest.mark.parametrize("text", NAMES)
def test_a_schedule_follows_its_seed(text):
    assert first(text, 5, 3, 30) == first(text, 5, 3, 30)
    if text != "lockstep":
        assert first(text, 5, 3, 30) != first(text, 5, 4, 30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "often",
        "single:0.5",
        "lockstep:1",
        "bernoulli:2",
        "bernoulli:-0.1",
        "bernoulli:0.5,0.5",
        "bernoulli:a",
        "bernoulli:nan",
        "bernoulli:0.5,,0.5",
    ],
)
def test_bad_schedules(text):
    # at once, not in the first step
    with pytest.raises(ValueError, match="schedule"):
        schedule(text, 3, np.random.default_rng(0))


# -------------------------------------------------------------------------------------------------- mini-batches


def make_batches(lengths, size, seed=0):
    """k sites; site i owns the numbers 1000·i, 1000·i + 1, ..."""
    parts = [1000 * i + np.arange(length) for i, length in enumerate(lengths)]
    rngs = [
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(len(lengths))
    ]
    return Batches(parts, size, rngs), parts


shapes = {
    "lengths": st.lists(st.integers(1, 30), min_size=1, max_size=5),
    "size": st.integers(1, 12),
    "seed": SEEDS,
}


@given(**shapes, draws=st.integers(1, 200))
def test_pass_after_pass(lengths, size, seed, draws):
    # each site's stream is one shuffled pass after the other, over its own samples only, nothing left out
    batches, parts = make_batches(lengths, size, seed)
    drawn = np.concatenate([batches.draw(slice(None)) for _ in range(draws)], axis=1)
    assert drawn.shape == (len(parts), draws * size)
    for part, stream in zip(parts, drawn, strict=True):
        for begin in range(0, len(stream) - len(part) + 1, len(part)):
            assert sorted(stream[begin : begin + len(part)]) == part.tolist()
        rest = stream[len(stream) // len(part) * len(part) :]
        assert len(set(rest)) == len(rest) and set(rest) <= set(part)


@given(**shapes, schedules=st.lists(st.integers(0, 31), min_size=1, max_size=150))
def test_a_sites_batches_depend_on_how_often_it_trained(lengths, size, seed, schedules):
    # the n-th mini-batch of a site is the same whoever else is active, even if nobody else ever is
    k = len(lengths)
    together, _ = make_batches(lengths, size, seed)
    alone = [make_batches(lengths, size, seed)[0] for _ in range(k)]
    for bits in schedules:
        active = np.array([i for i in range(k) if bits >> i & 1], np.intp)
        drawn = together.draw(active)
        assert drawn.shape == (len(active), size)
        for i, row in zip(active, drawn, strict=True):
            np.testing.assert_array_equal(row, alone[i].draw(np.array([i]))[0])


def test_passes_are_reshuffled_and_sites_differ():
    batches, _ = make_batches([20, 20], 20)
    drawn = [batches.draw(slice(None)) % 1000 for _ in range(80)]
    orders = {tuple(row) for both in drawn for row in both}
    assert len(orders) == 160


def test_the_same_seed_gives_the_same_batches_and_parts_stay_as_they_are():
    (one, parts), (two, _), (other, _) = (
        make_batches([7, 9], 4),
        make_batches([7, 9], 4),
        make_batches([7, 9], 4, 1),
    )
    before = [part.copy() for part in parts]
    same = [
        (one.draw(slice(None)), two.draw(slice(None)), other.draw(slice(None))) for _ in range(100)
    ]
    assert all((a == b).all() for a, b, _ in same)
    assert any((a != c).any() for a, _, c in same)
    for part, kept in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part, kept)


def test_what_was_drawn_stays():
    # no view into the queue: later draws must not change earlier ones
    batches, _ = make_batches([5], 3)
    drawn = [batches.draw(slice(None)) for _ in range(300)]
    kept = [array.copy() for array in drawn]
    for _ in range(300):
        batches.draw(slice(None))
    assert all((a == b).all() for a, b in zip(drawn, kept, strict=True))


@pytest.mark.parametrize("kind", [Batches, InOrder])
def test_a_tiny_site_is_filled_by_one_call(kind, monkeypatch):
    # one sample: B mini-batches take B² passes, which are made together
    calls = []
    original = kind._passes
    monkeypatch.setattr(kind, "_passes", lambda self, i, n: calls.append(n) or original(self, i, n))
    for size in (10, 20, 40):
        calls.clear()
        kind([np.zeros(1, np.intp)], size, [np.random.default_rng(0)]).draw(slice(None))
        (passes,) = calls
        assert passes == AHEAD * size


@given(st.integers(1, 60), st.integers(1, 9), st.integers(0, 99))
def test_passes_made_together_are_those_made_one_by_one(samples, passes, seed):
    part = np.arange(samples) + 1000
    batches = Batches([part], 1, [np.random.default_rng(seed)])
    rng = np.random.default_rng(seed)
    alone = [rng.permutation(part) for _ in range(passes)]
    np.testing.assert_array_equal(batches._passes(0, passes), np.concatenate(alone))
    assert rng.random() == batches.rngs[0].random()


def test_a_queue_has_the_room_that_its_own_site_needs():
    # one large site among many small ones: the numbers kept are those of all sites together, and a few batches each
    lengths, size = [10_000, *[2] * 99], 4
    batches, _ = make_batches(lengths, size)
    kept = sum(value.size for value in vars(batches).values() if isinstance(value, np.ndarray))
    assert kept <= sum(lengths) + 100 * ((AHEAD + 1) * size + 3)
    for _ in range(200):
        drawn = batches.draw(slice(None))
        assert (drawn // 1000)[1:].tolist() == [[i] * size for i in range(1, 100)]


def test_no_samples():
    with pytest.raises(ValueError, match=r"parts.*site 1"):
        make_batches([3, 0], 2)


def test_sites_train_independently_of_each_other():
    # two coins: of any two sites both train in a quarter of the steps; and the next step knows nothing of this one
    k, steps = 4, 4000
    trained = np.zeros((steps, k), bool)
    for row, active in zip(trained, first("bernoulli", k, 1, steps), strict=True):
        row[active] = True
    allowed = 5 * np.sqrt(0.25 * 0.75 / steps)
    for i in range(k):
        for j in range(i):
            assert abs((trained[:, i] & trained[:, j]).mean() - 0.25) < allowed
        assert abs((trained[1:, i] & trained[:-1, i]).mean() - 0.25) < allowed
