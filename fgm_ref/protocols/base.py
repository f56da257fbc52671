"""What every protocol is made of: `Sites` and a `Coordinator`.

`Sites` are the k sites, stacked: row i of every array belongs to site i and is computed from row i alone.
The `Coordinator` holds no reference to them.  It learns of the sites only through messages.
Neither counts bytes or looks into the data: the network bills the messages, and the learners train the models.

A protocol fills in what its sites have to say (`alarms`, `report`) and how its coordinator reacts (`receive`,
`settle`).  All that has to do with BALANCED is for the protocols that rebalance; `stand_in` and `welcome` are for
sites that are absent for a while.  To understand GM and FGM you can skip these.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, pieces
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.transport.messages import (
    BALANCED,
    DRIFT,
    FLUSH,
    LOCAL,
    MEAN_STATE,
    MODEL,
    NO_CAUSE,
    PHI,
    STATE,
    Cause,
    Kind,
    Message,
    Tag,
)  # fmt: skip
from fgm_ref.transport.network import Network

NOBODY = np.empty(0, np.intp)


class Sites:
    """k sites that train, report nothing, and take every model they are sent."""

    where = slice(None)  # all of the model vector; only `fgm_blocks.py` speaks of parts

    def __init__(self, learners: Learners, setup: Setup):
        self.learners = learners
        self.models = learners.P  # (k, D), shared: training changes it
        self.k = len(self.models)  # those that are here
        self.in_all = setup.k or self.k
        self.tag = Tag()
        self.time = 0

    def step(self, active: Any, x: Array, y: Array) -> None:
        """Train the `active` sites, if any, on one mini-batch each (x, y stacked in the same order)."""
        self.time += 1
        if len(x):
            self.learners.train(active, x, y)
        self.moved(active)

    def moved(self, active: Any) -> None:
        """Look at the models that have just changed."""

    @property
    def checking(self) -> bool:
        """Whether the local test runs in this step; if not, the observer does not hold the sites to their promise."""
        return True

    def alarms(self) -> Array:
        """Which sites have something to say now."""
        return NOBODY

    def report(self, site: int) -> Message | None:
        """What one site has to say now, if it still has."""
        return None

    def receive(self, message: Message, sites: Array) -> None:
        """Take a message that went to each of `sites`."""
        self.tag = message.tag
        if message.kind is MODEL:
            self.models[sites] = message.payload
            self.learners.synchronised(sites)
            self.start_round(message.payload)
        elif message.kind is MEAN_STATE:
            self.learners.adopt(message.payload)

    def start_round(self, E: Array) -> None:
        """Everybody holds the global model E now."""

    def part(self, block: int) -> "Sites":
        """The sites as holding one block of their models: here there is but one, all of it."""
        return self

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer a poll: one row for each of `sites`."""
        if kind is STATE:
            return self.learners.shipped(sites)
        assert kind is LOCAL, kind
        return self.models[sites]


