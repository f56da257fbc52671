"""A protocol by name, with everything that is known of it: the one place for each fact.

The tables of the reference page, the figures, the rules for faults and codecs, the observer and the player are made
from what a `Protocol` declares.  One of your own that declares the same facts is treated like the built-in ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols.base import Coordinator, Sites
from fgm_ref.safe.function import Maker
from fgm_ref.text import expect_one_of, read_like, write


@dataclass(frozen=True)
class Guarantee:
    """A promise about the drifts X_i = w_i − E, kept whenever no message is pending: mean φ(·) ≤ 0.

    `seen` takes all drifts (k, D) to the vectors that the promise speaks of.  `zone` makes the φ that is to hold for
    them; None stands for the safe function of the round.
    """

    words: str
    seen: Callable[[Array], Array]
    zone: Maker | None = None


def all_drifts(X: Array) -> Array:
    """X_i (k, D)."""
    return X


def mean_drift(X: Array) -> Array:
    """S − E = (1/k) Σ X_i, as one row (1, D)."""
    return np.asarray(X.mean(axis=0, keepdims=True))


SUM = Guarantee("Σ φ(X_i) ≤ 0", all_drifts)
MEAN = Guarantee("S is admissible", mean_drift)
GUARANTEES = {"": None, "sum": SUM, "mean": MEAN}
"""By name; `spread.py` adds one."""


class Look(NamedTuple):
    """How a protocol is drawn in every figure: the name of a colour, a line style and a marker."""

    color: str = "sky"
    linestyle: Any = ":"
    marker: str = "H"


@dataclass(frozen=True)
class Reference:
    """A protocol's row in the reference page.

    `source` names the paper.  `event` lists the messages of one reaction and `bytes` adds up their payload, with k
    sites and D parameters; a test compares both with a scripted run.  `held_by` names the test of the guarantee.
    """

    source: str = "–"
    event: str = "–"
    bytes: str = "–"
    held_by: str = "–"
    promise: str = ""
    """The guarantee in words, where those of the `Guarantee` do not fit."""


@dataclass(frozen=True)
class Protocol:
    """A named pair of ends, with the options that a user may set and their defaults.

    `guarantee` may also be given by its name: "sum", "mean", "variance", or "" for none.
    """

    name: str
    about: str
    sites: type[Sites]
    coordinator: type[Coordinator]
    guarantee: Guarantee | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    look: Look = field(default_factory=Look)
    reference: Reference = field(default_factory=Reference)

    watches: str = "zone"
    """What it takes from the safe function: the "zone", only its "form" or its "radius", or "nothing"."""

    follows: bool = False
    """Where it takes only the radius: it is known to whoever compares with it, even if it moves with time."""

    exact: bool = False
    """The guarantee outlives the rounding of a codec: it rests on E and on what the sites themselves hold."""

    bears_absence: bool | Callable[[Mapping[str, Any]], bool] = False
    """An absent site may be taken to stand where it was last heard of; a function if it depends on the options."""

    needs_everybody: bool = False
    """It cannot do without an answer from every site."""

    sees_all: bool = False
    """Its sites look at each other, so they cannot live apart."""

    replays: bool = False
    """The player's page understands its log."""

    def __post_init__(self) -> None:
        if isinstance(self.guarantee, str):
            expect_one_of("guarantee", self.guarantee, tuple(GUARANTEES))
            object.__setattr__(self, "guarantee", GUARANTEES[self.guarantee])

    def __call__(self, **options: Any) -> "Chosen":
        """This protocol with some of its options set: `Fgm(epsilon=0.1)`."""
        chosen = dict(self.options)
        for name, value in options.items():
            if name not in chosen:
                known = ", ".join(chosen) or "no options"
                raise ValueError(f"protocol {self.name}: expected {known}; got {name!r}")
            what = f"protocol {self.name}, option {name}"
            chosen[name] = read_like(what, write(value), self.options[name])
        return Chosen(self, chosen)

    @property
    def promise(self) -> str:
        """The guarantee in words."""
        if self.reference.promise:
            return self.reference.promise
        return self.guarantee.words if self.guarantee else "–"


class Chosen(NamedTuple):
    """A protocol and all its options."""

    protocol: Protocol
    options: Mapping[str, Any]

    @property
    def settings(self) -> str:
        """The options that differ from their defaults, as text: "epsilon=0.1,rule=fixed"."""
        defaults = self.protocol.options
        changed = {name: value for name, value in self.options.items() if value != defaults[name]}
        return ",".join(f"{name}={write(value)}" for name, value in changed.items())
