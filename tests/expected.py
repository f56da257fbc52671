"""What each protocol is expected to say: its row here is all that the tests need to know of a new one.

The grammar is a pattern that the log of every run must fit; a message to all sites is one word in it.  The event is
one step from E = (1, 2, 2) with R = 1 and four sites.  The reference page says which messages it consists of.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

STILL = np.zeros((1, 3))
OUT = np.full((1, 3), 9.0)
EVERYBODY_OUT = np.tile(OUT, (4, 1))
BOTH_WAYS = np.vstack([OUT, -OUT, OUT, -OUT])
APART = np.vstack([[[3.0, 0, 0]], [[-3.0, 0, 0]], STILL, STILL])
ONE_JUST_OUT = np.vstack([[[1.5, 0, 0]], STILL, STILL, STILL])


@dataclass(frozen=True)
class Event:
    """A protocol with options, the moves (4, 3) that set it off, and the other letters of the page's formula."""

    protocol: str
    moves: np.ndarray
    letters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """`grammar` of all runs, and one `event` (None: it never says anything that the page has a formula for)."""

    grammar: str
    event: Any = None

    @property
    def opening(self) -> list[str]:
        """The kinds of the messages before the first step."""
        before, first_model, _ = self.grammar.partition("MODEL ")
        return [*before.split(), "MODEL"] if first_model else []


