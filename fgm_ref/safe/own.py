"""Safe functions of the user's own: found by their path, and given what they do not bring along.

A class (or function) of your own takes (E, R).  What it makes needs `__call__(X)` and `excess(X)` as described in
`function.SafeFunction`, which it may inherit the rest from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from fgm_ref.arrays import Array
from fgm_ref.files import plug_in
from fgm_ref.safe.function import Maker, Round, SafeFunction

CLAIMS = ("lipschitz", "eikonal", "lowest_at_zero", "moves", "private", "proved", "needed")
"""What a safe function says of itself, and what nobody can see from its values."""

FORMER = ("divide", "after", "expect", "moving")
"""Three methods that `begin` has replaced, and the claim that is now two; a zone that has them is still told."""


class Adopted(SafeFunction):
    """A safe function that does not inherit from `SafeFunction`: it brings φ and `excess`, and gets the rest.

    What it brings besides is used: claims, `facts`, `begin`, `advance`, `reach`, `at_zero`, `perspective`.
    """

    def __init__(self, E: Array, R: float, own: Any):
        super().__init__(E, R)
        self.own = own
        self.facts = getattr(own, "facts", None)
        self._claim()

    def _claim(self) -> None:
        """Claim what it claims now, for a claim may change when a round starts."""
        for claim in CLAIMS:
            setattr(self, claim, getattr(self.own, claim, getattr(SafeFunction, claim)))
        if getattr(self.own, "moving", False):  # the former name of both
            self.moves = self.private = True

    def _tell(self, method: str, *what: Any) -> None:
        if hasattr(self.own, method):
            getattr(self.own, method)(*what)

    def begin(self, round: Round) -> None:
        """Tell it, if it wants to be told."""
        self._tell("begin", round)
        if round.blocks:
            self._tell("divide", round.blocks)
        if round.g is not None:
            self._tell("after", round.ended, round.steps)
            self._tell("expect", round.g)
        self._claim()

    def advance(self, t: int, own: Array) -> None:
        """Tell it, if it wants to be told."""
        self._tell("advance", t, own)

    def __call__(self, X: Array) -> Any:
        """Its φ(X)."""
        return self.own(X)

    def excess(self, X: Array) -> float:
        """Its excess."""
        return float(self.own.excess(X))

    def reach(self, steps: Array) -> float:
        """Its reach, or the length of the mean step."""
        if hasattr(self.own, "reach"):
            return float(self.own.reach(steps))
        return super().reach(steps)

    @property
    def at_zero(self) -> float:
        """Its φ(0)."""
        if hasattr(self.own, "at_zero"):
            return float(self.own.at_zero)
        return super().at_zero

    def perspective(self, λ: float) -> Callable[[Array], Any]:
        """Its perspective, or that of its φ."""
        if hasattr(self.own, "perspective"):
            return self.own.perspective(λ)  # type: ignore[no-any-return]
        return super().perspective(λ)


def own(text: str, module: str, name: str) -> Maker:
    """What makes the safe functions of `module`:`name`; `ValueError` in words for the user if nothing can."""
    return partial(_adopt, text, _checked(module, name, plug_in("safe", module, name)))


def adopt(zone: Any, E: Array, R: float, text: str = "the maker") -> SafeFunction:
    """What has been made for E and R, as a `SafeFunction`; `text` is how the user calls the maker."""
    if isinstance(zone, SafeFunction):
        former = any(hasattr(zone, name) for name in FORMER)
        return Adopted(E, zone.R, zone) if former else zone
    for needed in ("__call__", "excess"):
        if not callable(getattr(zone, needed, None)):
            raise ValueError(
                f"safe: {text} makes a {type(zone).__name__} without {needed}(X); "
                "a safe function needs __call__(X) and excess(X)"
            )
    return Adopted(E, R, zone)


def _adopt(text: str, make: Any, E: Array, R: float) -> SafeFunction:
    return adopt(make(E, R), E, R, text)


def _checked(module: str, name: str, make: Any) -> Any:
    """`make`, if it can be called as make(E, R)."""
    if not callable(make):
        raise ValueError(
            f"safe: expected {module}:{name} to be a class or function of (E, R), "
            f"got a {type(make).__name__}"
        )
    if inspect.isabstract(make):
        raise ValueError(
            f"safe: {module}:{name} lacks {' and '.join(sorted(make.__abstractmethods__))}; "
            "a safe function needs __call__(X) and excess(X)"
        )
    try:
        inspect.signature(make).bind(None, None)
    except TypeError as error:
        raise ValueError(
            f"safe: expected to call {module}:{name} as {name}(E, R): {error}"
        ) from None
    return make
