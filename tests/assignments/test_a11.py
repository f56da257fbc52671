"""a11 Few bits: what arrives and what is owed, for codes that a student has never seen."""

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import example, given
from hypothesis import strategies as st

LEVELS, BIT = "equation (1); tutorial 16, by hand with 4 bits", "equation (2); tutorial 16, one bit"
FEEDBACK, LOST = "equation (3)", "equations (3) and (4); tutorial 16, why one bit is enough"
PACKING = "the docstring of `pack`, and the example in the instructions"
NEGATIVE = f"{PACKING}; uint8 has no numbers below 0, so `astype(int)` before you take 7 away"
COPIES = "`+=`, `out=` and views: what is handed in, and what was handed out, stays as it is"
BOTH_WAYS = "the docstring of `synchronise`; equation (4)"
SIZES = st.integers(1, 9)
SEEDS = st.integers(0, 10**6)


def coarse(x):
    """Multiples of 1/2."""
    return np.rint(2 * x) / 2


def largest_only(x):
    """The longest number, and zeros."""
    return np.where(np.arange(len(x)) == np.abs(x).argmax(), x, 0.0)


def silent(x):
    """Nothing is ever said."""
    return np.zeros(len(x))


def halved(x):
    """Half of everything."""
    return x / 2


CODES = st.sampled_from((coarse, largest_only, silent, halved))


class Heard:
    """A code, and what has gone in and come out so far."""

    def __init__(self, code):
        self.code, self.meant, self.arrived = code, [], []

    def __call__(self, x):
        self.meant.append(np.array(x, float))
        self.arrived.append(self.code(np.asarray(x, float)))
        return self.arrived[-1].copy()


def vectors(seed, *shape):
    """Numbers of different lengths; now and then a zero."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.1, 0.0, rng.standard_normal(shape) * 3)


def read(got, names):
    """The parts of a tuple."""
    right = isinstance(got, tuple) and len(got) == len(names)
    holds(right, f"a tuple of {' and '.join(names)}", "the docstring", got=got)
    return got


@pytest.mark.points(3)
@cases()
@given(D=SIZES, L=st.integers(1, 9), seed=SEEDS, zero=st.sampled_from((False, False, True)))
def test_levels(student, D, L, seed, zero):
    x = np.zeros(D) if zero else vectors(seed, D)
    s = np.abs(x).max() / L
    q, scale = read(student.levels(x.copy(), L), ("q", "s"))
    close(scale, s, "s = max |x|/L", LEVELS, x=x, L=L)
    close(q, np.rint(x / s) if s else x, "q = round(x/s), and 0 for zeros", LEVELS, x=x, L=L)
    kind = np.asarray(q).dtype
    holds(kind.kind in "iu", "q is an array of integers", "`astype(int)`", x=x, got=kind.name)


def nibbles(q):
    """The bytes of `pack`, one by one."""
    digits = [int(n) + 7 for n in q] + [0] * (len(q) % 2)
    return np.array([16 * a + b for a, b in zip(digits[0::2], digits[1::2], strict=True)], np.uint8)


@pytest.mark.points(2)
@cases()
@given(q=st.lists(st.integers(-7, 7), min_size=1, max_size=9))
def test_pack(student, q):
    got = student.pack(np.array(q))
    close(got, nibbles(q), "two numbers in a byte, the first in its high half", PACKING, 0, q=q)
    kind = np.asarray(got).dtype
    holds(kind == np.uint8, "bytes: uint8", PACKING, q=q, got=kind.name)


@pytest.mark.points(2)
@cases()
@given(q=st.lists(st.integers(-7, 7), min_size=1, max_size=9))
def test_unpack(student, q):
    got = student.unpack(nibbles(q), len(q))
    close(got, q, "the numbers that were packed", NEGATIVE, 0, bytes=nibbles(q), D=len(q))


@pytest.mark.points(2)
@cases()
@given(D=SIZES, seed=SEEDS)
def test_one_bit(student, D, seed):
    x = vectors(seed, D)
    length = sum(abs(x)) / D
    want = [length if number >= 0 else -length for number in x]
    close(student.one_bit(x.copy()), want, "mean |x|, or minus that where x < 0", BIT, x=x)


@pytest.mark.points(2)
@cases()
@given(D=SIZES, n=st.integers(1, 6), seed=SEEDS, code=CODES)
def test_what_arrives(student, D, n, seed, code):
    wire, owed = Heard(code), np.zeros(D)
    sender = student.Sender(D, wire)
    for t, x in enumerate(vectors(seed, n, D), 1):
        got = sender.send(x.copy())
        numbers = {"message": t, "x": x, "owed": owed, "code": code.__name__}
        holds(len(wire.meant) == t, "each message is coded once", FEEDBACK, **numbers)
        close(wire.meant[-1], x + owed, "x + owed is what is coded", FEEDBACK, **numbers)
        close(got, wire.arrived[-1], "what arrives is C(x + owed)", FEEDBACK, **numbers)
        owed = x + owed - wire.arrived[-1]


@pytest.mark.points(3)
@cases()
@given(D=SIZES, n=st.integers(1, 12), seed=SEEDS, code=CODES)
def test_nothing_is_lost(student, D, n, seed, code):
    sender, messages = student.Sender(D, code), vectors(seed, n, D)
    numbers = {"messages": messages, "code": code.__name__}
    close(sender.owed, np.zeros(D), "nothing is owed at first", FEEDBACK, D=D)
    arrived = np.sum([sender.send(x.copy()) for x in messages], axis=0)
    total = arrived + np.asarray(sender.owed)
    close(total, messages.sum(axis=0), "what arrived, and what is owed: all", LOST, **numbers)


@pytest.mark.points(1)
@cases()
@given(D=SIZES, seed=SEEDS, code=CODES)
@example(D=2, seed=1, code=halved)  # something is owed after every message
def test_nobody_elses_array_is_changed(student, D, seed, code):
    sender, came, copies = student.Sender(D, code), [], []
    for t, x in enumerate(vectors(seed, 3, D), 1):
        numbers = {"message": t, "x": x, "code": code.__name__}
        handed = x.copy()
        came.append(sender.send(handed))
        copies.append(np.array(came[-1]))
        owed = np.array(sender.owed)
        holds((handed == x).all(), "x stays as it is", COPIES, **numbers, got=handed)
        handed[:] = 99
        holds((sender.owed == owed).all(), "what is owed is an array of its own", COPIES, **numbers)
        same = all(map(np.array_equal, came, copies))
        holds(same, "what has arrived stays as it is", COPIES, **numbers)
    arrays_of_a_round_stay(student, D, seed, code)


def arrays_of_a_round_stay(student, D, seed, code):
    """Two rounds; what is handed to `synchronise`, and the models of before, are the caller's."""
    senders, coordinator, _ = ends(student, 2, D, code)
    models, copies = [vectors(seed, D)], [vectors(seed, D)]
    for t, drifts in enumerate(vectors(seed + 1, 2, 2, D), 1):
        numbers = {"round": t, "code": code.__name__}
        handed = drifts.copy()
        models.append(student.synchronise(models[-1], handed, senders, coordinator))
        copies.append(np.array(models[-1]))
        stay = (handed == drifts).all()
        holds(stay, "drifts stay as they are", COPIES, **numbers, drifts=drifts, got=handed)
        same = all(map(np.array_equal, models, copies))
        holds(same, "E stays as it is", COPIES, **numbers, E=copies[-2], got=models[-2])


