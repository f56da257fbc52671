"""A saved run can be used: loaded to the bit, described, and asked about rows that nobody has seen yet."""

import csv
import io
import json
import re
import shlex

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_simulate import go, toy

from fgm_ref import demo, load, load_run, predict
from fgm_ref.datasets import content
from fgm_ref.datasets import folder as data_folder
from fgm_ref.datasets.csvdata import from_columns, load_csv
from fgm_ref.datasets.table import read_table
from fgm_ref.learning.model import Model
from fgm_ref.simulation.meaning import Meaning
from fgm_ref.simulation.result import VERSION, RunResult
from fgm_ref.simulation.simulate import run

SHORT = {"hidden": (4,), "steps": 12, "batch": 8, "lr": 0.05, "evaluations": 1}


def pump(rows=90, seed=0):
    """Lines of a table: two machines one after the other; the state follows from load and mode."""
    rng = np.random.default_rng(seed)
    lines = ["machine,load,mode,state"]
    for machine in ("north", "south"):
        for load_, eco in zip(rng.normal(size=rows), rng.random(rows) < 0.5, strict=True):
            state = "hot" if load_ + 0.5 * eco > 0 else "cold"
            lines.append(f"{machine},{load_:.3f},{'eco' if eco else 'full'},{state}")
    return lines


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("predict")
    (path / "pump.csv").write_text("\n".join(pump()))
    (path / "new.csv").write_text("\n".join(pump(rows=9, seed=1)))
    return path


@pytest.fixture(scope="module")
def trained(folder):
    """The data, and a run on them that was saved."""
    data = load_csv(folder / "pump.csv", "state", window=4, group="machine")
    result = run(data=data, protocol="gm", sites=2, split="natural", dataset="pump", **SHORT)
    result.save(folder / "run.npz")
    return data, result


def program(capsys, *args):
    """(exit code, stdout, stderr) of the program."""
    try:
        code = predict.main([str(arg) for arg in args])
    except SystemExit as stop:  # argparse
        code = stop.code
    return code, *capsys.readouterr()


# saving and loading


@settings(max_examples=15)
@given(
    task=st.sampled_from(["classification", "regression"]),
    cell=st.sampled_from(["rnn", "lstm"]),
    dtype=st.sampled_from(["float32", "float64"]),
    hidden=st.sampled_from([(3,), (3, 2)]),
    peepholes=st.booleans(),
    dropout=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 9),
)
def test_what_is_loaded_predicts_to_the_bit(tmp_path_factory, task, seed, peepholes, **settings):
    data = toy(task, seed=seed)
    peepholes = peepholes and settings["cell"] == "lstm"
    result = go("fgm", data, seed=seed, peepholes=peepholes, **settings)
    path = tmp_path_factory.mktemp("saved") / "run.npz"
    result.save(path)
    again = load_run(path)
    assert again.meaning == result.meaning
    assert np.array_equal(again.outputs(data.x_test), result.outputs(data.x_test))
    model = Model(again.meaning.spec, data.x_test.dtype if dtype_is_single(again) else np.float64)
    assert np.array_equal(model.outputs(result.model, data.x_test), result.outputs(data.x_test))


def dtype_is_single(result):
    return result.model.dtype == np.float32


@pytest.mark.parametrize("name", ["ecg208", "amazon_snippets", "nyc_weather"])
def test_a_run_on_a_bundled_set_says_what_it_said(name, tmp_path):
    data = load(name)
    result = run(dataset=name, protocol="periodic:b=5", sites=2, **SHORT)
    result.save(tmp_path / "run.npz")
    outputs = load_run(tmp_path / "run.npz").outputs(data.x_test)
    if data.classes:
        assert (outputs.argmax(axis=1) == data.y_test).mean() == result.final["score"]
        return
    in_units = result.meaning.in_units(outputs)
    wanted = result.meaning.in_units(data.y_test)
    rmse = np.sqrt(((in_units - wanted) ** 2).mean())
    assert rmse == pytest.approx(result.final["score"], rel=1e-5)


