"""Federated dynamic averaging: in every step each site sends a little state, from which the coordinator
bounds the variance of the models, and averages when the bound exceeds Θ = R².

Source: Theologitis, Frangias, Anestis, Samoladas & Deligiannakis 2025 (EDBT), "Communication-Efficient
Distributed Deep Learning via Federated Dynamic Averaging".  With X_i = w_i − E,

    Var = (1/k) Σ ‖w_i − S‖² = (1/k) Σ ‖X_i‖² − ‖mean X‖².

The first term needs one number from each site; the variants differ in how they bound the second from below.
(The paper's fourth variant, H = max ‖X_i‖², needs one bit: it is `gm` with the safe function `variance`.)
"""

from typing import Any

import numpy as np

from fgm_ref.arrays import Array, dot, norm, squared_norm
from fgm_ref.protocols import base
from fgm_ref.protocols.base import mean_over
from fgm_ref.protocols.protocol import Look, Protocol, Reference
from fgm_ref.protocols.setup import Learners, Setup
from fgm_ref.protocols.spread import VARIANCE
from fgm_ref.safe.paced import radius_at
from fgm_ref.transport.messages import LOCAL, MONITOR, Message
from fgm_ref.transport.network import Network

SHARED_SEED = (
    2025  # what all sites agree on without a message: a first direction, and the sketch's hashes
)


class Naive:
    """State ‖X‖²;  H = mean ‖X‖², as if the drifts cancelled."""

    def start_round(self, E: Array, before: Array | None) -> None:
        """A round starts at E; `before` is the reference of the last round."""

    def state(self, X: Array) -> Array:
        """Drifts X (k, D) -> states (k, words)."""
        return np.asarray(squared_norm(X)[:, None])

    def H(self, mean: Array) -> float:
        """The bound, from the mean state (words,)."""
        return float(mean[0])


class Linear(Naive):
    """State (‖X‖², ⟨ξ, X⟩), ‖ξ‖ = 1;  H = mean ‖X‖² − (mean ⟨ξ, X⟩)², by Cauchy and Schwarz.

    ξ is the direction in which the global model went last.
    """

    def start_round(self, E: Array, before: Array | None) -> None:
        """ξ := (E − E_before)/‖·‖; a direction that all sites agree on in the first round."""
        towards = (
            np.random.default_rng(SHARED_SEED).normal(size=len(E)) if before is None else E - before
        )
        length = float(norm(towards))
        self.xi = (towards / length if length else towards).astype(E.dtype)

    def state(self, X: Array) -> Array:
        """‖X‖² and ⟨ξ, X⟩."""
        return np.stack([squared_norm(X), dot(X, self.xi)], axis=1)

    def H(self, mean: Array) -> float:
        """mean ‖X‖² − (mean ⟨ξ, X⟩)²."""
        return float(mean[0] - mean[1] ** 2)


class Sketch(Naive):
    """State (‖X‖², an AMS sketch of X);  H = mean ‖X‖² − M₂(mean sketch)/(1 + ε), with high probability.

    A sketch is linear, so the mean of the sketches is the sketch of the mean (Alon, Matias & Szegedy 1996;
    hashed as in Charikar et al. 2002).  M₂ is the median over the rows of the squared row norm.
    """

    rows, columns = 5, 250
    epsilon = 1 / np.sqrt(250)

    def start_round(self, E: Array, before: Array | None) -> None:
        """Hash functions, the same at all sites in all rounds."""
        if before is None:
            rng = np.random.default_rng(SHARED_SEED)
            bucket = rng.integers(self.columns, size=(self.rows, len(E)))
            self.sign = rng.choice(np.array([-1, 1], E.dtype), size=bucket.shape)
            self.flat = bucket + self.columns * np.arange(self.rows)[:, None]

    def sketch(self, x: Array) -> Array:
        """x (D,) -> (rows · columns,): each number is added, with a sign, to one bucket of every row."""
        weights = (self.sign * x).ravel()
        return np.bincount(self.flat.ravel(), weights, self.rows * self.columns).astype(x.dtype)

    def state(self, X: Array) -> Array:
        """‖X‖² and the sketch."""
        sketches = np.array([self.sketch(x) for x in X])
        return np.hstack([squared_norm(X)[:, None], sketches])

    def H(self, mean: Array) -> float:
        """mean ‖X‖² − M₂/(1 + ε)."""
        squares = squared_norm(mean[1:].reshape(self.rows, self.columns))
        return float(mean[0] - np.median(squares) / (1 + self.epsilon))


MONITORS: dict[str, type[Naive]] = {"naive": Naive, "linear": Linear, "sketch": Sketch}


class Sites(base.MonitoringSites):
    """Send the state in every step."""

    def __init__(self, learners: Learners, setup: Setup):
        super().__init__(learners, setup)
        self.monitor = MONITORS[setup.options["monitor"]]()

    def start_round(self, E: Array) -> None:
        """The monitor may use the last two global models."""
        before = self.E
        super().start_round(E)
        self.monitor.start_round(E, before)

    def alarms(self) -> Array:
        """Everybody, moved or not."""
        self.states = self.monitor.state(self.drifts(slice(None)))
        return np.arange(self.k)

    def report(self, site: int) -> Message:
        """The state of one site."""
        return Message(MONITOR, self.states[site], self.tag)


class Coordinator(base.Coordinator):
    """Average the states; synchronise when H > Θ."""

    def __init__(self, network: Network, k: int, setup: Setup):
        super().__init__(network, k, setup)
        self.monitor = MONITORS[setup.options["monitor"]]()
        self.states: dict[int, Array] = {}
        self.time = 0

    def receive(self, site: int, message: Message) -> None:
        """Collect the states of this step."""
        self.states[site] = message.payload

    def settle(self) -> None:
        """H > R²: S = (1/k) Σ w_i is published.  Where R moves, it is that of the time."""
        self.time += 1
        if self.states:
            H, self.states = self.monitor.H(mean_over(self.states)), {}
            if radius_at(self.time, self.make_zone, self.E) ** 2 < H:
                models = self.network.poll(LOCAL, cause=("H", H))
                self.publish(models.mean(axis=0), ("H", H))


def variant(monitor: str, state: str, **facts: Any) -> Protocol:
    """One of the three; `state` is what each site sends in every step, in bytes."""
    return Protocol(
        f"fda-{monitor}",
        f"federated dynamic averaging, {monitor} monitor",
        Sites,
        Coordinator,
        options={"monitor": monitor},
        watches="radius",
        follows=True,
        exact=True,
        reference=Reference(
            source="Theologitis et al. 2025",
            event="every step: k MONITOR; when H > R²: k POLL, k LOCAL, k MODEL",
            bytes=f"{state}; + 8kD",
            held_by=facts.pop("held_by"),
            promise=facts.pop("promise", ""),
        ),
        **facts,
    )


NAIVE = variant(
    "naive",
    state="4k",
    guarantee=VARIANCE,
    look=Look("vermillion", ":", "2"),
    held_by="test_protocol_fda.py::test_variance_at_rest",
    bears_absence=True,
)
LINEAR = variant(
    "linear",
    state="8k",
    guarantee=VARIANCE,
    look=Look("vermillion", "-", "*"),
    held_by="test_protocol_fda.py::test_variance_at_rest",
)
SKETCH = variant(
    "sketch",
    state="5004k",
    look=Look("vermillion", "--", "3"),
    held_by="test_protocol_fda.py::test_how_often_the_sketch_bounds_the_variance",
    promise="the same, with high probability",
)
