"""A protocol at work: both ends, the network between them, and the bill, wired once for everybody who needs them.

    game = Game(parse("fgm").protocol, learners, setup, rng)
    game.step(slice(None), x, y)
    game.coordinator.E, game.ledger.total_bytes

The simulator trains real learners in it.  The tests and the tutorials play it with learners that walk as scripted.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols.base import Sites
from fgm_ref.protocols.protocol import Protocol
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.safe.paced import pace_of
from fgm_ref.transport.codecs import Codec, Rows
from fgm_ref.transport.ends import EncoderLike, SitesEnd
from fgm_ref.transport.faults import Faults, FaultyNetwork
from fgm_ref.transport.ledger import Ledger
from fgm_ref.transport.network import Network
from fgm_ref.transport.start import Seeded, make_encoder

NetworkMaker = Callable[[SitesEnd, Ledger, np.random.Generator, EncoderLike], Network]


class Game:
    """Both ends of a protocol, started: every site holds the initial model."""

    def __init__(
        self,
        protocol: Protocol,
        learners: Learners,
        setup: Setup,
        rng: np.random.Generator,
        *,
        ledger: Ledger | None = None,
        faults: Faults | None = None,
        codec: Codec | None = None,
        rows: Rows | None = None,
        seeded: Seeded | None = None,
        make_network: NetworkMaker | None = None,
    ):
        """`rng` is the network's stream; `rows` says where an embedding lies, for a sparse codec.

        With `seeded` the sites make the first model themselves.  `make_network` makes another network than the usual.
        """
        self.protocol, self.faults = protocol, faults
        self.sites = protocol.sites(learners, setup)
        k = self.sites.k
        expect_possible(protocol, faults, k, setup.average_state)
        expect_followed(protocol, setup)
        self.ledger = ledger or Ledger(k)
        encoder = make_encoder(codec, self.sites.models, rows, seeded)
        self.network: Network
        if faults:
            self.network = FaultyNetwork(self.sites, self.ledger, rng, encoder, faults)
        else:
            self.network = (make_network or Network)(self.sites, self.ledger, rng, encoder)
        self.coordinator = protocol.coordinator(self.network, k, setup)
        self.network.connect(self.coordinator)
        self.coordinator.start()

    def step(self, active: Any, x: Array, y: Array) -> None:
        """The next step: the active sites train, then every site with something to say has its turn."""
        self.ledger.step += 1
        self.sites.step(active, x, y)
        self.network.exchange()

    def present(self, active: Any, step: int) -> Any:
        """The `active` sites without those that are gone in this step."""
        away = self.faults.away(step) if self.faults else set()
        if not away:
            return active
        sites = np.arange(self.sites.k)[active]
        return sites[[site not in away for site in sites.tolist()]]

    @property
    def mean_model(self) -> Array:
        """S (D,), which nobody in the protocol knows between synchronisations."""
        return mean_model(self.sites.models, self.sites)

    @property
    def drifts(self) -> Array:
        """w_i − E (k, D), whatever the sites themselves count from."""
        return np.asarray(self.sites.models - self.coordinator.E)


def mean_model(models: Array, sites: Sites | None) -> Array:
    """S = (1/k) Σ w_i (D,) of all models (k, D); or Σ p_i w_i, if the `sites` are weighted."""
    weights = getattr(sites, "weights", None)
    if weights is not None:
        models = models * weights[:, None].astype(models.dtype)
    return np.asarray(models.mean(axis=0))


def expect_possible(protocol: Protocol, faults: Faults | None, k: int, average_state: bool) -> None:
    """Raise a `ValueError` for absent sites that do not exist or that the protocol cannot do without."""
    if faults is None or not faults.absent:
        return
    if max(faults.absent) >= k:
        raise ValueError(
            f"faults: expected absent sites from 0 to {k - 1}, got {max(faults.absent)}"
        )
    if protocol.needs_everybody or average_state:
        what = protocol.name if protocol.needs_everybody else "averaged optimiser states"
        raise ValueError(
            f"faults: expected no absent sites with {what}, nor any that join later: "
            "they need an answer from everybody"
        )


def expect_followed(protocol: Protocol, setup: Setup) -> None:
    """Raise a `ValueError` for a radius that moves, where not all who look at it know the time."""
    reasons = []
    if protocol.watches == "form":
        reasons.append("it sets its own radius")
    if protocol.watches == "radius" and not protocol.follows:
        reasons.append("its own condition has a radius that stays")
    if protocol.coordinator.evaluates:
        reasons.append("its coordinator evaluates φ too")
    if reasons and pace_of(setup.make_zone):
        raise ValueError(
            f"radius: expected constant with {protocol.name}, because {reasons[0]}; use gm or fgm"
        )
