"""The bundled sets and the windows that they are made of: shapes, honest splits, honest baselines."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fgm_ref import datasets
from fgm_ref.datasets import SETS, load, names, snippets, summary
from fgm_ref.datasets import ecg as data_ecg
from fgm_ref.datasets import nyc as data_nyc
from fgm_ref.datasets.dataset import classification, regression, sliding, standardise


def table_of_sets():
    """What data/README.md says about each set: {name: {column: cell}}."""
    text = (datasets.folder() / "README.md").read_text(encoding="utf-8")
    table = [line.strip("| ") for line in text.splitlines() if line.startswith("|")]
    header, _, *rows = [line.split(" | ") for line in table]
    return {row[0].strip("`"): dict(zip(header, row, strict=True)) for row in rows}


TOLD = table_of_sets()


def unscaled(train, test):
    return train, test


def raw(name):
    return datasets.content(datasets.folder() / SETS[name].file)


def test_the_list_is_complete():
    assert names() == tuple(SETS)
    assert [name for name in names() if name in TOLD] == list(TOLD)
    assert len(TOLD) >= 5
    assert [line.split()[0] for line in summary()] == list(names())
    assert all(len(line) < 110 for line in summary())


# --- every set ---


@pytest.mark.parametrize("name", TOLD)
def test_its_row_in_the_readme_is_true(name):
    data, told = load(name), TOLD[name]
    assert told["train / test windows"] == f"{len(data.x_train):,} / {len(data.x_test):,}"
    score, words = f"{data.baseline.score:.3f}", f"{data.length} words of {data.vocabulary:,}"
    assert told["T x D"] == (words if data.tokens else f"{data.length} x {data.features}")
    if data.task == "classification":
        assert told["task"] == f"{len(data.classes)} classes"
        assert told["baseline"] == f"accuracy {score}"
    else:
        assert told["task"] == f"regression, {data.unit}"
        assert told["baseline"] == f"RMSE {score} {data.unit} ({data.baseline.name})"
    assert told["natural sites"].split()[0] == (
        str(len(data.site_names)) if data.site_names else "none"
    )


@pytest.mark.parametrize("name", names())
def test_its_line_in_the_list_is_true(name):
    data, line = load(name), SETS[name].line
    classes = f"{len(data.classes)} classes "
    assert line.startswith("regression " if data.task == "regression" else classes)
    assert f"T={data.length}" in line
    assert data.tokens or f"D={data.features}" in line
    sites = f"natural sites: {len(data.site_names)} " if data.site_names else "no natural sites"
    assert sites in line


@pytest.mark.parametrize("name", names())
def test_its_cost_is_known(name):
    assert min(SETS[name].cost) > 0


@pytest.mark.parametrize("name", names())
def test_shapes_and_types(name):
    data = load(name)
    train, classes, sites = len(data.x_train), len(data.classes), len(data.site_names)
    assert data.name == name
    assert data.outputs == (classes or 1)
    assert data.x_train.dtype == data.x_test.dtype == (np.int32 if data.tokens else np.float32)
    if data.task == "classification":
        assert (
            data.y_train.shape == (train,) and data.y_train.dtype == data.y_test.dtype == np.int64
        )
        assert data.y_train.min() >= 0 and max(data.y_train.max(), data.y_test.max()) < classes
        assert data.target_scale == 1 and data.unit == ""
    else:
        assert (
            data.y_train.shape == (train, 1)
            and data.y_train.dtype == data.y_test.dtype == np.float32
        )
    assert np.isfinite(data.x_train).all() and np.isfinite(data.x_test).all()
    if data.site_train is None:
        assert sites == 0
    else:
        assert data.site_train.dtype == np.int64
        assert np.array_equal(np.unique(data.site_train), np.arange(sites))
        assert (
            np.diff(data.site_train) >= 0
        ).all()  # a site's samples are consecutive, in time order


@pytest.mark.parametrize("name", names())
def test_the_training_part_alone_sets_the_scale(name):
    if load(name).tokens:
        pytest.skip("words have no scale")
    x = load(name).x_train.astype(np.float64)
    numbers = ~((x == 0) | (x == 1)).all(axis=(0, 1))
    assert numbers.sum() >= 1
    np.testing.assert_allclose(x[:, :, numbers].mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(x[:, :, numbers].std(axis=(0, 1)), 1, atol=1e-4)


@pytest.mark.parametrize("name", names())
def test_the_majority_baseline_by_hand(name):
    data = load(name)
    if data.task == "regression":
        pytest.skip("no classes")
    counts = [int((data.y_train == c).sum()) for c in range(data.outputs)]
    best = counts.index(max(counts))
    total = sum(counts) + len(counts)
    loss = sum(
        -math.log((counts[c] + 1) / total) * int((data.y_test == c).sum())
        for c in range(len(counts))
    )
    assert data.baseline.name == "majority class"
    assert data.baseline.loss == pytest.approx(loss / len(data.y_test))
    assert data.baseline.score == pytest.approx((data.y_test == best).sum() / len(data.y_test))
    assert data.baseline.balanced == pytest.approx(1 / len(set(data.y_test.tolist())))


def test_arrays_are_read_only_and_loaded_once():
    data = load("watch")
    assert load("watch") is data
    with pytest.raises(ValueError, match="read-only"):
        data.x_train[0] = 0


def test_an_unknown_name_gets_a_hint():
    known = ", ".join(names())
    with pytest.raises(ValueError) as caught:
        load("wacht")
    told = f"dataset: expected one of {known}; got 'wacht'. Did you mean 'watch'?"
    assert str(caught.value) == told
    with pytest.raises(ValueError, match=r"got 'foo'$"):
        load("foo")


def test_loading_is_the_same_whatever_the_hash_seed():
    program = (
        "import hashlib; from fgm_ref.datasets import load; d = load('amazon_snippets'); "
        "print(hashlib.sha256(d.x_train.tobytes() + d.y_train.tobytes()).hexdigest())"
    )
    root = Path(datasets.__file__).parents[1]
    prints = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert prints[0] == prints[1] != b""


# --- the files ---


def test_no_pickle_is_ever_opened(tmp_path):
    for path in datasets.folder().glob("*.npz"):
        assert all(array.dtype != object for array in datasets.content(path).values())
    planted = tmp_path / "planted.npz"
    np.savez(planted, x=np.array([{"a": 1}], object))
    with pytest.raises(ValueError, match=r"^dataset: expected a readable file .*allow_pickle"):
        datasets.content(planted)
    planted.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match=r"^dataset: expected a readable file"):
        datasets.content(planted)


def test_a_damaged_file_is_named(tmp_path):
    whole = (datasets.folder() / "watch.npz").read_bytes()
    for name, content in (
        ("half.npz", whole[: len(whole) // 2]),
        ("bad.tsv.gz", b"not gzip"),
        ("empty.npz", b""),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"^dataset: expected a readable file .*{name}"):
            datasets.content(tmp_path / name)
    with pytest.raises(ValueError, match="make_data"):
        datasets.content(tmp_path / "missing.npz")


def test_installed_files_come_before_those_of_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "fgm_ref"
    monkeypatch.setattr(datasets, "__file__", str(package / "datasets" / "__init__.py"))
    with pytest.raises(
        ValueError, match=r"^dataset: expected the data files in .*bundled_data or .*found neither"
    ):
        datasets.folder()
    for place in (tmp_path / "data", package / "bundled_data"):
        place.mkdir(parents=True)
        (place / "checksums.json").write_text("{}")
        assert datasets.folder() == place


# --- no leakage, set by set ---


def test_ecg_has_its_two_groups_of_beats_and_splits_them_by_time():
    adc = raw("ecg208")["adc"]
    peaks, width = data_ecg.beats((adc.astype(float) - 1024) / 200)
    assert len(peaks) == 497 and (np.diff(peaks) > 0).all()
    few = ((width > 0.03) & (width <= 0.07)).sum()
    assert (width <= 0.03).sum() > 350 and (width > 0.07).sum() > 80 and few < 50  # two humps
    train, test = peaks + 0.6 * 360 < data_ecg.SPLIT, peaks - 0.3 * 360 >= data_ecg.SPLIT
    data = load("ecg208")
    assert train.sum() * 9 == len(data.x_train) and test.sum() * 9 == len(data.x_test)
    border = data_ecg.SPLIT // 4
    assert (
        np.round(peaks[train].max() / 4) + 8 - 18 + 63
        < border
        <= np.round(peaks[test].min() / 4) - 8 - 18
    )


def test_watch_tests_on_three_other_people():
    data, arrays = load("watch"), raw("watch")
    ends = np.cumsum(arrays["length"], dtype=int)
    pieces = {True: [], False: []}
    for person in range(1, 11):
        for i in np.flatnonzero(arrays["subject"] == person):
            one = arrays["x"][ends[i] - arrays["length"][i] : ends[i]].astype(np.float64)
            pieces[person > 7] += [one[s : s + 40] for s in range(0, len(one) - 39, 10)]
    train, test = np.array(pieces[False]), np.array(pieces[True])
    expected = (test - train.mean(axis=(0, 1))) / train.std(axis=(0, 1))
    np.testing.assert_allclose(data.x_test, expected, rtol=1e-3, atol=1e-3)
    assert data.site_names == tuple(f"person {i}" for i in range(1, 8))


def test_amazon_splits_by_review_and_learns_words_from_the_training_part():
    # Review r says "common" and its own word twice, in two sentences.
    lines = [
        f"{r}_{s}\t{(-1) ** r * 2.0}\tcommon own{r} own{r}" for r in range(1, 13) for s in (1, 2)
    ]
    data = snippets.amazon_snippets(
        "id\trating\tsentence\n" + "\n".join([*lines, "1_3\t0.5\tunclear"])
    )
    assert data.x_test.shape == (4, 30) and data.x_train.shape == (
        20,
        30,
    )  # reviews 1 and 7 are held out
    assert data.x_test[:, -3:].tolist() == [[2, 1, 1]] * 4  # their own words are unknown
    assert len(np.unique(data.x_train[:, -1])) == 10 and data.x_train[:, -1].min() > 2
    assert (data.x_train[:, :-3] == 0).all()
    assert data.vocabulary == 2 + 1 + 10


def test_amazon_tokens_are_in_range():
    data = load("amazon_snippets")
    assert data.x_train.min() == 0 and data.x_train.max() == data.vocabulary - 1
    assert data.x_test.min() >= 0 and data.x_test.max() < data.vocabulary
    padded = data.x_train == 0
    assert (np.diff(padded.astype(int), axis=1) <= 0).all()  # padding comes first
    counts = np.bincount(data.x_train.ravel())[2:]
    assert counts.argmax() < 3  # frequent words have small ids


def test_flights_train_before_march_and_hide_the_answer(monkeypatch):
    monkeypatch.setattr(data_nyc, "standardise", unscaled)
    arrays = raw("nyc_flights")
    data = data_nyc.flights({**arrays, "distance": np.arange(len(arrays["day"]))})
    rows_train, rows_test = data.x_train[..., 6].astype(int), data.x_test[..., 6].astype(int)
    assert set(arrays["month"][rows_train].ravel()) == {1, 2}
    assert set(arrays["month"][rows_test].ravel()) == {3}
    assert (np.diff(rows_train, axis=1) == 1).all()
    assert (arrays["origin"][rows_train] == data.site_train[:, None]).all()
    assert np.array_equal(data.y_train, arrays["carrier"][rows_train[:, -1]])
    assert (data.x_train[:, -1, 11:] == 0).all()
    assert np.array_equal(
        data.x_train[:, :-1, 11:].argmax(axis=2), arrays["carrier"][rows_train[:, :-1]]
    )
    when = np.stack([arrays[key].astype(int) for key in ("month", "day", "sched_dep")], axis=1) @ [
        10**6,
        10**4,
        1,
    ]
    assert (np.diff(when[rows_train], axis=1) >= 0).all()


def test_weather_shares_no_hour_between_the_parts(monkeypatch):
    monkeypatch.setattr(data_nyc, "standardise", unscaled)
    arrays = raw("nyc_weather")
    data = data_nyc.weather({**arrays, "humid": arrays["hour"]})

    def hours(x):
        last = np.round(x[:, -1, 2]).astype(int)
        assert np.array_equal(np.round(x[:, 0, 2]), last - 23)  # consecutive hours
        return set((last[:, None] + np.arange(-23, 7)).ravel())

    train, test = hours(data.x_train), hours(data.x_test)
    assert not train & test
    assert {hour // 24 % 20 for hour in test} == {16, 17, 18, 19}
    ends = np.round(data.x_test[:, -1, 2]).astype(int) % 24
    assert len(np.unique(ends)) == 24  # every hour of the day is asked


def test_weather_target_and_baseline_by_hand(monkeypatch):
    caught = {}
    arrays = raw("nyc_weather")
    with (
        monkeypatch.context() as patch
    ):  # only here: what `load` builds below is kept for other tests
        patch.setattr(data_nyc, "standardise", unscaled)
        patch.setattr(
            data_nyc,
            "regression",
            lambda name, train, test, about, **rest: caught.update(train=train, test=test),
        )
        data_nyc.weather(arrays)
    (_, y_train), (_, y_test) = caught["train"], caught["test"]
    data = load("nyc_weather")
    assert (
        data.unit == "°C" and data.baseline.name == "persistence" and data.baseline.balanced is None
    )
    assert data.target_scale == pytest.approx(y_train.std(), rel=1e-4)
    assert data.baseline.score == pytest.approx(
        np.sqrt((y_test.astype(float) ** 2).mean()), rel=1e-5
    )
    assert np.sqrt(data.baseline.loss) * data.target_scale == pytest.approx(data.baseline.score)
    assert abs(data.y_train.mean()) < 1e-3 and abs(data.y_train.std() - 1) < 1e-3
    # The very first window runs from hour 1 to hour 24; its answer is 6 h later.
    ewr = dict(zip(arrays["hour"][:40].tolist(), arrays["temp"].astype(float), strict=False))
    assert y_train[0] == pytest.approx((ewr[30] - ewr[24]) / 1.8, abs=1e-4)


def test_weather_drops_the_impossible_wind_and_keeps_calm_air():
    rows = {
        "hour": np.arange(40),
        "temp": np.full(40, 50.0),
        "dewp": np.full(40, 40.0),
        "humid": np.full(40, 60.0),
        "wind_dir": np.full(40, 90.0),
        "wind_speed": np.full(40, 10.0),
        "pressure": np.full(40, 1013.0),
    }
    rows["wind_speed"][[3, 4]] = [1048, 0]
    rows["wind_dir"][4] = np.nan
    x, y = data_nyc.forecasts(rows)
    assert x.shape == (40 - 23 - 6, 24, 8) and (y == 0).all()
    np.testing.assert_allclose(
        x[0, :6, 4], [10, 10, 10, 5, 0, 10], atol=1e-4
    )  # 3: halfway between 10 and 0


def test_weather_asks_for_measured_answers_only():
    rows = {key: np.arange(40.0) for key in data_nyc.WEATHER}
    gap = {key: np.delete(values, 30) for key, values in {**rows, "hour": np.arange(40)}.items()}
    x, _ = data_nyc.forecasts(gap)
    assert (
        len(x) == 40 - 23 - 6 - 2
    )  # not the window that ends at hour 30, nor the one that asks for it
    assert np.isfinite(x).all()


# --- the tools ---


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 5))
def test_sliding_is_the_obvious_loop(rows, length, step):
    series = np.arange(2 * rows).reshape(rows, 2)
    if length > rows:
        return
    expected = [series[s : s + length] for s in range(0, rows - length + 1, step)]
    assert np.array_equal(sliding(series, length, step), expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e3), st.floats(-1e6, 1e6))
def test_standardise_knows_the_training_part_only(seed, scale, centre):
    rng = np.random.default_rng(seed)
    train, test = centre + scale * rng.normal(size=(20, 3, 2)), rng.normal(size=(5, 3, 2))
    a, _ = standardise(train, test)
    b, _ = standardise(train, 1e6 * test)
    assert np.array_equal(a, b) and a.dtype == np.float32
    np.testing.assert_allclose(a.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(a.std(axis=(0, 1)), 1, atol=1e-3)


def test_standardise_leaves_indicators_and_zeroes_constants():
    train = np.stack(
        [np.full((4, 2), 0.1), np.array([[0, 1], [0, 0], [1, 0], [0, 0]]), np.zeros((4, 2))], axis=2
    )
    a, b = standardise(train, train + 1)
    assert (
        (a[..., 0] == 0).all()
        and np.array_equal(a[..., 1], train[..., 1])
        and (a[..., 2] == 0).all()
    )
    np.testing.assert_allclose(b[..., 0], 1)


def test_a_long_time_stamp_is_not_taken_for_a_constant():
    a, _ = standardise(1.6e9 + np.arange(12.0).reshape(6, 2, 1), np.ones((1, 2, 1)))
    assert a.std() == pytest.approx(1, abs=1e-3)


def test_the_mean_baseline_by_hand():
    x = np.zeros((4, 1, 1), np.float32)
    data = regression(
        "toy", (x, np.array([1.0, 3.0, 5.0, 7.0])), (x, np.array([4.0, 6.0, 4.0, 2.0])), ""
    )
    assert data.baseline.name == "mean" and data.baseline.score == pytest.approx(np.sqrt(2))
    assert data.target_scale == pytest.approx(np.sqrt(5)) and data.baseline.loss == pytest.approx(
        2 / 5
    )
    np.testing.assert_allclose(
        data.y_test[:, 0], [0, 2 / np.sqrt(5), 0, -2 / np.sqrt(5)], atol=1e-6
    )


def test_a_class_that_only_the_test_part_has_costs_a_finite_loss():
    x = np.zeros((2, 1, 1), np.float32)
    data = classification("toy", (x, np.array([0, 0])), (x, np.array([1, 0])), "ab", "")
    assert data.baseline.loss == pytest.approx((math.log(4) - math.log(3 / 4)) / 2)


def test_windows_without_their_targets_are_refused():
    x = np.zeros((2, 1, 1), np.float32)
    with pytest.raises(ValueError, match=r"^y_test: .*got 2 windows and 1 targets$"):
        classification("toy", (x, np.array([0, 1])), (x, np.array([1])), "ab", "")
    with pytest.raises(ValueError, match=r"^y_train: .*at least one window, got 0 windows"):
        classification("toy", (x[:0], np.zeros(0, int)), (x, np.array([0, 1])), "ab", "")


def test_standardise_scales_a_channel_as_a_whole():
    # what all windows have in common, such as a rise from step to step, is no offset to be taken out
    noise = np.random.default_rng(0).normal(size=(50, 4, 1))
    train = noise + np.array([0.0, 10.0, 20.0, 30.0])[:, None]
    a, b = standardise(train, train[:5] + 7)
    np.testing.assert_allclose(a, (train - train.mean()) / train.std(), atol=1e-6)
    np.testing.assert_allclose(b, (train[:5] + 7 - train.mean()) / train.std(), atol=1e-6)


def test_weather_asks_for_no_temperature_that_is_missing():
    # hour 30 has a row, and no temperature in it: it may be filled in as an input, but nobody is asked for it
    rows = {key: np.arange(40.0) for key in data_nyc.WEATHER} | {"hour": np.arange(40)}
    whole, _ = data_nyc.forecasts(rows)
    rows["temp"][30] = np.nan
    x, _ = data_nyc.forecasts(rows)
    assert (
        len(x) == len(whole) - 2
    )  # not the window that ends at hour 30, nor the one that asks for it
    assert np.isfinite(x).all()
