"""Every message of every protocol on one screen, and what it weighs.

A message weighs its payload: `WORD` bytes per number (or what a codec makes of it), nothing for an empty
one (which still counts as one message).  The header (who, which kind, which round, which block) is free in
the payload total; `ledger.py` adds an estimate of headers in its second total.

D is the number of model parameters.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

WORD = 4
"""Bytes per number on the wire, whatever NumPy computes in."""

UP, DOWN = "up", "down"
WHOLE = -1
"""The block of a message that speaks of whole models (see `protocols/fgm_blocks.py` for the others)."""


CODED_GROUPS = ("models", "means of balancing sets", "drifts")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message.

    `words` says how many numbers its payload may hold.  `group` names the part of a bar in which a picture draws
    its bytes.  A codec encodes the kinds of the groups in `CODED_GROUPS`.
    """

    name: str
    direction: str
    words: str
    meaning: str
    group: str = "control words"

    @property
    def coded(self) -> bool:
        """Whether a codec encodes it: whether it carries a model or a drift."""
        return self.group in CODED_GROUPS

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
STEER = Kind("STEER", DOWN, "D", "c, the mean of the control variates", "optimiser state")
SHARED = Kind("SHARED", DOWN, "inputs + targets", "the windows that all sites know", "raw samples")
SHARE = Kind("SHARE", DOWN, "1", "how many samples a site has on average")
PERIOD = Kind("PERIOD", DOWN, "1", "τ: how many steps until the next average")
RADIUS = Kind("RADIUS", DOWN, "1", "R: the radius of the zone, from the next model on")
POLL = Kind("POLL", DOWN, "0", "please reply")
MEAN_STATE = Kind(
    "MEAN_STATE", DOWN, "D per moment + counters", "averaged optimiser state", "optimiser state"
)

# From a site to the coordinator.
VIOLATION = Kind(
    "VIOLATION", UP, "0 or D", "my local condition broke (Kamp: here is my model)", "models"
)
INCREMENT = Kind("INCREMENT", UP, "1", "my φ rose by so many quanta")
LOCAL = Kind("LOCAL", UP, "D", "my model w_i", "models")
DRIFT = Kind("DRIFT", UP, "D", "my drift X_i", "drifts")
FLUSH = Kind("FLUSH", UP, "D", "my drift X_i; I count from here again", "drifts")
PROJECTION = Kind("PROJECTION", UP, "m", "the means of m blocks of my drift")
COUNT = Kind("COUNT", UP, "1", "my steps in this round, or how many samples I have")
MONITOR = Kind("MONITOR", UP, "1, 1 + r or 1 + sketch", "my part of the variance")
SIGNS = Kind("SIGNS", UP, "D/32", "where my drift is above the centre, a bit per parameter")
VARIATE = Kind("VARIATE", UP, "D", "by how much my control variate c_i changed", "optimiser state")
LOSS = Kind("LOSS", UP, "1", "my training loss since I was last asked")
PHI = Kind("PHI", UP, "1", "my φ(X_i)")
STATE = Kind("STATE", UP, "D per moment + counters", "my optimiser state", "optimiser state")
SAMPLES = Kind("SAMPLES", UP, "inputs + targets", "my raw mini-batch", "raw samples")

DOWN_KINDS = (
    MODEL, BALANCED, QUANTUM, CENTRE, VOTES, LAMBDA, PROJECTED, CHEAP, POLL, MEAN_STATE,
)  # fmt: skip
UP_KINDS = (
    VIOLATION, INCREMENT, LOCAL, DRIFT, FLUSH, PROJECTION, COUNT, MONITOR, SIGNS, PHI, STATE, SAMPLES,
)  # fmt: skip
KINDS = (*DOWN_KINDS, *UP_KINDS, LOSS, PERIOD, VARIATE, STEER, SHARE, SHARED, RADIUS)
"""A saved run refers to a kind by its number in this order: new ones go behind the last."""

INDEX = {kind: number for number, kind in enumerate(KINDS)}

Cause = tuple[str, float]
"""What made somebody send: the name of a number and the number, for the transcript.  Never billed."""

NO_CAUSE: Cause = ("", 0.0)


class Tag(NamedTuple):
    """What a message belongs to: a round, a subround, and the block of the models that it speaks of."""

    round: int = 0
    subround: int = 0
    block: int = WHOLE


NO_TAG = Tag()


@dataclass(frozen=True, slots=True)
class Message:
    """One message.  A receiver drops it if its `tag` is no longer that of the present.

    `size` is the number of bytes that a codec has made of the payload, None without a codec.
    """

    kind: Kind
    payload: Any = None
    tag: Tag = NO_TAG
    cause: Cause = NO_CAUSE
    size: int | None = None

    @property
    def bytes(self) -> int:
        """Payload bytes on the wire."""
        return weight(self.payload) if self.size is None else self.size


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
