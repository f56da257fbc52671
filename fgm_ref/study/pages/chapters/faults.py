"""Messages that are late or lost, and a site that goes away: what do they cost, and what becomes of the guarantee?"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from fgm_ref.study.numbers import words
from fgm_ref.study.numbers.paired import difference, level, log_ratio
from fgm_ref.study.numbers.rows import Row, Rows, mean, values, where, with_column
from fgm_ref.study.numbers.stats import NO_ESTIMATE, Estimate
from fgm_ref.study.numbers.words import listed, ratio, short, verdict
from fgm_ref.study.pages import figures
from fgm_ref.study.pages.chapter import Chapter, Picture, Table

PROTOCOLS = ("gm", "fgm", "dynamic")
MATTERS = 1.02  # a factor nearer to 1 than this is not worth a word, however sure it is
CAPTION = "Bytes (left) and final test loss (right) by those of the run without faults, with 95 % intervals."
NOTE = (
    "What sites send unasked is late or lost, and not sent again; what the coordinator sends, and replies "
    "to it, are repeated until they arrive, and billed each time. Differences of less than "
    f"{100 * (MATTERS - 1):.0f} % are not spoken of. Breaches: share of the steps at whose end the "
    "guarantee did not hold. Overshoot: how far the state was outside before messages were handled, at "
    "most; in units of −φ(0), which is R for gm and fgm and R² for dynamic."
)


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

        def relative(row: Row) -> float:
            return float(row["overshoot"] / abs(row["mean_phi_zero"]))

        return level(with_column(self.rows, "overshoot", relative), "overshoot")


def trials_of(rows: Rows) -> list[Trial]:
    """Every fault that was run besides none, and every protocol that was run without it as well."""
    found = []
    for fault in sorted(values(rows, "faults"), key=order):
        for protocol in PROTOCOLS:
            mine = where(rows, faults=fault, protocol=protocol)
            clean = where(rows, faults="", protocol=protocol)
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
        lost = f"{100 * float(value):g} % lost"
        return lost if fault.endswith("resend=no") else f"{lost}, sent again"
    if name == "absent" and span:
        return f"site {site} away, steps {span.replace('-', '–')}"
    return fault or "none"


def chapter(rows: Rows) -> Chapter:
    """The chapter; what was not run is left out of it."""
    trials = trials_of(rows)
    faulty = [trial for trial in trials if trial.fault]
    return Chapter(
        "Late and lost messages",
        findings(faulty),
        [Picture("faults", figure(faulty), CAPTION)],
        [table(trials)],
        notes=[NOTE],
    )


def findings(trials: list[Trial]) -> list[str]:
    """Bytes, loss and guarantee, protocol by protocol."""
    if not trials:
        return []
    groups: dict[str, list[Trial]] = {name: [] for name in PROTOCOLS}
    for trial in trials:
        groups[trial.protocol].append(trial)
    groups = {name: found for name, found in groups.items() if found}
    size = "; ".join(f"{name} has {spread(found)}" for name, found in groups.items())
    loss = "; ".join(f"{name} {losses(found)}" for name, found in groups.items())
    kept = "; ".join(f"{name} {guarantee(found)}" for name, found in groups.items())
    return [f"Bytes under faults: {size}.", f"Final loss: {loss}.", f"The guarantee: {kept}."]


def spread(trials: list[Trial]) -> str:
    """Where bytes clearly rise or fall."""
    return clearly({trial.fault: trial.bytes for trial in trials}, "fewer", "more")


def losses(trials: list[Trial]) -> str:
    """Where the loss clearly rises or falls."""
    return clearly({trial.fault: trial.loss for trial in trials}, "lower", "higher")


def clearly(ratios: dict[str, Estimate], less: str, more: str) -> str:
    """Those that differ from 1 by something that matters, and by more than chance.

    >>> clearly({"delay=1": Estimate(1.3, 1.2, 1.4, 9), "delay=2": Estimate(1.3, 0.9, 1.4, 9)}, "fewer", "more")
    'more (1 step late: 1.30 times)'
    """
    said: dict[str, list[str]] = {more: [], less: []}
    for fault, e in ratios.items():
        word = verdict(e, less, more, "")
        if word and abs(np.log(e.value)) > np.log(MATTERS):
            said[word].append(f"{described(fault)}: {short(e.value)} times")
    told = [f"{word} ({', '.join(names)})" for word, names in said.items() if names]
    return ", ".join(told) or "no difference to speak of"


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
    return Table("What faults cost:", header, [line(trial) for trial in trials], keys=2)


def line(t: Trial) -> list[str]:
    """The cells of one trial; what a fault changes is empty if there is none."""
    return [
        described(t.fault),
        t.protocol,
        words.megabytes(mean(t.rows, "bytes")),
        ratio(t.bytes) if t.fault else "",
        f"{mean(t.rows, 'rounds'):.0f}",
        f"{mean(t.rows, 'baseline_loss'):.3f}",
        f"{mean(t.rows, 'loss'):.3f}",
        words.difference(t.apart) if t.fault else "",
        f"{100 * t.breaches:.1f} %",
        ratio(t.overshoot) if t.overshoot.n else "",
        short(mean(t.rows, "dropped")),
    ]


def figure(trials: list[Trial]) -> Figure:
    """Ratios of bytes and of losses, one line per fault."""
    faults = list(dict.fromkeys(trial.fault for trial in trials))
    figure, left, right = figures.two(height=2.0 + 0.7 * len(faults))
    labels = [described(fault).replace(", ", "\n") for fault in faults]
    for place, protocol in enumerate(PROTOCOLS):
        mine = {trial.fault: trial for trial in trials if trial.protocol == protocol}
        sizes = [mine[fault].bytes if fault in mine else NO_ESTIMATE for fault in faults]
        losses = [mine[fault].loss if fault in mine else NO_ESTIMATE for fault in faults]
        marker, color = figures.marks(protocol)
        shift = 0.22 * (place - 1)
        figures.dots(left, labels, sizes, marker, color, shift, protocol)
        figures.dots(right, labels, losses, marker, color, shift, protocol)
    figures.titles(left, "bytes", "by the run without faults")
    figures.titles(right, "final loss", "by the run without faults")
    for ax in (left, right):
        ax.margins(y=0.1)
    right.set_yticklabels([])
    figures.legend_below(figure, left, columns=3)
    return figure
