"""Vanishing gradients: does it matter to the protocol that an RNN's gradient does not reach far back?"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fgm_ref.arrays import Array
from fgm_ref.datasets import load
from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.compare import Comparison, pooled
from fgm_ref.study.numbers.paired import level, log_ratio
from fgm_ref.study.numbers.rows import Row, Rows, mean, settings_of, where, with_column
from fgm_ref.study.numbers.words import listed, told, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import BLUE, SKY, VERMILLION

LOOKS = {
    ("lstm", "h"): (BLUE, "-", "o"),
    ("lstm", "c"): (SKY, ":", "s"),
    ("rnn", "h"): (VERMILLION, "--", "^"),
}
LABELS = {
    ("lstm", "h"): "LSTM, output h",
    ("lstm", "c"): "LSTM, cell state c",
    ("rnn", "h"): "RNN, output h",
}
COMPARED = ("gradient_reach", "relative_drift", "relative_step_norm", "rounds", "bytes", "loss")
CAPTION = (
    "Length of the gradient of the loss at the state so many steps before "
    "the end, by its length at the last output; after training, means over the seeds."
)
NOTE = (
    "Reach: share of the gradient at the last output that is left at the first step, at the end of "
    "training. Step: mean length of one site's training step, in units of ‖E‖. Drift: mean ‖w_i − E‖ when "
    "nothing is pending, in the same units."
)


@dataclass(frozen=True)
class Case:
    """LSTM and RNN on one data set at the same rate and clipping."""

    rows: Rows
    number: int  # which resamples it gets

    @property
    def dataset(self) -> str:
        """The data set."""
        return str(self.rows[0]["dataset"])

    @property
    def training(self) -> str:
        """Rate and clipping."""
        lr, clip = self.rows[0]["lr"], self.rows[0]["clip"]
        return f"lr {lr:g}, clip {clip:g}" if clip else f"lr {lr:g}"

    def of(self, cell: str) -> Rows:
        """The runs of one cell."""
        return where(self.rows, cell=cell)

    @property
    def both(self) -> bool:
        """Whether the two can be compared."""
        return bool(self.of("lstm") and self.of("rnn"))

    def rnn_by_lstm(self, name: str) -> Comparison:
        """The RNN's by the LSTM's."""
        return log_ratio(self.of("rnn"), self.of("lstm"), name, self.number)

    @property
    def vanishes(self) -> bool:
        """Whether the RNN's gradient clearly vanishes faster."""
        return self.rnn_by_lstm("gradient_reach").estimate.high < 1


def cases_of(rows: Rows) -> Iterator[Case]:
    """One for each data set and way of training, the same rate and clipping for both cells."""
    rows = with_column(rows, "clip", lambda row: row["clip"] or 0)
    for number, wanted in enumerate(settings_of(rows, "dataset", "lr", "clip")):
        yield Case(where(rows, **wanted), number)


def relative_drift(row: Row) -> float:
    """The drift in units of ‖E‖; the two lengths of a step tell how long E was, on average."""
    return float(row["drift"] * row["relative_step_norm"] / row["step_norm"])


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    rows = with_column(rows, "relative_drift", relative_drift)
    cases = list(cases_of(rows))
    return Chapter(
        "Vanishing gradients, drifts and rounds",
        findings([case for case in cases if case.both]),
        [Picture("gradients", figure(first_of_each(cases)), CAPTION)],
        [table(cases)],
        notes=[NOTE],
    )


