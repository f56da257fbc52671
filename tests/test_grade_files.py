"""Which file is read for which assignment, which is not and why; notebooks; the students' IDs."""

import json
import os

import pytest
from grading import GOOD, notebook, put

from fgm_ref.grade import export, ids, submissions
from fgm_ref.grade.notebook import program
from fgm_ref.grade.result import Grade

KNOWN = ("a02", "a05", "a07")


def found(folder, *wanted, **options):
    """({assignment: (file, trouble)}, {file: why}) of one student."""
    what = submissions.find(folder, wanted or KNOWN, many=False, known=KNOWN, **options)
    read = {each.assignment: (each.name, each.trouble) for each in what.submissions}
    return read, {each.name: each.why for each in what.unread}


@pytest.mark.parametrize(
    ("file", "assignment"),
    [
        ("a02.py", "a02"),
        ("a02_gates.py", "a02"),
        ("a02 (1).py", "a02"),
        ("A07.PY", "a07"),
        ("a05-final.py", "a05"),
        ("a05_lösung.py", "a05"),
        ("Müller Ännchen a05.py", "a05"),
        ("a5.py", "a05"),
        ("ada/submission/a05.py", "a05"),
        ("a05 .py", "a05"),
        ("LÖSUNG_A05_v2.Py", "a05"),
        ("a 05.py", "a05"),
        ("Abgabe A-05 (2).py", "a05"),
        ("a_05_quanta.py", "a05"),
        ("a05/solution.py", "a05"),
        ("Übung/a05_quanta/src/stub.py", "a05"),
        ("a05/solution.ipynb", "a05"),
    ],
)
def test_what_is_clear_is_read(tmp_path, file, assignment):
    put(tmp_path / file, notebook(GOOD) if file.endswith("ipynb") else GOOD)
    read, unread = found(tmp_path)
    assert read.pop(assignment) == (file, "")
    assert set(read.values()) == {("", "not handed in")} and unread == {}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("a05.py.txt", "expected a name that ends in .py"),
        ("a05.docx", "expected a name that ends in .py"),
        ("a05.tar.gz", "an archive, which is not unpacked"),
        (".a05.py.swp", "a hidden file"),
        ("test_a05.py", "named like tests, not like an answer"),
        ("a05_and_a07.py", "expected one assignment in its name, got a05 and a07"),
        ("a05a07.py", "expected one assignment in its name, got a05 and a07"),
    ],
)
def test_what_is_not_clear_is_refused_with_a_reason(tmp_path, file, why):
    put(tmp_path / file)
    put(tmp_path / "a02.py")
    read, unread = found(tmp_path)
    assert read["a05"] == ("", f"{file}: {why}") and unread == {}
    put(tmp_path / "a05.py")
    put(tmp_path / "a07.py")
    read, unread = found(tmp_path)
    assert read["a05"] == ("a05.py", "") and unread == {file: why}


def test_links_and_other_things_are_no_files(tmp_path):
    put(tmp_path / "a02.py")
    (tmp_path / "elsewhere").mkdir()
    put(tmp_path / "elsewhere" / "a07.txt")
    (tmp_path / "a05.py").symlink_to(tmp_path / "a02.py")
    (tmp_path / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "a07.py")
    read, unread = found(tmp_path)
    assert read["a05"][1] == "a05.py: a link, which is not followed"
    assert read["a07"][1].startswith("a07.py: neither a file nor a folder; elsewhere/a07.txt: ")
    assert unread == {"folder": "a link, which is not followed"}


def test_of_several_files(tmp_path):
    for name in ("a05-final.py", "a05.py", "old/a05.py"):
        put(tmp_path / name)
    put(tmp_path / "a05.ipynb", "not looked at")
    read, unread = found(tmp_path)
    assert read["a05"] == ("a05.py", "")
    assert unread == {
        "a05-final.py": "the same as a05.py, which was read",
        "old/a05.py": "the same as a05.py, which was read",
        "a05.ipynb": "a notebook; a05.py was read",
    }
    put(tmp_path / "old" / "a05.py", GOOD + "#")
    read, unread = found(tmp_path)
    names = "a05.py, old/a05.py, a05-final.py, a05.ipynb"
    assert read["a05"] == ("", f"expected one file, got {names}, which differ; keep one of them")
    assert unread == {}


