"""Who is alive: every rank holds a line to the launcher, and the system cuts it when the rank dies, however it dies."""

from __future__ import annotations

import os
import selectors
import socket
from contextlib import suppress

PLACE = "FGM_REF_LAUNCHER"
"""The environment's variable that says where the launcher listens: host:port."""

WELL = b"well"
"""What a rank says before it ends as it should, or after it has said itself what was wrong."""

RANK = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")
"""Where an MPI's starter says which rank a process is to be."""


def rank_here() -> str:
    """The rank of this process, before MPI is started; "" if nobody has said it."""
    return next((os.environ[name] for name in RANK if name in os.environ), "")


class Line:
    """A rank's end; without a launcher there is none."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        place, rank = os.environ.get(PLACE), rank_here()
        if place and rank:
            host, _, port = place.rpartition(":")
            self.socket = socket.create_connection((host, int(port)))
            self.socket.sendall(f"{rank} {os.getpid()}\n".encode())

    def farewell(self) -> None:
        """This rank ends, and all is said."""
        if self.socket:
            with suppress(OSError):
                self.socket.sendall(WELL)
            self.socket.close()


class Watch:
    """The launcher's end.  `ranks` are those that have called, by the numbers of their processes."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.server, selectors.EVENT_READ)
        self.heard: dict[socket.socket, bytes] = {}
        self.ranks: dict[int, int] = {}

    def dead(self, seconds: float) -> list[int]:
        """Listen for so long; the processes that have died without a word, the first one first."""
        found = []
        for key, _ in self.selector.select(seconds):
            if key.fileobj is self.server:
                line, _ = self.server.accept()
                self.heard[line] = b""
                self.selector.register(line, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):
                found += self._listen(key.fileobj)
        return found

    def _listen(self, line: socket.socket) -> list[int]:
        try:
            said = line.recv(1024)
        except OSError:
            said = b""
        self.heard[line] += said
        name, ended, rest = self.heard[line].partition(b"\n")
        if ended:
            rank, process = map(int, name.split())
            self.ranks[process] = rank
        if said:
            return []
        self.selector.unregister(line)
        line.close()
        del self.heard[line]
        return [process] if ended and rest != WELL else []

    def close(self) -> None:
        """Listen no more."""
        for line in self.heard:
            line.close()
        self.selector.close()
        self.server.close()
