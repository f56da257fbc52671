"""What changes while the sites train, and nobody in the protocol is told.

    swap=A/B@SHARE       after that share of the steps the labels of the classes numbered A and B are swapped
    reverse@SHARE        regression: the target changes its sign
    join=SITE@SHARE      a site is absent until then (see `faults.py`), and with it the data that only it has
    season               batches come in the order of time instead of shuffled: each site goes through its own
                         samples, and starts again at the end

Several are joined by commas, such as `season,swap=0/3@0.5`; two swaps of the same classes bring the old concept
back.  Training and test part change together, so that every metric is about the present.

For `season`, take as many natural sites as the data have: more of them share one station's year out in pieces, and
then every site lives in another season.  A run sees steps · batch samples of each.

Prequential loss (`series["loss"]`) is what regret is made of.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.batches import Batches, InOrder
from fgm_ref.datasets.dataset import Dataset
from fgm_ref.simulation.config import Config

Concept = Callable[[Array], Array]
"""New targets from old ones."""

FORMS = "season, swap=A/B@SHARE, reverse@SHARE or join=SITE@SHARE"


class World:
    """The data as they are at each step of a run, and the order in which they come.

    Raises `ValueError` for a change that these data do not allow.
    """

    def __init__(self, config: Config, data: Dataset):
        self.config = config
        self.ordered = False
        self.joins: dict[int, int] = {}  # site -> its first step
        self._periods = [(0, data)]  # (first step, the data from then on), the latest last
        for change in filter(None, config.change.split(",")):
            self._plan(change, data)

    def at(self, step: int) -> Dataset:
        """The data in a step (1, 2, ...)."""
        return next(data for first, data in reversed(self._periods) if first <= step)

    def batches(
        self, parts: Sequence[Array], size: int, rngs: Sequence[np.random.Generator]
    ) -> Batches:
        """The sites' mini-batches: shuffled, or in order."""
        return InOrder(parts, size, rngs) if self.ordered else Batches(parts, size, rngs)

    @property
    def absences(self) -> dict[int, tuple[int, int]]:
        """Who joins later: a site's (first, last) step away."""
        return {site: (1, first - 1) for site, first in self.joins.items()}

    def _plan(self, change: str, data: Dataset) -> None:
        what, _, share = change.partition("@")
        name, _, value = what.partition("=")
        if change == "season":
            self._expect_order(data)
            self.ordered = True
        elif name == "join":
            self.joins[self._site(value, change)] = self._first(share, change)
        elif name == "swap":
            self._turn(self._first(share, change), _swap(value, change, data))
        elif what == "reverse":
            self._expect_regression(data, share)
            self._turn(self._first(share, change), np.negative)
        else:
            raise ValueError(f"change: expected {FORMS}; got {change!r}")

    def _turn(self, first: int, concept: Concept) -> None:
        """From step `first` on, every target is what `concept` makes of it."""
        latest, data = self._periods[-1]
        if first < latest:
            raise ValueError(
                f"change: expected swaps and reversals in the order of time, got {self.config.change!r}"
            )
        changed = replace(data, y_train=concept(data.y_train), y_test=concept(data.y_test))
        self._periods.append((first, changed))

    def _first(self, share: str, change: str) -> int:
        """The first step after that share of them."""
        try:
            value = float(share)
        except ValueError:
            value = np.nan
        if not 0 < value < 1:
            raise ValueError(
                f"change: expected a share of the steps between 0 and 1, such as @0.5; got {change!r}"
            )
        return max(2, round(value * self.config.steps) + 1)

    def _site(self, value: str, change: str) -> int:
        sites = self.config.sites
        if not value.isdecimal() or int(value) >= sites:
            raise ValueError(
                f"change: expected join=SITE@SHARE with sites 0…{sites - 1}, got {change!r}"
            )
        return int(value)

    def _expect_order(self, data: Dataset) -> None:
        if data.site_train is not None and self.config.split != "natural":
            raise ValueError(
                f"change: expected season with a natural split, because the samples of {data.name!r} are "
                f"in the order of time at each of its sites only; got split {self.config.split!r}"
            )

    @staticmethod
    def _expect_regression(data: Dataset, share: str) -> None:
        if data.task != "regression":
            raise ValueError(
                f"change: expected reverse with a regression, got it with the "
                f"{data.task} {data.name!r}; try swap=0/1@{share or 0.5}"
            )


def _swap(value: str, change: str, data: Dataset) -> Concept:
    """Exchange two classes' labels."""
    known = (
        f"classes 0…{len(data.classes) - 1}"
        if data.classes
        else f"classes, which {data.name!r} has not"
    )
    pair = [int(one) for one in value.split("/") if one.isdecimal()]
    if value.count("/") != 1 or len(set(pair)) != 2 or max(pair) >= len(data.classes):
        raise ValueError(f"change: expected swap=A/B@SHARE with {known}; got {change!r}")
    new = np.arange(len(data.classes))
    new[pair] = pair[::-1]
    return lambda y: np.asarray(new[y])
