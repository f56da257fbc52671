"""What the cells share: the arrays of a layer, the two time loops, and the products that follow the backward one.

    k  sites, each with its own weights      D  features of the input     u[t] = [h[t-1]; x[t]; 1]
    B  samples per site                      H  hidden units              K    = H + D + 1
    T  time steps

Arrays run (time, feature, site, sample).  One feature of all sites and samples is then one contiguous slab, which
suits the element-wise operations.  Each site's matrix (feature, sample) is one BLAS call.

A layer belongs to one shape (k, B, T).  It owns the arrays of its forward and backward pass, and a tape for each (see
`tape.py`).  What a method returns is a view of such an array, valid until the layer's next call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import DTypeLike

from fgm_ref.arrays import Array, Shape, expect_shape
from fgm_ref.learning.activations import factors
from fgm_ref.learning.params import Rng, glorot, orthogonal
from fgm_ref.learning.tape import Tape

SMALL_PRODUCT = (
    10**6
)  # OpenBLAS's kernel for so many multiplications is slow if the right matrix is transposed
NEAR = (
    1 << 10
)  # bytes from one row to the next, up to which an array is transposed in next to no time


def sites_first(m: Array) -> Array:
    """(feature, site, sample) seen as (site, feature, sample), a view: a matrix per site for `np.matmul`."""
    return m.swapaxes(0, 1)


def transposed(m: Array) -> Array:
    """(site, row, column) seen as (site, column, row), a view: each site's matrix transposed."""
    return m.swapaxes(1, 2)


