"""The table and what stands below it: whatever the width, nothing is lost; whatever was checked, it is said."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_simulate import go, toy

from fgm_ref.program import aligned
from fgm_ref.program.console import wrapped
from fgm_ref.protocols import PROTOCOLS
from fgm_ref.simulation.baselines import baselines
from fgm_ref.view.labels import labels
from fgm_ref.view.notes import notes
from fgm_ref.view.table import VIOLATIONS, folded, table


@pytest.fixture(scope="module")
def results():
    names = ("central", "periodic:b=2", "dynamic:b=5", "gm", "fgm")
    settings = {"sites": 4, "steps": 20, "threshold": 0.05, "dtype": "float32"}
    return [go(name, checks=True, **settings) for name in names]


def cells(lines):
    """{first cell: the others}, gathered over the parts of a folded table; no cell has two blanks in it."""
    found = {}
    for line in lines:
        if line and set(line) != {"-"}:
            name, *rest = filter(None, (cell.strip() for cell in line.split("  ")))
            found.setdefault(name, []).extend(rest)
    return found


def test_without_a_width_it_is_one_table(results):
    lines = table(results, toy()).splitlines()
    assert len(lines) == len(results) + 2 + len(baselines(toy()))
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 400])
def test_a_narrow_table_fits_and_loses_nothing(results, columns):
    lines = table(results, toy(), columns).splitlines()
    assert max(map(len, lines)) <= columns
    assert cells(lines) == cells(table(results, toy()).splitlines())
    assert len(lines) == len(results) + 2 + len(baselines(toy())) or columns < 150


@given(st.data())
def test_any_table_can_be_folded(data):
    count = data.draw(st.integers(2, 6))
    words = st.text("abc0", min_size=1, max_size=7)
    row = st.lists(words, min_size=count, max_size=count)
    rows = data.draw(st.lists(row, min_size=2, max_size=5, unique_by=lambda one: one[0]))
    columns = data.draw(st.integers(1, 60))
    lines = folded(rows, columns)
    assert cells(lines) == cells(aligned(rows))
    widest = max(len(row[0]) for row in rows)
    for line in lines:  # a part is too wide only if there is no other way
        assert len(line) <= max(columns, widest + 2 + 7)


@given(st.lists(st.text("ab  c", max_size=60)), st.integers(10, 70))
def test_wrapped_lines_keep_their_words(lines, columns):
    found = list(wrapped(lines, columns, indent=2))
    assert "".join("".join(found).split()) == "".join("".join(lines).split())
    assert list(wrapped(lines, None)) == lines


def test_runs_that_were_not_checked_have_no_verdicts(results):
    other = go("fgm", sites=4, steps=20)
    lines = table([results[-1], other], toy()).splitlines()
    assert all(word in lines[0] for word in VIOLATIONS)
    names = labels([results[-1], other])
    checked, unchecked = (
        line.removeprefix(name).split() for line, name in zip(lines[2:4], names, strict=True)
    )
    assert len(unchecked) == len(checked) - len(VIOLATIONS)


def test_what_was_checked_and_how_often(results):
    assert notes(results) == [
        "central, periodic:b=2: no guarantee, so there was nothing to check",
        "dynamic:b=5: guarantee checked before and after the messages of 4 steps: kept in all",
        "gm, fgm: guarantee checked before and after the messages of 20 steps: kept in all",
    ]
    assert notes(results[-2:]) == [
        "guarantee checked before and after the messages of 20 steps: kept in all"
    ]
    assert notes([go("fgm", steps=3, dtype="float32")]) == []


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"faults": "delay=2"}, "with delay=2, "),
        ({"faults": "delay=3", "codec": "int8"}, "with delay=3 and int8, "),
    ],
)
def test_what_was_broken_and_how_often(settings, cause):
    result = go("gm", sites=4, steps=40, threshold=0.02, checks=True, dtype="float32", **settings)
    breaches = result.final["breaches"]
    assert breaches > 0 and result.final["checked"] == 40
    assert notes([result]) == [
        f"gm: {cause}guarantee checked before and after the messages of 40 steps: broken {breaches} times"
    ]


OWN = replace(PROTOCOLS["fgm"], name="own")


def test_an_own_protocol_is_judged_like_any_other():
    name = f"{__name__}:OWN"
    result = go(name, sites=3, steps=9, checks=True, dtype="float32")
    assert notes([result]) == [
        f"{name}: guarantee checked before and after the messages of 9 steps: kept in all"
    ]


def test_double_precision_is_billed_as_single_and_says_so():
    double, single = (go("fgm", steps=3, dtype=dtype) for dtype in ("float64", "float32"))
    coded = go("fgm", steps=3, dtype="float64", codec="float16")
    assert double.ledger["MODEL"] == single.ledger["MODEL"]
    (line,) = notes([double, single, coded])
    assert (
        line.startswith("fgm, float64: computed and shipped in float64")
        and "4 bytes a number" in line
    )
