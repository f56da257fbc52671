# %% [markdown]
# # 03 · LSTM without tears
#
# **You will be able to** say what each gate is for, set the gates by hand so that a cell remembers a number, derive
# the gradient and check it gate by gate.
#
# **Before:** tutorial 02. **Time:** 15 minutes; the code runs for 2 seconds.
#
# **Equations:** the cell and its state (Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000):
#
# $$ c_t = f_t \odot c_{t-1} + i_t \odot g_t \qquad (1) $$
#
# $$ h_t = o_t \odot \tanh(c_t) \qquad (2) $$
#
# Three symbols are new: $c_t$, the **cell**, a second state; the **gates** $f_t$ (forget), $i_t$ (input), $o_t$
# (output), with values between 0 and 1; and $g_t$, the **candidate**, what would be written. Bars are gradients, as
# before. (In tutorial 02 the upstream gradient was called $g_t$; the letter belongs to the candidate now, as in the
# literature.)

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import Model, ModelSpec
from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.lstm import LSTM
from fgm_ref.learning.params import orthogonal

rng = np.random.default_rng(3)

# %% [markdown]
# ## Why a cell?
#
# The state of a vanilla network is multiplied by a matrix in each step, and so is the gradient on its way back: it
# fades. What if the state were only *added to*? Then a push of $c_{t-1}$ would be a push of $c_t$ of the same size,
# and the gradient would travel back unchanged. That is (1) with $f_t = 1$.
#
# But a memory into which everything is added is of no use. So three gates decide: what is written ($i_t$), what is
# kept ($f_t$), what is shown ($o_t$). They, and the candidate, look at the last output $h_{t-1}$, the input $x_t$ and
# a 1, put together into one vector $u_t$:
#
# $$ o_t = \sigma(W_o u_t) , \quad i_t = \sigma(W_i u_t) , \quad f_t = \sigma(W_f u_t) , \quad g_t = \tanh(W_g u_t) . $$
#
# Here $\sigma(z) = 1 / (1 + e^{-z})$ runs from 0 to 1. Four matrices of the same shape; the library stacks them into
# one, in the order o, i, f, g.


# %%
def sigmoid(z):
    """σ(z) (for large |z| the library has a safer way: (tanh(z/2) + 1)/2)."""
    return 1 / (1 + np.exp(-z))


def forward(W, x):
    """W (4H, H+F+1), x (T, F) -> a list of what happened in each step: u, o, i, f, g, c[t-1], c[t], h[t]."""
    H = len(W) // 4
    h, c, trace = np.zeros(H), np.zeros(H), []
    for x_t in x:
        u = np.concatenate([h, x_t, [1.0]])
        z = (W @ u).reshape(4, H)
        (o, i, f), g = sigmoid(z[:3]), np.tanh(z[3])
        # (1), (2)
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        trace.append((u, o, i, f, g, before, c, h))
    return trace


# %% [markdown]
# ## A memory, programmed by hand
#
# Before anything is learnt: can a cell remember a number? The input has two features, a *value* and a *flag*. While
# the flag is 0 the cell should keep what it has; when it is 1 it should store the value and forget the old one.
#
# We want $i_t \approx 1$ and $f_t \approx 0$ if the flag is up, the opposite if it is down, $g_t \approx$ the value,
# and $o_t = 1$. **Predict** the signs of the weights of flag and bias in $W_i$ and $W_f$. Then look at the matrix;
# its columns are $h$, value, flag, 1.

# %%
by_hand = np.array([
    [0.0, 0.0, 0.0, 10.0],  # o: always open
    [0.0, 0.0, 20.0, -10.0],  # i: open if the flag is up
    [0.0, 0.0, -20.0, 10.0],  # f: keep, unless the flag is up
    [0.0, 1.0, 0.0, 0.0],  # g: the value
])  # fmt: skip
T = 40
value, flag = rng.uniform(-1, 1, T), np.zeros(T)
flag[[4, 16, 30]] = 1
trace = forward(by_hand, np.stack([value, flag], axis=1))
o, i, f, g, before, c, h = (np.array(part)[:, 0] for part in list(zip(*trace, strict=True))[1:])

fig, (top, bottom) = plt.subplots(2, 1, figsize=(6.4, 4.6), sharex=True)
steps = np.arange(T)
top.step(steps, i, where="mid", label="input gate i")
top.step(steps, f, where="mid", label="forget gate f")
top.set(ylabel="gate (0 to 1)", title="A cell that remembers the value at which the flag was up", ylim=(-0.1, 1.35))
top.legend(ncols=2, loc="upper right")
bottom.plot(steps, value, marker=".", linewidth=0.5, color="#8A8A8A", label="value")
bottom.step(steps, c, where="mid", linewidth=2, label="cell c")
bottom.set(xlabel="time step", ylabel="value, cell", ylim=(-1.05, 1.6))
bottom.legend(ncols=2, loc="upper right")
save(fig, "03")

