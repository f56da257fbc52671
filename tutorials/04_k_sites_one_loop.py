# %% [markdown]
# # 04 · k sites, one loop
#
# **You will be able to** write the training loop of $k$ sites, see them drift apart, and say what averaging in every
# $b$-th step does and does not do.
#
# **Before:** tutorial 01. **Time:** 15 minutes; the code runs for 5 seconds.
#
# **Equations:** the divergence of the sites, and why averaging in *every* step is nothing new:
#
# $$ V = \frac{1}{k} \sum_{i=1}^{k} \Vert w_i - S \Vert^2 \qquad (1) $$
#
# $$ \frac{1}{k} \sum_{i=1}^{k} \left( S - \eta \nabla L_i(S) \right)
#    = S - \eta \nabla \left( \frac{1}{k} \sum_{i=1}^{k} L_i \right) (S) \qquad (2) $$
#
# Three symbols are new: $b$, the **period**; $V$, the **divergence**, the mean squared distance of the sites from
# their mean $S$; and $\eta$, the learning rate. $L_i$ is the loss on the data of site $i$.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import Config, load, run
from fgm_ref.view.plots import BLACK
from fgm_ref.simulation.simulate import Simulation

rng = np.random.default_rng(4)

# %% [markdown]
# ## In two dimensions
#
# Four sites fit a line to their own data, as in tutorial 01, but the sites disagree about the best line. All models
# are the rows of one array, so one line of NumPy trains all sites.

# %%
k = 4
x = rng.normal(size=(k, 200))
wishes = np.array([[1.0, 1.0], [1.8, 0.2], [0.9, -0.9], [0.2, 0.4]])
y = wishes[:, :1] * x + wishes[:, 1:] + 0.5 * rng.normal(size=x.shape)


def train(b, steps=60, rate=0.04, batch=8):
    """The path (step, site, 2) of all sites, averaged every b steps."""
    draw, w, path = np.random.default_rng(0), np.zeros((k, 2)), []
    for step in range(1, steps + 1):
        rows = draw.integers(200, size=(k, batch))
        xs, ys = np.take_along_axis(x, rows, 1), np.take_along_axis(y, rows, 1)
        error = w[:, :1] * xs + w[:, 1:] - ys
        w = w - rate * 2 * np.stack([(error * xs).mean(1), error.mean(1)], axis=1)
        path.append(w)
        if step % b == 0:
            w = np.tile(w.mean(axis=0), (k, 1))
            path.append(w)
    return np.array(path)


fig, axes = plt.subplots(1, 2, figsize=(7, 3.6), sharex=True, sharey=True)
for ax, b, title in zip(axes, (1000, 15), ("never averaged", "averaged in every 15th step"), strict=True):
    path = train(b)
    for i in range(k):
        ax.plot(*path[:, i].T, linewidth=1.2)
    ax.plot(*wishes.T, "x", color=BLACK)
    ax.plot(*wishes.mean(axis=0), "*", color=BLACK, markersize=12)
    ax.set(title=title, xlabel="slope")
axes[0].set_ylabel("intercept")
axes[0].annotate("each site's wish", wishes[3], xytext=(6, 6), textcoords="offset points", fontsize=9)
axes[1].annotate("their mean", wishes.mean(axis=0), xytext=(8, -12), textcoords="offset points", fontsize=9)
save(fig, "04_paths")

# %% [markdown]
# On the left every site walks to its own wish (a cross). On the right they are called back every 15 steps: spikes out
# of a common way, which leads to the mean of the wishes (the star). **Predict** where the *mean* of the four is in
# the end on the left: far from that on the right?

# %%
left, right = train(1000)[-1], train(15)[-1]
print("mean, never averaged:", left.mean(axis=0).round(2), "  averaged:", right.mean(axis=0).round(2))
assert np.linalg.norm(left.mean(axis=0) - right.mean(axis=0)) < 0.15

# %% [markdown]
# Nearly the same place. Here the loss is a bowl, the gradient is affine, and averaging commutes with training up to
# noise. So why average at all before the end? Because networks are not bowls, as we will see below, and because until
# then no site has a good model.
#
# ## The loop, with a real network
#
# The same with LSTMs. `Simulation` sets up data, a first model and mini-batches; the loop is ours. In float64 and
# with plain gradient descent, so that we can compare with the library to the last digits.

# %%
data = load("watch")
SGD = {"dataset": "watch", "split": "natural", "sites": k, "hidden": (8,), "steps": 20, "optimizer": "sgd", "lr": 0.2,
       "dtype": "float64", "evaluations": 1}  # fmt: skip


def our_loop(b):
    """The mean model after 20 steps."""
    sim = Simulation(Config(protocol="local", **SGD), data)
    P = sim.sites.models.copy()  # (k, D), equal rows
    G = np.empty_like(P)
    for step in range(1, SGD["steps"] + 1):
        rows = sim.batches.draw(slice(None))  # (k, batch) sample numbers: each site its own
        sim.model.loss_and_gradient(P, data.x_train[rows].astype(float), data.y_train[rows], G)
        P -= SGD["lr"] * G
        if step % b == 0:
            P[:] = P.mean(axis=0)
    return P.mean(axis=0)


