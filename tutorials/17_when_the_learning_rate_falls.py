# %% [markdown]
# # 17 · When the learning rate falls
#
# **You will be able to** say why learning rates fall, predict how long a round lasts when steps get shorter, see why
# a radius that stays is then the wrong promise, and let the radius follow the rate without a message.
#
# **Before:** averaging (tutorial 04), GM (07) and the idea of FGM (08). **Time:** 15 minutes; the code runs for 10
# seconds.
#
# **Equations:** the rate in step $t$, and a safe function whose radius follows it:
#
# $$ \eta_t = a_t \cdot \eta \qquad (1) $$
#
# $$ \varphi_t(X) = \varphi(X / a_t) , \quad \text{for the ball:} \quad
#    \varphi_t(X) \le 0 \iff \Vert X \Vert \le a_t R \qquad (2) $$
#
# One symbol is new: $a_t$, the **factor** of the learning rate in step $t$, which starts at 1 and falls. Known ones:
# $\eta$, the learning rate; $X_i$, the drift of site $i$ from the last global model $E$; $S$, the mean model;
# $\varphi$, the safe function, here $\Vert X \Vert - R$.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save
from fgm_ref.tutorials.walks import E0, Walk, wander

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref.learning.rates import parse_rate
from fgm_ref.view import plots

# %% [markdown]
# ## Why rates fall
#
# A gradient from a mini-batch is the true one plus noise. Far from the lowest point the true part is large and the
# noise does not matter. Near it the true part vanishes, the noise does not, and the model is kicked about. Long steps
# are good for getting there, short ones for staying there. So most people start with a large rate and let it fall. A
# usual way is half a **cosine**: $a_t$ falls from 1 to nearly 0.
#
# Take a bowl, whose gradient is the way from the lowest point, and add noise. **Predict:** after 200 steps, how much
# nearer is the model with the falling rate?

# %%
STEPS = 200
cosine, constant = parse_rate("cosine", STEPS), parse_rate("constant", STEPS)
LOWEST = np.array([6.0, 4.0])  # E0 = (3, 4)


def downhill(w, a, rng, noise=2.5):
    """The moves of models w (..., 2): a step of rate 0.1·a along the noisy gradient."""
    return -0.1 * a * (w - LOWEST + noise * rng.normal(size=w.shape))


ends = {}
for name, factor in (("constant", constant), ("cosine", cosine)):
    rng, w = np.random.default_rng(17), np.tile(E0, (500, 1))  # 500 models, each by itself
    for t in range(1, STEPS + 1):
        w = w + downhill(w, factor(t), rng)
    ends[name] = np.linalg.norm(w - LOWEST, axis=1).mean()
    print(f"{name:<8} rate: {ends[name]:.3f} from the lowest point, mean of 500 models")
assert ends["cosine"] < 0.5 * ends["constant"]

# %% [markdown]
# Less than half as far. Now let sites train like this, and average them when their drifts have become too long.
#
# ## How long is a round, if steps are short?
#
# Let all steps be $a$ times as long, and let $R$ stay. **Predict** how many times as long a round of GM lasts for
# $a = 1/2$ and $a = 1/4$: if all sites are pulled straight in one direction, and if they make nothing but noise.
# (After $n$ steps a straight walk is $n$ steps long; a random walk is about $\sqrt{n}$ steps long, for its steps
# partly cancel.)


# %%
def steps_per_round(a, common, R, rounds=100, k=4):
    """The mean length of GM's rounds when moves are `a` times as long: until one of k drifts is longer than R."""
    rng, total = np.random.default_rng(2), 0
    for _ in range(rounds):
        moves = a * wander(k, 6000, seed=rng, length=0.1, common=common)
        total += int(np.argmax((np.linalg.norm(moves.cumsum(axis=0), axis=-1) > R).any(axis=1))) + 1
    return total / rounds


