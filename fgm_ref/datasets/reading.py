"""How a table was understood, in words for whoever knows it better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """What there is to say about a table and the windows that it became."""

    brief: str  # one line, for every run
    lines: tuple[str, ...]  # all of it
    doubts: tuple[str, ...] = ()  # why results may mean nothing, each in one line
