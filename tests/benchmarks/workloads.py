"""The four training problems that the benchmarks run, each for some numbers of sites, and their arithmetic.

    W1  a small LSTM for short event streams         W3  three big LSTM layers
    W2  a middling LSTM over 30 time steps           W4  a small tanh RNN over 50 time steps

Every site has its own weights and its own mini-batch; the loss is the cross-entropy of the last time step.
A *problem* is the weights and the mini-batch of one workload: every engine gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.learning.model import Model, ModelSpec

LR = 1e-5  # so small that thousands of steps on one mini-batch do not lead to denormal gradients


class Workload(NamedTuple):
    """Shape of the network and of the mini-batch of one site."""

    cell: str
    features: int
    hidden: tuple[int, ...]
    T: int
    B: int
    outputs: int

    @property
    def spec(self) -> ModelSpec:
        """The same for the library."""
        return ModelSpec(
            cell=self.cell, features=self.features, hidden=self.hidden, outputs=self.outputs
        )

    @property
    def gates(self) -> int:
        """Blocks of H rows in a layer's matrix."""
        return 4 if self.cell == "lstm" else 1

    @property
    def flops(self) -> int:
        """Floating point operations of the matrix products of one site's forward and backward pass.

        A product (m, n) by (n, p) counts 2 m n p; biases, element-wise operations and Adam count nothing.
        """
        total = 3 * 2 * self.outputs * self.hidden[-1] * self.B  # readout: forward, both gradients
        for layer, (_, D, H) in enumerate(self.spec.layers):
            rows = 2 * self.gates * H * self.B * self.T
            total += 2 * rows * (H + D)  # forward; gradient of the weights
            total += rows * (
                H + D if layer else H
            )  # gradient of the state, and of the inputs from a layer below
        return total


WORKLOADS = {
    "W1": Workload("lstm", 18, (19,), 5, 16, 39),
    "W2": Workload("lstm", 32, (64,), 30, 16, 10),
    "W3": Workload("lstm", 100, (256, 256, 128), 30, 16, 2),
    "W4": Workload("rnn", 8, (32,), 50, 32, 4),
}
SITES = {"W1": (4, 8, 32, 128), "W2": (4, 8, 32), "W3": (4, 8), "W4": (8, 64)}


class Case(NamedTuple):
    """What is measured in one row of the table."""

    workload: str
    k: int
    dtype: str

    @property
    def shape(self) -> Workload:
        """The workload's sizes."""
        return WORKLOADS[self.workload]

    def __str__(self) -> str:
        return f"{self.workload} k={self.k} {self.dtype}"


def cases(workloads: list[str], ks: list[int], dtypes: list[str]) -> Iterator[Case]:
    """The cases among the chosen ones; without `ks`, the usual numbers of sites."""
    for name in workloads:
        for k in ks or SITES[name]:
            for dtype in dtypes:
                yield Case(name, k, dtype)


class Problem(NamedTuple):
    """Weights P (k, n), mini-batches x (k, B, T, D), class ids y (k, B)."""

    P: Array
    x: Array
    y: Array


def problem(shape: Workload, k: int, dtype: str, seed: int = 0) -> Problem:
    """The library's initial weights, another draw for each site, with biases that are not 0 either."""
    rng = np.random.default_rng(seed)
    model = Model(shape.spec, dtype)
    P = np.stack([model.initial(rng) for _ in range(k)])
    P += 0.05 * rng.standard_normal(P.shape).astype(dtype)
    x = rng.standard_normal((k, shape.B, shape.T, shape.features)).astype(dtype)
    return Problem(P, x, rng.integers(0, shape.outputs, (k, shape.B)))
