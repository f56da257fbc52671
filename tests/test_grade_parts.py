"""The grader's parts: whose files there are, the child, the leaderboard, the guard and its snapshot."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from grading import GOOD, course, hand_in

from fgm_ref.grade import child, clock, harness, submissions
from fgm_ref.grade.feedback import of_others, write_feedback
from fgm_ref.grade.guard import Guard, Rules
from fgm_ref.grade.handed_in import MOST_BYTES
from fgm_ref.grade.inside import Watcher
from fgm_ref.grade.integrity import snapshot
from fgm_ref.grade.process import LIVING, Limits, messages, talk
from fgm_ref.grade.result import Grade
from fgm_ref.grade.table import RACE, leaderboard, some, table


def test_a_class_and_a_student(tmp_path):
    hand_in(tmp_path / "ada", a00="", a03_quanta="")
    hand_in(tmp_path / "bob", b00="", a000="")
    (tmp_path / ".git").mkdir()
    found = submissions.find(tmp_path, ["a00", "a03"])
    assert found.many and "2 folders" in found.why
    assert [(s.student, s.assignment, s.trouble) for s in found.submissions] == [
        ("ada", "a00", ""),
        ("ada", "a03", ""),
        ("bob", "a00", "not handed in"),
        ("bob", "a03", "not handed in"),
    ]
    one = submissions.find(tmp_path / "ada", ["a00"], student="x")
    assert not one.many and [(s.student, s.variant) for s in one.submissions] == [("x", True)]
    assert not submissions.find(tmp_path / "ada", ["a00"]).submissions[0].variant


def test_files_that_cannot_be_graded(tmp_path):
    hand_in(tmp_path, a00="", a00_again="#", a01=" " * (MOST_BYTES + 1), a03="")
    (tmp_path / "a02.py").symlink_to(tmp_path / "a00.py")
    found = submissions.find(tmp_path, ["a00", "a01", "a02", "a03", "a04"])
    troubles = [each.trouble for each in found.submissions]
    assert troubles == [
        "expected one file, got a00.py, a00_again.py, which differ; keep one of them",
        "a01.py: expected at most 1,000,000 bytes, got 1,000,001",
        "a02.py: a link, which is not followed",
        "",
        "not handed in",
    ]
    assert [each.is_missing for each in found.submissions] == [False, False, False, False, True]


def test_the_copy_holds_no_solution(tmp_path):
    tests = harness.find(course(tmp_path / "checkout"))
    tests.copy(tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {"pyproject.toml", "conftest.py", "test_a90.py"} and tests.is_copy(
        tmp_path / "copy"
    )
    (tmp_path / "copy" / "tests" / "assignments" / "test_a90.py").unlink()
    assert not tests.is_copy(tmp_path / "copy")


def test_who_does_not_know_the_password_is_found_out():
    mine = json.dumps({"password": "x", "kind": "started"}).encode()
    assert [m["kind"] for m in messages(b"\n" + mine + b"\n" + mine, "x")] == ["started", "started"]
    assert [m["kind"] for m in messages(b"\n" + mine + b"\nnoise\n", "y")] == [
        "tampered",
        "tampered",
    ]


@pytest.mark.parametrize(
    ("program", "ended", "code"),
    [
        ("import time; time.sleep(60)", "time", -signal.SIGKILL),
        (
            "import os; os.system('sleep 60 &'); os._exit(3)",
            "",
            3,
        ),  # what it leaves behind holds our pipes open
        (
            "import os, sys, time; os.close(0); os.closerange(1, 20); time.sleep(60)",
            "time",
            -signal.SIGKILL,
        ),
        ("print('x' * 100_000_000)", "", 0),
    ],
)
def test_every_child_comes_to_an_end(tmp_path, program, ended, code):
    (tmp_path / "child.py").write_text(program)
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    run = talk(tmp_path / "child.py", {"password": "x"}, environment, Limits(clock=1, starting=0))
    assert (run.ended, run.code, run.messages) == (ended, code, [])
    assert not LIVING


def test_a_child_without_a_grader_ends():
    done = subprocess.run(
        [sys.executable, child.__file__], input=b'{"half', capture_output=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (1, b"child: expected a job, got none\n")


def test_the_same_refusal_is_told_once(tmp_path):
    told, own = [], str(tmp_path / "submission")
    guard = Guard(Rules(own, "/tests", (), (), (), ()), print, told.append, told.append)
    code = compile("def read(open): open('open', ('/', 'r', 0))", own, "exec")
    guard.hook("exec", (code,))
    space = {}
    exec(code, space)
    for _ in range(3):
        with pytest.raises(PermissionError, match="a graded submission may not read /"):
            space["read"](guard.hook)
    assert told == ["read /"]


def leader(student, failed="", **extra):
    names = ("test_guarantee", "test_loss", "test_fewer_bytes_than_averaging")
    tests = [
        {"name": name, "points": 5, "of": 5, "passed": name != failed, "message": ""}
        for name in names
    ]
    return Grade(student, "a08", "graded", 15, tests=tests, extra=extra)


def test_the_leaderboard():
    baselines = {"gm": {"loss": 0.5, "bytes": 2000}, "fgm": {"loss": 0.6, "bytes": 500}}
    grades = [
        leader("fay", bytes=2000, loss=0.1),
        leader("ada", f"{RACE}_than_averaging", bytes=900, loss=0.5),
        leader("bob", bytes=100, loss=0.6, baselines=baselines),
        leader("cyd", "test_loss", bytes=1, loss=9.0),
        leader("dan", bytes=900, loss=0.4),
        leader("gus", "test_guarantee", bytes=2, loss=0.5),
        leader("hal"),
        Grade("eve", "a08", "tampered", reason="replaced json.dump"),
    ]
    assert [one["student"] for one in leaderboard(grades)] == ["bob", "dan", "ada", "fay"]
    text = table(grades, many=True)
    assert "eve a08: tampered: replaced json.dump" in text
    assert [line.split() for line in text.splitlines()[-4:]] == [
        ["1", "bob", "100", "0.600", "0.200"],
        ["2", "dan", "900", "0.400", "–"],
        ["3", "ada", "900", "0.500", "–"],
        ["4", "fay", "2,000", "0.100", "–"],
    ]
    assert leaderboard([grade for grade in grades if grade.student == "cyd"]) == []


def test_the_graders_limits_take_the_place_of_those_of_the_tests():
    plugins = pytest.PytestPluginManager()
    plugins.register(Watcher(print, print, 1.0, bool))
    assert plugins.hasplugin("grader")
    conftest = Path(harness.__file__).parents[2] / harness.TESTS / "conftest.py"
    assert 'if not config.pluginmanager.hasplugin("grader")' in conftest.read_text()


def test_a_process_that_works_is_not_ended_by_the_clock(monkeypatch):
    now, work = [0.0], [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(clock, "worked", lambda process: work[0])
    watch = clock.Clock(1, 80)
    now[0], work[0] = 79.0, 0.0
    assert not watch.is_over
    now[0], work[0] = 81.0, 7.0  # it sleeps
    assert watch.is_over
    now[0], work[0] = 399.0, 60.0  # the machine is busy
    assert not watch.is_over
    now[0] = 401.0
    assert watch.is_over


def test_time_that_a_process_has_worked():
    before = clock.worked(os.getpid())
    assert before > 0 or not Path("/proc/self/stat").exists()
    assert clock.worked(10**9) == 0


def test_snapshot_sees_what_is_replaced(monkeypatch):
    changed = snapshot("/no/tests")
    assert changed() is None
    with monkeypatch.context() as patch:
        patch.setattr(np, "allclose", lambda *_: True)
        assert changed() == "numpy.allclose"
    with monkeypatch.context() as patch:
        patch.setattr(harness.digest, "__code__", (lambda root, files: "").__code__)
        assert changed() == "fgm_ref.grade.harness.digest"
    with monkeypatch.context() as patch:
        patch.setattr(harness.Harness, "is_copy", lambda *_: True)
        assert changed() == "fgm_ref.grade.harness.Harness.is_copy"
    assert changed() is None


def test_texts_of_an_earlier_class_are_told_from_ours(tmp_path):
    def graded(*students):
        return [Grade(student, "a90", status="missing") for student in students]

    write_feedback(tmp_path, graded("ada", "Müller/Bo"), [])
    assert of_others(tmp_path, graded("ada", "Müller/Bo")) == []
    assert of_others(tmp_path, graded("ada")) == ["Müller_Bo.txt"]
    assert of_others(tmp_path / "none", graded("ada")) == []
    assert some([str(n) for n in range(12)]).endswith("8, 9, and 2 more")


def test_points_are_written_plainly():
    grade = Grade(
        "ada",
        "a90",
        "graded",
        2.5,
        tests=[{"name": "test_x", "points": 2.5, "of": 20, "message": "why"}],
    )
    assert table([grade], many=False).splitlines()[:2] == [
        "a90  2.5 of 20",
        "       2.5 of 20  test_x: why",
    ]
    assert GOOD and SimpleNamespace(**grade.row).points == 2.5
