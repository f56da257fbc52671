"""How the book is put together, without building it: where pages go, and what becomes of docstrings."""

import sys
from pathlib import Path

import pytest

DISPLAY = ".. code-block:: none"
FOLDER = Path(__file__).resolve().parent.parent / "tutorials" / "_book"


@pytest.fixture(scope="module", autouse=True)
def path():
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def converted(text):
    import docstrings

    lines = text.split("\n")
    docstrings.convert(lines)
    return lines


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("the `save` of X_i", "the ``save`` of X_i"),
        ("k * D, w_ and |x|", r"k \* D, w\_ and \|x\|"),
        ("a *round* starts", "a *round* starts"),
        ("`*args` and **more", r"``*args`` and \*\*more"),
        ("a file::function", r"a file\::function"),
        ("it `poll`s `all` of `them`", r"it ``poll``\ s ``all`` of ``them``"),
    ],
)
def test_signs_lose_their_meaning_and_code_keeps_its_letters(text, wanted):
    assert converted(text) == [wanted]


def test_what_is_indented_is_kept():
    text = "So\n\n    Σ φ * 2 ≤ 0   ⇒   |x|\n\nand\n    a term\n    >>> 2 * 3"
    lines = converted(text)
    assert lines[2:4] == [DISPLAY, ""]
    assert "    Σ φ * 2 ≤ 0   ⇒   |x|" in lines and "    >>> 2 * 3" in lines
    assert lines.count(DISPLAY) == 1


def test_what_says_nothing_is_left_out():
    assert converted("Alias for field number 3") == []


def test_a_new_page_is_in_the_book_without_being_named():
    import stage

    names = [
        "README",
        "tutorials/99_new",
        "tutorials/a_new_page",
        "tutorials/assignments/a99_new/instructions",
        "tutorials/assignments/a99_new/hints",
        "data/results/more/more",
        "api/index",
        "api/safe",
    ]
    parts = {
        text.partition(":caption: ")[2].partition("\n")[0]: text for text in stage.contents(names)
    }
    places = {
        "Learn": "/tutorials/99_new",
        "Use": "/tutorials/a_new_page",
        "Practise": "/tutorials/assignments/a99_new/instructions",
        "Look up": "/data/results/more/more",
    }
    for part, page in places.items():
        assert page in parts[part]
    said = "".join(parts.values())
    assert "hints" not in said and "api/safe" not in said and "api/index" in said
    assert all(said.count(page) == 1 for page in places.values())


def test_pictures_have_texts():
    import stage

    described = {"metadata": {"image/png": {"alt": "loss by bytes"}}}
    assert stage.alternative(described) == "loss by bytes"
    assert stage.alternative({"metadata": {}}) == ""
    assert stage.last_heading("# One\ntext\n## Two\ntext") == "Two"
