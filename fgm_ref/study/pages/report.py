"""The report: a page that answers first and explains afterwards, made from the tables alone.

`page(folder)` reads `<experiment>.csv` of each chapter; a chapter without a table is left out.  The same tables
give the same text.  What can be said of a ratio is decided by its interval (`words.py`), so the prose follows the
numbers if they change.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from matplotlib import rc_context

from fgm_ref.files import atomic
from fgm_ref.study.numbers.rows import Rows
from fgm_ref.study.pages import bibliography
from fgm_ref.study.pages.chapter import Chapter, Picture
from fgm_ref.study.pages.chapters import claims
from fgm_ref.study.running.store import table

SECOND = ("fewest", "rates", "servers", "bits", "paces", "promises", "skew")
FIRST = (
    "fronts",
    "safe",
    "shipped",
    "scale",
    "rebalancing",
    "why",
    "sweeps",
    "drift",
    "faults",
    "gradients",
)
CHAPTERS = (*SECOND, *FIRST)
"""The chapters of both rounds, in the order of the page."""

TITLE = "# The fewest bytes at equal loss: which protocol should train a recurrent network?"
FIRST_ROUND = "## The first round in short"
CLAIMS = "## What the thesis claims"
PAGE = "study.md"
PICTURES = "images/study"
READING, METHOD = (Path(__file__).with_name(name) for name in ("reading.md", "method.md"))


@dataclass(frozen=True)
class Report:
    """Chapters by name, and the tables that they were made from."""

    chapters: dict[str, Chapter]
    tables: Mapping[str, Rows]

    def text(self) -> str:
        """The page in Markdown."""
        lines = [TITLE, "", self.how_sure(), "", *self.digest(), *self.contents(), ""]
        for name in self.chapters:
            if name == self.first:
                lines += [FIRST_ROUND, "", *self.numbered(), ""]
            lines += self.chapters[name].lines(PICTURES)
        if "sweeps" in self.tables:
            lines += [CLAIMS, "", *claims.table(self.tables).lines()]
        lines += [METHOD.read_text(encoding="utf-8"), *bibliography.lines()]
        return literal("\n".join(lines))

    @property
    def first(self) -> str | None:
        """The first chapter of the first round."""
        return next((name for name in self.chapters if name in FIRST), None)

    def digest(self) -> list[str]:
        """The questions of a reader, what the second round says to them, and a figure for each."""
        answers = [answer for chapter in self.chapters.values() for answer in chapter.digest]
        return [line for answer in answers for line in answer.lines(PICTURES)]

    def contents(self) -> list[str]:
        """A link to each chapter."""
        titles = [chapter.title for chapter in self.chapters.values()]
        return [f"- [{title}](#{anchor(title)})" for title in titles]

    def numbered(self) -> list[str]:
        """The answers of the first round."""
        answers = [answer for chapter in self.chapters.values() for answer in chapter.answers]
        return [f"{number}. {answer}" for number, answer in enumerate(answers, 1)]

    def how_sure(self) -> str:
        """How the numbers above are to be read."""
        runs = sum(map(len, self.tables.values()))
        return READING.read_text(encoding="utf-8").format(runs=runs)


def write(folder: Path, pages: Path | None = None) -> list[Path]:
    """Write the page and its pictures from the tables in `folder`; returns their paths, none if there is no table.

    They go to `pages`, by default to the same folder.
    """
    report = collect(folder)
    if not report.chapters:
        return []
    pages = pages or folder
    page = pages / PAGE
    with atomic(page) as part:
        part.write_text(report.text(), encoding="utf-8")
    pictures = [picture for chapter in report.chapters.values() for picture in chapter.drawn]
    return [page, *(draw(picture, pages / PICTURES) for picture in pictures)]


def draw(picture: Picture, folder: Path) -> Path:
    """Write a picture; returns its path."""
    path = folder / f"{picture.name}.png"
    with atomic(path) as part, rc_context({"savefig.pad_inches": 0.1}):
        picture.figure.savefig(part, format="png", metadata={"Software": None})
    return path


def collect(folder: Path) -> Report:
    """The chapters for which there is a table with rows."""
    tables = {}
    for name in CHAPTERS:
        path = folder / f"{name}.csv"
        rows = table(path) if path.is_file() else []
        if rows:
            tables[name] = rows
    return Report({name: make(name, tables) for name in tables}, tables)


def make(name: str, tables: Mapping[str, Rows]) -> Chapter:
    """The chapter of that name, from its table and the others that it `NEEDS`; its module is loaded only now."""
    module = import_module(f"fgm_ref.study.pages.chapters.{name}")
    others = [tables.get(other, []) for other in getattr(module, "NEEDS", ())]
    found: Chapter = module.chapter(tables[name], *others)
    return found


def literal(text: str) -> str:
    r"""The stars of L* and of numbers are no stress: Markdown has to be told.

    >>> print(literal("**At L*: 0.85* (0.72–1.34).** *Dotted: L*.*"))
    **At L\*: 0.85\* (0.72–1.34).** *Dotted: L\*.*
    """
    return re.sub(r"(?<=[\dL])\*(?![\w*])", r"\\*", text)


def anchor(title: str) -> str:
    """The name that a repository's page gives a heading.

    >>> anchor("Loss against bytes: who wins?")
    'loss-against-bytes-who-wins'
    """
    text = title.lower().replace(" ", "-")
    return "".join(c for c in text if c.isalnum() or c in "-_")
