"""A typical mistake in each assignment, and what it costs: a test that never fails is none."""

import json
import os
import subprocess
import sys

import pytest
import test_a05
import test_a11
from desk import SOLUTIONS, Broken, Submission

ROOT = SOLUTIONS.parents[1]

# assignment: what is replaced in the solution, by what, and the tests that it costs
MISTAKES = {
    "a00": ("return k + 2 * k", "return 2 * k", {"messages", "payload", "prediction_of_a_run"}),
    "a01": ('g["b"] += dz.sum', 'g["b"] = dz.sum', {"backward[b]"}),
    "a02": (
        "dz_f = dc * c * f",
        "dz_f = dc * c_new * f",
        {"gate[f]", "step_backward[W]", "step_backward[x]", "step_backward[h]"},
    ),
    "a03": (
        "return np.maximum(half_space(X, E, R), ",
        "return np.maximum(norm(E) - R - norm(E + X), ",
        {"properties[shell]", "the_whole_zone[shell]"},
    ),
    "a04": (
        "return (smallest < low) | (largest > high)",
        "return largest > high",
        {"violations", "monitor"},
    ),
    "a05": (
        "return -psi / (2 * k)",
        "return -psi / 2 * k",
        {
            "quantum",
            "at_rest",
            "as_a_slow_round[subrounds]",
            "as_a_slow_round[over]",
            "as_a_slow_round[words]",
        },
    ),
    "a06": ("for k in (1, 2, 7):", "for k in (1,):", {"kills[left_to_right]"}),
    "a07": ("return weights * values.sum() - values", "return weights - values", {"share"}),
    "a08": (
        "if total > 0:",
        "if total > 5:",
        {"guarantee", "loss", "fewer_bytes_than_averaging", "fewer_bytes_than_monitoring"},
    ),
    "a09": ("(started[end] - 1)", "started[end]", {"per_round"}),
    "a10": (
        '"h": dh * z + d_rh * r + du',
        '"h": dh * z + du',
        {"step_backward[h]", "sequence_backward"},
    ),
    "a11": (
        "self.owed = meant - arrived",
        "self.owed = x - arrived",
        {"what_arrives", "nothing_is_lost", "models_are_not_worn_out"},
    ),
}


# mistakes that random cases may miss: an explicit example has to find each, and is what the student is shown
# name: assignment, what is replaced, by what, the test and its arguments, and words of what is shown
RARE = {
    "no return after fetch": (
        "a05",
        "self.fetch(phi)\n                return",
        "self.fetch(phi)",
        (test_a05.test_as_a_slow_round, {"what": "words"}),
        "costs 3 words: 1 for increments, 2 to fetch all values\n  k = 2\n",
    ),
    "c is looked at after all turns": (
        "a05",
        "            if self.c.sum() > self.k:\n                self.fetch(phi)\n                return",
        "        if self.c.sum() > self.k:\n            self.fetch(phi)",
        (test_a05.test_as_a_slow_round, {"what": "words"}),
        "\n  path = [[ 0.6 -0.4]]\n  c_before = [0, 0]\n  got = 4\n",
    ),
    "> for ≥ in (4)": (
        "a05",
        "self.psi >= self.epsilon",
        "self.psi > self.epsilon",
        (test_a05.test_as_a_slow_round, {"what": "over"}),
        "\n  epsilon = 0.5\n  path = [[ 0.5 -1.5]]\n  got = False\n",
    ),
    "the caller's x is changed": (
        "a11",
        "meant = x + self.owed",
        "x += self.owed\n        meant = x",
        (test_a11.test_nobody_elses_array_is_changed, {}),
        "expected: x stays as it is\n  message = 2\n",
    ),
}


def with_a_mistake(name, old, new):
    """The text of a solution, changed in one place."""
    text = next(SOLUTIONS.glob(f"{name}_*/solution.py")).read_text(encoding="utf-8")
    assert text.count(old) == 1, (name, old)
    return text.replace(old, new)


@pytest.mark.parametrize("mistake", RARE)
def test_a_rare_mistake_is_found_by_an_example(mistake, tmp_path):
    name, old, new, (test, arguments), words = RARE[mistake]
    (tmp_path / f"{name}.py").write_text(with_a_mistake(name, old, new), encoding="utf-8")
    with pytest.raises(Broken) as error:
        test(student=Submission(name, tmp_path), **arguments)
    assert words in str(error.value)


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """{assignment: score} of all mistakes, in one run."""
    place = tmp_path_factory.mktemp("mistakes")
    for name, (old, new, _) in MISTAKES.items():
        text = with_a_mistake(name, old, new)
        (place / f"{name}_mine.py").write_text(text, encoding="utf-8")
    tests = [f"tests/assignments/test_{name}.py" for name in MISTAKES]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_PROFILE": "ci"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        *tests,
        "--submission",
        str(place),
        "--score-json",
        str(place / "scores.json"),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr[-2000:]
    return {score["assignment"]: score for score in json.loads((place / "scores.json").read_text())}


def test_every_assignment_has_one():
    assert sorted(MISTAKES) == sorted(path.name[:3] for path in SOLUTIONS.glob("a[0-9][0-9]_*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_costs_what_it_should(name, scores):
    score = scores[name]
    failed = {
        test["name"].removeprefix("test_"): test for test in score["tests"] if not test["passed"]
    }
    assert failed.keys() == MISTAKES[name][2], failed
    assert score["points"] == 20 - sum(test["of"] for test in failed.values())
    assert all(test["message"].startswith("expected: ") for test in failed.values()), failed
