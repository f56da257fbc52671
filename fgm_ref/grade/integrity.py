"""Are the functions that judge a submission still the original ones?

A snapshot is taken just before the first line of the submission runs.  It holds every function and class that the
modules of the judges name, the functions inside those classes, and the code inside the functions.
"""

import ast
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any

JUDGES = (
    "numpy",
    "scipy",
    "fgm_ref",
    "hypothesis",
    "pytest",
    "_pytest",
    "pluggy",
    "builtins",
    "math",
    "operator",
    "functools",
    "itertools",
    "json",
    "random",
    "statistics",
    "hashlib",
    "copy",
    "os",
    "pathlib",
    "signal",
)

Place = tuple[
    dict[str, Any], str, str
]  # where it is named, by which name, and how to call it in a message


def snapshot(tests: str) -> Callable[[], str | None]:
    """A function that names the first thing that was replaced since, or `None`.  `tests`: the folder of the tests."""
    names = [(space, name, label, space[name]) for space, name, label in places(tests)]
    inner = [
        (label, value, insides(value))
        for _, _, label, value in names
        if isinstance(value, FunctionType)
    ]
    methods = [
        (cls, name, label, value)
        for _, _, label, cls in names
        if isinstance(cls, type)
        for name, value in vars(cls).items()
        if callable(value) or isinstance(value, property)
    ]
    lost = object()

    def changed() -> str | None:
        for space, name, label, value in names:
            if space.get(name, lost) is not value:
                return label
        for label, function, parts in inner:
            if any(now is not then for now, then in zip(insides(function), parts, strict=True)):
                return label
        for cls, name, label, value in methods:
            if vars(cls).get(name, lost) is not value:
                return f"{label}.{name}"
        return None

    return changed


def preload(tests: str) -> None:
    """Load what the tests import anywhere, also late, for the snapshot; not their own modules."""
    wanted = {"numpy.testing", "numpy.random", "numpy.linalg"}
    for path in Path(tests).glob("tests/assignments/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                wanted |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    for name in sorted(wanted):
        if name.partition(".")[0] in JUDGES:
            with suppress(ImportError):
                importlib.import_module(name)


def places(tests: str) -> Iterator[Place]:
    """Every name of a function or class in a module of the judges."""
    for title, module in list(sys.modules.items()):
        if is_judge(title, module, tests):
            space = vars(module)
            yield from (
                (space, name, f"{title}.{name}")
                for name, value in list(space.items())
                if lasting(value)
            )


def is_judge(title: str, module: Any, tests: str) -> bool:
    """Whether a module has a say in what points there are."""
    return title.partition(".")[0] in JUDGES or (
        getattr(module, "__file__", None) or ""
    ).startswith(tests)


def lasting(value: Any) -> bool:
    """Functions and classes; not those made inside a function, which pytest sets up for each test anew."""
    return callable(value) and "<locals>" not in (getattr(value, "__qualname__", None) or "")


def insides(function: FunctionType) -> tuple[Any, ...]:
    """What can be exchanged inside a function."""
    return function.__code__, function.__defaults__, function.__kwdefaults__
