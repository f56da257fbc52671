"""Heart beats out of five minutes of ECG: find them, sort them by width, cut windows around them.

The package that carries the signal has no expert annotations, so the two classes come from a *rule*: is the
QRS complex (the spike of a beat) wider than 55 ms at half its height?  The widths fall into two clear groups.
But "wide" is not a diagnosis: it mixes ventricular and fusion beats.
"""

from __future__ import annotations

import numpy as np

from fgm_ref.arrays import Array
from fgm_ref.datasets.dataset import Dataset, Part, classification, standardise

RATE = 360  # samples per second
SPLIT = 210 * RATE  # training before, test after: 3.5 of 5 minutes
VALIDATION = 168 * RATE  # from here to `SPLIT` is the validation part: a fifth of the training part
WIDE = 0.055  # seconds; few widths lie between 0.03 and 0.07
SHIFTS = np.arange(-8, 9, 2)  # a window per shift and beat: the spike's place gives nothing away
BEFORE, LENGTH = 18, 64  # a window: 0.2 s before the R peak to 0.5 s after, at 90 Hz


def band_pass(signal: Array, low: float, high: float) -> Array:
    """Keeps `low`..`high` Hz and moves no peak: a second-order Butterworth filter run both ways.  (n,) -> (n,)."""
    n = len(signal)
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 1e-9)
    above = 1 + (low / frequency) ** 4
    below = 1 + (frequency / high) ** 4
    gain = 1 / (above * below)
    smooth: Array = np.fft.irfft(gain * np.fft.rfft(signal), n)
    return smooth


def threshold_of(energy: Array) -> Array:
    """0.3 x the 95th percentile of the 16 s around each sample, taken once a second.  (n,) -> (n,)."""
    padded = np.pad(energy, 8 * RATE, "reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, 16 * RATE + 1)
    level = np.percentile(around[::RATE, ::4], 95, axis=1)
    seconds = RATE * np.arange(len(level))
    threshold: Array = 0.3 * np.interp(np.arange(len(energy)), seconds, level)
    return threshold


def spikes(millivolts: Array) -> Array:
    """Where the energy of the QRS band peaks, at most once in 300 ms.  (n,) -> (beats,) ascending indices."""
    window = RATE // 10
    average = np.ones(window) / window
    energy = np.convolve(band_pass(millivolts, 4, 20) ** 2, average, "same")
    before, middle, after = energy[:-2], energy[1:-1], energy[2:]
    is_top = (middle >= before) & (middle > after)
    is_high = middle > threshold_of(energy)[1:-1]
    tops = 1 + np.flatnonzero(is_top & is_high)
    highest_first = np.argsort(-energy[tops], kind="stable")
    kept: list[int] = []
    for top in tops[highest_first]:
        if all(abs(top - other) >= 0.3 * RATE for other in kept):
            kept.append(int(top))
    return np.sort(kept)


def beats(millivolts: Array) -> tuple[Array, Array]:
    """R peaks and widths of the beats.  (n,) mV -> (beats,) sample indices, (beats,) seconds."""
    size = np.abs(band_pass(millivolts, 0.7, 40))
    found = spikes(millivolts)
    has_room = (found >= 65) & (found < len(size) - 250)  # for the window
    found = found[has_room]
    reach = np.arange(-29, 30)  # 80 ms
    highest = size[found[:, None] + reach].argmax(axis=1)
    peaks = found + reach[highest]
    near = size[peaks[:, None] + np.arange(-36, 37)]  # 100 ms
    half = size[peaks, None] / 2
    width = (near > half).sum(axis=1) / RATE
    return peaks, width


def cut(slow: Array, peaks: Array, wide: Array) -> Part:
    """Windows of the 90 Hz signal around each peak, one per shift, less the median.  -> (N, T, 1), (N,)."""
    places = np.round(peaks / 4).astype(int)
    starts = places[:, None] + SHIFTS - BEFORE
    windows = slow[starts.reshape(-1, 1) + np.arange(LENGTH)]
    windows = windows - np.median(windows, axis=1, keepdims=True)
    x = windows[:, :, None]
    y = np.repeat(wide, len(SHIFTS))
    return x, y


def ecg208(data: dict[str, Array], validate: bool = False) -> Dataset:
    """The set from its 108,000 ADC counts.  x (N, 64, 1)."""
    border, end = (VALIDATION, SPLIT) if validate else (SPLIT, np.inf)
    millivolts = (data["adc"].astype(np.float64) - 1024) / 200
    peaks, width = beats(millivolts)
    wide = (width > WIDE).astype(np.int64)
    slow = band_pass(millivolts, 0, 35)[::4]
    # A window reaches at most 0.6 s beyond its peak and 0.3 s before it; none may straddle the split.
    first, last = peaks - 0.3 * RATE, peaks + 0.6 * RATE
    train = last < border
    test = (first >= border) & (last < end)
    x_train, y_train = cut(slow, peaks[train], wide[train])
    x_test, y_test = cut(slow, peaks[test], wide[test])
    x_train, x_test = standardise(x_train, x_test)
    return classification(
        "ecg208",
        (x_train, y_train),
        (x_test, y_test),
        ("narrow", "wide"),
        "heart beats, narrow or wide (by rule): MIT-BIH record 208, 5 minutes, from SciPy",
    )
