"""What is tested in a06: two right versions of a small laboratory, and sixteen wrong ones.

A mutant is a right one with a single function replaced.  Each mistake has been made, or easily could be.
"""

import numpy as np


class Lab:
    """The right one.  What each function should do is in the instructions of a06."""

    def phi(self, X, R):
        return np.sqrt((X**2).sum(axis=1)) - R

    def quantum(self, psi, k):
        return -psi / (2 * k)

    def count(self, phi, z, theta, c):
        return np.maximum(c, np.floor((phi - z) / theta).astype(int))

    def decide(self, phi, phi_zero, epsilon):
        psi = float(phi.sum())
        return psi, psi >= epsilon * len(phi) * phi_zero

    def synchronise(self, models):
        E = models.mean(axis=0)
        return E, np.tile(E, (len(models), 1))

    def balance(self, E, models, members):
        new = models.copy()
        new[members] = models[members].mean(axis=0)
        return new


class Other(Lab):
    """Right, too, but rounded in other places and built in another way."""

    def phi(self, X, R):
        return np.array([np.linalg.norm(x) for x in X]) - R

    def quantum(self, psi, k):
        return abs(psi) / k * 0.5

    def count(self, phi, z, theta, c):
        return np.array(
            [max(int(old), int(n)) for old, n in zip(c, (phi - z) // theta, strict=True)]
        )

    def decide(self, phi, phi_zero, epsilon):
        psi = sum(phi.tolist())
        return psi, bool(psi / len(phi) >= epsilon * phi_zero)

    def synchronise(self, models):
        E = models[0] + (models - models[0]).sum(axis=0) / len(models)
        return E, np.array([E] * len(models))

    def balance(self, E, models, members):
        X = (models - E)[members].sum(axis=0) / len(members)
        return np.array([E + X if i in members else w for i, w in enumerate(models)])


MUTANTS = {}


def mutant(of, mistake):
    """Replace the function `of` by the decorated one."""

    def register(function):
        name = function.__name__
        MUTANTS[name] = (of, mistake, type("Lab", (Lab,), {of: function})())
        return function

    return register


@mutant("phi", "not convex: the root")
def rooted(self, X, R):
    return np.sqrt(np.linalg.norm(X, axis=1)) - np.sqrt(R)


@mutant("phi", "the longest coordinate is taken for the length")
def coordinate(self, X, R):
    return np.abs(X).max(axis=1) - R


@mutant("phi", "one length for the whole stack")
def stack(self, X, R):
    return np.full(len(X), np.linalg.norm(X) - R)


@mutant("quantum", "read from the left: (−ψ/2)·k")
def left_to_right(self, psi, k):
    return -psi / 2 * k


@mutant("quantum", "the 2 is forgotten")
def without_2(self, psi, k):
    return -psi / k


@mutant("count", "counters may fall")
def falling(self, phi, z, theta, c):
    return np.floor((phi - z) / theta).astype(int)


@mutant("count", "rounded to the nearest quantum")
def nearest(self, phi, z, theta, c):
    return np.maximum(c, np.rint((phi - z) / theta).astype(int))


@mutant("count", "who comes closer counts as well")
def unsigned(self, phi, z, theta, c):
    return np.maximum(c, np.floor(np.abs(phi - z) / theta).astype(int))


@mutant("decide", "the mean for the sum")
def mean_for_sum(self, phi, phi_zero, epsilon):
    psi = float(phi.mean())
    return psi, psi >= epsilon * phi_zero


@mutant("decide", "only when all the slack is used up")
def to_the_last(self, phi, phi_zero, epsilon):
    psi = float(phi.sum())
    return psi, psi >= 0


@mutant("decide", "one site's slack, not that of k")
def slack_of_one(self, phi, phi_zero, epsilon):
    psi = float(phi.sum())
    return psi, psi >= epsilon * phi_zero


@mutant("synchronise", "the median, which nobody asked for")
def median(self, models):
    E = np.median(models, axis=0)
    return E, np.tile(E, (len(models), 1))


@mutant("synchronise", "the mean is kept, but not sent to the first site")
def forgets_one(self, models):
    E = models.mean(axis=0)
    new = np.tile(E, (len(models), 1))
    new[0] = models[0]
    return E, new


@mutant("synchronise", "what was handed in is overwritten")
def in_place(self, models):
    models[:] = models.mean(axis=0)
    return models[0].copy(), models.copy()


@mutant("balance", "the members take the mean of all")
def mean_of_all(self, E, models, members):
    new = models.copy()
    new[members] = models.mean(axis=0)
    return new


@mutant("balance", "the members go back to E: their learning is lost")
def back_to_E(self, E, models, members):
    new = models.copy()
    new[members] = E
    return new
