# %% [markdown]
# # 08 · Functional geometric monitoring: the idea
#
# **You will be able to** say why FGM watches a sum, follow one site through a round, read the picture of a round, and
# tell where FGM saves rounds and where it cannot.
#
# **Before:** safe functions (tutorial 06); tutorial 07 helps. Why the numbers are right is proved in
# [08b](08b_subrounds_and_the_proof.ipynb). **Time:** 15 minutes; the code runs for 5 seconds.
#
# **Equations.** What has to stay true, and what the coordinator knows (Samoladas and Garofalakis 2019); both are
# explained below:
#
# $$ \sum_{i=1}^{k} \varphi(X_i) \le 0 \qquad (1) $$
#
# $$ \sum_{i=1}^{k} \varphi(X_i) \lt \psi + \theta (c + k) \qquad (2) $$
#
# **New symbols:** $\psi$, the sum of all $\varphi$ when it was last known; $\theta$, the **quantum**, the unit in which
# sites report; $c$, the number of quanta reported since then. Known ones: $k$ sites; $X_i$, the drift of site $i$ from
# the last global model $E$; $\varphi$, the safe function, which is negative at 0. As long as (1) holds, the mean of all
# models is where it should be (tutorial 06).

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save
from fgm_ref.tutorials.walks import walk, wander

# %% [markdown]
# ## Why watch the sum
#
# A **round** begins when the coordinator ships the global model $E$ to all sites. All drifts are 0. The sites train,
# each on its own. The round ends when all drifts are collected and their mean is added to $E$. Every round ships $2k$
# models, so long rounds are cheap. When does a round have to end?
#
# The simple rule is **GM** (tutorial 07): as soon as *one* $\varphi(X_i)$ is positive. But for (1) only the *sum*
# counts. A site that has gone far may live on what the others have saved.
#
# Think of a joint account. At the start of a round each of the $k$ sites pays in $|\varphi(0)|$. Moving away draws
# money; coming back pays it in again. The balance is minus the sum of all $\varphi$, and it must not be overdrawn. GM
# is the rule "nobody may draw more than he has paid in". FGM watches the balance.
#
# To see what happens, we let four sites wander at random instead of training, with two numbers per model, so that a
# drift is a point in the plane. The safe function is $\varphi(X) = \Vert X \Vert - R$ with $R = 1$.
#
# **Predict:** if only one of the four moves, how far may it go with GM, and how far if the sum counts? Here all four
# move. Does the sum let the round last a tenth longer, about twice as long, or more than four times as long?

# %%
import numpy as np

k, R = 4, 1.0
moves = wander(k, 120, seed=29, length=0.08, common=0.15)  # (steps, k, 2): random, with a small common part
drifts = moves.cumsum(axis=0)  # if nobody ever averages
phi = np.linalg.norm(drifts, axis=-1) - R
one = int(np.argmax((phi > 0).any(axis=1))) + 1
total = int(np.argmax(phi.sum(axis=1) > 0)) + 1
print(f"some site has φ > 0 in step {one}; the sum is positive in step {total}")
assert one == 55 and 1.5 < total / one < 3

# %% [markdown]
# One alone may go to $4R$ instead of $R$. Here all draw, and the round may last about twice as long, so half as many
# models are shipped. But the sum is spread over $k$ sites, and nobody knows
# it. To know it in every step, each site would have to send its $\varphi$ in every step: $k$ numbers, even when
# nothing happens. FGM gets by with far fewer.
#
# ## One site: count quanta, not steps
#
# At the start of a round everybody knows the sum: $\psi = k \varphi(0)$. All sites share a unit, the quantum $\theta$.
# The first one is $-\varphi(0)/2$, half of what each has paid in, so $0.5$ here. Each site notes its $\varphi$ of that
# moment, and counts how many *whole* quanta it has risen since. When that number is higher than ever before, the site
# sends the increase, one small integer (`INCREMENT`). When its $\varphi$ falls again, it says nothing.
#
# Now let the library's own FGM run on our walk. `walk` (in [walks.py](../fgm_ref/tutorials/walks.py)) puts sites
# that move as
# we say in the place of those that train; protocol and network are the library's. It returns the record of the run:
# `result.events` has a row for every message, and `result.series` a value for every step.

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots
from fgm_ref.transport.messages import KINDS

result, _ = walk("fgm", moves, R)
kind = np.array([KINDS[number].name for number in result.events["kind"]])
first = result.events["round"] == 1
last = int(result.events["step"][first].max())  # the step in which round 1 ended
quanta = result.events[first & (kind == "QUANTUM")]  # the later quanta of the round
borders = [0, *quanta["step"].tolist(), last]
site = 1
sent = result.events[first & (kind == "INCREMENT") & (result.events["site"] == site)]

