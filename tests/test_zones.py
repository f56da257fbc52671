"""Half-space, upper norm, compositions, one's own, and thresholds without end.

(The battery for every function by name is in `test_safe.py`; the hunter's in `test_check_safe.py`.)
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play
from strategies import SEEDS, make_script

from fgm_ref.arrays import norm
from fgm_ref.safe import (
    CATALOGUE,
    Adopted,
    Ball,
    Cap,
    Cheap,
    HalfSpace,
    Maximum,
    UpperNorm,
    Variance,
    safe_function,
    zone_maker,
)
from fgm_ref.safe.function import FAR, Round

TINY = 1e-9
NAMES = [*CATALOGUE, "cheap:cap", "ball+cap", "decay:ball", "grow:variance"]
every_name = pytest.mark.parametrize("name", NAMES)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def random(seed, D=None):
    """E (D,), R and drifts (5, D)."""
    rng = np.random.default_rng(seed)
    D = D or int(rng.integers(1, 8))
    E = rng.normal(size=D) * np.exp(rng.uniform(-2, 2))
    R = float(norm(E) * np.exp(rng.uniform(-3, 1)))
    return E, R, rng.normal(size=(5, D)) * R * np.exp(rng.uniform(-1, 1, size=(5, 1)))


@given(seed=SEEDS)
def test_half_space_loses_no_slack(seed):
    # affine: Σφ(X_i) = kφ(mean X), and φ of the mean is the distance to the region
    E, R, X = random(seed)
    phi = HalfSpace(E, R)
    scale = TINY * (norm(E) + R + norm(X).max())
    assert phi(X).sum() == pytest.approx(5 * phi(X.mean(axis=0)), abs=5 * scale)
    assert phi.excess(X) == pytest.approx(phi(X.mean(axis=0)), abs=scale)
    S = E + X.mean(axis=0)
    assert phi.excess(X) == pytest.approx(norm(E) - R - S @ E / norm(E), abs=scale)


@given(seed=SEEDS)
def test_cap_is_half_space_and_upper_norm(seed):
    E, R, X = random(seed)
    both = safe_function("half-space+upper-norm")(E, R)
    np.testing.assert_array_equal(both(X), Cap(E, R)(X))
    # its region is smaller: with S·Ê ≥ ‖E‖ − R also ‖S‖ ≥ ‖E‖ − R
    assert Cap(E, R).excess(X) <= both.excess(X) + TINY * (norm(E) + R + norm(X).max())


@given(seed=SEEDS)
def test_maximum(seed):
    E, R, X = random(seed)
    both, parts = safe_function("ball+variance+cap")(E, R), [Ball(E, R), Variance(E, R), Cap(E, R)]
    np.testing.assert_array_equal(both(X), np.max([part(X) for part in parts], axis=0))
    assert both.excess(X) == max(part.excess(X) for part in parts)
    assert both.reach(X) == max(part.reach(X) for part in parts)
    assert both.at_zero == max(part.at_zero for part in parts) == both(np.zeros_like(E))
    assert both.lipschitz is None and not both.eikonal  # because of the variance
    assert safe_function("ball+cap")(E, R).lipschitz == 1


@pytest.mark.parametrize("name", ["ball", "cap", "half-space", "upper-norm", "ball+cap"])
@given(seed=SEEDS)
def test_cheap_ball_dominates(name, seed):
    # φ(X) ≤ ‖X‖ + φ(0), so the cheap one is safe for the same region
    E, R, X = random(seed)
    make = safe_function(name) if "+" in name else safe_function(f"cheap:{name}")
    full, cheap = safe_function(name)(E, R), make(E, R) if "+" not in name else Cheap(E, R, make)
    assert (full(X) <= cheap(X) + TINY * (norm(E) + R + norm(X).max())).all()
    np.testing.assert_allclose(cheap(X), norm(X) + full.at_zero, rtol=1e-12)
    assert cheap.excess(X) == full.excess(X) and cheap.reach(X) == full.reach(X)


@pytest.mark.parametrize("name", ["variance", "tracking", "ball+variance"])
def test_cheap_needs_a_claim(name):
    with pytest.raises(ValueError, match="1-Lipschitz"):
        Cheap(np.ones(2), 1.0, safe_function(name))


# Thresholds


@every_name
@every_dtype
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("threshold", [float("inf"), 1e300])
@pytest.mark.parametrize("protocol", ["fgm", "gm"])
def test_an_infinite_threshold_is_never_violated(name, dtype, relative, threshold, protocol):
    # only the initial message, no NaN, and no warning (pytest turns them into errors)
    E = np.array([3.0, 4.0], dtype)
    game = build(protocol, E, 3, name, threshold, relative)
    moves = np.random.default_rng(0).normal(size=(20, 3, 2)).astype(dtype) * 100
    for move in moves:
        game.step(move)
        assert np.isfinite(game.sites.values).all() and (game.sites.values < 0).all()
        zone = game.sites.zone
        assert (
            zone.excess(game.drifts) < 0
            and np.isfinite(zone.reach(move))
            and np.isfinite(zone.at_zero)
        )
    assert game.names() == ["MODEL"]
    assert game.sites.zone.R == FAR


@every_name
def test_a_threshold_of_zero(name):
    with pytest.raises(ValueError, match=r"φ\(0\) < 0"):
        zone_maker(name, 0)
    with pytest.raises(ValueError, match=r"φ\(0\) < 0"):
        safe_function(name)(np.ones(2), 0.0)


@pytest.mark.parametrize("name, threshold", [("cap", 1e-12), ("variance", 1e-30)])
def test_a_threshold_that_rounding_swallows(name, threshold):
    # φ(0) would be 0: the radius is lost beside ‖E‖, or its square below the smallest number
    with pytest.raises(ValueError, match=r"threshold.*φ\(0\) < 0"):
        zone_maker(name, threshold, relative=False)(np.ones(3, np.float32))


@pytest.mark.parametrize("name", ["half-space", "cap"])
def test_reference_zero(name):
    with pytest.raises(ValueError, match="E = 0"):
        safe_function(name)(np.zeros(3), 1.0)
    assert UpperNorm(np.zeros(3), 1.0).at_zero == -1


@every_name
@every_dtype
def test_a_row_depends_on_that_row_alone(name, dtype):
    rng = np.random.default_rng(0)
    for D in (1, 2, 5, 33, 1000):
        phi, X = (
            safe_function(name)(rng.normal(size=D).astype(dtype), 1.5),
            rng.normal(size=(7, D)).astype(dtype),
        )
        assert phi(X).dtype == dtype
        np.testing.assert_array_equal(phi(X), [phi(x) for x in X])


# Names and one's own

OWN = """
import numpy as np
from fgm_ref.safe import Ball

