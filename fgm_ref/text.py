"""Text that users write, and text that they read.

Settings are written in one grammar everywhere: `name:key=value,key=value`.  Protocols, faults, changes and schedules
are read by the functions below, each of which says what was expected and what came.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def head(text: str) -> tuple[str, str]:
    """The name, and what stands behind the first colon.

    >>> head("periodic:b=20"), head("fgm")
    (('periodic', 'b=20'), ('fgm', ''))
    """
    name, _, rest = text.partition(":")
    return name, rest


def settings(text: str) -> Iterator[tuple[str, str]]:
    """The (name, value) pairs of a text, in order.  The value of a bare word is "".

    >>> list(settings("drop=0.01,season,absent=3:10-20"))
    [('drop', '0.01'), ('season', ''), ('absent', '3:10-20')]
    """
    for setting in filter(None, text.split(",")):
        name, _, value = setting.partition("=")
        yield name, value


def options(what: str, text: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The options of something, some replaced by settings such as "b=20"; `what` names it in errors.

    >>> options("protocol periodic", "b=20", {"b": 10})
    {'b': 20}
    """
    values = dict(defaults)
    for name, value in settings(text):
        if name not in defaults:
            known = ", ".join(f"{key}={one}" for key, one in values.items()) or "no options"
            got = f"{name}={value}" if value else name
            raise ValueError(f"{what}: expected {known}; got {got!r}")
        values[name] = read_like(f"{what}, option {name}", value, defaults[name])
    return values


def read_like(what: str, value: str, example: Any) -> Any:
    """Read `value` as the type of `example`: a truth value, a whole number, a number or a word."""
    if isinstance(example, bool):
        if value.lower() not in YES_NO:
            raise ValueError(f"{what}: expected yes or no, got {value!r}")
        return YES_NO[value.lower()]
    try:
        return type(example)(value)
    except ValueError:
        kind = "a whole number" if isinstance(example, int) else "a number"
        raise ValueError(f"{what}: expected {kind}, got {value!r}") from None


def write(value: Any) -> str:
    """A value as `read_like` reads it.

    >>> write(True), write(0.1), write("model")
    ('yes', '0.1', 'model')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


# Checks.  Each returns the value, or says what was expected and what came.


def positive(name: str, value: int) -> int:
    """A whole number of at least 1."""
    if value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value}")
    return value


def fraction(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, got {value:g}")
    return value


def above_zero(name: str, value: float) -> float:
    """A finite number above 0."""
    if not 0 < value < float("inf"):
        raise ValueError(f"{name}: expected a number above 0, got {value:g}")
    return value


def expect_one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """One of a few words; the error lists them, and the nearest one if there is a near one.

    >>> expect_one_of("dataset", "wacht", ("watch", "ecg208"))
    Traceback (most recent call last):
    ValueError: dataset: expected one of watch, ecg208; got 'wacht'. Did you mean 'watch'?
    """
    if value not in choices:
        near = get_close_matches(str(value), choices, 1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}: expected one of {', '.join(choices)}; got {value!r}{hint}")
    return value
