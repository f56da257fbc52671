"""Settings of a run as text and back: the fields of `Config`, whichever there are.

The default of a field says what type it has, so that a new field needs no line here.
"""

from dataclasses import fields
from typing import Any, get_args

from fgm_ref.simulation.config import LATER, Config
from fgm_ref.text import expect_one_of

FIELDS = {field.name: field for field in fields(Config)}
NO_VALUE = (None, "none", "")


def typed(name: str, value: Any) -> Any:
    """`value` as the field's own type, so that equal settings are equal to the bit.

    >>> typed("threshold", 1), typed("hidden", 16), typed("hidden", [16, 8]), typed("clip", "none")
    (1.0, (16,), (16, 8), None)
    >>> typed("steps", 2.5)
    Traceback (most recent call last):
    ValueError: steps: expected a whole number, got 2.5
    """
    expect_one_of("setting", name, tuple(FIELDS))
    default = FIELDS[name].default
    if isinstance(default, tuple):
        several = value if isinstance(value, (list, tuple)) else [value]
        return tuple(_whole(name, one) for one in several)
    if default is None:
        return None if value in NO_VALUE else _optional(name, value)
    if isinstance(default, bool):
        return _of_type(name, value, bool, "true or false")
    if isinstance(default, str):
        return _of_type(name, value, str, "text")
    if isinstance(default, int):
        return _whole(name, value)
    return _number(name, value)


def written(value: Any) -> str:
    """A setting or a number as the text of a cell: `16+8` for layers, nothing for None or not a number.

    >>> written((16, 8)), written(True), written(None), written(0.1), written(3.0), written(float("nan"))
    ('16+8', 'true', '', '0.1', '3', '')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return "+".join(map(written, value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def read(name: str, text: str) -> Any:
    """The inverse of `written` for the field `name`.

    >>> read("hidden", "16+8"), read("relative", "true"), read("clip", ""), read("threshold", "3")
    ((16, 8), True, None, 3.0)
    """
    default = FIELDS[name].default
    if name in LATER and not text:
        return default
    if isinstance(default, bool):
        return text == "true"
    if isinstance(default, str):
        return text
    if isinstance(default, tuple):
        return typed(name, [_parsed(part) for part in text.split("+")])
    return typed(name, _parsed(text))


def _parsed(text: str) -> Any:
    """A number if the text is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _optional(name: str, value: Any) -> Any:
    """A value of a field that may be None: a number, if its annotation allows for one."""
    return _number(name, value) if float in get_args(FIELDS[name].type) else value


def _of_type(name: str, value: Any, kind: type, words: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name}: expected {words}, got {value!r}")
    return value


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name}: expected a whole number, got {value!r}")
    return value


def _number(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{name}: expected a number, got {value!r}")
    return float(value)