class Mine(Ball):
    pass

class Plain:
    lipschitz = 1.0
    def __init__(self, E, R):
        self.R = R
    def __call__(self, X):
        return np.linalg.norm(X, axis=-1) - self.R
    def excess(self, X):
        return np.linalg.norm(X.mean(axis=0)) - self.R

def factory(E, R):
    return Ball(E, R / 2)

class Lacking:
    def __init__(self, E, R):
        pass
    def __call__(self, X):
        return 0

class Uncallable:
    def __init__(self, E, R):
        pass
    def excess(self, X):
        return 0

from fgm_ref.safe import SafeFunction
class Abstract(SafeFunction):
    def __call__(self, X):
        return 0

def one(X):
    return 0

number = 7
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A student's folder with `own_zones.py` in it."""
    (tmp_path / "own_zones.py").write_text(OWN)
    (tmp_path / "broken_zones.py").write_text("import numpy\nnumpy.no_such_thing\n")
    (tmp_path / "thirsty_zones.py").write_text("import no_such_package_at_all\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "own_zones", raising=False)


def test_own_functions(own):
    E, X = np.array([3.0, 4.0]), np.array([[0.6, 0.8], [3.0, 0.0]])
    assert type(safe_function("own_zones:Mine")(E, 1.0)).__name__ == "Mine"
    assert safe_function("own_zones:factory")(E, 1.0).R == 0.5
    plain = safe_function("own_zones:Plain")(E, 1.0)
    assert isinstance(plain, Adopted) and plain.lipschitz == 1 and plain.at_zero == -1
    np.testing.assert_allclose(plain(X), Ball(E, 1.0)(X))
    assert plain.excess(X) == pytest.approx(Ball(E, 1.0).excess(X))
    np.testing.assert_allclose(plain.perspective(0.5)(X), Ball(E, 1.0).perspective(0.5)(X))
    assert isinstance(safe_function("own_zones:Plain+cap")(E, 1.0), Maximum)
    assert isinstance(safe_function("cheap:own_zones:Plain")(E, 1.0), Cheap)


def test_own_function_in_a_protocol(own):
    script = make_script(4, 3, 30, R=2.0)
    for protocol in ("fgm", "gm", "gm-reb", "fgm-reb"):
        one, two = play(script, protocol, "own_zones:Plain"), play(script, protocol, "ball")
        assert one.names() == two.names()
        np.testing.assert_allclose(one.coordinator.E, two.coordinator.E, atol=1e-12)


@pytest.mark.parametrize(
    "text, words",
    [
        ("own_zones:Nothing", "has no 'Nothing'"),
        ("own_zones:number", "got a int"),
        ("own_zones:one", r"one\(E, R\)"),
        ("own_zones:Abstract", "lacks excess"),
        ("no_such_module:Zone", "found no module"),
        ("broken_zones:Zone", "AttributeError"),
        ("thirsty_zones:Zone", "no_such_package_at_all"),
        ("own_zones:", "has no ''"),
        ("blob", "my_module:MyZone"),
        ("", "expected one of"),
        ("ball+", "expected one of"),
        ("cheap:blob", "expected one of"),
    ],
)
def test_mistakes_in_words(own, text, words):
    with pytest.raises(ValueError, match=words) as caught:
        safe_function(text)
    assert str(caught.value).startswith("safe: ")


@pytest.mark.parametrize(
    "name, words", [("Lacking", "without excess"), ("Uncallable", "without __call__")]
)
def test_what_is_made_must_be_complete(own, name, words):
    with pytest.raises(ValueError, match=words):
        zone_maker(f"own_zones:{name}", 1.0)(np.ones(2))


@given(names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=3), seed=SEEDS)
def test_names_compose(names, seed):
    E, R, X = random(seed)
    phi = safe_function("+".join(names))(E, R)
    np.testing.assert_array_equal(
        phi(X), np.max([safe_function(name)(E, R)(X) for name in names], axis=0)
    )
    for claim in ("moves", "private"):
        assert getattr(phi, claim) == any(
            getattr(safe_function(name)(E, R), claim) for name in names
        )


def test_every_part_is_told_the_time():
    # after three steps at (2, 0) per step the second ball stands around (6, 0), and the first one where it was
    E, g = np.array([3.0, 4.0]), np.array([2.0, 0.0])
    for name, order in (("ball+tracking", 1), ("tracking+ball", -1)):
        zone = safe_function(name)(E, 1.0)
        zone.begin(Round((), 1, 5, g))
        zone.advance(3, np.array([3, 3]))
        assert [part(3 * g) for part in zone.parts][::order] == [5, -1]
        assert [part(0 * g) for part in zone.parts][::order] == [-1, 5]
        assert zone(3 * g) == zone(0 * g) == 5
