# %% [markdown]
# # 16 · Fewer bits
#
# **You will be able to** write a vector with 8, 4 or 1 bits per number by hand, predict its bytes and its largest
# error, and prove why a sender that remembers its errors can do with one bit.
#
# **Before:** drifts (tutorial 01), averaging (04) and the bill (05). **Time:** 15 minutes; the code runs for 5
# seconds.
#
# **Equations:** rounding to $2L + 1$ levels, and *error feedback* (Seide and others 2014; Karimireddy and others
# 2019), where $C(x)$ is what the other end reads when $x$ is sent:
#
# $$ C(x) = s \cdot \mathrm{round}(x / s) , \qquad s = \max \vert x \vert / L \qquad (1) $$
#
# $$ \hat{x}_t = C(x_t + e_{t-1}) , \qquad e_t = x_t + e_{t-1} - \hat{x}_t \qquad (2) $$
#
# Three symbols are new: $L$, the number of levels above zero; $s$, the **scale**, the length of one level; $e_t$,
# what the sender **owes** after its $t$-th message, with $e_0 = 0$. A hat marks what arrives.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref.transport.codecs import Int4, Sign, size
from fgm_ref.view import plots

# %% [markdown]
# ## What to write with few bits
#
# A number has weighed 4 bytes, 32 bits, so far. That is a precision of seven digits, for a model that changes in the
# second one. Can it be told with less?
#
# Not the model itself: rounded to a few levels it would be worth nothing. But both ends know the last global model
# $E$, so only the *drift* has to be told (and on the way down, the difference between the new and the old $E$). A
# drift that is a few percent wrong is still a good step.
#
# ## By hand, with 4 bits
#
# Four bits have 16 patterns. Take 15 levels, from $-7$ to $7$: so $L = 7$. The scale $s$ is chosen so that the
# largest number is just level 7; it is sent along. **Predict:** how far off can a number be?


# %%
def levels(x, L):
    """(1): whole numbers q (D,) from −L to L, and the scale s."""
    s = abs(x).max() / L
    return np.rint(x / s).astype(int), s


x = np.array([0.80, -0.31, 0.05, 0.02, -0.55, 0.11])
q, s = levels(x, L=7)
print("x  ", x)
print("q  ", q, f"  s = {s:.3f}")
print("q·s", (q * s).round(2))
assert abs(x - q * s).max() <= s / 2 and q.max() == 7

# %% [markdown]
# At most half a level, $s / 2 = \max \vert x \vert / 14$, so 7 % of the largest number. But look at 0.02 and 0.05:
# they arrived as 0 and 0. A number below half a level is not told at all.
#
# **Predict:** what happens to the small ones if there is a single huge number among them?

# %%
with_giant = np.append(x, 50.0)
q, s = levels(with_giant, L=7)
print("with 50.0 among them:", (q * s).round(2))
assert (q[:-1] == 0).all()

# %% [markdown]
# All are gone. So a long vector is cut into **blocks** of 64 numbers, and each block has a scale of its own: a giant
# spoils its own block only. A scale weighs 2 bytes.
#
# **Predict** the bytes of a model of 1591 numbers with 4 bits each. (Two numbers go into a byte.)

