"""What a student is told: once, with numbers, in seconds, and for every point that is lost."""

import json
import os
import re
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import test_a02
import test_a09
from desk import SOLUTIONS, Broken, Missing, Submission, cases, holds, reason
from hypothesis import assume, given
from hypothesis import strategies as st
from limit import Clock, TimeLimit, alarm
from variants import Variant

ROOT = SOLUTIONS.parents[1]


def solution(name, *changes):
    """The solution, with some of its text replaced."""
    text = next(SOLUTIONS.glob(f"{name}_*/solution.py")).read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, (name, old)
        text = text.replace(old, new)
    return text


PYTORCH = ("z_o, z_i, z_f, z_g = np.split", "z_i, z_f, z_g, z_o = np.split")
PYTORCH_BACK = ("[dz_o, dz_i, dz_f, dz_g]", "[dz_i, dz_f, dz_g, dz_o]")
WRONG_GATE = ("dz_f = dc * c * f", "dz_f = dc * c_new * f")
HANDED_IN = {
    "a00": solution("a00", ("return k + 2 * k", "input('k? ')\n    return k + 2 * k")).encode(),
    "a01": solution("a01", ("J, norms = np.eye(len(Wh)), [1.0]", "while True: J = Wh")).encode(),
    "a02": solution("a02", PYTORCH, PYTORCH_BACK).encode(),
    "a03": "x = 'Lösung'\n".encode("latin-1"),
    "a04": b"x = 1\n\0",
    "a05": solution("a05", ("phi.copy()", "phi")).encode(),
    "a06": b"import pytest\npytest.skip('no', allow_module_level=True)\n",
    "a07": solution(
        "a07", ("return weights", "import time; time.sleep(60)\n    return weights")
    ).encode(),
    "a10": solution(
        "a10", ("H, u = h.shape[1]", "print('many words' * 1000); H, u = h.size_of[1]")
    ).encode(),
}


def grade(place, handed_in, *options):
    """(scores, output, seconds) of these files."""
    place.mkdir(exist_ok=True)
    for name, text in handed_in.items():
        (place / f"{name}.py").write_bytes(text)
    scores = place / "scores.json"
    command = [sys.executable, "-m", "pytest", "-pno:cacheprovider", "-rN", "--tb=short"]
    command += [f"tests/assignments/test_{name}.py" for name in handed_in]
    command += [f"--submission={place}", f"--score-json={scores}", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_PROFILE": "quick"}
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(scores.read_text())
    found = found if isinstance(found, list) else [found]
    by_name = {score["assignment"]: score for score in found}
    return by_name, done.stdout, time.monotonic() - started


def test_what_students_are_told(tmp_path):
    # one test, as it is one run
    told = grade(tmp_path, HANDED_IN, "--test-seconds=1")
    every_point_that_is_lost_has_its_reason(told)
    another_order_of_the_gates_is_named(told)
    one_error_is_shown_once(told)
    z_has_to_be_a_copy(told)
    what_python_cannot_read(told)
    nobody_answers(told)
    skipping_is_no_way_out(told)
    what_never_ends_is_stopped(told)


def messages(told, name):
    """What is said of each test that has cost points."""
    tests = told[0][name]["tests"]
    lost = [test for test in tests if test["points"] < test["of"]]
    return {test["name"].removeprefix("test_"): test["message"] for test in lost}


def every_point_that_is_lost_has_its_reason(told):
    scores, _, _ = told
    assert scores.keys() == HANDED_IN.keys()
    for name in scores:
        assert all(messages(told, name).values()), messages(told, name)


ORDER = (
    "expected: the gates in the order o, i, f, g; `{}` has them in the order i, f, g, o, as PyTorch"
)


def another_order_of_the_gates_is_named(told):
    said = messages(told, "a02")
    assert set(said.values()) == {ORDER.format("step")} and len(said) == 9
    assert told[1].count("read again: the instructions, 'Given'") == 1


def handed_in(place, *changes):
    """a02 with these changes, as a module."""
    (place / "a02.py").write_text(solution("a02", *changes), encoding="utf-8")
    return Submission("a02", place)


def test_another_order_on_the_way_back_is_named(tmp_path):
    student = handed_in(tmp_path, PYTORCH_BACK)
    test_a02.test_step(student=student)
    for gate in test_a02.GATES:
        with pytest.raises(Broken) as error:
            test_a02.test_gate(student=student, gate=gate)
        assert reason(error.value) == ORDER.format("gates_backward")


def test_a_wrong_gradient_is_shown_in_numbers(tmp_path):
    student, number = handed_in(tmp_path, WRONG_GATE), r"-?[\d.]+(e-\d+)?"
    test_a02.test_gate(student=student, gate="o")
    for test, arguments, block in (
        (test_a02.test_step_backward, {"name": "W"}, r"dW\[2, \d\]"),
        (test_a02.test_gate, {"gate": "f"}, r"dbias\[0\]"),
    ):
        with pytest.raises(Broken) as error:
            test(student=student, **arguments)
        numbers = f"{block} is {number}, by differences {number}; relative error {number}"
        assert re.search(numbers, reason(error.value)), error.value
        assert "\n  got = [" in str(error.value) and "\n  by_differences = [" in str(error.value)


def one_error_is_shown_once(told):
    said = messages(told, "a10")
    assert len(said) == 6 and len(set(said.values())) == 1
    assert told[1].count("H, u = h.size_of[1]") == 1
    assert "characters before)" in told[1] and told[1].count("many words") < 2000
    assert told[1].count("  as in test_step_backward[Wz]\n") == 5  # below the first
    assert told[1].count(" as in step_backward[Wz]\n") == 5  # in the table


def z_has_to_be_a_copy(told):
    said = messages(told, "a05")
    assert (
        list(said) == ["z_is_a_copy"] and "when the caller changes its array" in said["z_is_a_copy"]
    )
    assert told[0]["a05"]["points"] == 19


def what_python_cannot_read(told):
    latin, zero = set(messages(told, "a03").values()), set(messages(told, "a04").values())
    assert latin == {
        "a03.py cannot be imported: byte 0xf6 in line 1 is not UTF-8; save it as UTF-8"
    }
    assert zero == {"a04.py cannot be imported: there is a NUL byte in line 2; is it a program?"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 'ö'\n".encode("utf-8-sig"), ""),
        ("# coding: latin-1\nx = 'ö'\n".encode("latin-1"), ""),
        ("x = 1\n".encode("utf-16"), "it is in UTF-16; save it as UTF-8"),
        (b"# coding: klingon\n", "SyntaxError: "),
    ],
)
def test_encodings(tmp_path, text, words):
    (tmp_path / "a03.py").write_bytes(text)
    submission = Submission("a03", tmp_path)
    if words:
        with pytest.raises(Missing, match=f"a03.py cannot be imported: {words}"):
            submission.x  # noqa: B018
    else:
        assert submission.x == "ö"


