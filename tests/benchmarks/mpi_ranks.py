"""What the ranks of `mpi.py` do: started by mpiexec with the name of a deed and a file for what came of it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import fgm_ref.threads  # noqa: F401  isort: skip  (before NumPy)
import numpy as np
from measured import steps_per_second
from workloads import WORKLOADS

from fgm_ref.datasets.dataset import Dataset, classification
from fgm_ref.mpi.free import run_free
from fgm_ref.mpi.lockstep import FarSimulation, stop
from fgm_ref.mpi.post import MpiPost, load
from fgm_ref.mpi.serve import serve
from fgm_ref.mpi.slice import Slice
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation
from fgm_ref.transport.messages import LOCAL
from fgm_ref.transport.wire.office import Office

SIZES = [4, 4_000, 40_000, 400_000, 4_000_000]
"""Bytes of a message: from a word to the largest model."""

THRESHOLD = 0.2
"""With random data and FGM a round then has about twenty steps."""

TURNS = 5


def synthetic(name: str, k: int) -> Dataset:
    """Random windows in the shape of a workload, enough for some mini-batches at each site."""
    shape, rng = WORKLOADS[name], np.random.default_rng(0)

    def part(n: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((n, shape.T, shape.features), np.float32)
        return x, rng.integers(0, shape.outputs, n)

    classes = [f"class {c}" for c in range(shape.outputs)]
    return classification("synthetic", part(8 * k * shape.B), part(200), classes, "random")


def settings(name: str, k: int, protocol: str) -> Config:
    """A run that never ends by itself."""
    shape = WORKLOADS[name]
    return Config(
        dataset="synthetic",
        protocol=protocol,
        cell=shape.cell,
        hidden=shape.hidden,
        batch=shape.B,
        sites=k,
        threshold=THRESHOLD,
        steps=10**6,
    )


def apart(office: Office, name: str, k: str, protocol: str, seconds: str) -> dict[str, float]:
    """Steps a second of a simulator of half the sites, which hears of no other rank."""
    half = int(k) // 2
    simulation = Simulation(settings(name, half, protocol), synthetic(name, half), threads=1)
    return {"steps": steps_per_second(simulation, float(seconds), 1)}


def freely(office: Office, name: str, k: str, protocol: str, steps: str) -> dict[str, float]:
    """Steps a second where nobody waits for anybody; pauses aside."""
    data = synthetic(name, int(k))
    if office.rank:
        serve(office, data)
        return {}
    config = replace(settings(name, int(k), protocol), steps=int(steps))
    report, _ = run_free(config, office, data=data, every=config.steps)
    stop(office)
    return {"steps": config.steps / report.seconds}


def training(office: Office, name: str, k: str, protocol: str, seconds: str) -> dict[str, float]:
    """Steps a second; with one rank only, of the simulator with one thread."""
    data, config = synthetic(name, int(k)), settings(name, int(k), protocol)
    if office.post.size == 1:
        return {"steps": steps_per_second(Simulation(config, data, threads=1), float(seconds), 1)}
    if office.rank:
        spent = 0.0
        train = Slice.train

        def timed(self: Slice, step: int) -> None:
            nonlocal spent
            start = time.perf_counter()
            train(self, step)
            spent += time.perf_counter() - start

        Slice.train = timed  # type: ignore[method-assign]
        serve(office, data)
        return {"trained": spent}
    simulation = FarSimulation(config, data, office)
    start = time.perf_counter()
    steps = steps_per_second(simulation, float(seconds), 1)
    wall = time.perf_counter() - start
    simulation.end()
    stop(office)
    return {
        "steps": steps,
        "wall": wall,
        "round": simulation.ledger.step / simulation.coordinator.round,
        "messages": simulation.ledger.total_messages / simulation.ledger.step,
    }


def post(office: Office) -> dict[str, float]:
    """Seconds one way, by the size of a message: half of the fastest way there and back."""
    found = {}
    for size in SIZES:
        letter = np.zeros(size, np.uint8)
        repeats = max(20, min(2000, 20_000_000 // size))
        best = np.inf
        for _ in range(TURNS):
            start = time.perf_counter()
            for _ in range(repeats):
                if office.rank == 0:
                    office.post.send(1, letter)
                    office.post.receive(1)
                else:
                    office.post.receive(0)
                    office.post.send(0, letter)
            best = min(best, (time.perf_counter() - start) / repeats / 2)
        found[str(size)] = best
    return found


def handling(office: Office, k: str) -> dict[str, float]:
    """Seconds that the coordinator needs for each of k sites that are polled for models, and sent one."""
    data, config = synthetic("W1", int(k)), settings("W1", int(k), "local")
    if office.rank:
        serve(office, data)
        return {}
    simulation = FarSimulation(config, data, office)
    best = np.inf
    for _ in range(TURNS):
        start = time.perf_counter()
        models = simulation.network.poll(LOCAL)
        simulation.coordinator.publish(models.mean(axis=0))
        simulation.network.poll(LOCAL, [0])  # behind the models: these have arrived
        best = min(best, time.perf_counter() - start)
    simulation.end()
    stop(office)
    return {"site": best / int(k), "numbers": float(simulation.model.size)}


def main() -> None:
    """Do one thing; every rank writes what it found to a file of its own."""
    out, deed, *more = sys.argv[1:]
    carrier = MpiPost(load())
    found = globals()[deed](Office(carrier), *more)
    Path(f"{out}.{carrier.rank}").write_text(json.dumps(found))
    carrier.close()


main()
