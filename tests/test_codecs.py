"""What is shipped: sizes, errors, feedback; and what a codec may not change."""

from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, numbers, play, start, watch
from strategies import AVERAGING, EVERY, PROMISING, SEEDS, STYLES, light, make_script, scripts

from fgm_ref.protocols import parse
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.transport.codecs import VALUES, Float16, Int8, Rows, parse_codec, size
from fgm_ref.transport.encoder import DifferenceEncoder, Encoder
from fgm_ref.transport.faults import Faults
from fgm_ref.transport.messages import BALANCED, DRIFT, KINDS, LOCAL, MODEL

NAMES = [name for name, kind in VALUES.items() if not kind.lossless]
LOSSY = [*NAMES, *(f"{name}+ef" for name in NAMES), "sparse+int8+ef", "sparse+ternary+ef+zip"]
codecs = pytest.mark.parametrize("codec", LOSSY)


def table(script):
    """Two rows of two numbers, if there is room for them."""
    return Rows(0, 4, 2) if script.D > 3 else None


def protocols(names):
    return pytest.mark.parametrize("protocol", names)


def vectors(seed, D, scale=1.0):
    return np.random.default_rng(seed).normal(scale=scale, size=D).astype(np.float32)


# ----------------------------------------------------------------------------------------------- values and rows


@given(seed=SEEDS, D=st.integers(1, 700), scale=st.sampled_from((1e-6, 1.0, 1e6)))
def test_errors_and_sizes(seed, D, scale):
    x = vectors(seed, D, scale)
    half, eight = Float16().encode(x), Int8().encode(x)
    assert (size(half), size(eight)) == (2 * D, D + 4 * ceil(D / 256))
    # half: 11 significant bits, steps of 2⁻²⁴ near zero, and nothing beyond 65,504
    inside = np.abs(x) <= 65504
    error = np.abs(Float16().decode(half, D) - x)
    assert (error[inside] <= 2**-11 * np.abs(x[inside]) + 2**-25).all()
    assert (np.abs(Float16().decode(half, D)[~inside]) == 65504).all()
    # 8 bits: half a step, and a step is 1/127 of the block's largest number
    largest = np.repeat([np.abs(x[i : i + 256]).max() for i in range(0, D, 256)], 256)[:D]
    assert (np.abs(Int8().decode(eight, D) - x) <= largest / 254 * (1 + 1e-5)).all()


@pytest.mark.parametrize("codec", [*NAMES, "sparse+int8", "sparse+sign", "sparse", "zip"])
def test_zero_is_shipped_as_zero(codec):
    parsed = parse_codec(codec)
    for D in (4, 300):
        coded = parsed.encode(np.zeros(D, np.float32), Rows(0, 4, 2))
        np.testing.assert_array_equal(parsed.decode(coded, D, Rows(0, 4, 2)), np.zeros(D))


@given(
    seed=SEEDS,
    before=st.integers(0, 5),
    rows=st.integers(1, 12),
    width=st.integers(1, 5),
    after=st.integers(0, 5),
    share=st.sampled_from((0.0, 0.2, 0.9, 1.0)),
)
def test_sparse_rows(seed, before, rows, width, after, share):
    # 4 bytes for each row that changed, its numbers, and all numbers outside of the table; never dearer than dense
    table = Rows(before, before + rows * width, width)
    x = vectors(seed, before + rows * width + after)
    changed = np.random.default_rng(seed + 1).random(rows) < share
    x[table.start : table.stop].reshape(rows, width)[~changed] = 0
    codec = parse_codec("sparse")
    coded = codec.encode(x, table)
    n = int(changed.sum())
    assert size(coded) == min(4 * len(x), 4 * n + 4 * (n * width + before + after))
    np.testing.assert_array_equal(codec.decode(coded, len(x), table), x)
    # without a table there is nothing to leave out
    assert size(codec.encode(x)) == 4 * len(x)


