"""FedProx, SCAFFOLD and their kin in real runs: what they are remembered by, and what refuses them."""

import numpy as np
import pytest

from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import run

SMALL = {"dataset": "ecg208", "sites": 3, "hidden": (4,), "steps": 12, "evaluations": 1}


@pytest.mark.parametrize("protocol", ["periodic:b=4", "fgm", "gm-reb", "fgm-o"])
def test_a_run_with_fedprox(protocol):
    # the setting is remembered, nothing more is shipped for it, and at 0 it is not there
    plain, same = run(**SMALL, protocol=protocol), run(**SMALL, protocol=protocol, prox=0.0)
    np.testing.assert_array_equal(plain.model, same.model)
    assert "prox" not in plain.summary()["config"]
    held = run(**SMALL, protocol=protocol, prox=1.0)
    assert held.summary()["config"]["prox"] == 1.0
    assert Config.from_dict(held.config.to_dict()) == held.config
    assert np.abs(held.model - plain.model).max() > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prox": -1.0}, "prox: expected a number of at least 0, got -1"),
        ({"prox": float("nan")}, "prox: expected a number of at least 0, got nan"),
        ({"prox": 1.0, "protocol": "central"}, "prox: expected 0 with central"),
        ({"prox": 1.0, "protocol": "fgm-blocks"}, "prox: expected 0 with fgm-blocks"),
    ],
)
def test_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        run(**SMALL, **settings)
