"""Schedules of the learning rate: what the rate is in each step, as a factor of the one that was asked for.

In step t of N the share s = (t − 1)/N of the run is over.

    constant    1
    cosine      floor + (1 − floor) (1 + cos πs)/2                         Loshchilov & Hutter 2017, without restarts
    inverse     1/(1 + s (1/end − 1)), from 1 down to nearly `end`         after Robbins & Monro 1951
    step        0.1@0.5,0.5@0.75: a tenth from half of the run on, half of that in the last quarter

With `warmup` the factor is multiplied by t/W in the first W steps, a share `warmup` of the run (Goyal et al. 2017).  No
factor is ever 0.  Who knows the schedule and the time knows the rate, so no message is needed to keep sites in step.

Not to be confused with the schedule of the sites, which says who trains in a step.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil, cos, pi

from fgm_ref.text import expect_one_of, head, options, positive

Rate = Callable[[int], float]
"""The factor in step t = 1, 2, ..."""

Drops = tuple[tuple[float, float], ...]
"""(factor, the share of the run after which it counts)."""


@dataclass(frozen=True)
class Shape:
    """How the factor depends on the share s of the run that is over, and on options with these defaults."""

    about: str
    factor: Callable[..., float]
    options: Mapping[str, float] = field(default_factory=dict)


def constant(s: float) -> float:
    """1."""
    return 1.0


def cosine(s: float, floor: float) -> float:
    """floor + (1 − floor) (1 + cos πs)/2."""
    return floor + (1 - floor) * (1 + cos(pi * s)) / 2


def inverse(s: float, end: float) -> float:
    """1/(1 + s (1/end − 1))."""
    return 1 / (1 + s * (1 / end - 1))


SHAPES: Mapping[str, Shape] = {
    "constant": Shape("1", constant),
    "cosine": Shape("floor + (1 − floor)(1 + cos πs)/2", cosine, {"floor": 0.0}),
    "inverse": Shape("1/(1 + s(1/end − 1))", inverse, {"end": 0.1}),
    "step": Shape("the product of all factors f of f@share, ... with share ≤ s", constant),
}
"""The schedules by name.  Each takes `warmup` as well."""


@dataclass(frozen=True)
class Schedule:
    """The factors of a run of so many `steps`."""

    steps: int
    shape: Shape
    options: Mapping[str, float]
    drops: Drops
    warmup: float

    def __call__(self, t: int) -> float:
        """The factor in step t; before the first step it is that of the first."""
        t = max(t, 1)
        s = (t - 1) / self.steps
        factor = self.shape.factor(s, **self.options)
        for drop, share in self.drops:
            if share <= s:
                factor *= drop
        return factor * min(1.0, t / max(1, ceil(self.warmup * self.steps)))


def parse_rate(text: str, steps: int) -> Schedule:
    """The schedule of a text such as `cosine:floor=0.1,warmup=0.05` or `step:0.1@0.5`.

    >>> rate = parse_rate("step:0.1@0.5,0.5@0.75", 4)
    >>> [rate(t) for t in (1, 2, 3, 4)]
    [1.0, 1.0, 0.1, 0.05]
    """
    name, rest = head(text)
    shape = SHAPES[expect_one_of("lr-schedule", name, tuple(SHAPES))]
    words = rest.split(",")
    drops = tuple(_drops(word for word in words if "@" in word)) if name == "step" else ()
    others = ",".join(word for word in words if name != "step" or "@" not in word)
    chosen = options(f"lr-schedule {name}", others, {**shape.options, "warmup": 0.0})
    warmup = _share("warmup", chosen.pop("warmup"), least=0.0)
    for option, value in chosen.items():
        _share(option, value, least=0.0 if option == "floor" else 1e-6)
    if name == "step" and not drops:
        raise ValueError("lr-schedule step: expected factor@share such as step:0.1@0.5, got none")
    return Schedule(positive("steps", steps), shape, chosen, drops, warmup)


def _drops(words: Iterator[str]) -> Iterator[tuple[float, float]]:
    for word in words:
        try:
            factor, share = map(float, word.split("@"))
        except ValueError:
            raise ValueError(
                f"lr-schedule step: expected factor@share such as 0.1@0.5, got {word!r}"
            ) from None
        yield _share("factor", factor, least=1e-6), _share("share", share, least=0.0)


def _share(name: str, value: float, least: float) -> float:
    if not least <= value <= 1:
        raise ValueError(
            f"lr-schedule, {name}: expected a number from {least:g} to 1, got {value:g}"
        )
    return value