fig, ax = plt.subplots()
curve = np.append(-R, result.series["phi"][:last, site])  # φ(0), then after 1, 2, ... steps
ax.plot(range(last + 1), curve, color=plots.BLUE, label=f"φ of site {site}")
for theta, begin, end in zip([R / 2, *quanta["number"]], borders[:-1], borders[1:], strict=True):
    for height in np.arange(curve[begin], min(0.6, curve[begin] + 6 * theta), theta):
        ax.plot([begin, end], [height, height], color=plots.GREY, linestyle=":", linewidth=0.8)
    ax.axvline(end, color="black", linestyle="--", linewidth=0.8)
ax.plot(sent["step"], sent["value"], "v", color=plots.VERMILLION, label="it sends an increment")
ax.set(xlabel="step (dashed: new quanta)", ylabel="φ(X), length units", ylim=(-1.05, 0.65), xlim=(0, last + 1),
       title="What one site says in a round (dotted: whole quanta)")  # fmt: skip
ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
save(fig, "08-site")
left = -result.series["phi"][last - 1].sum() / (k * R)
print(f"site {site} spoke {len(sent)} times in {last} steps; then {left:.1%} of the slack was left")
assert last == total - 2 and 0 < left < 0.01
assert last > 100 and 0 < len(sent) < last / 5 and (curve[one:] > 0).all()

# %% [markdown]
# A few words instead of more than a hundred. Follow the curve. It crosses a dotted line upwards, and the site speaks.
# It falls and crosses the same line again, and the site is silent. From step 55 on its $\varphi$ is positive. GM would
# have stopped there; here nobody minds.
#
# The sum is positive only in step 114. Why 112 steps? FGM ends a round as soon as a poll finds at most 1 % of the first
# slack left. That was so two steps earlier.
#
# ## The coordinator: told and hidden
#
# The coordinator adds up all increments in $c$. So $c$ quanta have been **told**. But each site may have risen by
# nearly one quantum more, about which it has not yet spoken. So up to $k$ quanta are **hidden**. The sum of all
# $\varphi$ is below $\psi + \theta (c + k)$: that is (2), *the worst that could be true*.
#
# At the start of a round $\theta = -\varphi(0) / 2$ and $\psi = k \varphi(0)$, so $-\psi$ is exactly $2k$ quanta. As
# long as $c \le k$, told and hidden together are at most $2k$. The account cannot be overdrawn, and the coordinator
# can keep quiet.
#
# When $c$ exceeds $k$, the money *may* be gone. So the coordinator asks: every site replies with its current $\varphi$
# (`POLL`, `PHI`). Their sum is the new $\psi$. Usually much is left. It is divided anew: a smaller quantum is sent to
# all (`QUANTUM`), and all count from zero again. That was a **subround**. If at most 1 % of the first slack is left,
# the *round* ends: all drifts are collected, and their mean is shipped.
#
# ## The picture of FGM
#
# Here is the round of our walk. Each layer is what one site has drawn from the account, stacked, as a share of
# $k |\varphi(0)|$, which was paid in. The stepped (red) line is all that the coordinator knows: (2), the worst that
# could be true.
#
# **Predict** where the red line starts, before anybody has moved.

# %%
fig, ax = plt.subplots(figsize=(6.4, 4.2))
plots.phi_stack(result, 1, ax)
tops = np.cumsum(result.series["phi"][last - 30] + R) / (k * R)
for i, top in enumerate(tops):
    ax.text(last - 30, top - 0.02, f"site {i}", va="top", fontsize=8)
ax.set_title("φ of 4 sites, stacked: one round of FGM")
ax.set_ylim(0, 1.25)
ax.legend(fontsize=8, loc="upper left", ncols=2)
ax.annotate("an increment", (10, 0.58), (14, 0.42), fontsize=8, arrowprops={"arrowstyle": "->"})
ax.annotate("a poll", (borders[1], 0.94), (50, 0.84), fontsize=8, arrowprops={"arrowstyle": "->"})
save(fig, "08")

# %% [markdown]
# It starts at one half: $k$ hidden quanta out of $2k$. Each increment lifts it by one quantum. When it would exceed
# the budget, the coordinator polls (dotted line) and learns how little was really used. The red line falls to the
# middle between budget and truth, since half of what is left is set aside for what will be hidden next. Quanta get
# smaller, so the steps get finer where care is needed. At the end of every step the stack is below the red line, and
# the red line never exceeds the budget. So nobody has to see the stack.
#
# Only the step that ends the round may overshoot the budget, if the sites move far in it. (Here it did not.) The
# coordinator notices in the same step, and averages before the next one.
#
# **Predict:** where are the four sites and their mean when the round ends?

# %%
path = result.series["X"][:last]
fig, ax = plt.subplots(figsize=(4.6, 4.2))
for i, style in enumerate(("-", ":", "--", "-.")):
    ax.plot(*np.vstack([[0, 0], path[:, i]]).T, color="#777777", linestyle=style, linewidth=0.8)
    ax.plot(*path[-1, i], "o", color=plots.SKY, markeredgecolor="black", markersize=8)
    ax.annotate(f"site {i}", path[-1, i], (6, 5), textcoords="offset points")