def first_of_each(cases: list[Case]) -> list[Case]:
    """The first way of training of each data set."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(case.dataset, case)
    return list(first.values())


def findings(cases: list[Case]) -> list[str]:
    """Does it reach less far, and are there fewer rounds, or more?"""
    if not cases:
        return []
    reach, rounds, moves, loss = (
        pooled([case.rnn_by_lstm(name) for case in cases])[0].estimate
        for name in ("gradient_reach", "rounds", "relative_step_norm", "loss")
    )
    word = verdict(reach, "it vanishes faster", "it vanishes more slowly", "no clear difference")
    vanishing = [case for case in cases if case.vanishes]
    return [
        f"What is left of the gradient at the first step is, for the RNN, {told(reach)} times what it is for the LSTM "
        f"at the same rate and clipping, pooled over {len(cases)} cases: {word}.",
        f"Its rounds are {told(rounds)} times the LSTM's ({split(cases)}), its training steps, by ‖E‖, "
        f"{told(moves)} times as long, its final losses {told(loss)} times the LSTM's.",
        conclusion(vanishing),
    ]


def split(cases: list[Case]) -> str:
    """In how many cases there are clearly fewer rounds, and in how many more."""
    found = [case.rnn_by_lstm("rounds").estimate for case in cases]
    fewer = sum(e.high < 1 for e in found)
    more = sum(e.low > 1 for e in found)
    return f"clearly fewer in {fewer}, clearly more in {more} of {len(found)} cases"


def conclusion(cases: list[Case]) -> str:
    """From cases in which the RNN's gradient vanishes faster: a rule only if all that say something say the same."""
    named: dict[str, list[str]] = {"fewer": [], "more": [], "": []}
    for case in cases:
        word = verdict(case.rnn_by_lstm("rounds").estimate, "fewer", "more", "")
        named[word].append(f"{case.dataset} ({case.training})")
    if named["fewer"] and named["more"]:
        return f"There is no rule in it: fewer rounds on {listed(named['fewer'])}, more on {listed(named['more'])}."
    word = "fewer" if named["fewer"] else "more"
    if not named[word]:
        return "That a vanishing gradient makes fewer or more rounds cannot be seen here."
    return (
        f"Where its gradient vanishes faster the RNN has {word} rounds on {listed(named[word])}; whether the one "
        "causes the other these runs do not tell."
    )


def table(cases: list[Case]) -> Table:
    """One line per data set, way of training and cell, and one for the two of them."""
    body = []
    for case in cases:
        body += [line(case, cell) for cell in ("lstm", "rnn") if case.of(cell)]
        if case.both:
            compared = [told(case.rnn_by_lstm(name).estimate) for name in COMPARED]
            body.append([case.dataset, case.training, "RNN / LSTM", *compared, ""])
    header = [
        "data set",
        "training",
        "cell",
        "reach",
        "drift",
        "step",
        "rounds",
        "MB",
        "loss",
        "loss, trivial model",
    ]
    return Table(
        "Gradient reach, drifts and rounds of FGM at the same threshold:", header, body, keys=3
    )


def line(case: Case, cell: str) -> list[str]:
    """The numbers of one cell."""
    rows = case.of(cell)
    return [
        case.dataset,
        case.training,
        cell.upper(),
        f"{mean(rows, 'gradient_reach'):.1e}",
        f"{mean(rows, 'relative_drift'):.4f}",
        f"{mean(rows, 'relative_step_norm'):.4f}",
        told(level(rows, "rounds")),
        words.megabytes(mean(rows, "bytes")),
        f"{mean(rows, 'loss'):.3f}",
        f"{load(case.dataset).baseline.loss:.3f}",
    ]


def by_lag(rows: Rows, state: str, when: str = "end") -> Array:
    """Gradient norm by lag, by that at the last output: the geometric mean over the seeds.  Empty if there is none."""
    found = [json.loads(row["lag_norms"])[when] for row in rows]
    if not found or any(state not in norms for norms in found):
        return np.empty(0)
    last_output = np.array([[norms["h"][0]] for norms in found])
    relative = np.array([norms[state] for norms in found]) / last_output
    with np.errstate(divide="ignore"):  # nobody but h reads the last cell state: its gradient is 0
        logs = np.log(relative)
    return np.asarray(np.exp(logs.mean(axis=0)))


def figure(cases: list[Case]) -> Figure:
    """One panel for each data set."""
    figure, axes = figures.panels(len(cases) + 1, columns=2, height=3.8)
    for ax, case in zip(axes, cases, strict=False):
        for cell, state in LOOKS:
            draw(ax, cell, state, by_lag(case.of(cell), state))
        ax.set_yscale("log")
        figures.titles(ax, f"{case.dataset}, {case.training}", "steps back", "gradient, relative")
    if cases:
        figures.legend_panel(axes[len(cases)], axes[0])
    return figure


def draw(ax: Axes, cell: str, state: str, norms: Array) -> None:
    """One line by lag; none if there are no norms."""
    if not len(norms):
        return
    color, linestyle, marker = LOOKS[cell, state]
    ax.plot(
        np.where(norms > 0, norms, np.nan),
        color=color,
        linestyle=linestyle,
        marker=marker,
        markersize=7,
        linewidth=2,
        markevery=max(1, len(norms) // 6),
        label=LABELS[cell, state],
    )
