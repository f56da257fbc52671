"""The plans for teachers add up and speak of what there is; the hour before the first lesson goes as it says."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fgm_ref import load, preset
from fgm_ref.grade.__main__ import parser
from fgm_ref.simulation.simulate import Simulation

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tutorials" / "assignments"
COURSE, RUBRICS, LECTURE = (
    (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in ("course", "rubrics", "lecture")
)
TUTORIALS = {path.name.partition("_")[0] for path in FOLDER.parent.glob("[0-9]*.py")}
ASSIGNMENTS = {path.name[:3] for path in FOLDER.glob("a[0-9][0-9]_*")}


def rows(text):
    """The cells of every row of every table."""
    lines = [
        line for line in text.splitlines() if line.startswith("|") and not line.startswith("|--")
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_minutes_add_up():
    spent, sums = 0, 0
    for row in rows(COURSE):
        numbers = [int(cell) for cell in row if cell.isdigit()]
        said = re.search(r"together ?(\d*)", row[0])
        if said:
            assert spent == int(said[1] or numbers[0])
            spent, sums = 0, sums + 1
        elif row[:2] == ["minutes", "what"] or "minutes" in row:
            spent = 0
        else:
            spent += sum(numbers[:1])
    assert sums == 4


def test_what_is_named_exists():
    for text in (COURSE, RUBRICS):
        assert set(re.findall(r"\ba\d\d\b", text)) <= ASSIGNMENTS
    term = COURSE.partition("## A term")[2].partition("## ")[0]
    named = set(re.findall(r"\b[01]\d\b", " ".join(row[1] for row in rows(term))))
    assert len(named) > 10 and named <= TUTORIALS


def plans():
    """{plan: rows of cells that say what is done}, and the shorter one within the term."""
    found = {}
    for name in ("One evening", "Three evenings", "A term"):
        part = COURSE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        header, *body = rows(part)
        told = [n for n, title in enumerate(header) if title in ("what", "in class", "at home")]
        found[name] = [[row[n] for n in told] for row in body]
    weeks = found["A term"]
    assert len(weeks) == 12
    assert "Week 1 and\nweeks 5 to 9 make a course of six weeks" in COURSE
    found["Six weeks"] = [weeks[0], *weeks[4:9]]
    return found


NUMBER = re.compile(r"\b(?:a\d\d|[01]\d[a-z]?)\b")


def mentioned(text):
    """The tutorials and assignments of a text in their order; addresses do not count."""
    return NUMBER.findall(re.sub(r"\]\([^)]*\)", "]", text))


def before():
    """{tutorial or assignment: what it needs}.  A clause on what only helps, or on where more is, does not count."""
    found = {}
    for path in [*FOLDER.parent.glob("[0-9]*.py"), *FOLDER.glob("a[0-9][0-9]_*/instructions.md")]:
        text = re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.M)
        said = re.search(r"\*\*Before:\*\*(.*?)(?:\n\s*\n|\*\*Time)", text, re.S)[1]
        clauses = re.split(r"[;,.]", re.sub(r"\]\([^)]*\)", "]", said))
        needed = [
            one for one in clauses if not re.search("helps|preferably|proved|last section", one)
        ]
        name = (
            path.parent.name[:3] if path.name == "instructions.md" else path.stem.partition("_")[0]
        )
        found[name] = set(mentioned(" ".join(needed)))
    return found


def test_what_is_needed_is_read_right():
    needed = before()
    assert needed.keys() == TUTORIALS | ASSIGNMENTS
    assert needed["07"] == needed["08"] == {"06"} and needed["05"] == {"00", "04"}
    assert needed["a06"] == {"09", "a03", "a05"} and needed["a00"] == {"00", "05"}


@pytest.mark.parametrize("plan", ["One evening", "Three evenings", "A term", "Six weeks"])
def test_a_plan_has_everything_before_it_is_needed(plan):
    needed, done = before(), set()
    order = [name for row in plans()[plan] for name in mentioned(" ".join(row))]
    assert len(set(order)) > 5
    for name in order:
        assert needed[name] <= done, f"{plan}: {name} before {needed[name] - done}"
        done.add(name)


def test_a_term_has_every_assignment():
    assert set(mentioned(str(plans()["A term"]))) >= ASSIGNMENTS


def test_the_lecture_can_be_stopped_where_the_evening_says():
    (slide,) = re.findall(r'up to the slide "(.*?)"', COURSE)
    assert f"\n## {slide}\n" in LECTURE


def test_rubrics_have_four_steps():
    for row in rows(RUBRICS):
        assert len(row) == 5
        assert row[1:] == ["0", "1", "2", "3"] or all(row), row


def test_the_lecture_is_right_about_the_bill():
    data = load("watch")
    run = Simulation(preset(data, protocol="local", sites=4, steps=200), data)
    numbers = run.game.sites.models.shape[1]
    total = 2 * 4 * 200 * numbers * 4
    assert f"{numbers:,} numbers" in LECTURE
    assert f"2 · 4 · 200 · {numbers} · 4 = {total / 1e6:.1f} million" in LECTURE
    assert data.x_train.size * 4 < total  # "the recordings themselves are smaller"


def test_the_lecture_has_slides():
    slides = re.split(r"^---$", LECTURE, flags=re.M)[1:]
    assert len(slides) > 8
    assert all(re.match(r"\s*## \S", slide) for slide in slides)


def commands():
    (block,) = re.findall(r"```\n(mkdir .*?)```", COURSE, re.S)
    return [shlex.split(line) for line in block.splitlines()]


def test_feedback_is_packed_for_each_student(tmp_path):
    (block,) = re.findall(r"```\n(cd out/grade/feedback\n.*?)```", COURSE, re.S)
    names = ["MÜLLER ANNA_123456_assignsubmission_file_", "LEE BO_7_assignsubmission_file_"]
    for name in names:
        place = tmp_path / "out/grade/feedback" / f"{name}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(name, encoding="utf-8")
    script = f"set -e\npython() {{ '{sys.executable}' \"$@\"; }}\n{block}"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True)
    with zipfile.ZipFile(tmp_path / "out/grade/feedback.zip") as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist() if name[-1] != "/"}
    assert files == {f"{name}/feedback.txt": name for name in names}


def test_points_of_a_rubric_are_scaled_as_in_the_example():
    tables = [len(rows(part)) - 1 for part in re.split(r"^## ", RUBRICS, flags=re.M)[1:]]
    titles = re.findall(r"^## (.*)", RUBRICS, re.M)
    of = {title[:3]: count for title, count in zip(titles, tables, strict=True)}
    lines = of["Any"] + of["a08"]
    got, most, points = map(
        int, re.search(r"(\d+) of (\d+) makes 20 · \d+ / \d+ = (\d+) points", RUBRICS).groups()
    )
    assert most == 3 * lines and points == round(20 * got / most)
    told = re.search(r"first table ([\d, ]+) and in that of a08 ([\d, ]+):", RUBRICS)
    marks = [list(map(int, part.split(","))) for part in told.groups()]
    assert [len(part) for part in marks] == [of["Any"], of["a08"]]
    assert sum(map(sum, marks)) == got and max(map(max, marks)) <= 3


@pytest.mark.slow
def test_a_class_of_two_is_graded_as_it_says(tmp_path):
    for command in commands():
        match command:
            case ["mkdir", *folders]:
                for folder in folders:
                    (tmp_path / folder).mkdir()
            case ["cp", source, target]:
                shutil.copyfile(ROOT / source, tmp_path / target)
            case ["python", "-m", "fgm_ref.grade", *arguments]:
                parser().parse_args(arguments)
                done = subprocess.run(
                    [sys.executable, "-m", "fgm_ref.grade", *arguments],
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                )
    assert done.returncode == 0, done.stderr
    scores = (tmp_path / "out" / "grade" / "scores.csv").read_text(encoding="utf-8-sig")
    (ada,) = [row for row in csv.DictReader(scores.splitlines()) if row["student"] == "ada"]
    assert (ada["a03"], ada["total"]) == ("20", "20")
    assert {path.stem for path in (tmp_path / "out/grade/feedback").iterdir()} == {"ada", "bo"}
