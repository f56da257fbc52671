"""Protocols without networks and data: sites whose models are moved by a script.

`build` makes one protocol with both ends and the bill; `play` drives it through a script (see
`strategies.py`) and shows every quiet point to a visitor; `watch` moreover lets the omniscient observer judge.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fgm_ref.arrays import norm
from fgm_ref.protocols import Setup, parse
from fgm_ref.safe import zone_maker
from fgm_ref.simulation.observer import VERDICTS, Observer
from fgm_ref.transport.codecs import parse_codec
from fgm_ref.transport.encoder import make_post
from fgm_ref.transport.faults import Faults, FaultyNetwork
from fgm_ref.transport.ledger import EVERYBODY, Ledger
from fgm_ref.transport.messages import KINDS, WHOLE
from fgm_ref.transport.network import Network


class ScriptedLearners:
    """Stands in for `Learners`: `train(active, moves, _)` adds the moves (a, B, D), averaged over B."""

    def __init__(self, E, k):
        self.P = np.tile(E, (k, 1))
        self.losses = np.zeros(k)
        self.moments = np.zeros((k, 1, len(E)), E.dtype)

    def train(self, active, moves, _):
        self.P[active] += moves.mean(axis=1)
        self.moments[active] = moves.mean(axis=1, keepdims=True)

    def synchronised(self, sites):
        pass

    @property
    def state(self):
        return self.moments

    @state.setter
    def state(self, mean):
        self.moments[:] = mean


class PullingLearners(ScriptedLearners):
    """Gradient descent on (1/2B) Σ ‖w − x‖²: the gradient is linear in w, so averaging and training commute."""

    def train(self, active, samples, _):
        self.P[active] -= (self.P[active] - samples.mean(axis=1)) / 4


@dataclass
class Played:
    """Both ends and the bill, to look into."""

    sites: Any
    coordinator: Any
    network: Network
    ledger: Ledger
    protocol: Any
    learners: ScriptedLearners
    faults: Faults | None = None

    def step(self, moves, active=slice(None)):
        """Move the active sites and let the protocol react."""
        self.move(moves, active)
        self.network.exchange()

    def move(self, moves, active=slice(None)):
        """Move the active sites, moves (a, D); nobody is heard yet.  Who is away does not train."""
        self.ledger.step += 1
        away = self.faults.away(self.ledger.step) if self.faults else set()
        if away:
            active = np.arange(self.sites.k)[active]
            here = np.array([site not in away for site in active.tolist()], bool)
            moves, active = moves[here], active[here]
        batches = moves[:, None]
        self.sites.step(active, batches, batches)

    @property
    def S(self):
        """The true mean model."""
        return self.sites.models.mean(axis=0)

    @property
    def drifts(self):
        """w_i − E, from the outside."""
        return self.sites.models - self.coordinator.E

    @property
    def events(self):
        return self.ledger.events

    def names(self, since=0):
        """The kinds of all events in a row, broadcasts once."""
        return [KINDS[event.kind].name for event in self.events[since:]]

    def counts(self):
        """{kind: messages}, from the log alone."""
        counts = {}
        for event in self.events:
            name = KINDS[event.kind].name
            counts[name] = counts.get(name, 0) + event.copies
        return counts

    def senders(self, kind, since=0):
        """The sites that sent a message of this kind."""
        numbers = [event.site for event in self.events[since:] if KINDS[event.kind].name == kind]
        assert EVERYBODY not in numbers
        return numbers


def halves(D):
    """The blocks of a scripted model: two, if there is room for them."""
    return {"left": slice(0, D // 2), "right": slice(D // 2, D)} if D > 1 else {}


def numbers(event, D):
    """How many numbers the models of a scripted protocol have, or that block of them which a message is about."""
    blocks = list(halves(D).values())
    return (
        D
        if event.block == WHOLE or not blocks
        else blocks[event.block].stop - blocks[event.block].start
    )


def build(
    protocol,
    E,
    k,
    safe="ball",
    threshold=1.0,
    relative=False,
    seed=0,
    multicast=False,
    average_state=False,
    learners=ScriptedLearners,
    faults=None,
    codec="float32",
    rows=None,
) -> Played:
    """A protocol with scripted sites that all hold E, started; with `faults` on an unsafe network."""
    E = np.asarray(E)
    stack = learners(E, k)
    coordinator_rng, network_rng = np.random.default_rng(seed).spawn(2)
    entry, options = parse(protocol)
    make_zone = zone_maker(safe, threshold, relative)
    setup = Setup(
        E,
        make_zone,
        coordinator_rng,
        lambda: learners(E, 1),
        average_state,
        options,
        halves(len(E)),
    )
    sites = entry.sites(stack, setup)
    ledger = Ledger(k, multicast)
    post = make_post(parse_codec(codec), sites.models, rows)
    network = (
        FaultyNetwork(sites, ledger, network_rng, faults, post)
        if faults
        else Network(sites, ledger, network_rng, post)
    )
    coordinator = entry.coordinator(network, k, setup)
    network.connect(coordinator)
    coordinator.start()
    return Played(sites, coordinator, network, ledger, entry, stack, faults)


def start(script, protocol, safe="ball", **more) -> Played:
    """The protocol at the beginning of a script."""
    options = {"threshold": script.R, "seed": script.seed, **more}
    return build(protocol, script.E, script.k, safe, **options)


def play(script, protocol, safe="ball", visit=lambda game: None, **more) -> Played:
    """Drive a protocol through a script; `visit(game)` after every step."""
    game = start(script, protocol, safe, **more)
    for moves, active in script:
        game.step(moves, active)
        visit(game)
    return game


class Watched:
    """A game under the observer's eyes: overshoots and verdicts of every step, breaches in all."""

    def __init__(self, game, strict=True):
        self.game, self.observer = (
            game,
            Observer(game.protocol, game.sites, game.coordinator, strict=strict),
        )
        self.overshoots, self.verdicts = [], []

    def step(self, moves, active=slice(None)):
        """Move, look, let the protocol react, look again."""
        self.game.move(moves, active)
        self.overshoots.append(self.observer.overshoot())
        self.game.network.exchange()
        self.verdicts.append(VERDICTS[self.observer.at_rest()])

    @property
    def breaches(self):
        return self.observer.breaches


def watch(script, protocol, safe="ball", strict=True, visit=lambda game: None, **more) -> Watched:
    """As `play`, under the observer's eyes; `strict` raises `GuaranteeBroken`."""
    watched = Watched(start(script, protocol, safe, **more), strict)
    for moves, active in script:
        watched.step(moves, active)
        visit(watched.game)
    return watched


def lengths(X):
    return norm(np.asarray(X))
