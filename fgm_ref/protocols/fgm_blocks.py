"""FGM block by block: every block of the parameters has its own slack, and only the block that has used it up is
collected and averaged.

An embedding, a readout and a recurrent matrix move at different speeds; one radius for the whole vector makes the
slow ones travel with the fast ones.  Here each block b is a little FGM of its own, with drifts X_ib, a safe function
φ_b, counters, subrounds and rounds.  A round of block b costs 4·D_b bytes up and down per site.

Guarantee: every Σ_i φ_b(X_ib) ≤ 0, hence the conjunction.  With balls, ‖mean_i X_ib‖ ≤ R_b for each b (FGM's own
guarantee), and the blocks cut the vector into orthogonal parts, so

    ‖S − E‖² = Σ_b ‖mean_i X_ib‖²  ≤  Σ_b R_b² = R²

where E holds the last global value of each block, whenever that was.  The shares R_b are such that the last sum is
the R² of plain FGM: R_b = T·‖E_b‖ for a relative threshold (as Σ ‖E_b‖² = ‖E‖²; a block that is all zero cannot have
one), R_b = R·√(D_b/D) for an absolute one.  The price: S must stay in a box inside the old ball.

As far as we know nobody has tried this with FGM's counters; federated dynamic averaging (see `fda.py`) has been run
with thresholds per layer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import base, fgm
from fgm_ref.protocols.protocol import MEAN, Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.safe.composed import OnBlocks
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.text import expect_one_of
from fgm_ref.transport.messages import MODEL, WHOLE, Message, Tag
from fgm_ref.transport.network import Network

CUTS = ("named", "groups", "one")


def cut(blocks: Mapping[str, slice], how: str, D: int) -> list[slice]:
    """The blocks to keep apart: the `named` ones; embedding, recurrent layers and readout as `groups`; or `one`.

    >>> blocks = {"embedding": slice(0, 6), "lstm0.W": slice(6, 8), "lstm1.W": slice(8, 9), "readout": slice(9, 10)}
    >>> cut(blocks, "groups", 10)
    [slice(0, 6, None), slice(6, 9, None), slice(9, 10, None)]
    """
    if expect_one_of("blocks", how, CUTS) == "one" or not blocks:
        return [slice(0, D)]
    if how == "named":
        return list(blocks.values())
    runs = groupby(
        blocks, key=lambda name: name if name in ("embedding", "readout") else "recurrent"
    )
    groups = [[blocks[name] for name in names] for _, names in runs]
    return [slice(group[0].start, group[-1].stop) for group in groups]


def budget(make_zone: ZoneMaker, where: slice, D: int) -> ZoneMaker:
    """R_b: a relative threshold is one of each block; an absolute one is R·√(D_b/D).

    The zone hears of the layers in this block only, as they lie in it.
    """
    share = 1.0 if make_zone.relative else np.sqrt((where.stop - where.start) / D)
    layers = tuple(
        slice(layer.start - where.start, layer.stop - where.start)
        for layer in make_zone.blocks
        if where.start <= layer.start and layer.stop <= where.stop
    )
    return replace(make_zone, threshold=make_zone.threshold * float(share), blocks=layers)


@dataclass(frozen=True)
class BlockZones:
    """A `ZoneMaker` of the conjunction, from those of the blocks."""

    makers: Sequence[ZoneMaker]
    where: Sequence[slice]

    def __call__(self, E: Array) -> OnBlocks:
        """max φ_b, for reference E (D,)."""
        zones = [make(E[where]) for make, where in zip(self.makers, self.where, strict=True)]
        return OnBlocks(E, zones, self.where)

    def radius(self, E: Array) -> float:
        """R, with R² = Σ R_b²."""
        return self(E).R


def setups(setup: Setup) -> Iterator[tuple[slice, Setup]]:
    """Where each block lies, and what its FGM is built from."""
    D = len(setup.E)
    for where in cut(setup.blocks, setup.options["blocks"], D):
        E = setup.E[where].copy()
        make_zone = budget(setup.make_zone, where, D)
        make_zone(E)  # what cannot be cut into blocks is refused before anything is sent
        yield where, replace(setup, E=E, make_zone=make_zone)


class Columns:
    """The learners, seen as having one block of parameters only."""

    def __init__(self, learners: Learners, where: slice):
        self.learners, self.where = learners, where
        self.P = learners.P[:, where]
        self.losses = learners.losses
        self.shift: Array | None = None

    def train(self, active: Any, x: Array, y: Array) -> None:
        """A block is not trained by itself."""
        raise TypeError("the learners train all blocks at once")

    def synchronised(self, sites: Array) -> None:
        """The optimiser's state is kept."""

    def shipped(self, sites: Array, columns: slice = slice(None)) -> Array:
        """The optimisers' states of `sites` for this block."""
        return self.learners.shipped(sites, self.where)

    def adopt(self, row: Array, columns: slice = slice(None)) -> None:
        """Every site's optimiser takes the mean state of this block."""
        self.learners.adopt(row, self.where)


