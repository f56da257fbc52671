"""The reference page is complete, names tests that exist, and bills one event as a run does."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from scripted import build

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.safe import CATALOGUE
from fgm_ref.transport.codecs import VALUES
from fgm_ref.transport.faults import Faults, survives
from fgm_ref.transport.messages import KINDS

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "tutorials" / "reference.md").read_text()


def table(title):
    """The rows of the table under a heading, as lists of cells."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


PROTOCOL_ROWS = {row[0].strip("`"): row for row in table("Protocols")}
SAFE_ROWS = table("Safe functions")


def test_every_protocol_is_listed_in_order():
    assert list(PROTOCOL_ROWS) == list(PROTOCOLS)


def test_every_safe_function_is_listed_in_order():
    names = [row[0] for row in SAFE_ROWS]
    composed = [
        "`cheap:NAME`",
        "`decay:NAME`",
        "`grow:NAME`",
        "`NAME+NAME`",
        "perspective",
        "flipped",
    ]
    assert names == [*(f"`{name}`" for name in CATALOGUE), *composed]


def test_every_protocol_is_in_the_table_of_faults():
    listed = [name for row in table("Faults") for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(listed) == sorted(PROTOCOLS)


def test_every_codec_is_listed():
    # plain ones by their names, the two words that may be added by an example each
    names = re.findall(r"`([^`]+)`", " ".join(row[0] for row in table("Codecs")))
    assert {word for name in names for word in name.strip(".").split("+")} - {"..."} == {
        *VALUES,
        "sparse",
        "ef",
        "",
    }


def test_guarantees_are_those_of_the_protocols():
    # "sum": the sites' own values add up to safety; "mean": S only; "variance": the spread; "": nothing for sure
    words = {"sum": "Σ", "mean": "S is admissible", "variance": "w_i − S"}
    for name, protocol in PROTOCOLS.items():
        said = PROTOCOL_ROWS[name][2]
        if protocol.guarantee:
            assert words[protocol.guarantee] in said, name
        else:
            assert said == "–" or "probability" in said, name


FAULTS = [
    Faults(drop=0.1),
    Faults(duplicate=0.1),
    Faults(reorder=True),
    Faults(delay=1),
    Faults(drop=0.1, resend=False),
]


def test_what_survives_is_what_the_library_says():
    for row in table("Faults"):
        for name in re.findall(r"`([^`]+)`", row[0]):
            for cell, fault in zip(row[1:], FAULTS, strict=True):
                said = (
                    {True: "yes", False: "no"}[survives(fault, name)]
                    if PROTOCOLS[name].guarantee
                    else "–"
                )
                assert cell == said, (name, fault)


def test_every_named_test_exists():
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 30
    for file, function in set(named):
        tree = ast.parse((TESTS / file).read_text())
        assert not function or function in {
            getattr(node, "name", None) for node in ast.walk(tree)
        }, (file, function)


def test_every_message_named_is_a_kind():
    shouted = {
        word for row in PROTOCOL_ROWS.values() for word in re.findall(r"\b[A-Z]{3,}\b", row[3])
    }
    assert shouted <= {kind.name for kind in KINDS}


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_value_at_zero(name):
    # φ(0) as in the table, E = (3, 4) and R = 2
    (said,) = (row[3] for row in SAFE_ROWS if row[0] == f"`{name}`")
    assert CATALOGUE[name](np.array([3.0, 4.0]), 2.0).at_zero == pytest.approx(
        {"−R": -2, "−R²": -4}[said]
    )


# One event of each, in one step from E = (1, 2, 2) with R = 1: (protocol, moves (4, 3), what the other letters are).
OUT = np.array([[9.0, 9, 9]])
APART = np.array([[3.0, 0, 0], [-3.0, 0, 0], [0, 0, 0], [0, 0, 0]])
EVENTS = {
    "periodic": ("periodic:b=1", np.tile(OUT, (4, 1)), {}),
    "dynamic-plain": ("dynamic-plain", np.vstack([OUT, OUT, np.zeros((2, 3))]), {"v": 2}),
    "dynamic": ("dynamic", np.vstack([[[1.5, 0, 0]], np.zeros((3, 3))]), {"v": 1, "n": 2}),
    "gm": ("gm", np.vstack([OUT, np.zeros((3, 3))]), {}),
    "gm-reb": ("gm-reb", np.vstack([[[1.5, 0, 0]], np.zeros((3, 3))]), {"n": 2}),
    "gm-limits": ("gm-limits", np.vstack([[[1.5, 0, 0]], np.zeros((3, 3))]), {"n": 2}),
    "fgm": ("fgm", np.tile(OUT, (4, 1)), {}),
    "fgm-reb": ("fgm-reb", APART, {}),
    "fgm-random": ("fgm-random:gain=0.01", 1.01 * np.vstack([np.eye(3), [[-1.0, 0, 0]]]), {"n": 2}),
    "fgm-projection": ("fgm-projection:m=3", APART, {"m": 3}),
    "fgm-centre": ("fgm-centre", np.vstack([OUT, -OUT, OUT, -OUT]), {}),
    "fgm-probe": ("fgm-probe", np.tile(OUT, (4, 1)), {"m": 2}),
    "fgm-o": ("fgm-o:price=1000", np.vstack([OUT, -OUT, np.zeros((2, 3))]), {"n": 0}),
    "fgm-blocks": ("fgm-blocks", np.tile([[9.0, 0, 0]], (4, 1)), {"m": 1}),
    "fda-naive": ("fda-naive", np.vstack([OUT, -OUT, OUT, -OUT]), {}),
    "fda-linear": ("fda-linear", np.vstack([OUT, -OUT, OUT, -OUT]), {}),
    "fda-sketch": ("fda-sketch", np.vstack([OUT, -OUT, OUT, -OUT]), {}),
    "omniscient": ("omniscient", np.vstack([OUT, -OUT, OUT, -OUT]), {}),
    "at-end": ("at-end", np.tile(OUT, (4, 1)), {}),
    "local": ("local", np.tile(OUT, (4, 1)), {}),
}


def total(formula, **letters):
    """`12k + 4kD` in numbers."""
    value = 0
    for sign, number, names in re.findall(r"([+−]?)\s*(\d+)((?:[kDnm])*)", formula):
        term = int(number)
        for letter in names:
            term *= letters[letter]
        value += -term if sign == "−" else term
    return value


def promised(cell, **letters):
    """{kind: messages} of a cell such as `k−v POLL, n BALANCED (...)`."""
    counts = {}
    for many, few, kind in re.findall(
        r"([knmv1])(?:−([knmv]))? ([A-Z]{3,})", re.sub(r"\([^)]*\)", "", cell)
    ):
        number = 1 if many == "1" else letters[many]
        counts[kind] = counts.get(kind, 0) + number - (letters[few] if few else 0)
    return {kind: count for kind, count in counts.items() if count}


@pytest.mark.parametrize("name", EVENTS)
def test_messages_and_bytes_of_one_event(name):
    # the first event of a scripted run: as many messages of each kind, and as many bytes, as the page says
    protocol, moves, letters = EVENTS[name]
    letters = {"k": 4, "D": 3} | letters
    game = build(protocol, np.array([1.0, 2.0, 2.0]), 4, threshold=1.0)
    mark, before = len(game.events), game.ledger.total_bytes
    game.step(moves)
    game.coordinator.finish()
    counts, bytes_ = {}, game.ledger.total_bytes - before
    for event in game.events[mark:]:
        kind = KINDS[event.kind].name
        if kind == "INCREMENT":  # the subround's, not the event's
            bytes_ -= event.copies * event.size
        else:
            counts[kind] = counts.get(kind, 0) + event.copies
    cell = PROTOCOL_ROWS[name][3]
    if name == "gm-limits":
        cell = PROTOCOL_ROWS["gm-reb"][3]
    assert counts == promised(cell, **letters), name
    formula = re.sub(r"\([^)]*\)", "", PROTOCOL_ROWS[name][4])
    assert bytes_ == total(formula, **letters), name


def test_the_reader_of_formulas():
    assert total("12k + 4kD", k=2, D=3) == 48
    assert total("4kD + 4nD + 16k − 4n", k=2, D=3, n=1) == 24 + 12 + 32 - 4
    assert promised("v VIOLATION, k−v POLL, n BALANCED (k MODEL if n = k)", k=4, v=1, n=2) == {
        "VIOLATION": 1,
        "POLL": 3,
        "BALANCED": 2,
    }


def test_samples_of_the_hub():
    # 4 bytes per input and target
    game = build("central", np.zeros(3), 2)
    game.step(np.ones((2, 3)))
    assert game.ledger.total_bytes == 2 * 4 * (3 + 3)
