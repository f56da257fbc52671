"""What the user reads: counterexamples number by number, and what was asked if there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from typing import Any

import numpy as np

from fgm_ref.check_safe.case import Case, excess, phi
from fgm_ref.check_safe.claims import undeclared
from fgm_ref.check_safe.judge import without_warnings
from fgm_ref.check_safe.memory import changes
from fgm_ref.check_safe.properties import PROPERTIES
from fgm_ref.check_safe.search import Asked, Report
from fgm_ref.safe.function import Maker

FEW = 6
"""So many drifts of a counterexample are written down."""

MANY = 9
"""Who needs more digits to see a difference may be looking at rounding."""


def tell(name: str, make: Maker, report: Report) -> Iterator[str]:
    """The report in words."""
    if not report.found:
        yield from nothing_found(name, report)
    for n, (p, case) in enumerate(report.found.items(), 1):
        yield f"{name}: counterexample {n} of {len(report.found)}, to"
        yield f"  {PROPERTIES[p].claim}"
        yield from (f"    {line}" for line in explain(p, make, case))
    yield from (f"Note: {note}." for note in report.notes)
    if report.shared:
        yield (
            f"Note: {', '.join(report.shared)} changed in the class while it was used.  What belongs to one E "
            "belongs to the object (self.…), not to all objects of the class."
        )


def nothing_found(name: str, report: Report) -> Iterator[str]:
    """What was asked, and what was not."""
    yield f"{name}: no counterexample in {report.seconds:.1f} s.  Asked:"
    for p, count in report.tried.items():
        cases = f"{count:,} case{'s' * (count > 1)}" if count else "not claimed"
        yield f"  {cases:>15}  {PROPERTIES[p].claim}"
    yield f"in {scope(report.asked)}."
    if report.sweeps < report.planned:
        yield f"φ is slow: {report.sweeps} of {report.planned} sweeps were made.  More seconds (`--seconds`) find more."
    yield (
        "Not asked: E = 0, infinite drifts, more dimensions or sites, other lengths, "
        "and whether the region is one that you want."
    )
    yield "This is no proof: that takes an argument why φ is convex and its zone inside the admissible region."


def scope(asked: Asked) -> str:
    """Which cases there were."""
    parts = (
        f"{span(asked.dimensions)} dimensions",
        f"with ‖E‖ = {span(asked.lengths)} and R = {span(asked.radii)} ‖E‖",
        f"with {span(asked.sites)} sites",
        f"in {' and '.join(sorted(asked.dtypes))}",
        f"with {span(asked.layers)} layers",
        f"in rounds {span(asked.rounds)}",
        f"after {span(asked.times)} steps",
    )
    return ", ".join(parts)


def span(numbers: Set[float]) -> str:
    """1 to 40."""
    low = min(numbers, default=0)
    high = max(numbers, default=0)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def explain(p: str, make: Maker, case: Case) -> list[str]:
    """One counterexample, number by number."""
    with without_warnings():
        return list(lines_of(p, case.of(make)))


def lines_of(p: str, case: Case) -> Iterator[str]:
    """These lines."""
    yield from situation(p, case)
    if p == "runs":
        yield from (f"X_{i} = {vector(x)}" for i, x in enumerate(case.X, 1))
        yield error_of(case)
        return
    try:
        if p not in ("zero", "outside"):
            yield from drifts(p, case)
        yield from verdict(p, case)
    except Exception as error:  # whose answers change may fail as well
        yield f"raises {type(error).__name__}: {error}"


def situation(p: str, case: Case) -> Iterator[str]:
    """E, R, and what φ has been told."""
    first = f"E = {vector(case.E)}, R = {case.R:g}"
    if p == "safe":
        k = len(case.X)
        first += f", k = {k} site{'s' * (k > 1)}"
    if case.E.dtype == np.float32:
        first += ", in float32"
    yield first
    if case.blocks:
        yield f"layers: {', '.join(f'{block.start}:{block.stop}' for block in case.blocks)}"
    if case.ended:
        yield f"in round {case.ended + 1}; the last one took {case.last} step(s) and went by"
        yield f"g = {vector(case.g)} per step"
    if case.time and (p == "still" or case.begun().moves):
        yield f"after {case.time} step(s); the sites' own steps {vector(case.own)}"


def drifts(p: str, case: Case) -> Iterator[str]:
    """The drifts, with their φ."""
    values = np.ravel(phi(case.zone(), case.X))
    for i, x in enumerate(case.X[:FEW]):
        name = "XY"[i] if PROPERTIES[p].rows else f"X_{i + 1}"
        value = f"   φ = {values[i]:.6g}" if i < len(values) else ""
        yield f"{name} = {vector(x)}{value}"


def verdict(p: str, case: Case) -> Iterator[str]:
    """The two sides of the claim."""
    left, right, _ = map(float, PROPERTIES[p].measure(case))
    if not left > right:
        yield "it was so when it was asked first, and now is no longer"
    elif p in OWN_WORDS:
        yield from OWN_WORDS[p](case)
    elif p == "batched" and math.isinf(left):
        yield "the stack has another shape of answer: expected one φ for each row"
    else:
        yield from compared(VERDICTS[p], case, left, right)


def compared(words: str, case: Case, left: float, right: float) -> Iterator[str]:
    """Two numbers, in so many digits that they are seen to differ: in six, if that will do."""
    n = digits(left, right)
    yield words.format(
        left=left,
        value=f"{left:.{n}g}",
        right=f"{right:.{n}g}",
        half_way=vector(case.X.mean(axis=0)),
    )
    if n > MANY:
        yield "so small a difference may come from rounding: perhaps φ subtracts numbers that are nearly equal"


def digits(left: float, right: float) -> int:
    """How many show that two numbers differ, and by how much in two digits; at least six."""
    size = max(abs(left), abs(right))
    gap = abs(left - right)
    if not 0 < gap < np.inf:
        return 6
    needed = 2 + math.ceil(math.log10(size / gap))
    return min(max(6, needed), 17)


VERDICTS = {
    "convex": "half way, at {half_way}, φ = {value}; if φ were convex, at most {right}",
    "lowest": "φ(0) = {value}, expected at most φ(X) = {right}",
    "finite": "{left:.0f} of the values (φ(0) and excess among them) are infinite or no number",
    "precise": "the answer is no array of floats, or one of half precision",
    "batched": "the stack's answer differs from the rows' by {left:.6g}",
    "memory": "after questions about other drifts the answer differs by {left:.2g} (relative) from a new object's",
    "tireless": "after thousands of questions the answer differs by {left:.2g} (relative)",
    "lipschitz": "φ differs by {value}, expected at most {right}",
    "eikonal": "the length of the gradient differs from 1 by {left:.6g}",
    "numbering": "with the sites numbered the other way round, `excess` differs by {left:.6g}",
    "crowd": "somewhere in the direction of X_1 one site is inside by `excess`, and more at the same place are not",
    "outside": "`excess` was at most 0 wherever the sites went, so φ is safe for nothing in particular",
    "reach": "in one step of 0.3 X `excess` grew to {value}, expected at most reach = {right}",
    "perspective": "at some λ it differs from λ φ(X/λ) by {left:.6g}",
}


def slack(case: Case) -> Iterator[str]:
    """φ(0), and what `at_zero` says if that is another number."""
    zone = case.begun()
    value = float(phi(zone, 0 * case.E))
    yield f"φ(0) = {value:.6g} when the round starts, expected a number below 0"
    if value < 0:
        yield f"and at_zero = {zone.at_zero:.6g}, expected φ(0)"


def unsafe(case: Case) -> Iterator[str]:
    """Quiet sites, and a state outside."""
    outside = excess(case.zone(), case.X)
    total = phi(case.zone(), case.X).sum()
    S = case.E + case.X.mean(axis=0)
    yield f"Σ φ(X_i) = {total:.6g} ≤ 0, so no protocol would act;"
    yield f"but S = E + mean X = {vector(S)}, and the true state is outside"
    yield f"its region: excess = {outside:.6g}, expected at most 0"


def impure(case: Case) -> Iterator[str]:
    """What has changed first."""
    for words, by in changes(case).items():
        if by > 0:
            yield f"{words}; the difference is {by:.2g} (relative)"
            return


def unsaid(case: Case) -> Iterator[str]:
    """What φ depends on and does not say."""
    depends = {"moves": "the time", "private": "what only the sites are told"}
    for claim, by in undeclared(case).items():
        if by > 0:
            yield f"φ or `excess` changes by {by:.2g} (relative) with {depends[claim]}, so it must say `{claim} = True`"


OWN_WORDS = {"zero": slack, "safe": unsafe, "pure": impure, "still": unsaid}
"""What has more to say than one line with two numbers."""


def error_of(case: Case) -> str:
    """What φ raises, in one line."""
    try:
        PROPERTIES["runs"].measure(case)
    except Exception as error:
        return f"raises {type(error).__name__}: {error}"
    return "raised an error once, and does so no longer"


def vector(x: Any) -> str:
    """(1, -0.5)."""
    return f"({', '.join(f'{v:.4g}' for v in x)})"


def as_json(name: str, make: Maker, report: Report) -> dict[str, Any]:
    """The report for programs."""
    found = {p: numbers(p, make, case) for p, case in report.found.items()}
    asked = {what: sorted(values) for what, values in vars(report.asked).items()}
    return {
        "function": name,
        "found": found,
        "tried": dict(report.tried),
        "asked": asked,
        "shared": list(report.shared),
        "notes": list(report.notes),
    }


def numbers(p: str, make: Maker, case: Case) -> dict[str, Any]:
    """One counterexample for programs."""
    return {
        "claim": PROPERTIES[p].claim,
        "E": case.E.tolist(),
        "R": case.R,
        "X": case.X.tolist(),
        "g": case.g.tolist(),
        "own": case.own.tolist(),
        "steps": case.time,
        "round": case.ended + 1,
        "last": case.last,
        "layers": [[block.start, block.stop] for block in case.blocks],
        "dtype": case.E.dtype.name,
        "words": explain(p, make, case),
    }
