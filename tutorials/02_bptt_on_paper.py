# %% [markdown]
# # 02 · Back-propagation through time, on paper
#
# **You will be able to** derive the gradient of a recurrent network with nothing but the chain rule, write it in ten
# lines, check it, and say why it fades with the distance in time.
#
# **Before:** derivatives, the chain rule, matrices; tutorial 01 for the idea of one vector. **Time:** 15 minutes; the
# code runs for 2 seconds.
#
# **Equations:** the network (Elman 1990), and its gradient (Werbos 1990):
#
# $$ h_t = \tanh(z_t) , \qquad z_t = W_h h_{t-1} + W_x x_t + b \qquad (1) $$
#
# $$ \bar{h}_t = g_t + W_h^\top \bar{z}_{t+1} , \qquad \bar{z}_t = \bar{h}_t \odot (1 - h_t^2) \qquad (2) $$
#
# Three symbols are new: $h_t$, the **state** after step $t$, a vector of $H$ numbers; $z_t$, what goes into the tanh;
# and a bar for a gradient: $\bar{h}_t$ is the derivative of the loss $L$ with respect to $h_t$. ($\odot$ multiplies
# entry by entry; $g_t$ is explained below.)

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import Model, ModelSpec
from fgm_ref.learning.gradcheck import gradcheck
from fgm_ref.learning.params import orthogonal
from fgm_ref.learning.rnn import RNN

rng = np.random.default_rng(2)

# %% [markdown]
# ## One unit, three steps
#
# A network that reads a series keeps a state. With a single unit, no bias and input weight 1, (1) is
# $h_t = \tanh(a h_{t-1} + x_t)$ with one parameter $a$. Take $h_0 = 0$, three inputs, and let the loss be the last
# state, $L = h_3$.
#
# How does $L$ change with $a$? The catch: $a$ is used three times. Give the three uses different names,
# $a_1, a_2, a_3$. By the chain rule the derivative with respect to $a$ is the sum of the three derivatives. From each
# of the three there is just one path to $L$:
#
# - $a_3$ acts on $z_3$ at once: $\bar{z}_3 \cdot h_2$, where $\bar{z}_3 = 1 - h_3^2$ is the slope of the tanh.
# - $a_2$ acts on $z_2$, which acts on $h_2$, which acts on $z_3$: $\bar{z}_2 \cdot h_1$, where
#   $\bar{z}_2 = \bar{z}_3 \cdot a \cdot (1 - h_2^2)$.
# - $a_1$ acts on $z_1$, but on $h_0 = 0$: nothing.
#
# **Predict** the sign of the derivative for positive inputs and $a = 0.5$. Then compute it, and compare with what a
# small push of $a$ does to $L$.

# %%
x, a = np.array([0.5, 0.2, 0.4]), 0.5


def last_state(a):
    """h_3."""
    h = 0.0
    for x_t in x:
        h = np.tanh(a * h + x_t)
    return h


h1 = np.tanh(x[0])
h2 = np.tanh(a * h1 + x[1])
h3 = np.tanh(a * h2 + x[2])
z3 = 1 - h3**2
z2 = z3 * a * (1 - h2**2)
by_hand = z3 * h2 + z2 * h1
pushed = (last_state(a + 1e-5) - last_state(a - 1e-5)) / 2e-5
print(f"by hand {by_hand:.6f}, by pushing {pushed:.6f}")
assert by_hand > 0 and abs(by_hand - pushed) < 1e-8

