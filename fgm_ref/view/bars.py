"""Bars of payload bytes by type of message.  All that the ledger has billed is drawn."""

from collections import Counter
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes

from fgm_ref.simulation.result import RunResult
from fgm_ref.transport import messages
from fgm_ref.view.figure import axis
from fgm_ref.view.labels import labels
from fgm_ref.view.looks import GROUPS, SPARE, Fill

MB = 1e6
OTHER = "other"

Part = tuple[str, str]
"""(direction, group of message): what a part of a bar stands for."""


def bytes_by_type(results: Sequence[RunResult], ax: Axes | None = None) -> Axes:
    """Payload bytes of every run, stacked by message type."""
    ax = axis(ax)
    rows = np.arange(len(results))
    left = np.zeros(len(results))
    bills = [by_part(result) for result in results]
    for part, fill in fills(bills).items():
        widths = np.array([bill[part] for bill in bills]) / MB
        ax.barh(
            rows,
            widths,
            left=left,
            label=": ".join(part),
            color=fill.color,
            hatch=fill.hatch,
            edgecolor="white",
            linewidth=0.3,
        )
        left += widths
    ax.set_yticks(rows, labels(results))
    ax.invert_yaxis()
    ax.set(xlabel="payload, MB", title="Bytes by message type")
    ax.legend(fontsize=8, loc="lower right")
    return ax


def by_part(result: RunResult) -> Counter[Part]:
    """The bytes of every part of a run's bar."""
    group_of = {kind.name: kind.group for kind in messages.KINDS}
    bill: Counter[Part] = Counter()
    for name, row in result.ledger.items():
        bill[row["direction"], group_of.get(name, OTHER)] += row["bytes"]
    return bill


def fills(bills: Sequence[Counter[Part]]) -> dict[Part, Fill]:
    """The parts that weigh anything: those of `GROUPS` in their order, then the others."""
    weighing = {part for bill in bills for part in +bill}
    known = {part: fill for part, fill in GROUPS.items() if part in weighing}
    others = sorted(weighing - set(known))
    return known | dict(zip(others, cycle(SPARE), strict=False))
