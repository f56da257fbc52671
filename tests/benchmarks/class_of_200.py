"""Grades a class of 200 students who were made up, and looks for what is left unsaid.

    python tests/benchmarks/class_of_200.py [--students N] [--seed S]

Files have odd names, come twice, as notebooks, as links, in the wrong encoding; programs ask, sleep, loop, hog, fork.
There must be no zero without its reason and no file without its name.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from grading import GOOD, course, gaps, grade, notebook, put

STUDENTS = 200
FIRST = ("Änne", "Bo", "Çağla", "Dörte", "Émile", "Fay", "Grzegorz", "Øyvind", "李", "Σοφία")
LAST = ("Müller", "Groß", "von der Au", "O'Neill", "Şahin", "Nguyễn", "Löw-Ähre", "Smith")
NAMES = (  # of the file; the first one is what students are told
    "{}.py", "{}.py", "{}.py", "{}_mine.py", "{} (1).py", "{}-final.py", "{}_lösung.py", "sub/{}.py", "a b/c/{} neu.py",
)  # fmt: skip
PROGRAMS = {  # what is handed in: (content, how often)
    "right": (GOOD, 60),
    "half": (GOOD.replace("2 *", "3 *"), 15),
    "empty": ("", 3),
    "syntax": ("def double(x:\n", 4),
    "latin": ("x = 'ö'\n".encode("latin-1") + GOOD.encode(), 3),
    "bom": (GOOD.encode("utf-8-sig"), 3),
    "nul": (b"\0" + GOOD.encode(), 2),
    "asks": ("x = input()\n" + GOOD, 3),
    "sleeps": ("import time; time.sleep(999)\n" + GOOD, 2),
    "loops": (GOOD.replace("return", "while True: x = x\n    return"), 2),
    "forks": ("import os; os.fork()\n" + GOOD, 2),
    "hogs": ("x = [bytes(1 << 24) for _ in range(10**6)]\n" + GOOD, 2),
    "skips": ("import pytest; pytest.skip('', allow_module_level=True)", 2),
    "quits": ("import os; os._exit(0)", 2),
    "raises": ("class E(Exception): pass\nraise E", 2),
}
ODDITIES = (
    "twice",
    "other",
    "notebook",
    "magic",
    "link",
    "zip",
    "notes",
    "cache",
    "both",
    "nothing",
)


def hand_in(folder: Path, name: str, draw: random.Random) -> None:
    """What one student hands in for one assignment."""
    contents, weights = zip(*PROGRAMS.values(), strict=True)
    (content,) = draw.choices(contents, weights)
    file = folder / draw.choice(NAMES).format(draw.choice((name, name.upper())))
    oddity = draw.choice(ODDITIES) if draw.random() < 0.4 else ""
    if oddity == "notebook":
        put(folder / f"{name}.ipynb", notebook(GOOD))
    elif oddity == "magic":
        put(folder / f"{name}.ipynb", notebook("%run x"))
    elif oddity == "link":
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").symlink_to("/etc/hostname")
    elif oddity == "zip":
        put(folder / f"{name}.zip")
    elif oddity == "nothing":
        folder.mkdir(exist_ok=True)
    else:
        put(file, content)
    if oddity in ("twice", "other"):
        text = content if isinstance(content, bytes) else content.encode()
        put(file.with_name(f"{name}_again.py"), text + (b"#" if oddity == "other" else b""))
    elif oddity == "notes":
        put(folder / draw.choice(("notes.txt", "helper.py", "Abgabe\udcfc.pdf", ".DS_Store")))
    elif oddity == "cache":
        put(folder / "__pycache__" / f"{name}.pyc")
    elif oddity == "both":
        put(folder / f"{name}.ipynb", notebook(GOOD))


def main() -> int:
    """Returns 1 if something is left unsaid."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    options.add_argument("--students", type=int, default=STUDENTS)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as place:
        checkout = course(Path(place) / "checkout", ["a90", "a91"])
        folder, out = Path(place) / "class", Path(place) / "out"
        for number in range(args.students):
            name = f"{draw.choice(LAST).upper()} {draw.choice(FIRST)}_{4000 + number}_assignsubmission_file_"
            for assignment in ("a90", "a91"):
                hand_in(folder / name, assignment, draw)
        started = time.monotonic()
        limits = ("--seconds", "8", "--memory", "1024")
        code, table, _ = grade(checkout, folder, out, *limits, timeout=3600)
        seconds = time.monotonic() - started
        _, scores, _ = grade(checkout, folder, out, *limits, "--json", timeout=3600)
        found = gaps(folder, table, json.loads(scores), out)
        grades = [
            g for s in json.loads(scores)["students"].values() for g in s["assignments"].values()
        ]
    files = Counter(f"{g['status']}{' 0' if g['points'] == 0 else ''}" for g in grades)
    print(
        f"{args.students} students, {len(grades)} assignments in {seconds:.0f} s on {os.cpu_count()} cores"
    )
    print(", ".join(f"{count} {status}" for status, count in sorted(files.items())))
    print("\n".join(found) or "no zero without its reason, no file without its name")
    return 1 if found or code else 0


if __name__ == "__main__":
    sys.exit(main())
