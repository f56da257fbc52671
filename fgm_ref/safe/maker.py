"""The maker that every round starts with: it makes φ from the reference model E."""

from __future__ import annotations

from dataclasses import dataclass

from fgm_ref.arrays import Array, norm
from fgm_ref.safe.function import FAR, Maker, Round, SafeFunction


@dataclass(frozen=True)
class ZoneMaker:
    """Makes the safe function of a round from the round's reference model E.

    Sites and coordinator hold one each and thus agree without a message.  With `relative` the radius is
    R = threshold · ‖E‖, taken anew in every round; else R = threshold.  `blocks` are the layers, if they are known.
    """

    safe: Maker
    threshold: float
    relative: bool = True
    blocks: tuple[slice, ...] = ()

    def __call__(
        self,
        E: Array,
        before: Array | None = None,
        steps: int = 0,
        rounds: int = 1,
        began: int = 0,
    ) -> SafeFunction:
        """The safe function for reference E (D,).

        Sites say as well what the reference of the round `before` was, how many steps that lasted, how many `rounds`
        there have been, and after how many steps of the run this one `began`: a private φ depends on it, or one that
        moves.
        Raises `ValueError` unless φ(0) is a number below 0.
        """
        zone = self.safe(E, self.radius(E))
        if before is None:
            zone.begin(Round(self.blocks, began=began))
        else:
            steps = max(1, steps)
            zone.begin(Round(self.blocks, rounds, steps, (E - before) / steps, began))
        if not -float("inf") < zone.at_zero < 0:
            raise ValueError(
                f"threshold: expected φ(0) < 0, so that a round has some slack; "
                f"got φ(0) = {zone.at_zero:g} with R = {zone.R:g} in {E.dtype}"
            )
        return zone

    def radius(self, E: Array) -> float:
        """R for the reference model E (D,), at most `FAR`."""
        if not self.relative:
            return min(self.threshold, FAR)
        length = float(norm(E))
        if length == 0:
            raise ValueError(
                "threshold: a relative one needs a reference model other than zero, got E = 0; "
                "use an absolute threshold"
            )
        return min(self.threshold * length, FAR)
