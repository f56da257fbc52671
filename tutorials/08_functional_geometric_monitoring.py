# %% [markdown]
# # 08 · Functional geometric monitoring
#
# **You will be able to** play a round of FGM by hand, read its picture, say why its unit is cut into $2k$
# pieces, and predict its messages.
#
# **Before:** safe functions (tutorial 06); tutorial 07 helps. **Time:** 20 minutes; the code runs for 8
# seconds.
#
# **Equations** (Samoladas and Garofalakis 2019):
#
# $$ \theta = - \frac{\psi}{2k} \qquad (1) $$
#
# $$ c \le k \quad \Rightarrow \quad \sum_{i=1}^{k} \varphi(X_i) \lt \psi + \theta (c + k) \le 0 \qquad (2) $$
#
# **New symbols:** $\psi$, the sum of all $\varphi$ as far as the coordinator knows it, so that $-\psi$ is the
# **slack**; $\theta$, the quantum; $c$, the counter. Known ones: $k$ sites, drifts $X_i$, the safe function
# $\varphi$, which is negative at 0. As long as the *sum* of $\varphi$ over all sites is at most 0, the mean
# model is safe.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save
from fgm_ref.tutorials.walks import outward, walk, wander

# %% [markdown]
# ## Why watch the sum
#
# A **round** begins when the coordinator ships the global model $E$ to all sites; their drifts are 0. They
# train, each on its own. It ends when all drifts are collected and their mean is added to $E$. Each round ships
# $2k$ models, so long rounds are cheap rounds. When does a round have to end?
#
# The simple rule, **GM** (tutorial 07): as soon as *one* $\varphi(X_i)$ is positive. But safety needs only that
# the *sum* is not positive: a site that has gone far may live on what the others have saved. Think of a joint
# account. At the start of a round each of $k$ sites pays in $|\varphi(0)|$. Moving away draws money, coming
# back pays it in again. The balance is minus the sum of all $\varphi$; it must not be overdrawn. GM is the rule
# "nobody may draw more than he has paid in". FGM asks for the balance of the account.
#
# To see what happens, we let four sites wander at random instead of training, with two numbers per model, so
# that a drift is a point in the plane. The safe function is $\varphi(X) = \Vert X \Vert - 1$.
#
# **Predict:** How many times longer may a round last if the sum counts?

# %%
import numpy as np

k, R = 4, 1.0
moves = wander(k, 120, seed=29, length=0.08, common=0.15)
drifts = moves.cumsum(axis=0)  # nobody averages: (steps, k, 2)
phi = np.linalg.norm(drifts, axis=-1) - R
one = int(np.argmax((phi > 0).any(axis=1))) + 1
total = int(np.argmax(phi.sum(axis=1) > 0)) + 1
print(f"some site has φ > 0 in step {one}; the sum is positive in step {total}")
assert 1.5 < total / one < 3

# %% [markdown]
# About twice as long here, so half as many models are shipped. But the sum is spread over $k$ sites, and nobody
# knows it. To know it in every step, each of them would have to send its $\varphi$ in every step. That is $k$
# words per step, even when nothing happens. FGM makes do with at most $3k + 1$ words per *subround*, and a
# round has only a few of those.
#
# ## One site: count quanta, not steps
#
# Let the coordinator know $\psi$, the sum of all $\varphi$ at some moment (at the start of a round
# $\psi = k \varphi(0)$, known to everybody). It gives every site the same **quantum** $\theta$. Site $i$ notes
# its value $z_i$ of that moment and counts how many *whole* quanta its $\varphi$ has risen above $z_i$. When
# that number is higher than ever before, it sends the increase, one small integer (`INCREMENT`). When $\varphi$
# falls again, it says nothing. Let us watch one site. (The first quantum is $-\varphi(0)/2 = 0.5$; why, we will
# see.)

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots
from fgm_ref.transport.messages import KINDS

result, game = walk("fgm", moves, R)
kind = np.array([KINDS[number].name for number in result.events["kind"]])
first = result.events["round"] == 1
last = int(result.events["step"][first].max())  # the step in which round 1 ended
quanta = result.events[first & (kind == "QUANTUM")]  # the later quanta; the first one is -φ(0)/2
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
       title="What one site says in a round (dotted: whole quanta above z)")  # fmt: skip
ax.legend(fontsize=8, loc="lower right")
save(fig, "08-site")
print(f"site {site} spoke {len(sent)} times in {last} steps")
assert 0 < len(sent) < last / 5 and one == 55 and (curve[one:] > 0).all()

