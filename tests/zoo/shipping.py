"""Mistakes in what is shipped: codecs and their residuals, scales, the first model, blocks."""

import zlib

import numpy as np

from fgm_ref.transport.messages import BALANCED, MODEL, WORD

from .registry import mutant

POST = "transport.encoder:DifferenceEncoder"
VALUES = "test_codec_values.py"


@mutant(
    "z74",
    "the coordinator goes on with the model that it has not sent",
    "protocols.base:Coordinator.publish",
    "test_codecs.py::test_all_ends_hold_the_same_model[int8-gm]",
)
def publish(self, S, cause=("", 0.0)):
    """The mean is at hand in full precision, and a broadcast seems to return nothing of interest.

    From now on drifts are counted from one model and added to another one, and no two ends speak of the same zone.
    """
    E = self.server(self.E, S) if self.round else S
    self.round, self.subround = self.round + 1, 0
    self.network.broadcast(MODEL, E, cause)
    self.start_round(E)


@mutant(
    "z75",
    "the residual is forgotten",
    f"{POST}._ship",
    "test_codecs.py::test_without_feedback_small_numbers_are_never_heard",
)
def ship(original, self, x, reference, residual, where):
    """The residual is added to what is sent, but to a copy, which is thrown away with the message.

    What is always too small for a step of the scale is rounded to nothing, in every message.
    """
    return original(self, x, reference, residual.copy(), where)


@mutant(
    "z76",
    "one residual for all sites",
    f"{POST}.__init__",
    "test_codecs.py::test_every_site_has_its_own_residual",
)
def init(original, self, codec, models, rows=None):
    """A codec is an object with a memory, and there is one codec in the program.

    Each site makes good what another one has failed to say; the mean hides it, rebalancing does not.
    """
    original(self, codec, models, rows)
    one = np.zeros_like(models[0])
    self.unsaid = np.lib.stride_tricks.as_strided(one, models.shape, (0, one.itemsize))


@mutant(
    "z77",
    "the scales of the 8-bit numbers are not billed",
    "transport.codecs:size",
    "test_codecs.py::test_errors_and_sizes",
)
def size(coded):
    """Eight bits a number: that is what the method is called after.

    Nobody can read the numbers without their scales, which travel as well: 4 bytes for every 256 of them.
    """
    return (
        coded[-1].nbytes
        if len(coded) == 1
        else sum(part.nbytes for part in coded if part.dtype != np.float32)
    )


@mutant(
    "z78",
    "models are rounded, not their differences",
    f"{POST}.up",
    "test_codecs.py::test_models_are_shipped_as_differences",
)
def up_whole(self, kind, sites, rows, where):
    """The codec takes an array, and the model is an array.

    A step of the scale is then 1/127 of the largest *weight*, far more than a round of training changes.
    """
    if not kind.coded:
        return rows, None
    nothing = np.zeros_like(self.latest[where])
    shipped = [
        self._ship(x, nothing, self.unsaid[i, where], where)
        for i, x in zip(sites.tolist(), rows, strict=True)
    ]
    return np.stack([arrived for arrived, _ in shipped]), np.array(
        [number for _, number in shipped]
    )


@mutant(
    "z79",
    "a site that was away is sent a difference like everybody",
    f"{POST}.down",
    "test_codecs.py::test_who_lacks_the_last_model_gets_it_whole",
)
def down(original, self, kind, sites, x, where):
    """A broadcast is one message, so it seems to weigh the same for all.

    A difference is of no use to a site that does not have what it is a difference from.
    """
    arrived, sizes = original(self, kind, sites, x, where)
    if sizes is not None and sizes.min() < WORD * x.size:
        sizes = np.full_like(sizes, sizes.min())
    return arrived, sizes


@mutant(
    "z80",
    "all replies to a poll are billed like the first",
    "transport.network:Network._bill",
    "test_codecs.py::test_polled_replies_of_different_sizes_are_billed_one_by_one",
)
def bill(original, self, message, sites, sizes):
    """Replies to one poll have always had one size, until some rows were left out.

    The bill depends on which site happens to be number 0.
    """
    original(self, message, sites, None if sizes is None else np.full_like(sizes, sizes[0]))


@mutant(
    "z81",
    "an increment is counted for the wrong block",
    "protocols.fgm_blocks:Coordinator.receive",
    "test_protocol_fgm_blocks.py::test_only_the_block_that_moves_is_shipped",
)
def receive(self, site, message):
    """An off-by-one in the numbering of the blocks, or an index that is taken modulo their number.

    The block that has used up its slack is never collected; another one is, for nothing.
    """
    self.parts[message.tag.block - 1].receive(site, message)
    self.tally()


@mutant(
    "z82",
    "every block has the radius of the whole",
    "protocols.fgm_blocks:budget",
    "test_protocol_fgm_blocks.py::test_the_blocks_keep_the_ball",
)
def budget(make_zone, where, D):
    """R is the threshold that was asked for, and each block is an FGM like any other.

    Each keeps within R, but S may then be √(number of blocks) times as far: the comparison is between different radii.
    """
    return make_zone


@mutant(
    "z87",
    "who has one number of the last model counts as having all of it",
    f"{POST}.down",
    "test_codecs.py::test_who_lacks_part_of_the_last_model_gets_it_whole",
)
def down_to_almost_current(original, self, kind, sites, x, where):
    """`any` and `all` are both English for "the same", and a fresh random model differs in every number.

    With a sparse codec most rows of the embedding stay as they were: a site that has missed a model is sent a
    difference that it can do nothing with, and it is billed for that.
    """
    if kind.coded:
        heard = (self.known[sites, where] == self.latest[where]).any(axis=1)
        self.known[sites[heard], where] = self.latest[where]
    return original(self, kind, sites, x, where)


