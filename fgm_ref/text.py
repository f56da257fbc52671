"""What a user brings along: a class or an object of a module in the current directory, by its path."""

import importlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any


def plug_in(what: str, module: str, name: str) -> Any:
    """The object `name` of `module`, which can be imported from the current directory.

    Raises `ValueError`, in words for the user and beginning with `what`, if it cannot be had.

    >>> plug_in("safe", "fgm_ref.safe.zones", "Ball").__name__
    'Ball'
    """
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise ValueError(
                f"{what}: {module} wants to import {error.name!r}, which is not installed"
            ) from error
        raise ValueError(
            f"{what}: found no module {module!r}, neither {module}.py in {here} "
            "nor an installed one"
        ) from None
    except Exception as error:
        raise ValueError(
            f"{what}: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(here)
    if not hasattr(found, name):
        raise ValueError(f"{what}: the module {module!r} has no {name!r}")
    return getattr(found, name)


def expect_one_of(argument: str, value: str, options: Sequence[str]) -> None:
    """Raises a `ValueError` that lists the options, and the nearest one if there is a near one.

    >>> expect_one_of("dataset", "wacht", ("watch", "ecg208"))
    Traceback (most recent call last):
    ValueError: dataset: expected one of watch, ecg208; got 'wacht'. Did you mean 'watch'?
    """
    if value not in options:
        near = get_close_matches(str(value), options, 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{argument}: expected one of {', '.join(options)}; got {value!r}{hint}")


def aligned(rows: list[list[str]]) -> list[str]:
    """First column to the left, numbers to the right, a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]
