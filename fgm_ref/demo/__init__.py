"""`python -m fgm_ref.demo`: train by several protocols, count every byte, show who wins.

A run is one plain library call, in `one`; all else is about doing several, and about saying things well.
"""

import fgm_ref.threads  # isort: skip  (before NumPy)

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from fgm_ref import __version__, program
from fgm_ref.datasets import Baseline, Dataset
from fgm_ref.datasets.describe import description
from fgm_ref.demo import options as cli
from fgm_ref.demo.filenames import file_name, picture_name, run_name
from fgm_ref.demo.plan import Plan, data_of, plan
from fgm_ref.demo.several import in_turn, side_by_side, workers
from fgm_ref.program import FAILED, FINE, INTERRUPTED, USAGE, Progress
from fgm_ref.program.console import width, wrapped
from fgm_ref.program.processes import in_background
from fgm_ref.simulation.baselines import baselines
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.observer import GuaranteeBroken
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.simulate import RunDiverged, run
from fgm_ref.view.labels import labels_of
from fgm_ref.view.notes import notes, worse_than
from fgm_ref.view.table import as_json, table
from fgm_ref.view.trace import transcript

KILLED = "a process was killed from outside, for want of memory perhaps"

PLOTS = "fgm_ref.view.plots"
"""Slow to load, because of matplotlib."""


@dataclass
class Engine:
    """What does a run, and in whose name the program speaks: the simulator, or what `fgm_ref.mpi` puts in its place."""

    name: str
    run: Callable[..., RunResult]
    side_by_side: bool  # whether runs may be in processes of their own


ENGINE = Engine("fgm_ref.demo", run, side_by_side=True)


def compare(wanted: Plan, progress: Progress) -> Iterator[RunResult]:
    """Run the same training by each protocol, side by side where that is faster."""
    configs, labels = wanted.configs, labels_of(wanted.configs)
    do = partial(one, wanted, labels)
    number = workers(configs, wanted.data) if ENGINE.side_by_side else 1
    if number > 1:
        return side_by_side(do, configs, labels, number, progress)
    return in_turn(do, configs, labels, progress)


def one(wanted: Plan, labels: Sequence[str], place: int, tell: Callable[[int], None]) -> RunResult:
    """The run at this place."""
    args = wanted.args
    kept = kept_at(args.checkpoint, labels[place] if len(labels) > 1 else "")
    config = wanted.configs[place]
    return ENGINE.run(config, data=wanted.data, on_step=tell, checkpoint=kept, every=args.every)


def kept_at(path: Path | None, label: str) -> Path | None:
    """The checkpoint of one run; where there are several each has its own, called after the run.

    >>> kept_at(Path("a/run.npz"), "fgm:epsilon=0.1").name, kept_at(Path("run.npz"), "").name
    ('run-fgm-epsilon=0.1.npz', 'run.npz')
    """
    return path and path.with_stem(file_name([path.stem, label]) if label else path.stem)