def test_a_table_in_a_part_of_the_vector():
    table = Rows(10, 30, 5)
    assert table.inside(slice(None)) == table
    assert table.inside(slice(10, 30)) == Rows(0, 20, 5)
    assert table.inside(slice(8, 40)) == Rows(2, 22, 5)
    assert table.inside(slice(11, 40)) is table.inside(slice(30, 40)) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "float8", "int8+float16", "int8+ef+ef", "int8-ef"),
        *("ef", "sparse+ef", "float32+ef", "zip+ef", "zip+zip"),
    ],
)
def test_unknown_codecs(text):
    with pytest.raises(ValueError, match="codec"):
        parse_codec(text)


# ------------------------------------------------------------------------------------- what both ends make of it


@given(seed=SEEDS)
def test_models_are_shipped_as_differences(seed):
    # a model that has gone 0.01 from a reference of length ~10: the error is that of the difference, in both forms
    E, drift = vectors(seed, 100), vectors(seed + 1, 100, 0.001)
    post = DifferenceEncoder(parse_codec("int8"), np.tile(E, (2, 1)))
    post.down(KINDS[0], np.arange(2), E, slice(None))
    for payload in (E + drift, drift):
        arrived, sizes = post.up(DRIFT, np.array([1]), payload[None], slice(None))
        assert np.abs(arrived[0] - payload).max() <= np.abs(drift).max() / 254 + 1e-6
        assert sizes.tolist() == [104]


@protocols(AVERAGING)
@codecs
@light
@given(script=scripts(dtype=np.float32, min_k=2))
def test_all_ends_hold_the_same_model(protocol, codec, script):
    # after a full synchronisation: bit for bit, the models, what the sites take for E, and what the coordinator does
    game = start(script, protocol, codec=codec, rows=table(script))
    for moves, active in script:
        number = game.coordinator.round
        game.step(moves, active)
        if game.coordinator.round > number:
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )
            np.testing.assert_array_equal(
                getattr(game.sites, "E", game.coordinator.E), game.coordinator.E
            )


@protocols([name for name in PROMISING if parse(name).protocol.exact])
@codecs
@light
@given(
    safe=st.sampled_from(("ball", "variance", "cap")),
    script=scripts(dtype=np.float32, max_steps=20),
)
def test_guarantee(protocol, codec, safe, script):
    # it speaks of the models that are held and of the E that arrived, so rounding takes nothing from it
    assert watch(script, protocol, safe, codec=codec).breaches == 0


@protocols([name for name in PROMISING if not parse(name).protocol.exact])
def test_guarantee_up_to_the_rounding(protocol):
    # accounts that rest on drifts which have travelled are off by as much as these were rounded
    for seed in range(20):
        script = make_script(
            4, 6, 30, ("walk", "opposite")[seed % 2], R=2.0, seed=seed, dtype=np.float32
        )

        def check(game):
            zone = game.coordinator.make_zone(game.coordinator.E)
            assert zone.excess(game.drifts) <= 0.05 * zone.R

        play(script, protocol, codec="int8", visit=check)


@protocols([name for name in PROMISING if not parse(name).protocol.exact])
@codecs
def test_guarantee_up_to_what_was_lost(protocol, codec):
    # with any codec: S is no farther outside than what the messages of the round have lost on their way, all together
    for seed, style in enumerate(STYLES):
        script = make_script(4, 6, 30, style, R=2.0, seed=seed, dtype=np.float32)
        game = start(script, protocol, codec=codec)
        lost = losses(game.network.encoder)
        for moves, active in script:
            game.step(moves, active)
            zone = game.coordinator.make_zone(game.coordinator.E)
            assert zone.excess(game.drifts) <= sum(lost) + 1e-4 * zone.R


def losses(post):
    """A list of ‖x̂ − x‖ for each message of a round from now on; a model starts it anew."""
    lost, ship, down = [], post._ship, post.down

    def _ship(x, *more):
        arrived, number = ship(x, *more)
        lost.append(float(np.linalg.norm(arrived - x)))
        return arrived, number

    def _down(kind, *more):
        shipped = down(kind, *more)
        if kind is MODEL:
            lost.clear()
        return shipped

    post._ship, post.down = _ship, _down
    return lost


