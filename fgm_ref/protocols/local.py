"""Local training: everybody gets the initial model, and nobody ever speaks again.

The lower bound in bytes, and the picture of what the sites lose by not talking.
"""

from fgm_ref.protocols import base
from fgm_ref.protocols.base import Protocol, Sites


class Coordinator(base.Coordinator):
    """Ship the initial model; that is all."""

    synchronises = False


PROTOCOL = Protocol(
    "local",
    "never synchronise",
    Sites,
    Coordinator,
    look=("black", ":", "x"),
    exact=True,
)
