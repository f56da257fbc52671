"""Rounds that set the threshold of the next one: the rule of FDA-Opt, for whatever a protocol watches.

A round ends when V, the quantity that is watched, exceeds Θ, or after τ steps.  The first one has no Θ yet.  Then

    Θ = (τ/2)/T · V,    with the T steps that the round has lasted, and V at its end

which is where V would be after half of τ if it grew in proportion to time.  τ is the only thing to choose.

FDA watches the variance of the models; only its coordinator needs to know Θ (`fda_opt.py`).  GM and FGM watch a zone,
at the sites (`gm_opt.py`, `fgm_opt.py`).  There Θ = R², and V is the R² that the drifts need, so that Σ φ(X_i) would
be 0.  For the variance this is (1/k) Σ ‖X_i‖².  The coordinator has all drifts when a round ends.  It sends R to every
site, one word, before the new model, and both make the next zone with it.

Source: Theologitis, Samoladas & Deligiannakis 2025, "FDA-Opt: Communication-Efficient Federated Fine-Tuning of Language
Models", for the variance.  The rule for Θ is that of the authors' public code.  There τ and T are passes through the
data, and the variance is checked once a pass; here they are steps.  The limit of τ for every round and the sole limit
of the first one are from a reading of the paper that could not be repeated.  The zones are this project's.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from math import inf, sqrt

import numpy as np

from fgm_ref.arrays import Array, norm
from fgm_ref.protocols import base
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.safe.function import FAR
from fgm_ref.safe.maker import ZoneMaker
from fgm_ref.text import positive
from fgm_ref.transport.messages import DRIFT, RADIUS, Cause, Message
from fgm_ref.transport.network import Network


def next_threshold(tau: int, steps: int, V: float) -> float:
    """Θ, after a round of so many steps that ended with V."""
    return tau / 2 / steps * V


def least_radius(E: Array) -> float:
    """R where nobody has moved: next to the rounding of E, and its square is a number in single precision."""
    rounding = float(np.finfo(E.dtype).eps * norm(E))
    return max(8 * rounding, 1 / FAR)


class Timed(base.Coordinator, ABC):
    """Ends a round after τ steps, if nothing else has.  How, its protocol says in `end_round`."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.tau = positive("tau", setup.options["tau"])
        self.steps = 0  # T, with the step that is on

    def start(self) -> None:
        """The first step comes."""
        super().start()
        self.steps = 1

    def start_round(self, E: Array) -> None:
        """The next step will be the first one of the round."""
        super().start_round(E)
        self.steps = 0

    def settle(self) -> None:
        """Look whether the round is over; then the next step comes."""
        if cause := self.over():
            self.end_round(cause)
        self.steps += 1

    def over(self) -> Cause | None:
        """What ends the round now, if something does: T = τ."""
        return ("T", self.steps) if self.steps >= self.tau else None

    @abstractmethod
    def end_round(self, cause: Cause) -> None:
        """Set Θ, publish S."""

    def welcome(self, sites: list[int]) -> None:
        """Some sites are back: the round is over."""
        self.end_round(("back: site", sites[0]))


def with_radius(make_zone: ZoneMaker, R: float) -> ZoneMaker:
    """Zones of the same form, with this radius whatever E is."""
    return replace(make_zone, threshold=R, relative=False)


def unlimited(setup: Setup) -> Setup:
    """The same setup, but there is no radius yet."""
    return replace(setup, make_zone=with_radius(setup.make_zone, inf))


class Sites(base.MonitoringSites):
    """Watch a zone with the radius that they were told last."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, unlimited(setup))

    def receive(self, message: Message, sites: Array) -> None:
        """R is for the next zone, which comes with the next model."""
        super().receive(message, sites)
        if message.kind is RADIUS:
            self.make_zone = with_radius(self.make_zone, message.payload)


class Coordinator(Timed):
    """Sets the radius of the next zone when a round ends."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, unlimited(setup))
        if self.make_zone(self.E).needed is None:
            raise ValueError(
                "safe: expected one that can tell which radius the drifts need, such as ball or variance, "
                f"got {type(self.make_zone(self.E)).__name__}"
            )

    def end_round(self, cause: Cause) -> None:
        """S = E + (1/k) Σ X_i is published, after the radius."""
        drifts = self.network.poll(DRIFT, cause=cause)
        S = self.E + self.average(drifts)
        R = max(self.next_radius(drifts), least_radius(S))
        arrived = self.network.broadcast(RADIUS, R, cause)
        self.make_zone = with_radius(self.make_zone, arrived)
        self.publish(S, cause)

    def next_radius(self, drifts: Array) -> float:
        """R² = (τ/2)/T · V, from all drifts (k, D)."""
        needed = self.make_zone(self.E).needed
        assert needed is not None
        return sqrt(next_threshold(self.tau, self.steps, needed(drifts) ** 2))
