# %% [markdown]
# # 06 · Safe by convexity
#
# **You will be able to** prove that four sites which look only at themselves can vouch for their mean; test the
# claim by drawing thousands of cases; and break it with a function that is not convex.
#
# **Before:** tutorial 01 (drifts as arrows). Vectors, lengths, the triangle inequality. **Time:** 15 minutes; the
# code runs for 2 seconds.
#
# **Equations.** Jensen's inequality, for a convex $\varphi$, and what follows from it, *mean safety*:
#
# $$ \varphi \left( \frac{1}{k} \sum_{i=1}^{k} X_i \right) \le \frac{1}{k} \sum_{i=1}^{k} \varphi(X_i) \qquad (1) $$
#
# $$ \sum_{i=1}^{k} \varphi(X_i) \le 0 \quad \Rightarrow \quad S \in A \qquad (2) $$
#
# Three symbols are new.
#
# - $S = E + \frac{1}{k} \sum_i X_i$, the **true mean model**. All sites know $E$, the last global model. Site $i$
#   knows its own drift $X_i$. Nobody knows $S$ before the drifts are collected, and collecting is what we want to
#   avoid.
# - $A$, the **admissible region**: where $S$ has to be. We choose it, with a radius $R$. "Not farther than $R$ from
#   $E$" is a ball; "between $0.7$ and $1.3$ times as long as $E$" is a shell around the origin.
# - $\varphi$, the **safe function**: what each site computes from its own drift. Below zero is fine.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref.view.plots import BLACK, BLUE, GREY, ORANGE, VERMILLION
from fgm_ref.safe import Ball, Cap, HalfSpace

E = np.array([2.0, 0.0])  # a model with two numbers, so that we can draw it
R = 0.6

# %% [markdown]
# ## A first idea, and why it fails
#
# Let $A$ be the shell: $S$ may turn, but its length must stay within $R$ of that of $E$. Idea: *every site
# makes sure that its own model is in the shell. Then so is the mean.*
#
# **Predict:** site 1 has the model $(0, 2)$ and site 2 has $(0, -2)$. Both have exactly the length of $E$. Is their
# mean in the shell?


# %%
def in_shell(model):
    """Whether the length of a model (..., 2) is within R of that of E."""
    return abs(np.linalg.norm(model, axis=-1) - np.linalg.norm(E)) <= R


two = np.array([[0.0, 2.0], [0.0, -2.0]])
print("each site inside:", in_shell(two), "  their mean", two.mean(axis=0), "inside:", in_shell(two.mean(axis=0)))
assert in_shell(two).all() and not in_shell(two.mean(axis=0))

# %% [markdown]
# Their mean is $(0, 0)$, in the hole. The idea works only for regions that contain, with any two points, the whole
# line between them: **convex** regions. A shell is not one. Most regions that one would like are not.
#
# ## The way out: a function that is convex
#
# A function is convex if it lies below its chords: for any two points $X$, $Y$ and any $t$ between 0 and 1
#
# $$ \varphi(t X + (1 - t) Y) \le t \cdot \varphi(X) + (1 - t) \cdot \varphi(Y) . $$
#
# For instance $\varphi(X) = \Vert X \Vert - R$, by the triangle inequality:
#
# $$ \Vert t X + (1 - t) Y \Vert \le t \Vert X \Vert + (1 - t) \Vert Y \Vert . $$
#
# The honest description of the shell takes the difference of lengths $d = \Vert E + X \Vert - \Vert E \Vert$. Then
# $\chi(X) = \vert d \vert - R$ is negative exactly where $E + X$ is inside the shell. But it is not convex. Walk from
# the drift of site 1 to that of site 2 and look at both.


# %%
def ball(X):
    """φ(X) = ‖X‖ − R, convex."""
    return np.linalg.norm(X, axis=-1) - R


def shell(X):
    """χ(X) = |‖E + X‖ − ‖E‖| − R, not convex."""
    return abs(np.linalg.norm(E + X, axis=-1) - np.linalg.norm(E)) - R


