"""How a table is written: the signs between its cells, and those inside its numbers.

The default is the strict dialect: a point in front of decimals, nothing between thousands, and the delimiter that
the header shows.  Everything else is read only if somebody says so.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "blank": " ", "bar": "|"}
SPACES = re.compile("[\u00a0\u2009\u202f]")  # blanks that do not break a line, and thin ones


@dataclass(frozen=True)
class Dialect:
    """The signs of a file.  `ValueError` for signs that would be mistaken for each other."""

    delimiter: str = (
        ""  # a sign or one of DELIMITERS; "": whichever of , ; tab is most in the header
    )
    decimal: str = "."  # or a comma
    thousands: str = ""  # such as "," or "."; "": none
    percent: bool = False  # whether 7% is the number 7
    encoding: str = "utf-8"
    header: bool = True  # whether the first line has the names; else they are c1, c2, ...
    comment: str = ""  # lines that start with it are passed over
    row_end: str = ""  # what stands at the end of each row and belongs to no cell

    def __post_init__(self) -> None:
        """Words become signs, and signs are compared."""
        for name in ("delimiter", "thousands"):
            sign = getattr(self, name)
            object.__setattr__(self, name, DELIMITERS.get(sign, sign))
        if self.decimal not in (".", ","):
            raise ValueError(f"decimal: expected a point or a comma, got {self.decimal!r}")
        self._expect_sign("delimiter", self.delimiter)
        self._expect_sign("thousands", self.thousands)
        if self.thousands == self.decimal:
            raise ValueError(
                f"thousands: expected another sign than before decimals, got {self.decimal!r} for both"
            )
        self._expect_encoding()

    def _expect_sign(self, name: str, sign: str) -> None:
        if len(sign) > 1 or sign.isalnum() or sign in ('"', "\n", "\r", "-", "+"):
            words = " or ".join([", ".join(DELIMITERS), "a single sign"])
            raise ValueError(f"{name}: expected {words}, got {sign!r}")

    def _expect_encoding(self) -> None:
        try:
            known = codecs.lookup(self.encoding)
            "".encode(known.name)
        except (LookupError, ValueError):
            raise ValueError(
                f"encoding: expected the name of one, such as utf-8, cp1252 or utf-16, got {self.encoding!r}"
            ) from None

    @cached_property
    def plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self.decimal == "." and not self.thousands and not self.percent

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        """A number whose thousands are set apart, each three digits long."""
        sign, point = re.escape(self.thousands), re.escape(self.decimal)
        return re.compile(rf"[+-]?\d{{1,3}}({sign}\d{{3}})+({point}\d*)?(e[+-]?\d+)?", re.I)

    def number(self, cell: str) -> float | None:
        """The number in a cell, if it is one.

        >>> Dialect(decimal=",", thousands=".").number("1.234,50"), Dialect(thousands=",").number("1,00")
        (1234.5, None)
        """
        text: str | None = cell
        if not self.plain:
            text = self._plainly(cell)
        try:
            return None if text is None else float(text)
        except ValueError:
            return None

    def _plainly(self, cell: str) -> str | None:
        """A number's text as Python would write it; None if its signs are not where they belong."""
        text = cell.removesuffix("%").rstrip() if self.percent else cell
        if self.thousands == " ":
            text = SPACES.sub(" ", text)
        if self.thousands and self.thousands in text:
            if not self._grouped.fullmatch(text):
                return None
            text = text.replace(self.thousands, "")
        if self.decimal == ".":
            return text
        return None if "." in text else text.replace(",", ".")


STRICT = Dialect()

THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
CONTINENTAL = re.compile(r"[+-]?\d{1,3}(\.\d{3})*,\d+")
PERCENT = re.compile(r"[+-]?\d+([.,]\d+)?\s?%")


class Advice(NamedTuple):
    """How cells that are no numbers would be numbers."""

    what: str  # they have
    option: str  # reads it
    comma: bool = False  # whether a comma is all that is in the way


def advice(cells: list[str], dialect: Dialect) -> Advice | None:
    """How these cells, none of them a number, would be numbers, if there is one way for all of them.

    >>> advice(["1,000", "12,500"], STRICT).option, advice(["1,5", "1,000"], STRICT).option
    ('--thousands ,', '--decimal ,')
    """
    fitting = (way for fits, way in ways(dialect) if all(map(fits, cells)))
    return next(fitting, None) if cells else None


def ways(dialect: Dialect) -> Sequence[tuple[Callable[[str], object], Advice]]:
    """What there is to ask for in addition to a dialect, and which cells it reads."""
    if dialect.decimal == "," and not dialect.thousands:
        return [(CONTINENTAL.fullmatch, Advice("points between thousands", "--thousands ."))]
    if not dialect.plain:
        return []
    return [
        (THOUSANDS.fullmatch, Advice("separators of thousands", "--thousands ,", comma=True)),
        (has_decimal_comma, Advice("a decimal comma", "--decimal ,", comma=True)),
        (CONTINENTAL.fullmatch, Advice("points between thousands", "--decimal , --thousands .")),
        (PERCENT.fullmatch, Advice("percent signs", "--percent")),
    ]


def has_decimal_comma(cell: str) -> bool:
    """Whether the cell is a number once a comma is taken for the decimal point."""
    return "," in cell and STRICT.number(cell.replace(",", ".", 1)) is not None