SUBROUND = "(INCREMENT )+POLL PHI "
EXPECTED = {
    "central": Expected(
        "(SAMPLES )*",
    ),
    "local": Expected(
        "MODEL ",
        Event("local", EVERYBODY_OUT),
    ),
    "at-end": Expected(
        "MODEL ",
        Event("at-end", EVERYBODY_OUT),
    ),
    "periodic": Expected(
        "MODEL ((LOCAL )+MODEL )*",
        Event("periodic:b=1", EVERYBODY_OUT),
    ),
    "post-local": Expected(
        "MODEL ((LOCAL )+MODEL )*",
        Event("post-local", EVERYBODY_OUT),
    ),
    "qsr": Expected(
        "MODEL ((LOCAL )+MODEL )*",
        Event("qsr:b=1,alpha=0.1", EVERYBODY_OUT),
    ),
    "adacomm": Expected(
        "MODEL ((LOCAL )+(POLL LOSS (PERIOD )?)?MODEL )*",
    ),
    "scaffold": Expected(
        "MODEL ((LOCAL )+POLL VARIATE STEER MODEL )*",
        Event("scaffold:b=1", EVERYBODY_OUT),
    ),
    "fedavg": Expected(
        "POLL COUNT MODEL ((LOCAL )+MODEL )*",
        Event("fedavg:b=1", EVERYBODY_OUT),
    ),
    "gm-weighted": Expected(
        "POLL COUNT MODEL (VIOLATION POLL DRIFT MODEL )*",
        Event("gm-weighted", np.vstack([OUT, STILL, STILL, STILL])),
    ),
    "fgm-weighted": Expected(
        f"POLL COUNT SHARE MODEL ({SUBROUND}(QUANTUM |POLL DRIFT MODEL ))*(INCREMENT )*",
        Event("fgm-weighted", EVERYBODY_OUT),
    ),
    "dynamic-plain": Expected(
        "MODEL ((VIOLATION )+((POLL )+(LOCAL )+)?MODEL )*",
        Event("dynamic-plain", np.vstack([OUT, OUT, STILL, STILL]), {"v": 2}),
    ),
    "dynamic": Expected(
        "MODEL ((VIOLATION )+((POLL )+(LOCAL )+)*(MODEL |(BALANCED )+))*",
        Event("dynamic", ONE_JUST_OUT, {"v": 1, "n": 2}),
    ),
    "gm": Expected(
        "MODEL (VIOLATION POLL DRIFT MODEL )*",
        Event("gm", np.vstack([OUT, STILL, STILL, STILL])),
    ),
    "gm-opt": Expected(
        "MODEL ((VIOLATION )?POLL DRIFT RADIUS MODEL )*",
        Event("gm-opt:tau=1", EVERYBODY_OUT),
    ),
    "gm-reb": Expected(
        "MODEL (VIOLATION (POLL DRIFT )+(MODEL |(BALANCED )+))*",
        Event("gm-reb", ONE_JUST_OUT, {"n": 2}),
    ),
    "gm-limits": Expected(
        "MODEL (VIOLATION (POLL DRIFT )+((POLL )*(DRIFT )*MODEL |(BALANCED )+))*",
        Event("gm-limits", ONE_JUST_OUT, {"n": 2}),
    ),
    "fgm": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |POLL DRIFT MODEL ))*(INCREMENT )*",
        Event("fgm", EVERYBODY_OUT),
    ),
    "fgm-opt": Expected(
        f"MODEL ({SUBROUND}QUANTUM |({SUBROUND}|(INCREMENT )*)POLL DRIFT RADIUS MODEL )*(INCREMENT )*",
        Event("fgm-opt:tau=1", EVERYBODY_OUT),
    ),
    "fgm-reb": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |POLL FLUSH (MODEL |LAMBDA QUANTUM )))*(INCREMENT )*",
        Event("fgm-reb", APART),
    ),
    "fgm-random": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |(POLL DRIFT )+((BALANCED )+QUANTUM |(POLL )*(DRIFT )*MODEL )))*"
        "(INCREMENT )*",
        Event("fgm-random:gain=0.01", 1.01 * np.vstack([np.eye(3), [[-1.0, 0, 0]]]), {"n": 2}),
    ),
    "fgm-projection": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |POLL PROJECTION PROJECTED POLL PHI (QUANTUM |POLL DRIFT MODEL )))*"
        "(INCREMENT )*",
        Event("fgm-projection:m=3", APART, {"m": 3}),
    ),
    "fgm-centre": Expected(
        "MODEL ((INCREMENT )+POLL MONITOR (CENTRE |POLL DRIFT MODEL ))*(INCREMENT )*",
        Event("fgm-centre", BOTH_WAYS),
    ),
    "fgm-probe": Expected(
        "MODEL ((INCREMENT )+POLL MONITOR (POLL SIGNS VOTES POLL MONITOR )?(CENTRE |POLL DRIFT MODEL ))*"
        "(INCREMENT )*",
        Event("fgm-probe", EVERYBODY_OUT, {"m": 2}),
    ),
    "fgm-o": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |POLL DRIFT POLL COUNT (MODEL |(MODEL )*(CHEAP )+QUANTUM )))*(INCREMENT )*",
        Event("fgm-o:price=1000", np.vstack([OUT, -OUT, STILL, STILL]), {"n": 0}),
    ),
    "fgm-blocks": Expected(
        f"MODEL ({SUBROUND}(QUANTUM |POLL DRIFT MODEL ))*(INCREMENT )*",
        Event("fgm-blocks", np.tile([[9.0, 0, 0]], (4, 1)), {"m": 1}),
    ),
    "fda-naive": Expected(
        "MODEL ((MONITOR )+(POLL LOCAL MODEL )?)*",
        Event("fda-naive", BOTH_WAYS),
    ),
    "fda-linear": Expected(
        "MODEL ((MONITOR )+(POLL LOCAL MODEL )?)*",
        Event("fda-linear", BOTH_WAYS),
    ),
    "fda-sketch": Expected(
        "MODEL ((MONITOR )+(POLL LOCAL MODEL )?)*",
        Event("fda-sketch", BOTH_WAYS),
    ),
    "fda-opt": Expected(
        "MODEL ((MONITOR )+(POLL LOCAL MODEL )?)*",
        Event("fda-opt:tau=1", BOTH_WAYS),
    ),
    "omniscient": Expected(
        "MODEL ((LOCAL )+MODEL )*",
        Event("omniscient", BOTH_WAYS),
    ),
}