t = np.linspace(0, 1, 101)
way = (1 - t)[:, None] * (two[0] - E) + t[:, None] * (two[1] - E)  # (101, 2) drifts
fig, axes = plt.subplots(1, 2, figsize=(7, 3.2))
for ax, function, title in zip(axes, (ball, shell), ("convex: below its chord", "not convex: above it"), strict=True):
    values = function(way)
    ax.plot(t, values, label="the function")
    ax.plot(t[[0, -1]], values[[0, -1]], label="its chord", marker="o")
    ax.axhline(0, color=GREY, linestyle=":")
    ax.set(title=title, xlabel="share t of the way from site 1 to site 2", ylabel="value (length)")
axes[0].legend()
save(fig, "06_chords")
assert (ball(way) <= (1 - t) * ball(way[0]) + t * ball(way[-1]) + 1e-12).all()
assert shell(way[50]) > 0 > max(shell(way[0]), shell(way[-1]))

# %% [markdown]
# ## Jensen's inequality
#
# A chord has two ends; we have $k$ sites. **Claim:** (1) holds for every $k$. **Proof** by induction.
#
# For $k = 1$ both sides are equal. Let it hold for $k - 1$ sites. The mean of $k$ drifts is a point on the way
# between the last one and the mean of the others, $M = \frac{1}{k-1} (X_1 + \ldots + X_{k-1})$:
#
# $$ \frac{1}{k} \sum_{i=1}^{k} X_i = \frac{1}{k} X_k + \left( 1 - \frac{1}{k} \right) M . $$
#
# The chord inequality with $t = 1/k$, and then the claim for $k - 1$ sites, give
#
# $$ \varphi \left( \frac{1}{k} \sum_{i=1}^{k} X_i \right) \le \frac{1}{k} \varphi(X_k) + \frac{k-1}{k} \varphi(M)
#    \le \frac{1}{k} \varphi(X_k) + \frac{k-1}{k} \cdot \frac{1}{k-1} \sum_{i=1}^{k-1} \varphi(X_i) , $$
#
# and the right side is the mean of all $k$ values. This is (1).
#
# ## Mean safety
#
# Choose a convex $\varphi$ whose **zone**, the drifts with $\varphi(X) \le 0$, lies inside $A$ once $E$ is added:
#
# $$ \varphi(X) \le 0 \quad \Rightarrow \quad E + X \in A . \qquad (3) $$
#
# Let $\sum_i \varphi(X_i) \le 0$. By (1), $\varphi$ of the mean drift is at most
# $\frac{1}{k} \sum_i \varphi(X_i) \le 0$. So the mean drift is in the zone, and by (3)
# $S = E + \frac{1}{k} \sum_i X_i$ is in $A$. This is (2), and it is all there is to it.
#
# Look at what was *not* needed. Single sites may have $\varphi(X_i) > 0$; only the sum counts. $A$ need not be
# convex; only the zone is. And we want $\varphi(0) \lt 0$, so that a round starts with some slack.
#
# But is the sum not as unknown as $S$? It is made of one number per site instead of a whole model, and that makes the
# difference. If every site makes sure that its *own* $\varphi(X_i) \le 0$, the sum is safe and nobody has said a
# word: tutorial 07. Or the sites report now and then, in small units, how far their $\varphi$ has risen: tutorial 08.
#
# ## A convex zone for the shell
#
# The shell has an outer and an inner edge. The outer one is a sphere, and its inside is convex. The hole is avoided
# by staying on $E$'s side of a line (in more dimensions, a plane) that touches it. The part of a drift that goes
# along $E$ is $X \cdot E / \Vert E \Vert$; it must be at least $-R$. So
# $\Vert E + X \Vert \ge$ its part along $E$ $\ge \Vert E \Vert - R$: outside the hole. Both conditions at once; the
# larger of two convex functions is convex:
#
# $$ \varphi(X) = \max \left( -R - \frac{X \cdot E}{\Vert E \Vert} , \quad
#    \Vert E + X \Vert - \Vert E \Vert - R \right) . $$
#
# The library calls it `Cap`. Our version must agree with it.


