"""The bug zoo is in order: every mutant is described, changes something, and names a test that exists.

Whether the tests find the mutants is for `python -m tests.zoo` to say, in a few minutes for all of them.
"""

import ast
import inspect
import re
import subprocess
import sys

import pytest
from zoo import MUTANTS, TESTS, install, original
from zoo.__main__ import BROKEN, KILLED, SURVIVED, verdict
from zoo.registry import is_wrapper, mutant, number

every_mutant = pytest.mark.parametrize("one", MUTANTS.values(), ids=list(MUTANTS))


def test_there_are_many_and_each_has_its_own_name():
    assert len(MUTANTS) >= 24
    assert all(re.fullmatch(r"z\d\d\d?", id) for id in MUTANTS)
    assert sorted(MUTANTS, key=number) == [f"z{n:02}" for n in range(1, len(MUTANTS) + 1)]
    assert len({one.mistake for one in MUTANTS.values()}) == len(MUTANTS)
    with pytest.raises(ValueError, match="z01"):
        mutant("z01", "the same id again", "zones:norm", "test_safe.py::test_pure")(len)
    with pytest.raises(ValueError, match="z999"):
        install("z999")


def body(function):
    """What a function does, without its name and its docstring."""
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function))).body[0]
    statements = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return [ast.unparse(statement) for statement in statements]


@every_mutant
def test_a_mutant_is_described_and_small(one):
    # the mistake in a few words; why it is tempting, and what comes of it
    assert 10 < len(one.mistake) < 80
    tempting, _, consequence = one.why.partition("\n\n")
    assert tempting.endswith((".", "?", "!")) and consequence.endswith((".", "?", "!"))
    assert sum(len(statement.splitlines()) for statement in body(one.patch)) <= 20


@every_mutant
def test_the_killing_test_exists(one):
    file, _, name = one.killed_by.partition("::")
    functions = [
        node.name
        for node in ast.parse((TESTS / file).read_text()).body
        if isinstance(node, ast.FunctionDef)
    ]
    assert name.partition("[")[0] in functions


@every_mutant
def test_a_patch_changes_something_and_can_be_taken_back(one):
    owner, name, old = original(one.where)
    undo = install(one.id)
    try:
        assert inspect.getattr_static(owner, name) is not old
    finally:
        undo()
    assert inspect.getattr_static(owner, name) is old


@every_mutant
def test_a_patch_fits_where_it_goes(one):
    # a function that replaces another takes the same arguments, and is not just the same once more
    _, _, old = original(one.where)
    if inspect.isclass(one.patch):
        assert issubclass(one.patch, old)
        return
    function = old.fget if isinstance(old, property) else getattr(old, "__func__", old)
    if not is_wrapper(one.patch):
        assert list(inspect.signature(one.patch).parameters) == list(
            inspect.signature(function).parameters
        )
        assert body(one.patch) != body(function)


@pytest.mark.parametrize(
    "word, seen",
    [
        (SURVIVED, {"code": 0}),
        (
            KILLED,
            {
                "code": 1,
                "when": "call",
                "kinds": ["AssertionError"],
                "raised": "tests/test_safe.py:1",
            },
        ),
        (
            KILLED,
            {
                "code": 1,
                "when": "call",
                "kinds": ["Broken", "AssertionError"],
                "raised": "fgm_ref/simulation/observer.py:1",
            },
        ),
        (
            KILLED,
            {"code": 1, "when": "call", "kinds": ["Failed"], "raised": "tests/test_safe.py:1"},
        ),
        (
            BROKEN,
            {
                "code": 1,
                "when": "call",
                "kinds": ["AttributeError"],
                "raised": "tests/zoo/fgm.py:1",
            },
        ),
        (
            BROKEN,
            {
                "code": 1,
                "when": "call",
                "kinds": ["AssertionError"],
                "raised": "fgm_ref/transport/network.py:1",
            },
        ),
        (
            BROKEN,
            {
                "code": 1,
                "when": "setup",
                "kinds": ["AssertionError"],
                "raised": "tests/test_safe.py:1",
            },
        ),
        (BROKEN, {"code": 4}),
        (BROKEN, {"code": -1}),
    ],
)
def test_only_an_assertion_kills(word, seen):
    # a patch that stumbles has proved nothing
    assert verdict(MUTANTS["z01"], seen) == word
    expected = {
        "code": 1,
        "when": "call",
        "kinds": ["RuntimeWarning", "Warning"],
        "raised": "tests/zoo/learning.py:1",
    }
    assert verdict(MUTANTS["z58"], expected) == KILLED
    assert verdict(MUTANTS["z58"], expected | {"kinds": ["TypeError"]}) == BROKEN


@pytest.mark.slow
def test_some_of_them_end_to_end():
    some = ["z01", "z08", "z11", "z16", "z38", "z58"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.zoo", *some], cwd=TESTS.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 of 6 mutants killed" in done.stdout


def test_list_and_usage():
    done = subprocess.run(
        [sys.executable, "-m", "tests.zoo", "--list", "z01"],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
    )
    assert (
        done.returncode == 0
        and done.stdout.startswith("z01  ")
        and "reads from the left" in done.stdout
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.zoo", "z00"], cwd=TESTS.parent, capture_output=True, text=True
    )
    assert done.returncode == 2 and "got z00" in done.stderr