def test_rows_that_nobody_has_moved_stay_where_they_are():
    # in single precision the mean of 7 equal numbers may be another number; the row is not shipped for that
    E = vectors(0, 41)
    assert (np.tile(E, (7, 1)).mean(axis=0) != E).any()
    game = build("periodic:b=1", E, 7, codec="sparse", rows=Rows(0, 40, 2))
    moves = np.zeros((7, 41), np.float32)
    moves[:, :2] = 1
    game.step(moves)
    assert {e.size for e in game.events if e.step} == {4 + 2 * 4 + 4}
    np.testing.assert_array_equal(game.coordinator.E[2:40], E[2:40])


@protocols(["gm", "fgm", "periodic:b=1"])
def test_rows_that_have_hardly_moved_are_shipped(protocol):
    # one number of a row up by 1 and 4 ulp, and down by 1 elsewhere: 2 ulp on average are no rounding
    E = np.full(6, 4, np.float32)
    ulp = np.spacing(E[0])
    moves = np.zeros((2, 6), np.float32)
    moves[:, 0] = 1 + 4 * ulp, -1
    plain, sparse = (
        build(protocol, E, 2, "variance", threshold=0.5, codec=codec, rows=Rows(0, 4, 2))
        for codec in ("float32", "sparse")
    )
    for game in (plain, sparse):
        game.step(moves)
    np.testing.assert_array_equal(plain.coordinator.E, E + 2 * ulp * (np.arange(6) == 0))
    np.testing.assert_array_equal(sparse.sites.models, plain.sites.models)


@protocols(
    [name for name in EVERY if not name.startswith(("periodic", "dynamic", "fda", "omniscient"))]
)
@light
@given(script=scripts(dtype=np.float32))
def test_sparse_alone_changes_the_bill_only(protocol, script):
    # the same run to the last bit, for at most as many bytes.  (Who averages models, not drifts, rounds even those
    # rows that nobody has moved; see above.)
    plain, sparse = (
        play(script, protocol),
        play(script, protocol, codec="sparse", rows=table(script)),
    )
    np.testing.assert_array_equal(plain.sites.models, sparse.sites.models)
    np.testing.assert_array_equal(plain.coordinator.E, sparse.coordinator.E)
    assert plain.counts() == sparse.counts()
    assert sparse.ledger.total_bytes <= plain.ledger.total_bytes


@protocols(EVERY)
@light
@given(script=scripts(dtype=np.float32))
def test_what_each_message_weighs(protocol, script):
    # models and drifts as the codec says (whole, while their receiver has no reference); the rest as ever
    for event in play(script, protocol, codec="int8").events:
        D = numbers(event, script.D)
        if KINDS[event.kind].coded and event.size:
            assert event.size == (4 * D if event.step == 0 else D + 4)
        elif KINDS[event.kind].name in ("QUANTUM", "INCREMENT", "PHI", "LAMBDA", "COUNT", "CHEAP"):
            assert event.size == 4


