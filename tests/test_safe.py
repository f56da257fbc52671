"""Safe functions: one battery for every function in `SAFE`; a new one joins by being listed there."""

import numpy as np
import pytest
from hypothesis import assume, example, given, target
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.arrays import norm, squared_norm
from fgm_ref.safe import SAFE, Ball, Cap, Variance, ZoneMaker, zone_maker

TINY = 1e-9
every_function = pytest.mark.parametrize("name", sorted(SAFE))
one_lipschitz = pytest.mark.parametrize("name", ["ball", "cap"])


def zones(name, seed, D=None, scale=1.0):
    """A random φ with ‖E‖ and R of all proportions, and the generator for what follows."""
    rng = np.random.default_rng(seed)
    D = D or int(rng.integers(1, 8))
    E = scale * rng.normal(size=D) * np.exp(rng.uniform(-2, 2))
    return SAFE[name](E, float(np.linalg.norm(E) * np.exp(rng.uniform(-4, 1.5)))), rng


def drifts(rng, phi, *shape):
    """Drifts of all lengths around the zone's."""
    X = rng.normal(size=(*shape, len(phi.E)))
    return X / norm(X)[..., None] * phi.R * np.exp(rng.uniform(-3, 1.5, size=(*shape, 1)))


def boundary(phi, direction):
    """The t > 0 with φ(t·direction) = 0, and a t just inside and just outside it."""
    low, high = 0.0, 1.0
    while phi(high * direction) <= 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if phi(middle * direction) <= 0 else (low, middle)
    return low, high


def region(phi, S):
    """How far S is outside the admissible region, from the words of the specification."""
    if isinstance(phi, Ball):  # ‖S − E‖ ≤ R
        return np.linalg.norm(S - phi.E) - phi.R
    if isinstance(phi, Cap):  # ‖E‖ − R ≤ ‖S‖ ≤ ‖E‖ + R
        return max(
            np.linalg.norm(phi.E) - phi.R - np.linalg.norm(S),
            np.linalg.norm(S) - np.linalg.norm(phi.E) - phi.R,
        )
    assert isinstance(phi, Variance)  # mean ‖X‖² ≤ R², hence ‖mean X‖² ≤ R²
    return np.linalg.norm(S - phi.E) ** 2 - phi.R**2


@every_function
@given(seed=SEEDS)
def test_slack_at_zero(name, seed):
    # φ(0) < 0 and finite, whatever the proportions of E and R; its value: −R (variance: −R²)
    phi, _ = zones(name, seed)
    assert np.isfinite(phi.at_zero)
    assert phi.at_zero < 0
    assert phi.at_zero == pytest.approx(
        -(phi.R**2) if name == "variance" else -phi.R, rel=1e-9, abs=1e-12
    )
    assert phi.at_zero == phi(np.zeros_like(phi.E))


@every_function
@given(seed=SEEDS, t=st.floats(0, 1))
def test_convex(name, seed, t):
    # φ(tX + (1−t)Y) ≤ tφ(X) + (1−t)φ(Y)
    phi, rng = zones(name, seed)
    X, Y = drifts(rng, phi, 2, 50)
    gap = phi(t * X + (1 - t) * Y) - (t * phi(X) + (1 - t) * phi(Y))
    assert gap.max() <= TINY * (1 + np.abs(phi(X)).max() + np.abs(phi(Y)).max() + norm(phi.E))


@one_lipschitz
@given(seed=SEEDS)
def test_one_lipschitz(name, seed):
    # |φ(X) − φ(Y)| ≤ ‖X − Y‖, so φ(X) ≤ ‖X‖ + φ(0): the cheap ball dominates
    phi, rng = zones(name, seed)
    X, Y = drifts(rng, phi, 2, 50)
    rounding = TINY * (norm(phi.E) + phi.R)
    assert (np.abs(phi(X) - phi(Y)) <= norm(X - Y) + rounding).all()
    assert (phi(X) <= norm(X) + phi.at_zero + rounding).all()


