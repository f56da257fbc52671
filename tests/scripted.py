"""Protocols without networks and data: sites whose models are moved by a script.

`build` makes one protocol with both ends and the bill; `play` drives it through a script (see
`strategies.py`) and shows every quiet point to a visitor; `watch` moreover lets the omniscient observer judge.
"""

import numpy as np

from fgm_ref.arrays import norm
from fgm_ref.protocols import Setup, parse
from fgm_ref.protocols.game import Game
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import safe_function, zone_maker
from fgm_ref.simulation.observer import VERDICTS, Observer, outlives
from fgm_ref.transport.codecs import parse_codec
from fgm_ref.transport.ledger import EVERYBODY, Ledger
from fgm_ref.transport.messages import KINDS, WHOLE


def survives(faults, protocol, safe="ball"):
    """Whether a protocol's guarantee holds in spite of the faults."""
    zone = safe_function(safe)(np.ones(2), 1.0)
    return outlives(parse(protocol), zone, faults, None)


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

    def shipped(self, sites, columns=slice(None)):
        return self.moments[sites, 0, columns]

    def adopt(self, row, columns=slice(None)):
        self.moments[:, 0, columns] = row


class PullingLearners(ScriptedLearners):
    """Gradient descent on (1/2B) Σ ‖w − x‖²: the gradient is linear in w, so averaging and training commute."""

    def train(self, active, samples, _):
        self.P[active] -= (self.P[active] - samples.mean(axis=1)) / 4


class Played(Game):
    """A game with scripted sites, to look into."""

    @property
    def learners(self):
        return self.sites.learners

    def step(self, moves, active=slice(None)):
        """Move the active sites and let the protocol react."""
        self.move(moves, active)
        self.network.exchange()

    def move(self, moves, active=slice(None)):
        """Move the active sites, moves (a, D); nobody is heard yet.  Who is away does not train."""
        self.ledger.step += 1
        here = self.present(active, self.ledger.step)
        if here is not active:
            moves = moves[np.isin(np.arange(self.sites.k)[active], here)]
        batches = moves[:, None]
        self.sites.step(here, batches, batches)

    @property
    def S(self):
        """The true mean model."""
        return self.mean_model

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
    server="mean",
    pace=None,
    rate=lambda step: 1.0,
    samples=None,
    objective=None,
) -> Played:
    """A protocol with scripted sites that all hold E, started; with `faults` on an unsafe network.

    `objective` is the loss that a zone promises.
    """
    E = np.asarray(E)
    stack = learners(E, k)
    coordinator_rng, network_rng = np.random.default_rng(seed).spawn(2)
    chosen = parse(protocol)
    make_zone = zone_maker(safe, threshold, relative, pace=pace)
    if objective:
        make_zone.safe.objective = objective
    setup = Setup(
        E,
        make_zone,
        coordinator_rng,
        lambda: learners(E, 1),
        average_state,
        chosen.options,
        halves(len(E)),
        parse_server(server),
        samples=samples,
        rate=rate,
    )
    return Played(
        chosen.protocol,
        stack,
        setup,
        network_rng,
        ledger=Ledger(k, multicast),
        faults=faults,
        codec=parse_codec(codec),
        rows=rows,
    )


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