def test_a_folder_speaks_only_for_files_that_say_nothing(tmp_path):
    put(tmp_path / "a05" / "a05.py")
    put(tmp_path / "a05" / "helper.py", "x = 1")
    put(tmp_path / "a07" / "mine.py")
    put(tmp_path / "a07" / "helper.py", "x = 1")
    put(tmp_path / "a02 and a05" / "both.py")
    put(tmp_path / "a07" / "notes.txt")
    read, unread = found(tmp_path)
    assert read["a05"] == ("a05/a05.py", "") and read["a02"] == ("", "not handed in")
    assert read["a07"][1].startswith("expected one file, got a07/mine.py, a07/helper.py, which")
    nameless = "its name names no assignment; expected aNN.py"
    assert unread == {
        "a05/helper.py": nameless,
        "a02 and a05/both.py": nameless,
        "a07/notes.txt": "expected a name that ends in .py",
    }
    read, unread = found(tmp_path, "a02")  # the others are not asked for
    assert read == {"a02": ("", "not handed in")} and len(unread) == 2


def test_files_for_other_assignments_are_passed_over(tmp_path):
    put(tmp_path / "a02.py")
    put(tmp_path / "a05.py")
    put(tmp_path / "a77.py")
    read, unread = found(tmp_path, "a05")
    assert read == {"a05": ("a05.py", "")} and unread == {"a77.py": "there is no assignment a77"}


def test_a_class_is_told_from_a_student(tmp_path):
    put(tmp_path / "ada" / "submission" / "a05.py")
    what = submissions.find(tmp_path, KNOWN)
    assert what.many and what.students == ["ada"]
    assert what.why == f"a class of one, ada (--one if {tmp_path.name} is the student)"
    put(tmp_path / "bob" / "readme.txt")
    put(tmp_path / "a05.py")
    assert not submissions.find(tmp_path, KNOWN).many
    what = submissions.find(tmp_path, KNOWN, many=True)
    assert what.students == ["ada", "bob"]
    assert [(each.student, each.name) for each in what.unread] == [
        ("", "a05.py"),
        ("bob", "readme.txt"),
    ]


def test_folders_that_cannot_be_told_apart(tmp_path):
    for name in ("Mu\u0308ller", "M\u00fcller"):
        put(tmp_path / "class" / name / "a05.py")
    if len(os.listdir(tmp_path / "class")) == 2:  # on a Mac they are one
        with pytest.raises(ValueError, match="expected a name for each folder, got 'Müller' twice"):
            submissions.find(tmp_path / "class", KNOWN)
    for name in ("ADA_1_assignsubmission_file_a05.py", "BOB_2_assignsubmission_file_a05.py"):
        put(tmp_path / "flat" / name)
    put(tmp_path / "all" / "export" / "ADA_1_assignsubmission_file_" / "a05.py")
    with pytest.raises(ValueError, match="got 'export', in which there are such folders; name"):
        submissions.find(tmp_path / "all", KNOWN)
    with pytest.raises(ValueError, match="in Moodle, download the submissions in folders"):
        submissions.find(tmp_path / "flat", KNOWN)


def test_a_notebook_of_plain_python_is_read(tmp_path):
    two = "TEXT = '''\n%d words?\n!''' % 2\nprint(2\n  % 3)\ndef double(x):\n    return 2 * x"
    put(tmp_path / "a05.ipynb", notebook("NAME = 'double'  # why?", two))
    (submission,) = submissions.find(tmp_path, ["a05"]).submissions
    assert submission.trouble == "" and submission.name == "a05.ipynb"
    space = {}
    exec(submission.code, space)
    assert (
        submission.code.splitlines()[-1] == b"    return 2 * x"
        and submission.code.count(b"\n") == 8
    )
    assert space["NAME"] == "double" and space["double"](3) == 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (notebook("import numpy", "%matplotlib inline\nx = 1"), "code cell 2 is not plain Python"),
        (notebook("x = 1\n!ls"), "code cell 1 is not plain Python ('!ls')"),
        (notebook("x = !ls"), "code cell 1 is not plain Python ('x = !ls')"),
        (notebook("%%time\nx = 1"), "code cell 1 is not plain Python ('%%time')"),
        (notebook("print?"), "code cell 1 is not plain Python ('print?')"),
        ("{", "a notebook that cannot be read"),
        ("[" * 100_000, "a notebook that cannot be read"),
        (json.dumps({"cells": [{"cell_type": "code", "source": 7}]}), "a notebook that cannot"),
    ],
)
def test_another_notebook_is_refused_in_words(text, words):
    with pytest.raises(ValueError) as error:
        program(text.encode())
    assert str(error.value).startswith(words)
    assert str(error.value).endswith(
        "hand in a .py file (in Jupyter: File, Save and Export Notebook As, Executable Script)"
    )