class Trouble(NamedTuple):
    """Why it went wrong, and the exit code."""

    text: str
    code: int


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, report.  Returns the exit code."""
    return act(cli.parser().parse_args(argv))


def act(args: Any) -> int:
    """Do what is asked for.  Returns the exit code."""
    if args.list:
        from fgm_ref.demo.listing import catalogue

        print(*wrapped(catalogue(), width()), sep="\n")
        return FINE
    if args.check:
        return self_test()
    try:
        if args.describe:
            return describe(data_of(args))
        wanted = plan(args)
    except ValueError as error:
        return complain(str(error), USAGE)
    warn(wanted.data)
    return report(wanted)


def describe(data: Dataset) -> int:
    """How the data were understood, and what there is to doubt."""
    print(*wrapped(description(data), width()), sep="\n")
    warn(data)
    return FINE


def warn(data: Dataset) -> None:
    """Say on stderr why results may mean nothing."""
    for doubt in data.reading.doubts if data.reading else ():
        complain(f"warning: {doubt}", FINE)


def report(wanted: Plan) -> int:
    """Run everything and print what came of it, also if the end comes early."""
    results: list[RunResult] = []
    known = in_background(partial(get_ready, wanted)) if wanted.out else Future()
    trouble = train(wanted, results)
    all_or_nothing = wanted.args.json or wanted.args.html
    if results and not (trouble and all_or_nothing):
        try:
            show(wanted, results, known)
        except ValueError as error:
            trouble = Trouble(str(error), USAGE)
    return complain(*trouble) if trouble else FINE


def train(wanted: Plan, results: list[RunResult]) -> Trouble | None:
    """Append the results one by one; returns what has ended it early."""
    configs = wanted.configs

    def cut_short(why: str) -> str:
        return f"{why}: {len(results)} of {len(configs)} protocols were finished"

    progress = Progress(sum(config.steps for config in configs))
    try:
        for result in compare(wanted, progress):
            results.append(result)
            if wanted.out and wanted.args.save:
                result.save(saved_as(wanted, result.config, wanted.out))
    except RunDiverged as error:
        return Trouble(f"{labels_of(configs)[len(results)]}: {error}", FAILED)
    except GuaranteeBroken as error:
        return Trouble(f"{labels_of(configs)[len(results)]}: guarantee broken at {error}", FAILED)
    except ValueError as error:  # a setting that only the run could find wrong
        return Trouble(str(error), USAGE)
    except BrokenExecutor:
        return Trouble(cut_short(KILLED), FAILED)
    except KeyboardInterrupt:
        return Trouble(cut_short("interrupted"), INTERRUPTED)
    finally:
        progress.close()
    return None


def get_ready(wanted: Plan) -> list[Baseline]:
    """What there is to beat, which takes a while, and what draws the picture, which is slow to load."""
    import_module(PLOTS)
    return baselines(wanted.data)


def show(wanted: Plan, results: list[RunResult], ready: Future[list[Baseline]]) -> None:
    """Table and picture; or JSON; or a transcript; or the player."""
    args = wanted.args
    if args.csv and wanted.out is None:
        warn_of_worthless(results, wanted.data)
    if args.json:
        content = as_json(results, wanted.data, __version__)
        print(json.dumps(content, indent=1, allow_nan=False))
    elif args.trace:
        rounds = [told(result, args.trace) for result in results]
        print("\n\n".join(rounds))
    elif args.html:
        from fgm_ref.view.player.page import write

        print(write(results, wanted.data, args.html))
    elif wanted.out:
        known = ready.result()
        show_table(results, wanted.data, known)
        print(picture(wanted, results, wanted.out))
        if args.csv:
            print(curves(wanted, results, wanted.out, known))
        if args.save:
            show_saved(wanted, results, wanted.out)


def warn_of_worthless(results: list[RunResult], data: Dataset) -> None:
    """On stderr, where no table says it."""
    for result in results:
        if not result.config.change and (warning := worse_than(data.baseline, result)):
            complain(f"warning: {result.config.protocol} {warning}", FINE)


def told(result: RunResult, number: int) -> str:
    """The transcript of a round."""
    return "\n".join(wrapped(transcript(result, number), width(), indent=15))


def show_table(results: list[RunResult], data: Dataset, known: Sequence[Baseline]) -> None:
    """What was trained, the table, and what there is to say about it."""
    columns = width()
    print(*wrapped(heading(results[0], data), columns, indent=0), "", sep="\n")
    print(table(results, data, columns, known))
    said = notes(results, known)
    if said:
        print("", *wrapped(said, columns), sep="\n")
    print()


def heading(result: RunResult, data: Dataset) -> list[str]:
    """The data and the training, which are the same for all runs."""
    config = result.config
    parts = [
        f"{len(data.x_train):,} training and {len(data.x_test):,} test windows",
        f"{config.cell.upper()} with {result.final['parameters']:,} parameters",
        f"{config.sites} sites",
        f"{config.split} split",
        config.schedule,
        f"{config.steps} steps",
        f"seed {config.seed}",
        config.change,
        *config.besides,
    ]
    understood = [data.reading.brief] if data.reading else []
    return [data.about, *understood, ", ".join(filter(None, parts))]


def picture(wanted: Plan, results: list[RunResult], out: Path) -> Path:
    """Draw the overview; matplotlib is loaded only here."""
    from fgm_ref.view import plots

    path = out / f"{name_of(wanted, results)}.png"
    plots.save(plots.overview(results, wanted.data), path)
    return path


def curves(wanted: Plan, results: list[RunResult], out: Path, known: Sequence[Baseline]) -> Path:
    """Draw the learning curves."""
    from fgm_ref.view import plots

    path = out / f"{name_of(wanted, results)}-curves.png"
    plots.save(plots.learning_curves(results, wanted.data, known), path)
    return path


def name_of(wanted: Plan, results: list[RunResult]) -> str:
    """What the pictures of these runs are called."""
    configs = [result.config for result in results]
    return picture_name(configs, wanted.usual, wanted.table, bool(wanted.args.protocols))


def saved_as(wanted: Plan, config: Config, out: Path) -> Path:
    """Where a run is saved."""
    return out / f"{run_name(config, wanted.usual, wanted.table)}.npz"


def show_saved(wanted: Plan, results: list[RunResult], out: Path) -> None:
    """Where the runs are, and what can be done with them."""
    paths = [saved_as(wanted, result.config, out) for result in results]
    print(*paths, sep="\n")
    if wanted.args.csv:
        losses = [result.final["loss"] for result in results]
        best = shlex.quote(str(paths[losses.index(min(losses))]))
        print(f"predict new rows:  python -m fgm_ref.predict {best} NEW.csv")


def self_test() -> int:
    """Versions, gradients, guarantees."""
    from fgm_ref.demo.selftest import report as lines

    try:
        for line in lines():
            print(line, flush=True)
    except AssertionError as error:
        return complain(f"self-test: {error}", FAILED)
    return FINE


def complain(text: str, code: int) -> int:
    """One line on stderr; where it starts with the name of an argument, as the user knows it."""
    return program.complain(ENGINE.name, (), cli.as_option(text), code)
