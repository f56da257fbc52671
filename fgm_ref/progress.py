"""A line on stderr for anything that takes more than two seconds: how far, and how long still."""

import sys
import time
from typing import TextIO

QUIET_SECONDS = 2.0
PER_SECOND = 5


class Progress:
    """Call it with what has been done so far; it speaks only when there is something to wait for.

    On a terminal one line is rewritten at most five times a second; elsewhere there is a line for every
    tenth of the work.
    """

    def __init__(self, total: int, stream: TextIO | None = None):
        self.total = total
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.started = time.monotonic()
        self.spoken_at, self.spoken_tenth = 0.0, 0

    def __call__(self, done: int, label: str) -> None:
        """Say that `done` of `total` units are done and that `label` is being worked on."""
        elapsed = time.monotonic() - self.started
        if elapsed < QUIET_SECONDS or not done:
            return
        tenth = 10 * done // self.total
        due = elapsed - self.spoken_at > 1 / PER_SECOND if self.terminal else tenth > self.spoken_tenth
        if due:
            self.spoken_at, self.spoken_tenth = elapsed, tenth
            left = elapsed * (self.total - done) / done
            self._write(f"{100 * done // self.total:3d} %  {label:<14} about {duration(left)} left")

    def close(self) -> None:
        """Wipe the line."""
        if self.terminal and self.spoken_at:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _write(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}" if self.terminal else text + "\n")
        self.stream.flush()


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(50), duration(200), duration(9000)
    ('50 s', '3 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
