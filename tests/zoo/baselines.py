"""Mistakes in what others do: corrected gradients, weighted means, thresholds that set themselves."""

from dataclasses import replace
from math import sqrt

import numpy as np

from fgm_ref.protocols import fgm, opt
from fgm_ref.transport.messages import VARIATE

from .registry import mutant

SCAFFOLD = "protocols.scaffold:Sites"


def corrected(self, trained, rates):
    """c_i⁺ − c_i of all sites, where `trained` have taken steps of these `rates`."""
    before = self.own.copy()
    self.own[trained] -= self.c
    self.own[trained] += (self.E - self.models[trained]) / rates
    return self.own - before


@mutant(
    "z172",
    "who has made no step forgets what is its own",
    f"{SCAFFOLD}.reply",
    "test_scaffold.py::test_who_makes_no_step_keeps_its_own",
)
def reply(original, self, kind, sites):
    """Nobody has moved there, so (E − w)/Σ η is 0, if one takes care not to divide by 0.

    But c_i − c + 0 is no gradient that the site has ever seen, and the site will be corrected by it.
    """
    if kind is not VARIATE:
        return original(self, kind, sites)
    return corrected(self, slice(None), np.maximum(self.rates, 1e-30))[sites]


@mutant(
    "z173",
    "the rates of a round are those of the fastest site",
    f"{SCAFFOLD}.moved",
    "test_scaffold.py::test_rates_are_those_of_the_own_steps",
)
def moved(self, active):
    """A round has b steps, and everybody knows the rates of them.

    A slow site has gone a shorter way; divided by all b steps, its gradients look small.
    """
    self.rates += self.rate(self.time)


@mutant(
    "z174",
    "a round starts with the values of φ, not of each site's own",
    "protocols.fgm_weighted:Sites.start_round",
    "test_weights.py::test_fgm_by_hand",
)
def start_round(self, E):
    """Σ φ_i(0) is k φ(0) whatever the weights, so the coordinator's ψ is right and all looks well.

    But a site of little weight seems to have risen at once, and one of great weight may rise far before it says so.
    """
    fgm.Sites.start_round(self, E)


@mutant(
    "z175",
    "the threshold forgets how long the round was",
    "protocols.opt:next_threshold",
    "test_protocol_fda_opt.py::test_by_hand",
)
def next_threshold(tau, steps, V):
    """Half of the V that there is after τ steps, for the first round has τ.

    Every round ends earlier than the one before it, at half of its V, until all synchronise all the time.
    """
    return V / 2


OPT_TESTS = "test_protocol_opt.py"


@mutant(
    "z179",
    "the first step of a round is the one that ended the last",
    "protocols.opt:Timed.start_round",
    f"{OPT_TESTS}::test_by_hand",
)
def start_round_now(original, self, E):
    """A round starts when its model is sent, and that is in this step; the very first round begins with 1 as well.

    All have trained before they were synchronised, so nobody has moved in that step.  Rounds look longer than they are,
    and every radius is too small.
    """
    original(self, E)
    self.steps = 1


@mutant(
    "z180",
    "a radius is taken for a share of the model's length",
    "protocols.opt:with_radius",
    f"{OPT_TESTS}::test_the_threshold_is_of_no_account",
)
def with_relative_radius(make_zone, R):
    """A threshold goes where thresholds go, and the maker does the rest.

    Where thresholds are relative, which is the default, it does too much.  Both ends agree, so the promise is kept; but
    of another radius than the rule's.
    """
    return replace(make_zone, threshold=R)


@mutant(
    "z181",
    "the radius is what the mean drift needs",
    "protocols.opt:Coordinator.next_radius",
    f"{OPT_TESTS}::test_by_hand",
)
def radius_of_the_mean(self, drifts):
    """The zone is there for the mean model, and where that has gone is E + mean X.

    But the sites watch their own drifts.  Where these cancel, the radius is next to nothing, and everybody calls out at
    once.
    """
    needed = self.make_zone(self.E).needed
    return sqrt(opt.next_threshold(self.tau, self.steps, needed(drifts.mean(axis=0)[None]) ** 2))
