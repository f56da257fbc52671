"""FGM/O: the plan is the best of all 2^k, and what is held back is paid for out of the slack."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import build, lengths, play, start, watch
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols.fgm_o import best_plan
from fgm_ref.safe import Ball, Cap, Cheap, safe_function
from fgm_ref.transport.messages import COUNT

prices = st.sampled_from((0.01, 1.0, 5.0, 20.0))
safes = pytest.mark.parametrize("safe", ["ball", "cap", "half-space", "cheap:cap"])


def costs(phi, drifts, counts):
    """(β, α, γ, N): the slack that each site uses per step of anybody, cheap and full, its share of the steps."""
    N, moved = max(1, sum(counts)), max(1, sum(n > 0 for n in counts))
    beta, alpha = [], []
    for X in drifts:
        unit = moved * abs(phi.at_zero) * N
        b, a = lengths(X) / unit, (phi(X) - phi.at_zero) / unit
        if a < 0:  # β grows by |α| first
            b -= a
        beta.append(b)
        alpha.append(min(max(a, 0), b))
    return beta, alpha, [n / N for n in counts], N


def gain(plan, beta, alpha, gamma, price):
    """τ − Σ min(γ_i τ, price) − |P|·price with τ = 1/(Σβ − Σ_P (β − α)), as in the specification."""
    use = sum(beta) - sum(b - a for b, a, chosen in zip(beta, alpha, plan, strict=True) if chosen)
    tau = 1 / max(use, 1e-12)
    return tau - sum(min(g * tau, price) for g in gamma) - sum(plan) * price


def last_round(seed, safe):
    rng = np.random.default_rng(seed)
    k, D = int(rng.integers(1, 7)), int(rng.integers(2, 5))
    E = rng.normal(size=D) * 3
    phi = safe_function(safe)(E, float(rng.uniform(0.3, 3)))
    counts = rng.integers(0, 40, size=k) * (rng.random(k) < 0.8)
    X = (
        rng.normal(size=(k, D)) * rng.uniform(0.1, 3, size=(k, 1))
        + E * rng.normal(size=(k, 1)) * 0.3
    )
    return phi, X * (counts > 0)[:, None], counts


@safes
@given(seed=SEEDS, price=prices)
def test_best_plan_of_all(safe, seed, price):
    # no other set of sites gains more: sorting by the savings and trying the prefixes is enough
    phi, X, counts = last_round(seed, safe)
    beta, alpha, gamma, _ = costs(phi, X, counts)
    gains = [
        gain(plan, beta, alpha, gamma, price) for plan in product((False, True), repeat=len(X))
    ]
    chosen = best_plan(phi, X, counts.astype(float), price)
    assert chosen.dtype == bool and chosen.shape == (len(X),)
    assert gain(chosen.tolist(), beta, alpha, gamma, price) == pytest.approx(max(gains), rel=1e-9)


@given(seed=SEEDS, price=prices)
def test_nothing_saved_means_nobody(seed, price):
    # for the ball full and cheap zone are one, θ_i = β_i − α_i = 0: models are not worth their price
    phi, X, counts = last_round(seed, "ball")
    if lengths(X).max() > 0:
        assert not best_plan(phi, X, counts.astype(float), price).any()


@given(seed=SEEDS, k=st.integers(1, 6))
def test_models_for_nothing_go_to_whoever_saves(seed, k):
    # price → 0: every site whose full zone saves something gets it.  (Cap: drifts inside and across E)
    rng = np.random.default_rng(seed)
    E = np.array([5.0, 0.0, 0.0])
    X = rng.uniform(-0.5, 0.5, size=(k, 3))
    phi = Cap(E, 1.0)
    counts = rng.integers(1, 9, size=k).astype(float)
    beta, alpha, _, _ = costs(phi, X, counts)
    assert (np.array(beta) > alpha).all()
    assert best_plan(phi, X, counts, 1e-12).all()


@given(seed=SEEDS)
def test_a_dear_model_goes_to_nobody(seed):
    phi, X, counts = last_round(seed, "cap")
    if lengths(X).max() > 0:
        assert not best_plan(phi, X, counts.astype(float), 1e9).any()


@given(seed=SEEDS, R=st.floats(0.1, 3))
def test_cheap_zone_is_the_smaller_one(seed, R):
    # φ_c ≥ φ, so whoever watches the cheap zone speaks no later; φ_c(0) = φ(0)
    rng = np.random.default_rng(seed)
    E, X = rng.normal(size=4) * 3, rng.normal(size=(20, 4)) * 2
    for full in (Ball, Cap):
        cheap, phi = Cheap(E, R, full), full(E, R)
        assert (cheap(X) >= phi(X) - 1e-12 * (1 + R + lengths(E))).all()
        assert cheap.at_zero == pytest.approx(phi.at_zero)


@safes
@given(script=scripts(), price=prices)
@example(script=make_script(4, 3, 40, "walk", R=2.0), price=0.01)
def test_accounts_at_rest(safe, script, price):
    k = script.k

    def check(game):
        coordinator, sites = game.coordinator, game.sites
        X, E = sites.drifts(slice(None)), coordinator.E
        phi = coordinator.make_zone(E)
        tolerance = 1e-10 * k * (1 + abs(phi.at_zero) + lengths(E) + lengths(X).max())
        held = np.broadcast_to(sites.base, sites.models.shape) - E
        b = held.mean(axis=0)
        # what the coordinator believes to be held back is; S = E + b + mean X; ψ_B = k‖b‖
        np.testing.assert_allclose(coordinator.held, held, atol=1e-9)
        np.testing.assert_allclose(game.S, E + b + X.mean(axis=0), atol=1e-9)
        assert coordinator.psi_B == pytest.approx(k * lengths(b), abs=1e-9)
        # who holds E watches φ, who does not φ_c
        expected = np.where(sites.cheap, lengths(X) + phi.at_zero, phi(X))
        np.testing.assert_allclose(sites.values, expected, atol=tolerance)
        assert not held[~sites.cheap].any()
        # 2kθ = −(ψ + ψ_B) > 0, and φ(b + mean X) ≤ ‖b‖ + mean φ(X_i) ≤ 0: the guarantee
        assert 2 * k * sites.theta == pytest.approx(-coordinator.slack, rel=1e-9)
        assert sites.theta > 0 and coordinator.c == sites.c.sum() <= k
        assert sites.values.sum() + coordinator.psi_B <= tolerance
        assert phi(game.S - E) <= (sites.values.sum() + coordinator.psi_B) / k + tolerance

    play(script, f"fgm-o:price={price}", safe, visit=check)


@safes
@given(script=scripts(), price=prices)
def test_round_end(safe, script, price):
    # a new E is the mean of all models; sites in the plan start from it, the others keep theirs untouched
    game = start(script, f"fgm-o:price={price}", safe)
    for moves, active in script:
        game.move(moves, active)
        S, before, number, mark = (
            game.S,
            game.sites.models.copy(),
            game.coordinator.round,
            len(game.events),
        )
        game.network.exchange()
        if game.coordinator.round == number:
            np.testing.assert_array_equal(game.sites.models, before)
            continue
        names = game.names(mark)
        np.testing.assert_allclose(game.coordinator.E, S, atol=1e-10)
        left = (
            set(game.senders("CHEAP", mark))
            if "CHEAP" in names and names.count("CHEAP") > 1
            else None
        )
        cheap = np.flatnonzero(game.sites.cheap)
        if left:
            assert set(cheap) == left
        np.testing.assert_array_equal(game.sites.models[cheap], before[cheap])
        planned = np.flatnonzero(~game.sites.cheap)
        np.testing.assert_array_equal(
            game.sites.models[planned], np.tile(game.coordinator.E, (len(planned), 1))
        )
        if len(cheap):  # a tenth of the slack is left for the round to come
            assert game.coordinator.slack <= 0.1 * game.coordinator.full + 1e-9


@given(script=scripts(), price=prices)
def test_bill(script, price):
    # a round end: k drifts and k counts; then D words to each site in the plan, 1 to the others, and a quantum to
    # all (none if everybody gets E)
    game = play(script, f"fgm-o:price={price}", "cap")
    counts, k, D = game.counts(), script.k, script.D
    ends = game.coordinator.round - 1
    assert counts.get("DRIFT", 0) == counts.get("COUNT", 0) == k * ends
    assert counts["MODEL"] + counts.get("CHEAP", 0) == k * (1 + ends)
    words = sum(counts.get(name, 0) for name in ("COUNT", "CHEAP", "QUANTUM", "INCREMENT", "PHI"))
    assert game.ledger.total_bytes == 4 * (D * (counts["MODEL"] + counts.get("DRIFT", 0)) + words)


def test_everything_happens():
    # rounds with nobody, some and all in the plan: the properties above are not empty
    seen = set()

    def check(game):
        held = int(game.sites.cheap.sum())
        seen.add("all" if held == 0 else "nobody" if held == 4 else "some")

    for price in (0.01, 2.0, 5.0, 20.0):
        watch(make_script(4, 3, 150, "walk", R=2.0), f"fgm-o:price={price}", "cap", visit=check)
    assert seen == {"all", "some", "nobody"}


@pytest.mark.parametrize("safe", ["variance", "ball+variance"])
def test_other_safe_functions_are_refused(safe):
    with pytest.raises(ValueError, match="1-Lipschitz"):
        build("fgm-o", np.ones(2), 2, safe)


@pytest.mark.parametrize("price", ["0", "-1", "inf", "nan", "x"])
def test_bad_price(price):
    with pytest.raises(ValueError, match="price"):
        build(f"fgm-o:price={price}", np.ones(2), 2)


@pytest.mark.parametrize("price", [0.01, 2.0, 5.0, 20.0])
def test_steps_are_counted_by_the_round(price):
    # COUNT: how often a site has trained since the round started, whether it was sent the new model or not
    script, own = make_script(4, 3, 150, "walk", activity=0.5, R=2.0), np.zeros(4)
    game = start(script, f"fgm-o:price={price}", "cap")
    for moves, active in script:
        number = game.coordinator.round
        own[active] += 1
        game.step(moves, active)
        if game.coordinator.round > number:
            own[:] = 0
        np.testing.assert_array_equal(game.sites.reply(COUNT, np.arange(4)), own)
    assert game.coordinator.round > 5
