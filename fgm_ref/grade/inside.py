"""The pytest plugin of a grading: reports each test at once, limits its time, and looks for replaced functions."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest.outcomes import OutcomeException

Send = Callable[..., None]

AGAIN = 4  # once a test has taken too long, the others have a quarter of its time
IDLE = 0.05  # whose share of CPU time is smaller only waits


class TimeLimit(OutcomeException):
    """Pytest knows its kind, but neither `except Exception` nor hypothesis takes it for an ordinary failure."""


class Watcher:
    """Tells `send` what is collected and what became of each test.  `check()` ends it all if something was replaced."""

    __name__ = "grader"  # by which pytest, and the tests, know the plugin

    def __init__(
        self, send: Send, check: Callable[[], None], seconds: float, busy: Callable[[], bool]
    ):
        self.send, self.check, self.busy = send, check, busy
        self.seconds, self.again = seconds, max(1.0, seconds / AGAIN)
        self.started = self.worked = 0.0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What there is to win."""
        self.send("collected", tests=[[item.nodeid, points(item)] for item in session.items])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Nothing was replaced when a test is over."""
        try:
            return (yield)
        finally:
            self.check()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """The submission is imported."""
        with self._limited():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The submission has been imported now, and is used."""
        self.check()
        with self._limited():
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The outcome of a test, or of the set-up that failed."""
        if report.when == "call" or report.failed:
            self.send("outcome", test=report.nodeid, passed=report.passed, message=reason(report))

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """What takes too much time is interrupted, and again every second if it does not listen."""
        self.started, self.worked = time.monotonic(), time.process_time()
        signal.signal(signal.SIGPROF, self._worked_too_long)
        signal.signal(signal.SIGALRM, self._waited_too_long)
        signal.setitimer(signal.ITIMER_PROF, self.seconds, 1.0)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _worked_too_long(self, *_: Any) -> None:
        self._stop("of CPU time; is there a loop that never ends?")

    def _waited_too_long(self, *_: Any) -> None:
        waited = time.monotonic() - self.started
        worked = time.process_time() - self.worked
        if worked < IDLE * waited:  # otherwise the machine may be busy, and CPU time counts
            self._stop("on the clock; does it sleep or wait?")

    def _stop(self, why: str) -> None:
        if not self.busy():  # the guard is not to be interrupted; it rings again
            seconds, self.seconds = self.seconds, self.again
            raise TimeLimit(f"more than {seconds:g} s {why}")


def points(item: pytest.Item) -> int:
    """The number in `@pytest.mark.points(n)`."""
    mark = item.get_closest_marker("points")
    return int(mark.args[0]) if mark else 0


def reason(report: pytest.TestReport) -> str:
    """The first line of the error, for the case that the tests themselves cannot tell any more."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", "") or "").strip()
    return text.splitlines()[0][:300] if text else ""