@one_lipschitz
@given(seed=SEEDS)
def test_gradient_has_length_one(name, seed):
    # eikonal: ‖∇φ‖ = 1 wherever φ is smooth, so −φ is a distance
    phi, rng = zones(name, seed)
    X = drifts(rng, phi)
    h = 1e-5 * min(phi.R, float(norm(phi.E)))
    if name == "cap":  # the kink is where the half-space and the ball are equally near
        half, outer = -phi.R - X @ phi.direction, norm(X + phi.E) - (phi.length + phi.R)
        assume(abs(half - outer) > 10 * h and norm(X + phi.E) > 100 * h)
    assume(norm(X) > 100 * h)
    steps = h * np.eye(len(X))
    gradient = (phi(X + steps) - phi(X - steps)) / (2 * h)
    assert norm(gradient) == pytest.approx(1, abs=1e-3)


@every_function
@given(seed=SEEDS)
def test_zone_inside_admissible_region(name, seed):
    # φ(X) ≤ 0 ⇒ E + X admissible: along random rays, on the boundary and anywhere short of it;
    # just beyond it φ > 0, so both outcomes occur on every ray
    phi, rng = zones(name, seed)
    for _ in range(10):
        direction = rng.normal(size=len(phi.E))
        inside, outside = boundary(phi, direction)
        assert phi(inside * direction) <= 0 < phi(outside * direction)
        rounding = TINY * (1 + norm(phi.E) + phi.R) ** 2
        for t in (inside, inside * 0.999, inside * rng.random()):
            assert region(phi, phi.E + t * direction) <= rounding
        if name != "cap":  # ball and variance: nothing is given away, the zone is the region
            assert region(phi, phi.E + inside * direction) == pytest.approx(0, abs=rounding)


@every_function
@given(seed=SEEDS, k=st.integers(1, 6))
def test_mean_safety(name, seed, k):
    # Σφ(X_i) ≤ 0 ⇒ E + mean X admissible; the tuple is stretched until Σφ = 0
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, k)

    def total(X):
        return phi(X).sum()

    low, high = 0.0, 1.0
    while total(high * X) <= 0:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if total(middle * X) <= 0 else (low, middle)
    X = low * X
    rounding = TINY * (1 + norm(phi.E) + phi.R) ** 2
    target(float((phi(X) > 0).sum()), label="sites individually outside")
    assert phi(X.mean(axis=0)) <= rounding  # Jensen
    assert region(phi, phi.E + X.mean(axis=0)) <= rounding
    assert phi.excess(X) <= rounding


@every_function
def test_mean_safety_with_sites_outside(name):
    # both kinds of safe tuples occur: all inside, and some individually outside; and unsafe tuples, too
    seen = {"inside": 0, "some outside": 0, "unsafe": 0}
    for seed in range(300):
        phi, rng = zones(name, seed, D=3)
        X = drifts(rng, phi, 4)
        values = phi(X)
        if values.sum() > 0:
            seen["unsafe"] += 1
            continue
        seen["some outside" if (values > 0).any() else "inside"] += 1
        assert phi.excess(X) <= TINY * (1 + norm(phi.E) + phi.R) ** 2
    assert min(seen.values()) >= 10, seen


@every_function
@given(seed=SEEDS, k=st.integers(1, 6))
def test_excess_is_the_written_region(name, seed, k):
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, k)
    S = phi.E + X.mean(axis=0)
    expected = region(phi, S)
    if (
        name == "variance"
    ):  # of all sites: mean ‖X_i‖² − R², which is the spread plus that of the mean
        spread = (np.linalg.norm(phi.E + X - S, axis=1) ** 2).mean()
        expected = spread + np.linalg.norm(S - phi.E) ** 2 - phi.R**2
    assert phi.excess(X) == pytest.approx(
        expected, abs=TINY * (1 + norm(phi.E) + phi.R + norm(X).max()) ** 2
    )


@every_function
@given(seed=SEEDS, k=st.integers(1, 6), step=st.floats(-4, 2))
def test_reach_bounds_the_overshoot(name, seed, k, step):
    # from inside, one step takes `excess` to no more than `reach`
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, k)
    while phi.excess(X) > 0:
        X = X * 0.7
    X = X * rng.uniform(0.5, 1) if name == "variance" else X
    steps = drifts(rng, phi, k) * 10.0**step
    rounding = TINY * (1 + norm(phi.E) + phi.R + norm(X).max() + norm(steps).max()) ** 2
    assert phi.excess(X + steps) <= phi.reach(steps) + rounding
    assert phi.excess(X + steps) - phi.excess(X) <= phi.reach(steps) + rounding


