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


class Line:
    """A rank's end."""

    def __init__(self, rank: int):
        self.socket: socket.socket | None = None
        if place := os.environ.get(PLACE):
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
    """The launcher's end: `dead` says which rank has died without a word."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.server.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.server, selectors.EVENT_READ)
        self.heard: dict[socket.socket, bytes] = {}

    def dead(self, seconds: float) -> str:
        """Listen for so long; who has died, such as "rank 2 (process 123)", or ""."""
        for key, _ in self.selector.select(seconds):
            if key.fileobj is self.server:
                line, _ = self.server.accept()
                self.heard[line] = b""
                self.selector.register(line, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket) and (who := self._listen(key.fileobj)):
                return who
        return ""

    def _listen(self, line: socket.socket) -> str:
        try:
            said = line.recv(1024)
        except OSError:
            said = b""
        self.heard[line] += said
        if said:
            return ""
        self.selector.unregister(line)
        line.close()
        name, _, rest = self.heard.pop(line).partition(b"\n")
        if rest == WELL:
            return ""
        rank, _, process = name.decode().partition(" ")
        return f"rank {rank} (process {process})"

    def close(self) -> None:
        """Listen no more."""
        for line in self.heard:
            line.close()
        self.selector.close()
        self.server.close()
