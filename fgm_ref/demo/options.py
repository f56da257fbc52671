"""The command line of the demo: its options, its examples, and how they become a `Config`."""

import argparse
from pathlib import Path
from typing import Any

from fgm_ref import __version__
from fgm_ref.datasets.split import SPLITS
from fgm_ref.demo.table_options import add_dialect, add_table
from fgm_ref.learning.optim import OPTIMIZERS
from fgm_ref.learning.rates import SHAPES
from fgm_ref.learning.spec import CELLS
from fgm_ref.program import number, sizes, whole
from fgm_ref.protocols import PROTOCOLS
from fgm_ref.protocols.server import SERVERS
from fgm_ref.safe import PROMISES
from fgm_ref.simulation.schedules import NAMES as SCHEDULES
from fgm_ref.transport.codecs import VALUES, WORDS
from fgm_ref.transport.start import STARTS

EXAMPLES = """\
examples:
  python -m fgm_ref.demo                                   a comparison of all protocols in a few seconds
  python -m fgm_ref.demo --dataset ecg208 --sites 16       another data set, more sites
  python -m fgm_ref.demo --protocol fgm --trace 2          every message of round 2, and why it was sent
  python -m fgm_ref.demo --html player.html                gm and fgm side by side, to step through in a browser
  python -m fgm_ref.demo --protocol periodic:b=5 --protocol fgm --threshold 0.2
  python -m fgm_ref.demo --csv pump.csv --label state --describe         how your own table is understood
  python -m fgm_ref.demo --csv pump.csv --label state --window 20 --group machine --protocol fgm --save
  python -m fgm_ref.predict out/pump-...-fgm.npz new.csv   what that saved run says of new rows
  python -m fgm_ref.demo --json > result.json              for programs
  python -m fgm_ref.demo --list                            data sets, protocols, safe functions
"""

EXIT_CODES = "exit codes: 0 fine, 1 a run failed, 2 wrong usage, 130 interrupted"


