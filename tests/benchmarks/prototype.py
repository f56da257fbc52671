"""The fastest plain-NumPy training step that we know: what the library's readable code is measured against.

The arithmetic is that of `fgm_ref.learning.lstm`, `rnn`, `losses` and `optim`.  The difference: nothing is left to
do in a step but to call NumPy.  Every array exists beforehand, every view is made beforehand, every constant is an
array of the right type, and the calls of a whole step lie ready in one list, the *tape*.

It is not how one should write a library: no shape can change, and nobody can step through it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from engines import Engine
from workloads import LR, Case, Problem, Workload

from fgm_ref.arrays import Array
from fgm_ref.learning.params import Layout

B1, B2, EPS = 0.9, 0.999, 1e-8
L2 = 1 << 20  # bytes that a stack's weights and one time step's arrays may take up
ADAM_BLOCK = 1 << 14
SPLIT_ABOVE = (
    10**6
)  # OpenBLAS copies the matrix of a product with more multiplications than this; cut its rows


def sites_first(m: Array) -> Array:
    """(feature, site, sample) seen as (site, feature, sample)."""
    return m.swapaxes(0, 1)


class Tape(list[tuple[Callable[..., Any], tuple[Any, ...]]]):
    """Calls to be made, in order."""

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Note one call."""
        self.append((function, arguments))

    def matmul(self, W: Array, u: Array, z: Array) -> None:
        """z = W u for every site; the rows of a big W in pieces that BLAS multiplies without copying them."""
        s, M, N = W.shape
        pieces = -(-M * N * u.shape[2] // SPLIT_ABOVE)
        while M % pieces:
            pieces += 1
        if pieces == 1:
            self(np.matmul, W, u, z)
        else:
            self(
                np.matmul,
                W.reshape(s, pieces, -1, N),
                u[:, None],
                z.reshape(s, pieces, -1, u.shape[2]),
            )

    def play(self) -> None:
        """Make all calls."""
        for function, arguments in self:
            function(*arguments)


class Stack:
    """The arrays that one stack of s sites needs after another, and the calls of its forward and backward pass."""

    def __init__(self, shape: Workload, s: int, dtype: str):
        self.shape, self.s, self.dtype = shape, s, np.dtype(dtype)
        self.layers = [self._arrays(D, H) for _, D, H in shape.spec.layers]
        O, H, B = shape.outputs, shape.hidden[-1], shape.B
        names = {"z": O, "e": O, "dz": O, "dv": H}
        self.top = {name: self.new(rows, s, B) for name, rows in names.items()}
        self.top["v"] = self.new(H + 1, s, B, fill=1)
        self.row, self.total, self.losses = self.new(s, B), self.new(s, B), self.new(s)
        self.one, self.two, self.minus_two, self.inverse = (
            np.array(value, dtype) for value in (1, 2, -2, 1 / B)
        )

    def new(self, *shape: int, fill: float = 0) -> Array:
        """A new array."""
        return np.full(shape, fill, self.dtype)

    def _arrays(self, D: int, H: int) -> dict[str, Array]:
        T, B, s, rows = self.shape.T, self.shape.B, self.s, self.shape.gates * H
        u = self.new(T + 1, H + D + 1, s, B)
        u[:, -1] = 1
        arrays = {
            "u": u,
            "h": u[:, :H],
            "dz": self.new(T, rows, s, B),
            "dzc": self.new(s, rows, T, B),
            "uc": self.new(s, H + D + 1, T, B),
            "dx": self.new(s, D, T * B),
        }
        arrays |= {name: self.new(H, s, B) for name in ("dh", "dc", "t1", "t2")}
        if self.shape.cell == "lstm":
            arrays |= {
                "a": self.new(T, 4, H, s, B),
                "c": self.new(T + 1, H, s, B),
                "tc": self.new(T, H, s, B),
            }
        return arrays

    def record(
        self, do: Tape, w: dict[str, Array], g: dict[str, Array], x: Array, y: Array, losses: Array
    ) -> None:
        """Note a forward and backward pass; x (T, D, s, B), y (s, B)."""
        spec = self.shape.spec
        below = x
        for a, (name, _, H) in zip(self.layers, spec.layers, strict=True):
            do(np.copyto, a["u"][: self.shape.T, H:-1], below)
            (self._lstm_forward if spec.cell == "lstm" else self._rnn_forward)(
                do, a, w[f"{name}.W"]
            )
            below = a["h"][1:]
        self._readout(do, w["readout"], g["readout"], y, below[-1], losses)
        dY = self.top["dv"]
        for a, (name, _, H) in reversed(list(zip(self.layers, spec.layers, strict=True))):
            W = w[f"{name}.W"]
            (self._lstm_backward if spec.cell == "lstm" else self._rnn_backward)(do, a, W, dY)
            T, s = self.shape.T, self.s
            columns = a["dzc"].reshape(s, -1, T * self.shape.B)
            row = np.dtype((np.void, self.shape.B * self.dtype.itemsize))
            do(np.copyto, a["dzc"].view(row), a["dz"].view(row).transpose(2, 1, 0, 3))
            do(np.copyto, a["uc"].view(row), a["u"][:T].view(row).transpose(2, 1, 0, 3))
            do(
                np.matmul,
                columns,
                a["uc"].reshape(s, -1, T * self.shape.B).swapaxes(1, 2),
                g[f"{name}.W"],
            )
            if a is not self.layers[0]:
                do(np.matmul, W[:, :, H:-1].swapaxes(1, 2), columns, a["dx"])
                dY = a["dx"].reshape(s, -1, T, self.shape.B).transpose(2, 1, 0, 3)

    def _logistic(self, do: Tape, z: Array, scale: Array) -> None:
        do(np.exp, z, z)
        do(np.add, z, self.one, z)
        do(np.divide, scale, z, z)

    def _tanh(self, do: Tape, z: Array, out: Array) -> None:
        if self.dtype.itemsize == 4:
            do(np.tanh, z, out)
            return
        do(np.multiply, z, self.minus_two, out)
        self._logistic(do, out, self.two)
        do(np.subtract, out, self.one, out)

    def _lstm_forward(self, do: Tape, a: dict[str, Array], W: Array) -> None:
        V, scale = (
            np.empty(W.shape, self.dtype),
            np.repeat(np.array([-1, -1, -1, -2], self.dtype), W.shape[1] // 4),
        )
        do(np.multiply, W, scale[:, None], V)
        for t in range(self.shape.T):
            z, c, tc = a["a"][t], a["c"][t + 1], a["tc"][t]
            o, i, f, g = z
            do.matmul(V, sites_first(a["u"][t]), sites_first(z.reshape(-1, *z.shape[2:])))
            self._logistic(do, z, self.one)
            do(np.multiply, g, self.two, g)
            do(np.subtract, g, self.one, g)
            do(np.multiply, f, a["c"][t], c)
            do(np.multiply, i, g, a["t1"])
            do(np.add, c, a["t1"], c)
            self._tanh(do, c, tc)
            do(np.multiply, o, tc, a["h"][t + 1])

    def _lstm_backward(self, do: Tape, a: dict[str, Array], W: Array, dY: Array) -> None:
        dh, dc, t1, t2, one = a["dh"], a["dc"], a["t1"], a["t2"], self.one
        every = dY.ndim == 4
        WhT = W[:, :, : len(dh)].swapaxes(1, 2)
        do(np.copyto, dh, dY[-1] if every else dY)
        do(np.copyto, dc, 0)
        for t in reversed(range(self.shape.T)):
            gates, flat, tc = a["a"][t], a["dz"][t], a["tc"][t]
            dz = flat.reshape(gates.shape)
            o, i, f, g = gates
            do(np.multiply, dh, o, t1)
            do(np.multiply, tc, tc, t2)
            do(np.subtract, one, t2, t2)
            do(np.multiply, t1, t2, t1)
            do(np.add, dc, t1, dc)
            do(np.subtract, one, gates[:3], dz[:3])
            do(np.multiply, gates[:3], dz[:3], dz[:3])
            for gate, left, right in ((0, dh, tc), (1, dc, g), (2, dc, a["c"][t])):
                do(np.multiply, left, right, t1)
                do(np.multiply, dz[gate], t1, dz[gate])
            do(np.multiply, g, g, t1)
            do(np.subtract, one, t1, t1)
            do(np.multiply, i, t1, t1)
            do(np.multiply, dc, t1, dz[3])
            if t:
                do(np.multiply, dc, f, dc)
                do.matmul(WhT, sites_first(flat), sites_first(dh))
                if every:
                    do(np.add, dh, dY[t - 1], dh)

    def _rnn_forward(self, do: Tape, a: dict[str, Array], W: Array) -> None:
        V = np.empty(W.shape, self.dtype)
        do(np.multiply, W, self.minus_two, V)
        for t in range(self.shape.T):
            h = a["h"][t + 1]
            do.matmul(V, sites_first(a["u"][t]), sites_first(h))
            self._logistic(do, h, self.two)
            do(np.subtract, h, self.one, h)

    def _rnn_backward(self, do: Tape, a: dict[str, Array], W: Array, dY: Array) -> None:
        dh, every = a["dh"], dY.ndim == 4
        WhT = W[:, :, : len(dh)].swapaxes(1, 2)
        do(np.copyto, dh, dY[-1] if every else dY)
        for t in reversed(range(self.shape.T)):
            h, dz = a["h"][t + 1], a["dz"][t]
            do(np.multiply, h, h, dz)
            do(np.subtract, self.one, dz, dz)
            do(np.multiply, dz, dh, dz)
            if t:
                do.matmul(WhT, sites_first(dz), sites_first(dh))
                if every:
                    do(np.add, dh, dY[t - 1], dh)

    def _readout(self, do: Tape, W: Array, dW: Array, y: Array, h: Array, losses: Array) -> None:
        z, e, dz, v, dv = (self.top[name] for name in ("z", "e", "dz", "v", "dv"))
        truth = (np.arange(len(z))[:, None, None] == y).astype(self.dtype)
        do(np.copyto, v[:-1], h)
        do(np.matmul, W, sites_first(v), sites_first(z))
        do(np.maximum.reduce, z, 0, None, self.row)
        do(np.subtract, z, self.row, z)
        do(np.exp, z, e)
        do(np.add.reduce, e, 0, None, self.total)
        do(np.divide, e, self.total, dz)
        do(np.subtract, dz, truth, dz)
        do(np.multiply, dz, self.inverse, dz)
        do(np.log, self.total, self.total)
        do(np.multiply, z, truth, e)
        do(np.add.reduce, e, 0, None, self.row)
        do(np.subtract, self.total, self.row, self.row)
        do(np.add.reduce, self.row, 1, None, losses)
        do(np.matmul, sites_first(dz), sites_first(v).swapaxes(1, 2), dW)
        do(np.matmul, W[:, :, :-1].swapaxes(1, 2), sites_first(dz), sites_first(dv))


class Prototype(Engine):
    """The tape of all stacks, and Adam with moments that are left unscaled (the scale goes into rate and eps)."""

    def __init__(self, case: Case, given: Problem):
        shape, layout = case.shape, Layout(case.shape.spec.shapes())
        self.P, self.G = given.P.copy(), np.zeros_like(given.P)
        self.losses = np.zeros(case.k, case.dtype)
        self.passes, self.adam, self.t = Tape(), Tape(), 0
        s = self.stack_size(case)
        stacks: dict[int, Stack] = {}
        for j in range(0, case.k, s):
            rows = slice(j, min(j + s, case.k))
            size = rows.stop - j
            stack = stacks.setdefault(size, Stack(shape, size, case.dtype))
            x = np.ascontiguousarray(given.x[rows].transpose(2, 3, 0, 1))
            stack.record(
                self.passes,
                layout.views(self.P[rows]),
                layout.views(self.G[rows]),
                x,
                given.y[rows],
                self.losses[rows],
            )
        self._record_adam(case.dtype)

    @staticmethod
    def stack_size(case: Case) -> int:
        """Sites per stack, such that weights and one time step fit into the L2 cache."""
        numbers = max(
            4 * H * (H + D + 1) + (12 * H + H + D + 1) * case.shape.B
            for _, D, H in case.shape.spec.layers
        )
        fitting = max(1, L2 // (numbers * np.dtype(case.dtype).itemsize))
        return -(-case.k // -(-case.k // fitting))

    def _record_adam(self, dtype: str) -> None:
        self.rate, self.eps, b1, b2 = (np.array(value, dtype) for value in (0, 0, B1, B2))
        p, g = self.P.ravel(), self.G.ravel()
        m, v, a = np.zeros_like(p), np.zeros_like(p), np.zeros(ADAM_BLOCK, dtype)
        for j in range(0, p.size, ADAM_BLOCK):
            P, G, M, V = (array[j : j + ADAM_BLOCK] for array in (p, g, m, v))
            A = a[: P.size]
            for call in (
                (np.multiply, M, b1, M),
                (np.add, M, G, M),
                (np.multiply, V, b2, V),
                (np.multiply, G, G, A),
                (np.add, V, A, V),
                (np.sqrt, V, A),
                (np.add, A, self.eps, A),
                (np.divide, M, A, A),
                (np.multiply, A, self.rate, A),
                (np.subtract, P, A, P),
            ):
                self.adam(*call)

    def step(self) -> None:
        self.passes.play()
        self.t += 1
        root = ((1 - B2) / (1 - B2**self.t)) ** 0.5
        self.rate[...] = LR * (1 - B1) / ((1 - B1**self.t) * root)
        self.eps[...] = EPS / root
        self.adam.play()

    def gradient(self) -> Array:
        self.passes.play()
        return self.G

    def weights(self) -> Array:
        return self.P
