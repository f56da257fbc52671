"""The state of a run: what changes in its objects while it lasts.

A run is set up anew from its settings, and then given the state that another one had.  So only numbers, arrays, random
generators and what holds them have to be kept.  Functions, classes and whatever calls itself `unchanging` (a model's
layers, a data set) are there already.  Nothing has to be listed: `take` walks through the objects' attributes.

Two attributes may be one object, or two views of one array; who changes one of them means both.  Hence objects are
kept once, and an array is filled in place wherever there is one of that shape.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.transport.messages import INDEX, KINDS, Kind

PLAIN = (type(None), bool, int, float, str)
GIVEN = (FunctionType, BuiltinFunctionType, ModuleType, type)
"""What is there when a run is set up, and does not change."""

LONG = 16
"""A list of so many numbers, or of so many arrays of one shape, is kept as one array."""

MISSING: Any = object()

CONTAINERS = {"list": list, "row": list, "table": list, "dict": dict, "set": set, "deque": deque}
"""What may hold other things and change, by the name in a tree."""

Tree = Any
"""A value as JSON has it: plain, or {"what": ...} with the numbers of arrays in the place of arrays."""


class Taker:
    """Walks through objects; `arrays` are those that it has found."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []
        self.seen: dict[int, int] = {}
        self.kept: list[Any] = []  # so that no other object gets the place of one that was seen

    def take(self, thing: Any) -> Tree:
        """The value as a tree."""
        if type(thing) in PLAIN:
            return thing
        if isinstance(thing, Kind) and thing in INDEX:
            return {"kind": INDEX[thing]}
        if isinstance(thing, GIVEN) or getattr(type(thing), "unchanging", False):
            return {"given": True}
        if isinstance(thing, np.dtype):
            return {"dtype": thing.str}
        if isinstance(thing, np.generic):
            return {"number": self._add(np.asarray(thing))}
        if isinstance(thing, tuple):
            return self._tuple(thing)
        if isinstance(thing, MethodType):
            return {"method": thing.__name__, "of": self.take(thing.__self__)}
        if isinstance(thing, partial):
            return {"partial": self.take((thing.func, thing.args, thing.keywords))}
        if id(thing) in self.seen:
            return {"again": self.seen[id(thing)]}
        number = self.seen[id(thing)] = len(self.seen)
        self.kept.append(thing)
        return {"id": number, **self._new(thing)}

    def _add(self, array: Array) -> int:
        self.arrays.append(np.array(array))
        return len(self.arrays) - 1

    def _tuple(self, items: tuple[Any, ...]) -> Tree:
        tree = {"tuple": [self.take(item) for item in items]}
        return tree if type(items) is tuple else {**tree, "of": path_of(type(items))}

    def _new(self, thing: Any) -> dict[str, Any]:
        """What is seen for the first time, and may be seen again."""
        if isinstance(thing, np.ndarray):
            return {"array": self._add(thing)}
        if isinstance(thing, np.random.Generator):
            return {"random": thing.bit_generator.state}
        if isinstance(thing, list):
            return self._list(thing)
        if isinstance(thing, dict):
            return {"dict": [[self.take(key), self.take(value)] for key, value in thing.items()]}
        if isinstance(thing, (set, deque)):
            return {type(thing).__name__: [self.take(item) for item in thing]}
        names = names_of(thing)
        if names is None:
            return {"given": True}
        return {
            "object": path_of(type(thing)),
            "has": {name: self.take(value) for name, value in names.items()},
        }

    def _list(self, items: list[Any]) -> dict[str, Any]:
        kinds = {type(item) for item in items}
        if len(items) >= LONG and len(kinds) == 1:
            kind = kinds.pop()
            if hasattr(kind, "_fields"):  # rows of a table
                columns = [list(column) for column in zip(*items, strict=True)]
                self.kept += columns
                return {"table": [self.take(column) for column in columns], "of": path_of(kind)}
            if kind in (bool, float) or (kind is int and small(items)):
                return {"row": self._add(np.array(items)), "plain": True}
            if issubclass(kind, np.generic) or (kind is np.ndarray and alike(items)):
                return {"row": self._add(np.array(items))}
        return {"list": [self.take(item) for item in items]}


