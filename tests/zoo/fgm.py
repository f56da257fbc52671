"""Mistakes in functional geometric monitoring: quanta, counters, subrounds; flushes and λ."""

import numpy as np

from fgm_ref.protocols import base
from fgm_ref.transport.messages import BALANCED, DRIFT, FLUSH, INCREMENT, INDEX, PHI, QUANTUM

from .registry import mutant

FGM = "protocols.fgm"


@mutant(
    "z01",
    "quantum −ψ/2·k instead of −ψ/(2k)",
    f"{FGM}:Coordinator.start_subround",
    "test_protocol_fgm.py::test_no_silent_breach",
)
def start_subround(self):
    """The formula is typed as it is printed, and `a / 2 * k` reads from the left.

    The quantum is k² times too large: k sites can use up far more than the slack before anybody says a word.
    """
    self.subround += 1
    self.subrounds += 1
    self.c = 0
    self.network.broadcast(QUANTUM, -self.slack / 2 * self.k, ("ψ", self.slack))


@mutant(
    "z02",
    "the sum of φ is not reset between subrounds",
    f"{FGM}:Coordinator.end_subround",
    "test_protocol_fgm.py::test_poll_and_round_end",
)
def end_subround(self):
    """An accumulator that lives as long as the object, and a `+=` where a fresh sum belongs.

    From the second subround on ψ is too low, and so the quanta are too large for the slack that is left.
    """
    self.psi += float(self.network.poll(PHI, cause=("c", self.c)).sum(dtype=float))
    if self.slack < self.epsilon * self.full:
        self.start_subround()
    else:
        self.end_round(("ψ", self.psi))


@mutant(
    "z03",
    "E grows by the sum of the drifts, not by their mean",
    f"{FGM}:Coordinator.end_round",
    "test_protocols_common.py::test_a_full_synchronisation_is_the_mean_of_all[fgm]",
)
def end_round_with_the_sum(self, cause):
    """Right where the monitored state is a *sum* over the streams, from where the protocol was copied.

    For models it multiplies the learning rate by k, which may even look like progress for a while.
    """
    drifts = self.network.poll(DRIFT, cause=cause)
    self.publish(self.E + drifts.sum(axis=0), cause)


@mutant(
    "z05",
    "increments are unsigned numbers",
    f"{FGM}:Sites.quanta",
    "zoo/test_gaps.py::test_who_comes_closer_says_nothing",
)
def quanta(self, sites=slice(None)):
    """A counter never falls, so an unsigned type seems right; but φ falls, and −1 becomes 18446744073709551615.

    A site that comes *closer* to the reference ends the subround at once.
    """
    n = np.floor((self.values[sites] - self.z[sites]) / self.theta)
    n = n.astype(np.int64).astype(np.uint64)
    return np.minimum(n, np.uint64(self.k + 1)).astype(np.int64)


@mutant(
    "z06",
    "the sites are polled twice",
    f"{FGM}:Coordinator.end_subround",
    "test_messages_ledger.py::test_fgm_cost_identity",
)
def end_subround_twice(self):
    """A getter that asks over the network looks like a getter: one call for the test, one for the number.

    Nothing goes wrong but the bill, by k words and k polls in every subround.
    """
    if self.network.poll(PHI, cause=("c", self.c)).sum(dtype=float) < self.epsilon * self.full:
        self.psi = float(self.network.poll(PHI, cause=("c", self.c)).sum(dtype=float))
        self.start_subround()
    else:
        self.end_round(("ψ", self.psi))


@mutant(
    "z22",
    "the accumulator of drifts is never cleared",
    f"{FGM}:Coordinator.end_round",
    "test_protocol_fgm.py::test_poll_and_round_end",
)
def end_round_with_all_drifts_so_far(self, cause):
    """A member variable is filled in every round and emptied in none.

    The first round is right, so the first plot looks fine; then every old drift is added once more per round.
    """
    drifts = self.network.poll(DRIFT, cause=cause)
    self.total = getattr(self, "total", 0) + drifts.mean(axis=0)
    self.publish(self.E + self.total, cause)


@mutant(
    "z23",
    "z_i is taken anew before every mini-batch",
    f"{FGM}:Sites.moved",
    "test_protocol_fgm.py::test_no_silent_breach",
)
def moved(original, self, active):
    """In the pseudo-code it takes one line in the wrong block: "fit a batch" instead of "new subround".

    A site then only notices what a single batch does.  Many small steps add up, and nobody speaks.
    """
    self.z = self.values.copy()
    original(self, active)


@mutant(
    "z24",
    "a round ends without collecting the drifts",
    f"{FGM}:Coordinator.end_round",
    "test_protocols_common.py::test_mean_preservation[fgm]",
)
def end_round_without_asking(self, cause):
    """The list of things to do at the end of a round says "send E to all", and that is what is done.

    All that was learnt in the round is thrown away, while messages flow as they should.
    """
    self.publish(self.E, cause)


