"""What a payload looks like as arrays: 4 bytes a number, as it is billed.

NumPy may compute in wider numbers, such as whole ones of 8 bytes.  What has no room in 4 bytes is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import WORD
from fgm_ref.transport.wire.letter import Letter, Part, Unreadable
from fgm_ref.transport.written import FORMS, Written

NOTHING, ONE, SEVERAL = 0, 16, 17
"""The forms besides those of `written.py`: no payload, one, or a tuple."""

NARROW = {"f": np.dtype("f4"), "i": np.dtype("i4"), "u": np.dtype("u4")}
"""What a number is on the wire, by the kind of its type."""

WHOLE_NUMBER = np.dtype("O")
"""Stands for Python's own whole numbers."""


def packed(payload: Any) -> tuple[int, list[Part]]:
    """A payload -> its form and its parts."""
    if payload is None:
        return NOTHING, []
    if isinstance(payload, tuple):
        return SEVERAL, [part(one) for one in payload]
    return ONE, [part(payload)]


def part(numbers: Any) -> Part:
    """An array or a number.  Raises `ValueError` for what 4 bytes cannot hold; a single fraction is rounded to them."""
    own = np.asarray(numbers, NARROW["f"] if isinstance(numbers, float) else None)
    dtype = WHOLE_NUMBER if isinstance(numbers, int) else own.dtype
    if own.dtype.kind not in NARROW:
        raise ValueError(f"payload: expected numbers, got {own.dtype}")
    narrow = NARROW[own.dtype.kind]
    if own.dtype.itemsize < WORD:
        raise ValueError(f"payload: expected numbers of {WORD} bytes or more, got {own.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        short = own.astype(narrow)
        if not np.array_equal(short.astype(own.dtype), own, equal_nan=own.dtype.kind == "f"):
            raise ValueError(
                f"payload: expected numbers that {WORD} bytes can hold, as they are billed; got {own.dtype}"
            )
    return Part(short, dtype)


def unpacked(letter: Letter) -> Any:
    """The payload of a letter that no codec has written."""
    payload = [_number(part) for part in letter.parts]
    if letter.form == NOTHING and not payload:
        return None
    if letter.form == ONE and len(payload) == 1:
        return payload[0]
    if letter.form == SEVERAL:
        return tuple(payload)
    raise Unreadable(f"expected a payload, got {len(payload)} arrays in the form {letter.form}")


def _number(part: Part) -> Any:
    if part.dtype == WHOLE_NUMBER:
        return int(part.array)
    wide = part.array.astype(part.dtype)
    return wide if wide.ndim else wide[()]


def is_written(letter: Letter) -> bool:
    """Whether a codec has written it."""
    return letter.form in FORMS


def from_codec(written: Written) -> tuple[int, list[Part]]:
    """What a codec has written -> its form and its parts."""
    parts = zip(written.parts, written.dtypes, written.streams, strict=True)
    return written.form, [Part(array, np.dtype(dtype), stream) for array, dtype, stream in parts]


def to_codec(letter: Letter) -> Written:
    """The inverse."""
    parts: Sequence[Part] = letter.parts
    return Written(
        letter.form,
        tuple(part.array for part in parts),
        tuple(part.stream for part in parts),
        [part.dtype for part in parts],
    )


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are the same to the bit, NaN included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
