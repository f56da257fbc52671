"""What a saved model is: what it predicts, what it wants to see, and how good it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fgm_ref.datasets.recipe import NUMBER, Input, Recipe
from fgm_ref.simulation.meaning import Meaning
from fgm_ref.simulation.result import RunResult


def about(result: RunResult, path: Path) -> Iterator[str]:
    """The lines."""
    meaning, config = result.expect_meaning(), result.config
    training = f"{config.sites} sites, {config.steps} steps, seed {config.seed}"
    lines = {
        "run": path,
        "data": config.dataset,
        "trained": f"{config.cell.upper()} by {config.protocol}, {training}",
        "test part": worth(result),
        "predicts": answers(meaning),
        **needs(meaning.recipe),
    }
    for name, text in lines.items():
        yield f"{name:<10} {text}"


def worth(result: RunResult) -> str:
    """How good the model was on the test part."""
    final, meaning = result.final, result.expect_meaning()
    if meaning.classes:
        return f"loss {final['loss']:.3f}, accuracy {final['score']:.3f}, balanced {final['balanced']:.3f}"
    return f"loss {final['loss']:.3f}, RMSE {final['score']:.3g} {meaning.unit}".rstrip()


def answers(meaning: Meaning) -> str:
    """What is predicted, and for when."""
    names = ", ".join(filter(None, (label.name for label in meaning.labels)))
    what = ": ".join(filter(None, (names, ", ".join(meaning.classes)))) or "a number"
    ahead = meaning.recipe.horizon if meaning.recipe else 0
    return f"{what}; {ahead} rows after a window's last one" if ahead else what


def needs(recipe: Recipe | None) -> dict[str, str]:
    """What a new table must have."""
    if recipe is None:
        return {"from": "windows of that set; it was no table, so no file can be predicted"}
    found = {"from": f"windows of {recipe.window} rows: {'; '.join(map(described, recipe.inputs))}"}
    if recipe.text:
        return {"from": f"the last {recipe.window} words of column {recipe.text!r}"}
    if recipe.group:
        found["series"] = f"told apart by column {recipe.group!r}"
    if recipe.time:
        found["order"] = f"by column {recipe.time!r}"
    return found


def described(one: Input) -> str:
    """A column, with what it may hold."""
    if one.kind == NUMBER:
        return one.name
    values = [*one.values, "or any other"] if one.other else one.values or [one.kind]
    return f"{one.name} ({', '.join(values)})"
