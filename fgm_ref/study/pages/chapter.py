"""A chapter of the report: what was found in two sentences, a picture, a table.  All from the rows of one table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from matplotlib.figure import Figure

WIDEST = 8
"""A table with more columns is cut into several."""


@dataclass(frozen=True)
class Table:
    """A table in Markdown, with a line above it; the first `keys` columns name a line."""

    about: str
    header: Sequence[str]
    body: Sequence[Sequence[str]]
    keys: int = 1

    def lines(self) -> list[str]:
        """The table, in several parts if it is too wide."""
        lines: list[str] = []
        for number, columns in enumerate(self.parts()):
            body = [[row[column] for column in columns] for row in self.body]
            about = "The same lines, further columns:" if number else self.about
            lines += [about, "", *grid([self.header[column] for column in columns], body), ""]
        return lines

    def parts(self) -> list[list[int]]:
        """The columns of each part, as equal in width as can be; the keys come first in all.

        >>> Table("", "abcdefghijk", [], keys=2).parts()
        [[0, 1, 2, 3, 4, 5, 6], [0, 1, 7, 8, 9, 10]]
        """
        keys = list(range(self.keys))
        others = list(range(self.keys, len(self.header)))
        number = -(-len(others) // (WIDEST - self.keys)) or 1
        size = -(-len(others) // number)
        starts = range(0, max(len(others), 1), size or 1)
        return [keys + others[start : start + size] for start in starts]


def grid(header: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; a bar inside a cell would split it.

    >>> grid(["x", "|x|"], [["1", "2"]])
    ['| x | /x/ |', '| --- | --- |', '| 1 | 2 |']
    """
    rule = ["---"] * len(header)
    return [_line(row) for row in (header, rule, *body)]


def _line(row: Sequence[str]) -> str:
    cells = [cell.replace("|", "/") for cell in row]
    return f"| {' | '.join(cells)} |"


class Picture(NamedTuple):
    """A figure, the name of its file, and what can be seen on it."""

    name: str
    figure: Figure
    caption: str


class Answer(NamedTuple):
    """A reader's question, what these runs say to it, and a figure that shows it."""

    question: str
    text: str
    picture: Picture | None = None

    def lines(self, folder: str) -> list[str]:
        """The answer in Markdown."""
        return [f"### {self.question}", "", self.text, "", *_shown(self.picture, folder)]


@dataclass(frozen=True)
class Chapter:
    """`digest` opens the report, `answers` sum up the first round; `findings` stand at the chapter's head, `notes` at
    its foot.
    """

    title: str
    findings: Sequence[str]
    pictures: Sequence[Picture]
    tables: Sequence[Table]
    answers: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)
    digest: Sequence[Answer] = ()

    @property
    def drawn(self) -> list[Picture]:
        """All pictures, those of the digest first."""
        return [answer.picture for answer in self.digest if answer.picture] + [*self.pictures]

    def lines(self, folder: str) -> list[str]:
        """The chapter in Markdown; its pictures are in `folder`."""
        lines = [f"## {self.title}", "", " ".join(self.findings), ""]
        for picture in self.pictures:
            lines += _shown(picture, folder)
        for table in self.tables:
            lines += table.lines()
        for note in self.notes:
            lines += [note, ""]
        return lines


def _shown(picture: Picture | None, folder: str) -> list[str]:
    """A picture in Markdown, with its caption below it."""
    if not picture:
        return []
    return [
        f"![{picture.caption}]({folder}/{picture.name}.png)",
        "",
        f"*{picture.caption}*",
        "",
    ]
