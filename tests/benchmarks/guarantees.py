"""Are the guarantees kept?  `python tests/benchmarks/guarantees.py [--runs 1000]`.

For every protocol that promises something: so many runs in which a random script moves the models, under the eyes of
the omniscient observer.  Number of sites, dimension, style, speeds, idle sites, threshold and precision are drawn.  So
are servers, codecs, samples, and radii that follow a rate.  A codec is one under which the protocol promises as much as
without.  Safe functions take turns.  A breach is a quiet point at which S is not admissible: there must be none.
An overshoot is the part of a step by which S was outside before the protocol had reacted.

Most runs are drawn from what the protocol takes.  A few are drawn from everything, and what makes no sense must be
refused in one line; such a run then goes with nothing but the safe function whose turn it is.
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
from fgm_ref.protocols import VARIANCE, parse
from fgm_ref.safe import Ball
from fgm_ref.safe.paced import parse_radius
from fgm_ref.simulation.observer import outlives
from fgm_ref.transport.codecs import parse_codec

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
FOLLOWERS = (
    "gm",
    "fgm",
    "fgm-projection",
    "gm-weighted",
    "fgm-weighted",
    "fda-naive",
    "fda-linear",
    "omniscient",
)  # they take zones that move, or at least a radius that does
CODECS = (
    "float16",
    "int8",
    "int8+ef",
    "int4+ef",
    "int3",
    "ternary+ef",
    "sign+ef",
    "ternary+ef+zip",
    "float32+zip",
)
WILD = 8  # one of so many runs is drawn from everything
LIPSCHITZ = ("ball", "cap", "half-space", "upper-norm", "cheap:cap", "ball+cap")
PROTOCOLS = PROMISING
CHUNK = 50


def zones(protocol: str) -> tuple[str, ...]:
    """The safe functions that a protocol is run with, in turn."""
    name = protocol.partition(":")[0]
    if parse(protocol).protocol.watches == "form":
        return ("ball", "variance", "cap")
    if name.startswith(("dynamic", "fda", "fgm-centre", "fgm-probe", "omniscient")):
        return ("variance",)  # their own condition, whatever is asked for
    if name == "fgm-o":
        return LIPSCHITZ
    moving = [
        safe for safe in MOVING if name in FOLLOWERS and not (weighted(name) and "own" in safe)
    ]
    return (*STANDING, *moving)


def weighted(protocol: str) -> bool:
    """Whether its mean is weighted, so that all sites must have one φ."""
    return protocol.endswith("-weighted")


def combination(protocol: str, number: int, steps: int, k: int, rng: np.random.Generator) -> dict:
    """What a run is made of, besides its script."""
    own = zones(protocol)
    wild = number % WILD == 0
    safe = str(rng.choice((*STANDING, *MOVING))) if wild else own[number % len(own)]
    drawn = {"safe": safe, "samples": rng.integers(1, 100, size=k)}
    if rng.integers(2) and (wild or protocol in STEPPING):
        drawn["server"] = str(rng.choice(SERVERS))
    if rng.integers(2) and (wild or (safe in STANDING and protocol in FOLLOWERS)):
        follow = parse_radius(str(rng.choice(RADII)))
        drawn["pace"] = follow(parse_rate(str(rng.choice(RATES)), steps)) if follow else None
    codec = str(rng.choice(CODECS))
    if rng.integers(2) and outlives(parse(protocol), Ball, None, parse_codec(codec)):
        drawn["codec"] = codec
    return drawn


def begun(script, protocol: str, number: int, drawn: dict, **more):
    """The game, its safe function, and whether what was drawn had to be refused."""
    try:
        return start(script, protocol, **drawn, **more), drawn["safe"], False
    except ValueError as refusal:
        said = str(refusal)
        assert ": expected" in said and "\n" not in said, f"{protocol}, {drawn}: {said}"
    safe = zones(protocol)[number % len(zones(protocol))]
    return start(script, protocol, safe, **more), safe, True


def one(protocol: str, number: int) -> tuple[int, int, float, int, int, bool]:
    """Run `number`: quiet points, synchronisations, largest overshoot / R, overshoots, breaches, whether refused."""
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
    relative = bool(rng.integers(2))  # ‖E‖ is 5 at first
    threshold = script.R / 5 if relative else script.R
    drawn = combination(protocol, number, steps, k, rng)
    game, safe, refused = begun(
        script, protocol, number, drawn, threshold=threshold, relative=relative
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
    rounds = watched.game.coordinator.round - 1
    return len(script), rounds, largest, outside, watched.breaches, refused


def chunk(job: tuple[str, int, int]) -> tuple[str, np.ndarray]:
    protocol, first, last = job
    return protocol, np.array([one(protocol, number) for number in range(first, last)])


def measure(runs: int, processes: int = 2) -> dict[str, np.ndarray]:
    """{protocol: (runs, 6)}, the rows in the order of their numbers."""
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
        "| protocol | runs | quiet points | synchronisations | overshoots | largest / R | refused | breaches |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for protocol, rows in found.items():
        points, syncs, _, outside, breaches, refused = (int(n) for n in rows.sum(axis=0))
        lines.append(
            f"| {protocol} | {len(rows):,} | {points:,} | {syncs:,} | {outside:,} | {rows[:, 2].max():.3g} "
            f"| {refused} | {breaches} |"
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
