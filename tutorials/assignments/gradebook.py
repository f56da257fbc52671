"""Write the grader's scores into the table that your course platform gave you, and leave the rest of it as it is.

    python tutorials/assignments/gradebook.py out/grade/scores.csv SHEET.csv --key Identifier --into Grade --points a03

`--key` is the column of SHEET.csv that tells who a row is.  It is compared with `id` and `student` of scores.csv, first
as a whole, then by the numbers in it ("Participant 123456").  `--into` is the column to fill, `--points` the one to use
(a03, total ...).  The result is SHEET-graded.csv; if SHEET is such a result already, another column is filled in it.
Rows without a score stay as they are; both they and scores without a row are named on stderr.
"""

import argparse
import csv
import io
import re
import sys
from pathlib import Path


def read(path):
    """(fields, rows, dialect) of a table in UTF-8 or UTF-16, with commas, semicolons or tabs."""
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    dialect = csv.Sniffer().sniff(text.partition("\n")[0], ",;\t")
    rows = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect)
    return list(rows.fieldnames or []), list(rows), dialect


def expect(fields, name, path):
    """The column of that name: as it is, or the only one that begins so."""
    found = [field for field in fields if field == name] or [field for field in fields if field.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"{path}: expected one column {name!r}, got {', '.join(fields)}")
    return found[0]


def names(cell):
    """What a cell may be known by: its text, and the numbers of at least three digits in it."""
    return [cell.strip().casefold(), *re.findall(r"\d{3,}", cell)]


def fill(rows, key, into, scores, points):
    """Fill the column in place.  Returns the rows and the scores that found no partner."""
    known = {name: score for score in scores for column in ("student", "id") for name in names(score[column]) if name}
    alone, used = [], set()
    for number, row in enumerate(rows, 2):
        score = next((known[name] for name in names(row[key] or "") if name in known), None)
        if score is None or not score[points]:
            alone.append(called(row, key, number))
        else:
            row[into] = score[points]
        used.add(score and score["student"])
    return alone, [score["student"] for score in scores if score["student"] not in used]


def called(row, key, number):
    """The key of a row; where it is empty the first cell that is not, or else the row's number in the table."""
    cells = [row[key], *row.values()]
    return next((cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()), f"row {number}")


def main(arguments=None):
    """The exit code: 0, or 2 for tables that do not fit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scores", type=Path, help="the grader's scores.csv")
    parser.add_argument("sheet", type=Path, help="the platform's table; the result is SHEET-graded.csv beside it")
    column = {"required": True, "metavar": "COLUMN"}
    parser.add_argument("--key", **column, help="of SHEET: who a row is, by an ID or the name of the student's folder")
    parser.add_argument("--into", **column, help="of SHEET: the one to fill; the beginning of its name is enough")
    parser.add_argument("--points", **column, help="of scores.csv: the one to use, such as a03 or total")
    args = parser.parse_args(arguments)
    try:
        fields, rows, dialect = read(args.sheet)
        known, scores, _ = read(args.scores)
        key, into = (expect(fields, name, args.sheet) for name in (args.key, args.into))
        alone, left = fill(rows, key, into, scores, expect(known, args.points, args.scores))
    except (OSError, ValueError, csv.Error) as problem:
        print(f"gradebook: {problem}", file=sys.stderr)
        return 2
    target = args.sheet.with_name(f"{args.sheet.stem.removesuffix('-graded')}-graded{args.sheet.suffix}")
    with open(target, "w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, fields, dialect=dialect)
        table.writeheader()
        table.writerows(rows)
    for what, missing in (("rows without a score", alone), ("scores without a row", left)):
        if missing:
            print(f"{what}: {', '.join(missing)}", file=sys.stderr)
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
