"""What was known of the label when a window ended: the table's rows, in order, for predictors that look back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fgm_ref.arrays import Array


@dataclass(frozen=True)
class Past:
    """The label of every row, series after series in the order of time, and where each window stands in it.

    Label values are like those of a data set: class ids (rows,) int64, or standardised targets (rows, O) float32.
    """

    labels: Array  # -1 or nan where it is missing
    series: Array  # (rows,) int: rows of different numbers are not neighbours in time
    train: Array  # (N,) the place in `labels` where each training window ends
    test: Array  # (M,) the same for the test windows
    horizon: int  # the answer stands so many rows later

    def before(self, ends: Array, back: int) -> tuple[Array, Array]:
        """What the label was `back` rows before the answer of the windows that end at `ends`, and where it is known.

        Known (N,) bool is what stands no later than the window's last row, in the same series; with horizon 0 that
        row is the answer's own and not known.  `before(past.test, max(1, past.horizon))` is persistence.  -> labels
        (N, ...) and known (N,); a label that is not known is any value.
        """
        places = ends + self.horizon - back
        latest = ends if self.horizon else ends - 1
        known = (places >= 0) & (places <= latest)
        places = np.where(known, places, 0)
        known &= self.series[places] == self.series[ends]
        labels = self.labels[places]
        there = labels >= 0 if labels.ndim == 1 else np.isfinite(labels).all(axis=1)
        return labels, known & there
