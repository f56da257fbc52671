"""The page: a template, a style sheet, a few short scripts, and the record of the runs, all in one file.

The page loads nothing: its content security policy forbids every request.
"""

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fgm_ref.datasets import Dataset
from fgm_ref.files import atomic
from fgm_ref.simulation.result import RunResult
from fgm_ref.view.player.record import record

SCRIPTS = (
    "replay.js",
    "svg.js",
    "network.js",
    "chart.js",
    "words.js",
    "controls.js",
    "selftest.js",
)
LARGEST = 3_000_000  # bytes


def write(results: Sequence[RunResult], data: Dataset, path: Path) -> Path:
    """Write the page, whole or not at all.  `ValueError` if it would be too large."""
    text = page(record(results, data)).encode()
    if len(text) > LARGEST:
        raise ValueError(
            f"html: expected a page of at most {LARGEST / 1e6:g} MB, got {len(text) / 1e6:.1f} MB; "
            "take fewer --steps or --sites"
        )
    with atomic(path) as half:
        half.write_bytes(text)
    return path


def page(content: dict[str, Any]) -> str:
    """The template with everything in its place; the record comes last, so that nothing in it is a placeholder."""
    names = " and ".join(one["protocol"] for one in content["runs"])
    parts = {
        "/*STYLE*/": resource("player.css"),
        "/*SCRIPT*/": "\n".join(resource(name) for name in SCRIPTS),
        "<!--TITLE-->": html.escape(f"{names} on {content['dataset']}"),
        "<!--ABOUT-->": html.escape(f"{content['about']}; {content['setting']}"),
        "/*RECORD*/": as_json(content),
    }
    text = resource("page.html")
    for place, part in parts.items():
        before, found, after = text.partition(place)
        assert found, place
        text = before + part + after
    return text


def as_json(content: dict[str, Any]) -> str:
    """Compact JSON that cannot end the element it stands in."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def resource(name: str) -> str:
    """A file of this package."""
    return (files("fgm_ref.view.player") / name).read_text(encoding="utf-8")
