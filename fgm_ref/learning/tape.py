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
from numpy.lib.array_utils import byte_bounds

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
        """Such as `c[1] (3, 2, 4) = add(parts[0], parts[1])`."""
        operands = [one for one in arguments if one is not None]
        if operands[-1] is out:
            operands.pop()
        if operands and operands[0] is out and function is np.copyto:
            operands.pop(0)
        name = getattr(function, "__name__", str(function))
        if name == "reduce":
            name = f"{function.__self__.__name__}.reduce"
        named = ", ".join(map(self._name, operands))
        return f"{self._name(out)} {out.shape} = {name}({named})"

    def _name(self, operand: Any) -> str:
        """The narrowest of the named arrays, or of their parts, that holds the operand; `?` if none does."""
        if not isinstance(operand, np.ndarray):
            return str(operand)
        if operand.ndim == 0:
            return f"{operand:g}"
        places = [
            _narrowest(operand, name, array)
            for name, array in self.names.items()
            if isinstance(array, np.ndarray) and array.ndim
        ]
        found = [place for place in places if place]
        return min(found)[2] if found else "?"


def _narrowest(operand: Array, name: str, array: Array) -> tuple[int, int, str] | None:
    """(bytes, length, text) of the smallest part such as `a[0, 2]` of an array that the operand lies in."""
    if not _holds(array, operand):
        return None
    index: list[int] = []
    part = array
    while part.ndim > 1:
        inside = [n for n in range(len(part)) if _holds(part[n], operand)]
        if len(inside) != 1:
            break
        index += inside
        part = part[inside[0]]
    if not part.flags.c_contiguous:
        return None
    text = f"{name}[{', '.join(map(str, index))}]" if index else name
    return part.nbytes, len(text), text


def _holds(array: Array, operand: Array) -> bool:
    """Whether the operand's bytes lie between the first and the last of the array's."""
    first, last = byte_bounds(array)
    begin, end = byte_bounds(operand)
    return bool(first <= begin and end <= last)


def _pieces(rows: int, wanted: int) -> int:
    """Into how many equal pieces to cut the rows: as many as wanted or a few more; 1 if that cannot be."""
    for pieces in range(wanted, min(rows, 4 * wanted) + 1):
        if rows % pieces == 0:
            return pieces
    return 1
