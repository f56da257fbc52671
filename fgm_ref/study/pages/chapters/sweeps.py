"""The thesis's three sweeps: threshold, batch size, number of sites; ratios of GM's to FGM's bytes along each."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.rows import Rows, mean
from fgm_ref.study.numbers.sweeps import FGM1, FGM2, GM1, GM2, PLAIN, Kind, Sweep, Sweeps
from fgm_ref.study.numbers.words import ratio, short
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import GREEN, Style, style

LOOKS = {
    GM1: style(GM1.protocol),
    GM2: style(GM2.protocol),
    PLAIN: style(PLAIN.protocol),
    FGM1: style(FGM1.protocol),
    FGM2: Style(GREEN, ":", "X"),  # the same protocol as FGM1
}
"""In the order of the tables."""
PAIRS = ((GM1, FGM1), (GM2, FGM2), (PLAIN, FGM1))
CAPTION = (
    "Payload bytes (above) and rounds (below) along the three sweeps, means over the seeds, all axes logarithmic; "
    "one random site trains at a time. Lines of GM are orange or purple, of FGM green."
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
    ranges = [along_the_sweeps(sweeps, GM1, FGM1), along_the_sweeps(sweeps, GM2, FGM2)]
    told = "; ".join(text for text in ranges if text)
    finding = f"Bytes of GM *with balancing* by those of FGM, along the sweeps: {told}."
    plain = values_of(sweeps.sites.ratio(PLAIN, FGM1))
    balanced = values_of(sweeps.sites.ratio(GM1, PLAIN))
    if plain:
        finding += (
            f" Along the numbers of sites plain GM ships {span(plain)} times FGM's "
            f"bytes, and GM with balancing {span(balanced)} times plain GM's."
        )
    return [finding]


def along_the_sweeps(sweeps: Sweeps, a: Kind, b: Kind) -> str:
    """Between which ratios a's bytes by b's lie; nothing where nobody spoke."""
    found = []
    for sweep in (sweeps.absolute, sweeps.cap, sweeps.batch, sweeps.sites):
        if spoken(sweep, b):
            found += values_of(sweep.ratio(a, b))
    return f"{a.name} by {b.name} {span(found)}" if found else ""


def values_of(comparisons: list[Comparison]) -> list[float]:
    """The ratios that there are."""
    return [c.estimate.value for c in comparisons if c.n]


def span(found: list[float]) -> str:
    """From the smallest to the largest."""
    return f"{short(min(found))} to {short(max(found))}"


def spoken(sweep: Sweep, kind: Kind) -> bool:
    """Whether anybody spoke at all."""
    return bool(sweep.numbers(kind, "rounds").sum())


def table(name: str, sweep: Sweep) -> Table:
    """One line for each protocol, and the ratios."""
    body: list[Sequence[str]] = []
    for kind in LOOKS:
        if sweep.of(kind):
            body.append([f"`{kind.name}`", *padded(sweep, kind, cells(sweep, kind))])
    for a, b in PAIRS:
        ratios = [ratio(c.estimate) for c in sweep.ratio(a, b)]
        if ratios:
            body.append([f"{a.name} / {b.name}", *padded(sweep, a, ratios)])
    seeds = len(sweep.seeds)
    baseline = mean(sweep.rows, "baseline_score")
    return Table(
        f"**{name}**: MB / rounds / accuracy (without input: {baseline:.3f}; {seeds} seeds at most), "
        "and ratios of bytes:",
        ["", *(f"{value:g}" for value in sweep.settings)],
        body,
    )


def cells(sweep: Sweep, kind: Kind) -> list[str]:
    """MB / rounds / accuracy of one protocol at each of its settings, means over the seeds."""
    megabytes = np.nanmean(sweep.numbers(kind, "bytes"), axis=1) * 1e-6
    rounds = np.nanmean(sweep.numbers(kind, "rounds"), axis=1)
    score = np.nanmean(sweep.numbers(kind, "score"), axis=1)
    columns = zip(megabytes, rounds, score, strict=True)
    return [" / ".join(map(_number, numbers)) for numbers in columns]


def padded(sweep: Sweep, kind: Kind, cells: Sequence[str]) -> list[str]:
    """Cells at the settings that this protocol was run with; empty ones at the others."""
    given = dict(zip(sweep.own_settings(kind), cells, strict=True))
    return [given.get(value, "") for value in sweep.settings]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def drawn(sweeps: Sweeps) -> Figure:
    """Bytes above, rounds below."""
    shown = {"threshold (cap)": sweeps.cap, "batch size": sweeps.batch, "sites": sweeps.sites}
    shown = {name: sweep for name, sweep in shown.items() if sweep.rows}
    columns = len(shown)
    figure, axes = figures.panels(2 * columns, columns=columns, height=3.2)
    above, below = axes[:columns], axes[columns:]
    for ax, (name, sweep) in zip(above, shown.items(), strict=True):
        lines(ax, sweep, "bytes", unit=1e6)
        figures.titles(ax, title=name)
    for ax, (name, sweep) in zip(below, shown.items(), strict=True):
        lines(ax, sweep, "rounds", unit=1)
        figures.titles(ax, x=name)
    if shown:
        above[0].set_ylabel("MB", fontsize=figures.SMALL)
        below[0].set_ylabel("rounds", fontsize=figures.SMALL)
    figures.legend_below(figure, above[-1], columns=5)
    return figure


def lines(ax: Axes, sweep: Sweep, what: str, unit: float) -> None:
    """A number along the sweep, a line for each protocol; 0 has no place on the axis."""
    for kind, look in LOOKS.items():
        if not sweep.of(kind):
            continue
        y = np.nanmean(sweep.numbers(kind, what), axis=1) / unit
        ax.plot(
            sweep.own_settings(kind),
            np.where(y > 0, y, np.nan),
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markersize=8,
            linewidth=2,
            label=kind.name,
        )
    ax.set_xscale("log")
    ax.set_xticks(sweep.settings, [f"{value:g}" for value in sweep.settings])
    ax.minorticks_off()
    figures.plain_log(ax, "y")
