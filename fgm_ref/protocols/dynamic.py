"""Kamp's dynamic averaging: average only when a local model strays, and at first only as few as needed.

Source: Kamp et al. 2014 (dynamic synchronisation) and 2018 ("Efficient Decentralized Deep Learning by
Dynamic Model Averaging", algorithm 1).  The reference r of the papers is E here: the last average of *all*
models, or what the server has made of it, known to everybody.  The local condition ‖w_i − E‖² ≤ Δ is the variance safe
function with R² = Δ.
"""

from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base
from fgm_ref.protocols.base import NOBODY, mean_over
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.safe.function import SafeFunction
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.safe.zones import Variance
from fgm_ref.text import positive
from fgm_ref.transport.messages import BALANCED, LOCAL, VIOLATION, Message
from fgm_ref.transport.network import Network


def kamp(setup: Setup) -> ZoneMaker:
    """Kamp's condition, whichever safe function the other protocols of a comparison use."""
    return replace(setup.make_zone, safe=Variance)


class Sites(base.MonitoringSites):
    """Check ‖w_i − E‖² ≤ Δ in every b-th step; on a violation send the model."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.make_zone = kamp(setup)
        self.b = positive("b", setup.options["b"])

    @property
    def checking(self) -> bool:
        """Whether this is a b-th step."""
        return self.time % self.b == 0

    def alarms(self) -> Array:
        """The violators."""
        return np.flatnonzero(self.values > 0) if self.checking else NOBODY

    def report(self, site: int) -> Message:
        """Violation, and the model with it."""
        cause = ("‖w−E‖²−Δ", float(self.values[site]))
        return Message(VIOLATION, self.models[site], self.tag, cause)

    def balance(self, sites: Array, drift: Array) -> None:
        """Take the mean of the balancing set.  The reference E stays what it was."""
        self.models[sites] = drift


class Coordinator(base.Coordinator):
    """Grow a balancing set B from the violators V until its mean is inside, or until it is everybody."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.make_zone = kamp(setup)
        self.balancing = setup.options["balancing"]
        self.B: dict[int, Array] = {}  # site -> model
        self.v = 0  # violations since the last full synchronisation

    def receive(self, site: int, message: Message) -> None:
        """Step 1: each violator's model arrives; B := V."""
        self.B[site] = message.payload

    def settle(self) -> None:
        """Steps 2 to 5, once all violators of this check have been heard."""
        if not self.B:
            return
        # 2: after k violations (or without balancing, at once) synchronise everybody
        self.v += len(self.B)
        if not self.balancing or self.v >= self.k:
            self.fetch(self.others())
        # 3: augment B at random while its mean violates the condition
        phi = self.make_zone(self.E)
        while len(self.B) < self.k and self.outside(phi):
            self.fetch([self.rng.choice(self.others())])
        # 4 and 5: the mean goes to B; it is the new reference only if B is everybody
        if len(self.B) == self.k:
            self.v = 0
            self.publish(self.mean(), ("|B|", len(self.B)))
        else:
            self.rebalances += 1
            cause = ("|B|", len(self.B))
            self.network.down(BALANCED, sorted(self.B), self.mean(), cause)
        self.B = {}

    def outside(self, phi: SafeFunction) -> bool:
        """Whether mean_B(w) violates the condition."""
        return bool(phi(self.mean() - self.E) > 0)

    def others(self) -> list[int]:
        """The sites outside B."""
        return [i for i in range(self.k) if i not in self.B]

    def fetch(self, sites: list[int]) -> None:
        """Poll models into B."""
        if sites:
            models = self.network.poll(LOCAL, sites, ("v", self.v))
            self.B |= dict(zip(sites, models, strict=True))

    def mean(self) -> Array:
        """mean_B(w)."""
        return mean_over(self.B)


ABOUT = "Kamp's dynamic averaging"
PLAIN = Protocol(
    "dynamic-plain",
    f"{ABOUT}, every violation averages all",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"b": 1, "balancing": False},
    look=Look("purple", "-", "v"),
    reference=Reference(
        source="Kamp et al. 2014",
        event="v VIOLATION with the model, k−v POLL, k−v LOCAL, k MODEL",
        bytes="8kD",
        held_by="test_protocol_dynamic.py::test_events",
        promise="(1/k) Σ ‖X_i‖² ≤ R²",
    ),
    watches="radius",
    exact=True,
    bears_absence=True,
    replays=True,
)
PROTOCOL = Protocol(
    "dynamic",
    f"{ABOUT} with balancing",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"b": 1, "balancing": True},
    look=Look("purple", "--", "^"),
    reference=Reference(
        source="Kamp et al. 2014, 2018",
        event="v VIOLATION with the model, n−v POLL, n−v LOCAL, n BALANCED (k MODEL if n = k)",
        bytes="8nD",
        held_by="test_protocol_dynamic.py::test_events",
        promise="(1/k) Σ ‖X_i‖² ≤ R²",
    ),
    watches="radius",
    bears_absence=True,
    replays=True,
)
