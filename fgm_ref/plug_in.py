"""What a user brings along: a class or an object of a module in the current directory, by its path."""

import importlib
import os
import sys
from typing import Any


def plug_in(what: str, module: str, name: str) -> Any:
    """The object `name` of `module`, which can be imported from the current directory.

    Raises `ValueError`, in words for the user and beginning with `what`, if it cannot be had.

    >>> plug_in("safe", "fgm_ref.zones", "Ball").__name__
    'Ball'
    """
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise ValueError(f"{what}: {module} wants to import {error.name!r}, which is not installed") from error
        raise ValueError(f"{what}: found no module {module!r}, neither {module}.py in {here} "
                         "nor an installed one") from None
    except Exception as error:
        raise ValueError(f"{what}: {module} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(here)
    if not hasattr(found, name):
        raise ValueError(f"{what}: the module {module!r} has no {name!r}")
    return getattr(found, name)
