"""Sites that walk in the plane instead of training, so that a whole protocol fits into a picture.

    result, game = walk("fgm", outward(), R=1.0)

The protocol, the network and the bill are the library's own; only the learning is replaced by a script.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.protocols import Setup, parse
from fgm_ref.protocols.game import Game
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import zone_maker
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.observer import Observer
from fgm_ref.simulation.result import RunResult, event_array

E0 = np.array([3.0, 4.0])  # ‖E‖ = 5


class Walkers:
    """Stands in for the learners: "training" adds the moves (k, 1, D) to the models P (k, D)."""

    def __init__(self, E: Array, k: int):
        self.P = np.tile(E, (k, 1))

    def train(self, active: Any, moves: Array, _: Any) -> None:
        """The active sites make their moves."""
        self.P[active] += moves[:, 0]

    def synchronised(self, sites: Any) -> None:
        """Walkers have no optimiser whose state would have to be looked after."""


class Walk(Game):
    """A protocol at work, and an observer who sees everything."""

    def __init__(
        self,
        protocol: str,
        k: int,
        R: float = 1.0,
        E: Array = E0,
        safe: str = "ball",
        strict: bool = True,
        seed: int = 0,
        server: str = "mean",
        pace: Callable[[int], float] | None = None,
    ):
        chosen = parse(protocol)
        chooser, order = np.random.default_rng(seed).spawn(2)
        learners: Any = Walkers(E, k)
        setup = Setup(
            E,
            zone_maker(safe, R, relative=False, pace=pace),
            chooser,
            lambda: learners,
            options=chosen.options,
            make_server=parse_server(server),
        )
        super().__init__(chosen.protocol, learners, setup, order)
        self.observer = Observer(self.protocol, self.sites, self.coordinator, strict=strict)

    def step(self, moves: Array) -> dict[str, Any]:  # type: ignore[override]
        """All sites move by moves (k, D), then messages are exchanged.  Returns what there was to see."""
        self.ledger.step += 1
        sites: Any = self.sites
        sites.step(slice(None), moves[:, None], moves)
        seen = {
            "X": sites.models - self.coordinator.E,
            "E": self.coordinator.E,
            "phi": sites.values.copy(),
            "phi_zero": sites.at_zero,
            "overshoot": self.observer.overshoot(),
        }
        self.network.exchange()
        return seen | {
            "verdict": self.observer.at_rest(),
            "rounds": self.coordinator.round - 1,
        }


def walk(
    protocol: str, moves: Array, R: float = 1.0, E: Array = E0, **more: Any
) -> tuple[RunResult, Walk]:
    """Play moves (steps, k, D).  The record, as of a run (with drifts X and references E), and the game itself."""
    steps, k, _ = moves.shape
    game = Walk(protocol, k, R, E, **more)
    seen = [game.step(now) for now in moves]
    series = {name: np.array([one[name] for one in seen]) for name in seen[0]}
    config = Config(
        dataset="walk",
        protocol=protocol,
        sites=k,
        steps=steps,
        threshold=R,
        relative=False,
    )
    ledger = game.ledger
    result = RunResult(
        config,
        series,
        curve={},
        final={},
        ledger=ledger.by_kind(),
        totals=ledger.totals(),
        events=event_array(ledger.events),
        model=game.sites.models.mean(axis=0),
    )
    return result, game


def wander(
    k: int, steps: int, seed: int, length: float = 0.1, common: float = 0.0, D: int = 2
) -> Array:
    """Random moves (steps, k, D) of the given root mean square length; `common` is the part (0 to 1) that all share."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(steps, k, D))
    shared = rng.normal(size=D) * np.ones((steps, k, D))
    return np.asarray(length * ((1 - common) * own + common * shared) / np.sqrt(D))


def outward(k: int = 4, steps: int = 60, seed: int = 0, length: float = 0.06) -> Array:
    """Moves (steps, k, 2) of sites that walk straight ahead, each its own way and at its own pace."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, k)
    pace = rng.uniform(0.2, 1.0, (steps, k)) * rng.uniform(0.5, 1.5, k)
    return np.asarray(length * pace[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1))