# %% [markdown]
# A few words instead of more than a hundred. Follow the curve: it crosses a dotted line upwards, the site
# speaks; it falls and crosses the same line again, and the site is silent. Note that $\varphi$ is positive from
# step 55 on. GM would have stopped there; here nobody minds. (Where the *new*, smaller quanta come from, we
# will see soon.)
#
# ## Why $2k$
#
# The coordinator adds up all increments in $c$. What does it know? Site $i$ has told $c_i$ quanta, and its
# $\varphi$ is *less than one more quantum* above that, otherwise it would have spoken. (It may have fallen
# meanwhile; all the better.) So
#
# $$ \varphi(X_i) \lt z_i + (c_i + 1) \theta . $$
#
# Add this up over the sites. The $z_i$ add up to $\psi$, the $c_i$ to $c$, and the ones to $k$:
#
# $$ \sum_{i=1}^{k} \varphi(X_i) \lt \psi + (c + k) \theta . $$
#
# These are the two parts: $c$ quanta that have been **told**, and up to $k$ that are **hidden**, one at each
# site. If we let the coordinator wait as long as $c \le k$, both parts together are at most $2k$ quanta. That
# must not be more than the slack $-\psi$, hence (1), and then (2) holds. Why wait until $k$ and not $k/2$ or
# $3k$? One could: with "wait while $c \le m$" the quantum is $-\psi / (m + k)$. For $m = k$ the told and the
# hidden half are equal, and at least half of the slack is used up before anybody is asked (if nobody comes
# back).
#
# **Predict:** let us try to cheat. All four sites creep up by 0.95 quanta and keep silent; then each goes up
# one quantum more and says so: $c = 4 = k$, and the coordinator still waits. What part of the slack is used up?

# %%
from fgm_ref.tutorials.walks import Walk

creep = Walk("fgm", k, R)
theta = creep.sites.theta
straight = np.stack([[np.cos(a), np.sin(a)] for a in (0, 1.5, 3, 4.5)])
for rise in (0.95, 1.0):
    creep.step(rise * theta * straight)
used = (creep.sites.values.sum() - k * creep.sites.at_zero) / (k * R)
print(f"c = {creep.coordinator.c}, subround {creep.coordinator.subround}, slack used up: {used:.1%}")
assert creep.coordinator.c == k and creep.coordinator.subround == 0
assert 0.974 < used < 0.976

# %%
fig, ax = plt.subplots(figsize=(6.4, 2.2))
place = 0.0
for i in range(k):
    told = creep.sites.c[i] * theta
    hidden = creep.sites.values[i] - creep.sites.z[i] - told
    ax.barh(0, told, left=place, color=plots.BLUE, edgecolor="white", label="told" if i == 0 else None)
    ax.barh(0, hidden, left=place + told, color=plots.ORANGE, hatch="//", edgecolor="white",
            label="hidden" if i == 0 else None)  # fmt: skip
    ax.text(place + (told + hidden) / 2, 0.5, f"site {i}", ha="center")
    place += told + hidden
ax.axvline(k * R, color="black", linestyle="--", label="slack")
ax.set(xlabel="rise of the sum of φ, length units", ylim=(-0.5, 1.5), yticks=[],
       title="The worst case: c = k, and silence")  # fmt: skip
ax.legend(ncols=3, loc="upper left", fontsize=8)
save(fig, "08-worst")

# %% [markdown]
# Nearly all of it (97.5 %), but not more: with $2k$ in (1) the cheat cannot win. With $k$ instead of $2k$ the
# quantum would be twice as large, and the same game would overdraw the account by almost the whole slack.
# Tutorial 09 plants such a mistake.
#
# ## Subrounds: ask, and divide what is left
#
# When $c \gt k$, the coordinator knows only that much *may* be used up. So it asks: `POLL`, and every site
# replies with its current $\varphi$ (`PHI`, one word). The fresh sum is the new $\psi$. If it is clearly
# negative, there is slack left: the coordinator sends the new, smaller quantum (1) to all, the sites note their
# new $z_i$, the counters are 0 again, and a new **subround** starts. If nothing is left (less than 1 % of
# $k \vert \varphi(0) \vert$), the **round** ends: drifts are collected, the mean is shipped. In a step all
# sites first train; then those with news speak, one after another in random order, and a poll with its new
# quantum happens at once, before the next one speaks. (Nobody need tell of more than $k + 1$ quanta: a poll is
# sure anyway.) That is the whole protocol. Here it is for one round, as a toy, next to the library's.


