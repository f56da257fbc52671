"""The probe: bits that are packed and found again, a direction that nobody knew, and the price it is bought at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, lengths, play, start
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols.fgm_probe import CAUGHT, pack, unpack
from fgm_ref.transport.messages import KINDS


@given(seed=SEEDS, bits=st.integers(1, 11), D=st.integers(1, 100), rows=st.integers(0, 3))
def test_packing(seed, bits, D, rows):
    # D numbers of so many bits each fit into ⌈D·bits/32⌉ words, and come out again
    shape = (rows, D) if rows else (D,)
    numbers = np.random.default_rng(seed).integers(2**bits, size=shape)
    words = pack(numbers, bits)
    assert words.dtype == np.uint32 and words.shape == (*shape[:-1], -(-D * bits // 32))
    np.testing.assert_array_equal(unpack(words, bits, D), numbers)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(data=st.data())
def test_spread_at_rest(dtype, data):
    # whatever the votes say: Σ ‖X_i − c‖² ≤ kR² for the sites' common centre, hence Var ≤ R²
    script = data.draw(scripts(dtype=dtype))

    def check(game):
        sites, X, k = game.sites, game.drifts.astype(float), script.k
        largest = script.R**2 + (lengths(X) ** 2).max() + lengths(script.E) ** 2
        rounding = 50 * k * np.finfo(dtype).eps * largest
        assert (lengths(X - sites.zone.centre) ** 2).sum() <= k * script.R**2 + rounding
        assert (lengths(X - X.mean(axis=0)) ** 2).mean() <= script.R**2 + rounding
        assert (
            sites.z.sum() - rounding <= game.coordinator.psi
        )  # its own allowance for rounding is on top of that
        assert game.coordinator.psi <= sites.z.sum() + (
            1e-9 if dtype is np.float64 else 0.1
        ) * k * (1 + largest)
        np.testing.assert_allclose(
            sites.zone.U @ sites.zone.U.T, np.eye(len(sites.zone.U)), atol=1e-5
        )

    play(script, "fgm-probe", visit=check)


@given(script=scripts(min_k=2))
def test_a_probe_at_most_once_a_round_and_only_if_it_pays(script):
    # missed: what the last r global steps did not see of S − E, as a share of R²; in the first round, all of it
    game, rounds = start(script, "fgm-probe:directions=1"), []
    previous, missed = None, np.inf
    for moves, active in script:
        number, E, mark = game.coordinator.round, game.coordinator.E, len(game.events)
        pays = CAUGHT * missed > (1 + script.k.bit_length()) / 64
        game.step(moves, active)
        names = game.names(mark)
        if "SIGNS" in names:
            assert pays or abs(CAUGHT * missed * 64 - 1 - script.k.bit_length()) < 1e-6
            rounds.append(number)
        if game.coordinator.round > number:
            assert (
                number in rounds
                or not pays
                or abs(CAUGHT * missed * 64 - 1 - script.k.bit_length()) < 1e-6
            )
            step = game.coordinator.E - E
            along = 0 if previous is None else step @ previous / max(lengths(previous), 1e-300)
            missed, previous = (lengths(step) ** 2 - along**2) / script.R**2, step
    assert len(rounds) == len(set(rounds))


def test_a_probe_finds_what_the_past_does_not_know():
    # two legs at right angles, all sites alike: the second leg's direction is news, and its signs tell it
    legs = np.array([1.0, 1, 1, 1, 1, -1, 1, -1]).reshape(2, 4) / 2
    games = [build(name, np.ones(4), 3) for name in ("fgm-centre", "fgm-probe")]
    for leg in legs:
        for _ in range(40):
            for game in games:
                game.step(np.tile(0.3 * leg, (3, 1)))
    centre, probe = games
    assert (
        probe.coordinator.round == 1 < centre.coordinator.round or probe.coordinator.rebalances >= 1
    )
    assert probe.coordinator.round < centre.coordinator.round


def test_votes_are_counted():
    # three sites, one of them the other way: signs 2 : 1 in every parameter, Σ = ±1
    game = build("fgm-probe", np.ones(3), 3)
    out = np.array([2.0, -2.0, 2.0])
    game.move(np.stack([out, out, -out]))
    game.network.exchange()
    votes = [e for e in game.events if KINDS[e.kind].name == "VOTES"]
    assert len(votes) == 1 and votes[0].size == 4
    assert game.coordinator.round == 2  # Var = 32/3 is too large, probe or not
    game = build("fgm-probe", np.ones(3), 3)
    game.step(np.stack([out, out, 1.1 * out]))
    assert game.coordinator.round == 1 and game.coordinator.rebalances == 1
    np.testing.assert_allclose(np.abs(game.sites.zone.U), np.full((1, 3), 3**-0.5))
    np.testing.assert_allclose(game.sites.zone.centre, 1.0333333 * out, rtol=1e-5)


def test_it_saves_synchronisations():
    script = make_script(6, 8, 200, "common", R=4.0)
    turning = script.moves * np.sign(np.sin(np.arange(200) / 12 + np.arange(8)[:, None])).T[:, None]
    script = script.__class__(script.E, turning, script.active, script.R, script.seed)
    rounds = [
        play(script, name).coordinator.round for name in ("omniscient", "fgm-probe", "fgm-centre")
    ]
    assert rounds[0] <= rounds[1] < rounds[2]


@pytest.mark.parametrize("option", ["least=0", "least=1", "directions=0", "epsilon=0"])
def test_bad_options(option):
    with pytest.raises(ValueError, match=option.partition("=")[0]):
        build(f"fgm-probe:{option}", np.ones(2), 2)
