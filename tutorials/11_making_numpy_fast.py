# %% [markdown]
# # 11 · Making NumPy fast
#
# **You will be able to** say where the time of a small network goes, win it back by stacking, layout and
# buffers, and use the slow version as the judge of the fast one.
#
# **Before:** recurrent networks (tutorial 02), sites (04), and preferably the LSTM (03). **Time:** 15 minutes; the code
# runs for 2 seconds.
#
# **Equations:** all gates of an LSTM in one product (Hochreiter and Schmidhuber 1997, with a forget gate), and
# the gradient of its weights as one product over all time steps (Werbos 1990):
#
# $$ z_t = W u_t, \qquad u_t = \lbrack h_{t-1}; x_t; 1 \rbrack \qquad (1) $$
#
# $$ \frac{\partial L}{\partial W} = \sum_{t=1}^{T} \delta_t u_t^{\top}
# = \lbrack \delta_1 \dots \delta_T \rbrack \lbrack u_1 \dots u_T \rbrack^{\top} \qquad (2) $$
#
# **New symbols:** $u_t$, everything that goes into step $t$, one above the other;
# $\delta_t = \partial L / \partial z_t$. Sizes: $k$ sites, $B$ samples per site, $T$ time steps, $D$ features,
# $H$ hidden units.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

# %% [markdown]
# ## Why it is slow
#
# A network for 8 sites with 16 hidden units is tiny. One gate of one step is a product of a 16 × 16 matrix with
# a vector per sample: a few microseconds of arithmetic, and *about one microsecond just to call NumPy*: to look
# at types and shapes, and to find memory for the result. Whoever loops over sites, steps and gates pays that
# microsecond thousands of times. So the first rule is: **fewer calls, each on more numbers.**
#
# We measure *ratios* of processor time, never seconds, which depend on the machine and its other users.

# %%
import time

import numpy as np

k, B, T, D, H = 8, 16, 20, 6, 16
rng = np.random.default_rng(0)
W = rng.normal(size=(k, 4 * H, H + D + 1)).astype(np.float32) / 4  # gates o, i, f, g; columns h, x, 1
x = rng.normal(size=(k, B, T, D)).astype(np.float32)


def measure(versions, rounds=15):
    """The processor time of each version {name: function}; they take turns, so that a busy minute hits them all."""
    total = dict.fromkeys(versions, 0.0)
    for _ in range(rounds):
        for name, version in versions.items():
            start = time.process_time()
            version()
            total[name] += time.process_time() - start
    return total


small, large = np.ones(64, np.float32), np.ones(64 * 64, np.float32)
times = measure({"small": lambda: [np.add(small, small) for _ in range(100)],
                 "large": lambda: [np.add(large, large) for _ in range(100)]})  # fmt: skip
ratio = times["large"] / times["small"]
print(f"64 times as many numbers take {ratio:.1f} times as long")
assert ratio < 32

# %% [markdown]
# Far less than 64 times. Sixty-four numbers cost nearly as much as none: nearly all of it is the call.
#
# ## The oracle
#
# The textbook version comes first, and it stays. Loops over sites and steps, four gates, four matrices, one
# line per equation. It is slow and *obviously* right. Every faster version must give the same numbers.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def textbook(W, x):
    """The last h of every site, (k, B, H)."""
    result = np.empty((k, B, H), x.dtype)
    for site in range(k):
        gates = np.split(W[site], 4)
        U, V, b = ([gate[:, part] for gate in gates] for part in (slice(H), slice(H, H + D), -1))
        h, c = np.zeros((B, H), x.dtype), np.zeros((B, H), x.dtype)
        for t in range(T):
            o = sigmoid(h @ U[0].T + x[site, :, t] @ V[0].T + b[0])
            i = sigmoid(h @ U[1].T + x[site, :, t] @ V[1].T + b[1])
            f = sigmoid(h @ U[2].T + x[site, :, t] @ V[2].T + b[2])
            g = np.tanh(h @ U[3].T + x[site, :, t] @ V[3].T + b[3])
            c = f * c + i * g
            h = o * np.tanh(c)
        result[site] = h
    return result


