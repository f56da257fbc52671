"""What every protocol is made of: `Sites`, a `Coordinator`, and the `Protocol` that names the pair.

`Sites` are the k sites, stacked: row i of every array belongs to site i and is computed from row i alone.
The `Coordinator` holds no reference to them; it learns of the sites only through messages.
The two are blind to steps, bytes and data: the simulator drives the first, the network bills the second,
the learners own the third.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.learners import Learners
from fgm_ref.safe import ZoneMaker
from fgm_ref.transport.messages import (
    BALANCED,
    DRIFT,
    FLUSH,
    LOCAL,
    MEAN_STATE,
    MODEL,
    PHI,
    STATE,
    Cause,
    Kind,
    Message,
)
from fgm_ref.transport.network import NO_CAUSE, Network

NOBODY = np.empty(0, np.intp)


@dataclass(frozen=True)
class Setup:
    """What both ends are built from, the same for every protocol of a comparison.

    `E` (D,) is the initial model, `rng` the coordinator's own stream, `options` the protocol's own settings, `blocks`
    says which parts of the vector have a name.
    """

    E: Array
    make_zone: ZoneMaker
    rng: np.random.Generator
    make_hub: Callable[[], Learners]
    average_state: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    blocks: Mapping[str, slice] = field(default_factory=dict)


class Sites:
    """k sites that train, report nothing, and take every model they are sent."""

    where = slice(None)  # the part of the learners' vectors that is spoken of

    def __init__(self, learners: Learners, setup: Setup):
        self.learners = learners
        self.models = learners.P  # (k, D)
        self.k = len(self.models)
        self.tag = (0, 0)
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
        """Whether the local test runs in this step (it is what a guarantee rests on)."""
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
            self.learners.state = message.payload

    def start_round(self, E: Array) -> None:
        """Everybody holds the global model E now."""

    def part(self, block: int) -> "Sites":
        """Themselves: their models are of one piece."""
        return self

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer a poll: one row for each of `sites`."""
        if kind is STATE:
            return self.learners.state[sites]
        assert kind is LOCAL, kind
        return self.models[sites]


class MonitoringSites(Sites):
    """Sites that watch φ of their drift X_i = w_i − base_i, where base_i is E unless a rebalance moved it."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.make_zone = setup.make_zone
        self.E: Array | None = None
        self.started = self.rounds = (
            0  # when the round started, and how many rounds there have been
        )

    def start_round(self, E: Array) -> None:
        """Drifts are 0 again, and φ is that of the new E."""
        self.zone = self.make_zone(E, self.E, self.time - self.started, self.rounds)
        self.rounds += 1
        self.E, self.base = (
            E,
            E[None],
        )  # base is (1, D) while it is the same for all, (k, D) once it is not
        self.started, self.own = self.time, np.zeros(self.k, np.int64)
        self.phi: Callable[[Array], Any] = self.zone
        self.at_zero = self.zone.at_zero  # φ(0), evaluated once a round
        self.values = np.full(self.k, self.at_zero, self.models.dtype)  # φ(X_i), (k,)

    def drifts(self, sites: Any) -> Array:
        """X of `sites`, one row each."""
        return np.asarray(
            self.models[sites] - (self.base if len(self.base) == 1 else self.base[sites])
        )

    def step(self, active: Any, x: Array, y: Array) -> None:
        """Count each site's own steps in this round as well."""
        self.own[active] += 1
        super().step(active, x, y)

    def moved(self, active: Any) -> None:
        """Evaluate φ(X_i) where X_i changed; everywhere, if φ itself moves with time."""
        if self.zone.moving:
            self.zone.advance(self.time - self.started, self.own)
            active = slice(None)
        self.values[active] = self.phi(self.drifts(active))

    def receive(self, message: Message, sites: Array) -> None:
        """Take the mean drift of a balancing set as one's own, or what every site takes."""
        super().receive(message, sites)
        if message.kind is BALANCED:
            self.balance(sites, message.payload)
            self.moved(sites)

    def balance(self, sites: Array, drift: Array) -> None:
        """*Model balancing*: w_j := base_j + X, so the members of the set mix what they have learnt."""
        self.models[sites] = (self.base if len(self.base) == 1 else self.base[sites]) + drift

    def reply(self, kind: Kind, sites: Array) -> Array:
        """Answer a poll for drifts or values of φ, besides the usual ones."""
        if kind is DRIFT:
            return self.drifts(sites)
        if kind is PHI:
            return self.values[sites]
        return super().reply(kind, sites)


class Coordinator:
    """Ships the initial model and listens.

    `E` is the last global model, `phi` the safe function made for it.
    """

    hub: Learners | None = None  # only the centralised reference trains at the coordinator
    synchronises = True  # whether it ever sends a model after the start
    evaluates = False  # whether it evaluates φ at drifts, for which φ must stand still

    def __init__(self, network: Network, k: int, setup: Setup):
        self.network, self.k = network, k
        self.rng, self.make_zone = setup.rng, setup.make_zone
        self.average_state = setup.average_state
        self.E = setup.E
        self.round = self.subround = 0
        self.subrounds = self.rebalances = self.dropped = 0
        if self.evaluates and getattr(setup.make_zone(setup.E), "moving", False):
            raise ValueError(
                "safe: expected one that stands still, because this protocol's coordinator evaluates it "
                "too; use a tracking one with gm or fgm"
            )

    @property
    def tag(self) -> tuple[int, int]:
        """(round, subround), stamped on every message."""
        return self.round, self.subround

    def start(self) -> None:
        """Before the first step: everybody gets the initial model."""
        self.publish(self.E)

    def publish(self, E: Array, cause: Cause = NO_CAUSE) -> None:
        """Ship E to every site: a round starts, from the E that arrives."""
        self.round, self.subround = self.round + 1, 0
        self.start_round(self.network.broadcast(MODEL, E, cause))
        if self.average_state and self.round > 1:
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
        """Some sites are back: E := (1/k) Σ w_i, for everybody."""
        if self.synchronises:
            self.publish(self.network.poll(LOCAL).mean(axis=0), ("back: site", sites[0]))


@dataclass(frozen=True)
class Protocol:
    """A named pair of ends, with the options that a user may set and their defaults.

    `guarantee` says what holds at every quiet point: "" nothing, "mean" φ(S − E) ≤ 0 for the true mean
    model S, "sum" moreover (1/k) Σ φ(w_i − E) ≤ 0.
    """

    name: str
    about: str
    sites: type[Sites]
    coordinator: type[Coordinator]
    guarantee: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    look: tuple[str, Any, str] = ("sky", ":", "H")  # colour, line style and marker in every figure
    exact: bool = False  # the guarantee outlives rounding on the way: it rests on E, and on what the sites hold
    bears_absence: Callable[[Mapping[str, Any]], bool] = lambda options: (
        False
    )  # an absent site may be taken to stand still
    needs_everybody: bool = False  # an absent site cannot be done without
    replays: bool = False  # the player's page understands its log


def mean_over(rows: Mapping[int, Array]) -> Array:
    """The mean of some sites' rows, {site: (D,)} -> (D,), summed in the order of the sites."""
    return np.asarray(np.mean([rows[i] for i in sorted(rows)], axis=0))
