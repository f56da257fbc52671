"""Distributed training of recurrent networks by geometric monitoring, in pure NumPy.

    from fgm_ref import run
    result = run(dataset="watch", protocol="fgm", steps=200)
    result.totals["bytes"], result.final["score"]

The rooms, from the ground up: `arrays`, `text`, `files`, `program` (the ground floor); `learning` (what learns),
`safe` (what is watched), `transport` (what is sent), `datasets`; `protocols` (who speaks when); `simulation` (the
loop); `view` (what you see); and the programs `demo`, `predict` (use a saved run), `check_safe`, `study` (many runs,
with intervals), `grade`.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "run": "simulation.simulate",
    "Simulation": "simulation.simulate",
    "RunDiverged": "simulation.simulate",
    "Config": "simulation.config",
    "RunResult": "simulation.result",
    "load_run": "simulation.result",
    "preset": "simulation.presets",
    "load": "datasets",
    "names": "datasets",
    "Dataset": "datasets",
    "load_csv": "datasets.csvdata",
    "from_columns": "datasets.csvdata",
    "Model": "learning.model",
    "ModelSpec": "learning.model",
    "PROTOCOLS": "protocols",
    "CATALOGUE": "safe",
    "safe_function": "safe",
    "zone_maker": "safe",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Fetch a public name from its module when it is first asked for, so that `import fgm_ref` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