for b in (1, 5):
    np.testing.assert_allclose(our_loop(b), run(data=data, protocol=f"periodic:b={b}", **SGD).model, atol=1e-9)

# %% [markdown]
# Six lines, and the library's `periodic:b=5` does the same. (It sends messages in between; that is tutorial 05.)
#
# **Predict:** with $b = 1$, all sites have the same model $S$ before each step. How does the result compare with
# *one* computer that has all the data and in each step takes the four mini-batches together?

# %%
central = run(data=data, protocol="central", **SGD).model
for b in (1, 5):
    print(f"b = {b}: largest difference from the central model {abs(our_loop(b) - central).max():.1e}")
assert abs(our_loop(1) - central).max() < 1e-9 < 1e-4 < abs(our_loop(5) - central).max()

# %% [markdown]
# Equal for $b = 1$: this is (2). A mean of steps from the same point is a step along the mean gradient, and with
# batches of equal size that is the gradient of the union. So $b = 1$ is central training at the price of two models
# per site and step; every $b > 1$ is something else. (It needs an optimiser whose step is linear in the gradient. Adam
# divides by a running mean of squared gradients, which each site has for itself, so there it holds only roughly.)
#
# ## How far apart?
#
# Now a longer training, with Adam. After each step we measure (1). Its root is a length: about how far a site is from
# the mean.


# %%
def distances(protocol, steps=160):
    """The root of V after each step."""
    sim = Simulation(Config(dataset="watch", split="natural", sites=k, hidden=(16,), lr=0.01, protocol=protocol), data)
    V = []
    for _ in range(steps):
        sim.step()
        w = sim.sites.models
        V.append(((w - w.mean(axis=0)) ** 2).sum(axis=1).mean())
    return np.sqrt(V)


far = {name: distances(name) for name in ("local", "periodic:b=40", "periodic:b=10")}
fig, ax = plt.subplots()
for name, values in far.items():
    ax.plot(np.arange(1, 161), values, label=name, linewidth=1.6)
ax.set(xlabel="step", ylabel="root of the divergence V (length)", title="Four sites drift apart and are called back")
ax.legend(loc="upper left")
save(fig, "04")
peak = {name: values.max() for name, values in far.items()}
print({name: round(float(value), 1) for name, value in peak.items()})
assert peak["local"] > 1.3 * peak["periodic:b=40"] > 1.5 * peak["periodic:b=10"]
tooth = far["periodic:b=40"][38::40]  # just before each averaging
assert tooth[-1] < tooth[0]

# %% [markdown]
# The longer the sites are left alone, the farther they are apart; averaging sets $V$ to zero and it grows again. Look
# at the teeth of `periodic:b=40`: the last is lower than the first. When there is less to learn, the sites move less
# in the same time. A fixed period does not notice; it keeps paying at the old rate. That is what monitoring will
# change.
#
# ## When is the mean a good model?
#
# A network is not a bowl: the mean of two good networks can be a bad one. Give the sites very different data
# (`dirichlet`: each has much of a few exercises and little of the others) and **predict** which is better in the end:
# the mean of models that never spoke, or that of models that were averaged in every tenth step?

# %%
skewed = {"dataset": "watch", "split": "dirichlet", "alpha": 0.1, "sites": k, "hidden": (16,), "lr": 0.01, "steps": 150}
right = {}
for protocol in ("local", "periodic:b=10"):
    final = run(data=data, protocol=protocol, evaluations=1, **skewed).final
    right[protocol] = final["balanced"]
    print(f"{protocol:<14} mean model: loss {final['loss']:.2f}, balanced accuracy {final['balanced']:.2f}")
assert right["periodic:b=10"] > right["local"] + 0.1

# %% [markdown]
# Models that are averaged only at the end have gone to quite different places, and half-way between two good places
# need not be a good one. Models that are averaged now and then stay close together, and their mean is a good model. So
# this is what a protocol has to look after: a small $V$, or at least a mean that has not gone too far. How to do that
# without paying in every step is what tutorials 06, 07 and 08 are about.
#
# ## Questions
#
# 1. Why does averaging leave $S$ where it is, but not $V$?
# 2. Show that $V = \frac{1}{k} \sum_i \Vert X_i \Vert^2 - \Vert S - E \Vert^2$ for any common $E$.
# 3. One site has four times as much data as each of the others, and all batches are of the same size. Which loss does
#    $b = 1$ then reduce: the mean over all samples, or the mean of the sites' own losses?
# 4. Why is (2) not true for Adam?
# 5. What is wrong with choosing $b$ once, before the training?

# %% [markdown]
# ## Answers
#
# 1. The mean of $k$ equal models is the model itself; but after it all distances from the mean are zero.
# 2. $w_i - S = X_i - (S - E)$. Square it, average, and use that the mean of the $X_i$ is $S - E$: the middle term is
#    $-2 \Vert S - E \Vert^2$, the last $+ \Vert S - E \Vert^2$.
# 3. The mean of the sites' own losses, by (2): every site counts the same. So each sample of the large site counts only
#    a quarter as much as a sample of another site.
# 4. Adam divides by the root of a running mean of squared gradients: not linear in the gradient, and each site has
#    its own.
# 5. The sites move much in the beginning and little later (and much again when the data change). One period is too
#    long for the one and too short for the other.