expected = textbook(W, x)


def agrees(version):
    """The same numbers as the oracle, up to rounding."""
    np.testing.assert_allclose(version(), expected, rtol=1e-4, atol=1e-5)


# %% [markdown]
# ## Step 1: one matrix per layer
#
# Eight products per step (four gates, with $h$ and with $x$) and the biases become one: that is (1). Put $h$,
# $x$ and a 1 one below the other, one column per sample, and the four matrices likewise.


# %%
def one_matrix(W, x):
    result = np.empty((k, B, H), x.dtype)
    for site in range(k):
        h, c, ones = np.zeros((H, B), x.dtype), np.zeros((H, B), x.dtype), np.ones((1, B), x.dtype)
        for t in range(T):
            z = W[site] @ np.concatenate([h, x[site, :, t].T, ones])
            o, i, f = sigmoid(z[: 3 * H]).reshape(3, H, B)
            c = f * c + i * np.tanh(z[3 * H :])
            h = o * np.tanh(c)
        result[site] = h.T
    return result


agrees(lambda: one_matrix(W, x))

# %% [markdown]
# ## Step 2: stack the sites
#
# The sites have different weights, so their products cannot be *one* matrix product. But `np.matmul` takes
# stacks: for arrays $(k, 4H, K)$ and $(k, K, B)$ it multiplies the $k$ pairs in one call. Everything else works
# on all sites at once anyway. The loop over sites disappears.
#
# **Predict:** how many times faster for 8 sites?


# %%
def stacked(W, x):
    h, c, ones = np.zeros((k, H, B), x.dtype), np.zeros((k, H, B), x.dtype), np.ones((k, 1, B), x.dtype)
    for t in range(T):
        z = W @ np.concatenate([h, x[:, :, t].swapaxes(1, 2), ones], axis=1)
        o, i, f = sigmoid(z[:, : 3 * H]).reshape(k, 3, H, B).swapaxes(0, 1)
        c = f * c + i * np.tanh(z[:, 3 * H :])
        h = o * np.tanh(c)
    return h.swapaxes(1, 2)


agrees(lambda: stacked(W, x))

# %% [markdown]
# ## Step 3: buffers
#
# Every expression above asks for new memory, and gives it back. So let us own the arrays and write into them
# (`out=`, `*=`). And $\sigma(z) = \frac{1}{2} (\tanh \frac{z}{2} + 1)$ lets one `tanh` serve all four gates.
# **Predict:** how much faster?

# %%
sites_first = {name: np.zeros((k, rows, B), np.float32) for name, rows in
               (("u", H + D + 1), ("z", 4 * H), ("c", H), ("a", H))}  # fmt: skip


def buffers(W, x):
    u, z, c, a = sites_first.values()
    h, sigmoids = u[:, :H], z[:, : 3 * H]
    o, i, f, g = z.reshape(k, 4, H, B).swapaxes(0, 1)
    h[...], c[...], u[:, -1] = 0, 0, 1
    for t in range(T):
        u[:, H:-1] = x[:, :, t].swapaxes(1, 2)
        np.matmul(W, u, out=z)
        sigmoids *= 0.5
        np.tanh(z, out=z)
        sigmoids += 1
        sigmoids *= 0.5
        c *= f
        np.multiply(i, g, out=a)
        c += a
        np.tanh(c, out=a)
        np.multiply(o, a, out=h)
    return h.swapaxes(1, 2)


agrees(lambda: buffers(W, x))

# %% [markdown]
# ## Step 4: the layout
#
# In those arrays the numbers of one gate lie in pieces: gate `o` of site 0, then `i`, `f` and `g` of site 0,
# then `o` of site 1, and so on. NumPy has to jump from piece to piece. With the *feature* axis before the site
# axis, $(4H, k, B)$, each gate of all sites and samples is **one contiguous slab**. For the product we look at
# the same memory as $(k, 4H, B)$, a view, which costs nothing.

