"""What the coordinator makes of the mean of all models: an outer, or server, optimiser.

When a round ends the coordinator knows the mean model S, and so the mean drift d = S − E.  It may ship S as it is.
Or it may take d for a gradient step, and make the next E by a rule with a memory:

    mean        E ← E + d = S
    momentum    m ← βm + d;    E ← E + η m
    nesterov    m ← βm + d;    E ← E + η (d + βm)
    adam        m ← βm + (1 − β)d;    v ← β₂v + (1 − β₂)d²;                E ← E + η m/(√v + τ)
    yogi        m ← βm + (1 − β)d;    v ← v − (1 − β₂)d² sign(v − d²);     E ← E + η m/(√v + τ)

Every number is treated by itself.  m starts at 0 and v at τ², and there is no correction for that.  With η = 1 and
β = 0 the first three rules are one.  (DiLoCo has β = 0.9 and η = 0.7, and hundreds of steps between synchronisations.)
For adam and yogi η is a length: about that of each number's step.  Two slips are easily made: to step by d where the
rule says m, and to damp d by 1 − β, which is for adam and yogi only.

What it does to a guarantee: nothing.  Sites count their drifts from the E that was shipped, whatever it is, and all
drifts are 0 when it arrives.  But E is no longer the mean of the models that it was made of.  So a zone around E says
how far the sites have gone from where the server has put them, and not from where their mean was.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols.setup import Mean
from fgm_ref.text import above_zero, expect_one_of, head, options


class Server(Mean, ABC):
    """A rule with a memory, which begins when a run does."""

    def __init__(self, lr: float):
        self.lr = above_zero("server, option lr", lr)

    def __call__(self, E: Array, S: Array) -> Array:
        """The next global model (D,), from the last one E (D,) and the mean model S (D,)."""
        return np.asarray(E + self.lr * self.direction(S - E))

    @abstractmethod
    def direction(self, d: Array) -> Array:
        """Where to go, (D,), after the mean drift d (D,)."""


class Momentum(Server):
    """E goes on in the direction of earlier drifts."""

    defaults: Mapping[str, float] = {"beta": 0.5, "lr": 1.0}
    rule = "m ← βm + d;  E ← E + ηm"
    source = "FedAvgM: Hsu et al. 2019"
    held_by = "test_server.py::test_momentum"

    def __init__(self, beta: float, lr: float):
        super().__init__(lr)
        self.beta = share("beta", beta)
        self.m: Any = 0.0

    def direction(self, d: Array) -> Array:
        """m ← βm + d;  m."""
        self.m = self.beta * self.m + d
        return np.asarray(self.m)


class Nesterov(Momentum):
    """As momentum, but with a look ahead: the newest drift counts once more."""

    rule = "m ← βm + d;  E ← E + η(d + βm)"
    source = "DiLoCo: Douillard et al. 2023"
    held_by = "test_server.py::test_nesterov"

    def direction(self, d: Array) -> Array:
        """m ← βm + d;  d + βm."""
        m = super().direction(d)
        return d + self.beta * m


class Adam(Server):
    """Each number has a rate of its own, the smaller the longer its drifts are."""

    defaults: Mapping[str, float] = {"beta": 0.9, "beta2": 0.99, "lr": 0.01, "tau": 0.001}
    rule = "m ← βm + (1−β)d;  v ← β₂v + (1−β₂)d²;  E ← E + ηm/(√v + τ)"
    source = "FedAdam: Reddi et al. 2021"
    held_by = "test_server.py::test_adam"

    def __init__(self, beta: float, beta2: float, lr: float, tau: float):
        super().__init__(lr)
        self.beta = share("beta", beta)
        self.beta2 = share("beta2", beta2)
        self.tau = above_zero("server, option tau", tau)
        self.m: Any = 0.0
        self.v: Any = tau**2

    def direction(self, d: Array) -> Array:
        """m ← β₁m + (1 − β₁)d;  m/(√v + τ)."""
        self.m = self.beta * self.m + (1 - self.beta) * d
        self.v = self.second(d * d)
        return np.asarray(self.m / (np.sqrt(self.v) + self.tau))

    def second(self, square: Array) -> Array:
        """v ← β₂v + (1 − β₂)d², from d² (D,)."""
        return np.asarray(self.beta2 * self.v + (1 - self.beta2) * square)


class Yogi(Adam):
    """As Adam, but v changes by no more than a share of d² at a time."""

    rule = "as adam, but v ← v − (1−β₂)d²·sign(v − d²)"
    source = "FedYogi: Reddi et al. 2021"
    held_by = "test_server.py::test_yogi"

    def second(self, square: Array) -> Array:
        """v ← v − (1 − β₂) d² sign(v − d²)."""
        return np.asarray(self.v - (1 - self.beta2) * square * np.sign(self.v - square))


SERVERS: Mapping[str, type[Mean]] = {
    "mean": Mean,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adam": Adam,
    "yogi": Yogi,
}
"""The rules by name."""


def parse_server(text: str) -> Callable[[], Mean]:
    """What makes the rule of this text, which is a name or `name:option=value,...`.

    >>> rule = parse_server("momentum:beta=0.5")()
    >>> E, S = np.array([0.0]), np.array([4.0])
    >>> rule(E, S), rule(E, S)
    (array([4.]), array([6.]))
    """
    name, rest = head(text)
    rule = SERVERS[expect_one_of("server", name, tuple(SERVERS))]
    chosen = options(f"server {name}", rest, rule.defaults)
    rule(**chosen)  # what cannot be is found out here
    return partial(rule, **chosen) if chosen else rule


def share(name: str, value: float) -> float:
    """A number from 0 to below 1."""
    if not 0 <= value < 1:
        raise ValueError(
            f"server, option {name}: expected a number from 0 to below 1, got {value:g}"
        )
    return value
