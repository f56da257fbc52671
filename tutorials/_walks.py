"""Sites that walk in the plane instead of training, so that a whole protocol fits into a picture.

    result, game = walk("fgm", outward(), R=1.0)

The protocol, the network and the bill are the library's own; only the learning is replaced by a script.
"""

import numpy as np

from fgm_ref.protocols import Setup, parse
from fgm_ref.protocols.game import Game
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import zone_maker
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.observer import Observer
from fgm_ref.simulation.result import RunResult, event_array

E0 = np.array([3.0, 4.0])  # ‖E‖ = 5


class Walkers:
    """Stands in for the learners: "training" adds the moves (k, 1, D) to the models P (k, D)."""

    def __init__(self, E, k):
        self.P = np.tile(E, (k, 1))

    def train(self, active, moves, _):
        self.P[active] += moves[:, 0]

    def synchronised(self, sites):
        """Walkers have no optimiser whose state would have to be looked after."""


class Walk(Game):
    """A protocol at work, and an observer who sees everything."""

    def __init__(self, protocol, k, R=1.0, E=E0, safe="ball", strict=True, seed=0, server="mean", pace=None):
        chosen = parse(protocol)
        chooser, order = np.random.default_rng(seed).spawn(2)
        setup = Setup(E, zone_maker(safe, R, relative=False, pace=pace), chooser, lambda: None,
                      options=chosen.options, make_server=parse_server(server))  # fmt: skip
        super().__init__(chosen.protocol, Walkers(E, k), setup, order)
        self.observer = Observer(self.protocol, self.sites, self.coordinator, strict=strict)

    def step(self, moves):
        """All sites move by moves (k, D), then messages are exchanged.  Returns what there was to see."""
        self.ledger.step += 1
        self.sites.step(slice(None), moves[:, None], moves)
        seen = {"X": self.sites.models - self.coordinator.E, "E": self.coordinator.E,
                "phi": self.sites.values.copy(), "phi_zero": self.sites.at_zero,
                "overshoot": self.observer.overshoot()}  # fmt: skip
        self.network.exchange()
        return seen | {"verdict": self.observer.at_rest(), "rounds": self.coordinator.round - 1}


def walk(protocol, moves, R=1.0, E=E0, **more):
    """Play moves (steps, k, D).  The record, as of a run (with drifts X and references E), and the game itself."""
    game = Walk(protocol, moves.shape[1], R, E, **more)
    seen = [game.step(now) for now in moves]
    series = {name: np.array([one[name] for one in seen]) for name in seen[0]}
    steps, k, _ = moves.shape
    config = Config(dataset="walk", protocol=protocol, sites=k, steps=steps, threshold=R, relative=False)
    ledger = game.ledger
    return RunResult(config, series, {}, {}, ledger.by_kind(), ledger.totals(), event_array(ledger.events),
                     game.sites.models.mean(axis=0)), game  # fmt: skip


def wander(k, steps, seed, length=0.1, common=0.0, D=2):
    """Random moves (steps, k, D) of the given root mean square length; `common` is the part (0 to 1) that all share."""
    rng = np.random.default_rng(seed)
    own, shared = rng.normal(size=(steps, k, D)), rng.normal(size=D) * np.ones((steps, k, D))
    return length * ((1 - common) * own + common * shared) / np.sqrt(D)


def outward(k=4, steps=60, seed=0, length=0.06):
    """Moves (steps, k, 2) of sites that walk straight ahead, each its own way and at its own pace."""
    rng = np.random.default_rng(seed)
    angle, pace = rng.uniform(0, 2 * np.pi, k), rng.uniform(0.2, 1.0, (steps, k)) * rng.uniform(0.5, 1.5, k)
    return length * pace[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
