"""Mistakes in what a protocol remembers: from round to round, from step to step, and for whom."""

import numpy as np

from fgm_ref.arrays import squared_norm
from fgm_ref.protocols import fgm
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.fgm_reb import split_slack
from fgm_ref.safe.centred import orthonormal
from fgm_ref.transport.messages import CHEAP, DRIFT, FLUSH, LOCAL

from .registry import mutant

SITES = "protocols.base:MonitoringSites"
REB = "protocols.fgm_reb:Coordinator"


@mutant(
    "z91",
    "`most` flushes in a round: the last of them does not count",
    f"{REB}.end_round",
    "test_protocol_fgm_reb.py::test_with_most_1_a_round_is_flushed_once",
)
def end_round(self, cause):
    """`<` or `<=`: it depends on whether the counter was raised before the test or after it.

    With most=1 every round pays for its flush, and none is ever used.
    """
    self.B = self.B + self.network.poll(FLUSH, cause=cause).sum(axis=0)
    self.flushes += 1
    λ = self.choose(self.phi, self.B / self.k, self.epsilon, self.fixed)
    if λ is not None and (not self.most or self.flushes < self.most):
        self.psi, self.psi_B = split_slack(self.phi, self.B / self.k, λ, self.k)
        if self.slack <= self.least * self.full:
            return self.go_on(λ)
    return self.publish(self.E + self.B / self.E.dtype.type(self.k), cause)


@mutant(
    "z124",
    "a site's own steps are counted over all rounds",
    f"{SITES}.start_round",
    "test_tracking.py::test_guarantee[gm-tracking-own]",
)
def start_round_with_old_steps(original, self, E):
    """The counter is made when the site is, like the clock; that it belongs to the round stands in a comment.

    From the second round on the prediction starts far ahead of where the sites are.
    """
    own = getattr(self, "own", None)
    original(self, E)
    self.own = self.own if own is None else own


@mutant(
    "z125",
    "the round's clock is never set back",
    f"{SITES}.start_round",
    "test_tracking.py::test_guarantee[gm-tracking]",
)
def start_round_with_the_old_clock(original, self, E):
    """The first round starts at time 0, and so does the program.

    Later rounds seem longer and longer, so g comes out too small, and t too large by all that went before.
    """
    started = self.started
    original(self, E)
    self.started = started


@mutant(
    "z126",
    "the mean of a set is summed in the order of arrival",
    "protocols.base:mean_over",
    "test_protocols_common.py::test_a_mean_does_not_depend_on_who_came_first",
)
def mean_in_order_of_arrival(rows):
    """Addition is commutative.  Not associative, though, in floating point.

    The last bit of E depends on whose turn came first, so two runs that should be equal drift apart.
    """
    return np.asarray(np.mean(list(rows.values()), axis=0))


@mutant(
    "z127",
    "the limit on balancing is for the run, not for the round",
    "protocols.gm_reb:Coordinator.start_round",
    "test_protocol_gm.py::test_both_outcomes_happen[model]",
)
def start_round_with_old_limits(original, self, E):
    """Σ|B| ≤ k is summed up from the beginning, and nobody starts anew.

    After the first rounds no set is ever large enough to help: from then on it is plain GM that pays for trying.
    """
    balanced = getattr(self, "balanced", 0)
    original(self, E)
    self.balanced = balanced


@mutant(
    "z128",
    "violations are counted on after a full synchronisation",
    "protocols.dynamic:Coordinator.settle",
    "test_protocol_dynamic.py::test_events[dynamic]",
)
def settle(original, self):
    """v := 0 is one line among others, after the message is out.

    Once v has reached k it stays above: every violation synchronises everybody, and balancing is over.
    """
    before = self.v + len(self.B)
    original(self)
    self.v = before


@mutant(
    "z129",
    "the sketch takes the mean of its rows, not their median",
    "protocols.fda:Sketch.H",
    "test_protocol_fda.py::test_the_sketch_takes_the_median_of_its_rows",
)
def H(self, mean):
    """Both estimate ‖mean X‖² without bias.

    A single row with a bad collision then lifts the estimate as far as it likes; the probability is that of one row.
    """
    squares = squared_norm(mean[1:].reshape(self.rows, self.columns))
    return float(mean[0] - np.mean(squares) / (1 + self.epsilon))


