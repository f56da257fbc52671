"""What was decided in training is written down, and new rows are treated alike."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref.datasets.csvdata import load_csv
from fgm_ref.datasets.recipe import Recipe
from fgm_ref.datasets.table import read_table
from fgm_ref.datasets.windows import windows_of

COUNT = 90


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Numbers, a category, two groups, and a label that alternates."""
    rows = [
        f"{i * 0.1 + 7},{'red' if i % 3 else 'blue'},g{i % 2},{'on' if i % 5 else 'off'}"
        for i in range(COUNT)
    ]
    path = tmp_path_factory.mktemp("recipe") / "t.csv"
    path.write_text("\n".join(["x,kind,g,y", *rows]) + "\n")
    return path


def test_a_recipe_says_what_was_decided(path):
    recipe = load_csv(path, "y", window=4, group="g").recipe
    assert recipe.channels == ("x", "kind=red", "kind=blue")
    assert recipe.columns == ("x", "kind", "g") and recipe.history == ()
    assert recipe.classes == ("off", "on") and recipe.window == 4
    assert recipe.centre[1:] == (0, 0) and recipe.spread[1:] == (1, 1)


@pytest.mark.parametrize("label", ["y", "x"])
def test_it_survives_being_written_down(path, label):
    recipe = load_csv(path, label).recipe
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_another_record_is_refused(path):
    written = load_csv(path, "y").recipe.to_dict()
    for wrong in ({**written, "version": 99}, {**written, "colour": 1}, {}, {**written, "task": 1}):
        if wrong.get("task") != 1:
            with pytest.raises(ValueError, match=r"^recipe: expected "):
                Recipe.from_dict(wrong)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.sampled_from([None, "g"]), st.sampled_from(["y", "x"]))
def test_rows_are_treated_in_prediction_as_in_training(path, window, group, label):
    data = load_csv(path, label, window=window, group=group)
    x, last, answer = windows_of(data.recipe, read_table(path))
    assert np.array_equal(answer, last)  # with horizon 0
    place = {row: i for i, row in enumerate(last.tolist())}
    order = np.argsort(np.arange(COUNT) % 2, kind="stable") if group else np.arange(COUNT)
    for part, ends in ((data.x_train, data.past.train), (data.x_test, data.past.test)):
        assert np.array_equal(part, x[[place[row] for row in order[ends].tolist()]])


def test_what_was_known_before_the_answer(path):
    data = load_csv(path, "y", window=3, group="g")
    before, known = data.past.before(data.past.train, 1)
    assert known.all()  # a window of three rows has a row before its last
    assert np.array_equal(before[1:30], data.y_train[:29])
    assert not data.past.before(data.past.train, 0)[1].any()
