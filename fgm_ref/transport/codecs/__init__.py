"""Codecs: how a model or a drift is written on the wire, and what the other end reads.

    float32     4 bytes a number: the run without a codec, bit for bit       plain.py
    float16     2 bytes a number                                             plain.py
    int8        1 byte a number: whole multiples of a scale                  levels.py
    int4, int3  4 and 3 bits a number                                        levels.py
    ternary     1.6 bits a number: −s, 0 or s                                ternary.py
    sign        1 bit a number: −s or s                                      sign.py

Three words may be added with a plus, in any order: `sparse+ternary+ef+zip`.

    sparse      leaves out the rows of an embedding that have not changed    sparse.py
    ef          error feedback: what a message could not say is added to the sender's next one: see feedback.py
    zip         a general compressor has the last word                       zipped.py

What is billed is the size of the arrays that are shipped.  `encoder.py` says what is encoded: differences from what
both ends know.

To add a way of your own, write a class like those in `plain.py` and add it to `VALUES`.
"""

from fgm_ref.transport.codecs.codec import Codec
from fgm_ref.transport.codecs.levels import Int3, Int4, Int8
from fgm_ref.transport.codecs.plain import Coded, Float16, Float32, size
from fgm_ref.transport.codecs.sign import Sign
from fgm_ref.transport.codecs.sparse import Rows
from fgm_ref.transport.codecs.ternary import Ternary

__all__ = [
    "VALUES",
    "WORDS",
    "Codec",
    "Coded",
    "Float16",
    "Float32",
    "Int3",
    "Int4",
    "Int8",
    "Rows",
    "Sign",
    "Ternary",
    "parse_codec",
    "size",
]

KINDS: tuple[type[Float32], ...] = (Float32, Float16, Int8, Int4, Int3, Ternary, Sign)

VALUES = {kind.name: kind for kind in KINDS}
"""How a number may be written, by name."""

WORDS = {"sparse": "sparse", "ef": "feedback", "zip": "zip"}
"""What may be added, and the field of a `Codec` that says so."""


def parse_codec(text: str) -> Codec | None:
    """The codec by its name; None for float32, where there is nothing to encode.

    >>> parse_codec("float32"), parse_codec("sparse").lossless, parse_codec("int8+ef").feedback
    (None, True, True)
    """
    words = text.split("+")
    values = [word for word in words if word in VALUES]
    extras = [word for word in words if word not in VALUES]
    repeated = len(values) > 1 or len(set(extras)) < len(extras)
    if repeated or not set(extras) <= set(WORDS):
        raise ValueError(
            f"codec: expected one of {', '.join(VALUES)}, with {' or '.join(WORDS)} added by a plus; "
            f"got {text!r}"
        )
    numbers = VALUES[values[0] if values else "float32"]()
    codec = Codec(numbers, **{WORDS[word]: True for word in extras})
    if codec.lossless and codec.feedback:
        lossy = ", ".join(name for name, kind in VALUES.items() if not kind.lossless)
        raise ValueError(
            f"codec: expected ef with one of {lossy}, which make an error; got {text!r}"
        )
    return codec if extras or not codec.lossless else None
