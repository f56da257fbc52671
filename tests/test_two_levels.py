"""FGM with two levels of coordinators: the sum of φ is taken in groups, and each level has FGM's few words.

The claim stands in `data/results/bench/mpi.md`, with the argument.  Here both levels are played with values of φ that
wander as they like.
"""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

EPSILON = 0.01
LEAST = 1e-6
"""The least share of Θ that is dealt out; a group with less room says one Θ more, which is always safe."""


class Group:
    """The coordinator of some sites: quanta from below, whole Θ upwards."""

    def __init__(self, values, sites):
        self.values, self.sites, self.k = values, sites, len(sites)
        self.subrounds = []  # words of each

    @property
    def now(self):
        return self.values[self.sites]

    def start(self, Theta):
        """Above, a subround starts: z is the sum by now, and nothing has been said."""
        self.Theta, self.z, self.C = Theta, float(self.now.sum()), 0
        self.deal(Theta)

    def deal(self, room):
        """Below, a subround starts: a quantum to each site."""
        self.theta, self.below = room / (2 * self.k), self.now
        self.c = np.zeros(self.k)
        self.subrounds.append(self.k)

    def moved(self):
        """Sites have their turn; how many whole Θ there are to tell."""
        for i in range(self.k):
            n = np.clip(np.floor((self.now[i] - self.below[i]) / self.theta), -1, self.k + 1)
            if n > self.c[i]:
                self.subrounds[-1] += 1
                self.c[i] = n
                if self.c.sum() > self.k:
                    return self.poll()
        return 0

    def poll(self):
        """All values; how many more Θ have been passed, and the rest of the room is dealt out."""
        self.subrounds[-1] += self.k
        risen = (float(self.now.sum()) - self.z) / self.Theta
        passed = max(self.C, int(np.floor(risen)))
        if passed + 1 - risen < LEAST:
            passed += 1
        told, self.C = passed - self.C, passed
        self.deal((passed + 1 - risen) * self.Theta)
        return told

    def total(self):
        """Asked from above: the sum, after a poll below."""
        self.subrounds[-1] += self.k
        return float(self.now.sum())


class Above:
    """The coordinator of the groups."""

    def __init__(self, groups, full):
        self.groups, self.G, self.full = groups, len(groups), full
        self.subrounds = []
        self.ended = False
        self.start(full)

    def start(self, psi):
        self.c = 0
        self.subrounds.append(self.G)
        for group in self.groups:
            group.start(-psi / (2 * self.G))

    def step(self):
        for group in self.groups:
            told = group.moved()
            if told:
                self.subrounds[-1] += 1
                self.c += min(told, self.G + 1)
            if self.c > self.G:
                return self.poll()
        return None

    def poll(self):
        self.subrounds[-1] += self.G
        psi = sum(group.total() for group in self.groups)
        if psi < EPSILON * self.full:
            self.start(psi)
            return self.step()  # what is left of this step is heard in the new subround
        self.ended = True
        return None


def played(sizes, seed, steps=60):
    """Values that start at φ(0) = −1 and wander, mostly upwards; yields after every step."""
    rng = np.random.default_rng(seed)
    k = sum(sizes)
    values = np.full(k, -1.0)
    ends = np.cumsum([0, *sizes])
    groups = [Group(values, np.arange(a, b)) for a, b in pairwise(ends)]
    above = Above(groups, values.sum())
    drift = rng.uniform(-0.02, 0.05)
    for _ in range(steps):
        values += drift + rng.normal(scale=rng.choice([0.01, 0.2]), size=k) * (rng.random(k) < 0.6)
        above.step()
        if above.ended:
            return
        yield above, values


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5), seed=SEEDS)
def test_no_silent_breach(sizes, seed):
    for above, values in played(sizes, seed):
        assert above.c <= above.G
        assert values.sum() <= 1e-9 * len(values)
        for group in above.groups:
            assert group.now.sum() < group.z + group.Theta * (group.C + 1) + 1e-9


@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5), seed=SEEDS)
def test_words_of_each_level(sizes, seed):
    # 3k_g + 1 in a group; above each group speaks once a turn, so G + 1 increments are the most there as well
    for above, _ in played(sizes, seed):
        for group in above.groups:
            assert all(words <= 3 * group.k + 1 for words in group.subrounds)
        assert all(words <= 3 * above.G + 1 for words in above.subrounds)


def test_rounds_do_end_and_groups_do_speak():
    # so that the two tests above are about something
    ended = told = 0
    for seed in range(40):
        last = None
        for above, _ in played([4, 3, 5], seed):
            last = above
        ended += last is None or last.ended
        told += last is not None and max(last.subrounds) > last.G
    assert ended > 5 and told > 5
