"""`python -m fgm_ref.predict run.npz new.csv`: what a saved model says of rows that nobody has seen yet."""

import fgm_ref.threads  # isort: skip  (before NumPy)

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from fgm_ref import __version__, program
from fgm_ref.datasets.dialect import STRICT
from fgm_ref.datasets.table import read_table
from fgm_ref.files import atomic
from fgm_ref.predict.about import about
from fgm_ref.predict.written import rows
from fgm_ref.program import FINE, USAGE
from fgm_ref.program.console import width, wrapped
from fgm_ref.simulation.prediction import Prediction
from fgm_ref.simulation.result import RunResult

EXAMPLES = """\
examples:
  python -m fgm_ref.demo --csv pump.csv --label state --window 20 --protocol fgm --save
                                                       train, and save each run in out/
  python -m fgm_ref.predict out/pump-...-fgm.npz       what it predicts, and which columns it needs
  python -m fgm_ref.predict out/pump-...-fgm.npz new.csv
                                                       a prediction for each window, as CSV
  python -m fgm_ref.predict out/pump-...-fgm.npz new.csv --out predicted.csv
"""

ABOUT = """
Predict new rows of a table by the model of a saved run.  The new file has the columns of the one that it was trained
on, in any order, and is written in the same way; the label may be missing.  There is a prediction for each window, in
the line of its last row.  So a file begins with the rows that its first window needs.
"""

EXIT_CODES = "exit codes: 0 fine, 1 the output could not be written, 2 wrong usage, 130 interrupted"


def parser() -> argparse.ArgumentParser:
    """The options."""
    p = argparse.ArgumentParser(
        prog="python -m fgm_ref.predict",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
        description=EXAMPLES + ABOUT,
        epilog=EXIT_CODES,
        allow_abbrev=False,
    )
    add = p.add_argument
    add("run", metavar="RUN.npz", type=Path, help="a run that the demo has saved (--save)")
    add(
        "csv",
        metavar="NEW.csv",
        nargs="?",
        type=Path,
        help="the new rows; without it: what it takes",
    )
    add("--out", metavar="FILE", type=Path, help="where the predictions go; default: stdout")
    add("--version", action="version", version=f"fgm_ref {__version__}")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """Load, predict, write.  Returns the exit code."""
    args = parser().parse_args(argv)
    try:
        result = RunResult.load(args.run)
        if args.csv is None:
            print(*wrapped(about(result, args.run), width(), indent=11), sep="\n")
            return FINE
        if args.out:
            expect_file(args.out)
        text = predicted(result, args.csv)
    except ValueError as error:
        return program.complain("fgm_ref.predict", ("out",), as_argument(str(error)), USAGE)
    if args.out is None:
        sys.stdout.write(text)
        return FINE
    with atomic(args.out) as part:
        part.write_text(text, encoding="utf-8")
    print(args.out)
    return FINE


def expect_file(path: Path) -> None:
    """`ValueError` for what cannot become a file, before anything is computed."""
    program.expect_folder(path.parent)
    if path.is_dir():
        raise ValueError(f"out: expected a file to write to, got the folder {str(path)!r}")


def predicted(result: RunResult, path: Path) -> str:
    """The predictions for the rows of a file, as CSV; what else there is to say goes to stderr."""
    recipe = result.expect_meaning().recipe
    table = read_table(path, recipe.dialect if recipe else STRICT)
    prediction = result.predict(table)
    for line in (*table.notes, *remarks(prediction)):
        program.complain("fgm_ref.predict", (), line, FINE)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows(prediction, result, table))
    return written.getvalue()


def remarks(prediction: Prediction) -> Iterator[str]:
    """Warnings, and how good the predictions are, if the label is there."""
    yield from (f"warning: {one}" for one in prediction.warnings)
    known = int(prediction.known.sum())
    if known:
        score = "accuracy" if prediction.classes else "root mean squared error"
        yield (
            f"{score} {prediction.score:.4g} on the {known:,} of {len(prediction.rows):,} windows "
            "whose label is in the file"
        )


def as_argument(text: str) -> str:
    """Put the argument as the user knows it in front of a message.

    >>> as_argument("run: expected ..."), as_argument("path: expected ..."), as_argument("columns: expected ...")
    ('RUN.npz: expected ...', 'NEW.csv: expected ...', 'NEW.csv: expected ...')
    """
    name, colon, rest = text.partition(":")
    known = {"run": "RUN.npz", "path": "NEW.csv", "columns": "NEW.csv"}
    return f"{known.get(name, name)}{colon}{rest}"
