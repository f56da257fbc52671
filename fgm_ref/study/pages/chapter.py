"""A chapter of the report: what was found in two sentences, a picture, a table.  All from the rows of one table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Table:
    """A table in Markdown, with a line above it."""

    about: str
    header: Sequence[str]
    body: Sequence[Sequence[str]]

    def lines(self) -> list[str]:
        """The table; a bar inside a cell would split it."""
        rows = [self.header, ["---"] * len(self.header), *self.body]
        return [
            self.about,
            "",
            *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows),
            "",
        ]


class Picture(NamedTuple):
    """A figure, the name of its file, and what can be seen on it."""

    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Chapter:
    """`answers` go to the report's first screen, `findings` stand at the head of the chapter, `notes` at its foot."""

    title: str
    findings: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[Table]
    answers: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    def lines(self, folder: str) -> list[str]:
        """The chapter in Markdown; its pictures are in `folder`."""
        lines = [f"## {self.title}", "", " ".join(self.findings), ""]
        for name, _, caption in self.pictures:
            lines += [f"![{caption}]({folder}/{name}.png)", "", f"*{caption}*", ""]
        lines += [line for table in self.tables for line in table.lines()]
        return [*lines, *(line for note in self.notes for line in (note, ""))]
