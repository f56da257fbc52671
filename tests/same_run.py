"""What it means that two runs are the same: to the last bit, in everything that a result holds."""

import json

import numpy as np


def difference(a, b):
    """The first thing in which two results differ, "" if there is none."""
    for name in ("model", "events"):
        if getattr(a, name).tobytes() != getattr(b, name).tobytes():
            return name
    for name in ("ledger", "totals", "final", "stopped", "config"):
        if as_text(getattr(a, name)) != as_text(getattr(b, name)):
            return name
    for name in ("series", "curve"):
        ours, theirs = getattr(a, name), getattr(b, name)
        if set(ours) != set(theirs):
            return name
        for key in ours:
            if not alike(ours[key], theirs[key]):
                return f"{name} {key}"
    return ""


def alike(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def as_text(value):
    return json.dumps(value, default=str)


def assert_same(a, b):
    np.testing.assert_equal(difference(a, b), "")
