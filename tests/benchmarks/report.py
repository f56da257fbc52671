"""What the benchmark's records say: medians and quartiles, Markdown tables, a CSV file and a figure.

A record holds, for one case, mode and kernel, the milliseconds per step of every engine in every round.  Rounds
are compared one by one: within a round the machine was in the same state for all.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from engines import ENGINES, LIMITS
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from workloads import WORKLOADS, Case

from fgm_ref.files import atomic
from fgm_ref.view.plots import BLUE, GREY, VERMILLION, save

Records = dict[str, dict[str, Any]]
MODES = {"1t": "one thread", "2t": "two threads", "2p": "two processes"}
TORCH = [name for name, entry in ENGINES.items() if entry.needs == "torch" and name != "torch-bptt"]


class Spread(NamedTuple):
    """Lower quartile, median, upper quartile."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        digits = 2 if self.median < 9.95 else 1
        return f"{self.median:.{digits}f} ({self.low:.{digits}f}–{self.high:.{digits}f})"


def spread(values: list[float]) -> Spread:
    """The quartiles of some numbers."""
    return Spread(*map(float, np.quantile(values, (0.25, 0.5, 0.75))))


def ratio(record: dict[str, Any], name: str, base: str = "library") -> Spread:
    """Time of an engine / time of the base, round by round: above 1 the base is faster."""
    ms = record["ms"]
    return spread([a / b for a, b in zip(ms[name], ms[base], strict=True)])


def best_torch(record: dict[str, Any]) -> Spread | None:
    """The ratio of the fastest of the ways in which people write PyTorch (by median time)."""
    present = [name for name in TORCH if name in record["ms"]]
    return (
        ratio(record, min(present, key=lambda name: np.median(record["ms"][name])))
        if present
        else None
    )


def key(case: Case, mode: str, kernel: str) -> str:
    """The name of a record."""
    return json.dumps([*case, mode, kernel])


def unpack(name: str) -> tuple[Case, str, str]:
    """The inverse of `key`."""
    workload, k, dtype, mode, kernel = json.loads(name)
    return Case(workload, k, dtype), mode, kernel