def parser() -> argparse.ArgumentParser:
    """The demo's options.  Defaults that depend on the data set are left out here (see `presets.py`)."""
    p = argparse.ArgumentParser(
        prog="python -m fgm_ref.demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
        description=EXAMPLES
        + "\nTrain a recurrent network at k sites by several protocols and count every byte.",
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    add_data(p.add_argument_group("data"))
    add_table(p.add_argument_group("a table of your own (with --csv)"))
    add_dialect(p.add_argument_group("how the table is written (with --csv)"))
    add_distribution(p.add_argument_group("distribution"))
    add_training(p.add_argument_group("training"))
    add_output(p.add_argument_group("output"))
    return p


Group = argparse._ArgumentGroup


def add_data(group: Group) -> None:
    """What is learnt from."""
    add = group.add_argument
    add("--dataset", metavar="NAME", help="a bundled data set (see --list); default watch")
    add(
        "--csv",
        metavar="FILE",
        help="your own data: rows in the order of time, names in the first line; may be packed (gzip, zip)",
    )


def add_distribution(group: Group) -> None:
    """Who holds the data, and how they speak."""
    add = group.add_argument
    add(
        "--protocol",
        metavar="NAME[:OPTION=VALUE,...] [SETTING=VALUE ...]",
        action="append",
        dest="protocols",
        help=f"repeatable; {', '.join(PROTOCOLS)}; settings of this run alone, such as codec=int8+ef, "
        "come after a blank",
    )
    add(
        "--safe",
        metavar="NAME",
        help="safe function of gm and fgm (see --list), or my_module:MyZone; "
        f"{', '.join(PROMISES)} with options, as in loss:windows=32; default ball",
    )
    add("--threshold", metavar="T", type=number, help="radius R = T·‖E‖ of the safe function")
    add("--radius", metavar="NAME", help="constant, or lr: in proportion to the learning rate")
    add("--absolute", action="store_true", help="take the threshold as the radius itself")
    add("--sites", metavar="K", type=whole(1))
    add("--split", choices=tuple(SPLITS))
    add(
        "--schedule",
        metavar="NAME",
        help=f"{', '.join(SCHEDULES)}; bernoulli:RATE,... sets the sites' speeds",
    )
    add(
        "--change",
        metavar="WHAT",
        help="swap=0/1@0.5, reverse@0.5, join=6@0.5 or season; see simulation/changes.py",
    )
    add(
        "--server",
        metavar="NAME[:OPTION=VALUE,...]",
        help=f"what the next global model is made by: {', '.join(SERVERS)}; default mean",
    )
    add(
        "--codec",
        metavar="NAME",
        help=f"how models are shipped: {', '.join(VALUES)}, with {', '.join(WORDS)} added, as in int8+ef",
    )
    add(
        "--prox",
        metavar="MU",
        type=number,
        help="FedProx: draw each site back to the model it was sent",
    )
    add("--start", choices=STARTS, help="what the sites are sent first; default model")


def add_training(group: Group) -> None:
    """What a site does."""
    add = group.add_argument
    add("--cell", choices=sorted(CELLS))
    add("--hidden", metavar="H[,H...]", type=sizes, help="units of each recurrent layer")
    add("--steps", metavar="N", type=whole(1))
    add("--batch", metavar="B", type=whole(1), help="samples per site and step")
    add("--optimizer", choices=tuple(OPTIMIZERS))
    add("--lr", metavar="RATE", type=number)
    add(
        "--lr-schedule",
        metavar="NAME[:OPTION=VALUE,...]",
        help=f"{', '.join(SHAPES)}; cosine:floor=0.1,warmup=0.05, step:0.1@0.5,0.1@0.75; default constant",
    )
    add("--clip", metavar="NORM", type=number, help="clip each gradient to this norm")
    add("--dropout", metavar="P", type=float)
    add("--seed", metavar="N", type=whole(0))


def add_output(group: Group) -> None:
    """What comes of it."""
    add = group.add_argument
    add("--out", metavar="DIR", default="out", help="where the picture goes; default out")
    add("--json", action="store_true", help="the result as JSON on stdout, and nothing else")
    add(
        "--trace",
        metavar="N",
        type=whole(1),
        help="the transcript of round N (default protocol: fgm)",
    )
    add(
        "--html",
        metavar="FILE",
        type=Path,
        help="a page that replays one or two runs (default protocols: gm and fgm), and nothing else",
    )
    add(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="keep the run's state there, so that the same command goes on if this one is killed",
    )
    add(
        "--every",
        metavar="N",
        type=whole(1),
        default=100,
        help="with --checkpoint: after every N steps; default 100",
    )
    add("--save", action="store_true", help="also save each run as .npz in the output folder")
    add(
        "--faults",
        metavar="NAME=VALUE,...",
        help="drop=0.01, duplicate=0.01, delay=2, absent=3:10-20 and so on",
    )
    add("--verify", action="store_true", help="check the protocols' guarantees after every step")
    add("--list", action="store_true", help="what there is to choose from")
    add("--check", action="store_true", help="versions, and a self-test of about two seconds")
    add("--version", action="version", version=f"fgm_ref {__version__}")


SAME = (
    "safe",
    "threshold",
    "sites",
    "split",
    "schedule",
    "cell",
    "hidden",
    "steps",
    "batch",
    "optimizer",
    "lr",
    "clip",
    "dropout",
    "codec",
    "start",
    "faults",
    "change",
    "seed",
    "server",
    "lr_schedule",
    "radius",
)
"""Options that are called like the setting that they set."""


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """The `Config` fields that were given on the command line."""
    values = {name: getattr(args, name) for name in SAME}
    given = {name: value for name, value in values.items() if value is not None}
    if args.absolute:
        given["relative"] = False
    if args.verify:
        given["checks"] = True
    return given


def as_option(text: str) -> str:
    """Put the option's name in front of a message that names a library argument.

    >>> as_option("threshold: expected ..."), as_option("path: expected ..."), as_option("fgm: stopped ...")
    ('--threshold: expected ...', '--csv: expected ...', 'fgm: stopped ...')
    """
    name, colon, rest = text.partition(":")
    name = {"path": "csv", "header": "no-header"}.get(name, name).replace("_", "-")
    options = {action.dest.replace("_", "-") for action in parser()._actions}
    if name in options | {"protocol"}:
        return f"--{name}{colon}{rest}"
    return text
