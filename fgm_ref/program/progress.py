"""How far a long computation is, on stderr."""

import shutil
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
        self.spoken_at = 0.0
        self.spoken_tenth = 0

    def __call__(self, done: int, label: str) -> None:
        """Say that `done` of `total` units are done and that `label` is being worked on."""
        elapsed = time.monotonic() - self.started
        if elapsed < QUIET_SECONDS or not done:
            return
        if self._due(elapsed, done):
            left = elapsed * (self.total - done) / done
            self._write(f"{100 * done // self.total:3d} %  {label:<14} about {duration(left)} left")

    def _due(self, elapsed: float, done: int) -> bool:
        """Whether it is time to speak again."""
        tenth = 10 * done // self.total
        waited = elapsed - self.spoken_at > 1 / PER_SECOND
        due = waited if self.terminal else tenth > self.spoken_tenth
        if due:
            self.spoken_at = elapsed
            self.spoken_tenth = tenth
        return due

    def close(self) -> None:
        """Wipe the line."""
        if self.terminal and self.spoken_at:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def _write(self, text: str) -> None:
        if self.terminal:  # a longer line could not be wiped
            text = "\r\x1b[K" + text[: shutil.get_terminal_size().columns - 1]
        else:
            text += "\n"
        self.stream.write(text)
        self.stream.flush()


def duration(seconds: float) -> str:
    """Seconds in words.

    >>> duration(50), duration(200), duration(9000)
    ('50 s', '3 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
