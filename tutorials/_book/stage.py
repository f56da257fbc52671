"""Lay out the sources of the book: copies of the repository's pages at their places, and what ties them together.

Pages are found by patterns, and each goes to the first part of the book that wants it; one that no part
asks for goes to the part with "*".  So a new page is in the book as soon as it is written.
"""

import json
import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

import api

PAGES = ("README.md", "tutorials/**/*.md", "tutorials/*.ipynb", "data/**/*.md", "fgm_ref/README.md")
BESIDES = ("tutorials/images/**/*", "tutorials/**/*.py", "data/**/*.png", "tests/**/*.py", "fgm_ref/**/*.py", "LICENSE",
           "CITATION.cff", "data/licences/*")  # fmt: skip
"""What the pages show or link to."""

PARTS = {
    "Learn": ("tutorials/README", "tutorials/[0-9]*"),
    "Use": ("tutorials/installing", "tutorials/demo", "tutorials/using", "tutorials/cluster", "*"),
    "Practise": ("tutorials/assignments/README", "tutorials/assignments/*/instructions"),
    "Teach": ("tutorials/assignments/course", "tutorials/assignments/*"),
    "Look up": ("tutorials/reference", "tutorials/study", "tutorials/speed", "data/README", "data/*", "tutorials/bib*",
                "fgm_ref/*", "api/*", "tutorials/CHANGELOG"),
}  # fmt: skip
"""The parts of the book in their order; the patterns of their pages in their order."""

REST = "*"
ELSEWHERE = ("README", "*/hints", "api/[!i]*")
"""The front page, and what other pages contain."""


def stage(root: Path, target: Path):
    """Copy, add to and generate; returns the names of the pages."""
    shutil.rmtree(target, ignore_errors=True)
    for path in found(root, (*PAGES, *BESIDES)):
        place = target / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
    api.write(root / "fgm_ref", target / "api")
    for notebook in sorted(target.glob("tutorials/*.ipynb")):
        show(notebook, target / "files")
    for instructions in target.glob("tutorials/assignments/*/instructions.md"):
        append(instructions, FILES.format(toctree=toctree(["hints"])))
    pages = sorted(path.relative_to(target) for path in (*target.rglob("*.md"), *target.rglob("*.ipynb")))
    names = [path.with_suffix("").as_posix() for path in pages if path.parts[0] != "files"]
    append(target / "README.md", "\n".join(contents(names)))
    return names


def found(root, patterns):
    """The files of these patterns without what is private: a name that begins with `_` or a dot."""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            private = any(part[0] in "._" and part != "__init__.py" for part in path.relative_to(root).parts)
            if path.is_file() and not private and "bundled_data" not in path.parts:
                yield path


def contents(names):
    """A table of contents for each part."""
    left = [name for name in names if not any(fnmatch(name, pattern) for pattern in ELSEWHERE)]
    parts = {}
    for part, patterns in sorted(PARTS.items(), key=lambda item: item[1][-1] == REST):
        parts[part] = [name for pattern in patterns for name in left if fnmatch(name, pattern)]
        parts[part] = list(dict.fromkeys(parts[part]))
        left = [name for name in left if name not in parts[part]]
    return [toctree(parts[part], part) for part in PARTS if parts[part]]


def toctree(names, caption=""):
    """A hidden one: it orders the pages and fills the side bar."""
    head = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join([*head, "", *(f"/{name}" if "/" in name else name for name in names), "```", ""])


FILES = """
**Files:** {{download}}`the stub <stub.py>` to start from; [hints](hints.md), three for each task; and, for afterwards,
{{download}}`the solution <solution.py>`.

{toctree}"""


def append(page, text):
    """Add to the end of a staged page."""
    page.write_text(page.read_text(encoding="utf-8") + "\n" + text, encoding="utf-8")


def show(notebook, files):
    """Give the pictures of a notebook their texts, and the reader the notebook itself and its script."""
    files.mkdir(exist_ok=True)
    shutil.copy2(notebook, files)
    shutil.copy2(notebook.with_suffix(".py"), files)
    book = json.loads(notebook.read_text(encoding="utf-8"))
    heading = ""
    for cell in book["cells"]:
        heading = last_heading("".join(cell["source"])) or heading if cell["cell_type"] == "markdown" else heading
        texts = [alternative(output) for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        if texts:
            cell["metadata"]["mystnb"] = {"image": {"alt": " ".join(filter(None, texts)) or f"Figure: {heading}"}}
    name = notebook.stem
    files = f"{{download}}`the notebook </files/{name}.ipynb>` and {{download}}`the script </files/{name}.py>`"
    book["cells"].append({"cell_type": "markdown", "id": "files", "metadata": {}, "source": f"**Files:** {files}."})
    notebook.write_text(json.dumps(book), encoding="utf-8")


def alternative(output):
    """The text that stands for a picture; where notebooks keep it, there it is read."""
    return output["metadata"].get("image/png", {}).get("alt", "")


def last_heading(text):
    """The last heading of a cell, or ""."""
    return "".join(re.findall(r"^#+ (.*)$", text, re.M)[-1:])
