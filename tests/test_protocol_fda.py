"""Federated dynamic averaging: what the three monitors bound, what they cost, and when they synchronise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, lengths, play, start, watch
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols.fda import MONITORS, Linear, Naive, Sketch
from fgm_ref.transport.faults import Faults

monitors = pytest.mark.parametrize("monitor", sorted(MONITORS))
STATE = {"naive": 4, "linear": 8, "sketch": 4 * (1 + 5 * 250)}  # bytes of one site in one step


def variance(models):
    """(1/k) Σ ‖w_i − S‖², from the deviations: no difference of large numbers."""
    models = np.asarray(models, float)
    return float((lengths(models - models.mean(axis=0)) ** 2).mean())


def bound(monitor, X, E, before):
    monitor.start_round(E, before)
    return monitor.H(monitor.state(X).mean(axis=0))


def drawn(seed, dtype=np.float64):
    """Drifts X (k, D) that partly agree, a reference and the one before it (or none)."""
    rng = np.random.default_rng(seed)
    k, D = int(rng.integers(1, 8)), int(rng.integers(1, 40))
    X = rng.normal(size=(k, D)) + rng.normal(size=D) * rng.choice([0, 1, 5])
    E, before = rng.normal(size=(2, D))
    return X.astype(dtype), E.astype(dtype), None if rng.random() < 0.5 else before.astype(dtype)


@given(seed=SEEDS)
def test_ordering(seed):
    # Var ≤ H_linear ≤ H_naive ≤ max ‖X‖²: by Cauchy and Schwarz, since ‖ξ‖ = 1; and a square is not negative
    X, E, before = drawn(seed)
    naive, linear = bound(Naive(), X, E, before), bound(Linear(), X, E, before)
    rounding = 1e-12 * (1 + naive)
    assert variance(X) <= linear + rounding
    assert linear <= naive <= (lengths(X) ** 2).max() + rounding
    assert naive == pytest.approx((lengths(X) ** 2).mean())


@given(seed=SEEDS, common=st.booleans())
def test_linear_is_exact_along_its_direction(seed, common):
    # if the mean drift points along ξ, Cauchy and Schwarz is an equality: H_linear = Var
    X, E, before = drawn(seed)
    before = E + X.mean(axis=0) * (-2 if common else 3)
    if lengths(E - before) > 1e-3:
        assert bound(Linear(), X, E, before) == pytest.approx(
            variance(X), abs=1e-9 * (1 + (X**2).sum())
        )


@given(seed=SEEDS)
def test_direction_is_that_of_the_last_two_models(seed):
    _, E, before = drawn(seed)
    linear = Linear()
    linear.start_round(E, None)
    first = linear.xi
    assert lengths(first) == pytest.approx(1)
    again = Linear()
    again.start_round(E * 3, None)
    np.testing.assert_array_equal(
        again.xi, first
    )  # agreed on without a message, whatever the model
    if before is not None:
        linear.start_round(E, before)
        np.testing.assert_allclose(linear.xi * lengths(E - before), E - before, atol=1e-12)
    linear.start_round(
        E, E
    )  # a model that came back to where it was has no direction; H is then the naive one
    assert not linear.xi.any()


@given(script=scripts(min_k=2, max_D=4))
def test_direction_during_a_run(script):
    # at the sites, from the second round on, ξ is (E_n − E_{n−1})/‖·‖: all sites can know it without a byte
    models = [script.E]

    def check(game):
        if game.coordinator.round > len(models):
            models.append(game.coordinator.E)
            towards = models[-1] - models[-2]
            np.testing.assert_allclose(game.sites.monitor.xi * lengths(towards), towards, atol=1e-9)

    play(script, "fda-linear", visit=check)


@given(seed=SEEDS)
def test_a_sketch_is_linear(seed):
    # the mean of the sketches is the sketch of the mean, so the coordinator's mean state is that of mean X
    X, E, _ = drawn(seed)
    sketch = Sketch()
    sketch.start_round(E, None)
    assert sketch.sketch(X[0]).shape == (5 * 250,)
    mean = np.mean([sketch.sketch(x) for x in X], axis=0)
    np.testing.assert_allclose(mean, sketch.sketch(X.mean(axis=0)), atol=1e-12)
    np.testing.assert_allclose(sketch.state(X).mean(axis=0)[1:], mean, atol=1e-12)
    combined = 3 * sketch.sketch(X[0]) - sketch.sketch(X[-1])
    np.testing.assert_allclose(sketch.sketch(3 * X[0] - X[-1]), combined, atol=1e-9)


@given(seed=SEEDS)
def test_sketch_entry_by_entry(seed):
    # each number of x is added, with its sign, to one bucket of every row, by hand
    X, E, _ = drawn(seed)
    sketch = Sketch()
    sketch.start_round(E, None)
    rows = np.zeros((5, 250))
    for row in range(5):
        for j, x in enumerate(X[0]):
            rows[row, sketch.flat[row, j] - 250 * row] += sketch.sign[row, j] * x
    np.testing.assert_allclose(sketch.sketch(X[0]).reshape(5, 250), rows, atol=1e-12)
    assert set(np.unique(sketch.sign)) <= {-1, 1}


def test_all_sites_use_the_same_hashes():
    # two ends, two runs and two rounds: one set of hash functions
    one, two = Sketch(), Sketch()
    for sketch in (one, two):
        sketch.start_round(np.ones(30), None)
    np.testing.assert_array_equal(one.flat, two.flat)
    two.start_round(np.zeros(30), np.ones(30))
    np.testing.assert_array_equal(one.flat, two.flat)
    np.testing.assert_array_equal(one.sign, two.sign)


def test_how_often_the_sketch_bounds_the_variance():
    # H ≥ Var needs M₂(mean X) ≤ (1 + ε)‖mean X‖².  Over 2,000 drifts of 300 numbers, with fresh hashes for
    # every hundred of them, 91 % did (a row errs by √(2/250) of it, ε is 0.7 of that, and of five rows the median
    # counts); where it failed, H fell short of Var by less than 0.12‖mean X‖²
    rng = np.random.default_rng(0)
    shares, worst = [], 0.0
    for seed in range(20):
        sketch = Sketch()
        sketch.start_round(np.ones(300), None)
        draw = np.random.default_rng(seed)
        bucket = draw.integers(sketch.columns, size=(sketch.rows, 300))
        sketch.flat, sketch.sign = (
            bucket + 250 * np.arange(5)[:, None],
            draw.choice([-1.0, 1.0], size=(5, 300)),
        )
        for _ in range(100):
            X = rng.normal(size=(4, 300)) + 2 * rng.normal(size=300)
            H, var = sketch.H(sketch.state(X).mean(axis=0)), variance(X)
            shares.append(var <= H)
            worst = max(worst, (var - H) / lengths(X.mean(axis=0)) ** 2)
    assert np.mean(shares) > 0.88
    assert worst < 0.15


@monitors
@given(script=scripts(min_k=2))
def test_synchronises_when_its_bound_exceeds_theta(monitor, script):
    # H > R² ⇔ a synchronisation in this very step; H from the true drifts
    game, own = start(script, f"fda-{monitor}"), MONITORS[monitor]()
    own.start_round(script.E, None)
    for moves, active in script:
        game.move(moves, active)
        S, E, number = game.S, game.coordinator.E, game.coordinator.round
        H = own.H(own.state(game.drifts).mean(axis=0))
        game.network.exchange()
        if abs(H - script.R**2) > 1e-9:
            assert (game.coordinator.round > number) == (script.R**2 < H)
        if game.coordinator.round > number:
            np.testing.assert_allclose(game.coordinator.E, S, atol=1e-11)
            own.start_round(game.coordinator.E, E)


@pytest.mark.parametrize("monitor", ["naive", "linear"])
@given(script=scripts(min_k=2))
def test_variance_at_rest(monitor, script):
    # Var ≤ Θ = R² after every step
    def check(game):
        assert variance(game.sites.models) <= script.R**2 * (1 + 1e-9) + 1e-9

    watch(script, f"fda-{monitor}", visit=check)


@given(script=scripts(min_k=2))
def test_first_synchronisations_come_in_order(script):
    # on one path and up to the first one: a looser bound fires no later
    firsts = []
    for protocol in ("fda-naive", "fda-linear", "omniscient"):
        game = play(script, protocol)
        steps = [
            e.step for e, name in zip(game.events, game.names(), strict=True) if name == "MODEL"
        ]
        firsts.append(steps[1] if len(steps) > 1 else np.inf)
    assert firsts == sorted(firsts)


@given(steps=st.integers(5, 40), k=st.integers(1, 5), D=st.integers(1, 6), seed=SEEDS)
def test_identical_workers(steps, k, D, seed):
    # Var = 0, on a straight line: naive synchronises all the same; linear and the sketch need no more, since H is a
    # smaller multiple of the squared distance, and linear's is 0 once it knows the way
    rng, rounds = np.random.default_rng(seed), {}
    moves = rng.random(size=(steps, 1, 1)) * rng.normal(size=D)
    for monitor in MONITORS:
        game = build(f"fda-{monitor}", np.ones(D), k, threshold=2.0)
        for move in moves:
            game.step(np.tile(move, (k, 1)))
        assert np.ptp(game.sites.models, axis=0).max() == 0
        np.testing.assert_allclose(game.S, 1 + moves.sum(axis=(0, 1)), atol=1e-9)
        rounds[monitor] = game.coordinator.round
    assert rounds["linear"] <= rounds["naive"] and rounds["sketch"] <= rounds["naive"]


def test_identical_workers_save():
    # a common straight march of 40 unit steps, R = 2: naive at every third; linear once, until it knows the way
    rounds = {}
    for monitor in MONITORS:
        game = build(f"fda-{monitor}", np.zeros(3), 4, threshold=2.0)
        for _ in range(40):
            game.step(np.tile([1.0, 0, 0], (4, 1)))
        rounds[monitor] = game.coordinator.round - 1
    assert rounds == {"naive": 13, "linear": 1, "sketch": 4}


@monitors
@given(script=scripts(min_k=2, max_steps=15, styles=("walk", "outward")))
def test_a_tiny_theta_is_periodic_averaging(monitor, script):
    # Θ → 0: a synchronisation in every step, so the models are those of σ_1
    if script.D > 1:
        game, periodic = (
            play(script, f"fda-{monitor}", threshold=1e-9),
            play(script, "periodic:b=1"),
        )
        np.testing.assert_allclose(game.sites.models, periodic.sites.models, atol=1e-10)
        assert game.coordinator.round == periodic.coordinator.round


@monitors
@given(script=scripts())
def test_bill(monitor, script):
    # k states in every step, moved or not; per synchronisation k polls, k models up and k down
    game = play(script, f"fda-{monitor}")
    k, model, steps, syncs = script.k, 4 * script.D, len(script), game.coordinator.round - 1
    assert game.ledger.total_bytes == k * (model * (1 + 2 * syncs) + steps * STATE[monitor])
    assert game.ledger.total_messages == k * (1 + steps + 3 * syncs)
    assert game.ledger.by_kind()["MONITOR"]["bytes"] == k * steps * STATE[monitor]


@monitors
def test_idle_steps_cost_states_only(monitor):
    # nobody trains for three steps: k states each, and nothing changes
    game = build(f"fda-{monitor}", np.ones(2), 3)
    for _ in range(3):
        game.step(np.zeros((0, 2)), np.array([], np.intp))
    assert game.counts() == {"MODEL": 3, "MONITOR": 9}


@monitors
@given(script=scripts(dtype=np.float32))
def test_single_precision(monitor, script):
    # states travel in single precision, too; models stay float32
    game = play(script, f"fda-{monitor}")
    assert (
        game.sites.models.dtype == game.coordinator.E.dtype == game.sites.states.dtype == np.float32
    )


@monitors
def test_a_huge_threshold_is_never_exceeded(monitor):
    game = build(f"fda-{monitor}", np.ones(2), 2, threshold=1e300)
    game.step(np.ones((2, 2)))
    assert game.coordinator.round == 1


def test_scripts_do_synchronise():
    # the properties above are not empty
    for monitor in MONITORS:
        assert play(make_script(4, 3, 40, R=2.0), f"fda-{monitor}").coordinator.round > 3


@given(script=scripts())
def test_the_maximum_is_gm_with_the_variance(script):
    # H = max ‖X_i‖²: one bit from a site, and a synchronisation in exactly the steps in which H > R²
    game = start(script, "gm", "variance")
    for moves, active in script:
        before = game.coordinator.round
        game.move(moves, active)
        H, radius = (
            (game.drifts**2).sum(axis=1).max(),
            game.coordinator.make_zone.radius(game.coordinator.E),
        )
        if abs(H - radius**2) < 1e-6 * radius**2:
            return  # too close to call, for rounding
        game.network.exchange()
        assert (game.coordinator.round > before) == (radius**2 < H)


def test_the_sketch_takes_the_median_of_its_rows():
    # rows of squared length 1, 9, 4, 1600 and 16: the median is 9, whatever the row with the collision says
    sketch, rows = Sketch(), np.zeros((5, 250))
    rows[:, 7] = [1, 3, 2, 40, 4]
    mean = np.concatenate([[100.0], rows.ravel()])
    assert sketch.H(mean) == pytest.approx(100 - 9 / (1 + 250**-0.5))


def test_only_the_states_of_this_step_count():
    # R² = 1.  Site 2 says ‖X‖² = 2.25 in step 1 and is gone in step 2, when the others say 0.64: no reason to speak
    game = build("fda-naive", np.zeros(1), 3, faults=Faults(absent={2: (2, 9)}))
    game.step(np.array([[0.0], [0.0], [1.5]]))
    game.step(np.array([[0.8], [-0.8], [0.0]]))
    assert game.counts() == {"MODEL": 3, "MONITOR": 5} and game.coordinator.states == {}
    game.step(np.array([[0.3], [-0.3], [0.0]]))
    assert game.coordinator.round == 2  # 1.21 is one
