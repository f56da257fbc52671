"""The gradient battery: a student's gradients against central differences, block by block."""

import numpy as np
from desk import holds

from fgm_ref.learning.gradcheck import gradcheck


def gradients_agree(loss, gradients, blocks, read, only=None, **values):
    """Compare with differences of `loss`.

    `loss(**blocks)` is a number, `gradients(**blocks)` the student's {name: gradient}, `only` the names to look at.
    Blocks are float64 arrays; they must not be changed, and the same question must have the same answer.
    """
    __tracebackhide__ = True
    names = list(only or blocks)
    before = {name: block.copy() for name, block in blocks.items()}
    first, again = gradients(**blocks), gradients(**blocks)
    changed = [name for name, block in blocks.items() if not np.array_equal(block, before[name])]
    holds(
        not changed,
        f"what is handed in stays as it is; changed: {', '.join(changed)}",
        "`out=`, `*=` and views",
    )
    holds(
        isinstance(first, dict),
        "a dictionary of gradients",
        "the docstring",
        got=type(first).__name__,
    )
    for name in names:
        shape = np.shape(first.get(name))
        holds(name in first, f"a gradient called {name!r}", "the docstring", got=sorted(first))
        holds(
            shape == blocks[name].shape,
            f"d{name} has the shape of {name}, {blocks[name].shape}; got {shape}",
            "the docstring",
            **values,
        )
        holds(
            np.array_equal(first[name], again[name]),
            f"the second time, d{name} is the same",
            "`+=`",
            **values,
        )

    def function(point):
        return loss(**{**blocks, **point}), {name: np.asarray(first[name], float) for name in names}

    report = gradcheck(
        function, {name: blocks[name] for name in names}, directions=3, epsilon=1e-5, tolerance=1e-5
    )
    if report.bad:
        name = report.bad[0]
        got, expected = np.asarray(first[name], float), by_differences(loss, blocks, name)
        text = f"d{name} is the gradient of the loss; {worst(name, got, expected)}"
        text += f"; relative error {report.errors[name]:.1e}"
        if len(report.bad) > 1:
            text += f"; wrong, too: {', '.join(f'd{other}' for other in report.bad[1:])}"
        holds(False, text, read, **values, got=got, by_differences=expected)


def by_differences(loss, blocks, name, epsilon=1e-5):
    """The gradient of `loss` for one block, entry by entry: (L(+ε) − L(−ε))/2ε."""
    block = blocks[name]
    found = np.empty(block.shape)
    for place in np.ndindex(block.shape):
        moved = block.copy()
        moved[place] = block[place] + epsilon
        ahead = loss(**{**blocks, name: moved})
        moved[place] = block[place] - epsilon
        behind = loss(**{**blocks, name: moved})
        found[place] = (ahead - behind) / (2 * epsilon)
    return found


def worst(name, got, expected):
    """Where they differ most."""
    difference = np.abs(got - expected)
    difference[np.isnan(difference)] = np.inf
    place = np.unravel_index(difference.argmax(), got.shape)
    at = f"[{', '.join(map(str, place))}]" if place else ""
    return f"d{name}{at} is {got[place]:.4g}, by differences {expected[place]:.4g}"
