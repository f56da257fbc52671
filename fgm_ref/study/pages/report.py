"""The report: a page that answers first and explains afterwards, made from the tables alone.

`page(folder)` reads `<experiment>.csv` of each chapter; a chapter without a table is left out.  The same tables
give the same text.  What can be said of a ratio is decided by its interval (`words.py`), so the prose follows the
numbers if they change.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from matplotlib import rc_context

from fgm_ref.files import atomic
from fgm_ref.study.numbers.rows import Rows
from fgm_ref.study.pages.chapter import Chapter
from fgm_ref.study.pages.chapters import claims
from fgm_ref.study.running.store import table

CHAPTERS = (
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
TITLE = "# Is FGM better than GM for training RNNs, and which safe function beats the norm?"
CLAIMS = "## What the thesis claims"
PAGE = "study.md"
PICTURES = "images/study"
METHOD = Path(__file__).with_name("method.md")


@dataclass(frozen=True)
class Report:
    """Chapters by name, and the tables that they were made from."""

    chapters: dict[str, Chapter]
    tables: Mapping[str, Rows]

    def text(self) -> str:
        """The page in Markdown."""
        answers = [answer for chapter in self.chapters.values() for answer in chapter.answers]
        contents = [
            f"- [{chapter.title}](#{anchor(chapter.title)})" for chapter in self.chapters.values()
        ]
        numbered = [f"{number}. {answer}" for number, answer in enumerate(answers, 1)]
        claimed = (
            [CLAIMS, "", *claims.table(self.tables).lines()] if "sweeps" in self.tables else []
        )
        head = [TITLE, "", *numbered, "", self.how_sure(), "", *contents, ""]
        body = [line for chapter in self.chapters.values() for line in chapter.lines(PICTURES)]
        return "\n".join([*head, *body, *claimed, METHOD.read_text(encoding="utf-8")])

    def how_sure(self) -> str:
        """How the numbers above are to be read."""
        runs = sum(map(len, self.tables.values()))
        return (
            f"All from {runs:,} runs; in brackets 95 % bootstrap intervals over paired seeds. Losses are test "
            "losses, bytes are payload at 4 bytes per number. A star, ≈, ≥ or ≤ marks a front that ends before the "
            "stated loss; [n of m sets]: the others do not reach it. [Method and threats to validity](#method) are "
            "at the end."
        )


def write(folder: Path, pages: Path | None = None) -> list[Path]:
    """Write the page and its pictures from the tables in `folder`; returns their paths, none if there is no table.

    They go to `pages`, by default to the same folder.
    """
    report = collect(folder)
    if not report.chapters:
        return []
    pages = pages or folder
    paths = [pages / PAGE]
    with atomic(paths[0]) as part:
        part.write_text(report.text(), encoding="utf-8")
    for chapter in report.chapters.values():
        for name, figure, _ in chapter.pictures:
            paths.append(pages / PICTURES / f"{name}.png")
            with atomic(paths[-1]) as part, rc_context({"savefig.pad_inches": 0.1}):
                figure.savefig(part, format="png", metadata={"Software": None})
    return paths


def collect(folder: Path) -> Report:
    """The chapters for which there is a table with rows."""
    found = {name: folder / f"{name}.csv" for name in CHAPTERS}
    tables = {
        name: rows for name, path in found.items() if path.is_file() and (rows := table(path))
    }
    made = {
        name: import_module(f"fgm_ref.study.pages.chapters.{name}")
        for name in CHAPTERS
        if name in tables
    }
    return Report({name: module.chapter(tables[name]) for name, module in made.items()}, tables)


def anchor(title: str) -> str:
    """The name that a repository's page gives a heading.

    >>> anchor("Loss against bytes: who wins?")
    'loss-against-bytes-who-wins'
    """
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")
