"""The plans for teachers add up and speak of what there is; the hour before the first lesson goes as it says."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
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
