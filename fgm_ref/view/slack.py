"""The slack of one FGM round: what the sites use of it, below what the coordinator knows."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from fgm_ref.arrays import Array
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport import messages
from fgm_ref.view.figure import axis
from fgm_ref.view.looks import BLACK, GREY, VERMILLION, site_colors

LASTING = 4
"""So many steps make a round worth looking at."""


def phi_stack(result: RunResult, number: int | None = None, ax: Axes | None = None) -> Axes:
    """One FGM round: what each site has used of the slack, stacked, below what the coordinator knows.

    The sites' shares φ(X_i) − φ(0) are stacked; the round may use k|φ(0)| in all.  The step line is the
    coordinator's bound, ψ + (c + k)θ: it grows with every increment and falls back when a poll (dotted line)
    tells the truth.  `number` is the round; by default one with several subrounds is chosen.
    Raises `ValueError` for a round without a step in it, and for a run that recorded no φ.
    """
    ax = axis(ax)
    number = number or interesting_round(result)
    events = result.events[result.events["round"] == number]
    first, last = events["step"].min(), events["step"].max()
    steps = np.arange(first, last + 1)
    if first == last or "phi" not in result.series:
        raise ValueError(f"round: expected one that lasted and was monitored, got round {number}")
    share = _used(result, steps)
    ax.stackplot(
        steps,
        share.T,
        colors=site_colors(result.config.sites),
        edgecolor="white",
        linewidth=0.3,
    )
    _draw_bound(ax, result, events)
    ax.axhline(1, color=BLACK, linestyle="--", linewidth=1, label="budget k|φ(0)|")
    for step in np.unique(events["step"][_of(events, "QUANTUM")]):
        ax.axvline(step, color=GREY, linestyle=":", linewidth=1)
    highest = float(share.sum(axis=1).max())
    ax.set(
        xlabel="step (dotted: a poll, new quantum θ)",
        ylabel="share of the slack used up",
        xlim=(steps[0], steps[-1]),
        ylim=(0, max(1.12, 1.05 * highest)),
        title=f"Round {number} of {result.config.protocol}: φ of {result.config.sites} sites, stacked",
    )
    ax.legend(fontsize=8, loc="lower right")
    return ax


def _used(result: RunResult, steps: Array) -> Array:
    """What each site has used in each of a round's steps, (len(steps), k): shares of the whole slack."""
    first, last = steps[0], steps[-1]
    k = result.config.sites
    zero = float(result.series["phi_zero"][first])
    used = np.zeros((len(steps), k))
    used[1:] = result.series["phi"][first:last] - zero  # series[j] belongs to step j + 1
    return used / (k * abs(zero))


def _draw_bound(ax: Axes, result: RunResult, events: Array) -> None:
    """The coordinator's bound, from the round's first step to its last."""
    zero = float(result.series["phi_zero"][events["step"].min()])
    x, y = _bound(events, zero, result.config.sites)
    ax.plot(
        [*x, float(events["step"].max())],
        [*y, y[-1]],
        color=VERMILLION,
        drawstyle="steps-post",
        linewidth=1.6,
        label="the coordinator's bound ψ + (c + k)θ",
    )


def _bound(events: Array, zero: float, k: int) -> tuple[list[float], list[float]]:
    """Steps and heights of the coordinator's bound on the share of the slack that is used up."""
    psi, c = k * zero, 0
    theta = -psi / (2 * k)

    def height() -> float:
        bound = psi + (min(c, k) + k) * theta
        return float(bound / abs(k * zero) + 1)

    x, y = [float(events["step"][0])], [height()]
    for event in events:
        kind = _name(event)
        if kind == "QUANTUM":
            psi, c, theta = event["value"], 0, event["number"]
        elif kind == "INCREMENT":
            c += int(event["number"])
        else:
            continue
        x.append(float(event["step"]))
        y.append(height())
    return x, y


def interesting_round(result: RunResult) -> int:
    """A round from the middle of the run, among those with the most subrounds that lasted at least 4 steps."""
    rounds = np.unique(result.events["round"])[:-1].tolist()

    def rank(number: int) -> tuple[bool, int, float]:
        inside = result.events[result.events["round"] == number]
        lasted = int(inside["step"].max() - inside["step"].min()) >= LASTING
        from_the_middle = abs(number - len(rounds) / 2)
        return lasted, int(inside["subround"].max()), -from_the_middle

    return max(rounds, key=rank, default=1)


def _of(events: Array, name: str) -> Array:
    """Mask of the events of one kind."""
    return np.array([_name(event) == name for event in events], bool)


def _name(event: Any) -> str:
    """The name of an event's kind."""
    return messages.KINDS[event["kind"]].name