# %%
def toy_round(phi, zero, order, epsilon=0.01):
    """[(step, message, number)] of one round, for the values phi (steps, k) of φ; `zero` is φ(0).

    `order` draws in which order the sites have their turn within a step.
    """
    k = phi.shape[1]
    psi, log = k * zero, []
    theta, z, said = -psi / (2 * k), np.full(k, zero), np.zeros(k, int)  # θ = −ψ/(2k), z_i, c_i
    for step, now in enumerate(phi, 1):
        for i in order.permutation(np.flatnonzero(np.floor((now - z) / theta) > said)):
            more = min(int(np.floor((now[i] - z[i]) / theta)), k + 1) - said[i]
            if more <= 0:  # an earlier site has set off a new subround
                continue
            said[i] += more
            log.append((step, "INCREMENT", more))
            if said.sum() > k:  # c > k
                psi = now.sum()
                log.append((step, "PHI", None))
                if psi >= epsilon * k * zero:
                    return [*log, (step, "DRIFT", None)]
                theta, z, said = -psi / (2 * k), now.copy(), np.zeros(k, int)
                log.append((step, "QUANTUM", theta))
    return log


def library_round(result):
    """The same, of round 1, from a run's log."""
    names = [KINDS[number].name for number in result.events["kind"]]
    events = [(name, event) for name, event in zip(names, result.events, strict=True) if event["round"] == 1]
    return [(int(event["step"]), name, event["number"] if name in ("INCREMENT", "QUANTUM") else None)
            for name, event in events if name in ("INCREMENT", "PHI", "QUANTUM", "DRIFT")]  # fmt: skip


compared = 0
for seed in range(40):
    some = wander(k=3 + seed % 5, steps=60, seed=seed, length=0.12, common=0.2)
    values = np.linalg.norm(some.cumsum(axis=0), axis=-1) - R
    toy = toy_round(values, -R, np.random.default_rng(0).spawn(2)[1])
    library = library_round(walk("fgm", some, R)[0])
    assert [event[:2] for event in toy] == [event[:2] for event in library]
    np.testing.assert_allclose([e[2] or 0 for e in toy], [e[2] or 0 for e in library], atol=1e-9)
    compared += len(toy)
print(f"toy and library agree in {compared} messages of 40 walks")
assert compared > 500

# %% [markdown]
# ## The picture of FGM
#
# This is the round of the walk above. Each layer is what one site has drawn from the account, stacked, as a
# share of $k |\varphi(0)|$. The stepped (red) line is all that the coordinator knows: $\psi + (c + k) \theta$,
# *the worst that could be true*.

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
# Read it from left to right. The red line starts at one half, before anybody has moved: $k$ hidden quanta out
# of $2k$. Each increment lifts it by one quantum. When it would exceed the budget ($c \gt k$), the coordinator
# polls (dotted line), learns how little was really used, and the line falls half way down from the budget to
# the truth: half of what is left is set aside for the hidden quanta of the next subround. Quanta get smaller,
# so the steps get finer where care is needed. Whenever no message is pending, the stack is below the red line,
# and the red line never above the budget: that is (2).
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
ax.legend(fontsize=8, loc="lower left")
save(fig, "08-drifts")

count = len(quanta) + 1
out = np.linalg.norm(path[-1], axis=-1) > R
of_mean = np.linalg.norm(path[-1].mean(axis=0))
print(f"{count} subrounds; sites outside at the end: {np.flatnonzero(out)}; length of the mean drift: {of_mean:.2f} R")
assert count == 5 and out.sum() == 2 and of_mean < 0.7 * R

# %% [markdown]
# Two are outside the circle; GM would have ended the round half as far along. The mean is well inside.
#
# The same round once more, as it went: drifts wander, quanta are told, polls shrink $\theta$.
#
# ![the round as an animation](images/fgm.gif)
#
# ## Count the words
#
# A word is one number, 4 bytes; a `POLL` is empty. **Predict** the most that one subround can cost, in words,
# with $k$ sites. Then count.


# %%
def words(result):
    """{(round, subround): words of QUANTUM, INCREMENT and PHI}."""
    count = {}
    for event in result.events:
        if KINDS[event["kind"]].name in ("QUANTUM", "INCREMENT", "PHI"):
            key = int(event["round"]), int(event["subround"])
            count[key] = count.get(key, 0) + int(event["copies"] * event["size"]) // 4
    return count


counted = words(walk("fgm", wander(8, 400, seed=1, common=0.25), R)[0])
most = {name: max(n for (_, s), n in counted.items() if (s == 0) == (name == "first")) for name in ("first", "later")}
print(f"k = 8, {len(counted)} subrounds: at most {most['first']} words in first ones, {most['later']} in later ones")
assert most["first"] <= 2 * 8 + 1 and most["later"] <= 3 * 8 + 1
in_picture = sum(number for (name, _), number in words(result).items() if name == 1)
print(f"the round of the picture: {in_picture} words; φ of every site in every step: {k * last}")
assert in_picture < 0.2 * k * last

