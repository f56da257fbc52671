"""A tape: the calls of a training step, written down once and made again in every step.

A recurrent network makes the same few calls at every time step, on arrays that stay where they are.  A small network
spends most of its time on what surrounds them: loops, indices, views.  So the cells do not compute; they *record*

    do = Tape()
    do(np.multiply, f, c_before, out=c)      c = f ⊙ c_before
    do(np.add, c, new, out=c)                c = c + new

and `do.play()` makes all the calls, in order.  What an operand holds is looked up when the tape is played; where it
lies is fixed when it is recorded.

To look inside: `print(do)` shows every call by the names and shapes of its arrays, `do.steps()` plays it call by call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array

PACKING = 10**6
"""OpenBLAS copies the left matrix of a product with more multiplications than this before it multiplies."""

NARROW = 64
"""With so many columns or fewer that copy takes longer than it saves."""


class Call(NamedTuple):
    """One call on the tape: `out` = function(*operands).  `text` names the arrays and tells their shapes."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    out: Array
    text: str


class Tape:
    """Calls to be made in order.  `names` are the arrays that `print` knows, such as `vars(layer)`."""

    def __init__(self, names: Mapping[str, Any] | None = None) -> None:
        self.names = names or {}
        self._calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self._outs: list[Array] = []

    def __call__(self, function: Callable[..., Any], *operands: Any, out: Array) -> None:
        """Record out = function(*operands), for a NumPy function that takes `out` as its last argument."""
        self._record(function, (*operands, out), out)

    def _record(self, function: Callable[..., Any], arguments: tuple[Any, ...], out: Array) -> None:
        self._calls.append((function, arguments))
        self._outs.append(out)

    def copy(self, source: Any, out: Array) -> None:
        """Record out = source; a number is given to all of `out`."""
        self._record(np.copyto, (out, source), out)

    def take(self, source: Array, where: Array, out: Array) -> None:
        """Record out = source[where], for a flat `source`; `IndexError` when played if there is no such place."""
        self._record(source.take, (where, None, out), out)

    def put(self, values: Array, where: Array, out: Array) -> None:
        """Record out[where] = values, for a flat `out`."""
        self._record(out.put, (where, values), out)

    def reduce(self, function: np.ufunc, operand: Array, axis: int, out: Array) -> None:
        """Record out = function.reduce(operand, axis), such as a sum by `np.add`."""
        self._record(function.reduce, (operand, axis, None, out), out)

    def matmul(self, A: Array, X: Array, out: Array) -> None:
        """Record out = A X for every site: A (k, M, N), X (k, N, B), out (k, M, B).

        The rows of a big A are cut into pieces, free of charge, which BLAS multiplies without copying them.
        """
        k, M, N = A.shape
        B = X.shape[2]
        pieces = _pieces(M, -(-M * N * B // PACKING)) if B <= NARROW else 1
        if pieces == 1:
            self(np.matmul, A, X, out=out)
            return
        rows_of_A = A.reshape(k, pieces, -1, N)
        rows_of_out = out.reshape(k, pieces, -1, B)
        assert np.shares_memory(rows_of_A, A) and np.shares_memory(rows_of_out, out)
        self(np.matmul, rows_of_A, X[:, None], out=rows_of_out)

    def play(self) -> None:
        """Make all calls."""
        for function, arguments in self._calls:
            function(*arguments)

    def steps(self) -> Iterator[Call]:
        """Make the calls one by one; each is handed out after it was made."""
        for (function, arguments), out in zip(self._calls, self._outs, strict=True):
            function(*arguments)
            yield Call(function, arguments, out, self._text(function, arguments, out))

    def __len__(self) -> int:
        return len(self._calls)

    def __str__(self) -> str:
        calls = zip(self._calls, self._outs, strict=True)
        return "\n".join(self._text(*call, out) for call, out in calls)

    def _text(self, function: Any, arguments: tuple[Any, ...], out: Array) -> str:
        """`c[1] (3, 2, 4) = multiply(f[0], c[0])`."""
        operands = [self._name(a) for a in arguments if a is not out and a is not None]
        name = getattr(function, "__name__", str(function))
        if name == "reduce":
            name = f"{function.__self__.__name__}.reduce"
        return f"{self._name(out)} {out.shape} = {name}({', '.join(operands)})"

    def _name(self, operand: Any) -> str:
        """The narrowest of the named arrays that holds the operand, such as `c[2]`; `?` if none does."""
        if not isinstance(operand, np.ndarray):
            return str(operand)
        if operand.size == 1 and operand.ndim == 0:
            return f"{operand:g}"
        found = [(size, text) for size, text in self._places(operand)]
        return min(found)[1] if found else "?"

    def _places(self, operand: Array) -> Iterator[tuple[int, str]]:
        """(bytes, text) of every named array, or item along its first axis, that the operand lies in."""
        begin, end = np.lib.array_utils.byte_bounds(operand)
        for name, array in self.names.items():
            if not isinstance(array, np.ndarray) or array.ndim == 0:
                continue
            first, last = np.lib.array_utils.byte_bounds(array)
            if not first <= begin < end <= last:
                continue
            yield last - first, name
            item = (begin - first) // array.strides[0]
            if item < len(array):
                lower, upper = np.lib.array_utils.byte_bounds(array[item])
                if lower <= begin < end <= upper:
                    yield upper - lower, f"{name}[{item}]"


def _pieces(rows: int, wanted: int) -> int:
    """Into how many equal pieces to cut the rows: as many as wanted or a few more; 1 if that cannot be."""
    for pieces in range(wanted, min(rows, 4 * wanted) + 1):
        if rows % pieces == 0:
            return pieces
    return 1