# %%
def cap(X):
    """A convex function whose zone lies in the shell."""
    length = np.linalg.norm(E)
    return np.maximum(-R - X @ E / length, np.linalg.norm(E + X, axis=-1) - length - R)


rng = np.random.default_rng(6)
some = rng.normal(size=(1000, 2))
np.testing.assert_allclose(cap(some), Cap(E, R)(some), atol=1e-12)
np.testing.assert_allclose(ball(some), Ball(E, R)(some), atol=1e-12)
assert cap(np.zeros(2)) == -R

# %%
angle = np.linspace(0, 2 * np.pi, 200)
circle = np.stack([np.cos(angle), np.sin(angle)])
x, y = np.meshgrid(np.linspace(-2.9, 2.9, 300), np.linspace(-2.9, 2.9, 300))
values = cap(np.stack([x, y], axis=-1) - E)
drifts = np.array([[-0.8, 0.9], [0.2, -1.2], [0.4, 0.9], [0.35, 0.4]])
mean = drifts.mean(axis=0)

fig, ax = plt.subplots(figsize=(5.6, 5))
ax.fill(*(2.6 * circle), color="#E4E4E4")
ax.fill(*(1.4 * circle), color="white")
ax.contourf(x, y, values, levels=[-10, 0], colors=["#A9D0E8"])
ax.contour(x, y, values, levels=[0], colors=[BLUE], linewidths=1.5)
for drift in drifts:
    ax.annotate("", E + drift, E, arrowprops={"arrowstyle": "->", "color": ORANGE, "linewidth": 1.6})
ax.plot(*E, "o", color=BLACK)
ax.plot(*(E + mean), "*", color=VERMILLION, markersize=14)
ax.annotate("S", E + mean, xytext=(-14, 4), textcoords="offset points", color=VERMILLION)
ax.annotate("E", E, xytext=(-14, -12), textcoords="offset points")
ax.annotate("admissible:\nthe shell", (-2.5, 0), color="#555555", va="center", fontsize=9)
ax.annotate("zone\nφ ≤ 0", (1.75, 1.55), color=BLUE, ha="center", va="center", fontsize=9)
ax.set(aspect="equal", xlabel="first number of the model", ylabel="second number", title="A safe zone inside the shell")
save(fig, "06")
assert cap(drifts).sum() <= 0 and in_shell(E + mean)
assert (cap(drifts) > 0).sum() == 1

# %% [markdown]
# The arrows are four drifts. One of them has left the zone, and its site alone could not tell whether $S$ is
# still admissible. The sum of the four values is negative all the same, so the mean (the star) is safe. Nobody
# had to know the star to be sure of it.
#
# ## Predict, run, count
#
# A proof can be wrong, and so can a program. Draw 20,000 times four random models. Each has a length between 1.2 and
# 2.8, so three in four are in the shell, which goes from 1.4 to 2.6. Their directions scatter around that of $E$, by
# 0.2, 0.5 or 3 radians (standard deviation), each in a third of the cases. The drifts are the models minus $E$.
#
# Count how often the sites say "safe" (the sum is at most zero), and how often the mean is then *outside* the shell.
# **Predict** both counts, to a few thousand, for `cap` (one of them you know exactly); and for `shell`, if we let the
# sites use that.


# %%
def hunt(function, cases=20_000, k=4):
    """Draw cases; return how many the sites call safe, and how many of those are not."""
    lengths = rng.uniform(1.2, 2.8, (cases, k))
    turn = rng.normal(0, rng.choice([0.2, 0.5, 3.0], (cases, 1)), (cases, k))
    X = np.stack([lengths * np.cos(turn), lengths * np.sin(turn)], axis=-1) - E  # (cases, k, 2)
    says_safe = function(X).sum(axis=1) <= 0
    outside = ~in_shell(E + X.mean(axis=1))
    return int(says_safe.sum()), int((says_safe & outside).sum())


