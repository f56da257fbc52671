"""What centralised training reaches on the five data sets, for both cells: `python tests/benchmarks/central.py`.

A sanity check of data, cells and optimiser together.  Prints, over seeds, the median and the range of the
test score at the end and at the best of the evaluations.
"""

import fgm_ref.threads  # isort: skip  (before NumPy)

import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from fgm_ref.datasets import load
from fgm_ref.simulation.simulate import run

RECIPES = {  # hidden units, passes over the training part, learning rate (of the LSTM)
    "ecg208": (16, 12, 0.01),
    "amazon_snippets": (24, 6, 0.005),
    "nyc_flights": (48, 10, 0.01),
    "nyc_weather": (32, 8, 0.005),
    "watch": (32, 12, 0.01),
}
RNN = {
    "lr": 0.002,
    "clip": 1.0,
}  # its gradients explode over long windows; it gets twice the passes
SEEDS = range(3)
SITES, BATCH = 4, 16  # the hub learns from 64 samples per step


def one(name: str, cell: str, seed: int) -> tuple[float, float]:
    """The score at the end and at the best evaluation."""
    hidden, passes, lr = RECIPES[name]
    settings = {"lr": lr} if cell == "lstm" else RNN
    passes *= 1 if cell == "lstm" else 2
    data = load(name)
    steps = passes * len(data.x_train) // (SITES * BATCH)
    result = run(
        dataset=name,
        protocol="central",
        cell=cell,
        hidden=(hidden,),
        steps=steps,
        sites=SITES,
        batch=BATCH,
        seed=seed,
        evaluations=2 * passes,
        data=data,
        **settings,
    )
    best = max if data.task == "classification" else min
    return result.final["score"], best(result.curve["score"])


def main(names: list[str]) -> None:
    print(
        "| data set | cell | units | passes | score | baseline | at the end | at best | seconds per run |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        for name in names or RECIPES:
            data, (hidden, passes, _) = load(name), RECIPES[name]
            score = "accuracy" if data.task == "classification" else f"RMSE {data.unit}"
            for cell in ("lstm", "rnn"):
                start = time.monotonic()
                scores = np.array(
                    list(pool.map(one, *zip(*[(name, cell, seed) for seed in SEEDS], strict=True)))
                )
                seconds = 2 * (time.monotonic() - start) / len(SEEDS)
                low, middle, high = np.quantile(scores, (0, 0.5, 1), axis=0)
                cells = [
                    f"{m:.3f} ({a:.3f} to {b:.3f})"
                    for a, m, b in zip(low, middle, high, strict=True)
                ]
                twice = passes * (1 + (cell == "rnn"))
                row = [
                    name,
                    cell,
                    hidden,
                    twice,
                    score,
                    f"{data.baseline.score:.3f}",
                    *cells,
                    f"{seconds:.0f}",
                ]
                print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
