# %% [markdown]
# # 01 · One vector, many names
#
# **You will be able to** see a network as one vector and as matrices at the same time, compute drifts and their mean,
# and read the notation of all later tutorials.
#
# **Before:** vectors, matrices, gradient descent in words ("walk downhill"). **Time:** 15 minutes; the code runs for
# 3 seconds.
#
# **Equations:** the drift of site $i$, and why it is enough to know the drifts:
#
# $$ X_i = w_i - E \qquad (1) $$
#
# $$ \frac{1}{k} \sum_{i=1}^{k} w_i = E + \frac{1}{k} \sum_{i=1}^{k} X_i \qquad (2) $$
#
# Three symbols are new: $w_i$, the model of site $i$; $E$, the last global model, the same for all; $X_i$, the drift.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import Config, Model, ModelSpec
from fgm_ref.learning.params import Layout
from fgm_ref.view.plots import BLACK, GREY, VERMILLION
from fgm_ref.simulation.simulate import Simulation

rng = np.random.default_rng(1)

# %% [markdown]
# ## Why one vector?
#
# A network is usually a handful of matrices: this one for the inputs, that one for the output. Whoever *trains* it
# needs them as matrices. But whoever *monitors* it asks questions such as "how far has it moved?" or "what is the
# mean of four of them?". These are questions about one long vector. So we keep the vector, and give names to its
# parts.
#
# Here is a network with a matrix $W$ (2 by 3) and a bias $b$ (2). Packing it is a matter of one line, and unpacking
# of two.


# %%
def pack(W, b):
    """Matrices -> one vector."""
    return np.concatenate([W.ravel(), b.ravel()])


def unpack(w):
    """One vector (8,) -> W (2, 3) and b (2,)."""
    return w[:6].reshape(2, 3), w[6:]


W, b = rng.normal(size=(2, 3)), rng.normal(size=2)
w = pack(W, b)
assert w.shape == (8,)
assert (unpack(w)[0] == W).all() and (unpack(w)[1] == b).all()

# %% [markdown]
# The library's `Layout` does the same for any list of shapes, and for $k$ sites at once: the models are the rows of
# one array with $k$ rows, and the $i$-th matrix of a block is that of site $i$.

# %%
layout = Layout({"W": (2, 3), "b": (2,)})
models = np.stack([w, 2 * w, 3 * w])  # three sites
views = layout.views(models)
print({name: view.shape for name, view in views.items()})
for i in range(3):
    np.testing.assert_array_equal(views["W"][i], unpack(models[i])[0])
    np.testing.assert_array_equal(views["b"][i], unpack(models[i])[1])

# %% [markdown]
# **Predict:** we set the matrix $W$ of site 2 to zero, in `views`. What happens to `models`?

# %%
views["W"][2] = 0
print(models.round(2))
assert (models[2, :6] == 0).all() and (models[2, 6:] != 0).all() and (models[:2] != 0).all()

# %% [markdown]
# Its row has six zeros now. The matrices are *views*: other names for the same memory, not copies. So an optimiser
# that updates the vector has updated the matrices, and nothing is packed or unpacked while we train. (For that the
# numbers of a row have to lie side by side in memory, *contiguous* in NumPy's word. Of scattered numbers there is no
# such view, only a copy, and what is written to a copy does not reach the model.)
#
# ## How long is the vector of a real network?
#
# An LSTM layer (tutorial 03) with $H$ units and $F$ input features has four gates. Each gate is a matrix of $H$ rows
# that acts on the last state ($H$ numbers), the input ($F$ numbers) and a 1 for the bias. The output layer has one
# row per class and acts on the state and a 1. **Predict** the number of parameters for $F = 6$, $H = 24$ and 7
# classes.

# %%
F, H, classes = 6, 24, 7
network = Model(ModelSpec(cell="lstm", features=F, hidden=(H,), outputs=classes, task="classification"))
for name, shape in network.layout.shapes.items():
    print(f"{name:<10} {shape}")
print("in all", network.size)
assert network.size == 4 * H * (H + F + 1) + classes * (H + 1) == 3151

# %% [markdown]
# 3151 numbers. We cannot draw that. So we first look at a model with two numbers, and then see what carries over.
#
# ## Drifts, in two dimensions
#
# Four sites fit a line $y = a x + c$, a model with two numbers. They start from the same $E = (0, 0)$. Each has its own
# data, so each walks downhill on a landscape of its own, 25 steps of gradient descent.


# %%
def gradient(w, x, y):
    """Of the mean squared error of y ≈ w[0] x + w[1]."""
    error = w[0] * x + w[1] - y
    return 2 * np.array([(error * x).mean(), error.mean()])


E, k, paths = np.zeros(2), 4, []
for a, c in ((1.0, 1.0), (1.8, 0.6), (1.2, -0.8), (0.3, 0.9)):  # the line that each site would like
    x = rng.normal(size=50)
    y = a * x + c + 0.3 * rng.normal(size=50)
    path = [E]
    for _ in range(25):
        path.append(path[-1] - 0.05 * gradient(path[-1], x, y))
    paths.append(path)
paths = np.array(paths)  # (site, step, 2)
w = paths[:, -1]

# (1)
X = w - E
fig, ax = plt.subplots(figsize=(5.6, 4.4))
for i in range(k):
    ax.plot(*paths[i].T, color=GREY, linewidth=1, linestyle=":")
    ax.annotate("", w[i], E, arrowprops={"arrowstyle": "->", "linewidth": 1.6})
    ax.annotate(f"X{i + 1}", w[i], xytext=(4, 4), textcoords="offset points")
