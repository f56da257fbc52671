"""Messages that are late or lost, and a site that goes away: what do they cost, and what becomes of the guarantee?"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.paired import difference, level, listed, log_ratio
from fgm_ref.study.numbers.rows import Rows, mean, values, where
from fgm_ref.study.numbers.stats import Estimate
from fgm_ref.study.numbers.words import ratio, short, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table
from fgm_ref.view.plots import GREEN, ORANGE, PURPLE

PROTOCOLS = ("gm", "fgm", "dynamic")
MATTERS = 1.02  # a factor nearer to 1 than this is not worth a word, however sure it is
LOOKS = {"gm": ("D", ORANGE), "fgm": ("P", GREEN), "dynamic": ("^", PURPLE)}


@dataclass(frozen=True)
class Trial:
    """One protocol under one fault, and the same runs without it."""

    protocol: str
    fault: str
    rows: Rows
    clean: Rows

    @property
    def bytes(self) -> Estimate:
        """Bytes by those without the fault."""
        return log_ratio(self.rows, self.clean).estimate

    @property
    def loss(self) -> Estimate:
        """Loss by that without the fault."""
        return log_ratio(self.rows, self.clean, "loss").estimate

    @property
    def apart(self) -> Estimate:
        """Loss minus that without the fault."""
        return difference(self.rows, self.clean).plain

    @property
    def breaches(self) -> float:
        """Share of the steps at whose end the guarantee did not hold."""
        return mean(self.rows, "breaches") / float(self.rows[0]["steps"])

    @property
    def overshoot(self) -> Estimate:
        """The farthest that the state was outside before messages were handled, in units of −φ(0)."""
        relative = [
            {**row, "overshoot": row["overshoot"] / abs(row["mean_phi_zero"])} for row in self.rows
        ]
        return level(relative, "overshoot")


def trials_of(rows: Rows) -> list[Trial]:
    """Every fault that was run besides none, and every protocol that was run without it as well."""
    found = []
    for fault in sorted(values(rows, "faults"), key=order):
        for protocol in PROTOCOLS:
            mine, clean = (
                where(rows, faults=fault, protocol=protocol),
                where(rows, faults="", protocol=protocol),
            )
            if mine and clean:
                found.append(Trial(protocol, fault, mine, clean))
    return found


def order(fault: str) -> tuple[str, float]:
    """Kinds of faults together, the mildest first.

    >>> sorted(["drop=0.1,resend=no", "", "drop=0.01,resend=no"], key=order)
    ['', 'drop=0.01,resend=no', 'drop=0.1,resend=no']
    """
    name, _, value = fault.partition(",")[0].partition("=")
    return name, float(value.partition(":")[0] or 0)


def described(fault: str) -> str:
    """A fault in words.

    >>> [described(fault) for fault in ("", "delay=1", "delay=4", "drop=0.01,resend=no", "absent=3:50-100")]
    ['none', '1 step late', '4 steps late', '1 % lost', 'site 3 away, steps 50–100']
    """
    name, _, value = fault.partition(",")[0].partition("=")
    site, _, span = value.partition(":")
    if name == "delay":
        return f"{value} step{'s' * (value != '1')} late"
    if name == "drop":
        return f"{100 * float(value):g} % lost" + (
            ", sent again" if not fault.endswith("resend=no") else ""
        )
    if name == "absent" and span:
        return f"site {site} away, steps {span.replace('-', '–')}"
    return fault or "none"


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    trials = trials_of(rows)
    return Chapter(
        "Late and lost messages",
        findings([trial for trial in trials if trial.fault]),
        [
            Picture(
                "faults",
                figure([trial for trial in trials if trial.fault]),
                "Bytes (left) and final test loss "
                "(right) by those of the run without faults, with 95 % intervals.",
            ),
        ],
        [table(trials)],
        notes=[
            "What sites send unasked is late or lost, and not sent again; what the coordinator sends, and replies "
            "to it, are repeated until they arrive, and billed each time. Differences of less than "
            f"{100 * (MATTERS - 1):.0f} % are not spoken of. Breaches: share of the steps at whose end the "
            "guarantee did not hold. Overshoot: how far the state was outside before messages were handled, at "
            "most; in units of −φ(0), which is R for gm and fgm and R² for dynamic."
        ],
    )


def findings(trials: list[Trial]) -> list[str]:
    """Bytes, loss and guarantee, protocol by protocol."""
    if not trials:
        return []
    found = {
        protocol: [trial for trial in trials if trial.protocol == protocol]
        for protocol in PROTOCOLS
    }
    return [
        "Bytes under faults: "
        + "; ".join(f"{name} has {spread(of)}" for name, of in found.items() if of)
        + ".",
        "Final loss: "
        + "; ".join(f"{name} {losses(of)}" for name, of in found.items() if of)
        + ".",
        "The guarantee: "
        + "; ".join(f"{name} {guarantee(of)}" for name, of in found.items() if of)
        + ".",
    ]


def spread(trials: list[Trial]) -> str:
    """Where bytes clearly rise or fall."""
    return clearly([(trial.fault, trial.bytes) for trial in trials], "fewer", "more")


def losses(trials: list[Trial]) -> str:
    """Where the loss clearly rises or falls."""
    return clearly([(trial.fault, trial.loss) for trial in trials], "lower", "higher")


def clearly(ratios: list[tuple[str, Estimate]], less: str, more: str) -> str:
    """Those that differ from 1 by something that matters, and by more than chance.

    >>> clearly([("delay=1", Estimate(1.3, 1.2, 1.4, 9)), ("delay=2", Estimate(1.3, 0.9, 1.4, 9))], "fewer", "more")
    'more (1 step late: 1.30 times)'
    """
    ratios = [(fault, e) for fault, e in ratios if abs(np.log(e.value)) > np.log(MATTERS)]
    groups = {
        word: [
            f"{described(fault)}: {short(e.value)} times"
            for fault, e in ratios
            if verdict(e, less, more, "") == word
        ]
        for word in (more, less)
    }
    said = [f"{word} ({', '.join(names)})" for word, names in groups.items() if names]
    return ", ".join(said) or "no difference to speak of"


def guarantee(trials: list[Trial]) -> str:
    """Where it did not hold at the end of some step."""
    broken = [
        f"{described(trial.fault)} in {100 * trial.breaches:.1f} % of the steps"
        for trial in trials
        if trial.breaches > 0
    ]
    return f"misses it with {listed(broken)}" if broken else "keeps it throughout"


def table(trials: list[Trial]) -> Table:
    """One line per fault and protocol."""
    body = []
    for t in trials:
        ours = [ratio(t.bytes), words.difference(t.apart)] if t.fault else ["", ""]
        overshoot = t.overshoot if t.overshoot.n else None
        body.append(
            [
                described(t.fault),
                t.protocol,
                words.megabytes(mean(t.rows, "bytes")),
                ours[0],
                f"{mean(t.rows, 'rounds'):.0f}",
                f"{mean(t.rows, 'baseline_loss'):.3f}",
                f"{mean(t.rows, 'loss'):.3f}",
                ours[1],
                f"{100 * t.breaches:.1f} %",
                ratio(overshoot) if overshoot else "",
                short(mean(t.rows, "dropped")),
            ]
        )
    header = [
        "fault",
        "protocol",
        "MB",
        "bytes, by those without",
        "rounds",
        "loss, trivial model",
        "loss",
        "loss − without",
        "breaches",
        "overshoot",
        "stale messages dropped",
    ]
    return Table("What faults cost:", header, body)


def figure(trials: list[Trial]) -> Figure:
    """Ratios of bytes and of losses, one line per fault."""
    faults = list(dict.fromkeys(trial.fault for trial in trials))
    nothing = Estimate(np.nan, np.nan, np.nan, 0)
    figure, axes = figures.panels(2, columns=2, height=2.0 + 0.7 * len(faults))
    labels = [described(fault).replace(", ", "\n") for fault in faults]
    for ax, name in zip(axes, ("bytes", "loss"), strict=True):
        for place, (protocol, (marker, color)) in enumerate(LOOKS.items()):
            by_fault = {
                trial.fault: getattr(trial, name) for trial in trials if trial.protocol == protocol
            }
            found = [by_fault.get(fault, nothing) for fault in faults]
            figures.dots(ax, labels, found, marker, color, 0.22 * (place - 1), protocol)
        figures.titles(
            ax, {"bytes": "bytes", "loss": "final loss"}[name], "by the run without faults"
        )
        ax.margins(y=0.1)
    axes[1].set_yticklabels([])
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        fontsize=figures.SMALL,
        frameon=False,
    )
    return figure
