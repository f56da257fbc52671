"""The pytest plugin of a grading: reports each test at once, limits its time, and looks for replaced functions."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _pytest.outcomes import OutcomeException

Send = Callable[..., None]


class TimeLimit(OutcomeException):
    """Pytest knows its kind, but neither `except Exception` nor hypothesis takes it for an ordinary failure."""


class Watcher:
    """Tells `send` what is collected and what became of each test.  `check()` ends it all if something was replaced."""

    def __init__(
        self, send: Send, check: Callable[[], None], seconds: float, busy: Callable[[], bool]
    ):
        self.send, self.check, self.seconds, self.busy = send, check, seconds, busy

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What there is to win."""
        self.send("collected", tests=[[item.nodeid, points(item)] for item in session.items])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """A test that takes too much CPU time is interrupted, and again every second if it does not listen."""
        signal.signal(signal.SIGPROF, self._ring)
        signal.setitimer(signal.ITIMER_PROF, self.seconds, 1.0)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.check()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The submission has been imported now."""
        self.check()
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The outcome of a test, or of the set-up that failed."""
        if report.when == "call" or report.failed:
            self.send("outcome", test=report.nodeid, passed=report.passed, message=reason(report))

    def _ring(self, *_: Any) -> None:
        if not self.busy():  # the guard is not to be interrupted; it rings again
            raise TimeLimit(
                f"more than {self.seconds:g} s of CPU time; is there a loop that never ends?"
            )


def points(item: pytest.Item) -> int:
    """The number in `@pytest.mark.points(n)`."""
    mark = item.get_closest_marker("points")
    return int(mark.args[0]) if mark else 0


def reason(report: pytest.TestReport) -> str:
    """The first line of the error, for the case that the tests themselves cannot tell any more."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", "") or "").strip()
    return text.splitlines()[0][:300] if text else ""