# %%
pieces, slabs = np.ones((k, 4, H, B), np.float32), np.ones((4, H, k, B), np.float32)
times = measure({"pieces": lambda: [np.multiply(pieces[:, 1], pieces[:, 3], out=pieces[:, 0]) for _ in range(100)],
                 "slabs": lambda: [np.multiply(slabs[1], slabs[3], out=slabs[0]) for _ in range(100)]})  # fmt: skip
print(f"i * g in pieces takes {times['pieces'] / times['slabs']:.1f} times as long as in slabs")
assert times["pieces"] > 1.1 * times["slabs"]

# %% [markdown]
# That is the library's layer: `learning/lstm.py`, the same equations in the same order, with the memory turned. (It
# also keeps each step's gates, for the way back.)

# %%
from fgm_ref.learning.lstm import LSTM

layer = LSTM(k, D, H, T, B, np.float32)


def layout(W, x):
    return layer.forward(W, x.transpose(2, 3, 0, 1))[-1].transpose(1, 2, 0)


agrees(lambda: layout(W, x))

VERSIONS = (textbook, one_matrix, stacked, buffers, layout)
times = measure({version.__name__: lambda version=version: version(W, x) for version in VERSIONS})
speed = {name: times["textbook"] / one for name, one in times.items()}
print("times as fast as the textbook:", {name: round(one, 1) for name, one in speed.items()})
assert speed["one_matrix"] > 1.3 and speed["stacked"] > 1.2 * speed["one_matrix"]
assert speed["stacked"] > 2 and speed["layout"] > 2

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots

fig, ax = plt.subplots(figsize=(6.4, 3.2))
bars = ax.barh(list(speed), list(speed.values()), color=plots.SKY, edgecolor=plots.BLUE)
ax.bar_label(bars, fmt="%.1f ×", padding=3)
ax.invert_yaxis()
ax.set(xlabel="times as fast as the textbook version (measured just now)", xlim=(0, 1.15 * max(speed.values())),
       title=f"Forward pass of an LSTM, {k} sites")  # fmt: skip
save(fig, "11")

# %% [markdown]
# The two large steps are those that removed *calls*: gates into one product, sites into one stack. Together
# they are several times as fast. And the last two? Look at your bars: buffers alone are hardly better than `stacked`,
# perhaps not at all, for they make every operation jump through the pieces. Slabs mend that, but element-wise work
# was not what took the time. **Measure before you believe.** The library needs the buffers all the same, since they
# hold what back-propagation needs. What `layout` gains besides comes from the next section.
#
# ## A step, written down once
#
# There is one more thing to win. Each turn of the loop over time looks up the same slices of the same buffers. So
# the library's cells do not compute: they *record* their calls on a tape, once for each shape, and play it for every
# mini-batch (`learning/tape.py`). A tape can be read, too. Here is the first step of a small layer, where `V` is the
# matrix $W$ with a factor ½ in the rows of the three sigmoids, since $\sigma(z) = ½ + ½ \tanh(z/2)$:

# %%
small = LSTM(2, 3, 4, 1, 5, np.float32)
print(small.tape("forward"))

# %% [markdown]
# **Predict:** which line changes `c[1]` for the last time? Step through the tape and look:

# %%
small.forward(rng.normal(size=(2, 16, 8)).astype(np.float32), rng.normal(size=(1, 3, 2, 5)).astype(np.float32))
before = small.c[1].copy()
small.c[1] = 0
written = [call.text for call in small.tape("forward").steps() if np.array_equal(small.c[1], before)]
print(written[0])
assert written[0].startswith("c[1]")

# %% [markdown]
# Nothing is hidden on a tape: played call by call it gives the same numbers. And the textbook's equations, in
# `learning/textbook.py`, are what it is tested against.
#
# ## One product for all time steps
#
# Back-propagation has to walk through time, because $\delta_{t-1}$ needs $\delta_t$. The *weights'* gradient
# does not have to: a sum of products is a product of longer matrices, (2). **Predict:** is the order of
# summation the same? Will the results be bit-equal?

