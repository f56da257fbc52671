"""The command line: the demo's options, and how many ranks."""

import argparse

from fgm_ref.demo import options as demo
from fgm_ref.program import whole

EXAMPLES = """\
examples:
  python -m fgm_ref.mpi --launch 3                         the demo's comparison: a coordinator, and 2 ranks that train
  python -m fgm_ref.mpi --launch 3 --protocol fgm --verify every message is compared with what the simulator says
  mpiexec -n 3 python -m fgm_ref.mpi --protocol fgm        the same, started by an MPI's own program
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
