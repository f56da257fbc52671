"""What the programs of this package have in common: how they complain, what they write to, and how they end."""

import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn

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
        raise ValueError(f"{option}: expected a folder to write to, got {str(folder)!r} ({error.strerror})") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}: expected a folder to write to, got {str(folder)!r} (permission denied)")
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
