"""The command line: the demo's options, and how many ranks."""

import argparse

from fgm_ref.demo import options as demo
from fgm_ref.program import whole

FREE = ("gm", "fgm")
"""What runs free if nobody says otherwise: most of the demo's comparison counts on a common step."""

EXAMPLES = """\
examples:
  python -m fgm_ref.mpi --launch 3                         the demo's comparison: a coordinator, and 2 ranks that train
  python -m fgm_ref.mpi --launch 3 --protocol fgm --verify every message is compared with what the simulator says
  python -m fgm_ref.mpi --launch 3 --free --protocol fgm   no barrier: every rank trains at its own pace
  mpiexec -n 3 python -m fgm_ref.mpi --protocol fgm        started by an MPI's own program
"""


def parser() -> argparse.ArgumentParser:
    """All of the demo's options, and a few more."""
    p = demo.parser()
    p.prog = "python -m fgm_ref.mpi"
    p.description = f"{EXAMPLES}\nThe training of the demo, with sites in processes of their own and MPI between."
    group = p.add_argument_group("ranks")
    group.add_argument(
        "--launch",
        metavar="N",
        type=whole(2),
        help="start N ranks by mpiexec: the coordinator's, and N - 1 that train",
    )
    group.add_argument(
        "--free",
        action="store_true",
        help="no common step: every rank trains at its own pace, and another report is printed (default protocols: "
        f"{' and '.join(FREE)})",
    )
    return p


def without_launch(arguments: list[str]) -> list[str]:
    """What the ranks themselves are told.

    >>> without_launch(["--launch", "3", "--sites", "8"]), without_launch(["--launch=3"])
    (['--sites', '8'], [])
    """
    rest = list(arguments)
    for n, argument in enumerate(arguments):
        if argument == "--launch":
            del rest[n : n + 2]
        elif argument.startswith("--launch="):
            del rest[n]
    return rest
