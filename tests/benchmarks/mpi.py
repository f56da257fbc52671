"""Sites in processes of their own: how much faster, what the messages cost, and where a coordinator becomes too slow.

    python tests/benchmarks/mpi.py [--quick] [--out data/results/bench]

Needs mpi4py and an MPI (make test-mpi installs both), and a machine with nothing else to do.  Writes `mpi.md`,
`mpi.csv` and `mpi.png`.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fgm_ref.threads  # noqa: F401  isort: skip  (before NumPy)
import numpy as np
from matplotlib.figure import Figure
from measured import Row, file_rows, sections
from report import spread

from fgm_ref.files import atomic
from fgm_ref.learning.crew import free_cores
from fgm_ref.mpi.launch import mpiexec

CASES = [("W1", 128), ("W2", 32), ("W3", 4)]
PROTOCOL = "fgm"
WANTED = ("W2", 32, 1.7)
"""Two ranks that train are to be so many times as fast as one, where nobody waits for others."""

FAN = 16
"""How many a node of the tree hears of."""

LARGE = 4_000_000
"""Bytes of a large model, for the chart; a word costs hardly less than a small one."""

SITES = np.logspace(1, 6, 51)
ROUND = 20
"""Steps of a round, for the question where the coordinator becomes the bottleneck."""


def ranks(number: int, deed: str, *more: Any) -> list[dict[str, float]]:
    """What each rank has found."""
    program = Path(__file__).with_name("mpi_ranks.py")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found"
        command = [mpiexec(), "-n", number, sys.executable, program, out, deed, *more]
        subprocess.run([str(word) for word in command], check=True)
        return [json.loads(Path(f"{out}.{rank}").read_text()) for rank in range(number)]


def speed(seconds: float, turns: int) -> list[Row]:
    """Steps a second: one process, one rank that trains, two of them; one thread each."""
    return [row for name, k in CASES for row in case(name, k, seconds, turns)]


def case(name: str, k: int, seconds: float, turns: int) -> list[Row]:
    """One workload: medians over turns, in each of which everybody is measured once, and quartiles of ratios."""
    section = f"{name}, k = {k}, {PROTOCOL}"
    measured = [turn(name, k, seconds) for _ in range(turns)]
    rows = []
    for what, unit in UNITS.items():
        values = [one[what] for one in measured]
        rows.append((section, what, statistics.median(values), unit))
    for what, (upper, lower) in RATIOS.items():
        ratios = [one[upper] / one[lower] for one in measured]
        found = spread(ratios)
        rows.append((section, what, found.median, ""))
        rows.append((section, f"{what}: lower quartile", found.low, ""))
        rows.append((section, f"{what}: upper quartile", found.high, ""))
    return rows


ALONE, ONE, TWO = "one process", "1 rank that trains", "2 ranks that train"
HALVES = "2 processes of half the sites that never speak"
FREE_RATIO = "2 ranks / 1 rank, free"
FREE_ONE, FREE_TWO = f"{ONE}, free", f"{TWO}, free"
IDLE_ONE, IDLE_TWO = f"{ONE}: not training", f"{TWO}: not training"

UNITS = {
    "steps of a round": "steps",
    "messages in a step": "messages",
    ALONE: "steps per s",
    ONE: "steps per s",
    IDLE_ONE: "% of the time",
    TWO: "steps per s",
    IDLE_TWO: "% of the time",
    FREE_ONE: "steps per s",
    FREE_TWO: "steps per s",
}
RATIOS = {
    f"{HALVES} / {ALONE}": (HALVES, ALONE),
    f"2 ranks / {ALONE}": (TWO, ALONE),
    "2 ranks / 1 rank": (TWO, ONE),
    FREE_RATIO: (FREE_TWO, FREE_ONE),
}


def turn(name: str, k: int, seconds: float) -> dict[str, float]:
    """Everybody once."""
    told = name, k, PROTOCOL
    (alone,) = ranks(1, "training", *told, seconds)
    halves = ranks(2, "apart", *told, seconds)
    one, *trained = ranks(2, "training", *told, seconds)
    free_one, *_ = ranks(2, "freely", *told, math.ceil(seconds * one["steps"]))
    two, *both = ranks(3, "training", *told, seconds)
    free_two, *_ = ranks(3, "freely", *told, math.ceil(seconds * two["steps"]))
    return {
        "steps of a round": one["round"],
        "messages in a step": one["messages"],
        ALONE: alone["steps"],
        HALVES: min(half["steps"] for half in halves),
        ONE: one["steps"],
        IDLE_ONE: idle(one, trained),
        TWO: two["steps"],
        IDLE_TWO: idle(two, both),
        FREE_ONE: free_one["steps"],
        FREE_TWO: free_two["steps"],
    }


def idle(first: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> float:
    """Per cent of the time in which the busiest rank does not train: messages, and waits for others."""
    return 100 * (1 - max(other["trained"] for other in others) / first["wall"])


class Costs(NamedTuple):
    """What a message costs: seconds for an empty one, seconds per byte, and the coordinator's work on a model."""

    latency: float
    byte: float
    site: float
    model: int

    def star(self, k: Any, size: int) -> Any:
        """A message of each of k sites to the coordinator and one back, which it takes one after the other."""
        return 2 * self.latency + 2 * k * (self.own + size * self.byte)

    def tree(self, k: Any, size: int) -> Any:
        """The same up and down a tree in which each node hears of `FAN` others and passes on their sum."""
        levels = np.ceil(np.log(k) / np.log(FAN))
        return levels * (2 * self.latency + 2 * FAN * (self.own + size * self.byte))

    @property
    def own(self) -> float:
        """Seconds of the coordinator's own work on one message."""
        return max(0.0, self.site / 2 - self.model * self.byte)