class Recurrent(ABC):
    """Base of the cells.

    The matrix W (k, gates·H, K) has a block of H rows for every gate.  It acts on u[t] = [h[t-1]; x[t]; 1]:
    recurrent weights, input weights and bias at once.  A new cell is a subclass, and a line in `spec.CELLS`.  It says

        gates       the names of its gates, in the order of W's rows
        sigmoids    how many of them are sigmoids; they come first, the others are tanh
        states      the names of what it hands on from step to step, arrays (T+1, H, k, B) each; the gradient at a state
                    c is the array dc (H, k, B)
        blocks      its weights: W, and others if it has them
        prepare     makes its arrays, among them dz (T, gates·H, k, B), the gradient at the pre-activations z = W u
        forward     (*weights, x, h0=None, ...) -> h[1:] (T, H, k, B); an argument for each initial state
        backward    (*weights, *gradients, dY) writes the gradients of the weights, if there are others than W

    and records, for its two tapes,

        step        one time step forward
        step_back   one time step backward

    Public array: `h`, the state after 0, 1, ... T steps; h[0] is the initial one.
    """

    gates: tuple[str, ...]
    sigmoids = 0
    states: tuple[str, ...] = ("h",)

    def __init__(
        self,
        k: int,
        D: int,
        H: int,
        T: int,
        B: int,
        dtype: DTypeLike,
        truncate: int = 0,
    ) -> None:
        """`truncate` > 0: the gradient stops at t = truncate, 2·truncate, ...; the state goes on."""
        gates = len(self.gates)
        rows = gates * H
        K = H + D + 1
        self.shape = (T, H, k, B)
        self.dtype = np.dtype(dtype)
        self.truncate = truncate or T
        of_gates = factors(self.sigmoids, gates - self.sigmoids, dtype)
        self.factors = of_gates.repeat(H * K).reshape(rows, K)
        self.V = np.empty((k, rows, K), dtype)  # W, with the factors that the activations want
        self.WhT = np.empty((k, rows, H), dtype).swapaxes(1, 2)  # recurrent weights, transposed
        self.u = np.zeros((T + 1, K, k, B), dtype)
        self.u[:, -1] = 1
        self.h = self.u[:, :H]
        self.dh = np.empty((H, k, B), dtype)
        self.dY = np.empty((T, H, k, B), dtype)
        self.dz_columns = np.empty((k, rows, T, B), dtype)
        self.u_columns = np.empty((k, K, T, B), dtype)
        if rows * K * T * B <= SMALL_PRODUCT and self.u.strides[1] <= NEAR:
            self.u_columns = np.empty((k, T, B, K), dtype).transpose(0, 3, 1, 2)
        # All time steps of a site as one matrix: the operands of the products over time.
        self._dz_matrix = self.dz_columns.reshape(k, rows, T * B)
        self._u_matrix = self.u_columns.reshape(k, K, T * B)
        self._dx = np.empty((k, D, T * B), dtype)
        self.prepare()
        self._tapes: dict[str, Tape] = {}

    dz: Array

    @abstractmethod
    def prepare(self) -> None:
        """Hook: make `dz`, and whatever else the cell needs in every call."""

    @abstractmethod
    def step(self, do: Tape, t: int) -> None:
        """Hook: record h[t+1], and the other states, from u[t]."""

    @abstractmethod
    def step_back(self, do: Tape, t: int) -> None:
        """Hook: record dz[t], and the gradients at the other states before step t, from dh."""

    @classmethod
    def blocks(cls, D: int, H: int) -> dict[str, Shape]:
        """The names and shapes of one site's weights, W first, in the order in which `forward` takes them."""
        rows = len(cls.gates) * H
        return {"W": (rows, H + D + 1)}

    @classmethod
    def initial(cls, rng: Rng, D: int, H: int) -> Array:
        """One initial W (gates·H, K): for each gate orthogonal recurrent, Glorot input weights, bias 0.

        All other blocks start at 0.
        """
        parts = []
        for _ in cls.gates:
            recurrent = orthogonal(rng, H)
            inputs = glorot(rng, H, D)
            bias = np.zeros((H, 1))
            parts.append(np.hstack([recurrent, inputs, bias]))
        return np.vstack(parts)

    # Forward.

    def _forward(self, W: Array, x: Array, *initial: Array | None) -> Array:
        """Take the weights W, the inputs x (T, D, k, B) and the initial states; play; return h[1:] (T, H, k, B)."""
        T, H, k, B = self.shape
        D = self._dx.shape[1]
        expect_shape("x", x, (T, D, k, B))
        np.multiply(W, self.factors, out=self.V)
        self.u[:T, H:-1] = x
        for name, state in zip(self.states, initial, strict=True):
            getattr(self, name)[0] = 0 if state is None else state
        with np.errstate(over="ignore"):  # an exponential may overflow (see `activations.py`)
            self.tape("forward").play()
        return self.h[1:]

    def _record_forward(self, do: Tape) -> None:
        T = self.shape[0]
        for t in range(T):
            self.step(do, t)

    # Backward.

    def backward(self, W: Array, dW: Array, dY: Array) -> None:
        """Write the gradient of W to dW (k, gates·H, K); a cell with more weights overrides this.

        dY is the upstream gradient: (T, H, k, B) at every output, or (H, k, B) at the last output only.
        """
        T, H, k, B = self.shape
        every = dY.ndim == 4
        expect_shape("dY", dY, (T, H, k, B) if every else (H, k, B))
        wanted = self.dY if every else self.dY[-1]
        wanted[...] = dY
        np.copyto(self.WhT, transposed(W[:, :, :H]))
        self.tape("backward" if every else "backward from the end").play()
        # dW = Σ_t dz[t] u[t]ᵀ
        np.matmul(self._dz_matrix, transposed(self._u_matrix), out=dW)

    def _record_backward(self, do: Tape, every: bool) -> None:
        """The time loop: dh[t-1] = Whᵀ dz[t] + dY[t-1], and what the cell has to say of each step."""
        T = self.shape[0]
        do.copy(self.dY[-1], out=self.dh)
        for state in self.states[1:]:
            do.copy(0, out=getattr(self, f"d{state}"))
        for t in reversed(range(T)):
            self.step_back(do, t)
            if t:
                self._go_back(do, t, every)
        self._put_side_by_side(do, self.dz, self.dz_columns)
        self._put_side_by_side(do, self.u[:T], self.u_columns)

    def _go_back(self, do: Tape, t: int, every: bool) -> None:
        """dh[t-1] = Whᵀ dz[t] + dY[t-1], but nothing from later steps where the gradient is truncated."""
        if t % self.truncate == 0:
            for state in self.states:
                do.copy(0, out=getattr(self, f"d{state}"))
        else:
            do.matmul(self.WhT, sites_first(self.dz[t]), out=sites_first(self.dh))
        if every:
            do(np.add, self.dh, self.dY[t - 1], out=self.dh)

    def _put_side_by_side(self, do: Tape, steps: Array, columns: Array) -> None:
        """columns (k, rows, T, B) := steps (T, rows, k, B).

        Where a row of B samples stays together it is copied as one item, since for short rows NumPy's work per item
        outweighs the copy.
        """
        steps = steps.transpose(2, 1, 0, 3)
        if columns.flags.c_contiguous:
            row = np.dtype((np.void, steps.shape[3] * self.dtype.itemsize))
            steps = steps.view(row)
            columns = columns.view(row)
        do.copy(steps, out=columns)

    def initial_gradients(self) -> tuple[Array, ...]:
        """After `backward`: the gradients at the initial states, (H, k, B) each, in the order of `states`."""
        # dh0 = Whᵀ dz[0]
        np.matmul(self.WhT, sites_first(self.dz[0]), out=sites_first(self.dh))
        return tuple(getattr(self, f"d{state}") for state in self.states)

    def input_gradient(self, W: Array, *more: Array) -> Array:
        """After `backward`: the gradient at x (T, D, k, B), the upstream gradient of the layer below.

        Takes all the weights, for cells in which x acts through more than W.
        """
        T, H, k, B = self.shape
        Wx = W[:, :, H:-1]
        # dx[t] = Wxᵀ dz[t]
        np.matmul(transposed(Wx), self._dz_matrix, out=self._dx)
        dx = self._dx.reshape(k, -1, T, B)
        return dx.transpose(2, 1, 0, 3)

    def tape(self, name: str) -> Tape:
        """The tape `forward`, `backward`, or `backward from the end` if dY is that of the last output only."""
        if name not in self._tapes:
            do = Tape(vars(self))
            if name == "forward":
                self._record_forward(do)
            else:
                self._record_backward(do, every=name == "backward")
            self._tapes[name] = do
        return self._tapes[name]
