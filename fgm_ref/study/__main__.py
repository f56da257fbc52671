"""`python -m fgm_ref.study`: choose experiments, run them, write their tables."""

import fgm_ref.threads  # isort: skip  (before NumPy)

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from fgm_ref import program
from fgm_ref.program import FAILED, FINE, INTERRUPTED, USAGE, duration, whole
from fgm_ref.study.running import grid
from fgm_ref.study.running.elsewhere import PROCESSES, executor
from fgm_ref.study.running.estimate import total
from fgm_ref.study.running.grid import Experiment
from fgm_ref.study.running.runner import Report, study
from fgm_ref.study.running.task import Task
from fgm_ref.text import expect_one_of

complain = partial(
    program.complain, "fgm_ref.study", ("only", "out", "grid", "quick", "workers", "executor")
)

EXAMPLES = """\
examples:
  python -m fgm_ref.study --list                      the experiments, how many runs, how long
  python -m fgm_ref.study --quick                     a small version of each, in out/study
  python -m fgm_ref.study --full                      everything; stop it whenever you like, and go on later
  python -m fgm_ref.study --full --only fronts        one experiment
  python -m fgm_ref.study --full --grid mine.toml --out out/mine       experiments of your own
  python -m fgm_ref.study --report --out out/study    the report of what is there
"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(
        prog="python -m fgm_ref.study",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
        description=EXAMPLES
        + "\nGrids of runs times seeds, in parallel; what is finished is never lost or repeated.",
        epilog="exit codes: 0 fine, 1 some runs failed, 2 wrong usage, 130 interrupted",
        allow_abbrev=False,
    )
    mode = p.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="what there is; with --quick or without")
    mode.add_argument("--full", action="store_true", help="run everything")
    p.add_argument("--quick", action="store_true", help="run few seeds, few steps, few values")
    p.add_argument("--only", metavar="NAME[,NAME]", help="these experiments")
    p.add_argument(
        "--report", action="store_true", help="write the report, after the runs if there are any"
    )
    p.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="where results are; default data/results for --full in a checkout, else out/study",
    )
    p.add_argument("--workers", metavar="N", type=whole(1), help="processes; default one per core")
    p.add_argument(
        "--executor",
        metavar="NAME",
        default=PROCESSES,
        help="who works: processes of this machine (the default), mpi (the other ranks of an MPI job), or dask:ADDRESS "
        "(a scheduler's workers); see cluster/submit.slurm",
    )
    p.add_argument("--grid", metavar="FILE", type=Path, help="a TOML file with other experiments")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Choose, run, report.  Returns the exit code."""
    args = parser().parse_args(argv)
    try:
        return run(args)
    except ValueError as error:
        return complain(str(error), USAGE)


def run(args: argparse.Namespace) -> int:
    """Do what the options say."""
    if not (args.list or args.full or args.quick or args.report):
        raise ValueError(
            "expected --list, --quick, --full or --report, got none of them; --help shows examples"
        )
    if args.full and args.quick:
        raise ValueError("quick: expected either --quick or --full, got both")
    known = grid.load_file(args.grid, args.quick) if args.grid else grid.bundled(args.quick)
    experiments = chosen(known, args.only)
    workers = args.workers or os.cpu_count() or 1
    if args.list:
        print("\n".join(catalogue(experiments, workers)))
        return FINE
    out = args.out or default_folder(args.full)
    if args.full or args.quick:
        code = go(experiments, out, workers, args.executor)
        if code:
            return code
    return summarise(out) if args.report else FINE


def chosen(experiments: dict[str, Experiment], only: str | None) -> list[Experiment]:
    """Those that were asked for, in the order of the file; every name must be known."""
    names = only.split(",") if only else list(experiments)
    for name in names:
        expect_one_of("only", name, tuple(experiments))
    return [experiment for name, experiment in experiments.items() if name in names]


def catalogue(experiments: Sequence[Experiment], workers: int) -> list[str]:
    """One line per experiment; runs that several share are counted for each."""
    lines = []
    for experiment in experiments:
        counted = entry(experiment.name, experiment.tasks, workers)
        lines.append(f"{counted}  {experiment.about}")
    together = entry("together", all_tasks(experiments), workers)
    return [*lines, f"{together}  with {workers} processes"]


def entry(name: str, tasks: Collection[Task], workers: int) -> str:
    """How many runs, and how long they take."""
    return f"{name:<14} {len(tasks):>6} runs  about {duration(total(tasks, workers)):>7}"


def all_tasks(experiments: Sequence[Experiment]) -> Collection[Task]:
    """The runs of all of them, each once."""
    return {task.key: task for experiment in experiments for task in experiment.tasks}.values()


def go(experiments: Sequence[Experiment], out: Path, workers: int, where: str = PROCESSES) -> int:
    """Run, and say what came of it."""
    program.expect_folder(out)
    tasks = all_tasks(experiments)
    time = duration(total(tasks, workers))
    print(f"{len(tasks)} runs, about {time} with {workers} processes", file=sys.stderr)
    try:
        with executor(where) as running:
            report = study(experiments, out, executor=running, workers=workers)
    except KeyboardInterrupt:
        return complain(
            f"interrupted; the same command goes on from what is finished, in {out}", INTERRUPTED
        )
    for experiment in experiments:
        print(out / f"{experiment.name}.csv")
    return trouble(report)


def trouble(report: Report) -> int:
    """A line for each kind of failure."""
    reasons = list(report.failed.values())
    for reason in dict.fromkeys(reasons):
        complain(f"{reasons.count(reason)} runs failed: {reason}", FAILED)
    if report.broken:
        missing = report.wanted - report.found - report.done - len(reasons)
        complain(
            f"worker processes were killed from outside, for want of memory perhaps; {missing} runs are not done. "
            "The same command goes on from here; try fewer --workers",
            FAILED,
        )
    return FAILED if reasons or report.broken else FINE


def default_folder(full: bool) -> Path:
    """data/results in a checkout for the full study, else out/study."""
    checkout = Path(__file__).resolve().parents[2]
    if full and (checkout / "data" / "make_data.py").is_file():
        return checkout / "data" / "results"
    return Path("out") / "study"


def pages_folder(out: Path) -> Path:
    """Where the report of these results goes: that of data/results is a page among the tutorials."""
    results = default_folder(full=True)
    return out.parents[1] / "tutorials" if out.resolve() == results.resolve() else out


def summarise(out: Path) -> int:
    """The report; loaded only here."""
    from fgm_ref.study.pages import report, summary

    pages = report.write(out, pages_folder(out))
    pages += summary.write(out, report.CHAPTERS)
    if not pages:
        raise ValueError(f"out: expected a folder with results of a study, got {str(out)!r}")
    print(*pages, sep="\n")
    return FINE


if __name__ == "__main__":
    program.entry(main, lambda: complain("interrupted", INTERRUPTED))
