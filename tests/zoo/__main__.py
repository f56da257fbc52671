"""Let every mutant loose, one at a time, and see whether its test finds it.

    python -m tests.zoo                 all of them, two side by side
    python -m tests.zoo z01 z05         only these
    python -m tests.zoo --list          the mistakes and why somebody makes them
    python -m tests.zoo --why z01       ... with the assertion that found it

A test that fails without any mutant proves nothing, so that is tried first.  Exit code 1 if a mutant survives, or dies
for a wrong reason ("broken": by an error of the patch rather than by an assertion), 2 for wrong usage.
"""

import fgm_ref.threads  # noqa: I001  (before NumPy)
import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from fgm_ref.program import Progress

from . import MUTANTS, TESTS, Mutant
from .registry import number

WORKERS = 2
PATIENCE = 60  # seconds; a mutant that hangs is broken
KILLED, SURVIVED, BROKEN, FAILS = "killed", "SURVIVED", "BROKEN", "TEST FAILS ANYWAY"
ASSERTING = (
    "tests/",
    "fgm_ref/simulation/observer.py",
    "fgm_ref/learning/gradcheck.py",
)  # who may say that something is wrong


def ask(id: str, *tests: str) -> dict:
    """What the witness of one mutant (or of none, "-") has seen, and how long it took."""
    command = [sys.executable, "-m", "tests.zoo.witness", id, *tests]
    started = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=TESTS.parent, capture_output=True, text=True, timeout=PATIENCE
        )
        seen = (
            json.loads(done.stdout.splitlines()[-1])
            if done.returncode == 0
            else {"said": done.stderr}
        )
    except subprocess.TimeoutExpired:
        seen = {"said": f"nothing within {PATIENCE} seconds"}
    return (
        {
            "code": -1,
            "failed": [],
            "when": "",
            "kinds": [],
            "raised": "",
            "words": "",
            "message": "",
        }
        | seen
        | {"seconds": time.monotonic() - started}
    )


def verdict(mutant: Mutant, seen: dict) -> str:
    """Killed only by a test that ran and said no: in words of its own, not by stumbling over the patch."""
    if seen["code"] == 0:
        return SURVIVED
    if seen["code"] != 1 or seen["when"] != "call":
        return BROKEN
    if mutant.raises != "AssertionError":
        return KILLED if mutant.raises in seen["kinds"] else BROKEN
    said_no = "Failed" in seen["kinds"] or "AssertionError" in seen["kinds"]
    own_words = (
        seen["raised"].startswith(ASSERTING)
        or "numpy/testing" in seen["raised"]
        or "Failed" in seen["kinds"]
    )
    return KILLED if said_no and own_words else BROKEN


def explain(mutant: Mutant, seen: dict) -> str:
    """The lines below a row of the table."""
    if seen["code"] != 1:
        return "\n".join(f"       {line}" for line in seen["said"].strip().splitlines()[-6:])
    message = " / ".join(line.strip() for line in seen["message"].splitlines()[:6] if line.strip())
    return f"       {seen['raised']}  {seen['words']}\n       {seen['kinds'][0]}: {message[:200]}"


def already_failing(mutants: list[Mutant], show: Progress) -> dict[str, dict]:
    """Run the killing tests on the library as it is: {test: what was seen} of those that cannot be relied on."""
    tests, failing = sorted({mutant.killed_by for mutant in mutants}), {}
    parts = [part for n in range(WORKERS) if (part := tests[n::WORKERS])]
    with ThreadPoolExecutor(WORKERS) as pool:
        for part, seen in zip(parts, pool.map(lambda part: ask("-", *part), parts), strict=True):
            show(WORKERS, "no mutant")
            if seen["code"] not in (0, 1):  # they did not even run
                failing |= dict.fromkeys(part, seen)
            elif seen["failed"]:
                failing |= {
                    test: seen
                    for test in part
                    if any(name.startswith(test) for name in seen["failed"])
                }
    return failing


def tour(mutants: list[Mutant], why: bool = False) -> int:
    """Print the table; returns the number of mutants that were not properly killed."""
    show = Progress(len(mutants) + 2 * WORKERS)
    failing = already_failing(mutants, show)
    seen = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        asked = {
            pool.submit(ask, mutant.id, mutant.killed_by): mutant
            for mutant in mutants
            if mutant.killed_by not in failing
        }
        for future in as_completed(asked):
            seen[asked[future].id] = future.result()
            show(2 * WORKERS + len(seen), asked[future].id)
    show.close()
    width = max(len(mutant.mistake) for mutant in mutants)
    place = max(len(mutant.killed_by) for mutant in mutants)
    print(f"{'id':<5}{'mistake':<{width + 2}}{'killed by':<{place + 2}}{'s':>4}  verdict")
    verdicts = {m.id: FAILS if m.killed_by in failing else verdict(m, seen[m.id]) for m in mutants}
    for mutant in mutants:
        row = seen.get(mutant.id) or failing[mutant.killed_by]
        print(
            f"{mutant.id:<5}{mutant.mistake:<{width + 2}}{mutant.killed_by:<{place + 2}}"
            f"{row['seconds']:>4.1f}  {verdicts[mutant.id]}"
        )
        if why or verdicts[mutant.id] in (BROKEN, FAILS):
            print(explain(mutant, row))
    alive = [id for id, word in verdicts.items() if word != KILLED]
    rest = f"; not: {', '.join(alive)}" if alive else ""
    print(f"{len(mutants) - len(alive)} of {len(mutants)} mutants killed{rest}")
    return len(alive)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.zoo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="only these mutants")
    parser.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    parser.add_argument("--why", action="store_true", help="show the assertion that killed each")
    arguments = parser.parse_args()
    if unknown := [id for id in arguments.ids if id not in MUTANTS]:
        parser.error(
            f"ids: expected some of {', '.join(sorted(MUTANTS, key=number))}; got {', '.join(unknown)}"
        )
    mutants = [MUTANTS[id] for id in sorted(arguments.ids or MUTANTS, key=number)]
    if not arguments.list:
        return 1 if tour(mutants, arguments.why) else 0
    for mutant in mutants:
        lines = "\n".join(f"    {line}".rstrip() for line in mutant.why.splitlines())
        print(f"{mutant.id}  {mutant.mistake}  [{mutant.where}]\n{lines}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
