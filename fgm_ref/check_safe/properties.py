"""What a safe function must be: the properties that one `Case` can break, each a claim left ≤ right.

A case in which left is the larger by more than rounding explains is a counterexample; `search.py` looks for them.
"""

from __future__ import annotations

from collections.abc import Callable

from fgm_ref.check_safe import claims, memory, region, values
from fgm_ref.check_safe.case import Case
from fgm_ref.check_safe.judge import Numbers, Property

__all__ = ["BASIC", "CLAIMED", "PROPERTIES", "REMARKS", "Case", "Property"]


def exact(name: str, claim: str, measure: Callable[[Case], Numbers]) -> Property:
    """A claim that no rounding can break."""
    return Property(name, claim, 0, measure, trembles=False)


ALL = (
    exact("runs", "φ and excess can be evaluated", values.runs),
    exact("zero", "φ(0) < 0: there is some slack when a round starts", values.zero),
    exact("finite", "every φ(X) is a finite number", values.finite),
    exact(
        "precise", "φ(X) is a floating-point number, in single precision at least", values.precise
    ),
    Property("batched", "φ of a stack of drifts is φ of each of them", 0, values.batched),
    exact("pure", "asking changes nothing, and the same question has the same answer", memory.pure),
    exact("memory", "what was asked before does not matter", memory.memory),
    exact("tireless", "the answer is the same after thousands of questions", memory.tireless),
    exact(
        "still", "φ moves, and depends on the last round, only if it says so", claims.stands_still
    ),
    Property("safe", "Σ φ(X_i) ≤ 0 implies that the true state is admissible", 0, region.safe),
    Property("convex", "φ((X+Y)/2) ≤ (φ(X) + φ(Y))/2", 2, values.convex),
    Property("lipschitz", "|φ(X) − φ(Y)| ≤ lipschitz · ‖X − Y‖, as claimed", 2, claims.lipschitz),
    Property(
        "eikonal", "‖∇φ‖ = 1 almost everywhere, as claimed", 1, claims.eikonal, 0, claims.KINK
    ),
    Property("lowest", "φ(X) ≥ φ(0), as claimed", 1, claims.lowest_at_zero),
    Property(
        "numbering", "the true state does not depend on the sites' numbers", 0, region.numbering
    ),
    exact("crowd", "a place that one site may stand at is one that all may stand at", region.crowd),
    exact("outside", "some state is not admissible", region.outside),
    Property("reach", "one step takes the state no further outside than `reach`", 0, region.reach),
    Property("perspective", "the perspective at λ is λ φ(X/λ)", 0, values.perspective),
)

REMARKS = (
    Property(
        "inherited reach",
        "`excess` can grow by more than the inherited `reach` says, so a strict run would complain; "
        "write the `reach` that belongs to this `excess`",
        0,
        region.inherited_reach,
    ),
    Property(
        "inherited lowest",
        "`lowest_at_zero` is inherited, but not true while φ moves; write `lowest_at_zero = False`",
        1,
        claims.inherited_lowest,
    ),
    exact(
        "layers",
        "with the layers known, `excess` lets the model go where it may not go without them; "
        "that is right if a region of another shape is meant, but R in every layer, say, "
        "allows R √(number of layers) in all",
        region.layers,
    ),
    exact(
        "nobody",
        "φ cannot be asked about a stack of no drifts, as it is when no site trains in a step",
        values.nobody,
    ),
)
"""What proves nothing wrong; instead of the claim stands what is said if it is broken."""

CLAIMED = {"lipschitz", "eikonal", "lowest", "reach"}
"""What is asked only if a safe function claims it, or has written it."""

PROPERTIES: dict[str, Property] = {p.name: p for p in ALL}
"""By name.  With an early one broken, a later one may be broken only as its consequence."""

BASIC = {"finite", "precise", "batched", "pure", "memory", "tireless"}
"""With one of these broken, other numbers mean nothing."""
