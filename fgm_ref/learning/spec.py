"""What a network looks like: the fields that a user sets, and the parameter blocks that follow from them.

`CELLS` is the only list of cells.  To add one, write its class (see `recurrent.Recurrent`) and a line in `CELLS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from fgm_ref.arrays import Shape
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.peephole import PeepholeLSTM
from fgm_ref.learning.recurrent import Recurrent
from fgm_ref.learning.rnn import RNN

Cell = type[Recurrent]

CELLS: dict[str, Cell] = {"rnn": RNN, "lstm": LSTM}
"""What a recurrent layer can be made of."""

PEEPHOLES: dict[str, Cell] = {"lstm": PeepholeLSTM}
"""The same cells with peepholes, for those that can have them."""

READOUTS = ("last", "every")


@dataclass(frozen=True)
class ModelSpec:
    """What a network looks like.  Every mistake is a `ValueError` that names the field."""

    cell: str = "lstm"  # one of CELLS
    features: int = 0  # D of numeric windows (N, T, D); 0 for text
    vocabulary: int = 0  # > 0: the windows are token ids (N, T)
    embedding: int = 16  # length of a token's vector
    hidden: tuple[int, ...] = (32,)  # one entry per stacked layer
    outputs: int = 1  # classes, or regression targets
    task: str = "classification"  # or "regression"
    readout: str = "last"  # one prediction per window; "every": one per time step
    peepholes: bool = False  # only for the cells in PEEPHOLES
    dropout: float = 0.0  # between layers and before the readout, in training only
    truncate: int = 0  # > 0: gradients stop at the borders of windows of so many steps

    def __post_init__(self) -> None:
        self._expect(self.cell in CELLS, "cell", _or(CELLS))
        self._expect_one_kind_of_input()
        self._expect(self.embedding > 0, "embedding", "at least 1")
        positive = bool(self.hidden) and min(self.hidden) > 0
        self._expect(positive, "hidden", "one or more sizes, each at least 1")
        self._expect(self.outputs > 0, "outputs", "at least 1")
        self._expect(self.task in LOSSES, "task", _or(LOSSES))
        self._expect(self.readout in READOUTS, "readout", _or(READOUTS))
        possible = self.cell in PEEPHOLES or not self.peepholes
        self._expect(possible, "peepholes", f"False unless cell is {_or(PEEPHOLES)}")
        self._expect(0 <= self.dropout < 1, "dropout", "0 <= dropout < 1")
        self._expect(self.truncate >= 0, "truncate", "at least 0")

    def _expect(self, good: bool, field: str, expected: str) -> None:
        if not good:
            raise ValueError(f"{field}: expected {expected}, got {getattr(self, field)!r}")

    def _expect_one_kind_of_input(self) -> None:
        both = (self.features, self.vocabulary)
        if not min(both) == 0 < max(both):
            raise ValueError(
                f"features, vocabulary: expected one of them 0 and the other at least 1, got {both!r}"
            )

    @property
    def cell_class(self) -> Cell:
        """The class of the recurrent layers."""
        if self.peepholes:
            return PEEPHOLES[self.cell]
        return CELLS[self.cell]

    @cached_property
    def layers(self) -> list[tuple[str, int, int]]:
        """(name, inputs D, hidden units H) of every recurrent layer, from the bottom to the top."""
        D = self.embedding if self.vocabulary else self.features
        layers = []
        for i, H in enumerate(self.hidden):
            layers.append((f"{self.cell}{i}", D, H))
            D = H
        return layers

    @cached_property
    def layer_blocks(self) -> list[dict[str, Shape]]:
        """The parameter blocks of every recurrent layer, {name: shape}, in the order of `layers`."""
        blocks = []
        for layer, D, H in self.layers:
            shapes = self.cell_class.blocks(D, H)
            blocks.append({f"{layer}.{part}": shape for part, shape in shapes.items()})
        return blocks

    def shapes(self) -> dict[str, Shape]:
        """The parameter blocks in their order in the flat vector."""
        shapes: dict[str, Shape] = {}
        if self.vocabulary:
            shapes["embedding"] = (self.vocabulary, self.embedding)
        for blocks in self.layer_blocks:
            shapes |= blocks
        shapes["readout"] = (self.outputs, self.hidden[-1] + 1)
        return shapes

    def shape_of_windows(self, k: int, B: int, T: int) -> Shape:
        """The shape of x: (k, B, T, D), or (k, B, T) for token ids."""
        if self.vocabulary:
            return k, B, T
        return k, B, T, self.features

    def shape_of_answers(self, k: int, B: int, T: int) -> Shape:
        """The shape of y: (k, B) class ids or (k, B, O) targets; with a readout at every step (k, B, T[, O])."""
        samples = (k, B, T) if self.readout == "every" else (k, B)
        if self.task == "classification":
            return samples
        return *samples, self.outputs


def _or(names: Iterable[str]) -> str:
    """'a' or 'b'."""
    return " or ".join(map(repr, names))
