"""The tutorials run, in time and without a warning; their notebooks say the same; their links lead somewhere."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tutorials"
TESTS = (ROOT / "tests", ROOT / "tests" / "assignments")
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
PAGES = sorted(FOLDER.rglob("*.md"))
SECONDS = 20  # of processor time, start-up included
LARGEST = {".ipynb": 400_000, ".png": 60_000}  # bytes; a notebook, a picture of the landing page

every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def cells(text):
    """[(kind, source)] of a percent script: `# %% [markdown]` begins a text cell, `# %%` a code cell."""
    found = []
    for line in text.splitlines():
        if line.startswith("# %%"):
            assert line in ("# %%", "# %% [markdown]"), line
            found.append(("markdown" if "markdown" in line else "code", []))
        elif found:
            found[-1][1].append(line)
        else:
            assert not line, f"before the first cell: {line}"
    return [(kind, source(kind, lines)) for kind, lines in found]


def source(kind, lines):
    if kind == "markdown":
        lines = [re.sub(r"^# ?", "", line) for line in lines]
    return "\n".join(lines).strip("\n")


def texts(path):
    """What a reader reads of a page or script, code blocks and inline code left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = "\n\n".join(source for kind, source in cells(text) if kind == "markdown")
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


def anchors(path):
    """The anchors that a repository page gives the headings of `path`."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def number(script):
    """08b of 08b_the_name.py."""
    return script.stem.partition("_")[0]


def test_there_are_tutorials():
    assert SCRIPTS
    numbers = [number(path) for path in SCRIPTS]
    assert all(re.fullmatch(r"\d\d[a-z]?", each) for each in numbers)
    assert len(set(numbers)) == len(numbers)


def test_every_tutorial_is_on_the_landing_page():
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r'^\| <img src="images/(\w+)\.png" .*\| \[(\w+) [^]]*\]\((\w+)\.ipynb\)', page, re.M
    )
    assert rows == [(number(path), number(path), path.stem) for path in SCRIPTS]


@pytest.mark.slow
@every_script
def test_runs_in_time_without_a_warning(script, tmp_path):
    def spent():
        times = os.times()
        return times.children_user + times.children_system

    there = {
        path: path.stat().st_mtime_ns
        for path in FOLDER.rglob("*")
        if "__pycache__" not in path.parts
    }
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"}
    before = spent()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert not done.stderr
    assert spent() - before < SECONDS
    assert there == {
        path: path.stat().st_mtime_ns
        for path in FOLDER.rglob("*")
        if "__pycache__" not in path.parts
    }
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / f"{number(script)}.png").exists(), "the picture of the landing page"


@every_script
def test_notebook_says_the_same(script):
    book = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    written = [(cell["cell_type"], "".join(cell["source"])) for cell in book["cells"]]
    assert written == cells(script.read_text(encoding="utf-8")), (
        "python tutorials/_build.py notebooks"
    )


@every_script
def test_notebook_was_executed_and_is_tidy(script):
    book = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert all(
        output["output_type"] != "error" and output.get("name") != "stderr" for output in outputs
    )


def test_every_notebook_has_a_script():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {path.stem for path in SCRIPTS}


MADE = [*FOLDER.glob("*.ipynb"), *FOLDER.glob("images/[0-9]*.png")]


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_is_not_too_large(path):
    assert path.stat().st_size <= LARGEST[path.suffix]


@every_script
def test_is_as_a_tutorial_should_be(script):
    # first what you will be able to do, at the end five questions and then their answers
    parts = cells(script.read_text(encoding="utf-8"))
    (first, opening), (last, closing) = parts[0], parts[-1]
    assert first == last == "markdown"
    assert opening.startswith(f"# {number(script)} ")
    for promise in ("able to", "**Before", "**Time", "**Equations"):
        assert promise in opening, promise
    assert closing.startswith("## Answers")
    (questions,) = (
        text.partition("## Questions")[2] for _, text in parts if "## Questions" in text
    )
    for text in (questions, closing):
        assert re.findall(r"^(\d)\. ", text, re.M) == list("12345")
    assert "assert " in script.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", texts(path)) + re.findall(
        r'(?:src|href)="([^"]+)"', texts(path)
    ):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = path.parent / file if file else path
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("path", [*PAGES, *SCRIPTS], ids=lambda path: path.name)
def test_tutorials_and_modules_named_in_the_text_exist(path):
    numbers = {number(script) for script in SCRIPTS}
    assert set(re.findall(r"[Tt]utorials? (\d\d[a-z]?)\b", texts(path))) <= numbers
    raw = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:\w+/)*\w+\.(?:py|md))`", raw):
        places = (ROOT, ROOT / "fgm_ref", FOLDER, *TESTS, path.parent)
        assert re.search(r"my_|aNN|Aufgabe|^\d\d\.py|^a[ _-]?\d\d([_/]\w+)?\.py$", name) or any(
            (place / name).exists() for place in places
        ), name


FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.S)


@every_script
def test_formulas_render_on_a_repository_page(script):
    # what the page's renderer refuses, or what its Markdown would spoil before the renderer sees it
    text = texts(script)
    for formula in FORMULA.findall(text):
        for bad in (
            r"\operatorname",
            r"\newcommand",
            r"\def",
            r"\tag",
            r"\bm",
            r"\begin",
            "*",
            "<",
        ):
            assert bad not in formula, formula
        # Markdown takes the backslash away from \, \; \{ \| and \\: write \quad, \lbrace, \Vert, two formulas
        assert not re.search(r"\\[^A-Za-z]", formula), formula
        assert formula.count("{") == formula.count("}"), formula
    for line in text.splitlines():
        assert (
            line.startswith("|") is False
            or "$" not in line
            or line.count("|") == line.replace("$", "").count("|")
        )
    assert FORMULA.sub("", text).count("$") == 0, "an unpaired dollar"