@mutant(
    "z88",
    "the coordinator's residual is spent on a balancing set",
    f"{POST}.down",
    "test_codecs.py::test_the_mean_of_a_balancing_set_gets_no_feedback",
)
def down_with_feedback(original, self, kind, sites, x, where):
    """Error feedback, so an error is fed back with the next message, whatever it is and whoever hears it.

    The few members of B are given what was owed to everybody, and the others never hear of it.
    """
    if kind is not BALANCED:
        return original(self, kind, sites, x, where)
    owed = x + self.unsaid_down[where]
    arrived, sizes = original(self, kind, sites, owed, where)
    self.unsaid_down[where] = owed - arrived
    return arrived, sizes


@mutant(
    "z116",
    "a number that is too large for half precision becomes infinite",
    "transport.codecs:Float16.encode",
    "test_codecs.py::test_errors_and_sizes",
)
def encode_half(self, x):
    """`astype` is all that it takes, for every model that anybody has looked at.

    One weight beyond 65,504, and E is infinite at all sites.
    """
    with np.errstate(over="ignore"):
        return (x.astype(np.float16),)


@mutant(
    "z117",
    "the sparse form is taken even where it is the longer one",
    "transport.codecs:Codec.encode",
    "test_codecs.py::test_sparse_rows",
)
def encode_always_sparse(self, x, rows=None, numbers=None):
    """Sparse was asked for, so sparse it is.

    When every row has changed, an index for each of them comes on top: the codec makes the bill longer.
    """
    numbers = x if numbers is None else numbers
    if self.sparse and rows:
        return self._encode_rows(x, rows, numbers)
    return self.values.encode(numbers)


@mutant(
    "z118",
    "a site writes differences from a model that it was never sent",
    f"{POST}.up",
    "test_codecs.py::test_a_site_writes_differences_from_what_it_was_sent_itself",
)
def up_from_the_latest(original, self, kind, sites, rows, where):
    """Both ends know the last global model; all but a site that was away, or that FGM/O has left out.

    In one process every array is within reach.  Such a message is short, and nobody could have written it.
    """
    known, self.known = self.known, np.broadcast_to(self.latest, self.known.shape)
    shipped = original(self, kind, sites, rows, where)
    self.known = known
    return shipped


@mutant(
    "z159",
    "a scale in half precision is rounded to the nearest",
    "transport.codecs.scales:half",
    f"{VALUES}::test_a_scale_is_rounded_up",
)
def half_to_the_nearest(scales):
    """Rounding to the nearest is what `astype` does, and it makes the smallest error.

    In the scale, not in the numbers: the largest of a block may now lie beyond the last level, and is cut.  A scale
    below 2⁻²⁵ is 0, and silences its block.
    """
    return np.minimum(scales, np.finfo(np.float16).max).astype(np.float16)


@mutant(
    "z160",
    "a ternary digit has a byte to itself",
    "transport.codecs.ternary:pack",
    f"{VALUES}::test_five_digits_to_a_byte",
)
def pack_a_digit(q):
    """int8 is the smallest type that NumPy has, and the decoder reads it as readily.

    The paper's table says 1.6 bits a number, and 8 are shipped.
    """
    return np.asarray(q, np.int8)


@mutant(
    "z161",
    "the sign of 0 is taken to be minus",
    "transport.codecs.sign:Sign.encode",
    f"{VALUES}::test_one_bit_by_hand",
)
def encode_sign(original, self, x):
    """A bit says whether a number is positive, and 0 is not positive.

    Both ends of one program agree on it.  Two programs, one of which has read the paper, do not: there sign(0) = +1.
    """
    return original(self, np.where(x == 0, -np.finfo(np.float32).tiny, x))


@mutant(
    "z162",
    "the scale of the signs is the largest number of the block",
    "transport.codecs.scales:mean",
    f"{VALUES}::test_every_message_says_something",
)
def mean_is_largest(x, block=64):
    """Every other codec takes its scale from the largest number.

    Each small number then arrives as large as that.  A message may say more wrong than right, the residual grows
    without a bound, and feedback makes it worse.
    """
    return np.maximum.reduceat(np.abs(x), np.arange(0, len(x), block))


@mutant(
    "z163",
    "a stream is shipped even where it is longer than the array",
    "transport.codecs.zipped:zipped",
    f"{VALUES}::test_a_stream_holds_what_went_into_it",
)
def always_zipped(coded):
    """A compressor makes things shorter, hence the name.

    Packed digits have little left to be compressed, and every stream has a head and a checksum: the bill grows.
    """
    return tuple(np.frombuffer(zlib.compress(part.tobytes()), np.uint8) for part in coded)


@mutant(
    "z164",
    "every model is billed as 8 bytes once the first one was a seed",
    "transport.start:FromSeed.down",
    "test_start.py::test_only_the_first_model_comes_from_a_seed",
)
def down_by_seed(original, self, kind, sites, x, where):
    """Whoever knows the seed knows the whole run: it is deterministic.

    But a site does not have the data of the others, and no seed leads to what they have learnt from them.
    """
    arrived, sizes = original(self, kind, sites, x, where)
    return arrived, np.full(len(sites), self.seed.nbytes) if kind is MODEL else sizes
