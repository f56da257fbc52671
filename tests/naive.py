"""FGM and Kamp's balancing once more: one object per site, Python loops, no stacking, no network.

Slow and obvious: the oracle for the stacked protocols.  The only thing shared with them is the seeded order
in which sites have their turn.  `log` holds (step, kind, site) with "all" for a message to or from everybody.
"""

import math

import numpy as np


def subtract(a, b):
    return [x - y for x, y in zip(a, b, strict=True)]


def mean(rows):
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]


def length(a):
    return math.sqrt(math.fsum(x * x for x in a))


def ball(X, E, R):
    return length(X) - R


def variance(X, E, R):
    return math.fsum(x * x for x in X) - R * R


def cap(X, E, R):
    along = math.fsum(x * e for x, e in zip(X, E, strict=True)) / length(E)
    return max(-R - along, length([x + e for x, e in zip(X, E, strict=True)]) - (length(E) + R))


SAFE = {"ball": ball, "variance": variance, "cap": cap}


class Site:
    def __init__(self, w):
        self.w = list(w)
        self.z = self.theta = 0.0
        self.c = 0


class Naive:
    """What both have in common: the sites, the seeded order, and the log."""

    def __init__(self, script, safe):
        self.phi = SAFE[safe]
        self.R, self.k = script.R, script.k
        self.chooser, self.order = np.random.default_rng(script.seed).spawn(2)
        self.sites = [Site(script.E) for _ in range(self.k)]
        self.step, self.log, self.numbers = 0, [], []
        self.publish(list(script.E))
        for moves, active in script:
            self.step += 1
            for move, i in zip(moves.tolist(), active, strict=True):
                self.sites[i].w = [x + y for x, y in zip(self.sites[i].w, move, strict=True)]
            self.talk()

    def note(self, kind, site="all", number=None):
        self.log.append((self.step, kind, site))
        if number is not None:
            self.numbers.append(number)

    def value(self, site):
        return self.phi(subtract(site.w, self.E), self.E, self.R)

    def publish(self, E):
        self.E = E
        self.note("MODEL")
        for site in self.sites:
            site.w = list(E)


class NaiveFGM(Naive):
    epsilon = 0.01

    def publish(self, E):
        super().publish(E)
        at_zero = self.phi([0.0] * len(E), E, self.R)
        self.psi = self.full = self.k * at_zero
        self.subround(-at_zero / 2)

    def subround(self, theta):
        self.c = 0
        for site in self.sites:
            site.theta, site.z, site.c = theta, self.value(site), 0

    def news(self, site):
        """How many quanta a site has not told yet; nobody needs more than k + 1."""
        n = min(math.floor((self.value(site) - site.z) / site.theta), self.k + 1)
        return max(0, n - site.c)

    def talk(self):
        for i in self.order.permutation([i for i in range(self.k) if self.news(self.sites[i])]):
            site = self.sites[int(i)]
            increment = self.news(site)
            if increment == 0:  # an earlier site's message has started a new subround
                continue
            site.c += increment
            self.note("INCREMENT", int(i), increment)
            self.c += increment
            if self.c > self.k:
                self.poll()

    def poll(self):
        self.note("POLL")
        self.note("PHI")
        self.psi = math.fsum(self.value(site) for site in self.sites)
        if self.psi >= self.epsilon * self.full:
            self.note("POLL")
            self.note("DRIFT")
            drift = mean([subtract(site.w, self.E) for site in self.sites])
            self.publish([e + x for e, x in zip(self.E, drift, strict=True)])
        else:
            theta = -self.psi / (2 * self.k)
            self.note("QUANTUM", "all", theta)
            self.subround(theta)


class NaiveKamp(Naive):
    """b = 1; the local condition is ‖w_i − r‖² ≤ Δ = R²."""

    v = 0

    def talk(self):
        V = [i for i in range(self.k) if self.value(self.sites[i]) > 0]
        B = []
        for i in self.order.permutation(V):
            self.note("VIOLATION", int(i))
            B.append(int(i))
        if not B:
            return
        self.v += len(B)
        if self.v >= self.k:
            rest = [i for i in range(self.k) if i not in B]
            for i in rest:
                self.note("POLL", i)
            for i in rest:
                self.note("LOCAL", i)
            B += rest
        while len(B) < self.k and self.phi(subtract(self.mean_of(B), self.E), self.E, self.R) > 0:
            j = int(self.chooser.choice([i for i in range(self.k) if i not in B]))
            self.note("POLL", j)
            self.note("LOCAL", j)
            B.append(j)
        if len(B) == self.k:
            self.v = 0
            self.publish(self.mean_of(B))
        else:
            average = self.mean_of(B)
            for i in sorted(B):
                self.note("BALANCED", i)
                self.sites[i].w = list(average)

    def mean_of(self, B):
        return mean([self.sites[i].w for i in B])
