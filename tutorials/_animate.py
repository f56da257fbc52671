"""`python tutorials/_animate.py`: draw images/fgm.gif anew, one round of FGM, from the log of a walk.

The same walk as in tutorial 08, so the same numbers.  A frame is a step; a step in which a subround ends is two:
before the poll, and after.  The same seed gives the same bytes on one machine.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from PIL import Image

from fgm_ref.files import atomic
from fgm_ref.transport.messages import KINDS
from fgm_ref.tutorials.walks import walk, wander
from fgm_ref.view import plots

TARGET = Path(__file__).resolve().parent / "images" / "fgm.gif"
K, R = 4, 1.0
INCHES, DPI, COLOURS = (6.6, 3.9), 88, 64
MOVING, TOLD, HELD, LAST = 100, 400, 1400, 3000  # milliseconds
LOOKS, SIGNS = ("o", "s", "^", "D"), "●■▲◆"  # a marker for each site, for readers in grey


class Frame(NamedTuple):
    """What is known at some moment of the round, and what is said about it."""

    step: int
    bound: tuple  # (steps, shares) of the coordinator's bound so far
    theta: float
    told: np.ndarray  # quanta of each site (K,)
    subround: int
    text: str
    time: int
    ended: bool = False


def recorded():
    """The run whose first round is shown."""
    return walk("fgm", wander(K, 120, seed=29, length=0.08, common=0.15), R)[0]


def frames(result):
    """The moments of round 1, in their order, from the run's log."""
    inside = result.events[result.events["round"] == 1]
    theta, told, subround, psi = R / 2, np.zeros(K, int), 1, -K * R
    bound = [(0, share(psi, told, theta))]
    shown = [Frame(0, tuple(bound), theta, told, subround, "A round starts: all sites hold the same model.", HELD)]
    for step in range(1, int(inside["step"].max()) + 1):
        told, before, text, time = told.copy(), told.sum(), "The sites train; nobody speaks.", MOVING
        for event in inside[inside["step"] == step]:
            match KINDS[event["kind"]].name:
                case "INCREMENT":
                    told[event["site"]] += int(event["number"])
                    text, time = f"{told.sum() - before} more: c = {told.sum()}.", TOLD
                case "PHI":
                    text = f"c = {told.sum()} > {K}: the coordinator polls every φ."
                    shown.append(Frame(step, line(bound, step, psi, told, theta), theta, told, subround, text, HELD))
                case "QUANTUM":
                    theta, psi, told, subround = float(event["number"]), float(event["value"]), 0 * told, subround + 1
                    text, time = f"{-100 * psi / (K * R):.0f} % of the slack is left: smaller quanta.", HELD
        shown.append(Frame(step, line(bound, step, psi, told, theta), theta, told, subround, text, time))
    done = "The slack is used up: the mean is the new model."
    return [*shown[:-1], shown[-1]._replace(text=done, time=LAST, ended=True)]


def share(psi, told, theta):
    """The coordinator's bound ψ + (c + k)θ, as a share of the slack used up."""
    return 1 + (psi + (min(told.sum(), K) + K) * theta) / (K * R)


def line(bound, step, psi, told, theta):
    """The bound so far, with its new value added."""
    bound.append((step, share(psi, told, theta)))
    return tuple(bound)


