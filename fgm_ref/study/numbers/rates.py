"""The runs of the experiments on learning rates and on outer steps: losses on the validation part, rate by rate."""

from dataclasses import dataclass
from typing import NamedTuple

from fgm_ref.study.numbers import paired
from fgm_ref.study.numbers.compare import Comparison
from fgm_ref.study.numbers.picks import at_best_rate, best_rate
from fgm_ref.study.numbers.rows import Rows, mean, settings_of, values, where

PRESET = 0.01
"""The learning rate of the first round, of all data sets that the second has too."""

MEAN = "mean"


class Course(NamedTuple):
    """How a data set is trained."""

    dataset: str
    optimizer: str
    lr_schedule: str

    @property
    def name(self) -> str:
        """The data set, and what is unusual."""
        unusual = [self.optimizer] * (self.optimizer != "adam")
        unusual += ["constant rate"] * (self.lr_schedule == "constant")
        return ", ".join([self.dataset, *unusual])


class Line(NamedTuple):
    """One protocol with one server, run at several rates; no threshold stands for the one that there is."""

    protocol: str
    server: str = MEAN
    threshold: float | None = None


@dataclass(frozen=True)
class Rates:
    """All runs of a table."""

    rows: Rows

    @property
    def courses(self) -> list[Course]:
        """Those that were run, the usual ones first."""
        found = [Course(**one) for one in settings_of(self.rows, *Course._fields)]
        return sorted(found, key=lambda course: (course.optimizer, course.lr_schedule != "cosine"))

    def of(self, course: Course, line: Line) -> list[Rows]:
        """The runs of a line, as a list of one, or of none."""
        found = where(self.rows, **course._asdict(), protocol=line.protocol, server=line.server)
        if line.threshold is not None:
            found = where(found, threshold=line.threshold)
        return [found] if found else []

    def best(self, course: Course, line: Line) -> Rows:
        """Its runs at its own best rate."""
        return [row for found in self.of(course, line) for row in where(found, lr=best_rate(found))]

    def at(self, course: Course, line: Line, lr: float) -> Rows:
        """Its runs at this rate."""
        return [row for found in self.of(course, line) for row in where(found, lr=lr)]

    def edge(self, course: Course, line: Line) -> bool:
        """Whether the best rate is the largest that was run."""
        (found,) = self.of(course, line) or [[]]
        return bool(found) and best_rate(found) == values(found, "lr")[-1]

    def number(self, course: Course) -> int:
        """Which resamples it gets."""
        return values(self.rows, "dataset").index(course.dataset)

    def learnt(self, course: Course) -> float:
        """What the best of the fixed periods learns, each at its own best rate."""
        rows = where(self.rows, **course._asdict(), server=MEAN)
        names = {row["protocol"] for row in rows if row["protocol"].startswith("periodic:")}
        losses = [at_best_rate(where(rows, protocol=name)) for name in names]
        return mean(rows, "baseline_loss") - min(losses, default=float("nan"))

    def gap(self, course: Course, a: Rows, b: Rows) -> Comparison:
        """The loss of a minus that of b, paired by seeds, as a share of what is learnt."""
        found = paired.difference(a, b, number=self.number(course), by=())
        learnt = self.learnt(course)
        return Comparison(found.log / learnt, found.draws / learnt, found.n)

    def gain(self, course: Course, line: Line, lr: float | None = None) -> Comparison:
        """The line's loss minus that of the same protocol without an outer step, at one rate or each at its best."""
        plain = line._replace(server=MEAN)
        if lr is None:
            return self.gap(course, self.best(course, line), self.best(course, plain))
        return self.gap(course, self.at(course, line, lr), self.at(course, plain, lr))

    def apart(self, course: Course, a: Line, b: Line) -> Comparison:
        """a's loss minus b's, each at its own best rate."""
        return self.gap(course, self.best(course, a), self.best(course, b))
