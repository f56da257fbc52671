"""What is asked for, found out before any computing starts: the data, the runs, and where the output goes.

Whatever cannot be is a `ValueError` that begins with the name of the option.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fgm_ref import program
from fgm_ref.datasets import Dataset, load
from fgm_ref.demo import options as cli
from fgm_ref.demo.table_options import table_settings
from fgm_ref.protocols import parse
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.presets import COMPARISON, asked, custom, preset


class Plan(NamedTuple):
    """The runs, and what their files are called after."""

    args: Any
    data: Dataset
    configs: list[Config]  # one for each protocol, all else equal
    usual: Config  # the preset, which file names say the differences from
    table: dict[str, Any]  # how the user's own table was read
    out: Path | None  # the folder for files; None if stdout or one page is all


def data_of(args: Any) -> Dataset:
    """The data that the command line asks for."""
    return load_csv(args) if args.csv else load_bundled(args)


def plan(args: Any) -> Plan:
    """Everything that the command line asks for."""
    data = data_of(args)
    rows = [asked(text) for text in args.protocols or default_protocols(args)]
    for row in rows:
        parse(row["protocol"])
    make = custom if args.csv else preset
    settings = cli.settings(args)
    configs = [make(data, **(settings | row)) for row in rows]
    expect_one_output(args)
    if args.html:
        expect_player(args.html, configs)
    return Plan(
        args,
        data,
        configs,
        usual=make(data),
        table=table_settings(args),
        out=folder(args),
    )


def default_protocols(args: Any) -> Sequence[str]:
    """Those that suit the kind of output."""
    if args.trace:
        return ("fgm",)
    return ("gm", "fgm") if args.html else COMPARISON


def load_csv(args: Any) -> Dataset:
    """The user's own table."""
    from fgm_ref.datasets.csvdata import load_csv

    settings = table_settings(args)
    if args.dataset:
        raise ValueError("csv: expected either --csv or --dataset, got both")
    if not args.label:
        raise ValueError(
            f"label: expected the column to predict, one of {columns_of(args.csv, settings)}; got none"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are said in the demo's own way
        return load_csv(args.csv, **settings)


def columns_of(path: Path, settings: Mapping[str, Any]) -> str:
    """The names in a file's header."""
    from fgm_ref.datasets.dialect import Dialect
    from fgm_ref.datasets.table import read_table
    from fgm_ref.datasets.wanted import chosen

    table = read_table(path, Dialect(**chosen(Dialect, dict(settings))), max_rows=1)
    return ", ".join(table.columns)


def load_bundled(args: Any) -> Dataset:
    """A bundled data set."""
    for name in table_settings(args):
        raise ValueError(f"{name}: expected only together with --csv FILE, got it without")
    return load(args.dataset or "watch")


def folder(args: Any) -> Path | None:
    """Where files go, made if it is not there."""
    if args.json or args.trace or args.html:
        return None
    return program.expect_folder(Path(args.out))


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
