"""What the benchmarks of whole simulations share: how fast one steps, and how numbers are told and filed."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from fgm_ref.files import atomic
from fgm_ref.simulation.simulate import Simulation

Row = tuple[str, str, float, str]  # section, what, value, unit


def steps_per_second(sim: Simulation, seconds: float, turns: int = 3) -> float:
    """The fastest of some turns: what the machine can do when nobody disturbs it."""
    sim.step()
    best = 0.0
    for _ in range(turns):
        count, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds / turns or not count:
            sim.step()
            count += 1
        best = max(best, count / elapsed)
    return best


def sections(rows: Iterable[Row]) -> list[str]:
    """Lines of Markdown, a table for each section."""
    text: list[str] = []
    last = ""
    for section, what, value, unit in rows:
        if section != last:
            text += [
                "",
                f"## {section[0].upper()}{section[1:]}",
                "",
                "| what | value | unit |",
                "| --- | ---: | --- |",
            ]
            last = section
        shown = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
        text.append(f"| {what} | {shown} | {unit} |")
    return text


def file_rows(out: Path, name: str, rows: Sequence[Row], page: str) -> None:
    """Write `<name>.csv` with the rows and `<name>.md` with the page."""
    with atomic(out / f"{name}.csv") as file, file.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerows([("section", "what", "value", "unit"), *rows])
    with atomic(out / f"{name}.md") as file:
        file.write_text(page, encoding="utf-8")
