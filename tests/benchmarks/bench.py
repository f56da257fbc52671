"""Whole training steps: the library against PyTorch, JAX and the fastest NumPy; `make bench`, or

    python tests/benchmarks/bench.py --quick                               # under 90 seconds
    python tests/benchmarks/bench.py --only W1 --k 8 --dtype float32 --modes 1t

A step is forward pass, BPTT and Adam for all k sites, on the workloads W1 ... W4 of `workloads`.  Every engine
runs in its own process and gets the same weights and mini-batches; its gradient and its first step are compared
with the library's before anything is timed.  Then the engines take turns of about 0.1 s, in a new random order
in every round, so that a busy machine hurts all alike; what is reported are medians over the rounds of the
*ratios* within a round.  Results are kept as they come (`bench.json`): start it again and it goes on.

Modes: 1t, one thread pinned to one core; 2t, two threads; 2p, two processes side by side, one per core.
Kernels: native (everybody looks at the processor) or avx2 (nobody uses AVX-512, as on a processor without it).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fgm_ref.threads  # noqa: F401  isort: skip  (before NumPy)
import numpy as np
import report
from engines import ENGINES, LIMITS, Library
from workloads import LR, SITES, WORKLOADS, Case, Problem, cases, problem

from fgm_ref.arrays import Array
from fgm_ref.files import atomic
from fgm_ref.learning.params import Layout

HERE = Path(__file__).parent
FEWER = {
    "W1": [8, 128],
    "W2": [8, 32],
    "W3": [4],
    "W4": [8, 64],
}  # numbers of sites of all but the main table
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 1]


def beyond_avx2(feature: str) -> bool:
    """Whether this is one of NumPy's names for AVX-512."""
    return feature.startswith("AVX512") or feature == "X86_V4"


AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": " ".join(
        feature
        for feature in np.__config__.CONFIG["SIMD Extensions"]["found"]
        if beyond_avx2(feature)
    ),
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
"""What keeps OpenBLAS, NumPy, PyTorch, oneDNN and MKL from using AVX-512; XLA is told by its flags."""


class Failed(Exception):
    """An engine died, or computes something else than the library."""