print("how many times as long a round lasts, compared with a = 1:")
longer = {}
for follow in (False, True):
    for common, kind in ((1, "pulled"), (0, "noise")):
        base = steps_per_round(1, common, R=1)
        longer[kind, follow] = [steps_per_round(a, common, R=a if follow else 1) / base for a in (1 / 2, 1 / 4)]
        told = "  ".join(f"a = {a}: {r:4.1f}" for a, r in zip(("1/2", "1/4"), longer[kind, follow], strict=True))
        print(f"  {'radius a·R' if follow else 'radius R':<11} {kind:<7} {told}")
assert np.allclose(longer["pulled", False], (2, 4), rtol=0.1)
assert np.allclose(longer["noise", False], (4, 16), rtol=0.25)
assert np.allclose(longer["pulled", True], 1, rtol=0.05) and np.allclose(longer["noise", True], 1, rtol=0.05)

# %% [markdown]
# Twice and four times as long if pulled, but 4 and 16 times with noise. In symbols, a round of $n$ steps ends when
# $n a = \mathrm{const}$ in the one case, and when $\sqrt{n} a = \mathrm{const}$ in the other: $n$ grows as $1/a$ or
# as $1/a^2$. With a radius of $a R$ both sides of the inequality shrink alike, and rounds last as long as ever.
#
# ## Under a cosine
#
# Six sites run down the noisy bowl under the cosine, watched by FGM. **Predict:** in which of the four quarters of
# the run are most rounds, and how many are in the last one?


# %%
R = 0.6


def train(pace, seed=4, k=6):
    """FGM on the bowl: ‖X_i‖ after each step, the steps in which a round ended, and E and S in the end."""
    game, rng, lengths, ends, before = Walk("fgm", k, R, pace=pace), np.random.default_rng(seed), [], [], 0
    for t in range(1, STEPS + 1):
        seen = game.step(downhill(game.sites.models, cosine(t), rng))
        lengths.append(np.linalg.norm(seen["X"], axis=1))
        if seen["rounds"] > before:
            ends.append(t)
        before = seen["rounds"]
    return np.array(lengths), np.array(ends), game.coordinator.E, game.sites.models.mean(axis=0)


def follow(t):
    """(2): the radius after t steps, as a share of R; never below a hundredth."""
    return max(0.01, cosine(t))


runs = {"radius R": train(None), "radius a·R": train(follow)}
quarters = {name: np.histogram(ends, bins=4, range=(1, STEPS + 1))[0] for name, (_, ends, _, _) in runs.items()}
fig, axes = plt.subplots(2, 1, figsize=(5, 3.6), sharex=True, sharey=True)
steps = np.arange(1, STEPS + 1)
for ax, (name, (lengths, ends, _, _)) in zip(axes, runs.items(), strict=True):
    ax.plot(steps, lengths[:, :2], color=plots.GREY, linewidth=0.9, linestyle="-")
    ax.plot(steps, [R if name == "radius R" else R * follow(t) for t in steps], color=plots.BLUE, linestyle="--",
            linewidth=1.6)  # fmt: skip
    ax.plot(ends, np.full(len(ends), -0.1), "|", color=plots.VERMILLION, markersize=9, markeredgewidth=1.6)
    ax.set(title=f"{name}: {len(ends)} rounds, by quarters {quarters[name].tolist()}", ylabel="‖X‖ of two sites")
axes[1].set_xlabel("step (dashed: the radius; ticks below: a round ends)")
save(fig, "17")
assert quarters["radius R"][0] > 2 * quarters["radius R"][1] and quarters["radius R"][-1] == 0
assert quarters["radius a·R"].min() >= 2

# %% [markdown]
# With the radius that stays, most rounds are in the first quarter, and after half of the run FGM falls silent: from
# then on all drifts stay under the dashed line, and nobody has a reason to call. Nothing has gone wrong. The promise
# was "$S$ is within $R$ of $E$", and it is kept to the end. It is just no longer worth much.
#
# **Predict:** at the end of such runs, which is nearer to the lowest point, and by how much: $E$, the model that is
# in use, or $S$, which nobody knows?

