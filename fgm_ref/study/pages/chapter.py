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
        return [self.about, "", *grid(self.header, self.body), ""]


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
