"""Geometric monitoring that sets its own radius, by the rule of FDA-Opt (`opt.py`).

The guarantee is that of plain GM, for the radius of the round.  In the first round, which has none, nobody calls out.
V is a mean over the sites, but one site alone ends the round, so GM's rounds are shorter than FGM's under this rule.
"""

from fgm_ref.protocols import gm, opt
from fgm_ref.protocols.protocol import SUM, Look, Protocol, Reference


class Sites(opt.Sites, gm.Sites):
    """As in plain GM, with the radius of the round."""


class Coordinator(opt.Coordinator, gm.Coordinator):
    """One violation, or τ steps: collect all drifts, set the radius, start a new round."""


PROTOCOL = Protocol(
    "gm-opt",
    "geometric monitoring that sets its own radius",
    Sites,
    Coordinator,
    guarantee=SUM,
    options={"tau": 10},
    watches="form",
    look=Look("orange", (0, (5, 1)), "$G$"),
    reference=Reference(
        source="as `gm`; the radius after Theologitis et al. 2025 (FDA-Opt)",
        event="after τ steps (or 1 VIOLATION): k POLL, k DRIFT, k RADIUS, k MODEL",
        bytes="4k + 8kD",
        held_by="test_protocol_opt.py::test_guarantee",
    ),
    exact=True,
    bears_absence=True,
    replays=True,
)
