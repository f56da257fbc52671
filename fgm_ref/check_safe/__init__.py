"""`python -m fgm_ref.check_safe my_module:MyZone`: try to prove a safe function wrong, and say how.

The search is in `search.py`, the properties are in `properties.py`; this is what the user sees.
"""

import fgm_ref.threads  # isort: skip

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fgm_ref.check_safe.properties import PROPERTIES, Case
from fgm_ref.check_safe.search import Report, hunt
from fgm_ref.safe import safe_function
from fgm_ref.safe.function import Maker

__all__ = ["Report", "hunt", "main"]

NOTHING, FOUND, USAGE = 0, 1, 2
EXAMPLES = """\
examples:
  python -m fgm_ref.check_safe cap                                a safe function of this package, by name
  python -m fgm_ref.check_safe my_module:MyZone                   your own, in my_module.py of this folder
  python -m fgm_ref.check_safe my_module:MyZone --plot why.png    with a picture of the counterexample
  python -m fgm_ref.check_safe ball+my_module:MyZone --seconds 30
"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(
        prog="python -m fgm_ref.check_safe",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
        allow_abbrev=False,
        description=EXAMPLES
        + "\nHunt for a counterexample to everything that makes a safe function safe.",
        epilog="exit codes: 0 nothing found, 1 a counterexample, 2 wrong usage",
    )
    p.add_argument("function", metavar="NAME", help="a name, cheap:NAME, NAME+NAME or module:Class")
    p.add_argument(
        "--seconds",
        metavar="S",
        type=seconds,
        default=10.0,
        help="how long to hunt: at most 30, default 10",
    )
    p.add_argument(
        "--seed", metavar="N", type=int, default=0, help="another seed tries other cases"
    )
    p.add_argument("--plot", metavar="FILE.png", type=Path, help="draw the counterexample")
    p.add_argument(
        "--json", action="store_true", help="the report as JSON on stdout, and nothing else"
    )
    return p


def seconds(text: str) -> float:
    """A type for the time."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 30:
        raise argparse.ArgumentTypeError(
            f"expected a number of seconds above 0, at most 30, got {text!r}"
        )
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Hunt and report.  Returns the exit code."""
    args = parser().parse_args(argv)
    try:
        if args.seed < 0:
            raise ValueError(f"seed: expected a whole number of at least 0, got {args.seed}")
        make = safe_function(args.function)
        report = hunt(make, args.seed, args.seconds, least=2 if args.plot else 1)
    except ValueError as error:
        print(f"fgm_ref.check_safe: {error}", file=sys.stderr)
        return USAGE
    if args.json:
        print(json.dumps(as_json(args.function, make, report), indent=1))
    else:
        print("\n".join(tell(args.function, make, report)))
    if args.plot:
        print(picture(args.function, make, report, args.plot), file=sys.stderr)
    return FOUND if report.found else NOTHING


def tell(name: str, make: Maker, report: Report) -> Iterator[str]:
    """The report in words."""
    if not report.found:
        yield f"{name}: no counterexample in {report.seconds:.1f} s, in up to 5 dimensions, with up to 8 sites.  Tried:"
        yield from (
            f"  {count:>9,} cases  {PROPERTIES[p].claim}" for p, count in report.tried.items()
        )
        yield "This is no proof: that takes an argument why φ is convex and its zone inside the admissible region."
    for n, (p, case) in enumerate(report.found.items(), 1):
        yield f"{name}: counterexample {n} of {len(report.found)}, to"
        yield f"  {PROPERTIES[p].claim}"
        yield from (f"    {line}" for line in explain(p, make, case))
    if report.shared:
        yield (
            f"Note: {', '.join(report.shared)} changed in the class while it was used.  What belongs to one E "
            "belongs to the object (self.…), not to all objects of the class."
        )


def explain(p: str, make: Maker, case: Case) -> Iterator[str]:
    """One counterexample, number by number."""
    sites = f", k = {len(case.X)} site{'s' * (len(case.X) > 1)}" if p == "safe" else ""
    yield f"E = {vector(case.E)}, R = {case.R:g}{sites}"
    if p == "runs":
        yield from (f"X_{i} = {vector(x)}" for i, x in enumerate(case.X, 1))
        yield error_of(make, case)
        return
    if case.own.any() and not make(case.E, case.R).stands_still:
        yield f"after {case.own.max()} step(s); the sites' own steps {vector(case.own)}; expected g = {vector(case.g)}"
    left, right = PROPERTIES[p].measure(make, case)
    if p != "zero":
        values = np.ravel(case.zone(make)(case.X.copy()))
        names = ("X", "Y") if PROPERTIES[p].rows else [f"X_{i + 1}" for i in range(len(case.X))]
        for i, (row, x) in enumerate(zip(names, case.X, strict=False)):
            yield f"{row} = {vector(x)}" + (f"   φ = {values[i]:.6g}" if i < len(values) else "")
    yield from verdict(p, case, left, right)
    if p == "safe":
        total = float(np.sum(case.zone(make)(case.X.copy())))
        yield f"Σ φ(X_i) = {total:.6g} ≤ 0, so no protocol would act;"
        yield f"but S = E + mean X = {vector(case.E + case.X.mean(axis=0))}, and the true state is outside"
        yield f"its region: excess = {left:.6g}, expected at most 0"


def verdict(p: str, case: Case, left: float, right: float) -> Iterator[str]:
    """The two sides of a claim other than `safe`."""
    if p == "zero":
        yield f"φ(0) = {left:.6g}, expected a number below 0"
    elif p == "finite":
        yield f"{left:.0f} of {len(case.X) + 1} values (φ(0) among them) are infinite or no number"
    elif p == "batched":
        yield (
            "the stack has another shape of answer: expected one φ for each row"
            if math.isinf(left)
            else f"the stack's answer differs from the rows' by {left:.6g}"
        )
    elif p == "pure":
        yield f"X, E or the answer has changed by {left:.6g} after φ, `excess` or another safe function was used"
    elif p == "convex":
        yield f"half way, at {vector(case.X.mean(axis=0))}, φ = {left:.6g}; if φ were convex, at most {right:.6g}"
    elif p == "lipschitz":
        yield f"φ differs by {left:.6g}, expected at most {right:.6g}"
    elif p == "eikonal":
        yield f"the length of the gradient differs from 1 by {left:.6g}"


def error_of(make: Maker, case: Case) -> str:
    """What φ raises, in one line."""
    try:
        PROPERTIES["runs"].measure(make, case)
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    return "raised an error once, and does so no longer"


def vector(x: Any) -> str:
    """(1, -0.5)."""
    return f"({', '.join(f'{v:.4g}' for v in x)})"


def as_json(name: str, make: Maker, report: Report) -> dict[str, Any]:
    """The report for programs."""
    found = {
        p: {
            "claim": PROPERTIES[p].claim,
            "E": case.E.tolist(),
            "R": case.R,
            "X": case.X.tolist(),
            "g": case.g.tolist(),
            "own": case.own.tolist(),
            "words": list(explain(p, make, case)),
        }
        for p, case in report.found.items()
    }
    return {
        "function": name,
        "found": found,
        "tried": dict(report.tried),
        "shared": list(report.shared),
    }


def picture(name: str, make: Maker, report: Report, path: Path) -> str:
    """Draw the first case that a picture helps with; matplotlib is loaded only here.  Returns what to say."""
    from fgm_ref.check_safe import drawing

    for p in ("safe", "convex"):
        if p in report.found:
            drawing.draw(name, make, p, report.found[p], path)
            return f"picture: {path}"
    return (
        "picture: none, it would not help with this"
        if report.found
        else "picture: none, there is nothing to show"
    )
