"""Zones that promise loss: the bowl, the promise, what it costs, and how its failures are counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, watch
from strategies import SEEDS, light, make_script, scripts

from fgm_ref.datasets import load
from fgm_ref.learning.spec import ModelSpec
from fgm_ref.safe import PROMISES, safe_function, zone_maker
from fgm_ref.safe.curvature import bends, bowl, round_bowl
from fgm_ref.safe.loss import loss_zones
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.promise import Promise
from fgm_ref.simulation.shared import SharedLoss, drawn
from fgm_ref.simulation.simulate import Simulation, run
from fgm_ref.transport.messages import KINDS

every_kind = pytest.mark.parametrize("name", PROMISES)


class Bumpy:
    """f(w) = ½ wᵀAw + b·w + Σ_j a_j cos(u_j·w), so every eigenvalue of ∇²f has at most the size `bound`."""

    def __init__(self, D, seed):
        rng = np.random.default_rng(seed)
        self.size = D
        A = rng.normal(size=(D, D))
        self.A, self.b = (A + A.T) / 2, rng.normal(size=D)
        self.a, self.U = rng.normal(size=3), rng.normal(size=(3, D))
        self.bound = np.abs(np.linalg.eigvalsh(self.A)).max() + np.abs(self.a) @ (self.U**2).sum(1)

    def losses(self, P):
        return np.array([p @ self.A @ p / 2 + self.b @ p + self.a @ np.cos(self.U @ p) for p in P])

    def gradient(self, p):
        return self.A @ p + self.b - (self.a * np.sin(self.U @ p)) @ self.U

    def hessian(self, p):
        return self.A - (self.U.T * (self.a * np.cos(self.U @ p))) @ self.U


class Valleys:
    """f(w) = (w² − 1)², two valleys with a ridge between them; f″ = 12w² − 4 ≥ −4."""

    size = 1

    def losses(self, P):
        return ((P**2 - 1) ** 2)[:, 0]

    def gradient(self, p):
        return 4 * p * (p**2 - 1)


def made(name, objective, E, δ, **options):
    """A zone of that name, with its options."""
    text = ",".join(f"{key}={value}" for key, value in options.items())
    zones = loss_zones(name, text)
    zones.objective = objective
    return zones(np.asarray(E), δ)


def proven(name, seed, δ=1.0):
    """A zone whose λ is the known bound, hence convex; E, and a generator."""
    rng = np.random.default_rng(seed)
    D = int(rng.integers(1, 7))
    f, E = Bumpy(D, seed), rng.normal(size=D)
    return made(name, f, E, δ, **{"lambda": f.bound}), f, E, rng


def outside(name, f, E, S, δ):
    """By how much the promise fails, from its words."""
    rise = float(np.diff(f.losses(np.array([E, S])))[0])
    return {"loss": rise, "loss-fresh": -rise, "loss-both": abs(rise)}[name] - δ


# ------------------------------------------------------------------------------------------------------ the bowl


@given(seed=SEEDS)
def test_the_ends_of_the_spectrum(seed):
    rng = np.random.default_rng(seed)
    D = int(rng.integers(1, 9))
    f, p = Bumpy(D, seed), rng.normal(size=D)
    true = np.linalg.eigvalsh(f.hessian(p))
    found = bends(f.gradient, p, D)
    scale = 1e-5 * (1 + f.bound)
    assert found.values[0] == pytest.approx(true[0], abs=scale)
    assert found.values[-1] == pytest.approx(true[-1], abs=scale)
    few = bends(f.gradient, p, max(1, D // 2))  # stopped early, it says how far off it may be
    for value, error in zip(few.values, few.errors, strict=True):
        assert np.abs(true - value).min() <= error + scale
    np.testing.assert_allclose(
        few.directions @ few.directions.T, np.eye(len(few.values)), atol=1e-6
    )


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("few", [0, 1, 3])
@given(seed=SEEDS)
def test_a_measured_bowl_lifts_what_bends_down(side, few, seed):
    # at E, where it was measured: the least eigenvalue of side·∇²f + ∇²q is 0 at least
    rng = np.random.default_rng(seed)
    D = int(rng.integers(4, 9))
    f, p = Bumpy(D, seed), rng.normal(size=D)
    found = bends(f.gradient, p, D)
    q = bowl(found, side, 1.0, few)
    lifted = (
        side * f.hessian(p)
        + q.rest * np.eye(D)
        + np.einsum("r,ri,rj->ij", q.weights, q.directions, q.directions)
    )
    assert np.linalg.eigvalsh(lifted)[0] >= -1e-5 * (1 + f.bound)
    assert len(q.weights) == few and (q.weights >= 0).all() and q.rest >= 0
    if few:  # and it is nowhere higher than the isotropic one
        X = rng.normal(size=(5, D))
        isotropic = bowl(found, side, 1.0, 0)
        assert (q(X) <= isotropic(X) + 1e-9).all()
    # a margin is a factor
    X = rng.normal(size=D)
    assert bowl(found, side, 3.0, few)(X) == pytest.approx(3 * q(X))


def test_a_loss_that_is_convex_needs_no_bowl():
    found = bends(lambda p: 2 * p, np.ones(4), 4)
    assert bowl(found, 1, 2.0, 0).rest == pytest.approx(0, abs=1e-6)
    assert bowl(found, -1, 2.0, 0).rest == pytest.approx(4)


# --------------------------------------------------------------------------------------------------- φ, and the promise


@every_kind
@given(seed=SEEDS)
def test_convex_with_a_known_bound(name, seed):
    φ, _, E, rng = proven(name, seed)
    X, Y = rng.normal(size=(2, 20, len(E))) * np.exp(rng.uniform(-2, 2, size=(2, 20, 1)))
    t = rng.uniform(size=(20, 1))
    middle, chord = φ(t * X + (1 - t) * Y), t[:, 0] * φ(X) + (1 - t[:, 0]) * φ(Y)
    assert (middle <= chord + 1e-9 * (1 + np.abs(chord))).all()


@every_kind
@given(seed=SEEDS)
def test_a_sum_of_at_most_zero_keeps_the_promise(name, seed):
    # drifts in random directions, as far out as Σ φ(X_i) ≤ 0 allows
    φ, f, E, rng = proven(name, seed, δ=float(np.exp(np.random.default_rng(seed).uniform(-4, 2))))
    X = rng.normal(size=(int(rng.integers(1, 6)), len(E))) * np.exp(rng.normal())
    low, high = 0.0, 64.0
    for _ in range(60):
        a = (low + high) / 2
        low, high = (a, high) if φ(a * X).sum() <= 0 else (low, a)
    for share in (1.0, 0.7):
        mean = (share * low * X).mean(axis=0)
        slip = 1e-9 * (1 + abs(float(f.losses(E[None])[0])))
        assert outside(name, f, E, E + mean, φ.R) <= slip
        assert φ.excess(share * low * X) == pytest.approx(outside(name, f, E, E + mean, φ.R))


@every_kind
def test_at_zero(name):
    φ, _, E, _ = proven(name, 3, δ=0.25)
    assert φ.at_zero == -0.25 == float(φ(np.zeros_like(E)))
    assert φ.effort.passes == 1 and φ.effort.gradients == 0  # λ was set by hand
    assert not φ.proved and φ.private and not φ.stands_still and φ.lipschitz is None


@pytest.mark.parametrize("protocol", ["gm", "fgm", "fgm-projection:m=2"])
@every_kind
@light
@given(script=scripts())
def test_the_guarantee_under_the_observer(protocol, name, script):
    # strict: an overshoot beyond what the step has added, or Σ φ > 0 at rest, would raise
    f = Bumpy(script.D, script.seed)

    def visit(game):
        E, S = game.coordinator.E, game.S
        slip = 1e-3 * script.R + 1e-4 * (1 + abs(float(f.losses(E[None].astype(float))[0])))
        assert outside(name, f, E.astype(float), S.astype(float), script.R) <= slip

    watch(script, protocol, f"{name}:lambda={f.bound}", visit=visit, objective=f)


def test_two_valleys_by_hand():
    # E = −1 in one valley, δ = 1.2, λ = 4: φ(X) = f(E+X) + 2X² − 1.2; site 1 climbs the ridge in three steps
    φ = made("loss", Valleys(), [-1.0], 1.2, **{"lambda": 4})
    X = np.array([[0.5], [1.0], [2.0]])
    np.testing.assert_allclose(φ(X), [0.5625 + 0.5 - 1.2, 1 + 2 - 1.2, 0 + 8 - 1.2])
    for protocol in ("gm", "fgm"):
        game = build(protocol, [-1.0], 2, "loss:lambda=4", 1.2, objective=Valleys())
        mark = len(game.events)
        game.step(np.array([[0.0], [0.5]]))
        # φ = −0.1375: gm has nothing to say, fgm says one quantum of 0.6
        assert game.names(mark) == ([] if protocol == "gm" else ["INCREMENT"])
        game.step(np.array([[0.0], [0.5]]))
        # φ = 1.8: gm's violation, fgm's c > k; Σ φ = 0.6
        said = ["INCREMENT", "INCREMENT", "POLL", "PHI"] if protocol == "fgm" else ["VIOLATION"]
        assert game.names(mark) == [*said, "POLL", "DRIFT", "MODEL"]
        assert game.coordinator.E.tolist() == [-0.5]
        game.step(np.array([[0.0], [0.0]]))
        assert game.coordinator.round == 2  # f(−0.5) is the new reference


def test_why_there_is_a_bowl():
    # the example at the top of `safe/loss.py`: without a bowl both sites are content, and their mean is on the ridge
    f, δ, X = Valleys(), 0.5, np.array([[0.0], [2.0]])
    flat, lifted = (made("loss", f, [-1.0], δ, **{"lambda": λ}) for λ in (1e-12, 4))
    assert f.losses(X - 1).tolist() == [0, 0] and f.losses(X.mean(axis=0)[None] - 1) == 1
    assert (flat(X) < 0).all() and flat.excess(X) == pytest.approx(1 - δ)
    assert lifted(X)[1] == 8 - δ
    walk = lifted(np.linspace(0, 2, 21)[:, None]) + lifted(np.zeros((1, 1)))
    assert np.argmax(walk > 0) == 5  # Σ φ > 0 when site 2 has come to −½


def test_what_the_step_added_bounds_the_overshoot():
    φ = made("loss", Valleys(), [-1.0], 0.5, **{"lambda": 4})
    before, now = np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])
    assert φ.growth(before, now) == pytest.approx(1.0)  # from the valley to the ridge
    assert φ.growth(now, before) == 0
    assert φ.reach(now - before) == np.inf


@every_kind
def test_a_loss_that_is_no_number_is_a_violation(name):
    class Broken(Valleys):
        def losses(self, P):
            return np.where(P[:, 0] > 5, np.nan, super().losses(P))

    φ = made(name, Broken(), [-1.0], 0.5, **{"lambda": 4})
    assert φ(np.array([[0.0], [9.0]])).tolist() == [-0.5, np.inf]


# ----------------------------------------------------------------------------- in a run: f, costs, failures


SMALL = {
    "dataset": "watch",
    "sites": 3,
    "hidden": (4,),
    "steps": 8,
    "evaluations": 1,
    "threshold": 0.05,
    "relative": False,
}
FEW = "loss:windows=7,lanczos=4"


def shared(task_set="watch", dtype=np.float32):
    data = load(task_set)
    spec = ModelSpec("lstm", data.features, data.vocabulary, 3, (4,), data.outputs, data.task)
    f = SharedLoss(spec, data.x_train[:11], data.y_train[:11])
    rng = np.random.default_rng(0)
    E = f.model.initial(rng).astype(dtype)
    return f, E, (rng.normal(size=(5, f.size)) * 0.3).astype(dtype)


@every_kind
@pytest.mark.parametrize("options", [{"lambda": 0.3}, {"directions": 2, "lanczos": 5}])
@pytest.mark.parametrize("task_set", ["watch", "amazon_snippets", "nyc_weather"])
def test_stacked_is_one_row_alone(name, options, task_set):
    f, E, X = shared(task_set)
    φ = made(name, f, E, 0.1, **options)
    together = φ(X)
    assert together.shape == (5,) and φ(X[None]).shape == (1, 5)
    for i in range(5):
        assert together[i] == φ(X[i : i + 1])[0] == float(φ(X[i]))
    np.testing.assert_array_equal(φ(X[::-1]), together[::-1])


def test_the_gradient_is_that_of_the_loss():
    f, E, X = shared(dtype=np.float64)
    v, h = X[0] / np.linalg.norm(X[0]), 1e-5
    up, down = f.losses(np.array([E + h * v, E - h * v]))
    assert f.gradient(E) @ v == pytest.approx((up - down) / (2 * h), rel=1e-6)


def test_every_site_gives_as_many_of_its_own():
    parts = [np.arange(10), np.arange(10, 12), np.arange(12, 40)]
    given = drawn(parts, 12, np.random.default_rng(0))
    assert [len(rows) for rows in given] == [4, 2, 4]
    assert all(set(rows) <= set(part) for rows, part in zip(given, parts, strict=True))
    assert sum(map(len, drawn(parts, 2, np.random.default_rng(0)))) == 2


def raw(result):
    """(kind, site, copies, bytes) of what was shared before the first step."""
    names = [(KINDS[e["kind"]].name, e) for e in result.events if e["step"] == 0]
    return [
        (name, int(e["site"]), int(e["copies"]), int(e["size"]))
        for name, e in names
        if name in ("SAMPLES", "SHARED")
    ]


def test_the_windows_are_shipped_once_and_billed():
    result = run(**SMALL, protocol="gm", safe=FEW)
    window = 4 * (40 * 6 + 1)  # T = 40 steps of D = 6 numbers, and the class
    assert raw(result) == [
        ("SAMPLES", 0, 1, 3 * window),
        ("SAMPLES", 1, 1, 2 * window),
        ("SAMPLES", 2, 1, 2 * window),
        ("SHARED", -1, 3, 7 * window),
    ]
    assert result.final["promise"]["windows"] == 7
    assert result.final["promise"]["bytes"] == 28 * window
    once = run(**SMALL, protocol="gm", safe=FEW, multicast=True)
    assert once.final["promise"]["bytes"] == 14 * window
    # a protocol that does not look at φ has no use for them
    other = run(**SMALL, protocol="periodic:b=3", safe=FEW)
    assert raw(other) == [] and "promise" not in other.final


@pytest.mark.parametrize("protocol", ["gm", "fgm"])
def test_effort_is_that_of_the_sites(protocol, monkeypatch):
    result = run(**SMALL, protocol=protocol, safe=FEW, schedule="bernoulli:0.5")
    checked = run(**SMALL, protocol=protocol, safe=FEW, schedule="bernoulli:0.5", checks=True)
    assert checked.final["promise"] == result.final["promise"]  # who looks on costs nothing
    np.testing.assert_array_equal(checked.model, result.model)
    said, k = result.final["promise"], SMALL["sites"]
    simulation = Simulation(Config(**SMALL, protocol=protocol, safe=FEW, schedule="bernoulli:0.5"))
    trained = []
    draw = simulation.batches.draw
    monkeypatch.setattr(
        simulation.batches, "draw", lambda active: trained.append(rows := draw(active)) or rows
    )
    for _ in range(SMALL["steps"]):
        simulation.step()
    effort = simulation.promise.zones.effort
    assert effort.passes == sum(map(len, trained))  # one for each site that has trained
    assert effort.gradients == 5 * effort.references  # lanczos + 1 in each round
    assert said["forward"] == effort.passes + k * effort.references
    assert said["backward"] == k * effort.gradients
    assert said["checked"] == SMALL["steps"]
    by_hand = run(**SMALL, protocol=protocol, safe="loss:windows=7,lambda=0.3")
    assert by_hand.final["promise"]["backward"] == 0


def test_a_round_is_measured_once():
    f = Bumpy(5, 0)
    make_zone = zone_maker("loss:lanczos=4", 0.5, relative=False)
    make_zone.safe.objective = f
    E = np.ones(5)
    first, again = make_zone(E), make_zone(E.copy())
    assert first is again
    first(np.zeros((3, 5))), again(np.zeros((3, 5))), make_zone(E)(np.zeros(5))
    assert make_zone.safe.effort.gradients == 5 and make_zone.safe.effort.passes == 7
    assert make_zone(2 * E) is not first


def test_failures_are_counted():
    # λ next to nothing, one site in each valley: the mean is on the ridge, 1 above E where 0.5 was promised
    make_zone = zone_maker("loss:lambda=1e-9", 0.5, relative=False)
    make_zone.safe.objective = Valleys()
    promise = Promise(make_zone, make_zone.safe, None, [np.arange(3)])
    E = np.array([-1.0])
    promise.look(E, np.array([[-1.0], [1.0]]))
    assert (promise.checked, promise.bent, promise.broken) == (1, 1, 1)
    assert promise.worst == pytest.approx(1.0)
    promise.look(E, np.array([[-1.0], [-0.2]]))  # φ is not convex there, but the promise holds
    promise.look(E, np.array([[-1.0], [-1.0]]))
    assert (promise.checked, promise.bent, promise.broken) == (3, 1, 1)
    make_zone = zone_maker("loss:lambda=4", 0.5, relative=False)
    make_zone.safe.objective = Valleys()
    promise = Promise(make_zone, make_zone.safe, None, [np.arange(3)])
    promise.look(
        E, np.array([[-1.0], [1.0]])
    )  # λ is large enough; that Σ φ > 0 the protocol would see
    assert (promise.bent, promise.broken) == (0, 1)


def test_the_count_weighs_the_sites_as_the_mean_does():
    # S = Σ p_i w_i: the site on the other side of the ridge has no samples, so S is E, and nothing is bent
    E, models = np.array([-1.0]), np.array([[-1.0], [1.0]])
    for weights, found in ((None, (1, 1)), (np.array([2.0, 0.0]), (0, 0)), (np.ones(2), (1, 1))):
        make_zone = zone_maker("loss:lambda=1e-9", 0.5, relative=False)
        make_zone.safe.objective = Valleys()
        promise = Promise(make_zone, make_zone.safe, None, [np.arange(3)])
        promise.look(E, models, weights)
        assert (promise.bent, promise.broken) == found
    # of φ_i = k p_i φ: two sites in one place are one, whatever they weigh
    promise.look(E, np.array([[0.0], [0.0]]), np.array([1.5, 0.5]))
    assert promise.bent == 1 and promise.broken == 2


def test_a_weighted_run_looks_at_the_weighted_mean(monkeypatch):
    settings = SMALL | {"protocol": "fgm-weighted", "safe": FEW, "split": "dirichlet"}
    simulation = Simulation(Config(**settings))
    seen = []
    excess = PROMISES["loss"].excess
    monkeypatch.setattr(
        PROMISES["loss"], "excess", lambda self, X: seen.append(X.mean(axis=0)) or excess(self, X)
    )
    simulation.step()
    assert simulation.sites.weights.std() > 0
    np.testing.assert_allclose(
        simulation.coordinator.E + seen[-1], simulation.mean_model, atol=1e-6
    )


@pytest.mark.parametrize("server", ["nesterov", "adam"])
@pytest.mark.parametrize("protocol", ["gm", "fgm"])
def test_a_server_may_make_the_next_model(protocol, server):
    # the promise speaks of the model that was sent, whoever made it
    result = run(**SMALL, protocol=protocol, safe=FEW, server=server, checks=True)
    assert result.final["promise"]["checked"] == SMALL["steps"]


def test_a_broken_promise_is_counted_and_not_raised():
    simulation = Simulation(Config(**SMALL, protocol="fgm", safe=FEW, checks=True))
    assert not simulation.observer.strict
    assert Simulation(Config(**SMALL, protocol="fgm", checks=True)).observer.strict


def test_a_coordinator_that_keeps_the_windows_may_evaluate():
    text = "loss:windows=7,lambda=0.3,kept=yes"
    for protocol in ("gm-reb", "fgm-reb", "fgm-random"):
        assert run(**SMALL, protocol=protocol, safe=text).final["promise"]["broken"] == 0
    apart, kept = (
        run(**SMALL, protocol="fgm", safe=f"{FEW},kept={kept}") for kept in ("no", "yes")
    )
    np.testing.assert_array_equal(apart.model, kept.model)
    # it measures as well
    assert kept.final["promise"]["backward"] * 3 == apart.final["promise"]["backward"] * 4


# ------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "settings, words",
    [
        (
            {"relative": True},
            "threshold: 'loss' promises δ in the unit of the loss; expected an abs",
        ),
        (
            {"protocol": "gm-reb"},
            "only the sites hold; use it .* keep them, loss:kept=yes .this coord",
        ),
        ({"protocol": "fgm-reb"}, "only the sites hold; use it with gm or fgm, or let"),
        ({"protocol": "fgm-blocks"}, "whole models of .* use it with a protocol that does not cut"),
        ({"protocol": "dynamic"}, "promises a loss, and dynamic watches a distance"),
        ({"protocol": "omniscient"}, "promises a loss, and omniscient watches a distance"),
        (
            {"radius": "lr"},
            "radius: expected constant with 'loss', whose δ is a loss and no distance",
        ),
        ({"safe": "loss+ball"}, "only a run can hand in; use it by itself"),
        ({"safe": "cheap:loss"}, "only a run can hand in; use it by itself"),
        ({"safe": "loss:b=1"}, "safe: loss: expected windows=96, margin=2.0, .* got 'b=1'"),
        ({"safe": "loss:windows=0"}, "windows: expected a whole number of at least 1"),
        ({"safe": "loss:margin=0"}, "margin: expected a number above 0"),
        ({"safe": "loss:margin=nan"}, "margin: expected a number above 0"),
        ({"safe": "loss:lanczos=0"}, "lanczos: expected a whole number of at least 1"),
        ({"safe": "loss:directions=20"}, "from 0 to 19 directions"),
        ({"safe": "loss:lambda=-1"}, "lambda: expected 0"),
        ({"safe": "loss:lambda=inf"}, "lambda: expected 0"),
    ],
)
def test_refused_in_a_line(settings, words):
    with pytest.raises(ValueError, match=words) as refusal:
        Simulation(Config(**SMALL | {"safe": "loss", "protocol": "gm"} | settings))
    assert str(refusal.value).startswith(("safe: ", "threshold: ", "radius: ")) and "\n" not in str(
        refusal.value
    )


@every_kind
def test_nobody_evaluates_a_loss_that_was_not_handed_in(name):
    with pytest.raises(ValueError, match=f"'{name}' promises a loss that only a run can hand in"):
        safe_function(name)(np.ones(3), 1.0)


@given(seed=SEEDS, λ=st.floats(0, 10))
@light
def test_the_round_bowl(seed, λ):
    X = np.random.default_rng(seed).normal(size=(4, 3))
    np.testing.assert_allclose(round_bowl(λ, 3)(X), λ / 2 * (X**2).sum(axis=1))


def test_a_script_with_a_measured_bowl():
    # measured, with a margin: on a mild loss it holds as well
    script = make_script(seed=1, k=3, D=4, steps=20)
    watched = watch(
        script, "fgm", "loss:directions=1,lanczos=4,margin=3", False, objective=Bumpy(4, 2)
    )
    assert watched.breaches == 0
