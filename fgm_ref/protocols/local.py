"""Local training: everybody gets the initial model, and nobody ever speaks again.

The lower bound in bytes, and the picture of what the sites lose by not talking.
"""

from fgm_ref.protocols import base
from fgm_ref.protocols.base import Sites
from fgm_ref.protocols.protocol import Look, Protocol, Reference


class Coordinator(base.Coordinator):
    """Ship the initial model; that is all."""

    synchronises = False


PROTOCOL = Protocol(
    "local",
    "never synchronise",
    Sites,
    Coordinator,
    look=Look("black", ":", "x"),
    reference=Reference(
        event="none",
        bytes="0",
        held_by="test_protocol_periodic.py::test_local_never_speaks_again",
    ),
    watches="nothing",
    exact=True,
)
