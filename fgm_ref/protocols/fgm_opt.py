"""Functional geometric monitoring that sets its own radius, by the rule of FDA-Opt (`opt.py`).

The guarantee is that of plain FGM, for the radius of the round.  In the first round, which has none, a quantum is out
of reach.
"""

from fgm_ref.protocols import fgm, opt
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference


class Sites(opt.Sites, fgm.Sites):
    """As in plain FGM, with the radius of the round."""


class Coordinator(opt.Coordinator, fgm.Coordinator):
    """The slack is used up, or τ steps: collect all drifts, set the radius, start a new round."""


PROTOCOL = Protocol(
    "fgm-opt",
    "functional geometric monitoring that sets its own radius",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"epsilon": 0.01, "tau": 10},
    watches="form",
    look=Look("green", (0, (7, 1, 1, 1)), "$f$"),
    reference=Reference(
        source="as `fgm`; the radius after Theologitis et al. 2025 (FDA-Opt)",
        event="after τ steps (or k POLL, k PHI): k POLL, k DRIFT, k RADIUS, k MODEL",
        bytes="4k + 8kD (+ 4k)",
        held_by="test_protocol_opt.py::test_guarantee",
    ),
    exact=True,
    bears_absence=True,
    replays=True,
)
