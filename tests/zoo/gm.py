"""Mistakes in geometric monitoring and dynamic averaging: conditions, balancing sets, averages, references."""

from dataclasses import replace

import numpy as np

from fgm_ref.protocols import base
from fgm_ref.transport.messages import BALANCED, DRIFT, MODEL

from .registry import mutant


@mutant(
    "z04",
    "the mean is taken over the sites that moved",
    "protocols.gm:Coordinator.end_round",
    "test_protocol_gm.py::test_gm",
)
def end_round(self, cause):
    """A site without news has nothing to contribute, so its zeros seem to dilute the mean.

    They do not: "stay here" is an opinion too.  The guarantee is about the mean of all k models.
    """
    drifts = self.network.poll(DRIFT, cause=cause)
    movers = drifts.any(axis=1)
    self.publish(self.E + drifts[movers].sum(axis=0) / max(1, movers.sum()), cause)


@mutant(
    "z19",
    "φ is built from the reference of the round before",
    "protocols.base:MonitoringSites.start_round",
    "test_protocol_fgm.py::test_agrees_with_the_naive_protocol",
)
def start_round(original, self, E):
    """The zone is made at the end of the old round, a line above the one that takes the new E.

    For the ball nothing changes, so the tests with balls pass; the cap looks in the wrong direction.
    """
    original(self, E)
    stale, self.newest = getattr(self, "newest", E), E.copy()
    self.zone = self.phi = self.make_zone(stale)


@mutant(
    "z35",
    "every round starts from the first global model",
    "protocols.base:Sites.receive",
    "test_protocols_common.py::test_a_full_synchronisation_is_the_mean_of_all[fgm]",
)
def receive(original, self, message, sites):
    """A copy of the model is taken when the run starts, kept in the safe function and never refreshed.

    Sites return to the very first model in every round, so nothing is ever learnt for long.
    """
    if message.kind is MODEL:
        self.first = getattr(self, "first", message.payload)
        message = replace(message, payload=self.first.copy())
    original(self, message, sites)


@mutant(
    "z36",
    "B grows until its mean is outside",
    "protocols.dynamic:Coordinator.settle",
    "test_protocol_dynamic.py::test_events",
)
def settle(original, self):
    """In one program positive means inside, in the next outside; the comparison was copied, the sign was not.

    Augmenting stops at once, and the members of B take a mean that violates the condition.
    """
    make = self.make_zone
    self.make_zone = lambda E: lambda X: -make(E)(X)
    original(self)
    self.make_zone = make


@mutant(
    "z37",
    "while augmenting, Σ ‖w_j − E‖² is tested instead of the mean of B",
    "protocols.dynamic:Coordinator.settle",
    "test_protocol_dynamic.py::test_balancing_happens",
)
def settle_by_the_sum(original, self):
    """Σ_B ‖w_j − E‖² > Δ, as printed in a pseudo-code, looks like the divergence that Kamp bounds.

    The sum grows with every member, so once started, B always grows to everybody: balancing never helps.
    """
    make = self.make_zone

    def summed(E):
        Δ = make(E).R ** 2
        return lambda X: sum(np.sum((w - E) ** 2) for w in self.B.values()) - Δ

    self.make_zone = summed
    original(self)
    self.make_zone = make


@mutant(
    "z38",
    "members of B take its mean as their new reference",
    "protocols.dynamic:Sites.balance",
    "test_protocol_dynamic.py::test_events",
)
def balance(self, sites, drift):
    """They have just been given a model, and a new model starts a round, does it not?

    Only one that *everybody* has.  With references of their own the sites' conditions say nothing of the mean.
    """
    self.models[sites] = drift
    self.base = np.broadcast_to(self.base, self.models.shape).copy()
    self.base[sites] = drift


@mutant(
    "z39",
    "the mean of B is divided by k",
    "protocols.dynamic:Coordinator.mean",
    "test_protocol_dynamic.py::test_events",
)
def mean(self):
    """All other means of this project are over k sites.

    The models of a balancing set shrink towards zero, and the fewer they are, the more.
    """
    return np.sum([self.B[i] for i in sorted(self.B)], axis=0) / self.E.dtype.type(self.k)


@mutant(
    "z40",
    "the violation counter is tested with = k",
    "protocols.dynamic:Coordinator.settle",
    "test_protocol_dynamic.py::test_violations_per_full_synchronisation",
)
def settle_with_equality(self):
    """The paper counts violations one by one and compares with k; several at once jump past it.

    Then the test is never true again, and the full synchronisation that the theory counts on is not forced.
    """
    if not self.B:
        return
    self.v += len(self.B)
    if not self.balancing or self.v == self.k:
        self.fetch(self.others())
    phi = self.make_zone(self.E)
    while len(self.B) < self.k and phi(self.mean() - self.E) > 0:
        self.fetch([self.rng.choice(self.others())])
    if len(self.B) == self.k:
        self.v = 0
        self.publish(self.mean(), ("|B|", len(self.B)))
    else:
        self.rebalances += 1
        self.network.down(BALANCED, sorted(self.B), self.mean(), ("|B|", len(self.B)))
    self.B = {}


@mutant(
    "z41",
    "after balancing, φ is not evaluated anew",
    "protocols.base:MonitoringSites.receive",
    "test_protocol_gm.py::test_gm_reb",
)
def receive_without_looking(self, message, sites):
    """φ is computed after training; that a *message* can move a model is easily forgotten.

    The stored φ is that of the drift before: a cured site calls out once more, and its drift is counted twice.
    """
    base.Sites.receive(self, message, sites)
    if message.kind is BALANCED:
        self.balance(sites, message.payload)
