"""Tables in other dialects: reading is the inverse of writing, and signs that clash are refused."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref.datasets.cells import BLOCK, Cells
from fgm_ref.datasets.dialect import DELIMITERS, STRICT, Dialect, advice
from fgm_ref.datasets.table import read_table, table_of

NUMBERS = st.floats(-1e9, 1e9).map(lambda value: round(value, 3))
LETTERS = st.characters(
    min_codepoint=32, max_codepoint=255, exclude_categories=("Cc", "Zs")
) | st.just(" ")
TEXTS = st.text(LETTERS, max_size=8).map(str.strip)
LINES = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join).map(str.strip)


@st.composite
def dialects(draw):
    """Every sign that is offered, as far as they go together."""
    decimal = draw(st.sampled_from(".,"))
    thousands = draw(st.sampled_from(["", ".", ",", " ", "'"]))
    return Dialect(
        delimiter=draw(st.sampled_from([*DELIMITERS, ":"])),
        decimal=decimal,
        thousands="" if thousands == decimal else thousands,
        percent=draw(st.booleans()),
        encoding=draw(st.sampled_from(["utf-8", "utf-16", "cp1252", "latin-1"])),
        header=draw(st.booleans()),
        comment=draw(st.sampled_from(["", "#", "//"])),
        row_end=draw(st.sampled_from(["", "~", "$$"])),
    )


def written(value, dialect):
    """A number as the dialect has it."""
    plain = f"{value:,.3f}" if dialect.thousands else f"{value:.3f}"
    signs = {",": dialect.thousands, ".": dialect.decimal}
    text = "".join(signs.get(letter, letter) for letter in plain)
    return f"{text} %" if dialect.percent else text


def file_of(columns, dialect):
    """The text of a file."""
    text = io.StringIO(newline="")
    end = f"{dialect.row_end}\n"
    writer = csv.writer(
        text, delimiter=dialect.delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    )
    if dialect.comment:
        text.write(f"{dialect.comment} made up\n")
    if dialect.header:
        writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(row)
    return text.getvalue()


@given(
    dialects(),
    st.lists(st.tuples(NUMBERS, LINES), min_size=1, max_size=12),
    st.sampled_from(["", "gz", "zip"]),
)
@settings(max_examples=150)
def test_reading_is_the_inverse_of_writing(tmp_path_factory, dialect, rows, packed):
    values = [value for value, _ in rows]
    texts = [text for _, text in rows]
    cells = [written(value, dialect) for value in values]
    raw = file_of({"n": cells, "text": texts}, dialect).encode(dialect.encoding)
    path = tmp_path_factory.mktemp("dialect") / "t.csv"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("t.csv", raw)
    else:
        path.write_bytes(gzip.compress(raw) if packed else raw)
    table = read_table(path, dialect)
    number, text = ("n", "text") if dialect.header else ("c1", "c2")
    assert list(table.columns) == [number, text]
    assert table.texts(text) == [text.strip() for text in texts]
    assert table.numbers(number).tolist() == values
    assert table.stem == "t"


@given(st.lists(st.text(max_size=5), max_size=40))
def test_cells_are_what_was_put_in(texts):
    cells = Cells(texts)
    stripped = [text.strip() for text in texts]
    assert list(cells) == stripped and len(cells) == len(texts)
    assert [cells[i] for i in range(len(cells))] == stripped
    assert cells[1:] == stripped[1:]
    if texts:
        assert cells[-1] == stripped[-1]


def test_cells_in_several_blocks():
    texts = [f"{i}" for i in range(2 * BLOCK + 3)]
    cells = Cells(texts)
    assert list(cells) == texts and cells[BLOCK] == f"{BLOCK}" and cells[2 * BLOCK + 2] == texts[-1]
    with pytest.raises(IndexError):
        cells[len(texts)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decimal": ";"}, r"^decimal: expected a point or a comma, got ';'$"),
        ({"thousands": "."}, r"^thousands: expected another sign than before decimals, got '\.'"),
        ({"thousands": "x"}, r"^thousands: expected .* or a single sign, got 'x'$"),
        ({"delimiter": "semikolon"}, r"^delimiter: expected comma, .* got 'semikolon'$"),
        ({"delimiter": '"'}, r"^delimiter: "),
        ({"encoding": "cp9999"}, r"^encoding: expected the name of one, .* got 'cp9999'$"),
        ({"encoding": "base64"}, r"^encoding: "),
    ],
)
def test_signs_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        Dialect(**settings)


@pytest.mark.parametrize(
    ("dialect", "cell", "value"),
    [
        (STRICT, "1e3", 1000),
        (STRICT, "1,5", None),
        (Dialect(decimal=","), "1,5", 1.5),
        (Dialect(decimal=","), "1.5", None),  # a point would have to be a mistake
        (Dialect(decimal=",", thousands="."), "1.234.567,5", 1_234_567.5),
        (Dialect(decimal=",", thousands="."), "1.23,5", None),
        (Dialect(thousands=","), "1,000", 1000),
        (Dialect(thousands=","), "1,00", None),
        (Dialect(thousands=","), "1000,000", None),
        (Dialect(thousands="blank"), "12\u202f345.5", 12_345.5),
        (Dialect(percent=True), "7 %", 7),
        (Dialect(percent=True), "7", 7),
        (Dialect(percent=True, decimal=","), "7,5%", 7.5),
    ],
)
def test_numbers_by_hand(dialect, cell, value):
    assert dialect.number(cell) == value


@pytest.mark.parametrize(
    ("cells", "option"),
    [
        (["1,000", "12,345"], "--thousands ,"),
        (["1,000.50"], "--thousands ,"),
        (["0,123"], "--decimal ,"),
        (["1,5", "1,000"], "--decimal ,"),
        (["1.234,50", "3,20"], "--decimal , --thousands ."),
        (["7%", "12.5 %"], "--percent"),
        (["a,b"], None),
        ([], None),
    ],
)
def test_advice(cells, option):
    found = advice(cells, STRICT)
    assert (found.option if found else None) == option


def test_advice_goes_on_from_what_was_said():
    assert advice(["1.234,50"], Dialect(decimal=",")).option == "--thousands ."
    assert advice(["1.234,50"], Dialect(decimal=",", thousands=" ")) is None


@pytest.fixture
def path(tmp_path):
    def write(text):
        path = tmp_path / "t.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_blanks_as_separators(path):
    table = read_table(
        path('a   b  "c d"\n 1 2\t x  \n3    4 "y  z"\n'), Dialect(delimiter="blank")
    )
    assert {name: list(cells) for name, cells in table.columns.items()} == {
        "a": ["1", "3"],
        "b": ["2", "4"],
        "c d": ["x", "y  z"],
    }


def test_the_lines_are_those_of_the_file(path):
    table = read_table(path('# one\na,b\n# two\n1,2\n\n"3\n",4\n'), Dialect(comment="#"))
    assert table.lines == [4, 7]


def test_the_first_rows(path):
    file = path("x,y\n" + "1,2\n" * 100 + "broken\n")
    assert read_table(file, max_rows=7).rows == 7
    with pytest.raises(ValueError, match="line 102: expected 2 cells"):
        read_table(file)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, r"^path: expected a header and rows, got the empty file"),
        ("# x\n", {"comment": "#"}, r"got the empty file"),
        ("1,2\n3\n", {"header": False}, r"line 2: expected 2 cells as in the first row, got 1"),
        (b"\xff\xfex\x00", {}, r"expected UTF-8 text, got byte 0xff; --encoding utf-16"),
        (
            "x,y\n1,ä\n".encode("latin-1"),
            {"encoding": "ascii"},
            r"line 2: expected text in ascii, got byte 0xe4",
        ),
        (
            gzip.compress(b"x,y\n1,2\n", mtime=0)[:-6],
            {},
            r"^path: expected a CSV file, got .*t.csv'",
        ),
        (b"PK\x03\x04nothing", {}, r"^path: expected a CSV file, got .*not a zip file"),
    ],
)
def test_files_that_cannot_be_read(path, text, settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path(text), Dialect(**settings))
    assert "\n" not in str(caught.value)


def test_an_archive_of_several_files(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in ("a.csv", "b.csv", "__MACOSX/._a.csv", "folder/"):
            file.writestr(name, "x,y\n1,2\n")
    with pytest.raises(
        ValueError, match=r"^path: t\.zip: expected an archive of one file, got a\.csv, b\.csv$"
    ):
        read_table(path)


class Frame:
    """What a data frame of any library has."""

    def __init__(self, **columns):
        self.columns = list(columns)
        self._arrays = columns

    def __getitem__(self, name):
        return self._arrays[name]


def test_columns_of_every_kind():
    table = table_of(
        Frame(
            i=np.arange(3),
            f=np.array([1.5, np.nan, 3], np.float32),
            b=np.array([True, False, True]),
            s=["x", None, " y "],
            d=np.array(["2020-01-01", "NaT", "2020-01-03"], "datetime64[D]"),
            w=np.array([1, 2, 3], "timedelta64[m]"),
            o=np.array([1, None, 2.5], object),
        )
    )
    assert table.numbers("i").tolist() == [0, 1, 2] and table.texts("i") == ["0", "1", "2"]
    assert np.isnan(table.numbers("f")).tolist() == [False, True, False]
    assert table.texts("b") == ["True", "False", "True"] and table.numbers("b") is None
    assert table.texts("s") == ["x", "", "y"]
    assert table.texts("d") == ["2020-01-01", "", "2020-01-03"]
    assert table.numbers("w").tolist() == [60, 120, 180]
    assert table.numbers("o")[[0, 2]].tolist() == [1, 2.5]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r"^columns: expected at least one array, got none$"),
        (
            {"a": [1], "b": [1, 2]},
            r"^columns: expected arrays of one length, got 1 in 'a' and 2 in 'b'$",
        ),
        ({"a": [[1, 2]]}, r"^columns: expected one value a row in 'a', got shape \(1, 2\)$"),
        ({"a": []}, r"^columns: expected rows of data, got none$"),
        (7, r"^columns: expected a mapping of names to arrays, or a data frame; got int$"),
    ],
)
def test_columns_that_cannot_be(columns, message):
    with pytest.raises(ValueError, match=message):
        table_of(columns)
