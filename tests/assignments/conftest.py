"""Grades a submission: its tests, with points, on this student's numbers.

    pytest tests/assignments/test_a03.py --submission my/a03.py
    pytest tests/assignments --submission my --grade-seed 7 --student ada --score-json score.json

Without --submission the solutions are graded.
"""

import fgm_ref.threads  # isort: skip  (before NumPy)

import json
from pathlib import Path

import pytest
from desk import ALL_SAID, SPEAKING, Cases, Submission, asks, path_of, reason, words
from limit import SECONDS, TimeLimits
from variants import PUBLIC, Variant

TESTS = Path(__file__).parent
LONGEST = 3000  # characters of what a student is told about one test
BLANK = {"points": 0, "passed": False, "message": "", "detail": ""}


def pytest_addoption(parser):
    group = parser.getgroup("assignments")
    group.addoption(
        "--submission", metavar="PATH", help="a file, or a folder with a00.py, a01_x.py ..."
    )
    group.addoption("--grade-seed", metavar="S", type=int, help="grade: more cases, from this seed")
    group.addoption(
        "--student",
        metavar="ID",
        default=PUBLIC,
        help="whose numbers; without it those of everybody",
    )
    group.addoption("--score-json", metavar="FILE", help="write the points of every test")
    group.addoption(
        "--test-seconds",
        metavar="S",
        type=float,
        default=SECONDS,
        help="how long a test may take; default %(default)s",
    )


def pytest_configure(config):
    # not in pyproject.toml: this folder also works where that is not
    config.addinivalue_line("markers", "points(n): what a test of an assignment is worth")
    for path in sorted(TESTS.glob("test_a[0-9][0-9].py")):
        config.addinivalue_line("markers", f"{path.stem[5:]}: the tests of this assignment")
    seed = config.getoption(
        "--grade-seed", None
    )  # (the options are unknown if another folder was asked for)
    if seed is not None:
        Cases.grade(seed)
    config.pluginmanager.register(ScoreTable(config), "assignment-scores")
    if not config.pluginmanager.hasplugin("grader"):  # which has limits of its own
        limits = TimeLimits(config.getoption("--test-seconds", SECONDS), is_ours)
        config.pluginmanager.register(limits, "assignment-limits")


def is_ours(item):
    """Whether a test belongs to an assignment."""
    return item.path.parent == TESTS and item.get_closest_marker("points") is not None


@pytest.fixture(scope="module")
def assignment(request):
    """a03 in test_a03.py."""
    return request.module.__name__.rpartition("test_")[2]


@pytest.fixture(scope="module")
def student(request, assignment):
    """The submission as a module."""
    where = request.config.getoption("--submission", None)
    return Submission(assignment, Path(where).resolve() if where else None)


@pytest.fixture(scope="module")
def variant(request, assignment):
    """The sizes, thresholds and seeds of this student in this grading."""
    option = request.config.getoption
    return Variant(assignment, option("--grade-seed", None) or 0, option("--student", PUBLIC))


def pytest_collection_modifyitems(items):
    """`-m a03` chooses an assignment; a warning in a student's code is shown, and is no failure."""
    for item in items:
        if is_ours(item):
            item.add_marker(item.path.stem[5:])
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note points and reason.  An error is shown in full once; where a property is broken, its text says more."""
    report = yield
    if not is_ours(item):
        return report
    if report.skipped:
        no_way_out(report)
    error = call.excinfo.value if call.excinfo else None
    assignment, worth = item.path.stem[5:], item.get_closest_marker("points").args[0]
    message = reason(error, path_of(assignment)) if error else ""
    detail = words(error)[:LONGEST] if isinstance(error, ALL_SAID) else message
    score = [assignment, item.name, worth, message, detail]
    report.user_properties.append(("score", score))
    if report.failed:
        show_once(item, report, error, message)
    return report


def no_way_out(report):
    """A submission that skips a test has not passed it."""
    report.outcome = "failed"
    vars(report).pop("wasxfail", None)


def show_once(item, report, error, message):
    """The text of an error, or its traceback; where the same has been shown before, one line."""
    text = words(error) if isinstance(error, ALL_SAID) else message
    speaks = isinstance(error, SPEAKING) or asks(error)
    first = item.config.pluginmanager.getplugin("assignment-scores").shown.setdefault(
        text, item.name
    )
    if first != item.name:
        report.longrepr = f"{message}\n  as in {first}"
    elif speaks:
        report.longrepr = text
    if speaks:  # how to reproduce it is for ordinary errors
        report.sections = [each for each in report.sections if each[0] != "Hypothesis"]
    report.sections = [(title, end_of(printed)) for title, printed in report.sections]


def end_of(text):
    """What was printed, if it is not too long for a screen."""
    left_out = len(text) - LONGEST
    return text if left_out <= 0 else f"({left_out:,} characters before)\n{text[-LONGEST:]}"


class ScoreTable:
    """Adds up the points of every assignment."""

    def __init__(self, config):
        self.config, self.scores = config, {}
        self.shown = {}  # text of an error: the first test that had it

    def pytest_runtest_logreport(self, report):
        score = dict(report.user_properties).get("score")
        if score is None:
            return
        assignment, name, of, message, detail = score
        tests = self.scores.setdefault(assignment, {"tests": {}, "extra": {}})
        test = tests["tests"].setdefault(name, BLANK | {"name": name, "of": of})
        if report.when == "call" and report.passed:
            test |= {"points": of, "passed": True}
        elif report.failed:
            test |= {"points": 0, "passed": False, "message": message, "detail": detail}
        tests["extra"] |= dict(report.user_properties).get("extra", {})

    def table(self):
        """One score for each assignment, as it goes into the JSON file."""
        for assignment, found in sorted(self.scores.items()):
            tests = list(found["tests"].values())
            score = {
                "assignment": assignment,
                "points": sum(test["points"] for test in tests),
                "of": sum(test["of"] for test in tests),
                "tests": tests,
            }
            yield score | ({"extra": found["extra"]} if found["extra"] else {})

    def pytest_sessionfinish(self):
        target = self.config.getoption("--score-json", None)
        if target and not hasattr(self.config, "workerinput"):
            scores = list(self.table())
            Path(target).write_text(json.dumps(scores[0] if len(scores) == 1 else scores, indent=1))

    def pytest_terminal_summary(self, terminalreporter):
        if self.config.getoption("--submission", None):
            for score in self.table():
                terminalreporter.write_line(
                    f"\n{score['assignment']}: {score['points']} of {score['of']} points"
                )
                for line in lines(score["tests"]):
                    terminalreporter.write_line(line)


def lines(tests):
    """A line for each test; what has been said before is not said again."""
    said = {}
    for test in tests:
        name, message = test["name"].removeprefix("test_"), test["message"]
        first = said.setdefault(message, name)
        if message and first != name:
            message = f"as in {first}"
        yield f"  {test['points']:>2} of {test['of']}  {name:<32} {message}".rstrip()
