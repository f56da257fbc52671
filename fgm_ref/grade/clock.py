"""How long a process may go on: CPU time is what counts, but one that waits instead of working ends, too.

On a busy machine an honest process also gets little CPU time, though not as little as one that sleeps.
"""

import os
import time
from pathlib import Path

IDLE = 0.1  # whose share of CPU time is smaller only waits
MOST = 5  # nobody goes on for more than so many times the limit, on the clock


class Clock:
    """Watches a process from outside, from now on."""

    def __init__(self, process: int, seconds: float):
        self.process, self.seconds = process, seconds
        self.started, self.worked = time.monotonic(), worked(process)

    @property
    def is_over(self) -> bool:
        """Whether it has waited too long."""
        waited = time.monotonic() - self.started
        if waited <= self.seconds:
            return False
        has_worked = worked(self.process) - self.worked
        return waited > MOST * self.seconds or has_worked < IDLE * waited


def worked(process: int) -> float:
    """Seconds of CPU time until now; 0 where the system does not tell (macOS)."""
    try:
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return 0.0
    fields = status.rpartition(b")")[2].split()  # the name before may hold anything
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")
