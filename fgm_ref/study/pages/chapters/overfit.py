"""Small sets are learnt by heart: the loss at the step that the validation part picks, beside the final one."""

from collections.abc import Sequence

import numpy as np

from fgm_ref.study.numbers.curves import curve
from fgm_ref.study.numbers.kits import BARE, Entrant, runs_of
from fgm_ref.study.numbers.paired import difference
from fgm_ref.study.numbers.picks import fair, stopping_step
from fgm_ref.study.numbers.rows import Row, Rows, mean, values, where, with_column
from fgm_ref.study.numbers.words import told_difference
from fgm_ref.study.pages.chapter import Table

SMALL = ("watch", "amazon_snippets")
PROTOCOLS = ("periodic:b=1", "periodic:b=13", "fgm", "gm", "central", "local")
THRESHOLD = 0.08
AT = "loss at the picked step"


def tables(rates: Rows, fewest: Rows) -> list[Table]:
    """One line for each of the small sets and protocols."""
    body = [
        line
        for dataset in values(fewest, "dataset")
        if dataset in SMALL
        for protocol in PROTOCOLS
        for line in stopped(rates, fewest, dataset, protocol)
    ]
    if not body:
        return []
    about = (
        "Where sets are small enough to overfit: the evaluation with the lowest loss on the validation part (mean "
        f"over the seeds of the runs that choose the rates), and the test loss there and at the end; T = {THRESHOLD:g}:"
    )
    header = [
        "data set",
        "protocol",
        "picked step",
        "of",
        "test loss there",
        "final test loss",
        "there − final",
    ]
    return [Table(about, header, body)]


def stopped(rates: Rows, fewest: Rows, dataset: str, protocol: str) -> list[list[str]]:
    """A line, or none if there are no runs at the tuned rate."""
    tested = threshold_of(runs_of(fewest, dataset, Entrant(protocol, BARE)))
    if not tested:
        return []
    rate = tested[0]["lr"]
    chosen = where(fair(rates, dataset), protocol=protocol, server="mean", lr=rate)
    chosen = threshold_of(chosen)
    if not chosen:
        return []
    step = stopping_step(chosen)
    there = with_column(tested, "loss", lambda row: at(row, step))
    steps = tested[0]["steps"]
    last = len(curve(tested[0], "loss")) - 1
    return [
        [
            dataset,
            protocol,
            f"{steps * step / last:.0f}",
            str(steps),
            f"{mean(there, 'loss'):.3f}",
            f"{mean(tested, 'loss'):.3f}",
            told_difference(difference(there, tested).plain),
        ]
    ]


def threshold_of(rows: Sequence[Row]) -> list[Row]:
    """Those with the one threshold, if there are several."""
    found = where(rows, threshold=THRESHOLD)
    return found or list(rows)


def at(row: Row, step: int) -> float:
    """The loss at an evaluation."""
    found = curve(row, "loss")
    return float(found[step]) if step < len(found) else float(np.nan)
