"""What a mutant is, and how it gets into the library.

A patch is a function that replaces a function or a method, or a class that replaces a class.  If its first argument
is called `original`, it is given what it replaces, and shows only the difference.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Mutant:
    """One mistake.  `where` is "module:Class.method" or "module:function" inside `fgm_ref`.

    `killed_by` is the test that must fail, relative to `tests/`; it must fail by an assertion, or by `raises` if
    that is how the library itself (or NumPy) reports the mistake.
    """

    id: str
    mistake: str
    where: str
    killed_by: str
    patch: Any
    raises: str = "AssertionError"

    @property
    def why(self) -> str:
        """What is wrong, why it is tempting and what comes of it."""
        return inspect.cleandoc(self.patch.__doc__ or "")


MUTANTS: dict[str, Mutant] = {}


def mutant(
    id: str, mistake: str, where: str, killed_by: str, raises: str = "AssertionError"
) -> Callable[[Any], Any]:
    """Decorate a patch: it joins the zoo under this id."""

    def register(patch: Any) -> Any:
        if id in MUTANTS:
            raise ValueError(f"id: {id} is the one with: {MUTANTS[id].mistake}")
        MUTANTS[id] = Mutant(id, mistake, where, killed_by, patch, raises)
        return patch

    return register


def number(id: str) -> int:
    """7 for z07: what mutants are sorted by."""
    return int(id[1:])


def original(where: str) -> tuple[Any, str, Any]:
    """(the module or class, the name, what it is there), without binding methods."""
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(f"fgm_ref.{module}")
    *outer, name = path.split(".")
    for step in outer:
        owner = getattr(owner, step)
    return owner, name, inspect.getattr_static(owner, name)


def install(id: str) -> Callable[[], None]:
    """Make the mistake; call what is returned to take it back.  `ValueError` for an unknown id."""
    if id not in MUTANTS:
        raise ValueError(
            f"mutant: expected one of {', '.join(sorted(MUTANTS, key=number))}; got {id!r}"
        )
    owner, name, old = original(MUTANTS[id].where)
    new = _replacement(MUTANTS[id].patch, old)
    if inspect.isclass(owner):
        inherited = name not in vars(owner)
        setattr(owner, name, new)
        return lambda: delattr(owner, name) if inherited else setattr(owner, name, old)
    places = list(_places(old))
    for namespace, key in places:
        namespace[key] = new
    return lambda: [namespace.__setitem__(key, old) for namespace, key in places] and None


def is_wrapper(patch: Any) -> bool:
    """Whether the patch wants to be given what it replaces."""
    return (
        inspect.isfunction(patch)
        and next(iter(inspect.signature(patch).parameters), "") == "original"
    )


def _replacement(patch: Any, old: Any) -> Any:
    """The patch as a property, class method or plain function, like what it replaces."""
    if isinstance(old, property):
        return property(_replacement(patch, old.fget))
    if isinstance(old, (classmethod, staticmethod)):
        return type(old)(_replacement(patch, old.__func__))
    if inspect.isclass(patch):
        patch.__name__ = old.__name__  # in disguise: tests are called after the class, too
    if not is_wrapper(patch):
        return patch

    @functools.wraps(old)
    def wrapper(*args: Any, **options: Any) -> Any:
        return patch(old, *args, **options)

    return wrapper


def _places(old: Any) -> Iterator[tuple[dict[Any, Any], Any]]:
    """Every module of the library, and every table in one, that knows the function or class `old`."""
    for module in [
        module for name, module in sys.modules.items() if name.partition(".")[0] == "fgm_ref"
    ]:
        for namespace in [
            vars(module),
            *(table for table in vars(module).values() if type(table) is dict),
        ]:
            yield from ((namespace, key) for key, value in list(namespace.items()) if value is old)
