"""One engine in its own process: started and spoken to by `bench`, one JSON line per request and answer.

{"do": "check", "file": ...}     write gradient and first step to a file, warm up   {}
{"do": "block", "seconds": s}    train for about so long                            {"steps": n, "seconds": s}
{"do": "facts"}                  versions and BLAS of this process                  {...}
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from importlib import import_module
from typing import Any

import engines
import numpy as np
from workloads import Case, Problem


class Worker:
    """Holds the engine."""

    def __init__(self, name: str, case: Case, file: str):
        with np.load(file) as saved:
            self.given = Problem(saved["P"], saved["x"], saved["y"])
        self.engine = engines.make(name, case, self.given)
        self.step_seconds = 0.0

    def check(self, file: str) -> dict[str, Any]:
        """Write the gradient at the first weights, and the weights after one step."""
        if self.engine.trains:
            G = np.array(self.engine.gradient())
            self.engine.step()
            self.engine.wait()
            np.savez(file, G=G, change=np.array(self.engine.weights()) - self.given.P)
        for _ in range(2):  # the first may have to compile
            self.step_seconds = self.steps(1)
        return {"flops": getattr(self.engine, "flops", 0)}

    def steps(self, count: int) -> float:
        """Seconds for so many steps."""
        start = time.perf_counter()
        for _ in range(count):
            self.engine.step()
        self.engine.wait()
        return time.perf_counter() - start

    def block(self, seconds: float) -> dict[str, Any]:
        """One step to wake everything up, then as many as fit, by the time of the last block."""
        self.steps(1)
        count = max(1, round(seconds / self.step_seconds))
        taken = self.steps(count)
        self.step_seconds = taken / count
        return {"steps": count, "seconds": taken}

    def facts(self) -> dict[str, Any]:
        """What this process computes with."""
        facts: dict[str, Any] = {"python": platform.python_version(), "numpy": np.__version__}
        facts |= {
            name: sys.modules[name].__version__ for name in ("torch", "jax") if name in sys.modules
        }
        try:
            from threadpoolctl import threadpool_info
        except ImportError:
            return facts
        keys = ("internal_api", "version", "architecture", "num_threads")
        return facts | {"blas": [{key: lib.get(key) for key in keys} for lib in threadpool_info()]}


def main() -> None:
    """`worker.py ENGINE WORKLOAD K DTYPE PROBLEM.npz CORES`."""
    name, workload, k, dtype, file, cores = sys.argv[1:]
    import_module(engines.ENGINES[name].module)  # on any core
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    answers = os.fdopen(os.dup(1), "w")  # whatever a library prints goes to stderr
    os.dup2(2, 1)
    worker = Worker(name, Case(workload, int(k), dtype), file)
    requests = {"check": worker.check, "block": worker.block, "facts": worker.facts}
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(requests[request.pop("do")](**request)), file=answers, flush=True)


if __name__ == "__main__":
    main()
