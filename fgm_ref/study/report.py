"""The report: a page that answers first and explains afterwards, made from the tables alone.

`page(folder)` reads `<experiment>.csv` of each chapter; a chapter without a table is left out.  The same tables
give the same text.  What can be said of a ratio is decided by its interval (`words.py`), so the prose follows the
numbers if they change.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from matplotlib import rc_context

from fgm_ref.files import atomic
from fgm_ref.study.chapter import Chapter
from fgm_ref.study.store import table

CHAPTERS = ("fronts", "safe", "shipped", "scale", "rebalancing", "why", "sweeps", "drift", "faults", "gradients")
TITLE = "# Is FGM better than GM for training RNNs, and which safe function beats the norm?"
PAGE = "study.md"
PICTURES = "images/study"


@dataclass(frozen=True)
class Report:
    """Chapters by name, and the rows they were made from."""

    chapters: dict[str, Chapter]
    runs: int

    def text(self) -> str:
        """The page in Markdown."""
        answers = [answer for chapter in self.chapters.values() for answer in chapter.answers]
        contents = [f"- [{chapter.title}](#{anchor(chapter.title)})" for chapter in self.chapters.values()]
        head = [TITLE, "", *(f"{number}. {answer}" for number, answer in enumerate(answers, 1)), "", self.how_sure(), "",
                *contents, ""]
        body = [line for chapter in self.chapters.values() for line in chapter.lines(PICTURES)]
        return "\n".join([*head, *body, *(line for line in METHOD)]) + "\n"

    def how_sure(self) -> str:
        """How the numbers above are to be read."""
        return (f"All from {self.runs:,} runs; in brackets 95 % bootstrap intervals over paired seeds. Losses are test losses, bytes "
                "are payload at 4 bytes per number. [Method and threats to validity](#method) are at the end.")


def write(folder: Path, pages: Path | None = None) -> list[Path]:
    """Write the page and its pictures from the tables in `folder`; returns their paths, none if there is no table.

    They go to `pages`, by default to the same folder.
    """
    report = collect(folder)
    if not report.chapters:
        return []
    pages = pages or folder
    paths = [pages / PAGE]
    with atomic(paths[0]) as part:
        part.write_text(report.text(), encoding="utf-8")
    for chapter in report.chapters.values():
        for name, figure, _ in chapter.pictures:
            paths.append(pages / PICTURES / f"{name}.png")
            with atomic(paths[-1]) as part, rc_context({"savefig.pad_inches": 0.1}):
                figure.savefig(part, format="png", metadata={"Software": None})
    return paths


def collect(folder: Path) -> Report:
    """The chapters for which there is a table with rows."""
    chapters, runs = {}, 0
    for name in CHAPTERS:
        path = folder / f"{name}.csv"
        rows = table(path) if path.is_file() else []
        if rows:
            chapters[name] = import_module(f"fgm_ref.study.chapters.{name}").chapter(rows)
            runs += len(rows)
    return Report(chapters, runs)


def anchor(title: str) -> str:
    """The name that a repository's page gives a heading.

    >>> anchor("Loss against bytes: who wins?")
    'loss-against-bytes-who-wins'
    """
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


METHOD = """\
## Method

- **Paired seeds.** Under one seed all protocols share data split, mini-batches, initial model and schedule, so they are compared
  seed by seed; what is resampled for the intervals is the seeds (10,000 bootstrap resamples, percentile intervals). With ten
  seeds such intervals are somewhat too narrow, with five more so. Nothing is corrected for the number of comparisons.
- **Equal promise.** Thresholds are relative radii: R = T·‖E‖. All protocols with the safe function `variance` promise
  the same at equal T: the sites' mean squared distance from their mean is at most R² whenever no message is pending. Ratios at equal
  thresholds are geometric means over thresholds and seeds.
- **Equal loss.** No threshold hits a stated loss exactly. So ln bytes is interpolated on each protocol's front, the running
  minimum of the mean loss over the seeds, separately for each resample.
- **Three losses.** *Final*: of the mean model on the test part at the end. *While learning*: the training loss of the local models on
  batches that they have not learnt from yet, mean over all steps. *Of E over time*: of the coordinator's model on the test
  part, mean over evaluations at times that have nothing to do with the periods.
- **Bytes** are payload, both directions, the first model included; `tcp_bytes` in the tables adds headers.

## Threats to validity

- Small recurrent networks, five small data sets, a few hundred steps of training. Long training, large models and other
  architectures may differ.
- Delivery is immediate except in the chapter on faults; time is counted in steps, not seconds.
- Step sizes and clipping are fixed for each data set and were not tuned for each protocol; thresholds and periods are a grid of powers, so
  the best point of a front lies between two of its points.
- The data sets are a sample of nothing: pooled numbers describe these sets, and their intervals say how
  sure the mean over *these* sets is.
- The entrants (moving centre, probe, tracking with damping) were found on some of these data sets with the first seeds. Their proofs do
  not depend on data; how much they save may.

## How to rerun

```
make study-quick     # a small version from scratch, in out/study, with its own page
make study           # everything, into data/results, then this page; stop it and go on whenever you like
```

`python -m fgm_ref.study --list` says how long that takes. The grid is `fgm_ref/study/experiments.toml`; one row per run, with all
settings, seeds and versions, is in [data/results](../data/results).
""".splitlines()