# %% [markdown]
# $k$ words for the quanta, at most $k + 1$ increments (each is at least one quantum, and the subround ends when
# $c$ is above $k$), $k$ words for the replies: $3k + 1 = 25$. And the *first* subround of a round costs $k$
# less, 17: there $\psi = k \varphi(0)$, so $\theta = -\varphi(0) / 2$. Every site has $E$ and $\varphi$ and
# computes it itself. **The first quantum is free.**
#
# **Predict:** how many subrounds per round? If no $\varphi$ falls, more than $k$ quanta of $2k$ are really used
# up when a subround ends: less than half of the slack is left. The round ends at 1 %, and $2^7 = 128 \gt 100$.


# %%
def subrounds(result):
    """The number of subrounds of each finished round."""
    events = result.events[result.events["round"] < result.events["round"].max()]
    return [int(events["subround"][events["round"] == n].max()) + 1 for n in np.unique(events["round"])]


straight_on = max(max(subrounds(walk("fgm", outward(seed=seed, steps=150), R)[0])) for seed in range(10))
to_and_fro = max(max(subrounds(walk("fgm", wander(4, 400, seed), R)[0])) for seed in range(10))
print(f"straight on: {straight_on} subrounds at most; to and fro: {to_and_fro}")
assert straight_on <= 7 < to_and_fro

# %% [markdown]
# At most 7 if sites only move away. For sites that go to and fro there is no such bound: what was told may not
# be true any more when the poll comes, and the slack can even grow again. *That costs words, never safety:* (2)
# was proved without any assumption about the paths.
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
# Where each goes its own way, some are far out while others are near $E$, and the sum lets one live on the
# others: a quarter of the rounds. ($\varphi$ looks only at lengths; it does not notice drifts that cancel.)
# Where all go the same way, none saved: if everybody draws alike, the account is empty when every single share
# is. And in training, with 1591 numbers per model?

# %%
from fgm_ref import load, preset, run

data = load("watch")
SAME = {"steps": 80, "checks": True, "evaluations": 1}
gm, fgm = (run(preset(data, protocol=name, **SAME), data=data) for name in ("gm", "fgm"))
rounds = [int(one.series["rounds"][-1]) for one in (gm, fgm)]
control = sum(fgm.ledger[kind]["bytes"] for kind in ("QUANTUM", "INCREMENT", "PHI")) / fgm.totals["bytes"]
print(f"{rounds[0]} rounds of GM, {rounds[1]} of FGM; control words: {control:.2%} of FGM's bytes")
assert rounds[1] < rounds[0] and control < 0.01
assert fgm.final["parameters"] == 1591 and fgm.final["violations"]["missed"] == fgm.final["breaches"] == 0

# %% [markdown]
# Fewer rounds, and all that counting is less than 1 % of the bytes. The gain is smaller than on the random
# walks, because the sites learn the same thing: part of their movement is common. A safe function that moves
# along with it (`tracking`) is another story.

# %% [markdown]
# ## Questions
#
# 1. $k = 5$, $\varphi(0) = -2$. What is the first $\theta$? How many words did it cost to tell the sites?
# 2. Site 0 rises by 3.7 quanta in one step, then falls by 2, then rises by 2.5. Which increments does it send?
# 3. Why does the coordinator poll *all* sites at the end of a subround, also those that have said nothing?
# 4. With "wait while $c \le m$" and $\theta = -\psi / (m + k)$: what is better with a large $m$, what is worse?
# 5. The step that lifts $c$ above $k$ may push the sum above 0, before anybody has spoken. Does that break (2)? How
#    far can the *mean model* get out of the ball in that step (the *overshoot*)?

# %% [markdown]
# ## Answers
#
# 1. $\psi = -10$, $\theta = 10 / 10 = 1$. None: they know $\varphi(0)$.
# 2. First 3. It falls to 1.7: nothing. It rises to 4.2: 4 is one more than ever before, so 1.
# 3. A silent site may have used up almost one quantum, or have come back. Without it the new $\psi$ is not the
#    sum, and (2) fails.
# 4. Large $m$: smaller hidden part, so less slack is left unused at the poll; but the quanta are smaller, so
#    more increments.
# 5. No, (2) speaks of $c \le k$. Within the same step the coordinator polls, and ends the round if no slack is
#    left; the mean model can be outside by no more than that one step moved it (the `overshoot` of a checked
#    run).