# %%
far = {}
for name, pace in (("radius R", None), ("radius a·R", follow)):
    last = np.array([train(pace, seed)[2:] for seed in range(30)])  # (30, E and S, 2)
    far[name] = np.linalg.norm(last - LOWEST, axis=-1).mean(axis=0)
    print(f"{name:<11} from the lowest point, mean of 30 runs: E {far[name][0]:.3f}, S {far[name][1]:.3f}")
assert far["radius R"][0] > 1.5 * far["radius R"][1] and np.isclose(*far["radius a·R"], rtol=0.1)

# %% [markdown]
# What the short steps have gained is in $S$ only. The last $E$ is old: it was made when steps were long, and the
# promise lets it stay. Under the radius that follows, $E$ is as good as $S$.
#
# A radius is a promise *in units of something*. If the steps become a hundred times shorter, a bound that was worth
# one step of movement is worth a hundred.
#
# ## A radius that follows
#
# So let the radius be $a_t R$: that is (2). Three things have to be checked.
#
# *Is it a safe function?* $X / a$ is linear in $X$, and a convex function of a linear one is convex. So
# $\sum_i \varphi_t(X_i) \le 0$ still puts the mean drift into the zone, by tutorial 06.
#
# *Who tells the sites?* Nobody. All know the schedule and count the steps. A clock that everybody has is the cheapest
# message of all.
#
# *Does FGM's account still add up?* At the start of a round each site brings in $-\varphi_t(0)$, and
# $\varphi_t(0) = \varphi(0 / a_t) = -R$ at any time. So the slack and the first quantum are what they were. But a
# site's $\varphi_t$ may rise although it stands still, because the zone closes around it; it counts quanta as ever.
#
# In the library it is `--lr-schedule cosine --radius lr`. One thing is left: where $a_t$ goes to 0 the zone would
# close altogether. So the factor has a floor, a hundredth of $R$ unless you say otherwise.

# %%
from fgm_ref.safe import Ball, zone_maker

zone = zone_maker("ball", R, relative=False, pace=follow)(E0)
X = np.array([0.3, 0.4])  # ‖X‖ = 0.5
for t in (1, 100, 180):
    zone.advance(t, None)
    np.testing.assert_allclose(zone(X), Ball(E0, R)(X / follow(t)))
    np.testing.assert_allclose(zone.at_zero, -R)
    print(f"after {t:>3} steps: a·R = {R * follow(t):.2f}, φ(X) = {zone(X):5.2f}, φ(0) = {zone.at_zero:.2f}")

# %% [markdown]
# ## With a network
#
# An LSTM on `nyc_flights` under a cosine, six sites, 240 steps, three seeds. FGM once with a radius that stays and
# once with one that follows. The radius that follows is twice as large at the start, so that both ship about the same
# bytes. **Predict** which of the two ends with the better $E$, and what the other one is better at.

# %%
from dataclasses import replace

from fgm_ref import load, preset, run

data = load("nyc_flights")
data = replace(data, x_test=data.x_test[::6], y_test=data.y_test[::6])
SAME = {"hidden": (12,), "steps": 240, "lr": 0.2, "evaluations": 8}


def trained(**settings):
    """Three runs, with their bytes, the final loss of E, its mean over the run, and the rounds by quarters."""
    results = [run(preset(data, seed=seed, **SAME, **settings), data=data) for seed in range(3)]
    served = np.array([result.curve["served"] for result in results])
    ended = [np.flatnonzero(np.diff(result.series["rounds"], prepend=0)) for result in results]
    by_quarter = np.mean([np.histogram(each, bins=4, range=(0, 240))[0] for each in ended], axis=0)
    size = np.mean([result.totals["bytes"] for result in results])
    return {"MB": size / 1e6, "final": served[:, -1].mean(), "mean": served.mean(), "rounds": by_quarter}


