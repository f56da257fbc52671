"""Letters: what is written is what is read, 4 bytes a number; and what is none is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.transport.messages import KINDS, WHOLE, Tag, weight
from fgm_ref.transport.wire.letter import HEADER, Letter, Unreadable, read, write
from fgm_ref.transport.wire.office import Office, Word
from fgm_ref.transport.wire.payload import packed, same, unpacked

numbers = st.integers(-(2**31), 2**31 - 1)
singles = st.floats(width=32).map(np.float32)


@st.composite
def arrays(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    rng = np.random.default_rng(draw(SEEDS))
    kind = draw(st.sampled_from(["f4", "f8", "i4", "i8", "u4"]))
    return rng.integers(0, 2**24, size=shape).astype(kind)


payloads = st.one_of(
    st.none(),
    numbers,
    singles,
    arrays(),
    st.tuples(singles, arrays()),
    st.tuples(arrays(), arrays()),
)


def alike(a, b):
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and (a is None or same(np.asarray(a), np.asarray(b)))


@given(
    payload=payloads,
    kind=st.integers(0, len(KINDS) - 1),
    site=st.integers(0, 2**31 - 1),
    tag=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(WHOLE, 99)),
    reason=st.sampled_from(["", "φ(X)", "‖w−E‖²−Δ", "a reason that is far too long"]),
    value=st.floats(allow_nan=False),
)
def test_what_is_written_is_read(payload, kind, site, tag, reason, value):
    form, parts = packed(payload)
    letter = Letter(kind, site, 3, 4, Tag(*tag), (reason, value), form, parts, clock=7)
    data = write(letter)
    again = read(data)
    assert len(data) == HEADER + weight(payload) == HEADER + again.payload
    assert alike(unpacked(again), payload)
    facts = (again.what, again.site, again.of, again.wanted, again.tag, again.clock)
    assert facts == (kind, site, 3, 4, tag, 7)
    assert again.cause == (reason[:16], value)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (np.array([0.1]), "numbers that 4 bytes can hold"),
        (np.array([2**40]), "numbers that 4 bytes can hold"),
        (np.array([1.0], np.float16), "numbers of 4 bytes or more"),
        (np.array(["a"]), "expected numbers, got <U1"),
        (np.zeros((1, 1, 1, 1, 1)), "at most 4 axes"),
    ],
)
def test_what_has_no_room_is_refused(payload, words):
    with pytest.raises(ValueError, match=words):
        form, parts = packed(payload)
        write(Letter(0, form=form, parts=parts))


def test_single_fractions_are_rounded_as_the_network_does():
    _, (part,) = packed(0.1)
    assert part.array == np.float32(0.1) and part.array.dtype == np.float32


@given(data=st.binary(max_size=600))
def test_noise_is_refused(data):
    with pytest.raises(Unreadable, match="expected"):
        read(np.frombuffer(data, np.uint8))


@given(seed=SEEDS, changes=st.integers(1, 6))
def test_a_letter_with_wrong_bytes_is_read_or_refused(seed, changes):
    # never another error, and never more than was there
    rng = np.random.default_rng(seed)
    form, parts = packed((np.arange(5.0), np.arange(6).reshape(2, 3)))
    data = write(Letter(1, 2, form=form, parts=parts)).copy()
    where = rng.integers(0, HEADER, size=changes)
    data[where] = rng.integers(0, 256, size=changes)
    try:
        letter = read(data)
    except Unreadable as error:
        assert str(error).startswith("expected")
    else:
        assert letter.payload <= len(data) - HEADER


def test_every_word_has_a_number_of_its_own():
    assert len(set(Word)) == len(Word.__members__) and max(Word) < 0


class Self:
    """A post of one rank that writes to itself."""

    rank, size = 0, 1

    def __init__(self):
        self.box = []

    def send(self, to, letter):
        self.box.append(letter)

    def receive(self, sender=None):
        return 0, self.box.pop(0)


def test_the_office_counts_what_passes():
    office = Office(Self())
    form, parts = packed(np.ones(10, np.float32))
    office.send(0, Letter(3, form=form, parts=parts))
    office.say(0, Word.STEP, np.zeros(4))
    office.receive()
    assert (office.sent.messages[3], office.sent.payload[3], office.sent.envelopes) == (
        1,
        40,
        HEADER,
    )
    assert office.sent.control.tolist() == [1, HEADER + 32]
    assert (office.received.messages.sum(), office.received.control.sum()) == (1, 0)
    with pytest.raises(Unreadable, match="expected READY from rank 0, got STEP"):
        office.expect(Word.READY)
