"""`python -m fgm_ref`, or `fgm-ref`: what there is; and `python -m fgm_ref demo ...`, the way to each program."""

import runpy
import sys
from typing import NoReturn

from fgm_ref import __version__, program
from fgm_ref.program import FINE, INTERRUPTED, USAGE
from fgm_ref.text import expect_one_of

PROGRAMS = {
    "demo": "train by several protocols, count every byte, show who wins",
    "predict": "predict new rows of a table by the model of a saved run",
    "check_safe": "try to prove a safe function wrong",
    "study": "many runs, in parallel, with intervals over seeds",
    "grade": "grade assignments",
    "mpi": "the demo's training, with the sites in processes of their own",
}
"""The programs by the name of their package, which is imported when it is asked for."""


def main() -> int:
    """Say what there is, or become the program that is named.  Returns the exit code."""
    first, *rest = sys.argv[1:] or ["--help"]
    if first in ("--version", "-V"):
        print("fgm_ref", __version__)
        return FINE
    if first in ("--help", "-h"):
        print("\n".join(overview()))
        return FINE
    name = first.replace("-", "_")
    try:
        expect_one_of("program", name, tuple(PROGRAMS))
    except ValueError as error:
        return program.complain("fgm_ref", (), str(error), USAGE)
    sys.argv = [name, *rest]
    runpy.run_module(f"fgm_ref.{name}", run_name="__main__", alter_sys=True)
    return FINE


def overview() -> list[str]:
    """What there is."""
    programs = [f"  python -m fgm_ref {name:<11} {about}" for name, about in PROGRAMS.items()]
    return [
        f"fgm_ref {__version__}: distributed training of recurrent networks by geometric monitoring",
        "",
        *programs,
        "",
        "Each of them takes --help.  In Python:  from fgm_ref import run; help(run)",
    ]


def console() -> NoReturn:
    """The script `fgm-ref`."""
    program.entry(main, lambda: INTERRUPTED)


if __name__ == "__main__":
    console()
