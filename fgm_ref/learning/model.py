"""The network with its loss: embedding? -> recurrent layers -> readout -> loss, for k sites at once.

    k  sites     B  samples per site     T  time steps     D  features     O  outputs     n  parameters

`Model` knows the shapes and nothing else: the weights are arguments, one row of P (k, n) per site.  It checks what
it is given, cuts it into pieces that stay in the processor's cache, and lets a `Chain` of layers work on each.

But it does not handle windows of different lengths (pad them), nor a state that is carried from one call to
the next (the layers do: see `h0` and `c0` in `rnn.py` and `lstm.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from math import ceil, fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array, expect_shape
from fgm_ref.learning.activations import ONE
from fgm_ref.learning.chain import Chain, Rngs, Weights
from fgm_ref.learning.crew import Chains, Crew, Work
from fgm_ref.learning.layers import Readout
from fgm_ref.learning.params import Layout, Rng
from fgm_ref.learning.spec import ModelSpec

__all__ = ["Model", "ModelSpec"]

CACHE_BYTES = 1 << 19  # weights and one time step of a stack of sites: about half an L2 cache
EVALUATION_NUMBERS = 1 << 16  # about so many per time step, when a whole test set is evaluated


class Stack(NamedTuple):
    """Sites that are trained together, and their blocks by name, which are views of P and G."""

    sites: slice
    weights: Weights
    gradients: Weights


class Model:
    """A network for any number of sites; its methods share work arrays, so use one `Model` per thread."""

    unchanging = True  # a checkpoint need not keep it

    def __init__(
        self, spec: ModelSpec, dtype: DTypeLike = np.float32, threads: int | None = None
    ) -> None:
        """`threads` train that many stacks of sites at once; by default the work decides (see `crew.py`).

        `ValueError` if `dtype` is neither float32 nor float64.
        """
        self.spec = spec
        self.dtype = np.dtype(dtype)
        if self.dtype not in ONE:
            raise ValueError(f"dtype: expected float32 or float64, got {self.dtype}")
        self.layout = Layout(spec.shapes())
        self.size = self.layout.size
        self._crew = Crew(partial(Chain, spec, dtype=self.dtype), threads)
        self._chains = self._crew.chains[0]
        self._cut: tuple[Array, Array, int, list[Stack]] | None = None

    def initial(self, rng: Rng) -> Array:
        """One initial vector (n,), for all the sites to start from.

        Recurrent parts orthogonal, input parts and readout Glorot, biases and peepholes 0, forget bias 1,
        word vectors normal with variance 1/embedding.
        """
        spec = self.spec
        p = np.zeros((1, self.size))
        w = self.layout.views(p)
        if spec.vocabulary:
            words = rng.standard_normal((spec.vocabulary, spec.embedding))
            w["embedding"][...] = words / np.sqrt(spec.embedding)
        for layer, D, H in spec.layers:
            w[f"{layer}.W"][...] = spec.cell_class.initial(rng, D, H)
        top = spec.hidden[-1]
        w["readout"][...] = Readout.initial(rng, top, spec.outputs)
        vector: Array = p[0].astype(self.dtype)
        return vector

    # Training: k models at once.

    def loss_and_gradient(
        self, P: Array, x: Array, y: Array, G: Array, rngs: Rngs | None = None
    ) -> Array:
        """The mean loss of each site (k,), and its gradient by that site's weights, written to G (k, n).

        P (k, n) weights; x (k, B, T, D), or (k, B, T) token ids; y (k, B) class ids or (k, B, O) targets,
        with a time axis after B if the readout is at every step.  `rngs`: for dropout, a generator per site.

        Raises `ValueError` for wrong shapes or number types; class ids and tokens are not checked.
        """
        self._check_windows(x, len(P))
        self._check_answers(y, x)
        k, B, T = x.shape[:3]
        stacks = self._stacks_of(P, G, B)
        self._check_generators(rngs, k)
        losses = np.empty(k, self.dtype)

        def train(stack: Stack, chains: Chains) -> None:
            s, w, g = stack
            chain = chains.of(s.stop - s.start, B, T)
            own_rngs = rngs[s] if rngs is not None else None
            chain.forward(w, x[s], own_rngs)
            targets = chain.targets(y[s])
            losses[s] = chain.loss(targets)
            chain.backward(w, g, x[s])

        largest = stacks[0].sites.stop
        self._crew.each(stacks, train, B * largest * self._multiplications)
        return losses

    # Evaluation: one model, many windows.

    def outputs(self, p: Array, x: Array) -> Array:
        """What one model p (n,) says of the windows x (N, T, D) or (N, T): logits or predictions, no dropout.

        (N, O), or (N, T, O) if the readout is at every step.
        """
        self._check_weights(p[None])
        self._check_windows(x[None], 1)
        N, T = x.shape[:2]
        outputs = np.empty(
            (N, T if self.spec.readout == "every" else 1, self.spec.outputs), self.dtype
        )

        def evaluate(batch: slice, chains: Chains) -> None:
            chain = self._evaluated(p, x[batch], chains)
            z = chain.readout.z.reshape(self.spec.outputs, chain.steps, -1)  # (O, steps, B)
            outputs[batch] = z.transpose(2, 1, 0)

        self._evaluate(x, evaluate)
        return outputs if self.spec.readout == "every" else outputs[:, 0]

    def loss(self, p: Array, x: Array, y: Array) -> float:
        """The mean loss of one model p (n,) over x (N, T, D) or (N, T), and y (N, ...) as in training."""
        self._check_weights(p[None])
        self._check_windows(x[None], 1)
        self._check_answers(y[None], x[None])
        self._check_classes(y)
        totals: list[float] = []

        def add(batch: slice, chains: Chains) -> None:
            chain = self._evaluated(p, x[batch], chains)
            (mean,) = chain.loss(chain.targets(y[None, batch]))
            samples = batch.stop - batch.start
            totals.append(float(mean) * samples)

        self._evaluate(x, add)
        return fsum(totals) / len(x)

    def _evaluate(self, x: Array, work: Work[slice]) -> None:
        """Call `work` for batches of the windows x (N, T, D) or (N, T)."""
        batches = self._batches(x)
        self._crew.each(batches, work, batches[0].stop * self._multiplications)

    def _evaluated(self, p: Array, x: Array, chains: Chains) -> Chain:
        """The chain after a forward pass over a batch x (B, T, D) or (B, T); the outputs are `readout.z`."""
        B, T = x.shape[:2]
        chain = chains.of(1, B, T)
        w = self.layout.views(p[None])
        chain.forward(w, x[None], None)
        return chain

    # What fits into the processor's cache.

    @cached_property
    def _multiplications(self) -> int:
        """Of the largest layer's product for one sample, counted in single precision."""
        gates = len(self.spec.cell_class.gates)
        largest = max(gates * H * (H + D + 1) for _, D, H in self.spec.layers)
        return largest * self.dtype.itemsize // 4

    def _stacks_of(self, P: Array, G: Array, B: int) -> list[Stack]:
        """The stacks of weights P (k, n) and gradients G (k, n), kept for as long as the same arrays come again."""
        if self._cut is not None:
            *before, stacks = self._cut
            if before[0] is P and before[1] is G and before[2] == B:
                return stacks
        self._check_weights(P)
        self._check_gradient(G, P)
        views = self.layout.views
        stacks = [Stack(s, views(P[s]), views(G[s])) for s in self._stacks(len(P), B)]
        self._cut = P, G, B, stacks
        return stacks

    def _stacks(self, k: int, B: int) -> list[slice]:
        """Cut k sites into equal stacks whose weights and arrays of one time step stay in cache."""
        gates = len(self.spec.cell_class.gates)
        numbers = 0
        for _, D, H in self.spec.layers:
            K = H + D + 1
            weights = gates * H * K
            step = (12 * H + K) * B
            numbers = max(numbers, weights + step)
        size = numbers * self.dtype.itemsize  # bytes
        fitting = max(1, CACHE_BYTES // size)
        stacks = ceil(k / fitting)
        return list(_pieces(k, ceil(k / stacks)))

    def _batches(self, x: Array) -> list[slice]:
        """Cut the N windows of a test set into batches whose arrays of one time step stay in cache."""
        gates = len(self.spec.cell_class.gates)
        width = max(gates * H + D for _, D, H in self.spec.layers)
        size = max(1, EVALUATION_NUMBERS // width)
        return list(_pieces(len(x), size))

    # `ValueError` for arguments that do not fit.

    def _check_weights(self, P: Array) -> None:
        expect_shape("P", P, (len(P), self.size))
        self._check_type("P", P)

    def _check_gradient(self, G: Array, P: Array) -> None:
        expect_shape("G", G, P.shape)
        self._check_type("G", G)

    def _check_type(self, name: str, array: Array) -> None:
        if array.dtype != self.dtype:
            raise ValueError(f"{name}: expected numbers of type {self.dtype}, got {array.dtype}")

    def _check_windows(self, x: Array, k: int) -> None:
        if x.ndim < 3 or 0 in x.shape:
            raise ValueError(
                f"x: expected at least one site, sample and time step, got shape {x.shape}"
            )
        B, T = x.shape[1:3]
        expect_shape("x", x, self.spec.shape_of_windows(k, B, T))

    def _check_answers(self, y: Array, x: Array) -> None:
        k, B, T = x.shape[:3]
        expect_shape("y", y, self.spec.shape_of_answers(k, B, T))

    def _check_classes(self, y: Array) -> None:
        if self.spec.task != "classification":
            return
        classes = self.spec.outputs
        lowest, highest = y.min(), y.max()
        if not 0 <= lowest <= highest < classes:
            raise ValueError(
                f"y: expected class ids 0 ... {classes - 1}, got {lowest} ... {highest}"
            )

    def _check_generators(self, rngs: Rngs | None, k: int) -> None:
        given = 0 if rngs is None else len(rngs)
        if self.spec.dropout and given != k:
            raise ValueError(
                f"rngs: expected {k} generators for dropout, one per site, got {given}"
            )


def _pieces(total: int, size: int) -> Iterator[slice]:
    """Cut 0 ... total into pieces of `size`, the last one shorter if need be."""
    for begin in range(0, total, size):
        end = min(begin + size, total)
        yield slice(begin, end)
