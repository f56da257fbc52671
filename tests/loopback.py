"""Ranks without MPI: threads of this process, and queues of bytes between them."""

import queue
import threading

from fgm_ref.mpi.lockstep import run_far, stop
from fgm_ref.mpi.serve import serve
from fgm_ref.transport.wire.office import Office

PATIENCE = 60
"""Seconds to wait for a letter, so that a test that hangs fails."""


class Loop:
    """A post between threads."""

    def __init__(self, rank, boxes):
        self.rank, self.size, self.boxes = rank, len(boxes), boxes
        self.early = []  # of others than the one who was waited for

    def send(self, to, letter):
        self.boxes[to].put((self.rank, letter.copy()))

    def receive(self, sender=None):
        for n, (who, letter) in enumerate(self.early):
            if sender in (None, who):
                del self.early[n]
                return who, letter
        while True:
            who, letter = self.boxes[self.rank].get(timeout=PATIENCE)
            if sender in (None, who):
                return who, letter
            self.early.append((who, letter))

    def waiting(self):
        return bool(self.early) or not self.boxes[self.rank].empty()


def offices(ranks):
    boxes = [queue.Queue() for _ in range(ranks)]
    return [Office(Loop(rank, boxes)) for rank in range(ranks)]


def apart(ranks, work, data=None):
    """What `work(office)` returns at rank 0, while the other ranks serve."""
    first, *others = offices(ranks)
    threads = [
        threading.Thread(target=serve, args=(office, data), daemon=True) for office in others
    ]
    for thread in threads:
        thread.start()
    try:
        return work(first)
    finally:
        stop(first)
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def run_apart(ranks, config, **more):
    """A run whose sites live in threads of their own."""
    return apart(ranks, lambda office: run_far(config, office, **more), more.get("data"))
