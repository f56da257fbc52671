"""From four sites to a thousand: how rounds, bytes and loss grow, and what a million would cost if they went on so."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.arrays import Array
from fgm_ref.study.numbers.rows import Rows, grid, mean, values, where
from fgm_ref.study.numbers.stats import LEVEL, RESAMPLES, Estimate, equal_weights, interval, weights
from fgm_ref.study.numbers.words import ratio, short, size
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table

FAR = 1_000_000
CAPTION = (
    "Rounds, payload bytes per site and final test loss against the number of sites, means over the seeds (log "
    "scales; loss: linear). Every site has as much data as it gets when the whole is dealt out, so with more sites "
    "each has less."
)


class Growth(NamedTuple):
    """The exponent p of y ∝ k^p, and y at a million sites if that went on."""

    exponent: Estimate
    far: Estimate


class Scale:
    """One protocol's runs at several numbers of sites."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.sites = values(rows, "sites")

    def numbers(self, name: str) -> Array:
        """(sites, seeds)."""
        return grid(self.rows, "sites", name)

    @cached_property
    def per_site(self) -> Array:
        """Payload bytes for each site, (sites, seeds)."""
        k = np.array(self.sites)[:, None]
        return np.asarray(self.numbers("bytes") / k)

    def growth(self, name: str) -> Growth:
        """A straight line through ln y over ln k, by least squares, for each resample of the seeds."""
        x = np.log(self.sites)
        y = np.log(np.maximum(self.numbers(name), 1))
        n = y.shape[1]
        w = np.vstack([equal_weights(n), weights(n, RESAMPLES, 0)])
        # ln y = p ln k + c
        p, c = np.polyfit(x, y @ w.T, 1)
        far = np.exp(p * np.log(FAR) + c)
        return Growth(_estimate(p, n), _estimate(far, n))

    @property
    def shown(self) -> dict[str, Array]:
        """What is told of it, (sites, seeds) each."""
        return {
            "rounds": self.numbers("rounds"),
            "MB per site": self.per_site / 1e6,
            "final loss": self.numbers("loss"),
        }


def _estimate(found: Array, n: int) -> Estimate:
    """The first is the value, the others are its resamples."""
    return Estimate(float(found[0]), *interval(found[1:], LEVEL), n)


def chapter(rows: Rows) -> Chapter:
    """Growth with the number of sites."""
    protocols = values(rows, "protocol")
    scales = {protocol: Scale(where(rows, protocol=protocol)) for protocol in protocols}
    most = values(rows, "sites")[-1]
    return Chapter(
        f"Scale: from 4 to {most:,} sites",
        findings(scales),
        [Picture("scale", drawn(scales), CAPTION)],
        [measured(scales, rows), fitted(scales)],
    )


def findings(scales: dict[str, Scale]) -> list[str]:
    """How the gap between the protocols moves."""
    gm, fgm = scales["gm"], scales["fgm"]
    logs = np.log(fgm.numbers("bytes")) - np.log(gm.numbers("bytes"))
    quotients = np.exp(logs.mean(axis=1))
    first, last = quotients[0], quotients[-1]
    gm_power = gm.growth("rounds").exponent.value
    fgm_power = fgm.growth("rounds").exponent.value
    gm_far = gm.growth("bytes").far.value
    fgm_far = fgm.growth("bytes").far.value
    return [
        f"With k sites GM's rounds grow as k^{short(gm_power)} and FGM's as k^{short(fgm_power)}; FGM's bytes "
        f"are {short(first)} times GM's at {gm.sites[0]} sites and {short(last)} times at {gm.sites[-1]:,}.",
        f"At a million sites, if the fit held so far out, a run of {fgm.rows[0]['steps']} steps would ship "
        f"{size(gm_far)} by GM and {size(fgm_far)} by FGM.",
    ]


def measured(scales: dict[str, Scale], rows: Rows) -> Table:
    """What was counted."""
    body = []
    for protocol, scale in scales.items():
        for name, numbers in scale.shown.items():
            means = np.nanmean(numbers, axis=1)
            body.append([f"`{protocol}`", name, *(f"{value:.3g}" for value in means)])
    about = (
        f"Means over {len(values(rows, 'seed'))} seeds; without any input the loss is "
        f"{mean(rows, 'baseline_loss'):.3f}:"
    )
    sites = [f"k = {k:,}" for k in values(rows, "sites")]
    return Table(about, ["", "", *sites], body)


def fitted(scales: dict[str, Scale]) -> Table:
    """Exponents and extrapolation."""
    body = []
    for protocol, scale in scales.items():
        rounds, traffic = scale.growth("rounds"), scale.growth("bytes")
        far = traffic.far
        body.append(
            [
                f"`{protocol}`",
                ratio(rounds.exponent),
                ratio(traffic.exponent),
                f"{size(far.value)} ({size(far.low)} to {size(far.high)})",
            ]
        )
    return Table(
        "Fitted growth y ∝ k^p, and bytes at a million sites if it went on (an extrapolation, not a result; the "
        "interval is that of the fit, not of the assumption):",
        ["", "p, rounds", "p, bytes", "at 1,000,000 sites"],
        body,
    )


def drawn(scales: dict[str, Scale]) -> Figure:
    """Three panels against the number of sites."""
    figure, axes = figures.panels(3, columns=3, height=3.8)
    for protocol, scale in scales.items():
        for ax, numbers in zip(axes, scale.shown.values(), strict=True):
            means = np.nanmean(numbers, axis=1)
            figures.line(ax, protocol, scale.sites, means.tolist())
    sites = next(iter(scales.values())).sites
    for ax, title in zip(axes, ("rounds", "MB per site", "test loss"), strict=True):
        figures.titles(ax, title, "sites")
        ax.set_xscale("log", base=4)
        ax.set_xticks(sites, [str(k) for k in sites])
    for ax in axes[:2]:
        figures.plain_log(ax, "y", (1, 2, 5))
    figures.legend_below(figure, axes[0], columns=6)
    return figure
