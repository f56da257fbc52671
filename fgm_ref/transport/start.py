"""How the sites come by the first model: they are sent it, or the seed that it is made from.

    model      E_0 itself, 4 bytes a number
    seed       8 bytes.  The first model is random, and the numbers come from a generator whose only secret is its
               seed; whoever knows the seed and the rule makes the same model, to the bit

All later models have been trained, and no seed leads to them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs import Codec, Rows
from fgm_ref.transport.encoder import DifferenceEncoder, Encoder
from fgm_ref.transport.ends import Shipped, ShippedOne
from fgm_ref.transport.messages import MODEL, Kind
from fgm_ref.transport.written import SEEDED, Written, plain

STARTS = ("model", "seed")

SEED = np.uint64
"""A seed on the wire."""


class Seeded(NamedTuple):
    """A seed, and the rule by which either end makes the first model (D,) of it."""

    seed: int
    make: Callable[[int], Array]


class FromSeed(Encoder):
    """Ships a seed in the place of the first model, and all else by another encoder.

    Raises `ValueError` for a seed that is longer than 8 bytes.
    """

    def __init__(self, encoder: Encoder, seeded: Seeded):
        most = np.iinfo(SEED).max
        if seeded.seed > most:
            raise ValueError(f"seed: expected at most {most} with start=seed, got {seeded.seed}")
        self.encoder, self.make = encoder, seeded.make
        self.seed = np.array(seeded.seed, SEED)
        self.started = False

    def down(self, kind: Kind, sites: Array, x: Any, where: slice) -> Shipped:
        """The first model as 8 bytes to each site, which makes it for itself."""
        arrived, sizes = self.encoder.down(kind, sites, x, where)
        self.written = self.encoder.written
        if kind is not MODEL or self.started:
            return arrived, sizes
        self.started = True
        self.written = [plain(SEEDED, self.seed)] * len(sites)
        return self.make(int(self.seed)), np.full(len(sites), self.seed.nbytes)

    def up(self, kind: Kind, sites: Array, rows: Array, where: slice) -> Shipped:
        """As the other encoder does."""
        return self.encoder.up(kind, sites, rows, where)

    def one(self, kind: Kind, site: int, x: Any, where: slice) -> ShippedOne:
        """As the other encoder does."""
        shipped = self.encoder.one(kind, site, x, where)
        self.written = self.encoder.written
        return shipped

    def read(self, written: Written, site: int, where: slice) -> Array:
        """The first model, made of its seed; all else as the other encoder does."""
        if written.form != SEEDED:
            return self.encoder.read(written, site, where)
        (seed,) = written.parts
        return self.make(int(seed))

    def took(self, sites: Array, x: Array, where: slice) -> None:
        """As the other encoder does."""
        self.encoder.took(sites, x, where)


def make_encoder(
    codec: Codec | None, models: Array, rows: Rows | None = None, seeded: Seeded | None = None
) -> Encoder:
    """The encoder for sites with these models (k, D): the plain one without a codec and a seed."""
    encoder = DifferenceEncoder(codec, models, rows) if codec else Encoder()
    return FromSeed(encoder, seeded) if seeded else encoder
