"""The program: start the ranks, or be one of them."""

import fgm_ref.threads  # isort: skip  (before NumPy)

import json
import sys
import time
from functools import partial
from typing import Any

from fgm_ref import demo, program
from fgm_ref.demo.options import as_option
from fgm_ref.demo.plan import data_of, plan
from fgm_ref.learning.learners import Diverged
from fgm_ref.mpi import bill
from fgm_ref.mpi.free import run_free
from fgm_ref.mpi.free_report import NOT_PROMISED, FreeReport
from fgm_ref.mpi.launch import NAME, launch
from fgm_ref.mpi.lockstep import FarSimulation, run_far, stop
from fgm_ref.mpi.options import FREE, parser, without_launch
from fgm_ref.mpi.post import MpiPost, expect_installed, load
from fgm_ref.mpi.serve import serve
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
    """Rank 0: what is asked for, and one line if something goes wrong with a rank."""
    if office.post.size < 2:
        return program.complain(
            NAME, (), "ranks: expected at least 2, got 1; try --launch 3, or mpiexec -n 3", USAGE
        )
    try:
        return free(args, office) if args.free else in_step(args, office)
    except (Gone, Unreadable) as error:
        return program.complain(NAME, (), str(error), FAILED)
    finally:
        stop(office)


def in_step(args: Any, office: Office) -> int:
    """The demo, run over the wire, and the bill against the wire."""
    account = Account()
    demo.ENGINE.run, demo.ENGINE.side_by_side = partial(timed, office, account), False
    code = demo.act(args)
    if account.lines and not (args.json or args.html or args.trace):
        print("", *wrapped(account.words(), width()), sep="\n")
    for trouble in account.troubles:
        code = program.complain(NAME, (), trouble, FAILED)
    return code


def free(args: Any, office: Office) -> int:
    """Free runs, one after the other, and what there is to say of each."""
    reports: list[FreeReport] = []
    try:
        for name in NOT_FREE:
            if getattr(args, name):
                raise ValueError(f"free: expected without --{name}, got both")
        args.protocols = args.protocols or list(FREE)
        wanted = plan(args)
        for config in wanted.configs:
            report, simulation = run_free(config, office, data=wanted.data)
            for trouble in bill.differences(report, simulation):
                return program.complain(NAME, (), trouble, FAILED)
            reports.append(report)
            if not args.json:
                print(*wrapped(report.words(), width()), "", sep="\n", flush=True)
    except ValueError as error:
        return program.complain(NAME, ("free",), as_option(str(error)), USAGE)
    except Diverged as error:
        return program.complain(NAME, (), f"{config.protocol}: {error}", FAILED)
    if args.json:
        print(json.dumps([report.to_dict() for report in reports], indent=1, allow_nan=False))
    else:
        print(*wrapped([NOT_PROMISED], width()), sep="\n")
    return FINE


NOT_FREE = ("checkpoint", "html", "trace", "save", "verify", "describe", "list", "check")
"""Options that make no sense in a free run."""


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