RUNS = {
    "periodic:b=16, constant rate": {"protocol": "periodic:b=16"},
    "periodic:b=16, cosine": {"protocol": "periodic:b=16", "lr_schedule": "cosine"},
    "fgm, cosine, R": {"protocol": "fgm", "threshold": 0.4, "lr_schedule": "cosine"},
    "fgm, cosine, a·R": {"protocol": "fgm", "threshold": 0.8, "lr_schedule": "cosine", "radius": "lr"},
}
found = {name: trained(**settings) for name, settings in RUNS.items()}
print(f"{'':<30} MB    final loss of E   mean over the run   rounds by quarters")
for name, one in found.items():
    print(f"{name:<30} {one['MB']:.2f}  {one['final']:.3f}             {one['mean']:.3f}"
          f"               {one['rounds'].round(1).tolist()}")  # fmt: skip
steady, falling, stays, follows = found.values()
assert falling["final"] < steady["final"] - 0.05
assert stays["MB"] > follows["MB"] and stays["final"] > follows["final"] + 0.04 and stays["mean"] < follows["mean"]
assert stays["rounds"][0] > 2 / 3 * stays["rounds"].sum() and stays["rounds"][-1] == 0
assert follows["rounds"].min() >= 2

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for place, (name, look) in enumerate((("fgm, cosine, R", plots.ORANGE), ("fgm, cosine, a·R", plots.GREEN))):
    ax.bar(np.arange(4) + 0.36 * place, found[name]["rounds"], width=0.34, color=look, hatch="//" if place else "",
           edgecolor="white", label=name)  # fmt: skip
ax.set_xticks(np.arange(4) + 0.18, ["first", "second", "third", "last"])
ax.set(xlabel="quarter of the run", ylabel="rounds, mean of three seeds", title="When FGM synchronises under a cosine")
ax.legend()
save(fig, "17-quarters")

# %% [markdown]
# For the fixed period the falling rate pays. For FGM with a radius that stays, more than two thirds of the rounds are
# in the first quarter and none in the last, and the final $E$ is clearly worse than with one that follows, although
# *more* bytes were shipped. With one that follows, rounds are spread over the whole run.
#
# It is not free. Look at the mean over the run: the radius that stays has the better $E$ *while* training, since it
# has spent its bytes early. If the model is in use from the first day, that counts.
#
# ## Which radius is right when?
#
# - The rate is constant: a radius that stays.
# - The rate falls, and the *final* model counts: one that follows. Rounds are then spread like those of a fixed
#   period, and the promise says "within so many steps' worth of movement", at any time.
# - You need a bound in absolute units, say because another program relies on $\Vert S - E \Vert \le R$: one that
#   stays, and a last synchronisation at the end of the run.
#
# There is a rule that goes the other way on purpose: the *quadratic rule* (Gu and others 2024; `qsr`) makes the
# period grow as $1/\eta^2$. That is what noise alone does under a bound on the spread that stays, as we have seen. It
# is meant for long runs, where late noise from a few steps helps to find flat valleys. Three seeds and 240 steps
# decide nothing about that.

# %% [markdown]
# ## Questions
#
# 1. The rate falls to a tenth. How many times as long does a round last under a radius that stays, if the sites are
#    pulled straight on? If they make only noise?
# 2. Why is no message needed to let the radius follow the rate?
# 3. Is the promise of FGM broken in the upper picture's second half? What is wrong with it, then?
# 4. What would happen with $\varphi(X) = \Vert X \Vert - a_t R$ instead of (2)? The zone is the same.
# 5. Why does the radius have a floor?

# %% [markdown]
# ## Answers
#
# 1. Ten times; a hundred times.
# 2. The schedule is part of the settings that everybody has been given, and everybody counts steps.
# 3. No, it is kept in every step. It is too weak: $R$ was chosen for long steps, and with short ones $E$ may be
#    half a run old without breaking it.
# 4. It is safe as well. But then $\varphi_t(0) = -a_t R$ changes with time. The account that FGM opens with
#    $k \varphi(0)$, and what an absent site is taken to say, would have to change with every step.
# 5. Where $a_t$ is 0 the zone is a single point. Every step would be outside, and every step would ship all models.