def table(lines: list[list[str]]) -> str:
    """Cells as Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def speed_table(rows: list[tuple[Case, dict[str, Any]]]) -> str:
    """Milliseconds and samples per second of the library, and every other engine relative to it."""
    present = [name for name in ENGINES if any(name in record["ms"] for _, record in rows)]
    rivals = [name for name in present if name != "library" and name not in LIMITS]
    head = [
        "workload",
        "k",
        "type",
        "fgm_ref ms/step",
        "samples/s",
        *(ENGINES[name].about for name in rivals),
        "best torch / fgm_ref",
    ]
    lines = [head, ["---"] * len(head)]
    for case, record in rows:
        ms = record["ms"]["library"]
        samples = 1000 * case.k * case.shape.B / np.median(ms)
        cells = [str(ratio(record, name)) if name in record["ms"] else "" for name in rivals]
        best = best_torch(record)
        lines.append(
            [
                case.workload,
                str(case.k),
                case.dtype,
                f"{np.median(ms):.3g} (best {min(ms):.3g})",
                f"{samples:,.3g}" if samples < 1000 else f"{samples:,.0f}",
                *cells,
                f"**{best.median:.2f}**" if best else "",
            ]
        )
    return table(lines)


def summary_table(rows: list[tuple[Case, dict[str, Any]]]) -> str:
    """The rivals that matter most, from the least to the most favourable number of sites."""
    head = [
        "workload",
        "k",
        "type",
        "PyTorch as most would write it",
        "PyTorch at its best",
        "JAX",
        "fastest NumPy",
    ]
    lines = [head, ["---"] * len(head)]
    for workload, dtype in dict.fromkeys((case.workload, case.dtype) for case, _ in rows):
        group = [
            (case, record)
            for case, record in rows
            if (case.workload, case.dtype) == (workload, dtype)
        ]
        columns = [
            [ratio(record, name).median for _, record in group if name in record["ms"]]
            for name in ("torch-loop", "jax-scan", "prototype")
        ]
        columns.insert(1, [best.median for _, record in group if (best := best_torch(record))])
        cells = [f"{min(found):.2f}–{max(found):.2f}" if found else "" for found in columns]
        lines.append([workload, ", ".join(str(case.k) for case, _ in group), dtype, *cells])
    return table(lines)


def limit_table(rows: list[tuple[Case, dict[str, Any]]]) -> str:
    """How near a whole step comes to its own matrix products, and these to one big product."""
    head = [
        "workload",
        "k",
        "type",
        "whole step GF/s",
        "its products alone GF/s",
        "one big product GF/s",
        "**step: share of its products' speed**",
        "step: share of the big product's speed",
    ]
    lines = [head, ["---"] * len(head)]
    for case, record in rows:
        if not set(LIMITS) <= set(record["ms"]):
            continue
        ms = {name: float(np.median(record["ms"][name])) for name in ("library", *LIMITS)}
        flops = case.k * case.shape.flops
        rates = {
            "library": flops / ms["library"],
            "products": flops / ms["products"],
            "big-product": record["flops"]["big-product"] / ms["big-product"],
        }
        share = ratio(record, "products").median
        lines.append(
            [
                case.workload,
                str(case.k),
                case.dtype,
                *(f"{rate / 1e6:.0f}" for rate in rates.values()),
                f"**{share:.0%}**",
                f"{rates['library'] / rates['big-product']:.0%}",
            ]
        )
    return table(lines) if len(lines) > 2 else ""


def markdown(records: Records, machine: dict[str, Any]) -> str:
    """All tables, with what one needs to know to read them."""
    text = [
        "# Whole training steps",
        "",
        "Forward pass, BPTT and Adam for all k sites.  Times: median over the rounds (and the fastest round).  "
        "Other columns: time of that engine / time of fgm_ref in the same round, median (quartiles); above 1, "
        "fgm_ref is faster.  Two processes: two copies of each engine at once, time per step of the pair.",
        "",
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['system']}.",
    ]
    for kernel, mode in dict.fromkeys((kernel, mode) for _, mode, kernel in map(unpack, records)):
        names = sorted(
            (n for n in records if unpack(n)[1:] == (mode, kernel)), key=lambda n: unpack(n)[0]
        )
        rows = [(unpack(name)[0], records[name]) for name in names]
        facts = {k: v for _, record in rows for k, v in record["facts"].items()}
        versions = ", ".join(
            f"{name} {facts[name]}" for name in ("python", "numpy", "torch", "jax") if name in facts
        )
        blas = {
            f"{lib['internal_api']} {lib['version']} {lib['architecture'] or ''}".strip()
            for _, record in rows
            for lib in record["facts"].get("blas", [])
            if lib["internal_api"] != "openmp"
        }
        text += [
            "",
            f"## {MODES[mode].capitalize()}, {kernel} kernels",
            "",
            f"{versions}; BLAS: {', '.join(sorted(blas)) or 'unknown (threadpoolctl is not installed)'}.",
            "",
            "In short, the ratios over all k:",
            "",
            summary_table(rows),
            "",
            "In full:",
            "",
            speed_table(rows),
        ]
        limits = limit_table(rows) if mode == "1t" else ""
        if limits:
            text += [
                "",
                "How near to the machine's limit (operations of the matrix products only):",
                "",
                limits,
                "",
            ]
        text += [f"- {case}: {failure}" for case, record in rows for failure in record["failures"]]
    return "\n".join(text) + "\n"


def write_csv(records: Records, path: Path) -> None:
    """A line per record and engine."""
    columns = [
        "kernel",
        "mode",
        "workload",
        "k",
        "dtype",
        "engine",
        "ms",
        "ms_low",
        "ms_high",
        "ms_best",
        "ratio",
        "ratio_low",
        "ratio_high",
        "gradient_error",
    ]
    with atomic(path) as part, part.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for name, record in records.items():
            case, mode, kernel = unpack(name)
            for engine, ms in record["ms"].items():
                low, median, high = spread(ms)
                r = ratio(record, engine)
                numbers = (
                    median,
                    low,
                    high,
                    min(ms),
                    r.median,
                    r.low,
                    r.high,
                    record["error"].get(engine, ""),
                )
                writer.writerow(
                    [kernel, mode, *case, engine, *(f"{v:.5g}" if v != "" else "" for v in numbers)]
                )


def figure(records: Records) -> Figure:
    """Time relative to the library of every engine, one panel per workload (the first mode and kernel)."""
    chosen = [
        (unpack(name)[0], record)
        for name, record in records.items()
        if unpack(name)[1:] == unpack(next(iter(records)))[1:]
    ]
    workloads = [name for name in WORKLOADS if any(case.workload == name for case, _ in chosen)]
    names = [
        name
        for name in ENGINES
        if name not in LIMITS
        and name not in ("library", "library-malloc")
        and any(name in record["ms"] for _, record in chosen)
    ]
    drawing = Figure(
        figsize=(2.2 + 2.9 * len(workloads), 1.6 + 0.42 * len(names)), layout="constrained"
    )
    panels = drawing.subplots(1, len(workloads), sharey=True, squeeze=False)[0]
    looks = {"float32": (BLUE, "o", -0.12, "full"), "float64": (VERMILLION, "s", 0.12, "none")}
    for ax, workload in zip(panels, workloads, strict=True):
        ax.axvline(1, color=GREY, linestyle="--", linewidth=1)
        for case, record in chosen:
            if case.workload != workload:
                continue
            color, marker, shift, fill = looks[case.dtype]
            for row, name in enumerate(names):
                if name in record["ms"]:
                    low, median, high = ratio(record, name)
                    ax.errorbar(
                        median,
                        row + shift,
                        xerr=[[median - low], [high - median]],
                        color=color,
                        marker=marker,
                        fillstyle=fill,
                        markersize=5,
                        linewidth=1,
                        linestyle="",
                    )
        ks = sorted({case.k for case, _ in chosen if case.workload == workload})
        ax.set(
            xscale="log",
            title=f"{workload}, k = {', '.join(map(str, ks))}",
            xlabel="time / time of fgm_ref",
        )
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.grid(axis="x", which="both", linewidth=0.3)
    panels[0].set_yticks(range(len(names)), [ENGINES[name].about for name in names])
    panels[0].invert_yaxis()
    for dtype, (color, marker, _, fill) in looks.items():
        panels[-1].plot(
            [], [], color=color, marker=marker, fillstyle=fill, linestyle="", label=dtype
        )
    drawing.legend(loc="outside lower center", ncols=2, fontsize=9)
    return drawing


def write(out: Path, records: Records, machine: dict[str, Any]) -> list[str]:
    """Write `bench.md`, `bench.csv` and `bench.png`; return what failed."""
    with atomic(out / "bench.md") as part:
        part.write_text(markdown(records, machine))
    write_csv(records, out / "bench.csv")
    save(figure(records), out / "bench.png")
    return [
        f"{unpack(name)[0]}: {failure}"
        for name, record in records.items()
        for failure in record["failures"]
    ]