class Process:
    """A worker on the given cores; `ask` and `answer` are separate so that two workers can run at once."""

    def __init__(
        self, name: str, case: Case, file: Path, cores: list[int], threads: int, kernel: str
    ):
        command = [
            sys.executable,
            str(HERE / "worker.py"),
            name,
            case.workload,
            str(case.k),
            case.dtype,
            str(file),
            ",".join(map(str, cores)),
        ]
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (`stop` closes it)
        self.process = subprocess.Popen(
            command,
            env=environment(name, threads, kernel),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def ask(self, do: str, **request: Any) -> None:
        """Send a request."""
        with suppress(BrokenPipeError):  # `answer` says why
            print(json.dumps({"do": do} | request), file=self.process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        """Wait for its answer; `Failed` with the last line of what the worker complained about."""
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            raise Failed(
                f"{self.name}: {(self.errors.read().strip().splitlines() or ['died'])[-1]}"
            )
        return json.loads(line)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def environment(name: str, threads: int, kernel: str) -> dict[str, str]:
    """This process's environment, but with the given threads and kernel and the engine's own settings."""
    drop = ("OPENBLAS_CORETYPE", "OMP_", "MKL_", "MALLOC_", "XLA_")
    variables = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
    for key in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        variables[key] = str(threads)
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if kernel == "avx2":
        variables |= AVX2
        variables["XLA_FLAGS"] = f"{variables.get('XLA_FLAGS', '')} --xla_cpu_max_isa=AVX2"
    return variables | {"JAX_PLATFORMS": "cpu"} | dict(ENGINES[name].environment)


def relative_error(case: Case, got: Array, expected: Array) -> float:
    """The largest error of an array of parameters, relative to the largest number in it."""
    views = Layout(case.shape.spec.shapes()).views
    pairs = zip(
        views(np.ascontiguousarray(got, np.float64)).values(), views(expected).values(), strict=True
    )
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs)


def reference(case: Case, given: Problem) -> tuple[Array, Array]:
    """The library's gradient and first step in float64, from the same numbers."""
    exact = Library(
        case._replace(dtype="float64"),
        Problem(given.P.astype(float), given.x.astype(float), given.y),
    )
    start, gradient = exact.P.copy(), exact.gradient().copy()
    exact.step()
    return gradient, exact.P - start


def compare(case: Case, name: str, saved: Path, expected: tuple[Array, Array]) -> float:
    """The engine's gradient error; `Failed` if it is too large, or if Adam took another step.

    The step is compared loosely, to a fifth of the learning rate (float32 rounds the weights), at 19 of 20
    weights (a gradient near 0 may have either sign), without the biases (`nn.LSTM` has two and moves both).
    """
    biases = case.shape.gates * sum(case.shape.hidden) / expected[0].shape[1]
    with np.load(saved) as arrays:
        error = relative_error(case, arrays["G"], expected[0])
        strange = float(np.mean(np.abs(arrays["change"] - expected[1]) > 0.2 * LR))
    if not error <= TOLERANCE[case.dtype] or not strange <= 0.05 + biases:
        raise Failed(
            f"{name}: expected the library's gradient, got a relative error of {error:.1e}, "
            f"and {strange:.0%} of the first step differs"
        )
    return error


def measure(
    case: Case, mode: str, kernel: str, engines: list[str], rounds: int, seconds: float
) -> dict[str, Any]:
    """One row of a table: for every engine the milliseconds per step of every round, and how it was checked."""
    copies, threads = (2 if mode == "2p" else 1), (2 if mode == "2t" else 1)
    places = [CORES[:2]] if mode == "2t" else [[core] for core in CORES[::-1][:copies]]
    record: dict[str, Any] = {"ms": {}, "error": {}, "flops": {}, "facts": {}, "failures": []}
    workers: dict[str, list[Process]] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            given = problem(case.shape, case.k, case.dtype)
            file = Path(folder) / "problem.npz"
            np.savez(file, **given._asdict())
            for name in engines:
                workers[name] = [
                    Process(name, case, file, place, threads, kernel) for place in places
                ]
                for number, worker in enumerate(workers[name]):
                    worker.ask("check", file=f"{folder}/{name}{number}.npz")
            expected = reference(case, given)
            for name in engines:
                try:
                    for number, worker in enumerate(workers[name]):
                        record["flops"][name] = worker.answer()["flops"]
                        if name not in LIMITS:
                            record["error"][name] = compare(
                                case, name, Path(folder, f"{name}{number}.npz"), expected
                            )
                        worker.ask("facts")
                        record["facts"] |= worker.answer()
                    record["ms"][name] = []
                except Failed as failure:
                    record["failures"].append(str(failure))
            for _ in range(rounds):
                for name in random.sample(sorted(record["ms"]), len(record["ms"])):
                    for worker in workers[name]:
                        worker.ask("block", seconds=seconds)
                    answers = [worker.answer() for worker in workers[name]]
                    rate = sum(answer["steps"] / answer["seconds"] for answer in answers)
                    record["ms"][name].append(1000 / rate)
                    time.sleep(0.005)  # threads that still spin fall asleep
        finally:
            for worker in (worker for group in workers.values() for worker in group):
                worker.stop()
    return record


def machine() -> dict[str, Any]:
    """The processor and the system, and nothing that names this computer."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
            model,
        )
    return {
        "processor": model,
        "cores": len(CORES),
        "system": f"{platform.system()} {platform.machine()}",
    }


def detected() -> str:
    """The kernels that OpenBLAS picks on this processor when nobody tells it to; "" if that cannot be found out."""
    code = (
        "import numpy, threadpoolctl\n"
        "print(next((lib['architecture'] or '' for lib in threadpoolctl.threadpool_info()"
        " if lib['internal_api'] == 'openblas'), ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment("library", 1, "native"),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout.strip()


def plan(args: argparse.Namespace) -> list[tuple[Case, str, str]]:
    """What to measure: every case on one thread with native kernels, fewer numbers of sites otherwise."""
    jobs = []
    for kernel in args.kernels:
        for mode in args.modes:
            main = args.full or (mode, kernel) == (args.modes[0], args.kernels[0])
            if kernel != args.kernels[0] and mode != args.modes[0] and not args.full:
                continue
            if not main and len(CORES) < 2 and mode != "1t":
                continue
            for name in args.only:
                jobs += [
                    (case, mode, kernel)
                    for case in cases(
                        [name], args.k or (SITES if main else FEWER)[name], args.dtype
                    )
                ]
    return jobs


def options(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""

    def words(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], prog="python tests/benchmarks/bench.py"
    )
    installed = [
        name for name, entry in ENGINES.items() if not entry.needs or find_spec(entry.needs)
    ]
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the results (data/results/bench; out/bench with --quick)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="two small cases, three rounds: under 90 seconds"
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="all numbers of sites in every mode and with every kernel",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="do not go on with what the folder holds"
    )
    parser.add_argument(
        "--only", type=words, default=list(WORKLOADS), help="workloads, such as W1,W4"
    )
    parser.add_argument(
        "--k", type=lambda text: [int(k) for k in words(text)], default=[], help="numbers of sites"
    )
    parser.add_argument(
        "--dtype", type=words, default=["float32", "float64"], help="float32 or float64"
    )
    parser.add_argument("--engines", type=words, default=installed, help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--modes", type=words, default=["1t", "2t", "2p"], help="of 1t, 2t, 2p")
    parser.add_argument("--kernels", type=words, default=["native", "avx2"], help="native or avx2")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    args = parser.parse_args(argv)
    args.out = args.out or Path("out/bench" if args.quick else "data/results/bench")
    if args.quick:
        args.only, args.k, args.dtype, args.modes, args.kernels = (
            ["W1", "W4"],
            [8],
            ["float32"],
            ["1t"],
            ["native"],
        )
        args.rounds, args.seconds = min(args.rounds, 3), min(args.seconds, 0.05)
    for name, chosen, allowed in (
        ("engines", args.engines, ENGINES),
        ("only", args.only, WORKLOADS),
        ("modes", args.modes, ("1t", "2t", "2p")),
        ("dtype", args.dtype, TOLERANCE),
        ("kernels", args.kernels, ("native", "avx2")),
    ):
        if not set(chosen) <= set(allowed):
            parser.error(f"--{name}: expected some of {', '.join(allowed)}; got {','.join(chosen)}")
    if "native" in args.kernels:  # what is the native kernel here need not be measured twice
        old = detected() == AVX2["OPENBLAS_CORETYPE"]
        args.kernels = [kernel for kernel in args.kernels if kernel == "native" or not old]
    if "library" not in args.engines:
        args.engines = ["library", *args.engines]
    return args


def settings(args: argparse.Namespace, mode: str) -> dict[str, Any]:
    """How a case is measured in a mode."""
    engines = [name for name in args.engines if ENGINES[name].mode in ("", mode)]
    return {"engines": engines, "rounds": args.rounds, "seconds": args.seconds}


def main(argv: list[str] | None = None) -> int:
    """Measure, keep, and report; 1 if an engine failed."""
    args = options(argv)
    store = args.out / "bench.json"
    records = {} if args.fresh or not store.exists() else json.loads(store.read_text())["records"]
    jobs = plan(args)
    todo = [
        job
        for job in jobs
        if records.get(report.key(*job), {}).get("settings") != settings(args, job[1])
    ]
    start = time.monotonic()
    for number, job in enumerate(todo):
        elapsed = time.monotonic() - start
        left = (
            f"about {elapsed / number * (len(todo) - number) / 60:.0f} min left"
            if number
            else "starting"
        )
        print(
            f"[{number + 1}/{len(todo)}] {job[0]}, {job[1]}, {job[2]} kernels; {left}",
            file=sys.stderr,
            flush=True,
        )
        told = settings(args, job[1])
        records[report.key(*job)] = measure(*job, **told) | {"settings": told}
        with atomic(store) as part:
            part.write_text(json.dumps({"machine": machine(), "records": records}, indent=1))
    failures = report.write(args.out, records, machine())
    print((args.out / "bench.md").read_text())
    print("".join(f"failed: {failure}\n" for failure in failures), end="", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