# %% [markdown]
# ## The derivation
#
# Now $H$ units, $T$ steps, and a loss that may look at *every* state. Let $g_t$ be the derivative of $L$ with respect
# to $h_t$ if all other states are held fixed: the **upstream gradient**, which the rest of the network hands down.
#
# *From the state to what came before.* $h_t$ acts on $L$ in two ways: directly ($g_t$), and through
# $z_{t+1} = W_h h_t + \ldots$ A push of $h_t$ by $e$ pushes $z_{t+1}$ by $W_h e$ and so $L$ by
# $\bar{z}_{t+1} \cdot W_h e = (W_h^\top \bar{z}_{t+1}) \cdot e$. Hence
#
# $$ \bar{h}_t = g_t + W_h^\top \bar{z}_{t+1} , \qquad \bar{z}_{T+1} = 0 . $$
#
# *Through the tanh.* It acts on every entry by itself and has the slope $1 - \tanh^2$:
#
# $$ \bar{z}_t = \bar{h}_t \odot (1 - h_t^2) . $$
#
# *To the weights.* As with $a_1, a_2, a_3$: in each step a push of the entry $(r, s)$ of $W_h$ pushes the entry $r$
# of $z_t$ by the entry $s$ of $h_{t-1}$. Collect the steps:
#
# $$ \bar{W}_h = \sum_{t=1}^{T} \bar{z}_t h_{t-1}^\top , \qquad \bar{W}_x = \sum_{t=1}^{T} \bar{z}_t x_t^\top ,
#    \qquad \bar{b} = \sum_{t=1}^{T} \bar{z}_t . $$
#
# That is all: (2) from the last step to the first, and a sum. Put $h_{t-1}$, $x_t$ and a 1 into one long vector $u_t$
# and the three matrices side by side into one, $W$, and the three sums are one,
# $\bar{W} = \sum_t \bar{z}_t u_t^\top$.
#
# ## In ten lines


# %%
def forward(W, x):
    """W (H, H+F+1), x (T, F) -> states h (T+1, H), h[0] = 0, and inputs u (T, H+F+1)."""
    h, u = np.zeros((len(x) + 1, len(W))), []
    for t, x_t in enumerate(x):
        u.append(np.concatenate([h[t], x_t, [1.0]]))
        # (1)
        h[t + 1] = np.tanh(W @ u[t])
    return h, np.array(u)


def backward(W, h, u, g):
    """Upstream gradients g (T, H) -> the gradient of W, and the gradients (T, H) at the states."""
    H, dW, dh, at_states = len(W), np.zeros_like(W), np.zeros(len(W)), []
    for t in reversed(range(len(u))):
        # (2)
        dh = g[t] + dh
        dz = dh * (1 - h[t + 1] ** 2)
        dW += np.outer(dz, u[t])
        at_states.append(dh)
        dh = W[:, :H].T @ dz
    return dW, np.array(at_states[::-1])


# %% [markdown]
# ## Check it
#
# A gradient that is slightly wrong still trains, a little worse. So check: push every entry of $W$ and watch the
# loss. As loss take $L = \sum_t g_t \cdot h_t$ with random $g_t$. Then $g_t$ is the upstream gradient, and no part of
# the derivation can hide.


# %%
def largest_error(backward, H=4, F=3, T=6):
    """The largest deviation of a gradient from central differences, relative to its largest entry."""
    W, x, g = 0.5 * rng.normal(size=(H, H + F + 1)), rng.normal(size=(T, F)), rng.normal(size=(T, H))
    h, u = forward(W, x)
    dW, _ = backward(W, h, u, g)
    pushed = np.zeros_like(W)
    for entry in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[entry] = 1e-5
        ahead, behind = ((g * forward(W + s * step, x)[0][1:]).sum() for s in (1, -1))
        pushed[entry] = (ahead - behind) / 2e-5
    return abs(dW - pushed).max() / abs(pushed).max()


print(f"largest error: {largest_error(backward):.1e}")
assert largest_error(backward) < 1e-7

# %% [markdown]
# **Predict:** which of these mistakes does the check find? (a) forgetting $g_t$ in all steps but the last; (b)
# forgetting the way through $W_h$; (c) writing $W_h$ instead of its transpose.


# %%
def a_only_last(W, h, u, g):
    """Mistake (a)."""
    return backward(W, h, u, g * (np.arange(len(g)) == len(g) - 1)[:, None])


def b_no_way_back(W, h, u, g):
    """Mistake (b)."""
    return np.einsum("th,tu->hu", g * (1 - h[1:] ** 2), u), None


def c_not_transposed(W, h, u, g):
    """Mistake (c)."""
    H = len(W)
    return backward(np.hstack([W[:, :H].T, W[:, H:]]), h, u, g)


for mistake in (a_only_last, b_no_way_back, c_not_transposed):
    error = largest_error(mistake)
    print(f"{mistake.__name__:<17} error {error:.2f}")
    assert error > 0.01

