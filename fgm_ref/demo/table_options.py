"""The options of the demo for a table of one's own: what its columns are for, and how it is written."""

import argparse
import csv
from dataclasses import fields
from typing import Any

from fgm_ref.datasets.dialect import DELIMITERS, Dialect
from fgm_ref.datasets.fill import POLICIES
from fgm_ref.datasets.parts import HOW
from fgm_ref.datasets.series import GAPS
from fgm_ref.datasets.wanted import SHORT, Wanted
from fgm_ref.learning.losses import LOSSES
from fgm_ref.program import whole

Group = argparse._ArgumentGroup


def add_table(group: Group) -> None:
    """What the columns are for, what a window is, and which rows are for the test."""
    add = group.add_argument
    add("--label", metavar="COLUMN", action="append", help="to predict; several: a regression")
    add("--window", metavar="T", type=whole(1), help="rows per window, or words of a text")
    add("--group", metavar="COLUMN", help="names the series, which become the natural sites")
    add("--task", choices=tuple(LOSSES), help="default is guessed from the label")
    add("--inputs", metavar="A,B,...", type=names, help="only these columns; default all")
    add("--drop", metavar="A,B,...", type=names, help="columns that are no inputs")
    add("--text", metavar="COLUMN", help="its words are the input, and each row is a window")
    add("--time", metavar="COLUMN", help="sort by it, and look for gaps; it is no input")
    add(
        "--time-format",
        metavar="FORMAT",
        help="such as %%d/%%m/%%Y, if --time can be read in two ways",
    )
    add(
        "--calendar",
        action="store_const",
        const=True,
        help="time of day, weekday and season of --time as inputs",
    )
    add(
        "--gaps",
        choices=GAPS,
        help="in --time, and equal times: refuse them (default), cut there, or go on",
    )
    add(
        "--horizon",
        metavar="H",
        type=whole(0),
        help="the label H rows after the window; default 0, its last row",
    )
    add(
        "--history",
        action="store_const",
        const=True,
        help="the label's own past as an input, with --horizon",
    )
    add(
        "--test",
        metavar="|".join([*HOW, "FRACTION"]),
        help="which rows are for the test: the end of each series (default: last:fraction=0.25), blocks in between "
        "(blocks:cycles=10), or whole series",
    )
    add("--short", choices=SHORT, help="series without room for a window; default error")
    add("--missing", choices=POLICIES, help="what becomes of missing values; default error")
    add(
        "--describe", action="store_true", help="say how the data were understood, and nothing else"
    )


def add_dialect(group: Group) -> None:
    """How the file is written; the defaults are strict."""
    add = group.add_argument
    add(
        "--delimiter",
        metavar="SIGN",
        help=f"between cells: {', '.join(DELIMITERS)} or a sign; default: as in the header",
    )
    add("--decimal", metavar="SIGN", help="in front of decimals; default a point")
    add("--thousands", metavar="SIGN", help="between thousands; default none")
    add("--percent", action="store_const", const=True, help="read 7%% as 7")
    add("--encoding", metavar="NAME", help="such as cp1252; default utf-8")
    add(
        "--no-header",
        action="store_const",
        const=False,
        dest="header",
        help="columns are called c1, c2, ...",
    )
    add("--comment", metavar="SIGN", help="pass over lines that start with it")
    add("--row-end", metavar="SIGN", help="what ends each row and belongs to no cell")
    add("--max-rows", metavar="N", type=whole(1), help="read the first N rows only")


def names(text: str) -> tuple[str, ...]:
    """Names of columns, with commas in between; one that has a comma stands in quotes.

    >>> names('a,"b, c"')
    ('a', 'b, c')
    """
    (cells,) = csv.reader([text], skipinitialspace=True)
    return tuple(cells)


def settings_of(*kinds: type[Any]) -> tuple[str, ...]:
    """The names of all settings of these records."""
    return tuple(one.name for kind in kinds for one in fields(kind))


TABLE = tuple(
    name for name in (*settings_of(Wanted, Dialect), "max_rows") if name != "test_fraction"
)
"""Options that go with --csv only, called like the settings that they set; the fraction stands in --test."""


def table_settings(args: argparse.Namespace) -> dict[str, Any]:
    """How the user's own table is read: what was said, and nothing else."""
    values = {name: getattr(args, name) for name in TABLE}
    given = {name: value for name, value in values.items() if value is not None}
    if len(given.get("label", ())) == 1:
        (given["label"],) = given["label"]
    return given
