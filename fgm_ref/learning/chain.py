"""The chain of layers: embedding? -> recurrent layers -> readout, forward and backward.

    k  sites     B  samples per site     T  time steps     D  features     O  outputs     M  = steps·B

A user's arrays are (site, sample, time, feature).  The layers' are (time, feature, site, sample).  The chain
changes from one order to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array
from fgm_ref.learning.layers import Dropout, Embedding, Readout
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.params import Rng
from fgm_ref.learning.spec import ModelSpec

Rngs = Sequence[Rng]
Weights = dict[str, Array]


class Chain:
    """The layers of one shape (k, B, T): their arrays are made once and used again in every call."""

    def __init__(self, spec: ModelSpec, k: int, B: int, T: int, dtype: DTypeLike) -> None:
        self.spec = spec
        self.steps = T if spec.readout == "every" else 1
        # of type Any, because the cells take different numbers of weights and return different numbers of states
        self.cells: list[Any] = []
        for _, D, H in spec.layers:
            cell = spec.cell_class(k, D, H, T, B, dtype, spec.truncate)
            self.cells.append(cell)
        *below, top = spec.hidden
        self.readout = Readout(k, top, spec.outputs, self.steps, B, dtype)
        self.loss = LOSSES[spec.task](self.readout.z, self.readout.dz)
        self.dropouts = []
        if spec.dropout:
            shapes = [(T, H, k, B) for H in below]
            shapes.append((self.steps, top, k, B))
            self.dropouts = [Dropout(shape, spec.dropout, dtype) for shape in shapes]

    def _of_each_cell(self, views: Weights) -> list[list[Array]]:
        """The blocks of each recurrent layer: [W], or [W, p] with peepholes."""
        return [[views[name] for name in blocks] for blocks in self.spec.layer_blocks]

    def forward(self, w: Weights, x: Array, rngs: Rngs | None) -> Array:
        """Weights by name, x (k, B, T, D) or tokens (k, B, T) -> z (O, k, M); dropout only with `rngs`."""
        if self.spec.vocabulary:
            x = Embedding.forward(w["embedding"], x)
        h = x.transpose(2, 3, 0, 1)  # from here on (time, feature, site, sample)
        weights = self._of_each_cell(w)
        for i, cell in enumerate(self.cells):
            h = cell.forward(*weights[i], h)
            if cell is self.cells[-1]:
                h = h[-self.steps :]
            if self.dropouts and rngs is not None:
                h = self.dropouts[i].forward(h, rngs)
        return self.readout.forward(w["readout"], h)

    def backward(self, w: Weights, g: Weights, x: Array) -> None:
        """After `forward`, with the loss's gradient in `readout.dz`: write every block's gradient to `g`."""
        dh = self.readout.backward(w["readout"], g["readout"])
        weights = self._of_each_cell(w)
        gradients = self._of_each_cell(g)
        for i in reversed(range(len(self.cells))):
            cell = self.cells[i]
            if self.dropouts:
                dh = self.dropouts[i].backward(dh)
            if cell is self.cells[-1] and self.spec.readout == "last":
                dh = dh[-1]
            cell.backward(*weights[i], *gradients[i], dh)
            if i or self.spec.vocabulary:
                dh = cell.input_gradient(*weights[i])
        if self.spec.vocabulary:
            Embedding.backward(g["embedding"], x, dh)

    def targets(self, y: Array) -> Array:
        """Class ids (k, B[, T]) -> (k, M), or regression targets (k, B[, T], O) -> (O, k, M), M = steps·B."""
        if self.spec.readout == "every":
            y = y.swapaxes(1, 2)
            k, T, B, *outputs = y.shape
            y = y.reshape(k, T * B, *outputs)
        if self.spec.task == "regression":
            y = np.moveaxis(y, -1, 0)
        return y
