"""What a console can show: its characters, and its width."""

import codecs
import io
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

SIGNS = {
    "−": "-",
    "–": "-",
    "·": "*",
    "×": "x",
    "½": "1/2",
    "±": "+-",
    "‖": "||",
    "√": "sqrt ",
    "Σ": "sum ",
    "∂": "d",
    "∇": "grad ",
    "∞": "inf",
    "∝": "~",
    "⊙": "*",
    "≤": "<=",
    "↑": "^",
    "↓": "v",
    "≥": ">=",
    "≈": "~",
    "→": "->",
    "←": "<-",
    "⇒": "=>",
    "↦": "|->",
    "λ": "lambda",  # which Unicode calls lamda
    "⌊": "floor(",
    "⌋": ")",
    "⌈": "ceil(",
    "⌉": ")",
    "⟨": "<",
    "⟩": ">",
    "\u0302": "^",  # the hat of a letter
    "°": "deg ",
    "…": "...",
}
"""What stands for a sign where a console has none."""

LEVELS = {"<super>": "^", "<sub>": "_"}
"""What stands before a raised or a lowered character."""

STRICT = ("strict", "surrogateescape", "backslashreplace")
"""Ways to treat such signs that Python chooses by itself; what the user has chosen is left alone."""


def readable() -> None:
    """From now on stdout and stderr spell out what their encoding has no letter for."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in STRICT:
            stream.reconfigure(errors="fgm_ref.spelt")


def spelt(letter: str) -> str:
    """A letter or a sign in ASCII: Greek letters by their names, what is not ours by its number.

    >>> spelt("φ"), spelt("Δ"), spelt("≤"), spelt("²"), spelt("ü")
    ('phi', 'Delta', '<=', '^2', '\\\\xfc')
    """
    if letter in SIGNS:
        return SIGNS[letter]
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)", unicodedata.name(letter, ""))
    if greek:
        size, name = greek.groups()
        return name.lower() if size == "SMALL" else name.title()
    level, _, plain = unicodedata.decomposition(letter).partition(" ")
    if level in LEVELS:
        character = chr(int(plain, 16))
        return LEVELS[level] + SIGNS.get(character, character)
    return letter.encode("ascii", "backslashreplace").decode("ascii")


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """The handler for `reconfigure`: what to write instead of the first letter in trouble, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":  # a byte of a file's name, as it came
        return bytes([ord(letter) - 0xDC00]), error.start + 1
    return spelt(letter), error.start + 1


codecs.register_error("fgm_ref.spelt", _spell)


def width() -> int | None:
    """Columns of the terminal that stdout goes to; None for a file or a pipe, which are as wide as need be."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def wrapped(lines: Iterable[str], columns: int | None, indent: int = 6) -> Iterator[str]:
    """Lines that are too long go on in the next one, indented; they are cut between words only.

    >>> list(wrapped(["one two three", "four"], 8, indent=2))
    ['one two', '  three', 'four']
    """
    for line in lines:
        if columns is None or len(line) <= columns:
            yield line
        else:
            yield from textwrap.wrap(
                line,
                columns,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