np.testing.assert_allclose(c[5:16], np.tanh(value[4]), atol=0.01)  # eleven steps later it is still there
np.testing.assert_allclose(c[30:], np.tanh(value[30]), atol=0.01)

# %% [markdown]
# The forget gate is badly named: it is 1 when the cell *remembers*. (Hence the usual advice to start its bias at 1,
# which the library follows: a young cell remembers.)
#
# ## The derivation
#
# As in tutorial 02, go through the equations from right to left. Let $\bar{h}_t$ be given: the upstream gradient of
# step $t$ plus what came back from step $t + 1$.
#
# *Through (2).* $h_t$ is a product, so each factor gets the gradient times the other factor:
#
# $$ \bar{o}_t = \bar{h}_t \odot \tanh(c_t) , \qquad
#    \bar{c}_t = \bar{c}^{\text{later}}_t + \bar{h}_t \odot o_t \odot (1 - \tanh^2(c_t)) . $$
#
# $\bar{c}^{\text{later}}_t$ is what came back to the cell from step $t + 1$; it is zero at the end.
#
# *Through (1).* Two products:
#
# $$ \bar{i}_t = \bar{c}_t \odot g_t , \quad \bar{g}_t = \bar{c}_t \odot i_t , \quad
#    \bar{f}_t = \bar{c}_t \odot c_{t-1} , \quad \bar{c}^{\text{later}}_{t-1} = \bar{c}_t \odot f_t . $$
#
# The last one is the point of it all: back in time the gradient of the cell is multiplied by $f_t$, and by nothing
# else.
#
# *Through the gates.* $\sigma' = \sigma (1 - \sigma)$ and $\tanh' = 1 - \tanh^2$, entry by entry:
#
# $$ \bar{z}_o = \bar{o}_t \odot o_t \odot (1 - o_t) , \quad \ldots , \quad \bar{z}_g = \bar{g}_t \odot (1 - g_t^2) . $$
#
# Stack the four into $\bar{z}_t$. The rest is as before: $\bar{W} = \sum_t \bar{z}_t u_t^\top$, and
# $W_h^\top \bar{z}_t$ goes back to $h_{t-1}$.


# %%
def backward(W, trace, upstream):
    """Upstream gradients (T, H) at the outputs -> the gradient of W, and (T, H) at the cells."""
    H, dW, at_cells = len(W) // 4, np.zeros_like(W), []
    dh, dc = np.zeros(H), np.zeros(H)
    for (u, o, i, f, g, before, c, _), from_above in zip(trace[::-1], upstream[::-1], strict=True):
        dh = dh + from_above
        do = dh * np.tanh(c)
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        di, df, dg = dc * g, dc * before, dc * i
        dz = np.concatenate([do * o * (1 - o), di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2)])
        at_cells.append(dc)
        dW += np.outer(dz, u)
        dh, dc = W[:, :H].T @ dz, dc * f
    return dW, np.array(at_cells[::-1])


# %% [markdown]
# ## Check it, gate by gate
#
# There is a classic mistake: to copy the line of one gate to the next and forget to change a letter. **Predict**
# which blocks are wrong if $\bar{f}_t$ uses $g_t$ in place of $c_{t-1}$: only the forget gate's, or more? The checker
# of the library takes any function that returns a value and the gradient by block.

# %%
H, F, T = 4, 3, 6
x, upstream = rng.normal(size=(T, F)), rng.normal(size=(T, H))
blocks = {gate: 0.5 * rng.normal(size=(H, H + F + 1)) for gate in "oifg"}


def check(backward, steps=T):
    """Compare the gradients of L = Σ upstream · h over some steps with central differences."""

    def loss(blocks):
        W = np.concatenate(list(blocks.values()))
        trace = forward(W, x[:steps])
        value = sum(float(r @ step[-1]) for r, step in zip(upstream, trace, strict=False))
        return value, dict(zip("oifg", backward(W, trace, upstream[:steps])[0].reshape(4, H, -1), strict=True))

    return gradcheck(loss, blocks)


def copied(W, trace, upstream):
    """The mistake: where c[t-1] should stand, g stands."""
    return backward(W, [(u, o, i, f, g, g, c, h) for u, o, i, f, g, _, c, h in trace], upstream)


print(check(backward), check(copied), sep="\n\n")
assert check(backward).passed
assert set(check(copied).bad) == set("oifg")
assert check(copied, steps=1).bad == ["f"]

# %% [markdown]
# All four: a wrong $\bar{z}_f$ goes back in time with $W_h^\top$ and spoils everything before. In a single time step
# nothing goes back, and the culprit stands alone: the last line asserts that then only `f` is wrong.
#
# The library's `LSTM` agrees with ours, for all sites and samples at once; so do its gates.