for function in (cap, shell):
    safe, wrong = hunt(function)
    print(f"{function.__name__:>5}: {safe:6,} of 20,000 called safe, {wrong:5,} of them wrongly")
    assert safe > 4000  # else the test would prove nothing
    assert (wrong == 0) == (function is cap)
assert wrong > 1000

# %% [markdown]
# With the convex function not one case in 20,000 is wrong; with the other one thousands are. The zone of `shell` is
# larger (it is the whole shell), so its sites are silent more often. But their silence means nothing, like that of a
# smoke alarm without a battery.
#
# Your own safe function can be hunted in the same way, only harder: `python -m fgm_ref.check_safe my_module:MyZone`.
#
# ## What safety costs
#
# (2) goes in one direction only. The sum may be positive although the mean is well inside: a **false alarm**.
# Take the ball, and let each of four sites go exactly as far as $R$. **Predict** where their mean is: if all go the
# same way; if two go one way and two the opposite way; if each goes in a random direction in a thousand dimensions.

# %%
here = np.array([1.0, 0.0]) * R
together, opposite = np.array([here] * 4), np.array([here, here, -here, -here])
random = rng.normal(size=(4, 1000))
random *= R / np.linalg.norm(random, axis=1, keepdims=True)
for name, X in (("together", together), ("opposite", opposite), ("random", random)):
    print(f"{name:>9}: sum of φ {ball(X).sum():5.2f}, mean drift {np.linalg.norm(X.mean(axis=0)) / R:.2f} R")
assert np.isclose(np.linalg.norm(together.mean(axis=0)), R) and np.allclose(opposite.mean(axis=0), 0)
assert 0.45 < np.linalg.norm(random.mean(axis=0)) / R < 0.55

# %% [markdown]
# In all three cases the sum is zero: no slack is left, and the next step outwards sounds the alarm. If all go
# together, the mean really is at the edge, and the alarm is right. If they go opposite ways, the mean has not
# moved at all. In many dimensions random directions are nearly at right angles, so squared lengths add up
# (Pythagoras), and the mean of $k$ drifts has length $R / \sqrt{k}$: half of $R$ for four sites. That is the price for
# not talking, and the reason why there are protocols that let drifts cancel (*rebalancing*).
#
# An affine function loses nothing: (1) is then an equation. The half-space `HalfSpace` is the safe function for "S
# keeps most of its length along E".

# %%
affine = HalfSpace(E, R)
X = rng.normal(size=(4, 2))
assert np.isclose(affine(X).sum(), 4 * affine(X.mean(axis=0)))

# %% [markdown]
# ## Questions
#
# 1. Where in the proof of (2) is it used that $\varphi$ is convex, and where that its zone lies in $A$?
# 2. Four sites use the ball. Three have not moved. How far may the fourth go before the sum is positive?
# 3. Is the larger of two convex functions convex? And the smaller? (Try $x$ and $-x$.)
# 4. Somebody proposes $\varphi(X) = \Vert X \Vert^2 - R^2$. Is it safe for the ball? Which alarm comes earlier,
#    this one or that of $\Vert X \Vert - R$, when the sites have gone unequally far? (The mean of squares is at
#    least the square of the mean.)
# 5. Why does (2) not hold for $\chi$, although $\chi(X) \le 0$ means precisely that $E + X$ is in the shell?

# %% [markdown]
# ## Answers
#
# 1. Convexity gives Jensen, from the sum to the mean drift. The zone gives (3), from the mean drift to $S \in A$.
# 2. $\Vert X_4 \Vert - R - 3R \le 0$, so up to $4R$. The mean has then moved by $R$, as it may.
# 3. The larger is (`cap` is one): each lies below its chord, which lies below the chord of the maximum. The smaller
#    is not, in general: $\min(x, -x) = -\vert x \vert$ is not.
# 4. It is convex and its zone is the ball, so it is safe. It comes earlier: the mean of squares is at least the
#    square of the mean. (It bounds more than $S$: the mean of the $\Vert X_i \Vert^2$ is at most $R^2$.)
# 5. Step (3) holds, Jensen does not: on the way between two drifts with negative $\chi$ there may be positive
#    values.
