"""What the programs of this package have in common: how they complain, what they write to, and how they end."""

import argparse
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from fgm_ref.console import readable

FINE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes."""


def complain(program: str, options: Collection[str], text: str, code: int) -> int:
    """One line on stderr, and the exit code; where the text starts with an option's name, as the user knows it."""
    if text.partition(":")[0] in options:
        text = f"--{text}"
    with suppress(OSError):  # stderr may be closed or full, and then there is nobody to tell
        print(f"{program}: {text}", file=sys.stderr)
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
    """Run `main` and exit with its code.

    Ctrl-C ends it with `interrupted()`, a closed pipe quietly, and a full disk with one line on stderr.
    Signs that the console does not have are spelt out.
    """
    readable()
    try:
        code = _code_of(main)
        _flush()
    except KeyboardInterrupt:
        code = interrupted()
    except BrokenPipeError:
        code = FAILED
    except OSError as error:
        code = complain(_running(), (), in_words(error), FAILED)
    _let_go_of_stdout()
    sys.exit(code)


def _code_of(main: Callable[[], int]) -> Any:
    """The exit code, also if it is argparse that ends the program."""
    try:
        return main()
    except SystemExit as stop:
        return stop.code


def _flush() -> None:
    """Write what is left of the output; there may be no stdout at all."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _let_go_of_stdout() -> None:
    """What could not be written there must not be tried again when Python ends."""
    try:
        _flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _running() -> str:
    """The package that runs as a program, such as "fgm_ref.demo"."""
    spec = sys.modules["__main__"].__spec__
    return spec.parent if spec and spec.parent else "fgm_ref"


def in_words(error: OSError) -> str:
    """What went wrong, and with which file.

    >>> in_words(OSError(28, "No space left on device")), in_words(OSError(13, "Permission denied", "a.png"))
    ('No space left on device', "Permission denied: 'a.png'")
    """
    what = error.strerror or str(error)
    return f"{what}: {error.filename!r}" if error.filename else what


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
