"""Scores find their rows in the tables of course platforms, and nothing else in these tables changes."""

import csv
import importlib.util
import io
from pathlib import Path

import pytest

from fgm_ref.grade.export import write_csv

SCRIPT = Path(__file__).resolve().parent.parent / "tutorials" / "assignments" / "gradebook.py"
SPEC = importlib.util.spec_from_file_location("gradebook", SCRIPT)
gradebook = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gradebook)

SCORES = """id,student,a03,a05,total,maximum,missing,unread
123456,MÜLLER ANNA_123456_assignsubmission_file_,20,15,35,40,,
s7,ada,12,,12,40,a05,
"""

SHEETS = {
    "moodle": (
        "Identifier,Full name,Grade,Maximum Grade\nParticipant 123456,Anna Müller,,20\n"
        "Participant 999,Bo,,20\n",
        ["--key", "Identifier", "--into", "Grade"],
    ),
    "canvas": (
        'Student,ID,SIS User ID,Section,a03 (77)\nPoints Possible,,,,20\n"Lovelace, Ada",1,s7,1,\n',
        ["--key", "SIS User ID", "--into", "a03"],
    ),
    "blackboard": (
        '"Last Name"\t"Username"\t"Quanta [Total Pts: 20 Score] |5"\n"Lovelace"\t"ada"\t""\n',
        ["--key", "Username", "--into", "Quanta"],
    ),
}


def graded(tmp_path, text, options, points="a03", encoding="utf-8"):
    (tmp_path / "scores.csv").write_text(SCORES, encoding="utf-8-sig")
    (tmp_path / "sheet.csv").write_text(text, encoding=encoding, newline="")
    paths = [str(tmp_path / "scores.csv"), str(tmp_path / "sheet.csv")]
    code = gradebook.main([*paths, *options, "--points", points])
    result = tmp_path / "sheet-graded.csv"
    return code, result.read_text(encoding="utf-8-sig") if result.exists() else ""


@pytest.mark.parametrize("platform", SHEETS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_column_is_filled_and_nothing_else_changes(platform, encoding, tmp_path, capsys):
    text, options = SHEETS[platform]
    code, after = graded(tmp_path, text, options, encoding=encoding)
    assert code == 0
    delimiter = "\t" if "\t" in text else ","
    old, new = (list(csv.reader(io.StringIO(one), delimiter=delimiter)) for one in (text, after))
    changed = [
        (row, column)
        for row, (before, now) in enumerate(zip(old, new, strict=True))
        for column, (a, b) in enumerate(zip(before, now, strict=True))
        if a != b
    ]
    ((row, column),) = changed
    assert old[0][column].startswith(options[-1])
    assert new[row][column] == {"moodle": "20"}.get(platform, "12")
    assert "scores without a row" in capsys.readouterr().err


def test_who_has_no_score_is_named(tmp_path, capsys):
    text, options = SHEETS["moodle"]
    graded(tmp_path, text, options)
    assert "rows without a score: Participant 999" in capsys.readouterr().err
    text, options = SHEETS["blackboard"]
    code, after = graded(tmp_path, text, options, points="a05")  # not handed in: no zero
    assert code == 0 and after.splitlines()[-1].endswith("ada\t")


def test_a_row_without_a_key_is_named_by_what_it_has(tmp_path, capsys):
    text, options = SHEETS["canvas"]
    graded(tmp_path, text + ",,,,\n", options)
    assert "rows without a score: Points Possible, row 4\n" in capsys.readouterr().err


def test_a_second_column_is_filled_in_the_same_result(tmp_path):
    sheet = "Username,first,second\nada,,\n"
    _, after = graded(tmp_path, sheet, ["--key", "Username", "--into", "first"])
    paths = [str(tmp_path / "scores.csv"), str(tmp_path / "sheet-graded.csv")]
    options = ["--key", "Username", "--into", "second", "--points", "total"]
    assert gradebook.main([*paths, *options]) == 0
    assert (tmp_path / "sheet.csv").read_text() == sheet
    after = (tmp_path / "sheet-graded.csv").read_text(encoding="utf-8-sig")
    assert after.splitlines()[1] == "ada,12,12"
    assert len(list(tmp_path.iterdir())) == 3


def test_the_options_are_explained(capsys):
    with pytest.raises(SystemExit):
        gradebook.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for option in ("--key", "--into", "--points"):
        assert f"{option} COLUMN of " in said


def test_what_does_not_fit_is_said(tmp_path, capsys):
    text, _ = SHEETS["moodle"]
    code, after = graded(tmp_path, text, ["--key", "Email", "--into", "Grade"])
    assert (code, after) == (2, "")
    assert "expected one column 'Email', got Identifier, Full name" in capsys.readouterr().err


def test_it_reads_what_the_grader_writes(tmp_path):
    write_csv(tmp_path / "scores.csv", [], {})
    fields, rows, _ = gradebook.read(tmp_path / "scores.csv")
    assert fields[:2] == ["id", "student"] and not rows
