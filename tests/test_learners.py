"""The k stacked learners: each trains on its own rows, and its optimiser's state can be shipped."""

import numpy as np
import pytest

from fgm_ref.learning.learners import POLICIES, Diverged, Learners
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.learning.optim import OPTIMIZERS, make_optimizer

K = 3
SPEC = ModelSpec(features=2, hidden=(3,), outputs=2, dropout=0.5)


def learners(k=K, optimizer="adam", policy="keep", lr=0.1, first=0):
    """k learners; the first one has the dropout stream of site `first`."""
    model = Model(SPEC)
    E = model.initial(np.random.default_rng(0))
    rngs = [np.random.default_rng([1, first + site]) for site in range(k)]
    made = make_optimizer(optimizer, lr, k, model.size, E.dtype)
    return Learners(model, E, k, made, policy, rngs)


def batches(a, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((a, 4, 5, 2)).astype(np.float32), rng.integers(2, size=(a, 4))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_some_sites_train_as_they_would_alone(optimizer):
    together = learners(optimizer=optimizer)
    alone = [learners(1, optimizer, first=site) for site in range(K)]
    for seed, active in enumerate(([0, 2], [2], [0, 1, 2], [1])):
        x, y = batches(len(active), seed)
        together.train(np.array(active), x, y)
        for row, site in enumerate(active):
            alone[site].train(slice(None), x[[row]], y[[row]])
    for site in range(K):
        np.testing.assert_allclose(together.P[site], alone[site].P[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(together.losses[site], alone[site].losses[0], rtol=1e-5)


def test_idle_sites_keep_their_models():
    some = learners()
    before = some.P.copy()
    some.train(np.array([1]), *batches(1))
    np.testing.assert_array_equal(some.P[[0, 2]], before[[0, 2]])
    assert np.isnan(some.losses).tolist() == [True, False, True]


def test_the_state_of_all_can_be_replaced_by_its_mean():
    some = learners()
    some.train(slice(None), *batches(K))
    everybody = np.arange(K)
    state = some.shipped(everybody)
    assert state.shape == (K, 2 * some.model.size + 2)
    mean = state.mean(axis=0)
    some.adopt(mean)
    np.testing.assert_array_equal(some.shipped(everybody), np.stack([mean] * K))


@pytest.mark.parametrize("policy", POLICIES)
def test_only_reset_forgets_at_a_synchronisation(policy):
    some = learners(policy=policy)
    some.train(slice(None), *batches(K))
    before = some.shipped(np.arange(K))
    some.synchronised(np.array([0, 2]))
    after = before.copy()
    if policy == "reset":
        after[[0, 2]] = 0
    np.testing.assert_array_equal(some.shipped(np.arange(K)), after)


def test_the_site_that_blew_up_is_named():
    some = learners(optimizer="sgd")
    some.P[1] = np.inf
    with pytest.raises(Diverged, match="the model of site 1 blew up") as caught:
        some.train(slice(None), *batches(K))
    assert caught.value.site == 1


def drawn_back(mu):
    """A learner with SGD that was sent E, made two steps, and has its third ahead; and the gradient there."""
    model = Model(ModelSpec(features=2, hidden=(3,), outputs=2))
    E = model.initial(np.random.default_rng(0))
    made = make_optimizer("sgd", 0.1, 1, model.size, E.dtype)
    one = Learners(model, E, 1, made, prox=mu)
    for seed in (0, 1):
        one.train(slice(None), *batches(1, seed))
    x, y = batches(1, 2)
    g = np.empty_like(one.P)
    model.loss_and_gradient(one.P, x, y, g)
    return one, E, g, x, y


def test_fedprox():
    # Li et al. 2020: g ← g + μ(w − E), and a step of SGD
    one, E, g, x, y = drawn_back(0.5)
    wanted = one.P - 0.1 * (g + 0.5 * (one.P - E))
    one.train(slice(None), x, y)
    np.testing.assert_allclose(one.P, wanted, rtol=1e-5, atol=1e-6)
    assert np.abs(one.P[0] - E).max() > 0.01


def test_fedprox_draws_to_the_model_that_was_sent_last():
    # a new E: nothing to be drawn back from, so the step is that without μ
    one, _, g, x, y = drawn_back(0.5)
    one.P[0] += 1
    one.synchronised(np.array([0]))
    g = np.empty_like(one.P)
    one.model.loss_and_gradient(one.P, x, y, g)
    wanted = one.P - 0.1 * g
    one.train(slice(None), x, y)
    np.testing.assert_allclose(one.P, wanted, rtol=1e-5, atol=1e-6)


def test_fedprox_shrinks_the_drift():
    lengths = []
    for mu in (0.0, 5.0):
        one, E, _, x, y = drawn_back(mu)
        for _ in range(30):
            one.train(slice(None), x, y)
        lengths.append(np.linalg.norm(one.P - E))
    assert lengths[1] < 0.5 * lengths[0]
