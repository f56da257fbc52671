"""The transcript of a round: every message, and the number that caused it, from the run's own log."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from fgm_ref.simulation.observer import VERDICTS
from fgm_ref.simulation.result import RunResult
from fgm_ref.transport import messages
from fgm_ref.transport.ledger import EVERYBODY
from fgm_ref.transport.messages import UP, WHOLE, Kind

HEAD = f"{'step':>5}  {'round':>7}  {'from → to':<26} {'message':<18} {'payload':>12}  because"


def transcript(result: RunResult, number: int) -> Iterator[str]:
    """The lines of round `number` (1 is the first).  `ValueError` if the run has no such round."""
    events = result.events[result.events["round"] == number]
    if len(events) == 0:
        last = int(result.events["round"].max(initial=0))
        raise ValueError(
            f"trace: expected a round from 1 to {last} of {result.config.protocol}, got {number}"
        )
    protocol, sites = result.config.protocol, f"{result.config.sites} sites"
    yield ", ".join([f"Round {number} of {protocol}", sites, *result.config.besides])
    yield HEAD
    for event, following in zip(events, [*events[1:], None], strict=True):
        yield line(event)
        if following is None or following["step"] > event["step"]:
            yield from judgement(result, int(event["step"]))
    count = int(events["copies"].sum())
    size = int((events["copies"] * events["size"]).sum())
    yield f"{'':5}  {count} messages, {size:,} bytes"


def judgement(result: RunResult, step: int) -> Iterator[str]:
    """What a checked run's step amounted to, if anybody reacted."""
    verdict = VERDICTS[int(result.series["verdict"][step - 1])] if step else ""
    if verdict:
        outside = float(result.series["overshoot"][step - 1])
        where = f"{outside:.3g} outside" if outside else "inside"
        yield f"{step:>5}  {'':>7}  a {verdict} violation: S was {where}"


def line(event: Any) -> str:
    """One event in words."""
    kind = messages.KINDS[event["kind"]]
    message = kind.name
    if not np.isnan(event["number"]):
        message += f" {event['number']:.4g}"
    because = ""
    if event["reason"]:
        because = f"{event['reason']} = {event['value']:.4g}"
    text = (
        f"{event['step']:>5}  {tag(event):>7}  {ends(event, kind):<26} "
        f"{message:<18} {payload(event):>12}  {because}"
    )
    return text.rstrip()


def tag(event: Any) -> str:
    """Round and subround, after the block if it is about one."""
    numbers = f"{event['round']}.{event['subround']}"
    if event["block"] == WHOLE:
        return numbers
    return f"b{event['block']} {numbers}"


def ends(event: Any, kind: Kind) -> str:
    """Who sends it, and who gets it."""
    site = f"site {event['site']}"
    if event["site"] == EVERYBODY:
        site = f"all {event['copies']} sites"
    if kind.direction == UP:
        return f"{site} → coordinator"
    return f"coordinator → {site}"


def payload(event: Any) -> str:
    """How many messages, and how much each weighs."""
    size = f"{event['size']:,} B"
    return f"{event['copies']}×{size}" if event["copies"] > 1 else size