def nobody_answers(told):
    said = messages(told, "a00")
    line = "input() has nobody to answer it, as standard input is empty (line 14)"
    assert set(said.values()) == {line}
    assert "reading from stdin" not in told[1] and "return k + 2 * k" not in told[1]


def skipping_is_no_way_out(told):
    assert told[0]["a06"]["points"] == 0
    assert set(messages(told, "a06").values()) == {
        "a06.py cannot be imported: Skipped: no (line 2)"
    }


@pytest.mark.parametrize("way_out", ["assume(x < 10)", "reject() if x > 9 else None"])
def test_a_submission_cannot_choose_its_cases(tmp_path, way_out):
    (tmp_path / "a03.py").write_text(f"from hypothesis import *\ndef f(x): {way_out}; return x\n")
    student = Submission("a03", tmp_path)

    @cases()
    @given(x=st.integers(0, 1000))
    def up_to_9(x):
        holds(student.f(x) < 10, "small numbers only", "section 1", x=x)

    @cases()
    @given(x=st.integers(0, 1000))
    def our_own_choice(x):
        assume(x % 2)
        holds(x % 2, "odd numbers only", "section 1", x=x)

    with pytest.raises(Broken, match="expected: an answer in every case; this one was refused"):
        up_to_9()
    our_own_choice()


def what_never_ends_is_stopped(told):
    loop, nap = messages(told, "a01"), messages(told, "a07")
    text = "TimeLimit: test_memory: stopped after 1 s, the limit; does a loop never end? (line 55)"
    assert loop == {"memory": text}
    assert "stopped after 1 s, the limit; does it sleep or wait? (line 40)" in nap["share"]
    assert told[0]["a07"]["points"] == 16 and told[2] < 150


@pytest.mark.parametrize(
    ("slope", "ratio"),
    [
        ((0.43, 0.51), (0.95, 1.35)),  # wide, as it once was enough
        ((0.44, 0.46), (1.2, 1.6)),
        ((0.33, 0.34), (1.6, 2.1)),
        ((0.01, 0.99), (0.1, 10)),
    ],
)
def test_a_guess_does_not_win_a09(slope, ratio):
    guess = SimpleNamespace(slope=lambda k: slope, ratio=lambda epsilon: ratio)
    for test in (test_a09.test_slope, test_a09.test_ratio):
        with pytest.raises(Broken):
            test(guess, Variant("a09"))


def test_where_there_is_no_timer_a_thread_rings():
    def ring():
        raise TimeLimit("now")

    with pytest.raises(TimeLimit), alarm(0.05, ring, by_thread=True):
        while True:
            pass
    with alarm(0.05, ring, by_thread=True):
        pass
    time.sleep(0.1)


def test_a_busy_computer_is_no_reason():
    clock = Clock(0.2)
    while time.process_time() - clock.worked < 0.1:
        pass
    clock.started -= 1  # somebody else had the processor
    assert clock.is_over() == ""
    clock.started -= 10
    assert "sleep" in clock.is_over()
    while time.process_time() - clock.worked < 0.2:
        pass
    assert "loop" in clock.is_over()