ax.add_patch(plt.Circle((0, 0), R, fill=False, linestyle="--"))
ax.annotate("φ = 0", (-0.71, 0.72), ha="right", fontsize=8)
ax.plot(*path[-1].mean(axis=0), "*", color=plots.VERMILLION, markersize=14, label="mean of the drifts")
ax.set(title="Drifts until the round ended", xlabel="first coordinate, from E", ylabel="second coordinate, from E",
       xlim=(-1.25, 1.45))  # fmt: skip
ax.set_aspect("equal")
ax.legend(fontsize=8, loc="upper right")
save(fig, "08-drifts")

subrounds = len(quanta) + 1
out = np.linalg.norm(path[-1], axis=-1) > R
of_mean = np.linalg.norm(path[-1].mean(axis=0))
print(f"{subrounds} subrounds; sites outside at the end: {out.sum()}; length of the mean drift: {of_mean:.2f} R")
assert subrounds == 5 and out.sum() == 2 and of_mean < 0.7 * R

# %% [markdown]
# Two are outside the circle; GM would have ended the round half as far along. The mean is well inside.
#
# The same round once more as it went. Drifts wander, quanta are told, polls shrink $\theta$.
#
# ![the round as an animation: drifts in the plane, and what the coordinator knows](images/fgm.gif)
#
# You can also go step by step through a round of GM and one of FGM, with real models, in a browser:
# `python -m fgm_ref.demo --html player.html` writes a page that [looks like this](images/player.png).
#
# ## Does it pay?
#
# **Predict:** where does FGM save most rounds against GM: where sites go each their own way, or all one way?

# %%
for common in (0, 0.5, 1):
    gm, fgm = (walk(name, wander(8, 400, seed=1, common=common), R)[0] for name in ("gm", "fgm"))
    rounds = [int(one.series["rounds"][-1]) for one in (gm, fgm)]
    print(f"common part {common}: {rounds[0]} rounds of GM, {rounds[1]} of FGM")
    assert rounds[1] <= rounds[0] / 3 if common == 0 else rounds[1] <= rounds[0]
assert rounds[0] == rounds[1]

# %% [markdown]
# Where each goes its own way, some are far out while others are near $E$, and one lives on the others: at most a
# third of the rounds. ($\varphi$ looks only at lengths; it does not notice drifts that cancel.) Where all go the same
# way, nothing is saved. If everybody draws alike, the account is empty when every single share is.
#
# And in training, with 1591 numbers per model?

# %%
from fgm_ref import load, preset, run

data = load("watch")
SAME = {"steps": 80, "checks": True, "evaluations": 1}
gm, fgm = (run(preset(data, protocol=name, **SAME), data=data) for name in ("gm", "fgm"))
rounds = [int(one.series["rounds"][-1]) for one in (gm, fgm)]
control = sum(fgm.ledger[kind]["bytes"] for kind in ("QUANTUM", "INCREMENT", "PHI")) / fgm.totals["bytes"]
print(f"{rounds[0]} rounds of GM, {rounds[1]} of FGM; all that counting: {control:.2%} of FGM's bytes")
assert rounds[1] < rounds[0] and control < 0.01
assert fgm.final["parameters"] == 1591 and fgm.final["violations"]["missed"] == fgm.final["breaches"] == 0

# %% [markdown]
# Fewer rounds, and the counting is less than 1 % of the bytes. The gain is smaller than on the random walks because
# the sites learn the same thing: part of their movement is common.
#
# What you have seen is the whole protocol, but for the order of events within a step. What you have not seen either is
# why exactly $2k$, what happens when sites come back, and what a subround can cost at most. That is
# [08b](08b_subrounds_and_the_proof.ipynb).

# %% [markdown]
# ## Questions
#
# 1. $k = 5$ and $\varphi(0) = -2$. What is $\psi$ at the start of a round, and what is the first $\theta$? Who has to
#    be told?
# 2. Site 0 rises by 3.7 quanta in one step, then falls by 2, then rises by 2.5. Which increments does it send?
# 3. $k = 4$, $c = 3$. How many quanta are told, how many may be hidden, and may the coordinator keep quiet?
# 4. Why does the red line fall at a poll? Can it fall at an increment?
# 5. All sites march in step, in the same direction and at the same speed. How many more steps does a round of FGM last
#    than one of GM?

# %% [markdown]
# ## Answers
#
# 1. $\psi = -10$ and $\theta = 1$. Nobody: all know $\varphi(0)$.
# 2. First 3. It falls to 1.7: nothing. It rises to 4.2: 4 is one more than ever before, so 1.
# 3. 3 told, up to 4 hidden. Yes: 7 is at most $2k = 8$.
# 4. The poll replaces the worst that could be true by what is true. An increment only adds to what has been told, so
#    the line rises.
# 5. None. All $\varphi$ are equal, so their sum is positive exactly when each of them is. (A unit that is not yet told
#    may even end the round a little earlier.)
