"""`python -m fgm_ref.check_safe my_module:MyZone`: try to prove a safe function wrong, and say how.

The properties are in `properties.py`, the hunt is in `search.py`, the report in `words.py`; this is the program.
"""

import fgm_ref.threads  # isort: skip

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from fgm_ref.check_safe.search import Report, hunt
from fgm_ref.check_safe.words import as_json, explain, tell
from fgm_ref.safe import safe_function
from fgm_ref.safe.function import Maker

__all__ = ["Report", "explain", "hunt", "main", "tell"]

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
        default=2.0,
        help="about how long to hunt: at most 30, default 2",
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


def picture(
    name: str,
    make: Maker,
    report: Report,
    path: Path,
) -> str:
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