def rewritten(path, new, **changes):
    """A saved run with other entries; None leaves one out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads(str(arrays["meta"])) | changes
    arrays["meta"] = np.array(json.dumps({k: v for k, v in meta.items() if v is not None}))
    np.savez(new, **arrays)
    return new


def test_a_run_of_an_earlier_version_is_read_but_cannot_predict(folder, trained, tmp_path, capsys):
    old = rewritten(folder / "run.npz", tmp_path / "old.npz", version=None, meaning=None)
    result = load_run(old)
    assert result.summary() == trained[1].summary() and result.meaning is None
    code, out, err = program(capsys, old, folder / "new.csv")
    assert (code, out) == (2, "")
    assert err == (
        "fgm_ref.predict: RUN.npz: expected a file that says how its model is used, got one that an "
        "earlier fgm_ref saved; run it again with --save\n"
    )


def test_a_run_of_a_later_version_is_refused(folder, trained, tmp_path):
    later = rewritten(folder / "run.npz", tmp_path / "later.npz", version=VERSION + 1)
    with pytest.raises(ValueError, match=rf"^run: expected a file of version {VERSION} at most"):
        load_run(later)


def test_files_that_are_no_runs(folder, trained, tmp_path):
    whole = (folder / "run.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    np.savez(tmp_path / "meta.npz", meta=np.array("no"), events=np.zeros(1), model=np.zeros(1))
    np.savez(tmp_path / "pickled.npz", meta=np.array([{}], object))
    np.save(tmp_path / "array.npz.npy", np.zeros(3))
    found = ["half.npz", "other.npz", "meta.npz", "pickled.npz", "array.npz.npy", "none.npz", "."]
    for name in found:
        with pytest.raises(ValueError, match=r"^run: expected a file that --save wrote, got "):
            RunResult.load(tmp_path / name)


def test_what_numbers_mean_survives_being_written_down(trained):
    data, result = trained
    meaning = result.meaning
    assert Meaning.from_dict(json.loads(json.dumps(meaning.to_dict()))) == meaning
    assert meaning.recipe == data.recipe and meaning.window == 4 and meaning.classes == data.classes


# prediction


@pytest.mark.parametrize("label", ["state", "load"])
@pytest.mark.parametrize("group", [None, "machine"])
def test_the_rows_of_the_test_part_give_the_metrics_of_the_run(tmp_path, label, group):
    lines = pump()
    (tmp_path / "all.csv").write_text("\n".join(lines))
    data = load_csv(tmp_path / "all.csv", label, window=5, group=group)
    result = run(data=data, protocol="gm", sites=2, **SHORT)
    result.save(tmp_path / "run.npz")
    header, *rows = lines
    series = [rows[:90], rows[90:]] if group else [rows]
    test = [row for one in series for row in one[len(one) - round(len(one) / 4) :]]
    (tmp_path / "test.csv").write_text("\n".join([header, *test]))
    table = read_table(tmp_path / "test.csv")
    said = load_run(tmp_path / "run.npz").predict(table)
    assert len(said.values) == len(data.y_test)
    answers = np.array(table.columns[label])[said.rows]
    assert said.known.all() and said.score == pytest.approx(result.final["score"], rel=1e-5)
    if label == "state":
        assert (said.values == answers).mean() == result.final["score"]
        of_the_answer = [list(data.classes).index(one) for one in answers]
        given = said.probabilities[np.arange(len(answers)), of_the_answer]
        assert -np.log(given).mean() == pytest.approx(result.final["loss"], rel=1e-5)
        assert np.allclose(said.probabilities.sum(axis=1), 1)
    else:
        errors = said.values[:, 0] - answers.astype(float)
        assert np.sqrt((errors**2).mean()) == pytest.approx(result.final["score"], rel=1e-5)


def test_a_mapping_of_arrays_is_a_table(folder, trained):
    table = read_table(folder / "new.csv")
    columns = {name: np.array(cells) for name, cells in table.columns.items() if name != "state"}
    columns["load"] = columns["load"].astype(float)
    one, other = trained[1].predict(table), trained[1].predict(columns)
    assert np.array_equal(one.probabilities, other.probabilities)
    assert one.values.tolist() == other.values.tolist() and not one.warnings


@settings(max_examples=10)
@given(st.permutations(["machine", "load", "mode", "state", "more"]))
def test_the_order_of_columns_does_not_matter(folder, trained, order):
    table = read_table(folder / "new.csv")
    columns = {"more": ["x"] * 18, **table.columns}
    columns = {name: columns[name] for name in order if name != "state"}
    assert np.array_equal(
        trained[1].predict(columns).probabilities, trained[1].predict(table).probabilities
    )


def test_each_window_has_its_line(folder, trained, capsys):
    code, out, err = program(capsys, folder / "run.npz", folder / "new.csv")
    said = trained[1].predict(read_table(folder / "new.csv"))
    assert code == 0 and err == (
        f"fgm_ref.predict: accuracy {said.score:.4g} on the 12 of 12 windows whose label is in the file\n"
    )
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["line", "machine", "predicted state", "p(cold)", "p(hot)"]
    assert [int(row[0]) for row in rows] == [5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 19]
    assert [row[1] for row in rows] == ["north"] * 6 + ["south"] * 6
    for row, value, shares in zip(rows, said.values, said.probabilities, strict=True):
        assert row[2] == value and [float(one) for one in row[3:]] == pytest.approx(
            shares, rel=1e-5
        )


@pytest.mark.parametrize("label", ["state", "load"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_answers_that_are_still_to_come(folder, tmp_path, label, horizon, capsys):
    # the last windows have a prediction, but no answer yet
    data = load_csv(
        folder / "pump.csv", label, window=4, group="machine", horizon=horizon, history=True
    )
    run(data=data, protocol="gm", sites=2, **SHORT).save(tmp_path / "run.npz")
    table = read_table(folder / "new.csv")
    said = load_run(tmp_path / "run.npz").predict(table)
    assert len(said.rows) == 12 and said.known.sum() == 12 - 2 * horizon
    answers = np.array(list(table.columns[label]))
    for row, known, answer in zip(said.rows, said.known, said.answers, strict=True):
        assert known == (row % 9 + horizon < 9)
        if known and label == "state":
            assert answer == answers[row + horizon]
        elif known:
            assert answer[0] == float(answers[row + horizon])
    _, out, err = program(capsys, tmp_path / "run.npz", folder / "new.csv")
    assert f"predicted {label} in {horizon} rows" in out and f"{12 - 2 * horizon} of 12" in err


@pytest.mark.parametrize("cells", [["warm", "", "hot"], ["", "", ""], ["1", "2", "x"]])
def test_a_label_that_is_of_no_use_does_no_harm(folder, trained, cells):
    table = read_table(folder / "new.csv")
    columns = {name: list(column) for name, column in table.columns.items()}
    columns["state"] = cells * 6
    said = trained[1].predict(columns)
    assert said.values.tolist() == trained[1].predict(table).values.tolist()
    of_use = "x" not in cells  # among numbers, it is an error
    assert said.known.tolist() == [of_use and cells[row % 3] != "" for row in said.rows]


def test_several_numbers_at_once(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    columns = {"x": x, "up": 100 + 30 * x, "down": -5 - 0.1 * x}
    data = from_columns(columns, label=["up", "down"], window=3)
    result = run(data=data, protocol="gm", sites=2, **SHORT | {"steps": 150})
    result.save(tmp_path / "run.npz")
    said = load_run(tmp_path / "run.npz").predict(columns)
    assert said.labels == ("up", "down") and said.probabilities is None
    assert np.abs(said.values - said.answers).mean(axis=0) == pytest.approx(0, abs=9)
    assert np.array_equal(said.answers[:, 0], columns["up"][2:])
    assert np.abs(said.values[:, 1] - said.answers[:, 1]).mean() < 0.03


def test_texts_need_nothing_but_a_text(tmp_path, capsys):
    words = ("good fine nice", "bad poor sad")
    lines = [f"{words[i % 2]} thing {i % 3},{i // 8},{'yn'[i % 2]}" for i in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["said,who,answer", *lines]))
    data = load_csv(tmp_path / "t.csv", "answer", text="said", group="who", test="groups", window=4)
    run(data=data, protocol="periodic:b=5", sites=2, **SHORT | {"steps": 60}).save(
        tmp_path / "r.npz"
    )
    (tmp_path / "new.csv").write_text('said\na nice one\n"sad, really"\n')
    code, out, _ = program(capsys, tmp_path / "r.npz", tmp_path / "new.csv")
    assert code == 0
    assert [line.split(",")[:2] for line in out.splitlines()[1:]] == [["2", "y"], ["3", "n"]]
    code, out, _ = program(capsys, tmp_path / "r.npz")
    assert "the last 4 words of column 'said'" in out and "who" not in out
    (tmp_path / "new.csv").write_text("said\na nice one\nqualche altra cosa\n")
    _, _, err = program(capsys, tmp_path / "r.npz", tmp_path / "new.csv")
    assert "warning: 1 of 2 texts have no word that training knew" in err


def test_a_file_of_predictions(folder, trained, tmp_path, capsys):
    _, printed, _ = program(capsys, folder / "run.npz", folder / "new.csv")
    path = tmp_path / "deeper" / "said.csv"
    code, out, _ = program(capsys, folder / "run.npz", folder / "new.csv", "--out", path)
    assert (code, out) == (0, f"{path}\n") and path.read_text() == printed


def test_a_place_that_is_no_file(folder, trained, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out, words in (
        (tmp_path, "a file to write to"),
        (tmp_path / "file/x", "a folder to write to"),
    ):
        code, printed, err = program(capsys, folder / "run.npz", folder / "new.csv", "--out", out)
        assert (code, printed) == (2, "")
        assert err.startswith(f"fgm_ref.predict: --out: expected {words}, got ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_a_run_needs(folder, trained, capsys):
    code, out, _ = program(capsys, folder / "run.npz")
    assert code == 0
    for words in (
        "state: cold, hot",
        "windows of 4 rows: load; mode (",
        "told apart by column 'machine'",
    ):
        assert words in out


WRONG = {
    "load": "NEW.csv: expected load, mode, machine as in training, got a table without load",
    "machine": "NEW.csv: expected load, mode, machine as in training, got a table without machine",
}


@pytest.mark.parametrize("column", WRONG)
def test_a_missing_column(folder, trained, tmp_path, capsys, column):
    text = (folder / "new.csv").read_text().replace(column, "another", 1)
    (tmp_path / "wrong.csv").write_text(text)
    code, out, err = program(capsys, folder / "run.npz", tmp_path / "wrong.csv")
    assert (code, out) == (2, "") and WRONG[column] in err and len(err.splitlines()) == 1


def test_rows_that_do_not_fit(folder, trained, tmp_path, capsys):
    lines = (folder / "new.csv").read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(lines[:4]))
    (tmp_path / "text.csv").write_text(re.sub(r",-?\d\.\d+,", ",much,", "\n".join(lines)))
    for name, words in (("few.csv", "at least the 4 rows of a window"), ("text.csv", "a number")):
        code, out, err = program(capsys, folder / "run.npz", tmp_path / name)
        assert (code, out) == (2, "") and words in err and len(err.splitlines()) == 1


def test_what_training_never_saw_is_said(folder, trained, tmp_path, capsys):
    text = (folder / "new.csv").read_text().replace("eco", "turbo", 1)
    (tmp_path / "new.csv").write_text(text.replace("north,", "north,99", 1))
    code, out, err = program(capsys, folder / "run.npz", tmp_path / "new.csv")
    assert code == 0 and len(out.splitlines()) == 13
    assert "warning: column 'mode' has values that training never saw: turbo" in err
    assert "warning: column 'load' goes " in err


def test_a_missing_category_is_none_that_training_never_saw(tmp_path, capsys):
    rng = np.random.default_rng(0)
    kinds = rng.choice(["red", "blue", "NA", ""], 80)
    columns = {"kind": kinds, "x": rng.normal(size=80), "y": rng.choice(["p", "q"], 80)}
    data = from_columns(columns, "y", window=2, missing="forward")
    run(data=data, protocol="local", sites=2, **SHORT).save(tmp_path / "r.npz")
    said = load_run(tmp_path / "r.npz").predict(columns)
    assert said.warnings == ()


def test_what_a_forecast_needs(tmp_path, capsys):
    hours = np.datetime64("2021-01-01T00") + np.arange(24 * 30)
    kinds = np.array([f"k{i % 23}" for i in range(len(hours))])
    columns = {"time": hours, "kind": kinds, "y": np.sin(np.arange(len(hours)) / 4)}
    data = from_columns(columns, "y", time="time", calendar=True, horizon=3, history=True)
    run(data=data, protocol="local", sites=2, **SHORT).save(tmp_path / "r.npz")
    _, out, _ = program(capsys, tmp_path / "r.npz")
    text = " ".join(out.split())
    assert "k18, k19, or any other); y; time (day); time (week)" in text
    assert "3 rows after a window's last one" in text


def test_a_bundled_set_is_no_table(tmp_path, folder, capsys):
    result = go("local", load("ecg208"), dataset="ecg208", dtype="float32")
    result.save(tmp_path / "run.npz")
    code, _, err = program(capsys, tmp_path / "run.npz", folder / "new.csv")
    assert code == 2 and "expected one that was trained on a table, got one on 'ecg208'" in err
    code, out, _ = program(capsys, tmp_path / "run.npz")
    assert code == 0 and "narrow, wide" in out


# from a file to predictions


def sensor():
    """(lines for training, lines that are new, options, how many windows the new ones have)."""
    options = "--label state --group machine --window 4 --test groups"
    return pump(), pump(rows=9, seed=1), options, 12


def series():
    """Hours and temperatures; the new rows go on where the others end."""
    hours = np.datetime64("2025-01-01T00") + np.arange(400).astype("timedelta64[h]")
    degrees = 10 + 5 * np.sin(np.arange(400) / 24 * 2 * np.pi)
    lines = [f"{hour},{value:.1f}" for hour, value in zip(hours, degrees, strict=True)]
    options = "--label degrees --time hour --horizon 3 --history --window 24"
    header = "hour,degrees"
    return [header, *lines[:360]], [header, *lines[360:]], options, 40 - 23


def texts():
    """The bundled sentences; the new ones have no opinion."""
    rows = [
        row.split("\t") for row in content(data_folder() / "amazon_snippets.tsv.gz").splitlines()
    ]
    quoted = [(text.replace('"', "'"), float(rating)) for _, rating, text in rows[1:]]
    lines = [f'"{text}",{"good" if rating > 0 else "bad"}' for text, rating in quoted[:600]]
    new = ["sentence", *(f'"{text}"' for text, _ in quoted[600:620])]
    return ["sentence,opinion", *lines], new, "--label opinion --text sentence --window 20", 20


def helped(capsys, main):
    """What --help says."""
    with pytest.raises(SystemExit):
        main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("table", [sensor, series, texts])
def test_from_a_table_to_predictions_in_three_commands(table, tmp_path, capsys, monkeypatch):
    # how it is understood, training, and predictions: the third command is what the second one prints
    monkeypatch.chdir(tmp_path)
    known, new, options, windows = table()
    (tmp_path / "known.csv").write_text("\n".join(known), encoding="utf-8")
    (tmp_path / "NEW.csv").write_text("\n".join(new), encoding="utf-8")
    look = f"--csv known.csv {options} --describe"
    train = f"--csv known.csv {options} --protocol fgm --steps 5 --save"
    for arguments in (look, train):
        assert demo.main(arguments.split()) == 0
    *_, advice = capsys.readouterr().out.splitlines()
    python, _, module, *arguments = shlex.split(advice.partition(":  ")[2])
    assert (python, module) == ("python", "fgm_ref.predict")
    code, out, err = program(capsys, *arguments)
    assert code == 0, err
    assert len(out.splitlines()) == 1 + windows
    help_of_demo = helped(capsys, demo.main)
    for word in (*look.split(), *train.split()):
        assert not word.startswith("--") or word in help_of_demo
    assert module in help_of_demo and "NEW.csv" in helped(capsys, predict.main)
