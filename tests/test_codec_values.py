"""Ways to write numbers: what they weigh, what they lose, and what feedback owes; scales at the ends of their range."""

from itertools import product
from math import ceil, floor, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.transport.codecs import (
    VALUES,
    WORDS,
    Int4,
    Rows,
    Sign,
    Ternary,
    bits,
    parse_codec,
    scales,
    size,
    ternary,
    zipped,
)
from fgm_ref.transport.codecs.feedback import most_owed
from fgm_ref.transport.codecs.plain import LENGTH
from fgm_ref.transport.encoder import DifferenceEncoder
from fgm_ref.transport.messages import DRIFT

ROUNDING = 1 + 2**-9  # a scale is rounded to 11 bits, and quotients to 24
LOSSY = {name: kind for name, kind in VALUES.items() if not kind.lossless}
every_way = pytest.mark.parametrize("name", VALUES)
lossy = pytest.mark.parametrize("name", LOSSY)


@st.composite
def vectors(draw, max_D=400, exponents=(-44, 38)):
    """Numbers of all sizes, zeros among them; or one number that is much larger than the others."""
    D, seed = draw(st.integers(1, max_D)), draw(SEEDS)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=D) * 10.0 ** draw(st.integers(*exponents))
    x[rng.random(D) < draw(st.sampled_from((0.0, 0.5, 0.99, 1.0)))] = 0
    if draw(st.booleans()):
        x[rng.integers(D)] *= 10.0 ** draw(st.integers(-3, 3))
    most = np.finfo(np.float32).max
    return np.clip(x, -most, most).astype(np.float32)


def round_trip(kind, x):
    return kind().decode(kind().encode(x), len(x))


def block_max(x, block):
    """The largest number of its block, for each number."""
    parts = [np.abs(x[i : i + block]) for i in range(0, len(x), block)]
    return np.concatenate([np.full(len(part), part.max(), np.float64) for part in parts])


# ------------------------------------------------------------------------------------------------ bytes and errors


def evaluated(formula, D):
    """`⌈3·D/8⌉ + 2·⌈D/64⌉` in numbers."""
    for sign, code in {"⌈": "ceil(", "⌉": ")", "·": "*"}.items():
        formula = formula.replace(sign, code)
    return eval(formula, {"ceil": ceil, "D": D})


@every_way
@given(x=vectors())
def test_bytes(name, x):
    # what is billed is what lies in the arrays, and it is what the page says
    coded = VALUES[name]().encode(x)
    assert size(coded) == sum(part.size * part.itemsize for part in coded)
    assert size(coded) == evaluated(VALUES[name].bytes, len(x))


@pytest.mark.parametrize("name, most", [("ternary", 0.25), ("sign", 0.18)])
def test_bytes_a_number(name, most):
    codec = parse_codec(f"{name}+ef")
    for D in (500, 501, 512, 513, 1000, 12_345):
        assert size(codec.encode(np.ones(D, np.float32))) <= most * D


@lossy
@given(x=vectors())
def test_errors(name, x):
    # |x − decoded| ≤ share·m + floor, for every m up to `most`
    kind = LOSSY[name]
    error = np.abs(x.astype(np.float64) - round_trip(kind, x))
    m = block_max(x, kind.block)
    inside = m <= kind.most
    assert (error <= kind.share * m * ROUNDING + kind.floor)[inside].all()
    # beyond it what is too long is cut, and nothing becomes infinite or changes its side
    decoded = round_trip(kind, x)
    assert np.isfinite(decoded).all()
    assert (np.abs(decoded)[~inside] <= kind.most).all()
    assert (decoded[x > 0] >= 0).all() and (decoded[x < 0] <= 0).all()


@lossy
def test_the_longest_numbers_stay_finite(name):
    # those of single precision: whoever cannot say them says the longest that can be said
    most = np.finfo(np.float32).max
    back = round_trip(LOSSY[name], np.array([most, -most, 0.99 * most, 0], np.float32))
    assert np.isfinite(back).all() and back[0] > 0 > back[1]
    assert np.abs(back).max() >= min(0.9 * most, 0.7 * LOSSY[name].most)


@lossy
def test_the_bound_is_not_idle(name):
    # some vector comes near to it
    kind = LOSSY[name]
    worst = 0.0
    for seed, small in product(range(40), (0.001, 0.1, 1)):
        x = np.random.default_rng(seed).uniform(-small, small, size=64)
        x[0] = 1.0
        worst = max(worst, (np.abs(x - round_trip(kind, x)) / block_max(x, kind.block)).max())
    assert worst > 0.85 * kind.share


@lossy
@given(x=vectors(exponents=(-3, 1)))
def test_every_message_says_something(name, x):
    # the contraction that feedback rests on, where no number is cut
    kind = LOSSY[name]
    assert np.abs(x).max() < kind.most
    length = np.linalg.norm if kind.norm == LENGTH else lambda v: np.abs(v).max()
    error = x.astype(np.float64) - round_trip(kind, x)
    assert kind.contraction < 1
    assert (
        length(error)
        <= kind.contraction * length(x.astype(np.float64)) * ROUNDING + kind.floor * 20
    )


