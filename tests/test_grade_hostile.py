"""A class as it comes: odd names, odd files, odd programs.  No zero without its reason, no file without its name."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

from grading import GOOD, course, gaps, grade, notebook, put

# name of the student: {file: content}, points of a90 (None: no grade), what is said under the table
CLASS = {
    "Müller Ännchen_4711_assignsubmission_file_": ({"a90_lösung.py": GOOD}, 20, ""),
    "MU\u0308LLER BO_4712_assignsubmission_file_": ({"Abgabe/A90.PY": GOOD}, 20, ""),
    "M\udcfcller": ({"a90 (1).py": GOOD, "notes \udcfc.txt": ""}, 20, ""),
    "twice": ({"a90.py": GOOD, "a90 (1).py": GOOD}, 20, "the same as a90.py, which was read"),
    "differ": (
        {"a90.py": GOOD, "sub/a90-final.py": GOOD + "#"},
        None,
        "unread: expected one file, got a90.py, sub/a90-final.py, which differ",
    ),
    "book": (
        {"a90.ipynb": notebook("NAME = 'double'", "def double(x):\n    return 2 * x")},
        20,
        "",
    ),
    "magic": ({"a90.ipynb": notebook("!pip install numpy")}, None, "hand in a .py file"),
    "both": ({"a90.ipynb": notebook("!ls"), "a90.py": GOOD}, 20, "a notebook; a90.py was read"),
    "zip": ({"a90.zip": ""}, None, "unread: a90.zip: an archive"),
    "beside": (
        {"a90.py": GOOD, "helper.py": "", ".DS_Store": "", "__pycache__/x.pyc": "", "a77.py": ""},
        20,
        "helper.py (its name names no assignment; expected aNN.py)",
    ),
    "nothing": ({"readme.txt": "nothing"}, None, ""),
    "link": ({}, None, "unread: a90.py: a link, which is not followed"),
    "bom": ({"a90.py": (GOOD + "# ö").encode("utf-8-sig")}, 20, ""),
    "latin": ({"a90.py": ("x = 'Lösung'\n" + GOOD).encode("latin-1")}, 0, "SyntaxError: (unicode"),
    "nul": ({"a90.py": GOOD.encode() + b"\0"}, 0, "null bytes"),
    "syntax": ({"a90.py": "def double(x:\n"}, 0, "SyntaxError"),
    "asks": ({"a90.py": "name = input()\n" + GOOD}, 0, "EOFError: EOF when reading a line"),
    "sleeper": (
        {"a90.py": GOOD.replace("return", "import time; time.sleep(999)\n    return")},
        8,
        "",
    ),
    "forker": ({"a90.py": "import os; os.fork()\n" + GOOD}, 0, "may not use os.fork"),
    "memory": (
        {"a90.py": "import numpy as np; np.ones(10**13)\n" + GOOD},
        0,
        "MemoryError: Unable",
    ),
    "stops": (
        {"a90.py": "raise KeyboardInterrupt"},
        0,
        "before they were done (KeyboardInterrupt)",
    ),
    "skips": ({"a90.py": "import pytest; pytest.skip('', allow_module_level=True)"}, 0, "no test"),
    "mute": (
        {"a90.py": "NAME = 1\ndef double(x): assert False, ''"},
        0,
        "test_double: AssertionError",
    ),
    "escape": ({"a90.py": "raise ValueError('\\x1b[2J')"}, 0, "ValueError: \\x1b[2J"),
}


class Graded(NamedTuple):
    """What there was, and what came of it."""

    folder: Path
    table: str
    scores: dict
    out: Path


def test_a_class_as_it_comes(tmp_path):
    # one test, as it is one batch
    folder, checkout = tmp_path / "class", course(tmp_path / "checkout", ["a90", "a91"])
    for student, (files, _, _) in CLASS.items():
        (folder / student).mkdir(parents=True)
        for name, content in files.items():
            put(folder / student / name, content)
    (folder / "link" / "a90.py").symlink_to(folder / "bom" / "a90.py")
    put(folder / "list.txt", "not a student")
    limits = ("--seconds", "8", "--memory", "1024")
    code, table, err = grade(checkout, folder, tmp_path / "out", *limits)
    assert code == 0 and f"written: {tmp_path / 'out' / 'scores.csv'}, and a text for each" in err
    code, scores, err = grade(checkout, folder, tmp_path / "out", *limits, "--json")
    assert code == 0 and "were graded before" in err, err
    graded = Graded(folder, table, json.loads(scores), tmp_path / "out")
    assert gaps(*graded) == []
    correct_work_has_its_points_and_the_rest_its_reason(graded)
    what_is_missing_is_no_zero(graded)
    feedback_says_what_was_lost_and_why(graded)
    numbers_of_moodle_are_ids(graded)
    ids_come_from_a_table(graded, checkout)


def shown(student):
    return {
        "MU\u0308LLER BO_4712_assignsubmission_file_": "MÜLLER BO_4712_assignsubmission_file_",
        "M\udcfcller": r"M\xfcller",
    }.get(student, student)


def correct_work_has_its_points_and_the_rest_its_reason(graded):
    for student, (_, points, words) in CLASS.items():
        name = shown(student)
        found = graded.scores["students"][name]["assignments"]
        assert found["a90"]["points"] == points, student
        assert found["a91"]["status"] == "missing"
        starts = (f"{name} a90: ", f"not read: {name}: ")
        own = [line for line in graded.table.splitlines() if line.startswith(starts)]
        assert not words or any(words in line for line in own), (student, own)
    assert (
        "not read: in the class folder: list.txt (not in the folder of a student)" in graded.table
    )


def what_is_missing_is_no_zero(graded):
    rows = {line.split("  ")[0]: line.split()[-4:] for line in graded.table.splitlines()}
    assert rows["asks"] == ["0", "–", "0", "40"]
    assert rows["stops"] == ["0!", "–", "0", "40"]
    assert rows["zip"] == ["?", "–", "–", "40"]
    assert rows["nothing"] == ["–", "–", "–", "40"]
    assert graded.scores["students"]["nothing"]["points"] is None
    assert "\nfiles, and no grade: differ, link, magic, nothing, zip" in graded.table


def feedback_says_what_was_lost_and_why(graded):
    feedback = graded.out / "feedback"
    assert (feedback / "sleeper.txt").read_text(encoding="utf-8").splitlines() == [
        "sleeper",
        "8 of 40 points",
        "",
        "a90  8 of 20  (a90.py)",
        "  12 lost: test_double",
        "    TimeLimit: more than 2 s on the clock; does it sleep or wait?",
        "",
        "Not handed in: a91",
    ]
    beside = (feedback / "beside.txt").read_text()
    assert "  a77.py: there is no assignment a77\n" in beside
    assert "  __pycache__: a folder that a program has made; not looked into\n" in beside
    assert {path.stem for path in feedback.iterdir()} == set(map(shown, CLASS))


def numbers_of_moodle_are_ids(graded):
    students = graded.scores["students"]
    assert {name: found["id"] for name, found in students.items() if found["id"]} == {
        "Müller Ännchen_4711_assignsubmission_file_": "4711",
        "MÜLLER BO_4712_assignsubmission_file_": "4712",
    }
    head = b"\xef\xbb\xbfid,student,a90,a91,total,maximum"  # with the mark by which spreadsheets know UTF-8
    assert (graded.out / "scores.csv").read_bytes().startswith(head)


def ids_come_from_a_table(graded, checkout):
    out, table = graded.out.with_name("again"), graded.out.with_name("ids.csv")
    put(table, "folder;id\nmüller ännchen;12\n4712;13\nTWICE;15\nnobody;16\n".encode("cp1252"))
    code, _, err = grade(checkout, graded.folder, out, "--only", "a91", "--ids", str(table))
    assert code == 0 and "got none for nobody" in err and r"got none for M\xfcller, asks" in err, (
        err
    )
    with open(out / "scores.csv", encoding="utf-8-sig", newline="") as file:
        found = {row["student"]: row["id"] for row in csv.DictReader(file) if row["id"]}
    assert found == {
        "Müller Ännchen_4711_assignsubmission_file_": "12",
        "MÜLLER BO_4712_assignsubmission_file_": "13",
        "twice": "15",
    }
