"""Rooms import from the rooms below them only, and importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fgm_ref

PACKAGE = Path(fgm_ref.__file__).parent

# From the ground up.  A room imports from the floors below its own, never from a room beside it.
FLOORS = [
    "arrays files text threads",
    "program",
    "learning safe transport datasets",
    "protocols",
    "simulation",
    "view",
    "demo predict check_safe study grade mpi tutorials __main__",
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms.split()}

# A program may stand lower than its floor allows.
GROUND = {"arrays", "files", "text", "threads", "program"}
# And `mpi` is the demo on another engine.
STANDS_ON = {
    "grade": GROUND,
    "protocols": {"safe", "transport", *GROUND},
    "mpi": {room for room in FLOOR if FLOOR[room] < FLOOR["mpi"]} | {"demo"},
}

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "bundled_data" not in path.parts
}


def room_of(module):
    return module.partition(".")[0]


def imported(path):
    """The modules of this package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: expected absolute imports"
            # `from fgm_ref.protocols import base` may name a module or something in one
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name.partition(".")[2] in MODULES else node.module for name in names]
        else:
            continue
        found |= {name.partition(".")[2] for name in names if name.startswith("fgm_ref.")}
    return found


def test_every_room_has_its_floor():
    rooms = {room_of(module) for module in MODULES if module}
    assert rooms == set(FLOOR), "give a new room its place in FLOORS"
    assert len(rooms) <= 20
    assert len(FLOORS) <= 7


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_imports_from_below_only(room):
    for module, path in MODULES.items():
        if room_of(module) != room:
            continue
        others = {room_of(other) for other in imported(path)} - {room}
        allowed = STANDS_ON.get(room, {other for other in FLOOR if FLOOR[other] < FLOOR[room]})
        assert others <= allowed, (
            f"{module} imports {sorted(others - allowed)}, which {room} may not"
        )


def test_there_are_no_circles():
    # inside a room, too, there is an order in which each module comes after all that it imports
    waiting, done = {name: imported(path) - {name} for name, path in MODULES.items() if name}, set()
    while waiting:
        ready = {name for name, needs in waiting.items() if needs <= done}
        assert ready, f"a circle among {sorted(waiting)}"
        done |= ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}


def closure(module):
    """A module and everything that it stands on."""
    reached, todo = set(), {module}
    while todo:
        one = todo.pop()
        reached.add(one)
        todo |= imported(MODULES[one]) - reached
    return reached


def test_fgm_stands_on_little():
    # what somebody who wants to know all of FGM has to read, cells and simulator aside
    modules = closure("protocols.fgm")
    lines = sum(len(MODULES[module].read_text(encoding="utf-8").splitlines()) for module in modules)
    assert len(modules) <= 12, sorted(modules)
    assert lines <= 1400


def test_a_protocol_builds_on_at_most_one_other():
    # side by side: each stands on base, and a variant (rebalanced, omniscient) on its plain form besides
    for name in (name for name in MODULES if name.startswith("protocols.")):
        others = {other for other in imported(MODULES[name]) if other.startswith("protocols.")}
        others -= {
            f"protocols.{name}"
            for name in ("base", "protocol", "setup", "spread", "weights", "opt")
        }
        assert len(others) <= 1, name


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_no_file_over_300_lines(name):
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 300


def test_import_is_cheap():
    # importing the package, and the protocols, loads neither SciPy's optimisers nor Matplotlib
    code = (
        "import sys, fgm_ref, fgm_ref.protocols\n"
        "heavy = [name for name in ('scipy.optimize', 'matplotlib') if name in sys.modules]\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
