"""The program: start the ranks, or be one of them."""

import fgm_ref.threads  # isort: skip  (before NumPy)

import sys
import time
from functools import partial
from typing import Any

from fgm_ref import demo, program
from fgm_ref.demo.plan import data_of
from fgm_ref.mpi import bill
from fgm_ref.mpi.launch import NAME, launch
from fgm_ref.mpi.lockstep import FarSimulation, run_far, stop
from fgm_ref.mpi.options import parser, without_launch
from fgm_ref.mpi.post import MpiPost, expect_installed, load
from fgm_ref.mpi.slice import serve
from fgm_ref.mpi.watch import Line
from fgm_ref.program import FAILED, FINE, USAGE
from fgm_ref.program.console import width, wrapped
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport.wire.letter import Unreadable
from fgm_ref.transport.wire.office import Gone, Office


def main(line: Line) -> int:
    """Start the ranks, or be one of them.  Returns the exit code."""
    args = parser().parse_args()
    demo.ENGINE.name = NAME
    try:
        expect_installed()
    except ValueError as error:
        return program.complain(NAME, (), str(error), USAGE)
    if args.launch:
        return launch(args.launch, without_launch(sys.argv[1:]))
    post = MpiPost(load())
    try:
        code = coordinate(args, Office(post)) if post.rank == 0 else train(args, Office(post))
        post.close()
        return code
    finally:
        line.farewell()


def train(args: Any, office: Office) -> int:
    """A rank that trains.  What is wrong with the command line is said by rank 0."""
    try:
        data = data_of(args)
    except ValueError:
        data = None
    serve(office, data)
    return FINE


def coordinate(args: Any, office: Office) -> int:
    """Rank 0: the demo, run over the wire, and the bill against the wire."""
    if office.post.size < 2:
        return program.complain(
            NAME, (), "ranks: expected at least 2, got 1; try --launch 3, or mpiexec -n 3", USAGE
        )
    account = Account()
    demo.ENGINE.run = partial(timed, office, account)
    try:
        code = demo.act(args)
    except (Gone, Unreadable) as error:
        return program.complain(NAME, (), str(error), FAILED)
    finally:
        stop(office)
    if account.lines and not (args.json or args.html or args.trace):
        print("", *wrapped(account.words(), width()), sep="\n")
    for trouble in account.troubles:
        code = program.complain(NAME, (), trouble, FAILED)
    return code


class Account:
    """What has passed in all runs, and where the ledger does not say so."""

    def __init__(self) -> None:
        self.lines: list[bill.Line] = []
        self.troubles: list[str] = []

    def words(self) -> list[str]:
        """A table, and what to make of it."""
        verdict = "the ledger says the same, by kind and direction"
        if self.troubles:
            verdict = "the ledger says something else (see below)"
        return [
            "What has passed through MPI:",
            "",
            *bill.table(self.lines),
            "",
            f"Messages and payload: {verdict}.",
        ]


def timed(office: Office, account: Account, config: Any, **more: Any) -> RunResult:
    """A run over the wire, and what has passed."""
    started = time.perf_counter()

    def then(simulation: FarSimulation, result: RunResult) -> None:
        account.lines.append(bill.line(result, office, time.perf_counter() - started))
        account.troubles += bill.differences(result, simulation)

    return run_far(config, office, then=then, **more)
