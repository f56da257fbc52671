"""What the page tells about each kind of message: a sentence for all messages of that kind that follow each other.

The names in braces are filled in by `words.js`, where each is explained.
"""

from typing import Any

from fgm_ref.transport import messages
from fgm_ref.transport.messages import UP, Kind

SENTENCES = {
    messages.VIOLATION: "{who}: φ > 0, its own part of the slack is used up.",
    messages.INCREMENT: "{who} reported {quanta}: c = {c}.{alarm}",
    messages.PHI: "The coordinator asks for every φ: {used} is really used up.",
    messages.QUANTUM: "Subround {subround}: what is left is cut into {pieces} quanta of {theta}.",
    messages.DRIFT: "{drifts} are collected.",
    messages.LOCAL: "Models are collected.",
    messages.FLUSH: "All drifts are flushed to the coordinator.",
    messages.LAMBDA: "They cancel enough: the round goes on with λ = {number}.",
    messages.BALANCED: "{who} took the mean of those that were asked.",
    messages.PROJECTED: "The sites agree on the block means of their drifts.",
    messages.MODEL: "The mean goes out to all sites: round {round} starts.",
    messages.POLL: "",  # the answers tell it
    messages.PROJECTION: "",  # so does PROJECTED
}
"""Any other kind is told by its meaning."""

AGAIN = {messages.PHI: "It asks for every φ again."}
"""From the second time on in one step."""


def words() -> list[dict[str, Any]]:
    """Every kind of message in the order of their numbers: name, direction, and what to say."""
    return [one_kind(kind) for kind in messages.KINDS]


def one_kind(kind: Kind) -> dict[str, Any]:
    """What the page needs to know of a kind."""
    says = sentence(kind)
    return {
        "name": kind.name,
        "up": kind.direction == UP,
        "says": says,
        "again": AGAIN.get(kind, says),
    }


def sentence(kind: Kind) -> str:
    """The sentence of a kind, made from its meaning unless it has one.

    >>> sentence(messages.CHEAP)
    'The coordinator to {whom}: the radius of the cheap zone, instead of E.'
    """
    if kind in SENTENCES:
        return SENTENCES[kind]
    if kind.direction == UP:
        return f"{{who}}: {kind.meaning}."
    return f"The coordinator to {{whom}}: {kind.meaning}."