@every_way
def test_zeros_arrive_as_zeros(name):
    for D in (1, 63, 64, 300):
        np.testing.assert_array_equal(
            round_trip(VALUES[name], np.zeros(D, np.float32)), np.zeros(D)
        )
    nothing = np.zeros(0, np.float32)
    assert size(VALUES[name]().encode(nothing)) == len(round_trip(VALUES[name], nothing)) == 0


@lossy
@given(x=vectors(max_D=200, exponents=(-3, 3)), seed=SEEDS)
def test_a_block_is_on_its_own(name, x, seed):
    # what happens in one block changes nothing in the others
    kind = LOSSY[name]
    longer = np.concatenate([np.zeros(kind.block, np.float32) + seed, x])
    np.testing.assert_array_equal(round_trip(kind, longer)[kind.block :], round_trip(kind, x))


# ---------------------------------------------------------------------------------------------- by hand, one by one


def test_four_bits_by_hand():
    # s = 7/7 = 1: whole numbers arrive as they are, and 0.4 as 0.  q + 7 = 14, 7, 2 and 7 in 4 bits each
    x = np.array([7, 0.4, -5, 0], np.float32)
    (packed, s), back = Int4().encode(x), round_trip(Int4, x)
    assert packed.tolist() == [0xE7, 0x27] and s.tolist() == [1.0] and s.dtype == np.float16
    assert back.tolist() == [7, 0, -5, 0]


def test_three_values_by_hand():
    # s = 0.7·10, rounded up to a half; above s/2 = 3.5 a number is s
    x = np.array([10, 3.6, 3.4, -3.6, 0], np.float32)
    assert np.allclose(round_trip(Ternary, x), [7, 7, 0, -7, 0], rtol=2**-10)
    packed, _ = Ternary().encode(x)
    assert packed.tolist() == [2 * 81 + 2 * 27 + 1 * 9 + 0 * 3 + 1]


def test_one_bit_by_hand():
    # s = mean(4, 1, 1, 0, 2) = 1.6; there is no bit for 0, which counts as positive
    x = np.array([4, -1, 1, 0, -2], np.float32)
    assert np.allclose(round_trip(Sign, x), [1.6, -1.6, 1.6, 1.6, -1.6], rtol=2**-10)
    packed, _ = Sign().encode(x)
    assert packed.tolist() == [0b10110000]


@given(numbers=st.lists(st.integers(0, 255), max_size=50), width=st.integers(1, 8))
def test_bits_are_packed_without_a_gap(numbers, width):
    numbers = np.array(numbers, int) % 2**width
    packed = bits.pack(numbers, width)
    assert packed.nbytes == ceil(len(numbers) * width / 8)
    np.testing.assert_array_equal(bits.unpack(packed, width, len(numbers)), numbers)
    # one long whole number, the first bits first
    whole = sum(int(n) << width * place for place, n in enumerate(numbers[::-1]))
    shifted = whole << (8 * packed.nbytes - len(numbers) * width)
    assert int.from_bytes(packed.tobytes(), "big") == shifted


@given(digits=st.lists(st.integers(-1, 1), max_size=50))
def test_five_digits_to_a_byte(digits):
    packed = ternary.pack(np.array(digits, np.float32))
    assert packed.dtype == np.uint8 and len(packed) == ceil(len(digits) / 5)
    assert ternary.unpack(packed, len(digits)).tolist() == digits


@given(s=st.floats(0, 1e30))
def test_a_scale_is_rounded_up(s):
    # to the next half, none of which is below it; cut at 65,504
    (rounded,) = scales.half(np.array([s])).astype(np.float64)
    if s > 65504:
        assert rounded == 65504
        return
    assert s <= rounded <= s * (1 + 2**-10) + 2**-24
    assert (rounded == 0) == (s == 0)
    step = 2.0 ** (max(floor(log2(s)), -14) - 10) if s else 0
    assert rounded - step < s or s == 0


# -------------------------------------------------------------------------------------------------------- feedback


@lossy
@given(
    seed=SEEDS,
    D=st.integers(1, 300),
    times=st.integers(1, 40),
    scale=st.sampled_from((1e-3, 1, 1e3)),
)
def test_residuals_are_bounded(name, seed, D, times, scale):
    # ‖e‖ ≤ c/(1 − c)·max‖x‖, however many messages there were; and all that was meant has been said, but for e
    kind = LOSSY[name]
    length = np.linalg.norm if kind.norm == LENGTH else lambda v: np.abs(v).max()
    post = DifferenceEncoder(parse_codec(f"{name}+ef"), np.zeros((1, D)))
    rng = np.random.default_rng(seed)
    greatest, meant, said = 0.0, np.zeros(D), np.zeros(D)
    for _ in range(times):
        x = rng.normal(scale=scale, size=D) * rng.choice([1, 0.01], size=D)
        arrived, _ = post.up(DRIFT, np.array([0]), x[None], slice(None))
        greatest, meant, said = max(greatest, length(x)), meant + x, said + arrived[0]
        assert length(post.unsaid[0]) <= most_owed(kind.contraction) * greatest * (1 + 0.01) + 1e-6
    np.testing.assert_allclose(said + post.unsaid[0], meant, atol=1e-9 * times * scale)


