"""How a table is written: the signs between cells and inside numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The signs of a file.  The defaults are those that the strict reader takes."""

    delimiter: str = ""  # between cells; "": whichever of , ; tab is most frequent in the header


STRICT = Dialect()