@mutant(
    "z130",
    "states of earlier steps stand in for those that were lost",
    "protocols.fda:Coordinator.settle",
    "test_protocol_fda.py::test_only_the_states_of_this_step_count",
)
def settle_with_old_states(self):
    """A dictionary that is filled anew in every step need not be emptied, as long as everybody fills it.

    A site that went away goes on voting with its last state, and the others are synchronised for its sake.
    """
    if self.states:
        H = self.monitor.H(mean_over(self.states))
        if self.make_zone.radius(self.E) ** 2 < H:
            models = self.network.poll(LOCAL, cause=("H", H))
            self.publish(models.mean(axis=0), ("H", H))


@mutant(
    "z131",
    "who is left out of a round goes on counting its steps",
    "protocols.fgm_o:Sites.receive",
    "test_protocol_fgm_o.py::test_steps_are_counted_by_the_round",
)
def receive(original, self, message, sites):
    """The model trains on, so the counter runs on; a new round started for the others only.

    The plan is made from steps per round, and so it is made for a site that looks faster in every round.
    """
    own = getattr(self, "own", None)
    own = own if own is None else own.copy()
    original(self, message, sites)
    if message.kind is CHEAP:
        self.own = own


@mutant(
    "z132",
    "a gain must be as large as for one site, however large the set is",
    "protocols.fgm_random:Coordinator.end_round",
    "test_protocol_fgm_rebalancers.py::test_random_rebalance[cap]",
)
def end_round_at_any_gain(self, cause):
    """gain · |φ(0)| looks like a threshold; in the formula it is one for each member of B.

    The more sites have been fetched, the easier it is to please: rebalances that bring next to nothing.
    """
    B, order = {}, self.rng.permutation(self.k).tolist()
    while len(B) < self.k // 2:
        site = order[len(B)]
        B[site] = self.network.poll(DRIFT, [site], cause)[0]
        gained = self.gained(B)
        enough = gained >= self.gain * abs(self.phi.at_zero)
        if enough and self.psi - gained < self.epsilon * self.full:
            return self.balance(B, gained)
    rest = order[len(B) :]
    B |= dict(zip(rest, self.network.poll(DRIFT, rest, cause), strict=True))
    return self.publish(self.E + mean_over(B), cause)


@mutant(
    "z133",
    "all blocks of a projection are taken to be equally long",
    "protocols.fgm_projection:Sites.project",
    "test_protocol_fgm_rebalancers.py::test_blocks",
)
def project(self, X):
    """D/m numbers in each block, as in the paper, where m divides D.

    With a remainder the "means" are none: shifts that should sum to zero move the global model.
    """
    sums = np.add.reduceat(X, self.starts, axis=1)
    return sums / X.dtype.type(X.shape[1] / len(self.starts))


@mutant(
    "z134",
    "the directions are those of the first rounds, for ever",
    "protocols.fgm_centre:Sites.start_round",
    "test_protocol_fgm_centre.py::test_the_directions_are_those_of_the_last_steps",
)
def start_round_with_the_first_steps(self, E):
    """A list of r steps, newest last, and `[:r]` instead of `[-r:]`.

    The zone can follow where the models went in the beginning.  The guarantee holds; the saving is gone.
    """
    before = self.E
    fgm.Sites.start_round(self, E)
    if before is not None:
        self.steps = [*self.steps, E - before][: self.r]
        self.zone.U = orthonormal(self.steps)


@mutant(
    "z135",
    "there is one probe in a run, not one in a round",
    "protocols.fgm_probe:Coordinator.start_round",
    "test_protocol_fgm_probe.py::test_a_probe_at_most_once_a_round_and_only_if_it_pays",
)
def start_round_without_a_probe(original, self, E):
    """A flag that says "done" and is never taken down.

    From the second round on it is FGM around a moving centre, under the name of something better.
    """
    probed = getattr(self, "probed", False)
    original(self, E)
    self.probed = probed


@mutant(
    "z136",
    "flushes are counted over the whole run",
    f"{REB}.start_round",
    "test_protocol_fgm_reb.py::test_flush_and_round_end[zero-balance-ball]",
)
def start_round_with_old_flushes(original, self, E):
    """`most` limits the flushes of a round; the counter knows nothing of rounds.

    Once the limit is reached, every later round ends at once, having paid for a flush that cannot help any more.
    """
    flushes = getattr(self, "flushes", 0)
    original(self, E)
    self.flushes = flushes
