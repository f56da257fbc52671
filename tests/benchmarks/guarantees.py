"""Are the guarantees kept?  `python tests/benchmarks/guarantees.py [--runs 1000]`.

For every protocol that promises something: so many runs in which a random script moves the models, under the eyes of
the omniscient observer.  Number of sites, dimension, style, speeds, idle sites, threshold and precision are drawn.  So
are servers, and radii that follow a rate, where the protocol takes them.  Safe functions take turns.  A breach is a
quiet point at which S is not admissible: there must be none.
An overshoot is the part of a step by which S was outside before the protocol had reacted.
"""

import fgm_ref.threads  # isort: skip  (before NumPy)

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripted import Watched, start
from strategies import PROMISING, RADII, RATES, SERVERS, STEPPING, STYLES, make_script

from fgm_ref.learning.rates import parse_rate
from fgm_ref.program import Progress
from fgm_ref.protocols import VARIANCE
from fgm_ref.safe.paced import parse_radius

STANDING = (
    "ball",
    "variance",
    "cap",
    "half-space",
    "upper-norm",
    "cheap:cap",
    "ball+cap",
    "per-layer",
)
MOVING = (
    "tracking",
    "tracking-variance",
    "tracking-own",
    "tracking-variance-own",
    "tracking-damped",
    "tracking-variance-damped",
    "tracking-cap",
    "history-metric",
    "cone",
    "decay:ball",
    "grow:tracking-variance",
)
FOLLOWERS = ("gm", "fgm", "fgm-projection")  # protocols that take zones that move
LIPSCHITZ = ("ball", "cap", "half-space", "upper-norm", "cheap:cap", "ball+cap")
PROTOCOLS = PROMISING
CHUNK = 50


def zones(protocol: str) -> tuple[str, ...]:
    """The safe functions that a protocol is run with, in turn."""
    name = protocol.partition(":")[0]
    if name.startswith(("dynamic", "fda", "fgm-centre", "fgm-probe", "omniscient")):
        return ("variance",)  # their own condition, whatever is asked for
    if name == "fgm-o":
        return LIPSCHITZ
    return (*STANDING, *MOVING) if name in FOLLOWERS else STANDING


def one(protocol: str, number: int) -> tuple[int, int, float, int, int]:
    """Run `number` of a protocol: quiet points, synchronisations, largest overshoot / R, overshoots, breaches."""
    rng = np.random.default_rng([number, 2026])
    k, D, steps = (int(rng.integers(1, high)) for high in (9, 11, 61))
    script = make_script(
        k,
        D,
        steps,
        str(rng.choice(STYLES)),
        float(rng.choice((1.0, 0.5, 0.1))),
        bool(rng.integers(2)),
        float(rng.choice((0.3, 1, 2, 5, 15))),
        number,
        np.float32 if rng.integers(2) else np.float64,
    )
    safe = zones(protocol)[number % len(zones(protocol))]
    relative = bool(rng.integers(2))  # ‖E‖ is 5 at first
    threshold = script.R / 5 if relative else script.R
    server = str(rng.choice(SERVERS)) if protocol in STEPPING and rng.integers(2) else "mean"
    pace = None
    if safe in STANDING and protocol.partition(":")[0] in FOLLOWERS and rng.integers(2):
        follow = parse_radius(str(rng.choice(RADII)))
        pace = follow(parse_rate(str(rng.choice(RATES)), steps)) if follow else None
    game = start(
        script,
        protocol,
        safe,
        threshold=threshold,
        relative=relative,
        server=server,
        pace=pace,
    )
    watched = Watched(game, strict=False)
    largest = 0.0
    for moves, active in script:
        R = watched.game.coordinator.make_zone.radius(watched.game.coordinator.E)
        watched.step(moves, active)
        out = watched.overshoots[-1]
        squared = (
            watched.observer.guarantee is VARIANCE
            or "variance" in safe
            or protocol.startswith("dynamic")
        )
        largest = max(
            largest, (out + R**2) ** 0.5 / R - 1 if squared else out / R
        )  # in units of a·R
    outside = sum(overshoot > 0 for overshoot in watched.overshoots)
    return len(script), watched.game.coordinator.round - 1, largest, outside, watched.breaches


def chunk(job: tuple[str, int, int]) -> tuple[str, np.ndarray]:
    protocol, first, last = job
    return protocol, np.array([one(protocol, number) for number in range(first, last)])


def measure(runs: int, processes: int = 2) -> dict[str, np.ndarray]:
    """{protocol: (runs, 5)}, the rows in the order of their numbers."""
    starts = range(0, runs, CHUNK)
    jobs = [
        (protocol, first, min(runs, first + CHUNK))
        for protocol, first in product(PROTOCOLS, starts)
    ]
    found: dict[str, list[np.ndarray]] = {protocol: [] for protocol in PROTOCOLS}
    progress = Progress(len(jobs))
    with ProcessPoolExecutor(processes) as pool:
        for done, (protocol, rows) in enumerate(pool.map(chunk, jobs), 1):
            found[protocol].append(rows)
            progress(done, protocol)
    progress.close()
    return {protocol: np.concatenate(rows) for protocol, rows in found.items()}


def table(found: dict[str, np.ndarray]) -> str:
    lines = [
        "| protocol | runs | quiet points | synchronisations | overshoots | largest / R | breaches |",
        "|---|---|---|---|---|---|---|",
    ]
    for protocol, rows in found.items():
        points, syncs, _, outside, breaches = (int(n) for n in rows.sum(axis=0))
        lines.append(
            f"| {protocol} | {len(rows):,} | {points:,} | {syncs:,} | {outside:,} | {rows[:, 2].max():.3g} "
            f"| {breaches} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a guarantee was broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000, help="runs per protocol (1000)")
    found = measure(parser.parse_args(arguments).runs)
    print(table(found))
    return int(any(rows[:, 4].any() for rows in found.values()))


if __name__ == "__main__":
    sys.exit(main())