# %%
delta = rng.normal(size=(T, 4 * H, B)).astype(np.float32)
u = rng.normal(size=(T, H + D + 1, B)).astype(np.float32)
wide_delta, wide_u = (np.ascontiguousarray(a.transpose(1, 0, 2)).reshape(a.shape[1], -1) for a in (delta, u))


def step_by_step():
    total = np.zeros((4 * H, H + D + 1), np.float32)
    for t in range(T):
        total += delta[t] @ u[t].T
    return total


def at_once():
    return wide_delta @ wide_u.T


np.testing.assert_allclose(at_once(), step_by_step(), rtol=1e-3, atol=1e-3)
times = measure({"step_by_step": step_by_step, "at_once": at_once}, rounds=200)
print(f"at once: {times['step_by_step'] / times['at_once']:.1f} times as fast")
assert times["step_by_step"] > 1.2 * times["at_once"]

# %% [markdown]
# Not bit-equal, in general: floating-point sums depend on the order, and the library for matrix products
# chooses its own. Hence every comparison here has a tolerance, and no test in this project compares with stored
# bits of trained weights.
#
# ## Does stacking always pay?
#
# **Predict:** how does the time *per site* change from 1 to 30 sites?

# %%
SITES = (1, 2, 3, 5, 8, 12, 20, 30)
layers = {n: LSTM(n, D, H, T, B, np.float32) for n in SITES}
weights = {n: rng.normal(size=(n, 4 * H, H + D + 1)).astype(np.float32) for n in SITES}
data = {n: rng.normal(size=(T, D, n, B)).astype(np.float32) for n in SITES}
times = measure({n: lambda n=n: layers[n].forward(weights[n], data[n]) for n in SITES})
per_site = np.array([times[n] / n for n in SITES]) / times[1]
fig, ax = plt.subplots(figsize=(6.4, 3.2))
ax.plot(SITES, per_site, marker="o", color=plots.BLUE)
ax.set(xscale="log", xlabel="stacked sites (log scale)", ylabel="time per site, 1 site = 1", ylim=(0, None),
       title="What a site costs in a stack")  # fmt: skip
ax.set_xticks(SITES, [str(n) for n in SITES])
ax.minorticks_off()
save(fig, "11-stack")
print("time per site:", dict(zip(SITES, per_site.round(2).tolist(), strict=True)))
assert per_site[SITES.index(8)] < 0.8

# %% [markdown]
# It falls while the calls dominate, then it levels off: once the arithmetic dominates, there is nothing left to
# save. For larger networks it even rises again, when the arrays of a step no longer fit into the processor's
# cache; so `learning/model.py` cuts many sites into stacks that do. And one thing must be checked: what a site computes
# must not depend on the other sites in the stack.

# %%
alone = LSTM(1, D, H, T, B, np.float32)
together = layers[8].forward(weights[8], data[8]).copy()
for site in range(8):
    single = alone.forward(weights[8][site : site + 1], data[8][:, :, site : site + 1])
    np.testing.assert_allclose(single[:, :, 0], together[:, :, site], rtol=1e-5, atol=1e-6)
assert not np.allclose(together[:, :, 0], together[:, :, 1])

# %% [markdown]
# ## Questions
#
# 1. How many calls of `@` does `textbook` make for $k = 8$ and $T = 20$, and how many `stacked`?
# 2. Why can the loop over time not be stacked away as the loop over sites was?
# 3. Why keep the textbook version once the fast one works?
# 4. Why measure *processor* time, and let the versions take turns?
# 5. `buffers` returns a view of its own array. What happens to a caller who keeps it until after the next call?

# %% [markdown]
# ## Answers
#
# 1. 8 per step and site, so $8 \cdot 8 \cdot 20 = 1280$; and 20.
# 2. $h_t$ needs $h_{t-1}$: the steps depend on each other. The sites do not.
# 3. It is the oracle: it is right by inspection, and every later change can be compared with it on random
#    input.
# 4. While other programs have the processor, our clock stands still. But they also empty its caches: taking
#    turns spreads such moments evenly.
# 5. The next call overwrites it. A view into a buffer is valid until then; whoever keeps it must copy (tutorial
#    09 shows why shared memory is treacherous).
