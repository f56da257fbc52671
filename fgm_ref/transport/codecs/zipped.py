"""A general compressor has the last word: each array is shipped as a zlib stream where that is shorter.

A codec of b levels spends log₂ b bits on a number.  If small levels are more frequent than large ones, fewer would do:
their entropy, Σ p·log₂(1/p).  What a compressor still saves shows how far a codec is from that.  (zlib knows nothing of
numbers.  It looks for repeated bytes and gives frequent bytes short codes.)

A bit of the header says which of the arrays are streams; a stream marks its own end.  So `zip` never makes a message
longer.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fgm_ref.arrays import Array
from fgm_ref.transport.codecs.plain import Coded

EFFORT = 9
"""zlib's level: from 1, fast, to 9, small."""


def zipped(coded: Coded) -> Coded:
    """Each array, or its stream if that is shorter.

    >>> [len(part) for part in zipped((np.zeros(1000, np.uint8), np.arange(9, dtype=np.uint8)))]
    [17, 9]
    """
    return tuple(min(part, stream(part), key=lambda array: array.nbytes) for part in coded)


def stream(part: Array) -> Array:
    """The bytes of an array, compressed: uint8."""
    return np.frombuffer(zlib.compress(part.tobytes(), EFFORT), np.uint8)


def unzipped(coded: Coded, streams: Sequence[bool], dtypes: Sequence[npt.DTypeLike]) -> Coded:
    """The inverse of `zipped`; `streams` are the bits of the header, and `dtypes` those of the codec's arrays."""
    parts = zip(coded, streams, dtypes, strict=True)
    return tuple(
        np.frombuffer(zlib.decompress(part.tobytes()), dtype) if is_stream else part
        for part, is_stream, dtype in parts
    )
