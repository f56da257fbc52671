"""What a run is made of: one frozen `Config`, which is also what a saved result remembers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from fgm_ref.datasets import HELD_OUT
from fgm_ref.files import path_of
from fgm_ref.learning.learners import POLICIES
from fgm_ref.learning.optim import OPTIMIZERS
from fgm_ref.learning.rates import parse_rate
from fgm_ref.protocols import name_of as protocol_name
from fgm_ref.protocols.server import parse_server
from fgm_ref.safe import CATALOGUE
from fgm_ref.safe.paced import parse_radius
from fgm_ref.text import expect_one_of, positive
from fgm_ref.transport.start import STARTS


def later(default: Any) -> Any:
    """A setting that came when runs had been stored: it is not written down at its default, so they keep their keys."""
    return field(default=default, metadata={"later": True})


@dataclass(frozen=True)
class Config:
    """Every setting of a run, with its default.  Equal configs give bit-equal results on one machine.

    `protocol` and `safe` may also be given as objects, such as `Fgm(epsilon=0.1)` and `Ball`.  The config remembers
    their names.
    """

    dataset: str = "watch"
    protocol: str = "fgm"  # a name, or name:option=value,...  (see fgm_ref.protocols)

    cell: str = "lstm"  # one of learning.spec.CELLS
    hidden: tuple[int, ...] = (24,)  # one entry per stacked layer
    embedding: int = 16  # for token inputs
    peepholes: bool = False
    dropout: float = 0.0
    truncate: int = 0  # gradients stop every so many time steps; 0: never

    sites: int = 8
    split: str = "iid"  # "iid", "natural" or "dirichlet"
    alpha: float = 0.5  # of the Dirichlet split; small is skewed
    schedule: str = "lockstep"  # "lockstep", "bernoulli[:rates]" or "single"
    steps: int = 300
    batch: int = 16

    optimizer: str = "adam"  # one of learning.optim.OPTIMIZERS
    lr: float = 0.005
    clip: float | None = None  # clip each site's gradient to this norm
    optimizer_state: str = "keep"  # at a synchronisation: "keep", "reset" or "average"

    safe: str = "ball"  # a name, or my_module:MyZone  (see fgm_ref.safe)
    threshold: float = 0.1
    relative: bool = True  # radius R = threshold · ‖E‖; else R = threshold

    seed: int = 0
    dtype: str = "float32"
    evaluations: int = 8  # how often the test loss is taken during the run
    multicast: bool = False  # bill a broadcast once instead of k times
    change: str = ""  # such as "swap=0/1@0.5" or "season"  (see simulation.changes)
    codec: str = "float32"  # such as int8+ef or sparse+ternary+ef+zip  (see transport.codecs)
    faults: str = ""  # such as "drop=0.01,delay=2,absent=3:10-20"  (see transport.faults)
    checks: bool = False  # verify the protocol's guarantee after every step

    start: str = later("model")  # or "seed": what is sent first  (see transport.start)
    server: str = later("mean")  # nesterov:beta=0.5 and so on  (see protocols.server)
    lr_schedule: str = later("constant")  # cosine:warmup=0.05 and so on  (see learning.rates)
    prox: float = later(0.0)  # μ of FedProx: each site is drawn back to the model it was sent
    radius: str = later("constant")  # "lr": it follows the learning rate  (see safe.paced)
    held_out: str = later("test")  # or "validation", to choose settings by  (see fgm_ref.datasets)

    def __post_init__(self) -> None:
        self._become("hidden", tuple(self.hidden))
        self._become("protocol", protocol_name(self.protocol))
        self._become("safe", safe_name(self.safe))
        for name in ("sites", "steps", "batch", "evaluations"):
            positive(name, getattr(self, name))
        for name in ("lr", "threshold", "alpha"):
            _expect_above_zero(name, getattr(self, name))
        if self.clip is not None:
            _expect_above_zero("clip", self.clip)
        if not 0 <= self.prox < float("inf"):
            raise ValueError(f"prox: expected a number of at least 0, got {self.prox:g}")
        if self.seed < 0:
            raise ValueError(f"seed: expected a whole number of at least 0, got {self.seed}")
        expect_one_of("optimizer_state", self.optimizer_state, POLICIES)
        expect_one_of("optimizer", self.optimizer, tuple(OPTIMIZERS))
        expect_one_of("start", self.start, STARTS)
        expect_one_of("held_out", self.held_out, HELD_OUT)
        parse_server(self.server)
        parse_rate(self.lr_schedule, self.steps)
        parse_radius(self.radius)
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype: expected float32 or float64, got {self.dtype!r}")

    def _become(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    def besides(self) -> list[str]:
        """The later settings that are not at their defaults, in words: "start seed"."""
        values = {name: getattr(self, name) for name in LATER}
        chosen = {name: value for name, value in values.items() if is_written(name, value)}
        return [f"{name.replace('_', '-')} {value}" for name, value in chosen.items()]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, as for JSON."""
        values = asdict(self) | {"hidden": list(self.hidden)}
        return {name: value for name, value in values.items() if is_written(name, value)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """The inverse of `to_dict`; unknown names are a `ValueError`."""
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ValueError(
                f"config: expected only {', '.join(sorted(known))}; got {', '.join(unknown)}"
            )
        return cls(**values)


LATER = {one.name: one.default for one in fields(Config) if "later" in one.metadata}
"""The settings that joined later, with their defaults."""


def is_written(name: str, value: Any) -> bool:
    """Whether a setting is written down: always, except for a later one at its default."""
    return name not in LATER or value != LATER[name]


def safe_name(wanted: Any) -> str:
    """The text that asks for a safe function, given as text or as the class (or function) that makes it."""
    if isinstance(wanted, str):
        return wanted
    for name, maker in CATALOGUE.items():
        if maker is wanted:
            return name
    return path_of("safe", wanted, getattr(wanted, "__module__", ""))


def _expect_above_zero(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected a number above 0, got {value:g}")