def test_reach_is_attained():
    # all sites step straight out from the edge: the bound is not a loose one
    E, R, k = np.array([3.0, 4.0]), 2.0, 3
    outward = np.tile(E / 5, (k, 1))
    for phi in (Ball(E, R), Cap(E, R)):
        assert (
            phi.excess(R * outward + 0.5 * outward)
            == pytest.approx(phi.reach(0.5 * outward))
            == pytest.approx(0.5)
        )
    phi = Variance(E, R)
    assert (
        phi.excess(2.5 * outward)
        == pytest.approx(phi.reach(0.5 * outward))
        == pytest.approx(2.5**2 - 2**2)
    )


@every_function
@given(seed=SEEDS, k=st.integers(1, 5), λ=st.floats(0.01, 0.99))
def test_perspective(name, seed, k, λ):
    phi, rng = zones(name, seed)
    X, B, μ = drifts(rng, phi, k), drifts(rng, phi) * k, 1 - λ
    zoned = phi.perspective(λ)
    scale = TINY * (1 + norm(phi.E) + phi.R + norm(X).max() / λ + norm(B) / μ) ** 2
    np.testing.assert_allclose(zoned(X), λ * phi(X / λ), rtol=1e-12)
    # kφ((B + ΣX)/k) ≤ Σλφ(X_i/λ) + kμφ(B/(kμ))
    assert k * phi((B + X.sum(axis=0)) / k) <= zoned(X).sum() + k * μ * phi(B / (k * μ)) + k * scale
    # φ(X) ≤ λφ(X/λ) + μφ(0)
    assert (phi(X) <= zoned(X) + μ * phi.at_zero + scale).all()
    if name == "ball":  # the perspective of the ball is ‖X‖ − λR
        np.testing.assert_allclose(zoned(X), norm(X) - λ * phi.R, atol=scale)


@every_function
def test_perspective_at_one_is_the_function(name):
    phi, rng = zones(name, 0)
    X = drifts(rng, phi, 5)
    np.testing.assert_array_equal(phi.perspective(1.0)(X), phi(X))


@one_lipschitz
@given(seed=SEEDS, a=st.floats(0.01, 100))
def test_positive_homogeneity(name, seed, a):
    # everything a times as long: φ_{aE, aR}(aX) = a φ_{E, R}(X)
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, 20)
    larger = SAFE[name](a * phi.E, a * phi.R)
    np.testing.assert_allclose(larger(a * X), a * phi(X), atol=a * TINY * (norm(phi.E) + phi.R))


@every_function
@given(seed=SEEDS)
def test_orthogonal_invariance(name, seed):
    # φ_{QE}(QX) = φ_E(X) for every orthogonal Q
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, 20)
    Q, _ = np.linalg.qr(rng.normal(size=(len(phi.E), len(phi.E))))
    turned = SAFE[name](Q @ phi.E, phi.R)
    np.testing.assert_allclose(turned(X @ Q.T), phi(X), atol=TINY * (1 + norm(phi.E) + phi.R) ** 2)


@every_function
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=SEEDS)
def test_batched_equals_looped(name, dtype, seed):
    # one array of drifts (3, 4, D) or twelve calls: the same values, shape (3, 4), the same number type
    phi, rng = zones(name, seed)
    phi = SAFE[name](phi.E.astype(dtype), phi.R)
    X = drifts(rng, phi, 3, 4).astype(dtype)
    values = phi(X)
    assert values.shape == (3, 4)
    assert values.dtype == phi(X[0, 0]).dtype == dtype
    looped = [[phi(x) for x in row] for row in X]
    scale = float(norm(phi.E)) + phi.R + float(norm(X).max())
    np.testing.assert_allclose(
        values, looped, rtol=0, atol=20 * np.finfo(dtype).eps * scale * (1 + scale)
    )


@every_function
def test_a_row_depends_on_that_row_alone(name):
    # bit for bit: what a site computes must not depend on who else has moved in this step
    rng = np.random.default_rng(0)
    for D in (1, 2, 3, 5, 8, 17, 33, 100, 1000):
        phi, X = SAFE[name](rng.normal(size=D), 1.5), rng.normal(size=(7, D))
        np.testing.assert_array_equal(phi(X), [phi(x) for x in X])


