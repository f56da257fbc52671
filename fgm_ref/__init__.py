"""Distributed training of recurrent networks by geometric monitoring, in pure NumPy.

    from fgm_ref import run
    result = run(dataset="watch", protocol="fgm", steps=200)
    result.totals["bytes"], result.final["score"]

The modules, from the bottom up: `params`, `losses`, `rnn`, `lstm`, `model`, `optim` (what learns); `safe`
(what is watched); `messages`, `ledger`, `network` (what is sent); `protocols` (who speaks when); `simulate`
(the loop); `plots`, `trace`, `table`, `demo` (what you see); `study` (many runs, with intervals).
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "run": "simulate", "Simulation": "simulate", "RunDiverged": "simulate", "Config": "config",
    "RunResult": "result", "load": "datasets", "names": "datasets", "Dataset": "datasets",
    "load_csv": "csvdata", "Model": "model", "ModelSpec": "model",
    "PROTOCOLS": "protocols", "CATALOGUE": "safe", "safe_function": "safe", "zone_maker": "safe", "preset": "presets",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Fetch a public name from its module when it is first asked for, so that `import fgm_ref` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
