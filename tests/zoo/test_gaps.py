"""Properties of the library that the zoo asked for: without these tests, a mutant would have survived."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play
from strategies import SEEDS, make_script

from fgm_ref.datasets.dataset import classification, regression
from fgm_ref.datasets.words import vocabulary_of
from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.losses import SquaredError
from fgm_ref.learning.model import Model, ModelSpec
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.metrics import evaluate
from fgm_ref.simulation.simulate import Simulation


@pytest.mark.parametrize("scale", [1.0, 1e3])
@given(seed=SEEDS)
def test_large_errors_keep_their_gradient(scale, seed):
    # whoever wants short gradients clips them in the optimiser; the loss has the gradient it has
    rng = np.random.default_rng(seed)
    z, y, dz = scale * rng.normal(size=(1, 2, 3)), rng.normal(size=(1, 2, 3)), np.empty((1, 2, 3))
    gradcheck(lambda b: (SquaredError(b["z"], dz)(y).sum(), {"z": dz}), {"z": z}).raise_if_bad()


@given(words=st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), max_size=200))
def test_word_ids_follow_frequency_and_then_the_alphabet(words):
    # a rule that leaves nothing to chance: frequent words first, equals by letters, from 2, none that comes once
    ids = vocabulary_of([words[:50], words[50:]])
    assert list(ids.values()) == list(range(2, len(ids) + 2))
    assert list(ids) == sorted(
        {w for w in words if words.count(w) > 1}, key=lambda w: (-words.count(w), w)
    )


def test_who_comes_closer_says_nothing():
    # k = 3, R = 2: at t = 2 a subround starts with z = (0, 0, −2); then φ_0 falls below z_0, so n_0 < 0
    game = build("fgm", np.zeros(1), 3, threshold=2.0)
    for _ in range(2):
        game.step(np.array([[1.0], [1.0]]), np.array([0, 1]))
    assert game.sites.z.tolist() == [0, 0, -2] and game.coordinator.tag[:2] == (1, 1)
    mark = len(game.events)
    game.step(np.array([[-0.5]]), np.array([0]))
    assert game.names(mark) == []
    assert game.sites.values[0] < game.sites.z[0]


@pytest.mark.parametrize("style", ["opposite", "walk"])
def test_accounts_after_a_random_rebalance(style):
    # whoever rewrites drifts starts a subround: at rest c = Σc_i ≤ k, Σz_i = ψ, and θ is that of this ψ
    def check(game):
        k, sites, coordinator = game.sites.k, game.sites, game.coordinator
        assert coordinator.c == sites.c.sum() <= k
        assert 2 * k * sites.theta == pytest.approx(-coordinator.psi, rel=1e-9)
        assert sites.z.sum() == pytest.approx(coordinator.psi, abs=1e-9)

    game = play(make_script(6, 3, 100, style, R=5.0), "fgm-random:gain=0.1", visit=check)
    assert game.coordinator.rebalances > 3  # or nothing was shown


def windows(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 3, 2)).astype(np.float32)


def test_every_site_has_a_stream_of_its_own():
    # for batches and for dropout: 2k generators in different states, none of them in two hands
    y = np.arange(40) % 2
    data = classification("toy", (windows(40, 0), y), (windows(40, 1), y), "ab", "")
    simulation = Simulation(Config(sites=4, hidden=(3,), dropout=0.5), data)
    rngs = [*simulation.batches.rngs, *simulation.sites.learners.rngs]
    assert len({id(rng) for rng in rngs}) == 8
    assert len({repr(rng.bit_generator.state) for rng in rngs}) == 8


def test_score_of_a_regression_is_the_root_of_its_error_in_the_targets_unit():
    # targets around 300 with a deviation of about 50: what the model says is put back into that unit by hand
    rng = np.random.default_rng(0)
    train, test = (rng.normal(300, 50, size=n) for n in (60, 30))
    data = regression("toy", (windows(60, 0), train), (windows(30, 1), test), "", unit="K")
    model = Model(ModelSpec(features=2, hidden=(3,), task="regression"))
    p = model.initial(rng)
    said = model.outputs(p, data.x_test)[:, 0].astype(float) * train.std() + train.mean()
    metrics = evaluate(model, p, data)
    assert metrics.score == pytest.approx(np.sqrt(np.mean((said - test) ** 2)), rel=1e-4)
    assert metrics.loss == pytest.approx((metrics.score / train.std()) ** 2, rel=1e-4)


def test_accuracy_is_the_share_of_right_answers_in_the_test_part():
    # the test part's labels are what the model says, but for three of ten
    model = Model(ModelSpec(features=2, hidden=(3,), outputs=2))
    x = windows(10, 1)
    p = model.initial(np.random.default_rng(0))
    y = model.outputs(p, x).argmax(axis=1)
    y[:3] = 1 - y[:3]
    data = classification("toy", (windows(20, 0), np.arange(20) % 2), (x, y), "ab", "")
    assert evaluate(model, p, data).score == pytest.approx(0.7)
    assert evaluate(model, p, data).loss == pytest.approx(model.loss(p, x, y), rel=1e-5)
