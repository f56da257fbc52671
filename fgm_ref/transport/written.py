"""A payload as a codec has written it: what must lie on the wire so that the other end can read it.

An encoder of the simulator only says what arrives and what it weighs.  Where the ends lie apart, the one writes and the
other reads; `encoder.written` is what was written last, and `encoder.read` is the inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs.plain import Coded
from fgm_ref.transport.codecs.zipped import unzipped

WHOLE_VECTOR, ABSOLUTE, DIFFERENCE, SEEDED = FORMS = tuple(range(1, 5))
"""All of x at 4 bytes a number; x by a codec; x − r by a codec; the seed that x is made from."""


@dataclass(frozen=True)
class Written:
    """`parts` are the arrays on the wire; some are streams of what a codec has made (see `zipped.py`)."""

    form: int
    parts: Coded
    streams: tuple[bool, ...]
    dtypes: Sequence[npt.DTypeLike]

    @property
    def coded(self) -> Coded:
        """What the codec has made, out of the streams."""
        return unzipped(self.parts, self.streams, self.dtypes)


def plain(form: int, *parts: Array) -> Written:
    """Arrays that are shipped as they are."""
    return Written(form, parts, (False,) * len(parts), [part.dtype for part in parts])


def by_codec(form: int, coded: Coded, shipped: Coded) -> Written:
    """What a codec has made, and what is shipped of it."""
    streams = tuple(a is not b for a, b in zip(coded, shipped, strict=True))
    return Written(form, shipped, streams, [part.dtype for part in coded])