ax.annotate("", E + X.mean(axis=0), E, arrowprops={"arrowstyle": "-|>", "color": VERMILLION, "linewidth": 3})
ax.annotate("mean drift", E + X.mean(axis=0), xytext=(-6, -16), textcoords="offset points", color=VERMILLION)
ax.plot(*E, "o", color=BLACK)
ax.annotate("E", E, xytext=(-14, -4), textcoords="offset points")
ax.set(xlim=(-0.35, 2), ylim=(-1, 1.2), xlabel="slope a", ylabel="intercept c",
       title="Four drifts and their mean (dotted: the way)")  # fmt: skip
save(fig, "01")

# %% [markdown]
# An arrow is a drift: where a site is now, as seen from the point that all know. The dotted ways do not matter; a
# site that has walked in a circle has no drift. **Predict:** is the mean drift longer or shorter than the arrows are
# on average?

# %%
lengths, of_the_mean = np.linalg.norm(X, axis=1), np.linalg.norm(X.mean(axis=0))
print(f"lengths {lengths.round(2)}, mean {lengths.mean():.2f}; length of the mean {of_the_mean:.2f}")
assert of_the_mean < lengths.mean()
# (2)
np.testing.assert_allclose(w.mean(axis=0), E + X.mean(axis=0))

# %% [markdown]
# Shorter: the ends of the arrows spread, and what spreads cancels in the mean. (Never longer: that is the triangle
# inequality. Tutorial 06 builds a protocol on it.)
#
# (2) says that the mean model can be had in two ways: average the models, or average the drifts and add $E$. It holds
# because all drifts start at the same point; write (1) into the sum to see it. Monitoring prefers drifts: they are
# zero when a round starts, and their length says how much there is to tell.
#
# ## And in 1591 dimensions
#
# Now the LSTM of tutorial 00, with 16 units. Four people train for 20 steps from a common start. A `Simulation` lets
# us stop and look at the models, an array with one row per site.

# %%
sim = Simulation(Config(dataset="watch", protocol="local", sites=k, split="natural", hidden=(16,), lr=0.01))
E = sim.sites.models[0].copy()
assert (sim.sites.models == E).all()  # a common start
lengths = []
for _ in range(20):
    sim.step()
    X = sim.sites.models - E
    lengths.append([*np.linalg.norm(X, axis=1), np.linalg.norm(X.mean(axis=0))])
lengths = np.array(lengths)

fig, ax = plt.subplots()
steps = np.arange(1, 21)
ax.plot(steps, lengths[:, :k], color=GREY, linestyle="--", linewidth=1)
ax.plot(steps, lengths[:, k], color=VERMILLION, linewidth=2.5)
ax.annotate("the four sites", (20, lengths[-1, :k].max()), ha="right", va="bottom", color="#555555")
ax.annotate("the mean drift", (20, 0.78 * lengths[-1, k]), ha="right", va="top", color=VERMILLION)
ax.set(xlabel="step", ylabel="length of the drift", title="Drifts of four LSTMs", xticks=steps[4::5], ylim=(0, None))
save(fig, "01_drifts")
assert (lengths[:, k] <= lengths[:, :k].mean(axis=1) + 1e-6).all()
assert 0.5 < lengths[-1, k] / lengths[-1, :k].mean() < 0.95

# %% [markdown]
# The same picture: arrows, their lengths, a shorter mean. In 1591 dimensions we can still measure lengths and angles,
# and lengths are nearly all that the protocols will look at.
#
# Squared lengths add up over the blocks of the vector (Pythagoras), so one can ask which matrix has moved most.

# %%
squares = {name: float((view**2).sum()) for name, view in sim.model.layout.views(X).items()}
for name, square in squares.items():
    print(f"{name:<10} {square / sum(squares.values()):.0%} of the squared length")
assert np.isclose(sum(squares.values()), (X**2).sum(), rtol=1e-4)

# %% [markdown]
# ## The notation, once and for all
#
# | symbol | in the code | meaning |
# |---|---|---|
# | $k$ | `k`, `sites` | number of sites |
# | $D$ | `D`, `model.size` | numbers in a model |
# | $w_i$ | `sites.models[i]` | the model of site $i$, a vector of length $D$ |
# | $E$ | `coordinator.E` | the last global model, which all sites have received |
# | $X_i$ | `sites.drifts(i)` | the drift of site $i$ |
# | $S$ | `sim.mean_model` | the true mean of all $w_i$: nobody knows it between two synchronisations |
# | $\varphi$ | `zone(X)` | the safe function (tutorial 06); negative is safe |
#
# ## Questions
#
# 1. A model has the blocks $W$ (5 by 4) and $v$ (5). How long is its vector, and where in it is $v$?
# 2. `layout.views(models)` refuses an array whose rows are not contiguous. Why could it not simply copy?
# 3. Three sites have the drifts $(1, 0)$, $(0, 1)$ and $(-1, -1)$. What will averaging do to the global model?
# 4. A site did not train since the last averaging. What is its drift, and does it count in the mean (2)?
# 5. All sites start anew from the mean model. Which of $w_i$, $E$, $X_i$ change, and to what?

# %% [markdown]
# ## Answers
#
# 1. 25; the last five numbers, `w[20:25]`.
# 2. What is written to a copy does not reach the model; training would change nothing, without any error message.
# 3. Nothing: the mean drift is zero, although every site has moved. A protocol that knew that could save the trip.
# 4. The zero vector, and yes: the mean is over all $k$ sites, or the idle ones would be ignored.
# 5. All of them: $w_i$ and $E$ become the mean model, and $X_i = w_i - E$ becomes zero.
