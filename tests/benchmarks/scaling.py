"""Whole simulations: where the time goes, how it grows, how much memory a site takes, and how long a start is.

    python tests/benchmarks/scaling.py [--quick] [--out data/results/bench]

The problem has the shape of W1 (an LSTM of 19 cells, windows of 5 steps with 18 channels, 39 classes, mini-batches
of 16) and random data: enough for time and memory, which do not ask what the numbers mean.  Writes
`scaling.md` and `scaling.csv`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fgm_ref.threads  # noqa: F401  isort: skip  (before NumPy)
import numpy as np
from measured import Row, file_rows, sections, steps_per_second

from fgm_ref.datasets.dataset import Dataset, classification
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation

D, CLASSES, T, H, B = 18, 39, 5, 19, 16
STREAM = 746_000  # samples of the long event stream of the papers' experiments
PROTOCOLS = ("fgm", "gm", "dynamic", "local")


def synthetic(samples: int, length: int = T) -> Dataset:
    """Random windows with random classes."""
    rng = np.random.default_rng(0)

    def part(n: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.standard_normal((n, length, D), np.float32), rng.integers(0, CLASSES, n)

    return classification(
        "synthetic", part(samples), part(200), [f"class {c}" for c in range(CLASSES)], "random"
    )


def simulation(data: Dataset, protocol: str = "fgm", k: int = 8, hidden: int = H) -> Simulation:
    """A run that is ready to step."""
    return Simulation(
        Config(protocol=protocol, sites=k, hidden=(hidden,), batch=B, threshold=0.05), data
    )


def exponent(x: list[float], y: list[float]) -> float:
    """The slope of log y over log x at the last three points: y grows as x to this power."""
    return float(np.polyfit(np.log(x[-3:]), np.log(y[-3:]), 1)[0])


class Stopwatch:
    """Adds up the seconds spent in chosen methods of chosen objects; nested ones count for themselves only."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inside: list[float] = []

    def watch(self, label: str, owner: Any, method: str) -> None:
        """From now on, count what `owner.method` takes under `label`."""
        original: Callable[..., Any] = getattr(owner, method)

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            self._inside.append(0.0)
            try:
                return original(*args, **kwargs)
            finally:
                taken = time.perf_counter() - start
                self.seconds[label] += taken - self._inside.pop()
                if self._inside:
                    self._inside[-1] += taken

        setattr(owner, method, timed)


def shares(data: Dataset, steps: int) -> list[Row]:
    """Which part of a step takes which part of the time, for some protocols at k = 8."""
    rows = []
    for protocol in PROTOCOLS:
        sim, watch = simulation(data, protocol), Stopwatch()
        for _ in range(20):
            sim.step()
        for label, owner, method in (
            ("training", sim.trained, "train"),
            ("local tests", sim.sites, "moved"),
            ("messages, ledger, log", sim.network, "exchange"),
            ("choice of batches", sim.batches, "draw"),
            ("recording", sim, "_record"),
            ("gathering of batches, loop", sim, "step"),
        ):
            watch.watch(label, owner, method)
        for _ in range(steps):
            sim.step()
        total = sum(watch.seconds.values())
        section = f"share of the time, k = 8, {protocol}"
        rows.append((section, "time per step", 1e6 * total / steps, "µs"))
        rows.append((section, "bytes per step", sim.ledger.total_bytes / sim.ledger.step, "bytes"))
        rows += [
            (section, label, 100 * seconds / total, "%")
            for label, seconds in watch.seconds.most_common()
        ]
    return rows


def growth(seconds: float, quick: bool) -> list[Row]:
    """Milliseconds per step against the number of sites, of cells and of time steps."""
    many = synthetic(20_000)
    sites = [1, 4, 16, 64, 256, 1024][: 4 if quick else 6]
    sweeps: dict[str, tuple[list[int], Callable[[int], Simulation]]] = {
        "sites k": (sites, lambda k: simulation(many, k=k)),
        "cells": (
            [10, 20, 40, 80, 160][: 3 if quick else 5],
            lambda hidden: simulation(many, hidden=hidden),
        ),
        "time steps T": (
            [5, 10, 20, 40, 80][: 3 if quick else 5],
            lambda T: simulation(synthetic(2000, T)),
        ),
    }
    rows = []
    for name, (values, make) in sweeps.items():
        x, ms = [], []
        for value in values:
            sim = make(value)
            ms.append(1000 / steps_per_second(sim, seconds))
            x.append(float(sim.model.size if name == "cells" else value))
            also = f" (P = {sim.model.size})" if name == "cells" else ""
            rows.append((f"growth with the {name}", f"{value}{also}", ms[-1], "ms per step"))
        label = "exponent of P" if name == "cells" else f"exponent of {name[-1]}"
        rows.append((f"growth with the {name}", label, exponent(x, ms), ""))
    return rows