@mutant(
    "z25",
    "idle sites answer the poll with an old φ",
    f"{FGM}:Sites.reply",
    "test_protocol_fgm.py::test_poll_and_round_end",
)
def reply(original, self, kind, sites):
    """A value that was computed a moment ago is kept to save work; it was *before* the subround started.

    ψ does not see what the sites have used up since, and the slack seems never to run out.
    """
    return self.z[sites].copy() if kind is PHI else original(self, kind, sites)


@mutant(
    "z26",
    "only the sites that spoke are polled",
    f"{FGM}:Coordinator.end_subround",
    "test_protocol_fgm.py::test_idle_sites_are_polled",
)
def end_subround_of_the_loud(self):
    """Who has said nothing has not moved, so why ask?  But its φ is part of the sum all the same.

    The slack of the silent is forgotten, and so is what they have used up by moving less than one quantum each.
    """
    speakers = np.flatnonzero(self.network.ledger.messages[INDEX[INCREMENT], :-1])
    self.psi = float(self.network.poll(PHI, speakers, ("c", self.c)).sum(dtype=float))
    if self.slack < self.epsilon * self.full:
        self.start_subround()
    else:
        self.end_round(("ψ", self.psi))


@mutant(
    "z27",
    "a stale increment is counted",
    f"{FGM}:Coordinator.receive",
    "test_protocol_fgm.py::test_stale_increments_are_dropped",
)
def receive(self, site, message):
    """Delivery is immediate in this simulator, so a check of the tag seems to be a waste.

    On a real network an increment may arrive after its subround has ended; it then counts quanta of another θ.
    """
    self.c += message.payload
    if self.c > self.k:
        self.end_subround()


@mutant(
    "z28",
    "the counter follows φ down again",
    f"{FGM}:Sites.moved",
    "test_protocol_fgm.py::test_a_falling_value_is_not_unsaid",
)
def moved_with_a_falling_counter(original, self, active):
    """c_i = n_i is shorter than c_i = max(c_i, n_i).

    A site that swings to and fro tells the same quantum again and again, and the coordinator adds them all up.
    """
    original(self, active)
    self.c = np.minimum(self.c, np.maximum(self.quanta(), 0))


@mutant(
    "z29",
    "an increment may be any number",
    f"{FGM}:Sites.quanta",
    "test_protocol_fgm.py::test_increments",
)
def quanta_without_a_limit(self, sites=slice(None)):
    """k + 1 quanta end a subround, more say nothing more; the limit looks like decoration.

    Until one step is very long, or θ very small: then the counters run over.
    """
    return np.floor((self.values[sites] - self.z[sites]) / self.theta).astype(np.int64)


@mutant(
    "z30",
    "a new round starts with X_i = E",
    "protocols.base:MonitoringSites.drifts",
    "test_protocols_common.py::test_a_full_synchronisation_is_the_mean_of_all[fgm]",
)
def drifts(self, sites):
    """To set X_i to the estimate is right in programs that hand *models* to φ; this one hands it drifts.

    What the sites report as drift is their whole model, and E doubles in every round.
    """
    return np.asarray(self.models[sites])


@mutant(
    "z31",
    "a flush does not move the base: drifts are counted twice",
    "protocols.fgm_reb:Sites.reply",
    "test_protocol_fgm_reb.py::test_accounts_at_rest",
)
def flush(original, self, kind, sites):
    """The drift is sent and the model trains on, so it seems that nothing has to change at the site.

    But the coordinator has put the drift into B already; from now on it is there *and* in X_i.
    """
    return (
        base.MonitoringSites.drifts(self, sites) if kind is FLUSH else original(self, kind, sites)
    )


@mutant(
    "z32",
    "ψ_B without the factor μk",
    "protocols.fgm_reb:split_slack",
    "test_protocol_fgm_reb.py::test_split_slack",
)
def split_slack(phi, b, λ, k):
    """ψ_B = kμφ(B/(kμ)): k and μ stand there twice, and one pair gets lost (or cancels another one) in the code.

    The coordinator's share of the slack is misjudged, so rebalances are accepted that should not be.
    """
    μ = 1 - λ
    return k * λ * phi.at_zero, float(phi(b / b.dtype.type(μ)))


@mutant(
    "z33",
    "the perspective is λφ(X), not λφ(X/λ)",
    "safe.zones:SafeFunction.perspective",
    "test_safe.py::test_perspective",
)
def perspective(self, λ):
    """A share λ of the slack, so multiply by λ.  But the zone has to shrink in *every* direction.

    λφ(X) ≤ 0 says the same as φ(X) ≤ 0: all sites keep the whole zone, and the flushed part comes on top.
    """
    return lambda X: λ * self(X)


@mutant(
    "z34",
    "drifts are rewritten, but the subround goes on",
    "protocols.fgm_random:Coordinator.balance",
    "zoo/test_gaps.py::test_accounts_after_a_random_rebalance",
)
def balance(self, B, gained):
    """The mean has been sent, ψ is corrected: what else could be missing?

    z_i and θ describe drifts that are no more, and the counter stays above k: the next increment starts it all anew.
    """
    self.rebalances += 1
    self.network.down(BALANCED, sorted(B), base.mean_over(B), ("gain", gained))
    self.psi -= gained