# %%
D = 1591
drift = np.random.default_rng(16).normal(size=D).astype(np.float32)
coded = Int4().encode(drift)
predicted = -(-D // 2) + 2 * -(-D // 64)  # −(−a // b) rounds up
print(f"predicted {predicted} bytes, counted {size(coded)}; with 4 bytes per number {4 * D}")
assert size(coded) == predicted == 846 and 7 < 4 * D / predicted < 8

block, arrived = drift[:64], Int4().decode(coded, D)[:64]
q, s = levels(block, L=7)
assert abs(q * s - arrived).max() < 0.01 * s * 7  # the library's scale has half precision, rounded up

# %% [markdown]
# ## One bit
#
# The extreme: of each number only its *sign*, and for each block one length $s$. Which length? The mean of all
# $\vert x \vert$ comes nearest to the block in the sense of least squares.
#
# It is a crude message. **Predict:** a sender wants to say $x = (1, 0.1)$, twenty times, and the receiver adds up
# what it hears. What should the sum be, and what is it?


# %%
def one_bit(x):
    """C(x) with one bit a number: s or −s."""
    return np.where(x >= 0, 1.0, -1.0) * abs(x).mean()


def heard(messages, code, feedback):
    """The sums (n, D) of what has arrived, and what is owed (n, D), after each of the messages (n, D)."""
    owed, total, sums, debts = np.zeros(messages.shape[1]), np.zeros(messages.shape[1]), [], []
    for x in messages:
        arrived = code(x + owed)
        # (2)
        owed = x + owed - arrived if feedback else owed
        total = total + arrived
        sums.append(total)
        debts.append(owed)
    return np.array(sums), np.array(debts)


messages = np.tile([1.0, 0.1], (20, 1))
plain, _ = heard(messages, one_bit, feedback=False)
mended, owed = heard(messages, one_bit, feedback=True)
print("meant                 ", messages.sum(axis=0))
print("heard, no feedback    ", plain[-1].round(2))
print("heard, with feedback  ", mended[-1].round(2), "  still owed", owed[-1].round(2))
assert np.allclose(plain[-1], [11, 11]) and abs(mended[-1] - [20, 2]).max() <= 0.6
assert np.allclose(mended + owed, messages.cumsum(axis=0))
assert np.allclose(Sign().decode(Sign().encode(messages[0]), 2), one_bit(messages[0]), atol=1e-3)

# %% [markdown]
# Each message says $(0.55, 0.55)$, and twenty of them $(11, 11)$ in place of $(20, 2)$. But let the sender remember
# what it could not say, and add it to the next message: that is (2). The sum is then right up to what is owed today.

# %%
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.6), sharex=True)
steps = np.arange(1, 21)
for ax, number, title in zip(axes, (0, 1), ("the number 1", "the number 0.1"), strict=True):
    ax.plot(steps, messages.cumsum(axis=0)[:, number], color=plots.BLACK, linestyle="-", label="meant")
    ax.step(steps, plain[:, number], where="mid", color=plots.VERMILLION, linestyle=":", label="heard, no feedback")
    ax.step(steps, mended[:, number], where="mid", color=plots.BLUE, linestyle="-", label="heard, with feedback")
    ax.set(title=title, xlabel="messages of one bit per number", ylabel="sum so far")
axes[0].legend()
save(fig, "16")

# %% [markdown]
# ## Why one bit is enough
#
# *Nothing is lost.* Write (2) as $\hat{x}_t = x_t + e_{t-1} - e_t$ and add up $n$ messages. The $e$ in the middle
# cancel, and $e_0 = 0$:
#
# $$ \hat{x}_1 + \dots + \hat{x}_n = x_1 + \dots + x_n - e_n . $$
#
# Without feedback the sum of *all* errors would stand there. With it, only what is owed today. And a model is a sum
# of drifts: it is off by $e_n$, however many rounds there have been.
#
# *What is owed stays bounded*, if every message says at least some fixed part of what it is given. In symbols,
# $\Vert x - C(x) \Vert \le c \Vert x \Vert$ with a $c$ below 1. Let no $x_t$ be longer than $\ell$. Then
#
# $$ \Vert e_t \Vert \le c \Vert x_t + e_{t-1} \Vert \le c ( \ell + \Vert e_{t-1} \Vert ) . $$
#
# If $\Vert e_{t-1} \Vert \le c \ell / (1 - c)$, the right-hand side is at most
# $c \ell ( 1 + \frac{c}{1-c} ) = c \ell / (1 - c)$ again. Since $e_0 = 0$, the debt never exceeds
# $\frac{c}{1-c} \ell$.
#
# For $L = 7$, with $\max \vert x \vert$ as the length, $c = 1/14$: the debt is at most $1/13$ of the largest number
# that was ever meant. For one bit $c$ is close to 1 in the worst case and the bound is weak; but it holds, and in
# practice far less is owed.
#
# **Predict:** 1000 random messages of 64 numbers with a common part. How does the error of the sum grow, with and
# without feedback?

