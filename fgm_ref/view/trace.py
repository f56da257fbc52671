"""The transcript of a round: every message, and the number that caused it, from the run's own log."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fgm_ref.simulation.observer import VERDICTS
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport.ledger import EVERYBODY
from fgm_ref.transport.messages import KINDS, UP, WHOLE

HEAD = f"{'step':>5}  {'round':>7}  {'from → to':<26} {'message':<18} {'payload':>12}  because"


def transcript(result: RunResult, number: int) -> Iterator[str]:
    """The lines of round `number` (1 is the first).  `ValueError` if the run has no such round."""
    events = result.events[result.events["round"] == number]
    if len(events) == 0:
        last = int(result.events["round"].max(initial=0))
        raise ValueError(
            f"trace: expected a round from 1 to {last} of {result.config.protocol}, got {number}"
        )
    yield f"Round {number} of {result.config.protocol}, {result.config.sites} sites"
    yield HEAD
    for event, following in zip(events, [*events[1:], None], strict=True):
        yield line(event)
        if following is None or following["step"] > event["step"]:
            yield from judgement(result, int(event["step"]))
    size = int((events["copies"] * events["size"]).sum())
    yield f"{'':5}  {int(events['copies'].sum())} messages, {size:,} bytes"


def judgement(result: RunResult, step: int) -> Iterator[str]:
    """What a checked run's step amounted to, if anybody reacted."""
    verdict = VERDICTS[int(result.series["verdict"][step - 1])] if step else ""
    if verdict:
        outside = float(result.series["overshoot"][step - 1])
        where = f"{outside:.3g} outside" if outside else "inside"
        yield f"{step:>5}  {'':>7}  a {verdict} violation: S was {where}"


def line(event: Any) -> str:
    """One event in words."""
    kind = KINDS[event["kind"]]
    site = f"all {event['copies']} sites" if event["site"] == EVERYBODY else f"site {event['site']}"
    ends = f"{site} → coordinator" if kind.direction == UP else f"coordinator → {site}"
    many = f"{event['copies']}×" if event["copies"] > 1 else ""
    shown = "" if np.isnan(event["number"]) else f" {event['number']:.4g}"
    because = f"{event['reason']} = {event['value']:.4g}" if event["reason"] else ""
    block = "" if event["block"] == WHOLE else f"b{event['block']} "
    tag = f"{block}{event['round']}.{event['subround']}"
    size = f"{many}{event['size']:,} B"
    return f"{event['step']:>5}  {tag:>7}  {ends:<26} {kind.name + shown:<18} {size:>12}  {because}".rstrip()