@every_function
@given(seed=SEEDS)
def test_pure(name, seed):
    # nothing is changed, and the same question has the same answer
    phi, rng = zones(name, seed)
    X, E = drifts(rng, phi, 4), phi.E.copy()
    before, first = X.copy(), phi(X)
    phi.excess(X), phi.reach(X), phi.perspective(0.5)(X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(phi.E, E)
    np.testing.assert_array_equal(phi(X), first)


@every_function
@pytest.mark.parametrize("R", [0.0, -1.0, float("nan"), float("-inf")])
def test_bad_radius(name, R):
    with pytest.raises(ValueError, match="radius"):
        SAFE[name](np.ones(2), R)
    with pytest.raises(ValueError, match="threshold"):
        zone_maker(name, R)


def test_reference_zero():
    # the cap is undefined at E = 0, and so is every relative threshold; with an absolute one the ball is fine
    with pytest.raises(ValueError, match="E = 0"):
        Cap(np.zeros(3), 1.0)
    for name in SAFE:
        with pytest.raises(ValueError, match="threshold"):
            zone_maker(name, 0.5)(np.zeros(3))
    assert zone_maker("ball", 0.5, relative=False)(np.zeros(3)).at_zero == -0.5


def test_unknown_name():
    with pytest.raises(ValueError, match="ball"):
        zone_maker("blob", 1.0)


@every_function
@given(seed=SEEDS, T=st.floats(1e-3, 3))
@example(seed=0, T=1.0)
def test_relative_and_absolute_thresholds(name, seed, T):
    # relative: R = T‖E‖ of the E in hand; absolute: R = T
    phi, rng = zones(name, seed)
    X = drifts(rng, phi, 5)
    relative, absolute = zone_maker(name, T), zone_maker(name, T, relative=False)
    for E in (phi.E, 2 * phi.E):
        np.testing.assert_allclose(relative(E).R, T * np.linalg.norm(E))
    assert absolute(phi.E).R == absolute(2 * phi.E).R == T
    np.testing.assert_array_equal(absolute(phi.E)(X), SAFE[name](phi.E, T)(X))
    assert type(relative(phi.E)) is SAFE[name]
    assert relative == ZoneMaker(SAFE[name], T, True)


@given(seed=SEEDS)
def test_variance_fires_no_later_than_the_ball(seed):
    # the same local condition ‖X‖ ≤ R, but (mean ‖X‖)² ≤ mean ‖X‖²: another sum
    ball, rng = zones("ball", seed)
    variance = Variance(ball.E, ball.R)
    X = drifts(rng, ball, 4)
    far = np.abs(ball(X)) > TINY * ball.R
    np.testing.assert_array_equal((ball(X) > 0)[far], (variance(X) > 0)[far])
    if ball(X).sum() > TINY * ball.R:
        assert variance(X).sum() > 0


def test_equal_drifts_lose_no_slack_and_opposite_ones_do():
    # all X_i equal: Σφ = kφ(mean).  Opposite drifts: Σφ > 0 although the mean has not moved
    for name in SAFE:
        phi = SAFE[name](np.array([3.0, 4.0]), 1.0)
        x = np.array([0.3, 0.1])
        assert phi(np.tile(x, (4, 1))).sum() == pytest.approx(4 * phi(x))
        apart = np.array([[9.0, 0.0], [-9.0, 0.0]])
        assert phi(apart).sum() > 0 > phi(apart.mean(axis=0))


def test_known_values():
    # Cap at E = (3, 4), R = 1: the half-space counts inwards, the ball outwards
    phi = Cap(np.array([3.0, 4.0]), 1.0)
    assert phi(np.array([0.6, 0.8])) == pytest.approx(0)  # ‖S‖ = 6 = ‖E‖ + R
    assert phi(np.array([-0.6, -0.8])) == pytest.approx(0)  # ‖S‖ = 4 = ‖E‖ − R
    assert phi(np.array([-1.2, -1.6])) == pytest.approx(1)
    assert phi(np.array([1.2, 1.6])) == pytest.approx(1)
    assert Ball(np.zeros(2), 2.0)(np.array([3.0, 4.0])) == 3
    assert Variance(np.zeros(2), 2.0)(np.array([3.0, 4.0])) == 21
    assert squared_norm(np.array([[3.0, 4.0]])).tolist() == [25] and norm(np.array([3.0, 4.0])) == 5
