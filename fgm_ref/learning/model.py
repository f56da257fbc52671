"""The network: embedding? -> recurrent layers -> readout -> loss, for k sites at once.

    k  sites     B  samples per site     T  time steps     D  features     O  outputs     n  parameters

`Model` knows the shapes and nothing else: the weights are arguments, one row of P (k, n) per site.
User-facing arrays are (site, sample, time, feature); the layers' order (time, feature, site, sample) begins
and ends in `_Layers`.

But it does not handle windows of different lengths (pad them), nor a state that is carried from one call to
the next (the layers do: see `h0` and `c0` in `rnn.py` and `lstm.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array, expect_shape
from fgm_ref.learning.activations import ONE
from fgm_ref.learning.layers import Dropout, Embedding, Readout
from fgm_ref.learning.losses import LOSSES
from fgm_ref.learning.params import Layout
from fgm_ref.learning.spec import ModelSpec

__all__ = ["Model", "ModelSpec"]

Rngs = Sequence[np.random.Generator]

CACHE_BYTES = 1 << 20  # weights and one time step of a stack of sites: about an L2 cache
SHAPES_KEPT = 16  # shapes (k, B, T) whose arrays are kept for the next call
EVALUATION_NUMBERS = 1 << 15  # about so many per time step, when a whole test set is evaluated


class _Layers:
    """The layers of one shape (k, B, T): their arrays are made once and used again in every call."""

    def __init__(self, spec: ModelSpec, k: int, B: int, T: int, dtype: npt.DTypeLike) -> None:
        self.spec = spec
        self.steps = T if spec.readout == "every" else 1
        # of type Any, because the cells take different numbers of weights and give different initial states
        self.cells: list[Any] = [
            spec.cell_class(k, D, H, T, B, dtype, spec.truncate) for _, D, H in spec.layers
        ]
        self.readout = Readout(k, spec.hidden[-1], spec.outputs, self.steps, B, dtype)
        below = [(T, H, k, B) for H in spec.hidden[:-1]] + [(self.steps, spec.hidden[-1], k, B)]
        self.dropouts = (
            [Dropout(shape, spec.dropout, dtype) for shape in below] if spec.dropout else []
        )

    def _weights(self, views: dict[str, Array]) -> list[list[Array]]:
        """The blocks of each recurrent layer: [W], or [W, p] with peepholes."""
        parts = ("W", "p") if self.spec.peepholes else ("W",)
        return [[views[f"{name}.{part}"] for part in parts] for name, _, _ in self.spec.layers]

    def forward(self, w: dict[str, Array], x: Array, rngs: Rngs | None) -> Array:
        """Weights by name, x (k, B, T, D) or tokens (k, B, T) -> z (O, k, M); dropout only with `rngs`."""
        if self.spec.vocabulary:
            x = Embedding.forward(w["embedding"], x)
        h = x.transpose(2, 3, 0, 1)  # from here on (time, feature, site, sample)
        for i, (cell, weights) in enumerate(zip(self.cells, self._weights(w), strict=True)):
            h = cell.forward(*weights, h)
            if i == len(self.cells) - 1:
                h = h[-self.steps :]
            if self.dropouts and rngs is not None:
                h = self.dropouts[i].forward(h, rngs)
        return self.readout.forward(w["readout"], h)

    def targets(self, y: Array) -> Array:
        """Class ids (k, B[, T]) -> (k, M), or regression targets (k, B[, T], O) -> (O, k, M), M = steps·B."""
        if self.spec.readout == "every":
            y = y.swapaxes(1, 2)
            y = y.reshape(len(y), -1, *y.shape[3:])
        return y if self.spec.task == "classification" else np.moveaxis(y, -1, 0)

    def backward(self, w: dict[str, Array], g: dict[str, Array], x: Array) -> None:
        """After `forward`, with the loss's gradient in `readout.dz`: write every block's gradient to `g`."""
        dh = self.readout.backward(w["readout"], g["readout"])
        weights, gradients = self._weights(w), self._weights(g)
        for i in reversed(range(len(self.cells))):
            if self.dropouts:
                dh = self.dropouts[i].backward(dh)
            top_of_last = i == len(self.cells) - 1 and self.spec.readout == "last"
            self.cells[i].backward(*weights[i], *gradients[i], dh[-1] if top_of_last else dh)
            if i or self.spec.vocabulary:
                dh = self.cells[i].input_gradient(weights[i][0])
        if self.spec.vocabulary:
            Embedding.backward(g["embedding"], x, dh)


class Model:
    """A network for any number of sites; its methods share work arrays, so use one `Model` per thread."""

    def __init__(self, spec: ModelSpec, dtype: npt.DTypeLike = np.float32) -> None:
        """`ValueError` if `dtype` is neither float32 nor float64."""
        self.spec = spec
        self.dtype = np.dtype(dtype)
        if self.dtype not in ONE:
            raise ValueError(f"dtype: expected float32 or float64, got {self.dtype}")
        self.layout = Layout(spec.shapes())
        self.size = self.layout.size
        self._cache: dict[tuple[int, int, int], _Layers] = {}

    def initial(self, rng: np.random.Generator) -> Array:
        """One initial vector (n,), for all the sites to start from.

        Recurrent parts orthogonal, input parts and readout Glorot, biases and peepholes 0, forget bias 1,
        word vectors normal with variance 1/embedding.
        """
        p = np.zeros((1, self.size))
        w = self.layout.views(p)
        if self.spec.vocabulary:
            w["embedding"][...] = rng.standard_normal(w["embedding"].shape) / np.sqrt(
                self.spec.embedding
            )
        for name, D, H in self.spec.layers:
            w[f"{name}.W"][...] = self.spec.cell_class.initial(rng, D, H)
        w["readout"][...] = Readout.initial(rng, self.spec.hidden[-1], self.spec.outputs)
        vector: Array = p[0].astype(self.dtype)
        return vector

    def loss_and_gradient(
        self, P: Array, x: Array, y: Array, G: Array, rngs: Rngs | None = None
    ) -> Array:
        """The mean loss of each site (k,), and its gradient by that site's weights, written to G (k, n).

        P (k, n) weights; x (k, B, T, D), or (k, B, T) token ids; y (k, B) class ids or (k, B, O) targets,
        with a time axis after B if the readout is at every step.  `rngs`: for dropout, a generator per site.

        Raises `ValueError` for wrong shapes or number types; class ids and tokens are not checked.
        """
        self._check(P, x, y)
        expect_shape("G", G, P.shape)
        if G.dtype != self.dtype:
            raise ValueError(f"G: expected numbers of type {self.dtype}, got {G.dtype}")
        k, B, T = x.shape[:3]
        given = 0 if rngs is None else len(rngs)
        if self.spec.dropout and given != k:
            raise ValueError(
                f"rngs: expected {k} generators for dropout, one per site, got {given}"
            )
        losses = np.empty(k, self.dtype)
        loss = LOSSES[self.spec.task]
        for s in self._stacks(k, B):
            layers = self._layers(s.stop - s.start, B, T)
            w, g = self.layout.views(P[s]), self.layout.views(G[s])
            z = layers.forward(w, x[s], rngs[s] if rngs is not None else None)
            losses[s] = loss(z, layers.targets(y[s]), layers.readout.dz)
            layers.backward(w, g, x[s])
        return losses

    def outputs(self, p: Array, x: Array) -> Array:
        """What one model p (n,) says of the windows x (N, T, D) or (N, T): logits or predictions, no dropout.

        (N, O), or (N, T, O) if the readout is at every step.
        """
        self._check(p[None], x[None])
        return np.concatenate([self._predict(p, x[b])[1] for b in self._batches(x)])

    def loss(self, p: Array, x: Array, y: Array) -> float:
        """The mean loss of one model p (n,) over x (N, T, D) or (N, T), and y (N, ...) as in training."""
        self._check(p[None], x[None], y[None])
        classes = self.spec.outputs
        if self.spec.task == "classification" and not 0 <= y.min() <= y.max() < classes:
            raise ValueError(
                f"y: expected class ids 0 ... {classes - 1}, got {y.min()} ... {y.max()}"
            )
        total = 0.0
        for b in self._batches(x):
            layers, _ = self._predict(p, x[b])
            losses = LOSSES[self.spec.task](
                layers.readout.z, layers.targets(y[None, b]), layers.readout.dz
            )
            total += float(losses[0]) * (b.stop - b.start)
        return total / len(x)

    def _predict(self, p: Array, x: Array) -> tuple[_Layers, Array]:
        """The layers after a forward pass over a batch x (B, T, D) or (B, T), and its outputs (B[, T], O)."""
        layers = self._layers(1, *x.shape[:2])
        z = layers.forward(self.layout.views(p[None]), x[None], None)  # (O, 1, steps·B)
        outputs = z.reshape(len(z), layers.steps, len(x)).transpose(2, 1, 0)
        return layers, (outputs if self.spec.readout == "every" else outputs[:, 0]).copy()

    def _check(self, P: Array, x: Array, y: Array | None = None) -> None:
        """`ValueError` if P (k, n), the windows x (k, B, ...) or the answers y (k, B, ...) do not fit."""
        spec, k = self.spec, len(P)
        expect_shape("P", P, (k, self.size))
        if P.dtype != self.dtype:
            raise ValueError(f"P: expected numbers of type {self.dtype}, got {P.dtype}")
        if x.ndim < 3 or 0 in x.shape:
            raise ValueError(
                f"x: expected at least one site, sample and time step, got shape {x.shape}"
            )
        B, T = x.shape[1:3]
        expect_shape("x", x, (k, B, T) if spec.vocabulary else (k, B, T, spec.features))
        if y is not None:
            samples = (k, B, T) if spec.readout == "every" else (k, B)
            expect_shape(
                "y", y, samples if spec.task == "classification" else (*samples, spec.outputs)
            )

    def _stacks(self, k: int, B: int) -> Iterator[slice]:
        """Cut k sites into equal stacks whose weights and arrays of one time step stay in cache."""
        gates = self.spec.cell_class.gates
        numbers = max(
            gates * H * (H + D + 1) + (12 * H + H + D + 1) * B for _, D, H in self.spec.layers
        )
        fitting = max(1, CACHE_BYTES // (numbers * self.dtype.itemsize))
        stacks = -(-k // fitting)
        size = -(-k // stacks)
        return (slice(j, min(j + size, k)) for j in range(0, k, size))

    def _batches(self, x: Array) -> Iterator[slice]:
        """Cut the N windows of a test set into batches whose arrays of one time step stay in cache."""
        width = max(self.spec.cell_class.gates * H + D for _, D, H in self.spec.layers)
        size = max(1, EVALUATION_NUMBERS // width)
        return (slice(j, min(j + size, len(x))) for j in range(0, len(x), size))

    def _layers(self, k: int, B: int, T: int) -> _Layers:
        """The layers of this shape; the least recently used one is dropped when there are too many."""
        shape = (k, B, T)
        layers = self._cache.pop(shape, None) or _Layers(self.spec, k, B, T, self.dtype)
        self._cache[shape] = layers  # the latest comes last
        if len(self._cache) > SHAPES_KEPT:
            del self._cache[next(iter(self._cache))]
        return layers
