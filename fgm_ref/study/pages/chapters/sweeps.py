"""The thesis's three sweeps: threshold, batch size, number of sites; ratios of GM's to FGM's bytes along each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.rows import Rows, mean, values
from fgm_ref.study.numbers.sweeps import FGM1, FGM2, GM1, GM2, PLAIN, Kind, Sweep, Sweeps
from fgm_ref.study.numbers.words import ratio, short
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import GREEN, ORANGE, PURPLE

LOOKS = {
    GM1: (PURPLE, "--", "^"),
    GM2: (ORANGE, "--", "d"),
    PLAIN: (ORANGE, "-", "D"),
    FGM1: (GREEN, "-", "P"),
    FGM2: (GREEN, ":", "X"),
}
PAIRS = ((GM1, FGM1), (GM2, FGM2), (PLAIN, FGM1))
CAPTION = (
    "Payload bytes (above) and rounds (below) along the three sweeps, means over the seeds, all axes "
    "logarithmic; one "
    "random site trains at a time. Lines of GM are orange or purple, of FGM green."
)


def chapter(rows: Rows) -> Chapter:
    """What the thesis swept."""
    sweeps = Sweeps(rows)
    named = {
        "threshold T, ball, R² = T": sweeps.absolute,
        "threshold T, cap": sweeps.cap,
        "threshold T, ball, R = T·‖E‖": sweeps.ball,
        "batch size, as many samples": sweeps.batch,
        "sites, as many samples in all": sweeps.sites,
        "sites, as many samples each, in lockstep": sweeps.lockstep,
        "threshold T, text, 128 cells": sweeps.text,
    }
    found = {name: sweep for name, sweep in named.items() if sweep.rows}
    return Chapter(
        "The thesis's three sweeps",
        findings(sweeps),
        [Picture("sweeps", drawn(sweeps), CAPTION)],
        [table(name, sweep) for name, sweep in found.items()],
    )


def findings(sweeps: Sweeps) -> list[str]:
    """The ratio that was published, measured anew, and what plain GM has to do with it."""
    ranges = []
    for a, b in ((GM1, FGM1), (GM2, FGM2)):
        found = [
            c.estimate.value
            for sweep in (sweeps.absolute, sweeps.cap, sweeps.batch, sweeps.sites)
            for c in sweep.ratio(a, b)
            if c.n and spoken(sweep, b)
        ]
        if found:
            ranges.append(f"{a.name} by {b.name} {short(min(found))} to {short(max(found))}")
    text = f"Bytes of GM *with balancing* by those of FGM, along the sweeps: {'; '.join(ranges)}."
    plain, balanced = (
        [c.estimate.value for c in sweeps.sites.ratio(*pair) if c.n]
        for pair in ((PLAIN, FGM1), (GM1, PLAIN))
    )
    if plain:
        text += (
            f" Along the numbers of sites plain GM ships {short(min(plain))} to {short(max(plain))} times FGM's "
            f"bytes, and GM with balancing {short(min(balanced))} to {short(max(balanced))} times plain GM's."
        )
    return [text]


def spoken(sweep: Sweep, kind: Kind) -> bool:
    """Whether anybody spoke at all."""
    return bool(sweep.numbers(kind, "rounds").sum())


def table(name: str, sweep: Sweep) -> Table:
    """One line for each protocol, and the ratios."""
    body: list[Sequence[str]] = []
    for kind in LOOKS:
        numbers = [sweep.numbers(kind, what) for what in ("bytes", "rounds", "score")]
        if len(numbers[0]):
            means = np.array([np.nanmean(x, axis=1) for x in numbers]).T * (1e-6, 1, 1)
            cells = [" / ".join(map(_number, each)) for each in means]
            body.append([f"`{kind.name}`", *_padded(sweep, kind, cells)])
    for a, b in PAIRS:
        if found := sweep.ratio(a, b):
            body.append(
                [f"{a.name} / {b.name}", *_padded(sweep, a, [ratio(c.estimate) for c in found])]
            )
    seeds, baseline = values(sweep.rows, "seed"), mean(sweep.rows, "baseline_score")
    return Table(
        f"**{name}**: MB / rounds / accuracy (without input: {baseline:.3f}; {len(seeds)} seeds at most), "
        "and ratios of bytes:",
        ["", *(f"{value:g}" for value in sweep.settings)],
        body,
    )


def _padded(sweep: Sweep, kind: Kind, cells: Sequence[str]) -> list[str]:
    """Cells at the settings that this protocol was run with."""
    own = [row[sweep.by] for row in sweep.rows if (row["protocol"], row["safe"]) == kind]
    given = dict(zip(sorted(set(own)), cells, strict=True))
    return [given.get(value, "") for value in sweep.settings]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def drawn(sweeps: Sweeps) -> Figure:
    """Bytes above, rounds below."""
    shown = {"threshold (cap)": sweeps.cap, "batch size": sweeps.batch, "sites": sweeps.sites}
    shown = {name: sweep for name, sweep in shown.items() if sweep.rows}
    figure, axes = figures.panels(2 * len(shown), columns=len(shown), height=3.2)
    for column, (name, sweep) in enumerate(shown.items()):
        for row, what in enumerate(("bytes", "rounds")):
            ax = axes[row * len(shown) + column]
            _lines(ax, sweep, what)
            figures.titles(
                ax,
                name if not row else "",
                "" if not row else name,
                ("MB" if what == "bytes" else what) if not column else "",
            )
    figures.legend_below(figure, axes[len(shown) - 1], columns=5)
    return figure


def _lines(ax: Axes, sweep: Sweep, what: str) -> None:
    for kind, (color, line, marker) in LOOKS.items():
        numbers = sweep.numbers(kind, what)
        if len(numbers):
            own = sorted(
                {row[sweep.by] for row in sweep.rows if (row["protocol"], row["safe"]) == kind}
            )
            y = np.nanmean(numbers, axis=1) / (1e6 if what == "bytes" else 1)
            ax.plot(
                own,
                np.where(y > 0, y, np.nan),
                color=color,
                linestyle=line,
                marker=marker,
                markersize=8,
                linewidth=2,
                label=kind.name,
            )
    ax.set_xscale("log")
    ax.set_xticks(sweep.settings, [f"{value:g}" for value in sweep.settings])
    ax.minorticks_off()
    figures.plain_log(ax, "y")
