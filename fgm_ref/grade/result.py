"""One student's result for one assignment: points, or no grade, and always why."""

from dataclasses import asdict, dataclass, field
from typing import Any

FULL = 20  # of an assignment whose tests never came to say what they are worth
GRADED, MISSING, UNREAD = "graded", "missing", "unread"
TIMEOUT, CRASHED, TAMPERED, TROUBLE = "timeout", "crashed", "tampered", "trouble"
NO_GRADE = (MISSING, UNREAD, TROUBLE)  # these are not zero points


@dataclass(frozen=True)
class Grade:
    """One student's result for one assignment.  `trouble` is the grader's own; it is no grade and is tried again."""

    student: str
    assignment: str
    status: str
    points: float = 0
    of: float = FULL
    reason: str = ""
    tests: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    file: str = ""  # what was read, as the student calls it

    @property
    def row(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @property
    def counts(self) -> bool:
        """Whether there are points, be it none, and not the lack of a grade."""
        return self.status not in NO_GRADE

    @property
    def earned(self) -> float | None:
        """The points; `None` where there is no grade."""
        return self.points if self.counts else None

    @property
    def lost(self) -> list[dict[str, Any]]:
        """The tests that have cost points."""
        return [test for test in self.tests if test["points"] < test["of"]]

    @property
    def depends_on_limits(self) -> bool:
        """Whether more time or memory might have led to another grade."""
        return self.status in (TIMEOUT, CRASHED) or any(
            test["message"].startswith(("TimeLimit", "MemoryError")) for test in self.lost
        )

    @property
    def why_zero(self) -> str:
        """Where there are no points, the reason in one line; empty otherwise."""
        if self.points or self.status == MISSING:
            return ""
        if self.status != GRADED:
            return f"{self.status}: {self.reason or 'no reason was given'}"
        if self.reason or not self.lost:
            return f"0 points: {self.reason or 'no test was run'}"
        first, others = self.lost[0], len(self.lost) - 1
        why = first["message"] or "it failed without a word"
        more = f" (and {others} more)" if others else ""
        return f"0 points: {first['name']}: {why}{more}"
