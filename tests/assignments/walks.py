"""Sites that walk instead of training: any protocol, by its path, under the observer's eyes."""

import numpy as np

from fgm_ref.protocols import Setup, parse
from fgm_ref.protocols.game import Game
from fgm_ref.safe import zone_maker
from fgm_ref.simulation.observer import Observer
from fgm_ref.transport.ledger import Ledger


class Walkers:
    """Stands in for the learners: training adds the moves (k, 1, D) to the models P (k, D)."""

    def __init__(self, E, k):
        self.P, self.losses = np.tile(E, (k, 1)), np.zeros(k)

    def train(self, active, moves, _):
        self.P[active] += moves[:, 0]

    def synchronised(self, sites):
        pass


class HonestLedger(Ledger):
    """Refuses what it cannot weigh: a payload is nothing, a number, an array or a tuple of these."""

    def bill(self, message, sites):
        parts = message.payload if isinstance(message.payload, tuple) else (message.payload,)
        for part in parts:
            if part is not None and np.asarray(part).dtype.kind not in "fiu":
                raise Dishonest(f"a payload of numbers, got {type(part).__name__}")
        name, number = message.cause
        if not isinstance(name, str) or np.ndim(number) or message.size is not None:
            raise Dishonest(
                "a cause (name, number), and no size: the ledger weighs messages itself"
            )
        super().bill(message, sites)


class Dishonest(AssertionError):
    """Something was shipped that is not on the bill."""


class Walk(Game):
    """A protocol at work with an honest ledger, and the observer, who is strict."""

    def __init__(self, protocol, E, k, safe="ball", R=1.0):
        chosen = parse(protocol)
        chooser, order = np.random.default_rng(0).spawn(2)
        setup = Setup(
            E,
            zone_maker(safe, R, relative=False),
            chooser,
            lambda: Walkers(E, 1),
            options=chosen.options,
        )
        super().__init__(chosen.protocol, Walkers(E, k), setup, order, ledger=HonestLedger(k))
        self.observer = Observer(self.protocol, self.sites, self.coordinator)

    def step(self, moves):
        """All sites move by moves (k, D); returns the true mean before anybody was heard."""
        self.ledger.step += 1
        self.sites.step(slice(None), moves[:, None], moves)
        self.observer.overshoot()
        S = self.sites.models.mean(axis=0)
        self.network.exchange()
        self.observer.at_rest()
        return S
