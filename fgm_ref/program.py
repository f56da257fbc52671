"""What the programs of this package have in common: how they complain, what they write to, and how they end."""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn, TextIO

FAILED = 1


def complain(program: str, options: Collection[str], text: str, code: int) -> int:
    """One line on stderr, and the exit code; where the text starts with an option's name, as the user knows it."""
    name, colon, rest = text.partition(":")
    print(f"{program}: {f'--{name}{colon}{rest}' if name in options else text}", file=sys.stderr)
    return code


def expect_folder(folder: Path, option: str = "out") -> Path:
    """Make the folder for results; `ValueError` in words if that cannot be, before any computing starts."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{option}: expected a folder to write to, got {str(folder)!r} ({error.strerror})"
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(
            f"{option}: expected a folder to write to, got {str(folder)!r} (permission denied)"
        )
    return folder


def entry(main: Callable[[], int], interrupted: Callable[[], int]) -> NoReturn:
    """Run `main` and exit with its code; a closed pipe or Ctrl-C ends it quietly, the latter with `interrupted()`."""
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    sys.exit(code)


def whole(least: int) -> Callable[[str], int]:
    """A type for whole numbers with a lower bound."""

    def convert(text: str) -> int:
        if not text.lstrip("+-").isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number of at least {least}, got {text!r}"
            )
        return int(text)

    return convert


def number(text: str) -> float:
    """A type for finite numbers above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def sizes(text: str) -> tuple[int, ...]:
    """A type for layer sizes: `24` or `32,16`."""
    return tuple(whole(1)(part) for part in text.split(","))


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
        due = (
            elapsed - self.spoken_at > 1 / PER_SECOND
            if self.terminal
            else tenth > self.spoken_tenth
        )
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
