"""`--check`: versions, and a self-test of about two seconds on whatever machine this is."""

import platform
import time
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

from fgm_ref import __version__
from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.learning.spec import CELLS
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run


def report() -> Iterator[str]:
    """The lines of the report.  Raises `AssertionError` if something is wrong with this installation."""
    packages = " ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "matplotlib"))
    yield f"fgm_ref {__version__}  Python {platform.python_version()}  {packages}"
    start = time.perf_counter()
    for cell in CELLS:
        yield f"gradients of the {cell.upper()}: relative error {gradients(cell):.1e}"
    for protocol in ("gm", "fgm", "fgm-reb"):
        yield f"{protocol}: {guarantee(protocol)} rounds, guarantee held after every step"
    yield f"all well, in {time.perf_counter() - start:.1f} s"


def gradients(cell: str) -> float:
    """The largest relative error of a small network's gradient against central differences."""
    spec = ModelSpec(cell=cell, features=3, hidden=(5, 4), outputs=3)
    checked = gradcheck(Model(spec, np.float64))
    checked.raise_if_bad()
    return checked.worst


def guarantee(protocol: str) -> int:
    """A short run under the observer's eyes; the number of finished rounds."""
    config = Config(
        dataset="ecg208",
        protocol=protocol,
        sites=4,
        hidden=(8,),
        steps=40,
        checks=True,
        evaluations=1,
    )
    rounds = int(run(config).series["rounds"][-1])
    assert rounds > 0, f"{protocol}: expected at least one synchronisation, got none"
    return rounds
