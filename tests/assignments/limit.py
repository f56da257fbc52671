"""A time limit for each test: a loop that never ends costs seconds, not the evening.

A signal interrupts the main thread; where there is no timer of signals (Windows), a thread sends it.  Time is CPU time,
so that a busy computer does not matter, and time on the clock for a test that sleeps or waits.  Code that no signal
reaches, such as a long loop inside NumPy, is ended by `faulthandler`, together with the whole run.
"""

import _thread
import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from _pytest.outcomes import OutcomeException

SECONDS = 20  # of a test; the solutions need four at most
AGAIN = 4  # once a test has taken too long, the others have a quarter of it
IDLE = 0.05  # whose share of CPU time is smaller only waits
GRACE = 20  # seconds for code that no signal reaches, or that goes on all the same
SIGNAL = getattr(signal, "SIGALRM", signal.SIGTERM)


class TimeLimit(OutcomeException):
    """Neither `except Exception` nor Hypothesis takes it for an ordinary failure."""


class TimeLimits:
    """A pytest plugin: set-up and body of every test have `seconds` each."""

    def __init__(self, seconds: float, ours: Callable[[pytest.Item], bool]):
        self.seconds, self.again = seconds, max(1.0, seconds / AGAIN)
        self.ours = ours
        self.terminal = os.dup(2)  # not what pytest captures

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """The submission is imported here."""
        with self.limit(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """The test itself."""
        with self.limit(item):
            return (yield)

    @contextmanager
    def limit(self, item: pytest.Item) -> Iterator[None]:
        """Raises `TimeLimit` in the block if it takes too long."""
        if not self.ours(item) or item.config.getoption("usepdb", False):
            yield
            return
        clock = Clock(self.seconds)

        def ring() -> None:
            if why := clock.is_over():
                self.seconds = self.again
                raise TimeLimit(f"{item.name}: {why}")
            self.last_resort(GRACE)

        self.last_resort(self.seconds + GRACE)
        try:
            with alarm(self.seconds, ring):
                yield
        finally:
            faulthandler.cancel_dump_traceback_later()

    def last_resort(self, seconds: float) -> None:
        """End the run, and show where it is, unless something happens before."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=self.terminal)


class Clock:
    """How long something has worked and waited."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.started, self.worked = time.monotonic(), time.process_time()

    def is_over(self) -> str:
        """Why it is to be stopped; empty if it has some time left."""
        waited = time.monotonic() - self.started
        worked = time.process_time() - self.worked
        if worked >= 0.95 * self.seconds:
            return f"stopped after {self.seconds:g} s, the limit; does a loop never end?"
        if worked < IDLE * waited:
            return f"stopped after {self.seconds:g} s, the limit; does it sleep or wait?"
        return ""


@contextmanager
def alarm(seconds: float, ring: Callable[[], None], by_thread: bool = False) -> Iterator[None]:
    """Calls `ring` in the main thread if the block takes longer than this, and again every second."""
    before = signal.signal(SIGNAL, lambda *_: ring())
    knocks = by_thread or not hasattr(signal, "setitimer")
    stop = (knock if knocks else timer)(seconds)
    try:
        yield
    finally:
        stop()
        signal.signal(SIGNAL, before)


def timer(seconds: float) -> Callable[[], object]:
    """Has the system send the signal; the function that is returned stops it."""
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    return lambda: signal.setitimer(signal.ITIMER_REAL, 0)


def knock(seconds: float) -> Callable[[], object]:
    """Starts a thread that sends the signal; the function that is returned stops it."""
    over = threading.Event()

    def wait() -> None:
        pause = seconds
        while not over.wait(pause):
            _thread.interrupt_main(SIGNAL)
            pause = 1.0

    threading.Thread(target=wait, daemon=True).start()
    return over.set
