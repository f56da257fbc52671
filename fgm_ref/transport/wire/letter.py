"""A letter: a message of a protocol, or a word between the ranks, as bytes.

    header      of fixed length: who, which kind, which round, what sort of arrays follow
    arrays      one after the other, as they lie in memory

Nothing is pickled, so whoever receives a letter runs no code of its sender.  What cannot be read is `Unreadable`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import KINDS, NO_CAUSE, NO_TAG, Cause, Tag

MAGIC, VERSION = b"FGM", 1
MOST_PARTS, MOST_AXES = 3, 4
REASON = 16
"""Characters of a cause's name, as in a saved log."""

_HEAD = struct.Struct(f"<3sB hhiihB iii {4 * REASON}sd B")
_PART = struct.Struct(f"<4s4sBB{MOST_AXES}qq")
HEADER = _HEAD.size + MOST_PARTS * _PART.size
"""Bytes of the envelope."""

_BLANK = bytes(_PART.size)


class Unreadable(ValueError):
    """What has arrived is no letter, or not one that was expected."""


@dataclass(frozen=True)
class Part:
    """An array on its way; `dtype` is what it is to be at the other end, and `stream` says that it is compressed."""

    array: Array
    dtype: np.dtype[Any]
    stream: bool = False


@dataclass(frozen=True)
class Letter:
    """One letter.

    `what` is the number of a message's kind in `KINDS`, or below 0 a word between the ranks.  `site` is who it is to or
    from; `of` letters to the sites of one rank belong together.  A POLL asks for the kind `wanted`.  `form` says what
    the parts make up (see `payload.py` and `written.py`).  `clock` counts the steps that the sender has made.
    """

    what: int
    site: int = -1
    of: int = 1
    wanted: int = -1
    tag: Tag = NO_TAG
    cause: Cause = NO_CAUSE
    form: int = 0
    parts: Sequence[Part] = ()
    clock: int = 0

    @property
    def payload(self) -> int:
        """Bytes behind the header."""
        return sum(part.array.nbytes for part in self.parts)

    @property
    def arrays(self) -> list[Array]:
        """The parts' arrays."""
        return [part.array for part in self.parts]


def write(letter: Letter) -> Array:
    """A letter as bytes, uint8."""
    head = _head(letter)
    descriptions = [_describe(part) for part in letter.parts]
    blanks = [_BLANK] * (MOST_PARTS - len(descriptions))
    contents = [np.ascontiguousarray(part.array).tobytes() for part in letter.parts]
    return np.frombuffer(b"".join([head, *descriptions, *blanks, *contents]), np.uint8)


def read(letter: Array) -> Letter:
    """The inverse.  Raises `Unreadable`."""
    data = letter.tobytes()
    if len(data) < HEADER:
        raise Unreadable(f"expected a header of {HEADER} bytes, got {len(data)} bytes in all")
    magic, version, what, wanted, site, of, block, count, *rest = _HEAD.unpack_from(data)
    if (magic, version) != (MAGIC, VERSION):
        raise Unreadable(
            f"expected a letter that begins with {MAGIC!r} {VERSION}, got {magic!r} {version}"
        )
    round, subround, clock, reason, value, form = rest
    parts, end = [], HEADER
    for number in range(_expect_few(count)):
        part, end = _part(data, HEADER - (MOST_PARTS - number) * _PART.size, end)
        parts.append(part)
    if end != len(data):
        raise Unreadable(f"expected {end} bytes, as the header says; got {len(data)}")
    return Letter(
        _expect_known(what),
        site,
        of,
        wanted,
        Tag(round, subround, block),
        (reason.rstrip(b"\0").decode(), value),
        form,
        parts,
        clock,
    )


def _head(letter: Letter) -> bytes:
    round, subround, block = letter.tag
    reason, value = letter.cause
    return _HEAD.pack(
        MAGIC,
        VERSION,
        letter.what,
        letter.wanted,
        letter.site,
        letter.of,
        block,
        _expect_few(len(letter.parts)),
        round,
        subround,
        letter.clock,
        reason[:REASON].encode(),
        value,
        letter.form,
    )


def _describe(part: Part) -> bytes:
    array = part.array
    if array.ndim > MOST_AXES:
        raise ValueError(f"payload: expected at most {MOST_AXES} axes, got {array.ndim}")
    shape = array.shape + (0,) * (MOST_AXES - array.ndim)
    types = array.dtype.str.encode(), part.dtype.str.encode()
    return _PART.pack(*types, array.ndim, part.stream, *shape, array.nbytes)


def _part(data: bytes, where: int, begin: int) -> tuple[Part, int]:
    """The part that is described at `where` and begins at `begin`, and where it ends."""
    *types, axes, stream, d0, d1, d2, d3, length = _PART.unpack_from(data, where)
    shape = (d0, d1, d2, d3)[:axes]
    end = begin + length
    try:
        lies, becomes = (np.dtype(one.rstrip(b"\0").decode()) for one in types)
        array = np.frombuffer(data[begin:end], lies).reshape(shape)
    except (TypeError, ValueError, UnicodeDecodeError) as error:
        raise Unreadable(
            f"expected an array as the header describes it, got none: {error}"
        ) from None
    return Part(array.copy(), becomes, bool(stream)), end


def _expect_few(parts: int) -> int:
    if parts > MOST_PARTS:
        raise Unreadable(f"expected at most {MOST_PARTS} arrays, got {parts}")
    return parts


def _expect_known(what: int) -> int:
    if what >= len(KINDS):
        raise Unreadable(f"expected a kind below {len(KINDS)}, got {what}")
    return what
