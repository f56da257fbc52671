"""Renamed copies head the list of pairs; what is another program, or none, does not."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "tutorials" / "assignments"
SPEC = importlib.util.spec_from_file_location("pairs", FOLDER / "pairs.py")
pairs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pairs)

(A03,) = FOLDER.glob("a03_*")
SOLUTION, STUB = ((A03 / f"{name}.py").read_text(encoding="utf-8") for name in ("solution", "stub"))

OTHER = '''
import numpy as np

def distance(v, unit):
    """Along a unit vector."""
    return np.einsum("...d,d->...", v, unit)

def ball(X, E, R):
    total = 0.0
    for axis in range(X.shape[-1]):
        total = total + X[..., axis] * X[..., axis]
    return total**0.5 - R

def half_space(X, E, R):
    unit = E / np.linalg.norm(E)
    moved = distance(X, unit)
    return -moved - R

def shell(X, E, R):
    both = [ball(X, E, R), half_space(X, E, R)]
    return np.where(both[0] > both[1], both[0], both[1])

def fooled(R):
    drifts = np.zeros((5, 2))
    drifts[0, 0] = 9 * R
    return drifts
'''


def renamed(text):
    """Other names and words, and the last function first."""
    for old, new in (
        ("norm", "laenge"),
        ("along", "entlang"),
        ("Task", "Aufgabe"),
        ("E:", "Mitte:"),
    ):
        text = text.replace(old, new)
    head, *functions = text.split("\n\n\n")
    return "\n\n\n".join([head, "# all my own work\nLIMIT = 3", *reversed(functions)])


@pytest.fixture
def students(tmp_path):
    texts = {"ada": SOLUTION, "bo": renamed(SOLUTION), "cy": OTHER, "di": "def ball(:", "eve": STUB}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a03.py").write_text(text, encoding="utf-8")
    (tmp_path / "fay").mkdir()
    return tmp_path


def test_a_renamed_copy_comes_first(students, capsys):
    assert pairs.main([str(students), "--only", "a03"]) == 0
    said = capsys.readouterr()
    first, *others = [line.split()[:3] for line in said.out.splitlines()]
    assert first[1:] == ["ada", "bo"] and float(first[0]) > 0.9
    assert {tuple(names) for _, *names in others} == {("ada", "cy"), ("bo", "cy")}
    assert all(float(share) < 0.6 for share, *_ in others)
    left = [line.split()[2] for line in said.err.splitlines()]
    assert left == ["di:", "eve:", "fay:"]
    assert "di: a03.py is not Python" in said.err and "eve: nothing but the stub" in said.err


def test_names_numbers_and_words_do_not_count():
    one = 'def f(x):\n    """Words."""\n    return x + 1  # why\n'
    other = "def g(value):\n    return value + 2\n"
    assert (
        pairs.own(one, "") == pairs.own(other, "") != pairs.own("def f(x):\n    return x + 1.0", "")
    )


def test_where_there_is_no_class(tmp_path, capsys):
    assert pairs.main([str(tmp_path), "--only", "a03"]) == 2
    assert "pairs: submissions: expected" in capsys.readouterr().err
