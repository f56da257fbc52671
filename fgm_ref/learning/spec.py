"""What a network looks like: the fields that a user sets, and the parameter blocks that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fgm_ref.arrays import Shape
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.peephole import PeepholeLSTM
from fgm_ref.learning.rnn import RNN

Cell = type[RNN] | type[LSTM] | type[PeepholeLSTM]


@dataclass(frozen=True)
class ModelSpec:
    """What a network looks like.  Every mistake is a `ValueError` that names the field."""

    cell: str = "lstm"  # or "rnn"
    features: int = 0  # D of numeric windows (N, T, D); 0 for text
    vocabulary: int = 0  # > 0: the windows are token ids (N, T)
    embedding: int = 16  # length of a token's vector
    hidden: tuple[int, ...] = (32,)  # one entry per stacked layer
    outputs: int = 1  # classes, or regression targets
    task: str = "classification"  # or "regression"
    readout: str = "last"  # one prediction per window; "every": one per time step
    peepholes: bool = False  # LSTM only
    dropout: float = 0.0  # between layers and before the readout, in training only
    truncate: int = 0  # > 0: gradients stop at the borders of windows of so many steps

    def __post_init__(self) -> None:
        both = (self.features, self.vocabulary)
        for ok, name, expected in (
            (self.cell in ("rnn", "lstm"), "cell", "'rnn' or 'lstm'"),
            (
                min(both) == 0 < max(both),
                "features, vocabulary",
                "one of them 0 and the other at least 1",
            ),
            (self.embedding > 0, "embedding", "at least 1"),
            (
                bool(self.hidden) and min(self.hidden) > 0,
                "hidden",
                "one or more sizes, each at least 1",
            ),
            (self.outputs > 0, "outputs", "at least 1"),
            (self.task in LOSSES, "task", " or ".join(map(repr, LOSSES))),
            (self.readout in ("last", "every"), "readout", "'last' or 'every'"),
            (self.cell == "lstm" or not self.peepholes, "peepholes", "False unless cell is 'lstm'"),
            (0 <= self.dropout < 1, "dropout", "0 <= dropout < 1"),
            (self.truncate >= 0, "truncate", "at least 0"),
        ):
            if not ok:
                got = both if "," in name else getattr(self, name)
                raise ValueError(f"{name}: expected {expected}, got {got!r}")

    @cached_property
    def layers(self) -> list[tuple[str, int, int]]:
        """(name, inputs D, hidden units H) of every recurrent layer, from the bottom to the top."""
        inputs = (self.embedding if self.vocabulary else self.features, *self.hidden)
        return [
            (f"{self.cell}{i}", D, H)
            for i, (D, H) in enumerate(zip(inputs, self.hidden, strict=False))
        ]

    @property
    def cell_class(self) -> Cell:
        """The class of the recurrent layers."""
        if self.cell == "rnn":
            return RNN
        return PeepholeLSTM if self.peepholes else LSTM

    def shapes(self) -> dict[str, Shape]:
        """The parameter blocks in their order in the flat vector."""
        blocks: dict[str, Shape] = (
            {"embedding": (self.vocabulary, self.embedding)} if self.vocabulary else {}
        )
        for name, D, H in self.layers:
            blocks[f"{name}.W"] = (self.cell_class.gates * H, H + D + 1)
            if self.peepholes:
                blocks[f"{name}.p"] = (3, H)
        return blocks | {"readout": (self.outputs, self.hidden[-1] + 1)}