def ends(student, k, D, code):
    """k senders and the coordinator's, with what each has heard."""
    wires = [Heard(code) for _ in range(k + 1)]
    *senders, coordinator = [student.Sender(D, wire) for wire in wires]
    return senders, coordinator, wires


@pytest.mark.points(2)
@cases(0.6)
@given(k=st.integers(1, 4), D=SIZES, seed=SEEDS, code=CODES)
def test_synchronise(student, k, D, seed, code):
    senders, coordinator, wires = ends(student, k, D, code)
    E, *drifts = vectors(seed, k + 1, D)
    numbers = {"E": E, "drifts": np.array(drifts), "code": code.__name__}
    new = student.synchronise(E.copy(), np.array(drifts), senders, coordinator)
    counts = [len(wire.meant) for wire in wires]
    holds(counts == [1] * (k + 1), "each end sends once", BOTH_WAYS, got=counts, **numbers)
    mean = np.mean([wire.arrived[0] for wire in wires[:k]], axis=0)
    down = "given to the coordinator's sender: the mean of what arrived from the sites"
    close(wires[k].meant[0], mean, down, BOTH_WAYS, **numbers)
    close(new, E + wires[k].arrived[0], "returned: E plus what arrives below", BOTH_WAYS, **numbers)


@pytest.mark.points(2)
@cases(0.6)
@given(k=st.integers(1, 4), D=SIZES, n=st.integers(1, 6), seed=SEEDS, code=CODES)
def test_models_are_not_worn_out(student, k, D, n, seed, code):
    senders, coordinator, _ = ends(student, k, D, code)
    E = start = vectors(seed, D)
    drifts = vectors(seed + 1, n, k, D)
    for now in drifts:
        E = student.synchronise(E.copy(), now.copy(), senders, coordinator)
    owed = coordinator.owed + np.mean([sender.owed for sender in senders], axis=0)
    exact = start + drifts.mean(axis=1).sum(axis=0)
    numbers = {"rounds": n, "drifts": drifts, "code": code.__name__}
    close(E + owed, exact, "the model without rounding, less what is owed", BOTH_WAYS, **numbers)


@pytest.mark.points(1)
@cases(0.3)
@given(D=st.integers(2, 40))
def test_worst(student, D):
    x = np.asarray(student.worst(D), float)
    close(x.shape, (D,), "D numbers: the shape", "the docstring", D=D)
    holds(np.abs(x).max() <= 1, "no |x_i| is above 1", "the docstring", D=D, x=x)
    arrived = np.where(x >= 0, 1.0, -1.0) * np.abs(x).mean()
    off = np.abs(x - arrived).max()
    holds(off >= 1 - 1 / D - 1e-9, "some C(x)_i is off by at least 1 − 1/D", BIT, D=D, x=x, off=off)
