"""The import graph points downwards only, no module is long, and importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fgm_ref

PACKAGE = Path(fgm_ref.__file__).parent

# From the bottom to the top.  A module may import from its own line and from those above it here.
LAYERS = """
params losses files threads plug_in
activations layers rnn lstm lstm_peephole spec model optim gradcheck
zones
composed tracking shaped centred counterexamples shrink hunt
safe messages ledger codecs post network faults
windows data_table data_ecg data_nyc csvdata datasets split metrics batches schedules learners
protocols.base protocols.options
protocols.local protocols.central protocols.periodic protocols.dynamic protocols.gm protocols.fgm
protocols.at_end protocols.fda protocols.omniscient
protocols.gm_reb protocols.fgm_reb protocols.fgm_random protocols.fgm_projection protocols.fgm_o
protocols.fgm_centre protocols.fgm_probe
protocols.fgm_blocks
protocols
config checks changes result presets
simulate
trace plots table program progress selftest check_safe check_plot
player player.record player.page
cli demo
study study.settings study.task study.deviations study.lags study.cancel
study.measure study.store study.journal study.estimate study.pool study.stats study.fronts
study.grid study.summary study.rows study.words study.compare study.figures study.chapter
study.cases study.paired study.sweeps
study.chapters study.chapters.fronts study.chapters.safe study.chapters.shipped study.chapters.scale
study.chapters.sweeps study.chapters.claims study.chapters.why study.chapters.rebalancing study.chapters.drift
study.chapters.faults study.chapters.gradients
study.report
study.runner
study.__main__
grade grade.integrity grade.guard grade.inside grade.harness grade.submissions grade.process
grade.seal
grade.child grade.sandbox grade.verdict
grade.journal grade.table
grade.batch grade.export
grade.__main__
"""

# These stand on their own: what learns and what is watched know nothing of who speaks when.
INNOCENT = {"params", "losses", "activations", "layers", "rnn", "lstm", "lstm_peephole", "spec", "model", "optim"}
INNOCENT |= {"zones", "composed", "tracking", "shaped", "centred", "safe", "messages"}
INNOCENT |= {"counterexamples", "shrink", "hunt"}
FORBIDDEN = {"faults", "ledger", "network", "protocols", "simulate", "plots", "trace", "table", "demo", "learners"}
FORBIDDEN |= {"checks", "grade"}

LEVEL = {name: level for level, line in enumerate(LAYERS.strip().splitlines()) for name in line.split()}


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "bundled_data" not in path.parts}
NAMED = [name for name in MODULES if name and name != "__main__"]


def imported(path):
    """The modules of this package that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
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


@pytest.mark.parametrize("name", NAMED)
def test_imports_point_downwards(name):
    assert name in LEVEL, f"{name}: give it a place in LAYERS"
    above = {other for other in imported(MODULES[name]) if LEVEL.get(other, 0) > LEVEL[name]}
    assert not above, f"{name} imports {above} from above it"


def test_there_are_no_circles():
    # within one line, too: there is an order in which each module comes after all that it imports
    waiting, done = {name: imported(MODULES[name]) - {name} for name in NAMED}, set()
    while waiting:
        ready = {name for name, needs in waiting.items() if needs <= done}
        assert ready, f"a circle among {sorted(waiting)}"
        done |= ready
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}


@pytest.mark.parametrize("name", sorted(INNOCENT & MODULES.keys()))
def test_mathematics_knows_nothing_of_the_simulator(name):
    # messages.py may be read by the network, never the other way round
    reached, todo = set(), {name}
    while todo:
        module = todo.pop()
        reached.add(module)
        todo |= imported(MODULES[module]) - reached
    assert not {module.split(".")[0] for module in reached} & FORBIDDEN


def test_a_protocol_builds_on_at_most_one_other():
    # side by side: each stands on base, and a variant (rebalanced, omniscient) on its plain form besides
    for name in (name for name in NAMED if name.startswith("protocols.")):
        others = {other for other in imported(MODULES[name]) if other.startswith("protocols.")}
        others -= {"protocols.base", "protocols.options"}
        assert len(others) <= 1, name


def test_the_training_loop_draws_nothing():
    assert not imported(MODULES["simulate"]) & {"plots", "demo", "trace", "table", "progress", "study"}


@pytest.mark.parametrize("name", NAMED)
def test_no_module_over_250_lines(name):
    assert len(MODULES[name].read_text().splitlines()) <= 250


def test_import_is_cheap():
    # importing the package, and the protocols, loads neither SciPy's optimisers nor Matplotlib
    code = (
        "import sys, fgm_ref, fgm_ref.protocols\n"
        "heavy = [name for name in ('scipy.optimize', 'matplotlib') if name in sys.modules]\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