def wire(quick: bool) -> tuple[list[Row], Costs]:
    """Latency and bandwidth, and what the coordinator does besides."""
    section = "one way between two ranks"
    found, _ = ranks(2, "post")
    times = {int(size): seconds for size, seconds in found.items()}
    rows = [(section, f"{size:,} bytes", 1e6 * one, "µs") for size, one in times.items()]
    small, large = min(times), max(times)
    byte = (times[large] - times[small]) / (large - small)
    rows.append((section, "bandwidth", 1e-9 / byte, "GB per s"))
    handled, *_ = ranks(3, "handling", 16 if quick else 128)
    model = 4 * int(handled["numbers"])
    rows.append((section, "a synchronisation, per site", 1e6 * handled["site"], "µs"))
    return rows, Costs(times[small], byte, handled["site"], model)


def scale(costs: Costs, step: float) -> list[Row]:
    """From how many sites on a synchronisation takes longer than the steps of a round."""
    section = (
        f"where the coordinator becomes the bottleneck ({CASES[0][0]}, a round of {ROUND} steps)"
    )
    room = ROUND * step
    star = room / (costs.star(1, costs.model) - 2 * costs.latency)
    rows = [
        (section, "the steps of a round at a site by itself", 1e3 * room, "ms"),
        (section, "star: as long for the models of", star, "sites"),
    ]
    for k in (10, 1_000, 100_000, 1_000_000):
        star, tree = (1e3 * float(one(k, costs.model)) for one in (costs.star, costs.tree))
        rows.append((section, f"star, {k:,} sites", star, "ms"))
        rows.append((section, f"tree of {FAN}, {k:,} sites", tree, "ms"))
    return rows


