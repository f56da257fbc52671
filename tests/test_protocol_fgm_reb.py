"""FGM with λ-rebalancing: what a flush keeps, what λ does, and when it is worth it."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scripted import build, play, start
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols.fgm_reb import bimodal, constant, split_slack, zero_balance
from fgm_ref.safe import SAFE, Ball

safes = pytest.mark.parametrize("safe", sorted(SAFE))
rules = pytest.mark.parametrize("rule", ["zero-balance", "bimodal", "fixed", "fixed,lam=0.7"])

LEAST = {
    "bimodal": 0.1,
    "fixed": 0.01,
    "zero-balance": 4 * 0.01,
}  # the share of the slack that must be back


def rounding(game, dtype=np.float64):
    zone = game.coordinator.make_zone(game.coordinator.E)
    largest = (
        1
        + abs(zone.at_zero)
        + np.abs(zone(game.drifts)).max()
        + float(np.linalg.norm(game.coordinator.E))
    )
    return 200 * game.sites.k * np.finfo(dtype).eps * largest


def flushed(game):
    """(λ of now, B) by the log and the sites alone: B = Σ (base_i − E)."""
    sent = [
        e for e, name in zip(game.events, game.names(), strict=True) if name in ("MODEL", "LAMBDA")
    ]
    λ = 1.0 if np.isnan(sent[-1].number) else sent[-1].number
    base = np.broadcast_to(game.sites.base, game.sites.models.shape)
    return λ, (base - game.coordinator.E).sum(axis=0)


@safes
@rules
@given(script=scripts())
def test_accounts_at_rest(safe, rule, script):
    k = script.k

    def check(game):
        coordinator, sites = game.coordinator, game.sites
        X, E, tolerance = sites.drifts(slice(None)), coordinator.E, rounding(game)
        λ, B = flushed(game)
        φ = coordinator.make_zone(E)
        # S = E + (B + ΣX_i)/k, always
        np.testing.assert_allclose(coordinator.B, B, atol=1e-9)
        np.testing.assert_allclose(game.S, E + (coordinator.B + X.sum(axis=0)) / k, atol=1e-10)
        # the sites watch λφ(X/λ), the coordinator answers for ψ_B = kμφ(B/(kμ)); a new round has B = 0, λ = 1
        part = λ * φ(X / λ)
        psi_B = k * (1 - λ) * float(φ(B / (k * (1 - λ)))) if λ < 1 else 0.0
        assert coordinator.psi_B == pytest.approx(psi_B, rel=1e-6, abs=tolerance)
        np.testing.assert_allclose(sites.values, part, rtol=1e-9, atol=tolerance)
        # 2kθ = −(ψ + ψ_B) > 0, Σz_i = ψ, c = Σc_i ≤ k
        assert 2 * k * sites.theta == pytest.approx(
            -(coordinator.psi + coordinator.psi_B), rel=1e-9
        )
        assert sites.theta > 0
        assert sites.z.sum() == pytest.approx(coordinator.psi, rel=1e-9, abs=tolerance)
        assert coordinator.c == sites.c.sum() <= k
        # safety: Σλφ(X_i/λ) + ψ_B ≤ 0, hence φ(S − E) ≤ 0, hence S is admissible
        assert part.sum() + psi_B <= tolerance
        assert φ(game.S - E) <= tolerance
        assert φ.excess((game.S - E)[None]) <= tolerance
        assert (
            sites.tag == coordinator.tag and len(sites.alarms()) == 0 and coordinator.dropped == 0
        )

    play(script, f"fgm-reb:rule={rule}", safe, visit=check)


@safes
@rules
@given(script=scripts(styles=("opposite", "walk", "jumps")))
def test_flush_and_round_end(safe, rule, script):
    game = start(script, f"fgm-reb:rule={rule}", safe)
    for moves, active in script:
        game.move(moves, active)
        S, before, E, mark = (
            game.S,
            game.sites.models.copy(),
            game.coordinator.E.copy(),
            len(game.events),
        )
        game.network.exchange()
        names = game.names(mark)
        np.testing.assert_allclose(game.S, S, atol=1e-10)
        if "MODEL" in names:  # E_new = E + B/k = mean of all w_i; B = 0
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-10)
            np.testing.assert_array_equal(
                game.sites.models, np.tile(game.coordinator.E, (script.k, 1))
            )
            assert (
                not game.coordinator.B.any()
                and game.coordinator.psi_B == 0
                and game.coordinator.flushes == 0
            )
            continue
        # models keep training from where they are; E stays
        np.testing.assert_array_equal(game.sites.models, before)
        np.testing.assert_array_equal(game.coordinator.E, E)
        if "FLUSH" in names:
            assert names[-4:] == ["POLL", "FLUSH", "LAMBDA", "QUANTUM"]
            np.testing.assert_array_equal(game.sites.base, before)  # base_i := w_i, X_i := 0
            assert not game.sites.drifts(slice(None)).any()
            # accepted: at least a share η of the initial slack is back
            share = (game.coordinator.psi + game.coordinator.psi_B) / game.coordinator.full
            assert share >= LEAST[rule.partition(",")[0]] * (1 - 1e-9)


@rules
@given(script=scripts(styles=("opposite", "walk")), most=st.integers(1, 3))
def test_at_most_so_many_flushes_in_a_round(rule, script, most):
    def check(game):
        assert game.coordinator.flushes <= most

    game = play(script, f"fgm-reb:rule={rule},most={most}", visit=check)
    rounds = [
        e.round for e, name in zip(game.events, game.names(), strict=True) if name == "LAMBDA"
    ]
    assert all(rounds.count(number) <= most for number in rounds)


def test_rebalances_happen_and_fail():
    # both outcomes occur under both rules: the properties above are not empty
    for rule in ("zero-balance", "bimodal", "fixed"):
        game = play(make_script(4, 3, 120, "opposite", R=3.0), f"fgm-reb:rule={rule}")
        assert game.coordinator.rebalances > 3
        assert (
            play(make_script(4, 3, 60, "common", R=3.0), f"fgm-reb:rule={rule}").coordinator.round
            > 3
        )


def test_cancelled_drifts_leave_the_whole_slack():
    # k = 2, opposite drifts: B = 0, so ψ_B = kμφ(0) and all the slack of a fresh round is back; no new E
    game = build("fgm-reb", np.zeros(1), 2, threshold=2.0)
    for _ in range(40):
        game.step(np.array([[0.5], [-0.5]]))
    assert game.coordinator.round == 1 and game.coordinator.rebalances >= 5
    assert game.coordinator.E[0] == 0 and game.sites.models[:, 0].tolist() == [20, -20]


@given(script=scripts())
def test_threshold_limits(script):
    # T → 0: nothing can cancel so well, a synchronisation at each step; T → ∞: only the initial message
    assume(script.k == 1 or script.D > 1)
    for rule in ("zero-balance", "bimodal", "fixed"):
        assert play(script, f"fgm-reb:rule={rule}", threshold=1e-9).coordinator.round == 1 + len(
            script
        )
        assert play(script, f"fgm-reb:rule={rule}", threshold=1e15).names() == ["MODEL"]


@given(script=scripts(dtype=np.float32))
def test_single_precision(script):
    def check(game):
        assert (
            game.sites.models.dtype
            == game.coordinator.E.dtype
            == game.coordinator.B.dtype
            == np.float32
        )
        zone = game.coordinator.make_zone(game.coordinator.E)
        assert zone(game.drifts.astype(float).mean(axis=0)) <= rounding(game, np.float32)

    play(script, "fgm-reb", visit=check)


# ------------------------------------------------------------------------------------------- how λ is chosen


def used_up(safe, seed):
    """A zone, and a mean flushed drift b = B/k of about its size."""
    rng = np.random.default_rng(seed)
    E = rng.normal(size=int(rng.integers(1, 6))) * 3
    phi = SAFE[safe](E, float(rng.uniform(0.2, 4)))
    b = rng.normal(size=len(E))
    return phi, b / np.linalg.norm(b) * phi.R * float(rng.uniform(0, 1.5)), int(rng.integers(1, 9))


def total(phi, b, λ, k):
    return sum(split_slack(phi, b, λ, k))


@safes
@given(seed=SEEDS, λ=st.floats(0.01, 0.99))
def test_split_slack(safe, seed, λ):
    # ψ = kλφ(0) and ψ_B = kμφ(B/(kμ)): k inside and outside φ
    phi, b, k = used_up(safe, seed)
    B, μ = k * b, 1 - λ
    psi, psi_B = split_slack(phi, b, λ, k)
    assert psi == pytest.approx(k * λ * float(phi(np.zeros_like(b))))
    assert psi_B == pytest.approx(k * μ * float(phi(B / (k * μ))), abs=1e-9)


@given(seed=SEEDS, λ=st.floats(0.01, 0.99), other=st.floats(0.01, 0.99))
def test_for_the_ball_every_λ_is_the_same(seed, λ, other):
    # ψ + ψ_B = ‖B‖ − kR right after a flush, whatever λ
    phi, b, k = used_up("ball", seed)
    expected = k * np.linalg.norm(b) - k * phi.R
    assert total(phi, b, λ, k) == pytest.approx(expected, abs=1e-9 * k * (1 + phi.R))
    assert total(phi, b, other, k) == pytest.approx(expected, abs=1e-9 * k * (1 + phi.R))


@safes
@given(seed=SEEDS, a=st.floats(0.01, 0.99), b=st.floats(0.01, 0.99), t=st.floats(0, 1))
def test_slack_is_convex_in_λ(safe, seed, a, b, t):
    # g(λ) = λφ(0) + μφ(B/(kμ)): a linear plus a perspective function
    phi, flushed_mean, _ = used_up(safe, seed)

    def g(λ):
        return total(phi, flushed_mean, λ, 1)

    assert g(t * a + (1 - t) * b) <= t * g(a) + (1 - t) * g(b) + 1e-9 * (1 + abs(g(a)) + abs(g(b)))


@safes
@given(seed=SEEDS, epsilon=st.sampled_from((0.01, 0.05, 0.1)))
@example(seed=1, epsilon=0.01)
def test_zero_balance_against_an_oracle(safe, seed, epsilon):
    # the least μ in [ε, 1 − 5ε] at which the flushed part fits into its own share: φ(b/μ) ≤ 0, found on a grid
    phi, b, k = used_up(safe, seed)
    low, high = epsilon, 1 - 5 * epsilon
    grid = np.linspace(low, high, 20001)
    fits = grid[phi(b / grid[:, None]) <= 0]
    λ = zero_balance(phi, b, epsilon, 0.2)
    if len(fits) == 0:
        assert λ is None
        return
    μ = 1 - λ
    assert low - 1e-12 <= μ <= high + 1e-12
    if fits[0] == low:
        assert μ == pytest.approx(low)
    else:
        assert phi(b / μ) <= 1e-12  # on the safe side of the root, to the stated precision
        assert phi(b / μ) >= -0.5 * epsilon * abs(phi.at_zero) - 1e-12
        assert μ >= fits[0] - (grid[1] - grid[0])
    # so a share of at least 4ε is back
    assert total(phi, b, λ, k) <= 4 * epsilon * k * phi.at_zero


@given(seed=SEEDS)
def test_zero_balance_of_the_ball_in_closed_form(seed):
    # ‖b‖/μ = R at μ = ‖b‖/R; φ(b/μ) within ε|φ(0)|/2 below 0
    phi, b, _ = used_up("ball", seed)
    root, λ = np.linalg.norm(b) / phi.R, zero_balance(phi, b, 0.01, 0.2)
    if root > 0.95:
        assert λ is None
    elif root < 0.01:
        assert λ == pytest.approx(0.99)
    else:
        assert root * (1 - 1e-9) <= 1 - λ <= root / (1 - 0.005) * (1 + 1e-9)


@safes
@given(seed=SEEDS)
def test_no_λ_beats_the_best_by_ternary_search(safe, seed):
    # g is convex, so ternary search finds the λ with the most slack; neither rule can do better
    phi, b, k = used_up(safe, seed)
    low, high = 0.001, 0.999
    for _ in range(100):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (
            (low, right) if total(phi, b, left, k) <= total(phi, b, right, k) else (left, high)
        )
    best = total(phi, b, (low + high) / 2, k)
    for λ in (bimodal(phi, b, 0.01, 0.2), zero_balance(phi, b, 0.01, 0.2)):
        assert λ is None or total(phi, b, λ, k) >= best - 1e-6 * (1 + abs(best))


@given(lam=st.floats(0.01, 0.99), script=scripts(styles=("opposite",), min_k=2))
def test_fixed_λ_is_what_was_asked_for(lam, script):
    # every λ on the wire is the option's, and ψ = kλφ(0) stands for the sites right after it
    def check(game):
        if game.coordinator.λ != 1 and not game.sites.drifts(slice(None)).any():
            assert game.coordinator.λ == lam
            assert game.coordinator.psi == pytest.approx(
                script.k * lam * game.coordinator.phi.at_zero
            )

    assert constant(Ball(np.ones(2), 1.0), np.zeros(2), 0.01, lam) == lam
    game = play(script, f"fgm-reb:rule=fixed,lam={lam!r}", visit=check)
    sent = [e.number for e, name in zip(game.events, game.names(), strict=True) if name == "LAMBDA"]
    assert set(sent) <= {lam}


@pytest.mark.parametrize("lam", ["0", "1", "-0.5", "nan", "x"])
def test_bad_fixed_λ(lam):
    with pytest.raises(ValueError, match="lam"):
        build(f"fgm-reb:rule=fixed,lam={lam}", np.ones(2), 2)


def test_bimodal_is_one_half():
    assert bimodal(Ball(np.ones(2), 1.0), np.zeros(2), 0.01, 0.2) == 0.5


def test_λ_is_a_share_for_every_accepted_epsilon():
    # ball of radius 1, ‖b‖ = 0.4, ε = 0.3; refusing such an ε is fine
    try:
        build("fgm-reb:epsilon=0.3", np.ones(1), 2)
    except ValueError:
        return
    λ = zero_balance(Ball(np.ones(1), 1.0), np.array([0.4]), 0.3, 0.2)
    assert λ is None or 0 < λ < 1


@pytest.mark.parametrize("setting", ["rule=best", "epsilon=0", "most=x"])
def test_bad_options(setting):
    with pytest.raises(ValueError, match=r"rule|epsilon|most"):
        build(f"fgm-reb:{setting}", np.ones(2), 2)


def test_with_most_1_a_round_is_flushed_once():
    # opposite drifts always cancel, so the first flush of each round is accepted, and the second ends the round
    game = build("fgm-reb:most=1", np.zeros(1), 2, threshold=2.0)
    for _ in range(60):
        game.step(np.array([[0.5], [-0.5]]))
    named = list(zip(game.events, game.names(), strict=True))
    accepted = [event.round for event, name in named if name == "LAMBDA"]
    flushed = [event.round for event, name in named if name == "FLUSH"]
    ended = game.coordinator.round - 1
    assert ended > 3
    assert accepted[:ended] == list(range(1, ended + 1)) and len(accepted) <= ended + 1
    assert flushed[: 2 * ended] == [number for number in range(1, ended + 1) for _ in range(2)]
