"""FGM around a moving centre, with a probe: one bit per parameter, before a whole model is sent.

The last global steps do not say where the sites are going *now*.  Their signs do, for 1/32 of a model: when the slack
is used up, site i sends the signs of X_i − c, D bits.  The coordinator returns how many sites went up in each
parameter, a whole number up to k; centred, this is one more direction for U.  Then it polls once more.  If the best
centre has slack again, the round goes on; else it ends as ever.  A direction may be any: the guarantee is that of
`fgm_centre.py`.

A probe costs (1 + bits of k)/64 of a synchronisation.  The coordinator asks for one only if the last round's
directions missed more of R² than that, by what it saw when the round ended.
"""

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.protocols import fgm_centre
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.protocols.spread import VARIANCE
from fgm_ref.safe.centred import orthonormal
from fgm_ref.text import fraction, positive
from fgm_ref.transport.messages import SIGNS, VOTES, Cause, Kind, Message
from fgm_ref.transport.network import Network

CAUGHT = 0.4
"""The share of what U misses that a probe is counted on to find: a cautious number, half or more was seen."""


def pack(numbers: Array, bits: int) -> Array:
    """Whole numbers (..., D) from 0 to 2^bits − 1 -> words of 32 bits (..., ⌈D·bits/32⌉)."""
    digits = (numbers[..., None] >> np.arange(bits)) & 1
    packed = np.packbits(digits.reshape(*numbers.shape[:-1], -1).astype(np.uint8), axis=-1)
    room = [(0, 0)] * (packed.ndim - 1) + [(0, -packed.shape[-1] % 4)]
    return np.ascontiguousarray(np.pad(packed, room)).view(np.uint32)


def unpack(words: Array, bits: int, D: int) -> Array:
    """The inverse of `pack`: words (..., W) -> numbers (..., D)."""
    digits = np.unpackbits(words.view(np.uint8), axis=-1)[..., : D * bits]
    return np.asarray(digits.reshape(*words.shape[:-1], D, bits) @ (1 << np.arange(bits)))


class Sites(fgm_centre.Sites):
    """As with a moving centre, and able to vote."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.bits = self.in_all.bit_length()

    def reply(self, kind: Kind, sites: Array) -> Array:
        """X_i > c, one bit per parameter, besides the usual answers."""
        if kind is SIGNS:
            return pack((self.drifts(sites) > self.zone.centre).astype(int), 1)
        return super().reply(kind, sites)

    def receive(self, message: Message, sites: Array) -> None:
        """The votes are one more direction."""
        super().receive(message, sites)
        if message.kind is VOTES:
            D = self.models.shape[1]
            balance = 2.0 * unpack(message.payload, self.bits, D) - self.in_all  # Σ of the signs
            self.zone.U = orthonormal([*self.zone.U, balance.astype(self.models.dtype)])


class Coordinator(fgm_centre.Coordinator):
    """As with a moving centre, but a round that is used up may go on after a probe."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.least = fraction("least", setup.options["least"])
        self.r = positive("directions", setup.options["directions"])
        self.steps: list[Array] = []
        self.missed = np.inf  # so the first round probes
        self.bits = k.bit_length()

    def start_round(self, E: Array) -> None:
        """A new round, a new probe; and what the old round's directions have missed of S − E, as a share of R²."""
        if self.round > 1:
            step = E - self.E
            seen = orthonormal(self.steps or [0 * E]) @ step
            self.missed = (
                float(squared_norm(step) - squared_norm(seen)) / self.make_zone.radius(self.E) ** 2
            )
            self.steps = [step, *self.steps][: self.r]
        self.probed = False
        super().start_round(E)

    @property
    def pays(self) -> bool:
        """Whether a probe may be expected to bring back more than it costs, as a share of a synchronisation."""
        return bool(CAUGHT * self.missed > (1 + self.bits) / 64)

    def end_round(self, cause: Cause) -> None:
        """Probe once, look at ψ again, and go on or end the round."""
        if not self.probed and self.pays:
            self.probed = True
            signs = unpack(self.network.poll(SIGNS, cause=cause), 1, len(self.E))
            self.network.broadcast(VOTES, pack(signs.sum(axis=0), self.bits), cause)
            self.measure(cause)
            if self.slack <= self.least * self.full:
                self.rebalances += 1
                self.start_subround()
                return
        super().end_round(cause)


PROTOCOL = Protocol(
    "fgm-probe",
    "FGM around a moving centre, with a probe of signs",
    Sites,
    Coordinator,
    guarantee=VARIANCE,
    options={"epsilon": 0.01, "directions": 4, "least": 0.05},
    look=Look("green", (0, (1, 1)), "4"),
    reference=Reference(
        source="this project",
        event="probe (first round): k POLL, k MONITOR, k POLL, k SIGNS, k VOTES, k POLL, k MONITOR, k CENTRE",
        bytes="20k + 4km",
        held_by="test_protocol_fgm_probe.py::test_spread_at_rest",
    ),
    watches="radius",
    exact=True,
    needs_everybody=True,
)
