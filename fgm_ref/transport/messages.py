"""Every message of every protocol on one screen, and what it weighs.

A message weighs its payload: `WORD` bytes per number (or what a codec makes of it), nothing for an empty
one (which still counts as one message).  The header (who, which kind, which round, which block) is free in
the payload total; `ledger.py` adds an estimate of headers in its second total.

D is the number of model parameters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

WORD = 4
"""Bytes per number on the wire, whatever NumPy computes in."""

UP, DOWN = "up", "down"
WHOLE = -1
"""The block of a message that speaks of whole models (see `protocols/fgm_blocks.py` for the others)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: `words` says how many numbers its payload may hold."""

    name: str
    direction: str
    words: str
    meaning: str
    group: str = "control words"
    """What its bytes are counted as in a picture; models and drifts are what a codec encodes."""

    def __str__(self) -> str:
        return self.name


# From the coordinator to the sites.
MODEL = Kind("MODEL", DOWN, "D", "the global model E: a round starts", "models")
BALANCED = Kind(
    "BALANCED", DOWN, "D", "the mean of a balancing set, to its members", "means of balancing sets"
)
QUANTUM = Kind("QUANTUM", DOWN, "1", "θ: a subround starts")
CENTRE = Kind(
    "CENTRE", DOWN, "1 + r", "θ, and by how much the zone's centre moves: a subround starts"
)
VOTES = Kind("VOTES", DOWN, "D · bits of k / 32", "how many sites went up, for each parameter")
LAMBDA = Kind("LAMBDA", DOWN, "1", "λ: the round goes on after a flush")
PROJECTED = Kind("PROJECTED", DOWN, "m", "the mean of the block means")
CHEAP = Kind("CHEAP", DOWN, "1", "the radius of the cheap zone, instead of E")
POLL = Kind("POLL", DOWN, "0", "please reply")
MEAN_STATE = Kind("MEAN_STATE", DOWN, "D per moment", "averaged optimiser state", "optimiser state")

# From a site to the coordinator.
VIOLATION = Kind(
    "VIOLATION", UP, "0 or D", "my local condition broke (Kamp: here is my model)", "models"
)
INCREMENT = Kind("INCREMENT", UP, "1", "my φ rose by so many quanta")
LOCAL = Kind("LOCAL", UP, "D", "my model w_i", "models")
DRIFT = Kind("DRIFT", UP, "D", "my drift X_i", "drifts")
FLUSH = Kind("FLUSH", UP, "D", "my drift X_i; I count from here again", "drifts")
PROJECTION = Kind("PROJECTION", UP, "m", "the means of m blocks of my drift")
COUNT = Kind("COUNT", UP, "1", "my steps in this round")
MONITOR = Kind("MONITOR", UP, "1, 1 + r or 1 + sketch", "my part of the variance")
SIGNS = Kind("SIGNS", UP, "D/32", "where my drift is above the centre, a bit per parameter")
PHI = Kind("PHI", UP, "1", "my φ(X_i)")
STATE = Kind("STATE", UP, "D per moment", "my optimiser state", "optimiser state")
SAMPLES = Kind("SAMPLES", UP, "inputs + targets", "my raw mini-batch", "raw samples")

KINDS = (
    *(MODEL, BALANCED, QUANTUM, CENTRE, VOTES, LAMBDA, PROJECTED, CHEAP, POLL, MEAN_STATE),
    *(
        VIOLATION,
        INCREMENT,
        LOCAL,
        DRIFT,
        FLUSH,
        PROJECTION,
        COUNT,
        MONITOR,
        SIGNS,
        PHI,
        STATE,
        SAMPLES,
    ),
)
INDEX = {kind: number for number, kind in enumerate(KINDS)}

Cause = tuple[str, float]
"""What made somebody send: the name of a number and the number, for the transcript.  Never billed."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.  `tag` is the (round, subround) it belongs to; a stale one is dropped by its receiver.

    `block` says which part of the models it is about, `size` how many bytes a codec has made of the payload.
    """

    kind: Kind
    payload: Any = None
    tag: tuple[int, int] = (0, 0)
    cause: Cause = ("", 0.0)
    block: int = WHOLE
    size: int | None = None


def weight(payload: Any) -> int:
    """Payload bytes of what is shipped: None, a number, an array, or a tuple of arrays.

    >>> weight(None), weight(0.5), weight(np.zeros(10)), weight((np.zeros((2, 3)), np.zeros(2)))
    (0, 4, 40, 32)
    """
    if payload is None:
        return 0
    if isinstance(payload, tuple):
        return sum(weight(part) for part in payload)
    return WORD * int(np.size(payload))
