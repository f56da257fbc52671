"""Protocols without networks and data: sites whose models are moved by a script.

`play` drives one protocol with given moves (steps, k, D) and hands every moment of interest to a visitor.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fgm_ref.ledger import Ledger
from fgm_ref.network import Network
from fgm_ref.protocols import Setup, parse
from fgm_ref.safe import zone_maker


class ScriptedLearners:
    """Stands in for `Learners`: `train(active, moves, _)` adds the moves."""

    def __init__(self, E, k):
        self.P = np.tile(E, (k, 1))
        self.losses = np.zeros(k)
        self.moments = np.zeros((k, 1, len(E)))

    def train(self, active, moves, _):
        self.P[active] += moves

    def synchronised(self, sites):
        pass

    @property
    def state(self):
        return self.moments

    @state.setter
    def state(self, mean):
        self.moments[:] = mean


@dataclass
class Played:
    """Both ends and the bill, to look into."""

    sites: Any
    coordinator: Any
    network: Network
    ledger: Ledger
    protocol: Any
    learners: ScriptedLearners

    def step(self, moves, active=slice(None)):
        """Move the active sites and let the protocol react."""
        self.move(moves, active)
        self.network.exchange()

    def move(self, moves, active=slice(None)):
        self.ledger.step += 1
        if len(moves):
            self.sites.step(active, moves, moves)

    @property
    def S(self):
        """The true mean model."""
        return self.sites.models.mean(axis=0)


def build(protocol, E, k, safe="ball", threshold=1.0, relative=False, seed=0, multicast=False) -> Played:
    """A protocol with scripted sites that all hold E, started."""
    E = np.asarray(E)
    learners = ScriptedLearners(E, k)
    coordinator_rng, network_rng = np.random.default_rng(seed).spawn(2)
    entry, options = parse(protocol)
    setup = Setup(E, zone_maker(safe, threshold, relative), coordinator_rng, lambda: ScriptedLearners(E, 1), options=options)
    sites = entry.sites(learners, setup)
    ledger = Ledger(k, multicast)
    network = Network(sites, ledger, network_rng)
    coordinator = entry.coordinator(network, k, setup)
    network.connect(coordinator)
    coordinator.start()
    return Played(sites, coordinator, network, ledger, entry, learners)