class Giver:
    """Gives objects that were set up anew the state that was taken from others of their kind."""

    def __init__(self, arrays: list[Array]):
        self.arrays = arrays
        self.known: dict[int, Any] = {}
        self.filled: list[Array] = []
        self.taken: set[int] = (
            set()
        )  # what stands for one of those that were kept, and cannot for another

    def give(self, tree: Tree, here: Any) -> Any:
        """The value of a tree; `here` is what stands in its place, and takes it on if it can."""
        if not isinstance(tree, dict):
            return tree
        if "again" in tree:
            return self.known[tree["again"]]
        value = self._value(tree, here)
        if "id" in tree:
            self.known[tree["id"]] = value
        return value

    def _value(self, tree: dict[str, Any], here: Any) -> Any:
        if "given" in tree:
            if here is MISSING:
                raise ValueError(
                    "checkpoint: a function was made while the run lasted, and is not kept"
                )
            return here
        if "kind" in tree:
            return KINDS[tree["kind"]]
        if "dtype" in tree:
            return np.dtype(tree["dtype"])
        if "number" in tree:
            return self.arrays[tree["number"]][()]
        if "array" in tree:
            return self._array(self.arrays[tree["array"]], here)
        if "random" in tree:
            return random(tree["random"], here)
        if "tuple" in tree:
            return self._tuple(tree, here)
        if "method" in tree:
            return getattr(
                self.give(tree["of"], getattr(here, "__self__", MISSING)), tree["method"]
            )
        if "partial" in tree:
            there = (here.func, here.args, here.keywords) if isinstance(here, partial) else MISSING
            function, arguments, keywords = self.give(tree["partial"], there)
            return partial(function, *arguments, **keywords)
        if "object" in tree:
            return self._object(tree, here)
        return self._container(tree, here)

    def _array(self, array: Array, here: Any) -> Array:
        """In place, unless that place was filled with something else before."""
        if not (
            isinstance(here, np.ndarray) and here.shape == array.shape and here.dtype == array.dtype
        ):
            return array
        if here.tobytes() != array.tobytes():
            if any(np.shares_memory(here, other) for other in self.filled):
                return array
            here[...] = array
        self.filled.append(here)
        return here

    def _tuple(self, tree: dict[str, Any], here: Any) -> Any:
        there = here if isinstance(here, tuple) else ()
        items = [
            self.give(item, there[n] if n < len(there) else MISSING)
            for n, item in enumerate(tree["tuple"])
        ]
        return class_at(tree["of"])(*items) if "of" in tree else tuple(items)

    def _object(self, tree: dict[str, Any], here: Any) -> Any:
        kind = class_at(tree["object"])
        same = type(here) is kind
        has: dict[str, Any] = (names_of(here) or {}) if same else {}
        if is_frozen(kind):
            values = {
                name: self.give(one, has.get(name, MISSING)) for name, one in tree["has"].items()
            }
            if same and all(is_same(value, has.get(name)) for name, value in values.items()):
                return here
            return frozen(kind, values)
        thing = self._stand_in(tree, here if same else MISSING, lambda: object.__new__(kind))
        has = dict(has)
        vars(thing).clear()
        for name, one in tree["has"].items():
            vars(thing)[name] = self.give(one, has.get(name, MISSING))
        return thing

    def _stand_in(self, tree: dict[str, Any], here: Any, make: Callable[[], Any]) -> Any:
        """What is here, or a new one; known from now on, for it may hold itself."""
        thing: Any = make() if here is MISSING or id(here) in self.taken else here
        self.taken.add(id(thing))
        self.known[tree["id"]] = thing
        return thing

    def _container(self, tree: dict[str, Any], here: Any) -> Any:
        """A list, a dictionary, a set or a queue: the one that is here, with other contents."""
        kind = next(kind for name, kind in CONTAINERS.items() if name in tree)
        box = self._stand_in(tree, here if isinstance(here, kind) else MISSING, kind)
        if kind is dict:
            pairs = [(self.give(key, MISSING), value) for key, value in tree["dict"]]
            contents: Any = {key: self.give(one, box.get(key, MISSING)) for key, one in pairs}
        else:
            contents = self._items(tree, list(box))
        box.clear()
        (box.extend if kind in (list, deque) else box.update)(contents)
        return box

    def _items(self, tree: dict[str, Any], there: list[Any]) -> list[Any]:
        """The contents of what is no dictionary; `there` are those that stand in their places."""
        if "row" in tree:
            array = self.arrays[tree["row"]]
            return array.tolist() if tree.get("plain") else list(array)
        if "table" in tree:
            columns = [self.give(column, MISSING) for column in tree["table"]]
            return [class_at(tree["of"])(*row) for row in zip(*columns, strict=True)]
        (name,) = tree.keys() & CONTAINERS.keys()
        places = [*there, *[MISSING] * len(tree[name])]
        return [self.give(item, place) for item, place in zip(tree[name], places, strict=False)]


def random(state: dict[str, Any], here: Any) -> np.random.Generator:
    """A generator in this state."""
    made = here if isinstance(here, np.random.Generator) else np.random.default_rng()
    made.bit_generator.state = state
    return made


def names_of(thing: Any) -> dict[str, Any] | None:
    """The attributes of an object of a Python class; None of another one."""
    if is_frozen(type(thing)):
        return {one.name: getattr(thing, one.name) for one in dataclasses.fields(thing)}
    return getattr(thing, "__dict__", None)


def is_frozen(kind: type) -> bool:
    """Whether it is a dataclass whose objects never change."""
    return dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def frozen(kind: type, values: dict[str, Any]) -> Any:
    """An object of a frozen dataclass, as it was."""
    thing: Any = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(thing, name, value)
    return thing


def path_of(kind: type) -> str:
    """Where a class is found."""
    return f"{kind.__module__}:{kind.__qualname__}"


def class_at(path: str) -> type:
    """The class at a path."""
    module, _, name = path.partition(":")
    found: Any = sys.modules.get(module)  # a file makes nobody import anything
    for part in name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise ValueError(f"checkpoint: expected the class {path}, which this run does not know")
    return found


def is_same(value: Any, other: Any) -> bool:
    """Whether it is the same object, or the same plain value."""
    return value is other or (type(value) is type(other) in PLAIN and value == other)


def small(numbers: list[int]) -> bool:
    """Whether all fit into 64 bits."""
    limits = np.iinfo(np.int64)
    return limits.min <= min(numbers) and max(numbers) <= limits.max


def alike(arrays: list[Array]) -> bool:
    """Whether all have one shape and one type."""
    return len({(array.shape, array.dtype) for array in arrays}) == 1