MANY = """
import sys, time, resource
import fgm_ref.threads
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation
k, steps = int(sys.argv[1]), 5
config = Config(dataset="nyc_flights", protocol="fgm", sites=k, split="iid", hidden=(19,), steps=steps)
sim = Simulation(config)
start = time.perf_counter()
for _ in range(steps):
    sim.step()
seconds = time.perf_counter() - start
print(1000 * seconds / steps / k, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def many_sites(sizes: list[int]) -> list[Row]:
    """Five steps of a run with more and more sites."""
    section = "many sites: nyc_flights, iid, 19 cells, fgm, 5 steps"
    rows: list[Row] = []
    cost = {}
    for k in sizes:
        done = subprocess.run(
            [sys.executable, "-c", MANY, str(k)], check=True, capture_output=True, text=True
        )
        cost[k], gigabytes = map(float, done.stdout.split())
        rows.append((section, f"{k:,} sites", cost[k], "ms per site and step"))
        rows.append((section, f"{k:,} sites, peak memory", gigabytes, "GB"))
    *_, last = sizes
    if 1024 in cost and last > 1024:
        rows.append((section, f"{last:,} / 1,024 sites", cost[last] / cost[1024], "cost per site"))
    return rows


def memory(k: int) -> list[Row]:
    """Bytes per site of a run of W1, and the least that Adam needs: weights, gradient, two moments."""
    data = synthetic(20_000)
    tracemalloc.start()
    sim = simulation(data, k=k)
    for _ in range(3):
        sim.step()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    least = 4 * sim.model.size * sim.model.dtype.itemsize
    stack = sum(
        a.nbytes
        for layers in sim.model._chains.kept.values()
        for cell in layers.cells
        for a in vars(cell).values()
        if isinstance(a, np.ndarray) and a.base is None
    )
    section = f"memory, {k} sites in one process"
    return [
        (section, "weights, gradient, two moments", least / 1e3, "kB per site"),
        (section, "run", now / k / 1e3, "kB per site"),
        (section, "peak of the run", peak / k / 1e3, "kB per site"),
        (section, "peak / least", peak / k / least, ""),
        (section, "arrays of the layers, shared by all stacks of sites", stack / 1e6, "MB in all"),
    ]


def stream(samples: int) -> list[Row]:
    """One pass over a long event stream with 8 sites: training, monitoring, ledger and log."""
    sim = simulation(synthetic(samples))
    steps = samples // (8 * B)
    start = time.perf_counter()
    for _ in range(steps):
        sim.step()
    seconds = time.perf_counter() - start
    section = f"one pass over {samples:,} samples, k = 8, fgm"
    return [
        (section, "time", seconds, "s"),
        (section, "speed", samples / seconds, "samples per s"),
        (section, "rounds", sim.coordinator.round, ""),
        (section, "log", len(sim.ledger.events), "lines"),
    ]


def start_up(repeats: int) -> list[Row]:
    """Median seconds of starting Python, of importing the package, and of the demo's help."""
    rows: list[Row] = []
    for label, arguments in (
        ("python", ["-c", "pass"]),
        ("import fgm_ref", ["-c", "import fgm_ref"]),
        ("import fgm_ref; fgm_ref.run", ["-c", "import fgm_ref; fgm_ref.run"]),
        ("demo --help", ["-m", "fgm_ref.demo", "--help"]),
    ):
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            taken.append(time.perf_counter() - start)
        rows.append(("start", label, 1000 * float(np.median(taken)), "ms"))
    return rows


def table(rows: list[Row]) -> str:
    """Markdown, a table for each section."""
    head = ["# Whole simulations", "", f"LSTM of {H} cells, T = {T}, B = {B}, float32, one thread."]
    return "\n".join([*head, *sections(rows)]) + "\n"


def main(argv: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], prog="python tests/benchmarks/scaling.py"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the results (data/results/bench; out/bench with --quick)",
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes: under 20 seconds")
    args = parser.parse_args(argv)
    quick = args.quick
    out = args.out or Path("out/bench" if quick else "data/results/bench")
    parts: list[tuple[str, Callable[[], list[Row]]]] = [
        ("start-up", lambda: start_up(3 if quick else 9)),
        ("shares", lambda: shares(synthetic(20_000), 100 if quick else 2000)),
        ("growth", lambda: growth(0.1 if quick else 2, quick)),
        ("many sites", lambda: many_sites([64] if quick else [64, 1024, 8192, 32768])),
        ("memory", lambda: memory(64 if quick else 1024)),
        ("event stream", lambda: stream(STREAM // 50 if quick else STREAM)),
    ]
    rows: list[Row] = []
    for number, (name, part) in enumerate(parts, 1):
        print(f"[{number}/{len(parts)}] {name} ...", file=sys.stderr, flush=True)
        rows += part()
    file_rows(out, "scaling", rows, table(rows))
    print(table(rows))


if __name__ == "__main__":
    main()
