"""Small inputs that people really have, and what becomes of them."""

from __future__ import annotations

import gzip
import zipfile

import numpy as np
import pytest

from fgm_ref.datasets.csvdata import from_columns, load_csv
from fgm_ref.datasets.dataset import classification, regression
from fgm_ref.demo import main
from fgm_ref.simulation.simulate import run


@pytest.fixture
def csv(tmp_path):
    """Writes lines to a file and returns its path."""

    def write(header, lines, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        text = "\n".join([*([header] if header else []), *lines]) + "\n"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def demo(capsys):
    """Runs the demo on a file: exit code, stdout, stderr."""

    def go(path, *options):
        code = main(["--csv", str(path), *map(str, options)])
        return (code, *capsys.readouterr())

    return go


def random(*shape):
    return np.random.default_rng(0).normal(size=shape)


def doubts(data):
    return "\n".join(data.reading.doubts)


# --- 1, 2: which rows are for the test ---


def test_doubts_are_warnings_in_python_and_lines_in_a_terminal(csv, demo):
    path = csv("a,b,activity", activities())
    with pytest.warns(
        UserWarning, match=r"^doubt about t: the test part has only one class"
    ) as caught:
        load_csv(path, "activity", window=5)
    assert {warning.filename for warning in caught} == {__file__}
    code, out, err = demo(path, "--label", "activity", "--describe")
    assert code == 0 and "stand" in out
    assert err.startswith("fgm_ref.demo: warning: the test part has only one class, 'stand'")


def activities():
    x = random(400, 2)
    names = ["walk", "run", "sit", "stand"]
    return [f"{a:.3f},{b:.3f},{names[i // 100]}" for i, (a, b) in enumerate(x)]


def test_classes_in_blocks(csv):
    path = csv("a,b,activity", activities())
    data = load_csv(path, "activity", window=5)
    assert "training never saw 'stand', the class of 96 of 96 test windows" in doubts(data)
    assert "the test part has only one class, 'stand'; --test blocks" in doubts(data)
    better = load_csv(path, "activity", window=5, test="blocks")
    assert better.reading.doubts == ()
    assert set(better.y_train) == set(better.y_test) == {0, 1, 2, 3}


def engines():
    lines = []
    for unit in range(12):
        length = 60 + unit
        for t, x in enumerate(random(length, 5)):
            worn = t > 0.8 * length
            sensors = ",".join(f"{v + worn:.3f}" for v in x)
            lines.append(f"u{unit},{t},{sensors},{int(worn)}")
    return lines


def test_each_group_ends_in_a_fault(csv):
    path = csv("unit,t,s1,s2,s3,s4,s5,fault", engines())
    said = doubts(load_csv(path, "fault", group="unit"))
    assert "the training part has only one class, '0'; --test groups" in said
    assert "training never saw '1'" in said
    data = load_csv(path, "fault", group="unit", test="groups", drop="t")
    assert data.reading.doubts == ()
    assert len(data.site_names) == 9 and "series u3, u7, u11" in data.reading.lines[-4]
    assert set(data.y_train) == set(data.y_test) == {0, 1}


# --- 3, 4, 5, 6: what should not be an input, and the order of time ---


def prices():
    days = np.arange("2018-01-01", "2019-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    price = 100 + random(len(days))
    return [f"{days[i]},{price[i]:.2f},{i % 3 % 2}" for i in range(len(days))]


def test_newest_first(csv):
    newest_first = csv("Date,Close,Up", prices()[::-1])
    data = load_csv(newest_first, "Up")
    assert doubts(data).startswith("column 'Date' shows the newest rows first")
    sorts = load_csv(newest_first, "Up", time="Date")
    assert sorts.reading.doubts == ()
    usual = load_csv(csv("Date,Close,Up", prices(), "sorted.csv"), "Up")
    assert np.array_equal(sorts.x_train, usual.x_train)
    assert np.array_equal(sorts.y_test, usual.y_test)


def test_doubled_days_and_a_gap(csv):
    days = prices()
    path = csv("Date,Close,Up", [*days[:50], days[49], *days[50:60], *days[200:]])
    said = doubts(load_csv(path, "Up"))
    assert (
        "1 row of the same time as the one before and 1 gap (of up to 199 days, where 1 day is"
        in said
    )
    with pytest.raises(ValueError, match=r"^time: expected different times .* got 1 row .*--gaps"):
        load_csv(path, "Up", time="Date")
    data = load_csv(path, "Up", time="Date", gaps="cut", window=3)
    whole = load_csv(path, "Up", time="Date", gaps="bridge", window=3)
    assert len(whole.x_train) + len(whole.x_test) == 122 - 4
    assert (
        len(data.x_train) + len(data.x_test) == 121 - 4 - 2
    )  # neither the copy nor across the gap
    assert "cut at gaps into 2 pieces" in data.reading.lines
    assert "windows reach across" in doubts(whole)


def test_row_numbers_and_time_stamps(csv):
    lines = [f"{i},{1_600_000_000 + 60 * i},{x:.3f},{i % 2}" for i, x in enumerate(random(300))]
    path = csv("id,stamp,x,y", lines)
    data = load_csv(path, "y")
    assert "  id     number that goes one way, an index perhaps, 0 to 299" in data.reading.lines
    said = data.reading.doubts
    assert [line.split("'")[1] for line in said] == ["id", "stamp"]
    data = load_csv(path, "y", time="stamp", drop="id")
    assert data.features == 1 and data.reading.doubts == ()


def test_the_label_under_another_name(csv):
    lines = [
        f"{x:.3f},{'S1' if i % 3 else 'S0'},{'on' if i % 3 else 'off'}"
        for i, x in enumerate(random(300))
    ]
    (said,) = load_csv(csv("x,status,state", lines), "state").reading.doubts
    assert said.startswith("input 'status' alone tells the label") and "--drop status" in said


def test_the_label_in_another_unit():
    celsius = 20 + 10 * random(500)
    columns = {"c": celsius, "f": np.round(celsius * 1.8 + 32, 1), "other": random(2, 500)[1]}
    (said,) = from_columns(columns, "c").reading.doubts
    assert said.startswith("input 'f' alone")


# --- 7, 20: forecasts ---


def test_a_single_column_is_forecast_better_than_by_persistence(csv):
    sine = np.sin(2 * np.pi * np.arange(2000) / 50) + 0.1 * random(2000)
    path = csv("value", [f"{v:.4f}" for v in sine])
    with pytest.raises(ValueError, match=r"expected at least one other column .*--history"):
        load_csv(path, "value")
    data = load_csv(path, "value", history=True, horizon=1)
    before, known = data.past.before(data.past.test, 1)
    persistence = float(((before - data.y_test)[known] ** 2).mean())
    result = run(
        data=data, dataset="t", protocol="periodic:b=10", sites=2, hidden=(16,), steps=150, lr=0.01
    )
    assert result.final["loss"] < 0.8 * persistence


def hours(count=1000):
    t = np.arange(count)
    moments = np.datetime64("2021-01-01T00") + t
    values = 10 + 5 * np.sin(2 * np.pi * t / 24) + 0.1 * random(count)
    return [f"{moment},{value:.2f}" for moment, value in zip(moments, values, strict=True)]


def test_hourly_temperatures(csv, demo, tmp_path):
    path = csv("time,temp", hours())
    options = ("--label", "temp", "--time", "time", "--horizon", 24, "--history", "--window", 24)
    code, out, err = demo(
        path, *options, "--protocol", "local", "--steps", 2, "--out", tmp_path / "o"
    )
    assert code == 0, err
    for name in ("persistence", "seasonal persistence (24)", "ridge, window"):
        assert f"({name})" in out
    assert "temp 24 rows ahead from 24 rows of temp" in out


# --- 8, 9, 10: numbers ---


def test_thousands(csv):
    lines = [f'"{n:,}",{i % 2}' for i, n in enumerate(range(900, 1100))]
    path = csv("n,y", lines)
    expected = r"line 102, column 'n': expected a number without separators of thousands \(--thousands , reads it\)"
    with pytest.raises(ValueError, match=expected) as caught:
        load_csv(path, "y")
    assert "decimal" not in str(caught.value)
    data = load_csv(path, "y", window=1, thousands=",")
    assert data.recipe.centre[0] == np.arange(900, 1050).mean()


def test_points_between_thousands(csv):
    lines = [
        f'"{v:,.2f}"'.translate(str.maketrans(",.", ".,")) + f";{i % 2}"
        for i, v in enumerate(5000 * random(200))
    ]
    path = csv("amount;y", lines)
    with pytest.raises(ValueError, match=r"amount \(.*see --decimal , --thousands \.\)"):
        load_csv(path, "y")
    data = load_csv(path, "y", window=1, decimal=",", thousands=".")
    assert data.recipe.spread[0] == pytest.approx(np.round(5000 * random(200), 2)[:150].std())


def test_percent(csv):
    path = csv("growth,x,y", [f"{i * 7 % 60}%,{x:.3f},{i % 2}" for i, x in enumerate(random(200))])
    assert "column 'growth' is text with percent signs; --percent" in doubts(load_csv(path, "y"))
    data = load_csv(path, "y", window=1, percent=True)
    assert data.recipe.channels == ("growth", "x")
    assert data.recipe.centre[0] == pytest.approx(np.mean(np.arange(150) * 7 % 60))


# --- 11, 12, 13, 14: what is not there ---


def test_who_does_not_know_the_columns_is_told(csv, demo):
    path = csv("a;b;c", [f"{x};{x};{i % 2}" for i, x in enumerate(random(60))])
    code, _, err = demo(path, "--describe")
    assert code == 2
    assert (
        err == "fgm_ref.demo: --label: expected the column to predict, one of a, b, c; got none\n"
    )
    code, _, err = demo(path, "--label", "a,b", "--describe")
    assert code == 2 and "(to predict several columns, repeat --label)" in err


@pytest.mark.parametrize("lines", [["a,y", "1,2"], ["a y", "1 2"]])
def test_a_comment_is_no_header(csv, demo, lines):
    code, _, err = demo(csv("# made by a logger", lines), "--label", "y")
    assert code == 2 and "a comment? see --comment" in err


def test_empty_columns_at_the_end(csv):
    plain = [f"{x:.3f};{i % 2}" for i, x in enumerate(random(100))]
    data = load_csv(csv("a;y;;", [f"{line};;" for line in plain]), "y")
    assert data.recipe.channels == ("a",)
    assert (
        "the last 2 columns of t.csv, without a name and empty, left out" in data.reading.lines[0]
    )
    with pytest.raises(ValueError, match=r"got none for column 3 \(line 102 has 'x' there\)$"):
        load_csv(csv("a;y;;", [*(f"{line};;" for line in plain), "1;1;x;"]), "y")


def test_an_index_without_a_name_is_no_input_unless_it_is_asked_for(csv):
    day = np.datetime64("2021-01-01") + np.arange(100)
    lines = [f"{d},{x:.3f},{i % 2}" for i, (d, x) in enumerate(zip(day, random(100), strict=True))]
    path = csv(",x,y", lines)
    data = load_csv(path, "y", window=2)
    assert data.recipe.channels == ("x",) and not data.reading.doubts
    assert "  index  left out: it had no name; --inputs or --time takes it" in data.reading.lines
    assert "index (it had no name" in data.about
    later = load_csv(csv(",x,y", lines[::-1], "later.csv"), "y", window=2, time="index")
    assert np.array_equal(later.x_train, data.x_train)
    with pytest.warns(UserWarning, match="the newest rows first"):
        load_csv(csv(",x,y", lines[::-1], "later.csv"), "y", window=2)
    numbers = csv('"",x,y', [f"{i},{x:.3f},{i % 2}" for i, x in enumerate(random(100))], "r.csv")
    with pytest.warns(UserWarning, match="input 'index' goes one way"):
        asked = load_csv(numbers, "y", inputs=["index", "x"])
    assert asked.recipe.channels == ("index", "x")


def test_an_index_without_a_name_beside_one_of_that_name(csv):
    lines = [f"{i},{x:.3f},{i % 2}" for i, x in enumerate(random(100))]
    data = load_csv(csv(",index,y", lines), "y")
    assert data.recipe.channels == ("index",)
    assert data.reading.lines[1].startswith("  index_  left out")
    with pytest.raises(ValueError, match="got none for column 1"):
        load_csv(csv('""', ["1", "2"], "one.csv"), "y")


def test_blanks_in_a_column_that_is_left_out(csv):
    lines = [f"{'' if i % 3 else f'remark {i}'},{x:.3f},{i % 2}" for i, x in enumerate(random(200))]
    data = load_csv(csv("note,x,y", lines), "y")
    assert data.recipe.channels == ("x",)
    assert "  note  left out: text, hardly a value twice; 133 missing" in data.reading.lines
    dropped = load_csv(csv("note,x,y", [",1,0", "a,2,1"] * 50), "y", drop="note")
    assert dropped.recipe.channels == ("x",)


def with_gaps():
    return [f"{'NA' if i in (50, 170) else f'{x:.3f}'},{i % 2}" for i, x in enumerate(random(200))]


def test_a_missing_number(csv):
    path = csv("x,y", with_gaps())
    with pytest.raises(ValueError, match=r"line 52, column 'x': .*missing.*--missing\), got 'NA'"):
        load_csv(path, "y")
    drop = load_csv(path, "y", window=1, missing="drop")
    assert (len(drop.x_train), len(drop.x_test)) == (149, 49)
    assert "left out: 2 rows with missing values" in drop.reading.lines
    forward = load_csv(path, "y", window=1, missing="forward")
    assert forward.x_train[50] == forward.x_train[49]
    mean = load_csv(path, "y", window=1, missing="mean")
    assert mean.x_train[50] == pytest.approx(0, abs=1e-6)


def test_a_question_mark_is_no_class(csv):
    lines = [f"{x:.3f},{'?' if i % 50 == 7 else 'ab'[i % 2]}" for i, x in enumerate(random(200))]
    path = csv("x,y", lines)
    with pytest.raises(ValueError, match=r"line 9, column 'y': expected a value .*, got '\?'"):
        load_csv(path, "y")
    data = load_csv(path, "y", window=1, missing="drop")
    assert data.classes == ("a", "b") and len(data.y_train) + len(data.y_test) == 196


def test_none_is_a_word(csv):
    lines = [f"{x:.3f},{'none' if i % 2 else 'leak'}" for i, x in enumerate(random(100))]
    assert load_csv(csv("x,fault", lines), "fault").classes == ("leak", "none")


# --- 15, 16: other files ---


def test_another_encoding_and_packed_files(csv, tmp_path):
    lines = [f"{x:.3f},{'ähn' if i % 3 else 'üb'},{i % 2}" for i, x in enumerate(random(100))]
    path = csv("Größe,Gewähr,y", lines, encoding="cp1252")
    with pytest.raises(
        ValueError, match=r"line 1: expected UTF-8 text, got byte 0xf6; --encoding cp1252"
    ):
        load_csv(path, "y")
    data = load_csv(path, "y", encoding="cp1252")
    assert data.recipe.channels == ("Größe", "Gewähr=ähn", "Gewähr=üb")
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    archive = tmp_path / "t.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "folder/t.csv")
    for one in (packed, archive):
        same = load_csv(one, "y", encoding="cp1252")
        assert np.array_equal(same.x_train, data.x_train) and same.name == "t"


def test_no_header_and_a_stray_sign(csv):
    lines = [f"16{i // 100},{'AB'[i % 2]},{x:.2f},{i % 21 / 2};" for i, x in enumerate(random(200))]
    path = csv(None, lines)
    said = doubts(load_csv(path, "A"))
    assert "looks like data, not like names; see --no-header" in said
    assert "ends with ';'; --row-end ';' takes it off" in said
    with pytest.raises(
        ValueError, match=r"^label: .* got 'c2' \(the first line looks like data; see --no-header\)"
    ):
        load_csv(path, "c2")
    data = load_csv(path, "c2", header=False, row_end=";")
    assert data.recipe.channels == ("c1", "c3", "c4") and data.reading.doubts == ()
    assert "200 rows" in data.about


# --- 17, 18, 19 ---


def test_a_group_of_a_single_row(csv):
    lines = [f"g{i % 40},{x:.3f},{i // 40 % 2}" for i, x in enumerate(random(1200))]
    path = csv("g,x,y", [*lines, "lone,0.5,1"])
    with pytest.raises(ValueError, match=r"group 'lone' has 1; --short drop"):
        load_csv(path, "y", group="g")
    data = load_csv(path, "y", group="g", short="drop")
    assert len(data.site_names) == 40
    assert "left out: 1 series without room for a window (lone)" in data.reading.lines


WORDS = ["the", "a", "it", "was", "phone", "box", "day"]


def reviews(count=160):
    rng = np.random.default_rng(0)
    lines = []
    for i in range(count):
        words = rng.choice(WORDS, rng.integers(3, 60))
        words[rng.integers(len(words))] = ("love", "hate")[i % 2]
        lines.append(f'"{" ".join(words)}.",{("good", "bad")[i % 2]}')
    return lines


def test_texts_train_through_the_embedding(csv):
    path = csv("review,stars", reviews())
    with pytest.raises(ValueError, match=r"review \(text; --text makes its words the input\)"):
        load_csv(path, "stars")
    data = load_csv(path, "stars", text="review")
    assert data.tokens and data.x_train.shape[1] <= 60
    assert sorted(data.recipe.vocabulary) == sorted([*WORDS, "love", "hate"])
    result = run(
        data=data, dataset="t", protocol="periodic:b=5", sites=2, hidden=(16,), steps=120, lr=0.02
    )
    assert result.final["score"] > 0.9


def test_own_arrays(csv):
    x = random(20, 4, 2)
    y = np.arange(20) % 3
    good = (x, y)
    with pytest.raises(ValueError) as caught:
        classification(
            "own", (np.where(np.arange(20)[:, None, None] == 7, np.nan, x), y), good, "abc", ""
        )
    assert str(caught.value) == "x_train: expected finite numbers (float32), got nan at [7, 0, 0]"
    with pytest.raises(ValueError) as caught:
        classification("own", good, (x, y + 1), "abc", "")
    assert (
        str(caught.value) == "y_test: expected class ids (whole numbers from 0 to 2), got 3 at [2]"
    )
    with pytest.raises(ValueError, match=r"^y_train: expected finite numbers .* at \[3\]$"):
        regression("own", (x, np.where(np.arange(20) == 3, np.inf, 1.0)), (x, y), "")
