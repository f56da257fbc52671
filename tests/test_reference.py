"""The reference page is complete, names tests that exist, and bills one event as a run does."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from expected import EXPECTED
from scripted import build

from fgm_ref.protocols import PROTOCOLS, Coordinator, Protocol, Sites
from fgm_ref.safe import CATALOGUE
from fgm_ref.transport.codecs import VALUES, WORDS
from fgm_ref.transport.messages import KINDS
from fgm_ref.view import reference
from fgm_ref.view.reference import filled

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "tutorials" / "reference.md").read_text()


def table(title):
    """The rows of the table under a heading, as lists of cells."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def rows(table):
    """Without the head."""
    return list(table)[1:]


SAFE_ROWS = table("Safe functions")


LADDER = TESTS.parent / "fgm_ref" / "README.md"


@pytest.mark.parametrize("page", [TESTS.parent / "tutorials" / "reference.md", LADDER])
def test_the_tables_are_up_to_date(page):
    text = page.read_text(encoding="utf-8")
    assert filled(text) == text, "make reference"


def test_the_ladder_is_short():
    *files, (_, total, _) = rows(reference.ladder())
    assert len(files) <= 6
    assert int(total) <= 925
    assert len(LADDER.read_text(encoding="utf-8").splitlines()) <= 45  # one screen


def test_every_protocol_is_listed_in_order():
    listed = [row[0].strip("`") for row in rows(reference.protocols())]
    assert listed == list(PROTOCOLS)


def test_every_protocol_says_what_the_page_needs():
    for protocol in PROTOCOLS.values():
        facts = protocol.reference
        assert facts.event and facts.bytes and facts.held_by.startswith("test_"), protocol.name
        assert protocol.watches in ("zone", "form", "radius", "nothing")
        assert (protocol.promise == "–") == (protocol.guarantee is None) or facts.promise


def test_every_protocol_is_in_the_table_of_faults():
    listed = [name for row in rows(reference.faults()) for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(listed) == sorted(PROTOCOLS)


def test_a_new_protocol_joins_the_tables(monkeypatch):
    mine = Protocol("mine", "a protocol of my own", Sites, Coordinator, "sum", exact=True)
    monkeypatch.setitem(PROTOCOLS, "mine", mine)
    assert "| `mine` | – | Σ φ(X_i) ≤ 0 | φ |" in filled(PAGE)
    (row,) = [row for row in rows(reference.faults()) if "`mine`" in row[0]]
    assert row[1:] == ("yes", "yes", "yes", "no", "no", "no", "exact")


def test_every_codec_is_listed():
    # plain ones by their names, the words that may be added by an example each
    names = re.findall(r"`([^`]+)`", " ".join(row[0] for row in table("Codecs")))
    words = {word for name in names for word in name.strip(".").split("+")}
    assert words - {""} == {*VALUES, *WORDS}


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
        word
        for protocol in PROTOCOLS.values()
        for word in re.findall(r"\b[A-Z]{3,}\b", protocol.reference.event)
    }
    assert shouted <= {kind.name for kind in KINDS}


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_value_at_zero(name):
    # φ(0) as in the table, E = (3, 4) and R = 2
    (said,) = (row[3] for row in SAFE_ROWS if row[0] == f"`{name}`")
    assert CATALOGUE[name](np.array([3.0, 4.0]), 2.0).at_zero == pytest.approx(
        {"−R": -2, "−R²": -4}[said]
    )


EVENTS = {name: expected.event for name, expected in EXPECTED.items() if expected.event}


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
    event = EVENTS[name]
    letters = {"k": 4, "D": 3} | event.letters
    game = build(event.protocol, np.array([1.0, 2.0, 2.0]), 4, threshold=1.0)
    mark, before = len(game.events), game.ledger.total_bytes
    game.step(event.moves)
    game.coordinator.finish()
    counts, bytes_ = {}, game.ledger.total_bytes - before
    for event in game.events[mark:]:
        kind = KINDS[event.kind].name
        if kind == "INCREMENT":  # the subround's, not the event's
            bytes_ -= event.copies * event.size
        else:
            counts[kind] = counts.get(kind, 0) + event.copies
    cell = PROTOCOLS[name].reference.event
    if name == "gm-limits":
        cell = PROTOCOLS["gm-reb"].reference.event
    assert counts == promised(cell, **letters), name
    formula = re.sub(r"\([^)]*\)", "", PROTOCOLS[name].reference.bytes)
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
