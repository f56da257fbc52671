"""Checks of protocols' options: each returns the value, or says what was expected and what came."""


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


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}; got {value!r}")
    return value