def chart(costs: Costs, step: float) -> Figure:
    """The cost of one synchronisation over the number of sites."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = figure.subplots()
    for size, color in ((costs.model, "C0"), (LARGE, "C1")):
        label = f"models of {size / 1000:,.0f} kB"
        ax.loglog(SITES, costs.star(SITES, size), color=color, label=f"{label}, star")
        ax.loglog(
            SITES, costs.tree(SITES, size), "--", color=color, label=f"{label}, tree of {FAN}"
        )
    ax.axhline(ROUND * step, color="grey", linestyle=":", label=f"{ROUND} steps of one site")
    ax.set(xlabel="sites", ylabel="seconds for all sites once up and down")
    ax.legend(frameon=False)
    return figure


LEVELS = """
## Two levels of coordinators

A star is as fast as its centre.  FGM watches a sum, and a sum may be taken in groups.  Let G groups have k_g sites and
a coordinator each, and one more coordinator be above them.  Above, a group is what a site is below: its value is
Φ_g = Σ φ(X_i) over its sites, and it counts quanta Θ = −ψ/(2G).  It must speak before Φ_g has risen by another Θ.

A group's coordinator knows Φ_g exactly when it has polled its sites, and then there is some room ρ > 0 left until the
next whole Θ.  It gives its sites the quantum θ = ρ/(2k_g).  While they have reported c ≤ k_g quanta,
Φ_g < z + θ(c + k_g) ≤ z + ρ, by FGM's own argument; so above nothing has to be said.  At c > k_g it polls, says upwards
how many whole Θ have been passed, if any, and deals out the new room.

| level | words of a subround | models of a synchronisation, up and down |
| --- | --- | --- |
| a group | k_g quanta, at most k_g + 1 increments, k_g values: ≤ 3k_g + 1 | k_g drifts up, k_g models down |
| above | G quanta, at most G + 1 increments, G values: ≤ 3G + 1 | G sums of drifts up, G models down |

A value that is polled above is one poll in each group: k words more.  With groups of √k sites nobody hears of more
than √k others.  What it costs: more polls, for a group's room is used up more often than the whole slack.
`tests/test_two_levels.py` holds both levels to this.
"""


def table(rows: Sequence[Row]) -> str:
    """Markdown, a table for each section."""
    head = [
        "# Sites in processes of their own",
        "",
        f"One thread for each rank, float32, {free_cores()} cores.  With two ranks that train, the coordinator is",
        "a third one: on two cores it has none of its own, and whatever else runs there costs time.",
        "What two cores are worth is what two processes bring that never speak to each other.",
        "Medians of turns, in each of which everybody was measured once; free: nobody waits for others between steps.",
        "Written by `tests/benchmarks/mpi.py`.",
    ]
    return "\n".join([*head, *sections(rows), "", "![cost of a synchronisation](mpi.png)", LEVELS])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write.  Returns 1 if two ranks are not as fast as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, help="default data/results/bench; out/bench with --quick"
    )
    parser.add_argument("--quick", action="store_true", help="shorter turns: half a minute")
    args = parser.parse_args(argv)
    out = args.out or Path("out/bench" if args.quick else "data/results/bench")
    seconds, turns = (1.0, 1) if args.quick else (3.0, 7)
    rows = speed(seconds, turns)
    more, costs = wire(args.quick)
    (single,) = ranks(1, "training", CASES[0][0], 1, PROTOCOL, seconds)
    step = 1 / single["steps"]
    rows += [*more, *scale(costs, step)]
    file_rows(out, "mpi", rows, table(rows))
    with atomic(out / "mpi.png") as part:
        chart(costs, step).savefig(part, format="png", dpi=100)
    print(table(rows))
    return verdict(rows)


def verdict(rows: Sequence[Row]) -> int:
    """Whether two ranks are as fast as they should be."""
    name, k, wanted = WANTED
    (found,) = [
        value
        for section, what, value, _ in rows
        if section.startswith(f"{name}, k = {k},") and what == FREE_RATIO
    ]
    if math.isnan(found) or found < wanted:
        print(
            f"{name}, k = {k}: expected 2 ranks to be {wanted} times as fast as 1, got {found:.2f}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