# %% [markdown]
# All three. With a loss at the last step only, (a) would have passed: a check is as good as what it can see.
#
# The library's `RNN` does the same for $k$ sites and $B$ samples at once, and it must agree with ours, sample by
# sample. It comes with a checker that names every block it has looked at.

# %%
k, B, T, H, F = 2, 3, 5, 4, 3
W, x, g = rng.normal(size=(k, H, H + F + 1)), rng.normal(size=(T, F, k, B)), rng.normal(size=(T, H, k, B))
layer = RNN(k, F, H, T, B, np.float64)
layer.forward(W, x)
dW = np.empty_like(W)
layer.backward(W, dW, g)
for i in range(k):
    ours = sum(backward(W[i], *forward(W[i], x[:, :, i, s]), g[:, :, i, s])[0] for s in range(B))
    np.testing.assert_allclose(dW[i], ours, rtol=1e-9, atol=1e-12)

spec = ModelSpec(cell="rnn", features=F, hidden=(H,), outputs=2, task="classification")
report = gradcheck(Model(spec, np.float64))
print(report)
assert report.passed

# %% [markdown]
# ## Why it fades
#
# By (2) a gradient is multiplied by $W_h^\top$ and by slopes of at most 1 in each step back. If $W_h$ is $s$ times a
# rotation, it keeps its length up to the factor $s$, so after $m$ steps back at most $s^m$ is left. **Predict:**
# $s = 0.9$, 40 steps.

# %%
T, H = 41, 16
Q = orthogonal(rng, H)
x, last = 0.1 * rng.normal(size=(T, 1)), np.zeros((T, H))
last[-1] = rng.normal(size=H)  # the loss looks at the last state only
lags, norms = np.arange(T), {}
for s in (0.9, 1.0, 1.1):
    W = np.hstack([s * Q, rng.normal(size=(H, 1)), np.zeros((H, 1))])
    at_states = backward(W, *forward(W, x), last)[1]
    norms[s] = np.linalg.norm(at_states[::-1], axis=1) / np.linalg.norm(last[-1])
    assert (norms[s] <= s**lags * (1 + 1e-9)).all()
assert norms[0.9][-1] < 0.9**40 < 0.015
assert norms[0.9][-1] < norms[1.0][-1] < norms[1.1][-1]

fig, ax = plt.subplots()
for s, norm in norms.items():
    (line,) = ax.semilogy(lags, norm)
    ax.annotate(f"s = {s}", (lags[-1], norm[-1]), xytext=(5, -3), textcoords="offset points", color=line.get_color())
ax.set(xlabel="steps back in time", ylabel="length of the gradient (at the end: 1)", xlim=(0, 46),
       title="A gradient on its way back")  # fmt: skip
save(fig, "02")

# %% [markdown]
# Less than 1.5 percent is left with $s = 0.9$, and this is for the best of matrices. What happened 40 steps ago can
# hardly be learnt. With larger $s$ the gradient can grow instead, and training blows up. The way out is a state that
# is *added to* instead of being multiplied: tutorial 03.
#
# ## Questions
#
# 1. Why is the gradient of $W_h$ a *sum* over the steps?
# 2. What must be kept from the forward pass, so that backward can run?
# 3. What is $\bar{h}_0$, and what is it used for?
# 4. *Truncated* back-propagation sets $\bar{h}_t$ to zero at every tenth step. Is the result still the gradient of
#    $L$?
# 5. Somebody updates $W$ inside the backward loop, to save time. What goes wrong?

# %% [markdown]
# ## Answers
#
# 1. The same matrix is used in every step. Name the uses differently, differentiate with respect to each, and add: the
#    chain rule.
# 2. The inputs $u_t$ (for $\bar{W}$) and the states $h_t$ (for the slopes); not $z_t$, because
#    $1 - \tanh^2(z_t) = 1 - h_t^2$.
# 3. $W_h^\top \bar{z}_1$, the gradient at the initial state. It is needed if the initial state is learnt or handed on
#    from an earlier window.
# 4. No. It leaves out all paths that cross a cut: it is a cheaper, biased estimate that sees at most ten steps far.
# 5. Later turns of the loop then go back through another $W_h$ than the forward pass went through. It is the gradient
#    of nothing.