def draw(result, frame):
    """One frame as a picture."""
    figure = Figure(figsize=INCHES, dpi=DPI)
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1), height_ratios=(1, 0.62), left=0.02, right=0.985, top=0.86,
                               bottom=0.13, wspace=0.2, hspace=0.62)  # fmt: skip
    draw_drifts(figure.add_subplot(grid[:, 0]), result, frame)
    draw_stack(figure.add_subplot(grid[0, 1]), result, frame)
    draw_counters(figure.add_subplot(grid[1, 1]), frame)
    figure.text(0.02, 0.945, f"FGM, step {frame.step}, subround {frame.subround}", fontsize=10, weight="bold")
    figure.text(0.36, 0.945, frame.text, fontsize=9.5)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def draw_drifts(ax, result, frame):
    """The drifts in the plane, with their last steps behind them, and their mean."""
    path = np.concatenate([np.zeros((1, K, 2)), result.series["X"][: frame.step]])
    mean = path[-1].mean(axis=0)
    for site, marker in enumerate(LOOKS):
        ax.plot(*path[-12:, site].T, color=plots.GREY, linewidth=0.9)
        ax.plot(*path[-1, site], marker, color=plots.SKY, markeredgecolor="black", markersize=8)
    ax.plot(*mean, "*", color=plots.VERMILLION, markersize=13)
    ax.add_patch(Circle((0, 0), R, fill=False, linestyle="--"))
    ax.plot(0, 0, "+", color="black")
    if frame.ended:
        ax.add_patch(Circle(mean, R, fill=False, color=plots.GREEN, linewidth=2))
    ax.set(xlim=(-1.35, 1.6), ylim=(-1.5, 1.35), xticks=[], yticks=[], aspect="equal")
    ax.set_xlabel("drifts of 4 sites; star: their mean; circle: φ = 0", fontsize=9)


def draw_stack(ax, result, frame):
    """φ of all sites, stacked, below the coordinator's bound."""
    used = np.vstack([np.zeros(K), (result.series["phi"][: frame.step] + R) / (K * R)])
    if frame.step:
        ax.stackplot(range(frame.step + 1), used.T, colors=plots.site_colors(K), edgecolor="white", linewidth=0.3)
    ax.plot(*zip(*frame.bound, strict=True), color=plots.VERMILLION, drawstyle="steps-post", linewidth=1.5)
    ax.axhline(1, color="black", linestyle="--", linewidth=1)
    ax.set(xlim=(0, int(result.events["step"][result.events["round"] == 1].max())), ylim=(0, 1.15), yticks=(0, 0.5, 1))
    ax.set_yticklabels(["0", "50 %", "100 %"], fontsize=8)
    ax.tick_params(axis="x", labelsize=8)
    ax.set_title("slack used (red: what the coordinator knows)", fontsize=9, x=0.44)


def draw_counters(ax, frame):
    """A block for each quantum that a site has told of, and how large a quantum is now, against the first one."""
    for site, (told, sign) in enumerate(zip(frame.told, SIGNS, strict=True)):
        for n in range(told):
            ax.bar(site, 0.9, bottom=n, width=0.6, color=plots.site_colors(K)[site], edgecolor="black", linewidth=0.8)
        ax.text(site, -0.3, f"{sign} {told}", ha="center", va="top", fontsize=9)
    ax.bar(-1, K * frame.theta / (R / 2), width=0.4, color=plots.VERMILLION)
    ax.text(-1, -0.3, "θ", ha="center", va="top", fontsize=9)
    ax.set(xlim=(-1.5, K - 0.5), ylim=(0, K + 1.5), xticks=[], yticks=[])
    ax.set_title(f"c = {frame.told.sum()} quanta told, θ = {frame.theta:.3f}", fontsize=9)


def flat(picture, palette=None):
    """With few colours, the same for all frames, so that what stands still costs nothing."""
    return picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, palette=palette, dither=Image.Dither.NONE)


def main():
    """Draw everything and write the file, whole or not at all."""
    result = recorded()
    shown = frames(result)
    pictures = [draw(result, frame) for frame in shown]
    palette = flat(pictures[-1])
    first, *others = (flat(picture, palette) for picture in pictures)
    with atomic(TARGET) as part:
        first.save(part, format="GIF", save_all=True, append_images=others, duration=[f.time for f in shown], loop=0)
    print(f"{TARGET.stat().st_size / 1000:.0f} kB, {len(shown)} frames  {TARGET.name}")


if __name__ == "__main__":
    main()