class BlockSites(fgm.Sites):
    """FGM's sites for one block; `where` it lies in the whole vector."""

    def __init__(self, learners: Learners, where: slice, setup: Setup):
        super().__init__(Columns(learners, where), setup)
        self.where = where


class Sites(base.Sites):
    """The sites of one FGM per block, over the same models."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        if getattr(learners, "policy", None) == "reset":
            raise ValueError(
                "optimizer_state: expected keep or average with fgm-blocks, whose blocks are synchronised "
                "one by one; got reset"
            )
        if getattr(learners, "prox", 0):
            raise ValueError(
                "prox: expected 0 with fgm-blocks, whose sites are never sent a whole model"
            )
        if setup.average_state and getattr(learners, "counts_steps", False):
            raise ValueError(
                "optimizer_state: expected keep with fgm-blocks and Adam, whose count of steps belongs to all "
                "blocks at once; got average"
            )
        self.parts = [BlockSites(learners, where, block) for where, block in setups(setup)]

    def part(self, block: int) -> base.Sites:
        """The sites as holding this block only, or all of them."""
        return self if block == WHOLE else self.parts[block]

    def moved(self, active: Any) -> None:
        """Look at every block."""
        for part in self.parts:
            part.moved(active)

    def alarms(self) -> Array:
        """The sites with new quanta; one with news of several blocks has as many turns."""
        return np.concatenate([part.alarms() for part in self.parts])

    def report(self, site: int) -> Message | None:
        """The increment of the first block that has one."""
        reports = (part.report(site) for part in self.parts)
        return next((message for message in reports if message is not None), None)

    def receive(self, message: Message, sites: Array) -> None:
        """The initial model, of which each block takes its part.  (A message about one block goes to its `part`.)"""
        assert message.kind is MODEL, message.kind
        for block, part in enumerate(self.parts):
            E = message.payload[part.where].copy()
            part.receive(replace(message, payload=E, tag=Tag(1, 0, block)), sites)


class BlockCoordinator(fgm.Coordinator):
    """FGM's coordinator for one block, with a line of its own to the sites."""

    def __init__(self, network: Network, k: int, setup: Setup, block: int):
        super().__init__(network.line(), k, setup)
        self.block = block
        self.network.connect(self)

    @property
    def tag(self) -> Tag:
        """(round, subround, block): each block counts its own rounds."""
        return Tag(self.round, self.subround, self.block)


class Coordinator(base.Coordinator):
    """The coordinators of one FGM per block.  `round` counts the synchronisations of all blocks."""

    evaluates = True  # a moving zone would have to move in every block by itself

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        blocks = list(setups(setup))
        self.where = [where for where, _ in blocks]
        self.parts = [
            BlockCoordinator(network, k, one, number) for number, (_, one) in enumerate(blocks)
        ]
        self.make_zone: Any = BlockZones([part.make_zone for part in self.parts], self.where)

    @property
    def tag(self) -> Tag:
        """Whole models are sent once, at the start."""
        return Tag(1, 0)

    def start(self) -> None:
        """The initial model goes out whole: the first round of every block."""
        E = self.network.broadcast(MODEL, self.E)
        for part, where in zip(self.parts, self.where, strict=True):
            part.round = 1
            part.start_round(E[where].copy())
        self.tally()

    def receive(self, site: int, message: Message) -> None:
        """An increment is for its block."""
        self.parts[message.tag.block].receive(site, message)
        self.tally()

    def welcome(self, sites: list[int]) -> None:
        """Some sites are back: every block is synchronised."""
        for part in self.parts:
            part.welcome(sites)
        self.tally()

    def tally(self) -> None:
        """E and the counts, from those of the blocks."""
        self.E = np.concatenate([part.E for part in self.parts])
        self.round = 1 + sum(part.round - 1 for part in self.parts)
        self.subrounds = sum(part.subrounds for part in self.parts)
        self.dropped = sum(part.dropped for part in self.parts)


PROTOCOL = Protocol(
    "fgm-blocks",
    "FGM, each block of parameters by itself",
    Sites,
    Coordinator,
    guarantee=MEAN,
    options={"epsilon": 0.01, "blocks": "named"},
    look=Look("green", (0, (1, 3)), "|"),
    reference=Reference(
        source="new here: one FGM per block of parameters",
        event="round end of a block of m numbers: k POLL, k PHI, k POLL, k DRIFT, k MODEL",
        bytes="4k + 8km",
        held_by="test_protocol_fgm_blocks.py::test_the_blocks_keep_the_ball",
        promise="S is admissible in every block",
    ),
    exact=True,
    bears_absence=True,
)