# %%
k, B = 2, 3
W, x, g_up = rng.normal(size=(k, 4 * H, H + F + 1)), rng.normal(size=(T, F, k, B)), rng.normal(size=(T, H, k, B))
layer = LSTM(k, F, H, T, B, np.float64)
layer.forward(W, x)
dW = np.empty_like(W)
layer.backward(W, dW, g_up)
for site in range(k):
    traces = [forward(W[site], x[:, :, site, s]) for s in range(B)]
    ours = sum(backward(W[site], trace, g_up[:, :, site, s])[0] for s, trace in enumerate(traces))
    np.testing.assert_allclose(dW[site], ours, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.a[-1, :, :, site, 0], traces[0][-1][1:5], rtol=1e-9)
assert gradcheck(Model(ModelSpec(cell="lstm", features=F, hidden=(H,), outputs=2), np.float64)).passed

# %% [markdown]
# ## Does it help?
#
# Let the loss look at the last state only, and follow the gradient 40 steps back to the cells. First look at (1)
# alone: set the recurrent weights to zero, so that the gates see nothing but the input. **Predict** what is left with
# forget biases of 1 and of 4: the factor per step is about $\sigma(1) \approx 0.73$ or $\sigma(4) \approx 0.98$. For
# comparison, a vanilla network with 0.9 times a rotation, as in tutorial 02.

# %%
T, H = 41, 16
x, last, left = 0.1 * rng.normal(size=(T, 1)), np.zeros((T, H)), {}
last[-1] = 1


def keep(W):
    """The length of the gradient at each cell."""
    return np.linalg.norm(backward(W, forward(W, x), last)[1], axis=1)


fresh = LSTM.initial(rng, 1, H)
for bias in (1, 4):
    W = fresh.copy()
    W[:, :H] = 0
    W[2 * H : 3 * H, -1] = bias
    left[f"cell alone, bias {bias}"] = keep(W)
left["fresh LSTM"] = keep(fresh)

W_h, w_x, states = 0.9 * orthogonal(rng, H), rng.normal(size=H), [np.zeros(H)]
for x_t in x[:, 0]:
    states.append(np.tanh(W_h @ states[-1] + w_x * x_t))
gradients = [last[-1]]
for h in states[:1:-1]:
    gradients.append(W_h.T @ (gradients[-1] * (1 - h**2)))
left["vanilla, s = 0.9"] = np.linalg.norm(gradients[::-1], axis=1)

fig, ax = plt.subplots()
for name, norm in left.items():
    (line,) = ax.semilogy(np.arange(T), norm[::-1] / norm[-1])
    ax.annotate(name, (40, norm[0] / norm[-1]), xytext=(5, -3), textcoords="offset points", color=line.get_color())
ax.set(xlabel="steps back in time", ylabel="length of the gradient (at the end: 1)", xlim=(0, 56),
       title="What is left of a gradient")  # fmt: skip
save(fig, "03_gradients")
share = {name: norm[0] / norm[-1] for name, norm in left.items()}
print({name: f"{value:.0e}" for name, value in share.items()})
assert share["cell alone, bias 1"] < 1e-5 < share["vanilla, s = 0.9"] < 0.015
assert 0.4 < share["cell alone, bias 4"] < 0.55
assert share["fresh LSTM"] > 0.02

# %% [markdown]
# $0.73^{40}$ is a few millionths, $0.98^{40}$ about a half. So the cell is not immune: with its forget gates at 0.73
# it forgets faster than the vanilla network. A fresh LSTM of the library also starts at 0.73, but it has a second way
# back, through $W_h$, which keeps it alive until the gates have learnt better. And that is the point: the factor is a
# *gate*. It can be learnt, for each unit and each moment, and it can be close to 1 without anything blowing up. A
# vanilla network has one matrix for everything, and no such choice.
#
# ## Questions
#
# 1. Which gate is 1 while the cell keeps its content? Which is 0 if an input is not to touch the cell?
# 2. In our memory cell, what would happen with a bias of 1 in place of 10 in the forget gate (and $-2$ for the flag)?
# 3. With a single step and $c_0 = 0$, which gradient is zero whatever the weights are? Why does a check need
#    $T \ge 2$?
# 4. Why does `backward` return $\bar{c}$, and the library $\bar{h}_0$ and $\bar{c}_0$?
# 5. How many parameters has an LSTM layer with $H$ units, compared with a vanilla one?

# %% [markdown]
# ## Answers
#
# 1. The forget gate is 1, the input gate 0. (The output gate only decides what is shown.)
# 2. It would keep $\sigma(1) \approx 0.73$ of the content in each step: after eleven steps about 3 percent are left.
# 3. That of the forget gate: $\bar{f}_1 = \bar{c}_1 \odot c_0 = 0$. A program that forgot the forget gate altogether
#    would pass; and nothing that goes back in time would have been checked.
# 4. $\bar{c}$ to look at it, as in the figure. The initial states' gradients are for a layer whose state is handed
#    on.
# 5. Four times as many: four matrices of the same shape.