MOODLE = ["MÜLLER ANNA_123456_assignsubmission_file_", "ROSSI BO_77_assignsubmission_file_", "cyd"]


def test_ids_from_moodles_names():
    assert ids.assign(MOODLE, None) == {MOODLE[0]: "123456", MOODLE[1]: "77"}


@pytest.mark.parametrize(
    "text",
    [
        "folder,id\nMÜLLER ANNA,12\nROSSI BO_77_assignsubmission_file_,13\ncyd,14\n",
        "Ordner;Matrikel\nmu\u0308ller anna;12\n77;13\ncyd;14;and more\n",
        "MÜLLER ANNA\t12\nROSSI BO\t13\nCYD\t14\n\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_ids_from_a_table(tmp_path, text, encoding):
    (tmp_path / "map.csv").write_bytes(text.encode(encoding, "ignore"))
    if encoding == "cp1252" and "\u0308" in text:
        return  # it has no such letter
    table = ids.read(tmp_path / "map.csv")
    assert ids.assign(MOODLE, table) == dict(zip(MOODLE, ("12", "13", "14"), strict=True))


def test_tables_and_folders_that_do_not_fit(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text("name,id\nada,1\nbob,2\n")
    table = ids.read(file)
    assigned = ids.assign(["ada", "cyd"], table)
    assert assigned == {"ada": "1"}
    assert list(ids.mismatches(["ada", "cyd"], table, assigned)) == [
        "ids: expected an ID for each student, got none for cyd",
        "ids: expected a folder for each row, got none for bob",
    ]
    file.write_text("ada,1\nADA,2\n")
    with pytest.raises(ValueError, match="expected one ID for 'ADA', got two; if two students"):
        ids.read(file)
    file.write_text("ada,1\nbob,1\n")
    with pytest.raises(ValueError, match="got '1' for 'ada' and 'bob'"):
        ids.assign(["ada", "bob"], ids.read(file))
    for content in (b"", b"PK\x03\x04\x80\n", b"x" * 200_000 + b",1"):  # among them a spreadsheet
        file.write_bytes(content)
        with pytest.raises(ValueError, match="ids: expected a CSV file"):
            ids.read(file)
    with pytest.raises(ValueError, match="ids: expected a CSV file"):
        ids.read(tmp_path / "none.csv")


def test_what_is_missing_is_no_zero_in_a_grade_book(tmp_path):
    grades = [
        Grade("ada", "a02", "graded", 0, reason="why"),
        Grade("ada", "a05", "missing", reason="not handed in"),
        Grade("ada", "a07", "unread", reason="a07.zip: an archive"),
        Grade("bob", "a02", "missing"),
        Grade("bob", "a05", "missing"),
        Grade("bob", "a07", "trouble", reason="the tests did not start"),
    ]
    export.write_csv(tmp_path / "scores.csv", grades, {"ada": "12"})
    lines = (tmp_path / "scores.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines == [
        "id,student,a02,a05,a07,total,maximum,missing,unread",
        "12,ada,0,,,0,60,a05,a07",
        ",bob,,,,,60,a02 a05,",
    ]
    scores = export.as_json(grades, 7, submissions.Class([], True, "why"))
    points = {name: own["points"] for name, own in scores["students"]["ada"]["assignments"].items()}
    assert points == {"a02": 0, "a05": None, "a07": None}
    assert scores["students"]["bob"]["points"] is None