class MonitoringSites(Sites):
    """Sites that watch φ of their drift X_i = w_i − base_i, where base_i is E unless a rebalance moved it."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.make_zone = setup.make_zone
        # zone, base and values come with the first model, before the first step
        self.E: Array | None = None
        self.started = 0  # when the round started
        self.rounds = 0  # how many rounds there have been

    def start_round(self, E: Array) -> None:
        """Drifts are 0 again, and φ is that of the new E."""
        lasted = self.time - self.started
        self.zone = self.make_zone(E, self.E, lasted, self.rounds, self.time)
        self.rounds += 1
        self.E = E
        self.base = E[None]  # (1, D) while it is the same for all, else (k, D)
        self.started = self.time
        self.own = np.zeros(self.k, np.int64)  # each site's own steps in this round
        self.phi: Callable[[Array], Any] = self.zone  # what is evaluated: `fgm_reb.py` rescales it
        self.at_zero = self.zone.at_zero  # φ(0), evaluated once a round
        self.values = np.full(self.k, self.at_zero, self.models.dtype)  # φ(X_i), (k,)

    def bases(self, sites: Any) -> Array:
        """base_i of `sites`: one row each, or one for all."""
        return self.base if len(self.base) == 1 else self.base[sites]

    def rebase(self, sites: Array, base: Array) -> None:
        """Count the drifts of `sites` from `base` (a, D) from now on."""
        if len(self.base) == 1:
            self.base = np.broadcast_to(self.base, self.models.shape).copy()
        self.base[sites] = base

    def drifts(self, sites: Any) -> Array:
        """X of `sites`, one row each."""
        return np.asarray(self.models[sites] - self.bases(sites))

    def step(self, active: Any, x: Array, y: Array) -> None:
        """Count each site's own steps in this round as well."""
        self.own[active] += 1
        super().step(active, x, y)

    def moved(self, active: Any) -> None:
        """Evaluate φ(X_i) where X_i changed; everywhere, if φ itself moves with time."""
        if self.zone.moves:
            self.zone.advance(self.time - self.started, self.own)
            active = slice(None)
        for some in pieces(active, *self.models.shape):
            self.values[some] = self.phi(self.drifts(some))

    def receive(self, message: Message, sites: Array) -> None:
        """Take the mean drift of a balancing set as one's own, or what every site takes."""
        super().receive(message, sites)
        if message.kind is BALANCED:
            self.balance(sites, message.payload)
            self.moved(sites)

    def balance(self, sites: Array, drift: Array) -> None:
        """*Model balancing*: w_j := base_j + X, so the members of the set mix what they have learnt."""
        self.models[sites] = self.bases(sites) + drift

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer a poll for drifts or values of φ, besides the usual ones."""
        if kind is DRIFT:
            return self.drifts(sites)
        if kind is PHI:
            return self.values[sites]
        return super().reply(kind, sites)


class Coordinator:
    """Ships the initial model and listens.  `E` is the last global model."""

    hub: Learners | None = None  # only the centralised reference trains at the coordinator
    synchronises = True  # whether it ever sends a model after the start
    evaluates = False  # whether it evaluates φ at drifts, for which φ must stand still

    def __init__(self, network: Network, k: int, setup: Setup):
        self.network, self.k = network, k
        self.rng, self.make_zone = setup.rng, setup.make_zone
        self.average_state = setup.average_state
        self.E, self.server = setup.E, setup.make_server()
        self.round = self.subround = 0
        self.subrounds = self.rebalances = self.dropped = 0
        if self.evaluates and not (zone := setup.make_zone(setup.E)).stands_still:
            raise ValueError(f"safe: {zone.refusal} (this coordinator evaluates φ too)")

    @property
    def tag(self) -> Tag:
        """(round, subround), stamped on every message."""
        return Tag(self.round, self.subround)

    def start(self) -> None:
        """Before the first step: everybody gets the initial model."""
        self.publish(self.E)

    def average(self, rows: Array) -> Array:
        """(1/k) Σ x_i (D,) of all sites' rows (k, D); `weights.py` weighs them."""
        return np.asarray(rows.mean(axis=0))

    def publish(self, S: Array, cause: Cause = NO_CAUSE) -> None:
        """Ship what the server makes of the mean model S, at first S itself.  A round starts from the E that comes."""
        E = self.server(self.E, S) if self.round else S
        self.round, self.subround = self.round + 1, 0
        self.start_round(self.network.broadcast(MODEL, E, cause))
        if self.average_state and self.round > 1:  # before the first step there is no state
            self.network.broadcast(MEAN_STATE, self.network.poll(STATE).mean(axis=0))

    def start_round(self, E: Array) -> None:
        """Everybody holds the global model E now."""
        self.E = E

    def receive(self, site: int, message: Message) -> None:
        """Take a message of one site."""

    def settle(self) -> None:
        """Every site has had its turn in this step."""

    def finish(self) -> None:
        """The run is over."""

    def stand_in(self, kind: Kind) -> Any:
        """What a site that is gone is taken to reply: it has stayed where it was last heard of."""
        if kind is LOCAL:
            return self.E
        if kind in (DRIFT, FLUSH):
            return np.zeros_like(self.E)
        raise ValueError(
            f"faults: expected a protocol that can do without a site's {kind}, got one that cannot"
        )

    def welcome(self, sites: list[int]) -> None:
        """Some sites are back: everybody is synchronised, S = (1/k) Σ w_i."""
        if self.synchronises:
            models = self.network.poll(LOCAL)
            self.publish(models.mean(axis=0), ("back: site", sites[0]))


def mean_over(rows: Mapping[int, Array]) -> Array:
    """The mean of some sites' rows, {site: (D,)} -> (D,), summed in the order of the sites."""
    in_order = [rows[i] for i in sorted(rows)]
    return np.asarray(np.mean(in_order, axis=0))
