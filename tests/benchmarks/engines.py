"""What can be timed: an *engine* trains the k sites of one problem in its own way.

Here are those that need NumPy only: the library itself, and two limits, namely the matrix products of the
library's step without anything else, and one big matrix product.  `prototype`, `rivals_torch` and `rivals_jax`
hold the others; `ENGINES` names them all.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from workloads import LR, Case, Problem

from fgm_ref.arrays import Array
from fgm_ref.learning.model import Model
from fgm_ref.learning.optim import Adam


class Engine:
    """Base: made from a case and its problem, which it must not change."""

    trains = True  # False for a limit, which has no gradient

    def __init__(self, case: Case, given: Problem):
        raise NotImplementedError

    def step(self) -> None:
        """Forward, backward and Adam for all sites."""
        raise NotImplementedError

    def wait(self) -> None:
        """Return once everything that was begun is done (for engines that work in the background)."""

    def gradient(self) -> Array:
        """The gradient (k, n) at the present weights, in the library's order."""
        raise NotImplementedError

    def weights(self) -> Array:
        """The present weights (k, n), in the library's order."""
        raise NotImplementedError


class Library(Engine):
    """`Model.loss_and_gradient` and `Adam.step`, as the simulator calls them."""

    threads: int | None = None  # the library decides

    def __init__(self, case: Case, given: Problem):
        self.model = Model(case.shape.spec, case.dtype, threads=self.threads)
        self.P, self.G, self.x, self.y = given.P.copy(), np.empty_like(given.P), given.x, given.y
        self.adam = Adam(LR, case.k, self.model.size, case.dtype)

    def step(self) -> None:
        self.model.loss_and_gradient(self.P, self.x, self.y, self.G)
        self.adam.step(self.P, self.G)

    def gradient(self) -> Array:
        self.model.loss_and_gradient(self.P, self.x, self.y, self.G)
        return self.G

    def weights(self) -> Array:
        return self.P


class OneThread(Library):
    """The same by one thread, wherever there are cores for more."""

    threads = 1


class Products(Engine):
    """The matrix products of one step of the library, recorded once and then replayed on the same arrays."""

    trains = False

    def __init__(self, case: Case, given: Problem):
        self.calls: list[tuple[Array, Array, Array]] = []
        library, matmul = Library(case, given), np.matmul

        def record(a: Array, b: Array, out: Array) -> Array:
            self.calls.append((a, b, out))
            return matmul(a, b, out=out)

        with mock.patch.object(np, "matmul", record):
            library.gradient()

    @property
    def flops(self) -> int:
        """Floating point operations of these products; they carry the biases too."""
        return sum(2 * a.shape[-1] * out.size for a, _, out in self.calls)

    def step(self) -> None:
        for a, b, out in self.calls:
            np.matmul(a, b, out)


class BigProduct(Engine):
    """One product of two big square matrices: the most that the processor and its BLAS can do."""

    trains = False
    n = 1536
    flops = 2 * n**3

    def __init__(self, case: Case, given: Problem):
        rng = np.random.default_rng(0)
        self.a, self.b, self.out = rng.standard_normal((3, self.n, self.n)).astype(case.dtype)

    def step(self) -> None:
        np.matmul(self.a, self.b, self.out)


class Entry(NamedTuple):
    """Where an engine lives, and what the tables call it."""

    module: str
    name: str
    about: str
    needs: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    mode: str = (
        ""  # the only one in which it is measured: in the others it would be another engine again
    )


NO_TRIM = tuple((f"MALLOC_{name}_", str(1 << 29)) for name in ("TRIM_THRESHOLD", "MMAP_THRESHOLD"))
"""glibc keeps freed memory instead of fetching it anew in every step; for all engines, it helps torch most."""

ONE_EACH = (("OPENBLAS_NUM_THREADS", "1"),)
"""The library shares the sites out among threads; each does its products alone (see `fgm_ref/threads.py`)."""

ENGINES = {
    "library": Entry("engines", "Library", "fgm_ref", environment=NO_TRIM + ONE_EACH),
    "library-malloc": Entry("engines", "Library", "fgm_ref, glibc as it comes", "", ONE_EACH),
    "library-1t": Entry(
        "engines", "OneThread", "fgm_ref, one thread", environment=NO_TRIM + ONE_EACH, mode="2t"
    ),
    "prototype": Entry("prototype", "Prototype", "fastest NumPy", environment=NO_TRIM),
    "products": Entry(
        "engines", "Products", "fgm_ref's matrix products alone", environment=NO_TRIM
    ),
    "big-product": Entry("engines", "BigProduct", "one big product", environment=NO_TRIM),
    "torch-loop": Entry(
        "rivals_torch", "Loop", "torch: loop of modules, an Adam each", "torch", NO_TRIM
    ),
    "torch-loop-fused": Entry(
        "rivals_torch", "LoopFused", "torch: loop, one fused Adam", "torch", NO_TRIM
    ),
    "torch-vmap-module": Entry(
        "rivals_torch", "VmapModule", "torch: vmap of the module", "torch", NO_TRIM
    ),
    "torch-vmap-cell": Entry(
        "rivals_torch", "VmapCell", "torch: vmap of a hand-made cell", "torch", NO_TRIM
    ),
    "torch-bmm": Entry("rivals_torch", "HandBatched", "torch: hand-batched bmm", "torch", NO_TRIM),
    "torch-bptt": Entry(
        "rivals_explicit", "Explicit", "torch: BPTT by hand, no autograd", "torch", NO_TRIM
    ),
    "jax-scan": Entry("rivals_jax", "Scan", "JAX: jit(vmap(scan))", "jax", NO_TRIM),
}
LIMITS = ("products", "big-product")


def make(name: str, case: Case, given: Problem) -> Any:
    """The engine of this name, ready to step."""
    entry = ENGINES[name]
    return getattr(import_module(entry.module), entry.name)(case, given)