# %%
rng = np.random.default_rng(0)
messages = rng.normal(size=64) + rng.normal(size=(1000, 64))  # every message: a common direction, and noise
meant, longest = messages.cumsum(axis=0), np.linalg.norm(messages, axis=1).max()
fig, ax = plt.subplots()
errors = {}
for feedback, color in ((False, plots.VERMILLION), (True, plots.BLUE)):
    sums, _ = heard(messages, one_bit, feedback)
    errors[feedback] = np.linalg.norm(sums - meant, axis=1) / longest
    ax.loglog(np.arange(1, 1001), errors[feedback], color=color, label="with feedback" if feedback else "no feedback")
ax.set(xlabel="messages (log scale)", ylabel="error of the sum, in lengths of a message", title="One bit per number")
ax.legend()
save(fig, "16-owed")
print(f"after 1000 messages: {errors[False][-1]:.0f} without feedback, {errors[True][-1]:.1f} with it")
assert errors[False][-1] > 5 * errors[False][99] > 50 and errors[True].max() < 5

# %% [markdown]
# Without feedback the error grows with every message, for the same thing is said wrongly each time. With feedback it
# stays at the length of a few messages, whether there were a hundred or a thousand.
#
# ## With a network
#
# An LSTM of 2128 numbers on `nyc_flights`, six sites, averaged in every fifth of 120 steps: 24 rounds. **Predict**
# the bytes with one bit per number first, then the loss, with (`+ef`) and without feedback.

# %%
from dataclasses import replace

from fgm_ref import load, preset, run

data = load("nyc_flights")
data = replace(data, x_test=data.x_test[::6], y_test=data.y_test[::6])
SAME = {"hidden": (12,), "steps": 120, "lr": 0.04, "evaluations": 1}


def train(codec, **more):
    """(bytes, losses of three seeds)."""
    results = [run(preset(data, protocol="periodic:b=5", codec=codec, seed=seed, **SAME, **more), data=data)
               for seed in range(3)]  # fmt: skip
    return results[0].totals["bytes"], np.array([result.final["loss"] for result in results])


CODECS = ("float32", "int8", "int4", "ternary", "sign", "int8+ef", "int4+ef", "ternary+ef", "sign+ef")
found = {codec: train(codec) for codec in CODECS}
for codec, (number, losses) in found.items():
    print(f"{codec:<11} {number / 1e6:5.2f} MB   loss {losses.mean():.3f}")
