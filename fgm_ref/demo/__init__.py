"""`python -m fgm_ref.demo`: train by several protocols, count every byte, show who wins.

The comparison is ten lines of plain library calls, in `compare`; all else is about saying things well.
"""

import fgm_ref.threads  # isort: skip  (before NumPy)

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fgm_ref import __version__, program
from fgm_ref.datasets import Dataset, load, summary
from fgm_ref.demo import options as cli
from fgm_ref.program import Progress
from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.safe import CATALOGUE
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.presets import COMPARISON, custom, preset
from fgm_ref.simulation.result import RunResult
from fgm_ref.simulation.schedules import NAMES as SCHEDULES
from fgm_ref.simulation.simulate import RunDiverged, run
from fgm_ref.view.table import as_json, notes, table
from fgm_ref.view.trace import transcript

FINE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def compare(configs: Sequence[Config], data: Dataset, progress: Progress) -> Iterator[RunResult]:
    """Run the same training by one protocol after the other."""
    before = 0
    for config in configs:

        def tick(step: int, before: int = before, protocol: str = config.protocol) -> None:
            progress(before + step, protocol)

        yield run(config, data=data, on_step=tick)
        before += config.steps


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, report.  Returns the exit code."""
    args = cli.parser().parse_args(argv)
    if args.list:
        print("\n".join(catalogue()))
        return FINE
    if args.check:
        return self_test()
    try:
        data = load_csv(args) if args.csv else load_bundled(args)
        configs = plan(args, data)
        expect_one_output(args)
        if args.html:
            expect_player(args.html, configs)
        out = (
            None if args.json or args.trace or args.html else program.expect_folder(Path(args.out))
        )
    except ValueError as error:
        return complain(str(error), USAGE)
    return report(args, configs, data, out)


def report(args: Any, configs: list[Config], data: Dataset, out: Path | None) -> int:
    """Run everything and print what came of it, also if the end comes early."""
    progress = Progress(sum(config.steps for config in configs))
    results: list[RunResult] = []
    code, trouble = FINE, ""
    try:
        for result in compare(configs, data, progress):
            results.append(result)
            if out and args.save:
                result.save(out / f"{name_of(data, result.config)}.npz")
    except RunDiverged as error:
        code, trouble = FAILED, f"{configs[len(results)].protocol}: {error}"
    except ValueError as error:  # a setting that only the run could find wrong
        code, trouble = USAGE, str(error)
    except KeyboardInterrupt:
        code, trouble = (
            INTERRUPTED,
            f"interrupted: {len(results)} of {len(configs)} protocols were finished",
        )
    finally:
        progress.close()
    if results and not ((args.json or args.html) and code):
        try:
            show(args, results, data, out)
        except ValueError as error:
            code, trouble = USAGE, str(error)
    return complain(trouble, code) if code else FINE


def show(args: Any, results: list[RunResult], data: Dataset, out: Path | None) -> None:
    """Table and picture; or JSON; or a transcript; or the player."""
    if args.json:
        print(json.dumps(as_json(results, data, __version__), indent=1, allow_nan=False))
    elif args.trace:
        print("\n\n".join("\n".join(transcript(result, args.trace)) for result in results))
    elif args.html:
        from fgm_ref.view.player.page import write

        print(write(results, data, args.html))
    elif out:
        config = results[0].config
        change = f", {config.change}" if config.change else ""
        print(
            f"{data.about}\n{len(data.x_train):,} training and {len(data.x_test):,} test windows, "
            f"{config.cell.upper()} with {results[0].final['parameters']:,} parameters, {config.sites} sites, "
            f"{config.split} split, {config.schedule}, {config.steps} steps, seed {config.seed}{change}\n"
        )
        print(table(results, data), *notes(results), sep="\n", end="\n\n")
        print(picture(results, data, out / f"{name_of(data, config)}.png"))


def picture(results: list[RunResult], data: Dataset, path: Path) -> Path:
    """Draw the overview; matplotlib is loaded only here."""
    from fgm_ref.view import plots

    plots.save(plots.overview(results, data), path)
    return path


def plan(args: Any, data: Dataset) -> list[Config]:
    """One `Config` for each protocol, all else equal."""
    make = custom if args.csv else preset
    names = args.protocols or (
        ["fgm"] if args.trace else ["gm", "fgm"] if args.html else COMPARISON
    )
    for name in names:
        parse(name)
    return [make(data, protocol=name, **cli.settings(args)) for name in names]


def load_csv(args: Any) -> Dataset:
    """The user's own table."""
    from fgm_ref.datasets.csvdata import load_csv

    if args.dataset:
        raise ValueError("csv: expected either --csv or --dataset, got both")
    if not args.label:
        raise ValueError(
            "label: expected the name of the column to predict (with --csv), got nothing"
        )
    return load_csv(args.csv, args.label, args.window, args.group, args.task)


def load_bundled(args: Any) -> Dataset:
    """One of the five."""
    for name in ("label", "window", "group", "task"):
        if getattr(args, name) is not None:
            raise ValueError(f"{name}: expected only together with --csv FILE, got it without")
    return load(args.dataset or "watch")


def expect_one_output(args: Any) -> None:
    """`--html` goes with no other kind of output."""
    for name in ("json", "trace", "save"):
        if args.html and getattr(args, name):
            raise ValueError(f"html: expected without --{name}, got both")


def expect_player(path: Path, configs: Sequence[Config]) -> None:
    """Runs that the player can show, and a place for its page; the player is loaded only on demand."""
    from fgm_ref.view.player.record import expect_shown

    expect_shown(configs)
    program.expect_folder(path.parent, "html")
    if path.is_dir():
        raise ValueError(f"html: expected a file to write to, got the folder {str(path)!r}")


def name_of(data: Dataset, config: Config) -> str:
    """A file name without surprises."""
    return f"{data.name}-{config.cell}-seed{config.seed}"


def catalogue() -> Iterator[str]:
    """What there is to choose from."""
    yield "data sets"
    yield from (f"  {line}" for line in summary())
    yield "protocols"
    for protocol in PROTOCOLS.values():
        options = ", ".join(f"{key}={value}" for key, value in protocol.options.items())
        yield f"  {protocol.name:<14} {protocol.about}" + (f"  [{options}]" if options else "")
    yield "safe functions"
    for name, safe in CATALOGUE.items():
        yield f"  {name:<22} {(safe.__doc__ or '').splitlines()[0]}"
    yield "  cheap:NAME, decay:NAME, grow:NAME, NAME+NAME, my_module:MyZone"
    yield f"schedules\n  {', '.join(SCHEDULES)}"


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
    print(f"fgm_ref.demo: {cli.as_option(text)}", file=sys.stderr)
    return code