@pytest.mark.parametrize("name", ["int4", "int3", "ternary", "sign"])
def test_what_is_cut_is_said_later(name):
    # a number far beyond the largest scale arrives bit by bit
    kind = LOSSY[name]
    post = DifferenceEncoder(parse_codec(f"{name}+ef"), np.zeros((1, 1)))
    far, heard, messages = 3 * kind.most, 0.0, 0
    x = np.array([[far]])
    while heard < 0.99 * far:
        arrived, _ = post.up(DRIFT, np.array([0]), x, slice(None))
        heard, messages, x = heard + arrived[0, 0], messages + 1, np.zeros((1, 1))
    assert 3 <= messages <= 6


# ----------------------------------------------------------------------------------------------------- sparse, zip


@lossy
@given(seed=SEEDS, rows=st.integers(0, 12), share=st.sampled_from((0.0, 0.3, 1.0)))
def test_sparse_rows_in_few_bits(name, seed, rows, share):
    # what is left out is zero; the rest is written as one vector
    table, D = Rows(5, 5 + 10 * rows, 10), 10 * rows + 90
    rng = np.random.default_rng(seed)
    x = rng.normal(size=D).astype(np.float32)
    x[5 : table.stop].reshape(-1, 10)[rng.random(rows) >= share] = 0
    codec = parse_codec(f"sparse+{name}")
    coded = codec.encode(x, table)
    decoded = codec.decode(coded, D, table)
    if coded[0].dtype == np.int32:
        n = len(coded[0])
        assert size(coded) == 4 * n + evaluated(LOSSY[name].bytes, 10 * n + 90)
        arrived, numbers = ordered(decoded, x, table), ordered(x, x, table)
        np.testing.assert_array_equal(arrived, round_trip(LOSSY[name], numbers))
        assert len(numbers) == 10 * n + 90 and not decoded[x == 0].any()
    else:
        np.testing.assert_array_equal(decoded, round_trip(LOSSY[name], x))


def ordered(y, x, table):
    """Of y the numbers of those rows that are not zero in x, and all that is no row."""
    rows, kept = (v[table.start : table.stop].reshape(-1, table.width) for v in (y, x))
    return np.concatenate([rows[kept.any(axis=1)].ravel(), y[: table.start], y[table.stop :]])


DTYPES = (np.uint8, np.float16)


@given(x=vectors(), name=st.sampled_from(("int4", "int3", "ternary", "sign")))
def test_a_stream_holds_what_went_into_it(x, name):
    coded = LOSSY[name]().encode(x)
    small = zipped.zipped(coded)
    assert size(small) <= size(coded)
    streams = [a.nbytes < b.nbytes for a, b in zip(small, coded, strict=True)]
    for part, again in zip(coded, zipped.unzipped(small, streams, DTYPES), strict=True):
        np.testing.assert_array_equal(part, again)


@pytest.mark.parametrize(
    "name", ["sparse", "float16", "int8+ef", "ternary+ef", "sparse+sign+ef", "zip"]
)
def test_zip_changes_the_bill_only(name):
    # the same arrives and the same is owed, for at most as many bytes
    table, rng = Rows(0, 400, 20), np.random.default_rng(0)
    plain = "float32+sparse" if name == "zip" else name
    zipping = name if name == "zip" else f"{name}+zip"
    posts = [
        DifferenceEncoder(parse_codec(text), np.zeros((2, 500)), table) for text in (plain, zipping)
    ]
    bills = np.zeros(2)
    for _ in range(5):
        X = rng.normal(size=(2, 500)) ** 3
        X[:, 100:300] = 0
        sent = [post.up(DRIFT, np.arange(2), X, slice(None)) for post in posts]
        np.testing.assert_array_equal(sent[0][0], sent[1][0])
        np.testing.assert_array_equal(posts[0].unsaid, posts[1].unsaid)
        bills += [sizes.sum() for _, sizes in sent]
    assert bills[1] < bills[0] or name == "zip"


def test_words_come_in_any_order():
    for text in ("sparse+ternary+ef+zip", "zip+ef+ternary+sparse"):
        codec = parse_codec(text)
        assert type(codec.values) is Ternary
        assert all(getattr(codec, field) for field in WORDS.values())
    assert parse_codec("zip").lossless and parse_codec("sparse+zip").lossless