k, D, rounds = 6, 2128, 24
assert found["float32"][0] == 4 * k * D + rounds * 2 * k * 4 * D
assert found["sign"][0] == found["sign+ef"][0] == 4 * k * D + rounds * 2 * k * (-(-D // 8) + 2 * -(-D // 64))

# %%
fig, ax = plt.subplots(figsize=(6.4, 4))
lossy = CODECS[1:5]
for names, look, label in ((lossy, {"color": plots.VERMILLION, "linestyle": ":", "marker": "s"}, "no feedback"),
                           ([f"{name}+ef" for name in lossy], {"color": plots.BLUE, "linestyle": "-", "marker": "o"},
                            "with feedback")):  # fmt: skip
    ax.plot([found[name][0] / 1e6 for name in names], [found[name][1].mean() for name in names], label=label, **look)
for name in ("float32", "int8", "int4", "ternary", "sign"):
    ax.annotate(name, (found[name][0] / 1e6, found[name][1].mean()), (5, 6), textcoords="offset points", fontsize=9)
ax.plot(found["float32"][0] / 1e6, found["float32"][1].mean(), "*", color=plots.BLACK, markersize=11)
ax.set(xscale="log", xlabel="payload, MB (log scale)", ylabel="final test loss, mean of three seeds", xlim=(0.12, 4.5),
       title="The same 24 rounds, written in fewer bits")  # fmt: skip
ax.set_xticks((0.2, 0.5, 1, 2), ("0.2", "0.5", "1", "2"))
ax.minorticks_off()
ax.legend()
save(fig, "16-losses")
loss = {codec: losses.mean() for codec, (_, losses) in found.items()}
assert abs(loss["int4"] - loss["float32"]) < 0.01 and abs(loss["int8"] - loss["float32"]) < 0.01
assert loss["sign"] > loss["float32"] + 0.2 and loss["sign+ef"] < loss["float32"] + 0.07
assert loss["ternary+ef"] < loss["ternary"] - 0.01
assert 6 < found["float32"][0] / found["int4"][0] < 7 and 15 < found["float32"][0] / found["sign"][0] < 18

# %% [markdown]
# With 8 and with 4 bits there is no loss to be seen, feedback or not. With one bit and no feedback the training is
# ruined. With feedback the same bytes bring it back to within a few hundredths. `ternary` (levels $-1$, 0, 1: five
# numbers in a byte) with feedback lies between.
#
# Feedback needs *time*: a small number waits until enough of it has come together. A run of few rounds is over before
# that, so `sign` suffers first. 24 rounds are few.
#
# ## What is left of the bill
#
# `sign` has $1/32$ of the bits, yet the bill fell only to a sixteenth. **Predict:** what makes up the rest?

# %%
first_models = 4 * k * D
print(f"the first models: {first_models / found['sign+ef'][0]:.0%} of the bytes of sign+ef")
seeded, losses = train("sign+ef", start="seed")
print(f"made from a seed at both ends: {seeded / 1e6:.3f} MB, loss {losses.mean():.3f}")
assert first_models / found["sign+ef"][0] > 0.3 and seeded == found["sign+ef"][0] - first_models + 8 * k
assert np.allclose(losses, found["sign+ef"][1], atol=0.05)

# %% [markdown]
# The first models, which are sent whole. But they are random numbers that come from a seed; 8 bytes for the seed let
# every site make the same numbers itself.
#
# And the promise? Sites and coordinator both go on with what has *arrived*, so $E$ is the same number everywhere and
# drifts are counted from it. A guarantee about drifts from $E$ holds as before ([reference](reference.md#codecs)).
#
# ## Questions
#
# 1. Write $x = (0.6, -0.25, 0.08)$ with $L = 3$. What arrives?
# 2. How many bytes has a drift of 640 numbers with 4 bits per number and blocks of 64? With one bit?
# 3. Send $x = (1, 0.1)$ twice with one bit and feedback. What is heard each time, and what is owed after both?
# 4. $c = 0.5$, and no message is longer than 2. How much can be owed at most?
# 5. Why must the *same* sender add the error to its next message? What goes wrong if the coordinator sends a rounded
#    mean to one group of sites, and adds the error to a message to another group?

# %% [markdown]
# ## Answers
#
# 1. $s = 0.2$ and $x / s = (3, -1.25, 0.4)$, so $q = (3, -1, 0)$ and $(0.6, -0.2, 0)$ arrives.
# 2. 320 bytes and ten scales of 2 bytes, 340. With one bit, $80 + 20 = 100$.
# 3. $(0.55, 0.55)$, and $(0.45, -0.45)$ is owed. Then $x + e = (1.45, -0.35)$ is to be said, its mean length is 0.9,
#    so $(0.9, -0.9)$ is heard, and $(0.55, 0.55)$ is owed.
# 4. $\frac{0.5}{1 - 0.5} \cdot 2 = 2$.
# 5. Only a receiver that has heard the error can be helped by its correction: the sums cancel *per receiver*. The
#    first group would keep its error for ever, and the second would be given one that it never had.
