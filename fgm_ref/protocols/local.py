"""Local training: everybody gets the initial model, and nobody ever speaks again.

The lower bound in bytes, and the picture of what the sites lose by not talking.
"""

from fgm_ref.protocols.base import Coordinator, Protocol, Sites

PROTOCOL = Protocol("local", "never synchronise", Sites, Coordinator)
