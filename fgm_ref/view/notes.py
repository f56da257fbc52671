"""What must be said below the table: what the models are worth, what was checked, and what the bytes leave out."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from fgm_ref.datasets import Baseline
from fgm_ref.protocols import parse
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.labels import labels

Note = Callable[[RunResult], str]
"""What there is to say about a run; "" for nothing."""


def notes(results: Sequence[RunResult], known: Sequence[Baseline] = ()) -> list[str]:
    """A line for each thing to say, with the runs that it is said of.

    `known` are the baselines, the trivial one first.
    """
    about_each = (partial(worth, known=known), guarantee, promise, precision)
    lines = [line for note in about_each for line in _gathered(results, note)]
    return [*lines, *sampled(known)]


def _gathered(results: Sequence[RunResult], note: Note) -> Iterator[str]:
    """Each different note once; the runs are named unless it is true of all."""
    runs = defaultdict(list)
    for label, result in zip(labels(results), results, strict=True):
        runs[note(result)].append(label)
    for text, names in runs.items():
        if text:
            yield text if len(names) == len(results) > 1 else f"{_listed(names)}: {text}"


def _listed(names: Sequence[str]) -> str:
    """The names, with semicolons between them if there are commas in them."""
    mark = "; " if any("," in name for name in names) else ", "
    return mark.join(names)


def worth(result: RunResult, known: Sequence[Baseline]) -> str:
    """Whether the trivial baseline beats the run in anything, or a linear one in everything."""
    if not known:
        return ""
    if result.config.change:
        return f"the rows in brackets are about the data without {result.config.change}"
    trivial, *others = known
    if warning := worse_than(trivial, result):
        return f"warning: {warning}"
    better = [f"({one.name})" for one in others if len(lost_in(result, one)) == 2]
    return f"ends worse than {', '.join(better)}" if better else ""


def worse_than(trivial: Baseline, result: RunResult) -> str:
    """In what a run has learnt less than nothing, in words; "" if it has not."""
    lost = " and ".join(lost_in(result, trivial))
    return f"ends worse than the trivial predictor ({trivial.name}) in {lost}" if lost else ""


def lost_in(result: RunResult, base: Baseline) -> list[str]:
    """In what a baseline is better."""
    final = result.final
    is_error = base.balanced is None
    better = base.score < final["score"] if is_error else base.score > final["score"]
    compared = {"loss": base.loss < final["loss"], "RMSE" if is_error else "accuracy": better}
    return [what for what, lost in compared.items() if lost]


def sampled(known: Sequence[Baseline]) -> Iterator[str]:
    """Which baselines have not seen all of the training part."""
    for one in known:
        if one.windows:
            yield f"({one.name}) was fitted on {one.windows:,} of the training windows, drawn at random"


def guarantee(result: RunResult) -> str:
    """What a run that was checked step by step has shown of its guarantee."""
    if "breaches" not in result.final:
        return ""
    if not parse(result.config.protocol)[0].guarantee:
        return "no guarantee, so there was nothing to check"
    steps = result.final.get("checked", len(result.series["loss"]))
    breaches = result.final["breaches"]
    checked = f"guarantee checked before and after the messages of {steps} steps"
    if not breaches:
        return f"{checked}: kept in all"
    times = "once" if breaches == 1 else f"{breaches} times"
    return f"{_in_spite_of(result)}{checked}: broken {times}"


def _in_spite_of(result: RunResult) -> str:
    """What may have cost a guarantee."""
    config = result.config
    codec = "" if config.codec == "float32" else config.codec
    causes = [cause for cause in (config.faults, config.change, codec) if cause]
    return f"with {' and '.join(causes)}, " if causes else ""


def promise(result: RunResult) -> str:
    """What a promise about loss has cost, and how often it failed."""
    said = result.final.get("promise")
    if not said:
        return ""
    passes = f"{said['forward']:,} passes forward and {said['backward']:,} backward"
    return (
        f"the loss on {said['windows']} windows that all sites know: {said['bytes'] / 1e6:.3f} MB to share them, "
        f"{passes} over all of them; of {said['checked']} steps the bowl was too small in {said['bent']}, "
        f"the promise broken in {said['broken']}"
    )


def precision(result: RunResult) -> str:
    """Numbers are billed as they would be shipped in single precision."""
    if result.config.dtype != "float64" or result.config.codec != "float32":
        return ""
    return "computed and shipped in float64 (53 bits), but billed 4 bytes a number, as float32 would be"
