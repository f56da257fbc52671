"""What the programs of this package have in common: how they complain, what they write to, and how they end."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from fgm_ref.program.console import readable
from fgm_ref.program.progress import Progress, duration

__all__ = [
    "FAILED",
    "FINE",
    "INTERRUPTED",
    "USAGE",
    "Progress",
    "aligned",
    "complain",
    "duration",
    "entry",
    "expect_folder",
    "in_words",
    "number",
    "sizes",
    "whole",
]

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
    Signs that the console does not have are spelt out.  If there is no stdout or stderr, what goes there is forgotten.
    """
    _replace_what_is_closed()
    readable()
    try:
        code = _code_of(main)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = interrupted()
    except BrokenPipeError:
        code = FAILED
    except OSError as error:
        code = complain(_running(), (), in_words(error), FAILED)
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    sys.exit(code)


def _replace_what_is_closed() -> None:
    """Python has None for a stream that was closed when it started, and prints to stdout what was meant for stderr."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (to the end)


def _code_of(main: Callable[[], int]) -> Any:
    """The exit code, also if it is argparse that ends the program."""
    try:
        return main()
    except SystemExit as stop:
        return stop.code


def _let_go(stream: TextIO) -> None:
    """What could not be written there must not be tried again when Python ends."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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


def aligned(rows: list[list[str]]) -> list[str]:
    """First column to the left, numbers to the right, a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def _line(row: list[str], widths: list[int]) -> str:
    first = row[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([first, *others])
