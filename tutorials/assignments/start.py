"""Start an assignment, or ask for a hint.

    python tutorials/assignments/start.py new 03             copies the stub to my/a03.py
    python tutorials/assignments/start.py hint 03 1 [TASK]   the first of three hints, for each task or for one
"""

import re
import sys
from pathlib import Path

from fgm_ref.program.console import readable

HERE = Path(__file__).resolve().parent
TIERS = {1: "a nudge", 2: "where to look", 3: "nearly the line"}


def folder(number: str) -> Path:
    """The folder of assignment 03, given as "03", "a03" or "3"."""
    found = sorted(HERE.glob(f"a{number.removeprefix('a').zfill(2)}_*"))
    if len(found) != 1:
        known = ", ".join(sorted(path.name[1:3] for path in HERE.glob("a[0-9][0-9]_*")))
        raise ValueError(f"assignment: expected one of {known}; got {number!r}")
    return found[0]


def new(number: str) -> str:
    """Copy the stub to my/aNN.py in the current folder, unless there is one."""
    source = folder(number)
    target = Path("my") / f"{source.name[:3]}.py"
    if target.exists():
        raise ValueError(f"new: {target} is there already; delete it yourself if you want to start again")
    target.parent.mkdir(exist_ok=True)
    target.write_text((source / "stub.py").read_text(encoding="utf-8"), encoding="utf-8")
    return f"{target} is yours.  Read {source.relative_to(HERE.parents[1])}/instructions.md, then: make {target.stem}"


def hints(text: str) -> dict[tuple[int, int], str]:
    """{(task, tier): hint} of a hints.md: numbered lines below "## Task 1" and so on."""
    found = {}
    for task, part in re.findall(r"^## Task (\d+)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        for tier, hint in re.findall(r"^(\d)\. (.*?)(?=^\d\. |\Z)", part, re.M | re.S):
            found[int(task), int(tier)] = " ".join(hint.split())
    return found


def hint(number: str, tier: str, task: str = "") -> str:
    """The hints of one tier."""
    if tier not in "123":
        raise ValueError(f"hint: expected N = 1 (a nudge), 2 (where to look) or 3 (nearly the line), got {tier!r}")
    found = hints((folder(number) / "hints.md").read_text(encoding="utf-8"))
    wanted = {t: text for (t, n), text in found.items() if n == int(tier) and task in ("", str(t))}
    lines = [f"task {t}, {TIERS[int(tier)]}: {text}" for t, text in wanted.items()]
    if not lines:
        raise ValueError(f"hint: expected a task from 1 to {max(t for t, _ in found)}, got {task!r}")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    readable()
    command, *rest = arguments or [""]
    counts = {"new": (1, 1), "hint": (2, 3)}.get(command)
    if counts is None or not counts[0] <= len(rest) <= counts[1]:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(new(*rest) if command == "new" else hint(*rest))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