@given(script=scripts(dtype=np.float32), b=st.integers(1, 5))
def test_periodic_costs(script, b):
    # the first model whole; then ⌊steps/b⌋ times k models up and k down, D + 4·⌈D/256⌉ bytes each
    game = play(script, f"periodic:b={b}", codec="int8")
    assert game.ledger.total_bytes == script.k * (
        4 * script.D + 2 * (len(script) // b) * (script.D + 4)
    )


def test_sparse_drifts_go_up_and_their_union_comes_down():
    # 5 rows of 2 numbers and 1 more; site 0 changes row 1, site 1 rows 1 and 3: 1, 2 and then 2 rows are shipped
    game = build("periodic:b=1", np.ones(11, np.float32), 2, codec="sparse", rows=Rows(0, 10, 2))
    moves = np.zeros((2, 11), np.float32)
    moves[:, 2:4] = moves[1, 6:8] = moves[:, 10] = 1
    game.step(moves)
    sizes = {(KINDS[e.kind].name, e.site): e.size for e in game.events if e.step}
    row = 4 + 2 * 4
    assert sizes == {("LOCAL", 0): row + 4, ("LOCAL", 1): 2 * row + 4, ("MODEL", -1): 2 * row + 4}


def test_polled_replies_of_different_sizes_are_billed_one_by_one():
    game = build("gm", np.ones(11, np.float32), 2, codec="sparse", rows=Rows(0, 10, 2))
    moves = np.zeros((2, 11), np.float32)
    moves[0, :2], moves[1, :6] = 9, 9
    game.step(moves)
    drifts = {e.site: e.size for e in game.events if KINDS[e.kind].name == "DRIFT"}
    assert drifts == {0: 12 + 4, 1: 36 + 4}
    totals = game.ledger.totals()
    assert totals["bytes"] == sum(e.copies * e.size for e in game.events)


def test_who_lacks_the_last_model_gets_it_whole():
    # site 1 is away for two synchronisations: then 4D bytes for it, D + 4 for the others, the same E for all
    faults = Faults(absent={1: (2, 3)})
    game = build("periodic:b=1", vectors(0, 50), 3, codec="int8", faults=faults)
    for step in range(1, 5):
        mark = len(game.events)
        game.step(np.random.default_rng(step).normal(size=(3, 50)).astype(np.float32))
    first = [e for e in game.events[mark:] if KINDS[e.kind].name == "MODEL"][:3]
    assert [(e.site, e.size) for e in first] == [(0, 54), (1, 200), (2, 54)]
    np.testing.assert_array_equal(game.sites.models, np.tile(game.coordinator.E, (3, 1)))


def test_what_is_lost_is_billed_again_at_its_size():
    game = build("periodic:b=1", vectors(0, 50), 3, codec="int8", faults=Faults(drop=0.5), seed=3)
    for _ in range(10):
        game.step(np.ones((3, 50), np.float32))
    repeats = [e for e in game.events if e.reason == "lost" and e.step]
    assert repeats and {e.size for e in repeats} == {54}


# ------------------------------------------------------------------------------------------------------- feedback


@protocols(["periodic:b=1", "gm", "fgm", "dynamic-plain", "fda-naive"])
@pytest.mark.parametrize("codec", [f"{name}+ef" for name in NAMES])
@light
@given(script=scripts(dtype=np.float64))
def test_feedback_keeps_the_mean(protocol, codec, script):
    # E − E_0 = what the sites have learnt on average − mean e_i − e: nothing is lost, some of it is yet to be said
    game = start(script, protocol, codec=codec)
    learnt = np.zeros(script.D)
    for moves, active in script:
        game.move(moves, active)
        learnt += moves.sum(axis=0) / script.k
        number = game.coordinator.round
        game.network.exchange()
        if game.coordinator.round > number:
            post = game.network.encoder
            np.testing.assert_allclose(
                game.coordinator.E + post.unsaid.mean(axis=0) + post.unsaid_down,
                script.E + learnt,
                atol=1e-9,
            )


def drift_of(codec, steps=400):
    """How far E is from where it should be, if one number is 300 times as small as its neighbour, for ever."""
    game = build("periodic:b=1", np.ones(2), 1, codec=codec)
    for _ in range(steps):
        game.step(np.array([[1.0, 1 / 300]]))
    return abs(game.coordinator.E - (1 + steps * np.array([1.0, 1 / 300]))).max()


def test_without_feedback_small_numbers_are_never_heard():
    # less than half of a step of 1/127: 400 times rounded to nothing.  With feedback they add up until they are said
    assert drift_of("int8") > 1.3
    assert drift_of("int8+ef") < 1 / 127


def test_every_site_has_its_own_residual():
    post = DifferenceEncoder(parse_codec("int8+ef"), np.zeros((3, 40), np.float32))
    X = np.stack([vectors(n, 40) for n in range(3)])
    post.up(DRIFT, np.array([0, 2]), X[[0, 2]], slice(None))
    assert post.unsaid[[0, 2]].any(axis=1).all() and not post.unsaid[1].any()


# ----------------------------------------------------------------------------------------------------- whole runs


SMALL = {
    "dataset": "amazon_snippets",
    "sites": 3,
    "hidden": (4,),
    "embedding": 3,
    "steps": 12,
    "evaluations": 1,
    "threshold": 0.02,
    "lr": 0.02,
}


def test_a_run_with_each_codec():
    # cheaper and cheaper, with the guarantee checked at every step; the same seed gives the same run
    bills = [
        run(**SMALL, codec=codec, checks=True).totals["bytes_up"]
        for codec in ("float32", "float16", "sparse", "int8", "sparse+int8+ef", "sparse+ternary+ef")
    ]
    assert bills == sorted(bills, reverse=True) and len(set(bills)) == len(bills)
    one, two = (run(**SMALL, codec="sparse+ternary+ef+zip") for _ in range(2))
    np.testing.assert_array_equal(one.model, two.model)
    assert one.totals == two.totals


def test_the_embedding_is_where_the_model_has_it():
    simulation = Simulation(Config(**SMALL, codec="sparse"))
    rows, layout = simulation.network.encoder.rows, simulation.model.layout
    assert slice(rows.start, rows.stop) == layout.slice_of("embedding") and rows.width == 3
    before = simulation.sites.models.copy()
    simulation.step()
    # after one step only the rows of tokens that were seen have moved
    table = (simulation.sites.models - before)[:, rows.start : rows.stop].reshape(3, -1, 3)
    assert 0 < table.any(axis=2).mean() < 0.5


def test_float32_is_no_codec():
    assert Simulation(Config(**SMALL)).network.encoder.__class__ is Encoder
    assert LOCAL.coded
    with pytest.raises(ValueError, match="codec: expected one of float32"):
        Simulation(Config(**SMALL, codec="int5"))


# ------------------------------------------------------------------------- who has which model, and who is owed what


def test_who_lacks_part_of_the_last_model_gets_it_whole():
    # five rows of two numbers; site 1 misses the model in which row 1 was new.  It has eight of ten numbers, and a
    # difference in row 3 alone is of no use to it
    E = vectors(0, 10)
    post = DifferenceEncoder(parse_codec("sparse"), np.tile(E, (2, 1)), Rows(0, 10, 2))
    post.down(MODEL, np.array([0, 1]), E, slice(None))
    E[2:4] += 1
    post.down(MODEL, np.array([0]), E.copy(), slice(None))
    E[6:8] += 1
    _, sizes = post.down(MODEL, np.array([0, 1]), E.copy(), slice(None))
    assert sizes.tolist() == [4 + 2 * 4, 4 * 10]


def test_the_mean_of_a_balancing_set_gets_no_feedback():
    # what the coordinator owes, it owes to everybody: the members of a set get their mean, rounded, and no more
    everybody, members = np.arange(3), np.array([0, 2])
    post = DifferenceEncoder(parse_codec("int8+ef"), np.zeros((3, 40), np.float32))
    for seed in range(2):
        post.down(MODEL, everybody, vectors(seed, 40), slice(None))
    owed = post.unsaid_down.copy()
    assert owed.any()
    mean = post.latest + vectors(2, 40, 0.01)
    arrived, sizes = post.down(BALANCED, members, mean, slice(None))
    np.testing.assert_array_equal(post.unsaid_down, owed)
    assert sizes.tolist() == [44, 44]
    int8 = parse_codec("int8")
    rounded = post.latest + int8.decode(int8.encode(mean - post.latest), 40)
    np.testing.assert_array_equal(arrived, rounded)


def test_a_site_writes_differences_from_what_it_was_sent_itself():
    # site 1 has not got the second model: what it sends can only be told from the first one, and is rounded by that
    # distance; with the second model, which it does not know, the message would be exact to a step of a thousandth
    first = vectors(0, 100)
    second = first + vectors(1, 100, 0.5)
    post = DifferenceEncoder(parse_codec("int8"), np.tile(first, (2, 1)))
    post.down(MODEL, np.array([0, 1]), first, slice(None))
    post.down(MODEL, np.array([0]), second, slice(None))
    model = post.latest + vectors(2, 100, 1e-4)
    arrived, _ = post.up(LOCAL, np.array([0, 1]), np.stack([model, model]), slice(None))
    one, _ = post.one(LOCAL, 1, model, slice(None))
    int8 = parse_codec("int8")
    for row, reference in ((0, post.latest), (1, first)):
        expected = reference + int8.decode(int8.encode(model - reference), 100)
        np.testing.assert_array_equal(arrived[row], expected)
    np.testing.assert_array_equal(arrived[1], one)
    assert (arrived[0] != arrived[1]).any()
