# %% [markdown]
# # 13 · What the study found
#
# **You will be able to** recompute the headlines of the [study](study.md) from its runs with thirty lines of NumPy,
# read its intervals and bounds, and choose a protocol and a safe function for a problem of your own.
#
# **Before:** a fair comparison (tutorial 10). **Time:** 20 minutes; the code runs for a few seconds, for the runs are
# already made.
#
# **Equations:** the ratio of the bytes of two protocols under $n$ common seeds, and the loss at which they are
# compared,
#
# $$ \rho = \exp \Big( \frac{1}{n} \sum_s \ln \frac{B_s}{B'_s} \Big) \qquad (1) $$
#
# $$ L^\ast = L_1 + 0.1 (L_\infty - L_1) \qquad (2) $$
#
# **New symbols:** $B_s$ and $B'_s$, the bytes of two protocols under seed $s$; $\rho$, the geometric mean of
# their ratio; $L^\ast$, a loss that is nine tenths of the way from $L_\infty$, where sites never speak, to $L_1$,
# where they average after every step.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

# %% [markdown]
# ## A row is a run
#
# Every run of the study is a row of a table in `data/results`, with all its settings, its seed, what it cost
# and what it reached. Nothing is averaged in there; whoever doubts a number computes it again.

# %%
import csv
import numpy as np

from fgm_ref.datasets import folder

RESULTS = folder() / "results"


def read(name):
    """The rows of a table, as dictionaries; numbers as numbers where we need them."""
    with open(RESULTS / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row | {"seed": int(row["seed"]), **{key: float(row[key]) for key in ("threshold", "bytes", "loss")}}
            for row in rows]  # fmt: skip


def where(rows, **wanted):
    """The rows with these settings."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


rows = where(read("fronts"), cell="lstm", schedule="bernoulli:0.5")  # unequal speeds: in each step half of the sites
natural = {row["dataset"] for row in rows if row["split"] == "natural"}
sets = {}
for row in rows:  # a site for each person or airport where the data say whose they are, otherwise dealt out
    if row["split"] == ("natural" if row["dataset"] in natural else "iid"):
        sets.setdefault(row["dataset"], []).append(row)
print("runs with LSTMs at unequal speeds:", {name: len(own) for name, own in sets.items()})
assert len(sets) == 5 and {row["seed"] for row in rows} == set(range(10))

# %% [markdown]
# ## The same promise for fewer bytes
#
# At equal thresholds GM and FGM promise the same. The safe function here is `variance`: the root mean square distance
# of the sites from their mean is at most $R$ (the ball of tutorials 06 and 08 bounds the distance of the mean from
# $E$).
#
# Equation (1) in NumPy: pair the runs with the same threshold and seed, take the logarithm of the ratio, average over
# the thresholds, then over the seeds. And how sure is that? We have ten seeds. Draw ten of these ten with replacement,
# compute $\rho$ again, and do it 2000 times: the middle 95 % are the interval. This is the **bootstrap** (Efron 1979).
#
# **Predict:** which share of GM's bytes does FGM ship? (Tutorial 08: a round of FGM ends when the *sum* of all
# has used up the slack, one of GM when the *first* site has.)

# %%
def log_ratios(mine, theirs):
    """ln(B_s/B'_s) for each seed, the mean over the thresholds: (seeds,)."""
    partner = {(row["threshold"], row["seed"]): row["bytes"] for row in theirs}
    found = {}
    for row in mine:
        found.setdefault(row["seed"], []).append(np.log(row["bytes"] / partner[row["threshold"], row["seed"]]))
    return np.array([np.mean(found[seed]) for seed in sorted(found)])


def drawn(times, n):
    """n of n seeds, with replacement, so many times: (times, n)."""
    return np.random.default_rng(13).integers(n, size=(times, n))


def with_interval(logs):
    """(ρ, low, high) from one logarithm per seed."""
    draws = logs[drawn(2000, len(logs))].mean(axis=1)
    # (1)
    return np.exp([logs.mean(), *np.quantile(draws, (0.025, 0.975))])


RIVALS = ("gm", "dynamic", "omniscient")
promise = {}
for rival in RIVALS:
    for name, own in sets.items():
        mine, theirs = (where(own, protocol=protocol, safe="variance") for protocol in ("fgm", rival))
        promise[rival, name] = with_interval(log_ratios(mine, theirs))
    told = ", ".join(f"{name} {promise[rival, name][0]:.2f}" for name in sets)
    print(f"fgm / {rival}: {told}")
shares = {rival: np.array([promise[rival, name][0] for name in sets]) for rival in RIVALS}
assert (shares["gm"] < 0.9).all() and (shares["dynamic"] < shares["gm"]).all() and (shares["omniscient"] > 1).all()

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots

fig, ax = plt.subplots(figsize=(6.4, 3.4))
for place, (rival, marker) in enumerate(zip(RIVALS, "D^s", strict=True)):
    value, low, high = np.array([promise[rival, name] for name in sets]).T
    ax.errorbar(value, np.arange(len(sets)) + 0.22 * (place - 1), xerr=[value - low, high - value], fmt=marker,
                color=plots.style(rival).color, capsize=3, label=f"fgm / {rival}")  # fmt: skip
ax.axvline(1, color=plots.GREY, linestyle=":")
ax.set_yticks(range(len(sets)), sets)
ax.invert_yaxis()
ax.set(xscale="log", xlabel="ratio of bytes at equal thresholds (log scale)", title="The same promise, other bytes")
ax.set_xticks((0.5, 1, 2), ("0.5", "1", "2"))
ax.minorticks_off()
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
save(fig, "13")

from fgm_ref.study.numbers.cases import Cases
from fgm_ref.study.running.store import table

for case in Cases(table(RESULTS / "fronts.csv")).headline:  # the study's own program finds the same
    estimate = case.promise("fgm", "gm").estimate
    np.testing.assert_allclose(promise["gm", case.name], estimate[:3], rtol=0.01)

# %% [markdown]
# On every data set FGM keeps the promise for clearly fewer bytes than GM, and against Kamp's balancing
# (`dynamic`) the gap is wider: balancing does not pay for itself. But an omniscient trigger, which looks at all
# models for free, would need fewer still. There is room for a better safe function.
#
# ## The same loss for the same bytes
#
# A promise is one thing; what you want is a good model. So fix the loss, at $L^\ast$ of equation (2), and ask how many
# bytes each protocol needs to get there. A protocol's runs at several thresholds (or periods) give a curve of loss
# against bytes; $L^\ast$ falls between two of its points, and we interpolate.
#
# **Predict:** how do FGM and a tuned period compare? And the omniscient trigger?


# %%
DRAWS = drawn(500, 10)


def front(own, protocol):
    """(ln bytes, loss), one row per setting and one column per seed; the settings of `periodic` are its periods."""
    settings = {}
    for row in own:
        name, _, period = row["protocol"].partition(":")
        if name == protocol and row["safe"] == "variance":
            settings.setdefault(period or row["threshold"], {})[row["seed"]] = row
    grid = [[found[seed] for seed in range(10)] for found in settings.values()]
    return tuple(np.array([[f(row) for row in line] for line in grid])
                 for f in (lambda row: np.log(row["bytes"]), lambda row: row["loss"]))  # fmt: skip


def cost(curve, target, seeds):
    """(ln bytes at which the mean loss of these seeds reaches the target, whether the cheapest setting does)."""
    log_bytes, loss = (part[:, seeds].mean(axis=1) for part in curve)
    order = np.argsort(log_bytes)
    log_bytes, loss = log_bytes[order], np.minimum.accumulate(loss[order])  # more bytes never need to be worse
    if loss[-1] > target:
        return np.nan, False
    at = int(np.argmax(loss <= target))
    if at == 0:
        return log_bytes[0], True
    share = (loss[at - 1] - target) / (loss[at - 1] - loss[at])
    return log_bytes[at - 1] + share * (log_bytes[at] - log_bytes[at - 1]), False


def level(own, protocol):
    return np.mean([row["loss"] for row in where(own, protocol=protocol)])


def at_equal_loss(own, a, b):
    """(ρ, what the sign before it has to be, ρ of each draw of seeds)."""
    target = level(own, "periodic:b=1") + 0.1 * (level(own, "local") - level(own, "periodic:b=1"))  # (2)
    curves = [front(own, protocol) for protocol in (a, b)]
    (mine, free), (theirs, theirs_free) = (cost(curve, target, np.arange(10)) for curve in curves)
    sign = {(False, False): "", (True, False): "≤ ", (False, True): "≥ ", (True, True): "≈ "}[free, theirs_free]
    draws = [cost(curves[0], target, seeds)[0] - cost(curves[1], target, seeds)[0] for seeds in DRAWS]
    return np.exp(mine - theirs), sign, np.exp(draws)


PAIRS = (("fgm", "gm"), ("fgm", "periodic"), ("omniscient", "periodic"))
losses = {(name, *pair): at_equal_loss(own, *pair) for name, own in sets.items() for pair in PAIRS}
for name in sets:
    told = []
    for pair in PAIRS:
        rho, sign, draws = losses[name, *pair]
        reached = draws[~np.isnan(draws)]
        low, high = np.quantile(reached, (0.025, 0.975)) if len(reached) else (np.nan, np.nan)
        star = "*" if len(reached) < len(draws) else ""
        ratio = f"{sign}{rho:.2f}{star} ({low:.2f}–{high:.2f})" if rho > 0 else "not reached"
        told.append(f"{'/'.join(pair)} {ratio}")
    print(f"{name:<16}", "   ".join(told))

# %% [markdown]
# Three marks need an explanation.
#
# - *Not reached:* no setting of one of the two gets to $L^\ast$.
# - *A star:* in some draws of the seeds one of them does not get there; the interval is made of the others.
# - *≥ and ≤* are **bounds**. Say the cheapest setting of the rival, its largest period, is good enough already. With
#   a still larger period it might have been good enough, too, for fewer bytes. So its bytes are too high, and the ratio
#   is *at least* what is printed. For ≤ it is the other one; for ≈ both.
#
# Now look at `watch`: fgm/periodic is "at least 1.75", and yet its interval begins below 1. How can that be?

# %%
rho, sign, draws = losses["watch", "fgm", "periodic"]
own = sets["watch"]
target = level(own, "periodic:b=1") + 0.1 * (level(own, "local") - level(own, "periodic:b=1"))
log_bytes, loss = front(own, "periodic")
cheapest = int(np.argmin(log_bytes.mean(axis=1)))
fails = np.mean([loss[cheapest, seeds].mean() > target for seeds in DRAWS])
print(f"fgm/periodic on watch: {sign}{rho:.2f}; below 1 in {np.mean(draws < 1):.0%} of the draws")
print(f"the largest period's loss is {loss[cheapest].mean():.3f} with all ten seeds, L* is {target:.3f}; "
      f"in {fails:.0%} of the draws it misses L*")  # fmt: skip
assert sign == "≥ " and rho > 1.5 and 0.05 < np.mean(draws < 1) < 0.4 and fails > np.mean(draws < 1)

# %% [markdown]
# The two speak of different doubts. The *bound* is about the grid: with these ten seeds the largest period is just
# good enough, and a larger one was not tried. The *interval* is about the seeds: in many draws the largest period just
# misses $L^\ast$. Then a smaller one has to be paid for, and the ratio falls, in some draws below 1. So what is known
# is little: with these seeds at least 1.75, with others perhaps less than 1. Read such a line as "not decided".

# %%
fig, ax = plt.subplots(figsize=(6.4, 4))
for protocol in ("periodic", "gm", "fgm", "fgm-probe", "omniscient"):
    log_bytes, loss = (part.mean(axis=1) for part in front(own, protocol))
    order, look = np.argsort(log_bytes), plots.style(protocol)
    ax.plot(np.exp(log_bytes[order]) / 1e6, loss[order], color=look.color, linestyle=look.linestyle, marker=look.marker,
            label=protocol)
ax.axhline(target, color=plots.GREY, linestyle=":", label="L*")
ax.set(xscale="log", xlabel="payload, MB (log scale)", ylabel="final test loss", title="watch: one front for all")
ax.set_xticks((0.1, 1, 10), ("0.1", "1", "10"))
ax.legend()
save(fig, "13-fronts")
undecided = [np.quantile(draws[~np.isnan(draws)], (0.025, 0.975)) for (_, *pair), (_, _, draws) in losses.items()
             if pair == ["omniscient", "periodic"] and (~np.isnan(draws)).mean() > 0.5]  # fmt: skip
assert len(undecided) >= 3 and not any(high < 1 for _, high in undecided)

# %% [markdown]
# All lie on nearly one curve, and who is ahead changes from set to set. Even the trigger that knows everything does not
# clearly beat a well-chosen period on any of them. *How often* models are averaged decides, hardly *when*. So FGM is
# not a way to learn for fewer bytes than a tuned period. It is the cheaper way to keep a promise.
#
# ## Which safe function beats the norm?
#
# The norm's zone is a ball around the last global model $E$. But all sites learn the same things and march in
# the same direction; soon all stand at the edge of the ball, close together. **Predict:** which zone needs fewer
# bytes at the same radius: one that is *smaller* but fits the layers of the network, or one that *moves along*?

# %%
zones = read("safe")
MOVING = ("tracking-damped", "fgm-centre", "fgm-probe")
ENTRANTS = {"per-layer": ("fgm", "per-layer"), "variance": ("fgm", "variance"), "cap": ("fgm", "cap"),
            "tracking-damped": ("fgm", "tracking-damped"), "fgm-centre": ("fgm-centre", "variance"),
            "fgm-probe": ("fgm-probe", "variance"), "omniscient": ("omniscient", "variance")}  # fmt: skip
of_norm = {}
for name, (protocol, safe) in ENTRANTS.items():
    logs = np.mean([log_ratios(where(zones, protocol=protocol, safe=safe, dataset=dataset),
                               where(zones, protocol="fgm", safe="ball", dataset=dataset))
                    for dataset in ("watch", "nyc_flights", "ecg208")], axis=0)  # fmt: skip
    of_norm[name], low, high = with_interval(logs)
    print(f"{name:<16} {of_norm[name]:5.2f} ({low:.2f} to {high:.2f}) times the norm's bytes, same radius")
assert all(of_norm["omniscient"] < of_norm[name] < 1 < of_norm["per-layer"] for name in MOVING)
assert of_norm["cap"] < of_norm["omniscient"]

# %% [markdown]
# What moves along wins. `tracking` guesses from the last round where everybody will go. `fgm-centre` needs no guess:
# whenever it polls, it asks for a few numbers more and puts the centre of the zone where the sites *are*. For every
# common centre $c$ the sum of squares obeys
#
# $$ \sum_i \Vert X_i - \bar{X} \Vert^2 \le \sum_i \Vert X_i - c \Vert^2 , $$
#
# so the promise about the spread holds for any centre; a good one only makes it cheap. `fgm-probe` first buys
# one bit per parameter: where is each site's drift above the centre? `cap` is much cheaper still, but its zone is
# wider, so it promises less; it is no rival here. (At equal *loss* nothing clearly beats the norm. The
# study has that table, too.)

# %%
rng = np.random.default_rng(3)
X = rng.normal(size=(5, 2)) * 0.25 + (1.6, 0.9)  # five drifts that have marched together
c = X.mean(axis=0)
fig, ax = plt.subplots(figsize=(5, 4))
for centre, style, name in (((0, 0), ":", "ball around E"), (c, "-", "the same, moved")):
    ax.add_patch(plt.Circle(centre, 1, fill=False, linestyle=style, color=plots.GREEN, linewidth=2, label=name))
for drift in X:
    ax.annotate("", drift, (0, 0), arrowprops={"arrowstyle": "->", "color": plots.BLUE})
ax.plot(*c, "+", color=plots.BLACK, markersize=12, label="their mean")
ax.plot(0, 0, "o", color=plots.BLACK)
ax.annotate("E", (0, 0), (-12, -12), textcoords="offset points")
ax.set(xlim=(-1.2, 2.9), ylim=(-1.2, 2.1), aspect="equal", title="Far from E, close together",
       xlabel="first coordinate of a drift, in radii", ylabel="second coordinate")  # fmt: skip
ax.legend(loc="lower right")
save(fig, "13-centre")
around = [float((np.linalg.norm(X - centre, axis=1) ** 2).sum()) for centre in ((0, 0), c)]
print(f"sum of squares around E {around[0]:.1f}, around the mean {around[1]:.1f}, allowed {len(X) * 1.0:.1f}")
assert around[1] < len(X) < around[0]

# %% [markdown]
# ## Where the bytes are
#
# If timing is nearly settled, what is left? A synchronisation ships $2k$ models of 4 bytes per number.
# **Predict:** what happens to bytes and to the loss if a number has 8 bits, and what rounding lost is added to
# the next message (*error feedback*, tutorial 16)?

# %%
shipped = read("shipped")
shares, changes = [], []
for protocol in ("periodic:b=7", "periodic:b=29", "gm", "fgm-centre"):
    logs, change = [], []
    for dataset in ("watch", "nyc_flights", "amazon_snippets"):
        own = where(shipped, dataset=dataset)
        coded, plain = (where(own, protocol=protocol, codec=codec) for codec in ("int8+ef", "float32"))
        logs.append(log_ratios(coded, plain))
        worth = level(own, "local") - level(own, "periodic:b=1")  # what communication brings
        change.append((np.mean([row["loss"] for row in coded]) - np.mean([row["loss"] for row in plain])) / worth)
    shares.append(with_interval(np.mean(logs, axis=0))[0])
    changes.append(np.mean(change))
    print(f"{protocol:<14} bytes {shares[-1]:.2f} times, loss {changes[-1]:+.3f} of what communication brings")
assert max(shares) < 0.5 and max(changes) < 0.05

# %% [markdown]
# Less than half of the bytes, for every protocol, and no loss to be seen: more than all triggers together.
#
# ## Be careful with ratios
#
# This project follows a diploma thesis (I. Balampanis, *Distributed Training of Recurrent Neural Networks by FGM
# Protocol*, Technical University of Crete, 2020), whose program is public. It found FGM several times cheaper than GM.
# Our `fgm_ref/study/deviations.py` rebuilds what that program does differently from the theory, each deviation with a
# switch of its own. Two of them belong together. GM's balancing asks whether the mean of a few sites is inside the
# ball. In the program this test is given a wrong vector, and its answer is taken the wrong way round. **Predict:** how
# much of the ratio is left if the test is right?

# %%
why = read("why")
fgm = where(why, protocol="fgm", safe="ball")
NAMES = {"plain GM": "gm", "GM with balancing": "dynamic",
         "GM, wrong test": "fgm_ref.study.deviations:GM:inverted=yes,norm=yes"}  # fmt: skip
measured = {}
for name, protocol in NAMES.items():
    measured[name], low, high = with_interval(log_ratios(where(why, protocol=protocol), fgm))
    print(f"{name:<20} ships {measured[name]:5.2f} ({low:.2f} to {high:.2f}) times FGM's bytes")
plain, balanced, wrong = measured.values()
assert 2 < plain < balanced < 3 and 8 < wrong < 10

# %% [markdown]
# In that program one random site trains at a time. Under this schedule even correct GM costs two to three times as
# much as FGM, with balancing or without: one busy site leaves its own ball while the *sum* still has slack. With the
# wrong test it is more than eight times as much. That is arithmetic, not learning: $k - 1$ balancings in *every*
# round, whatever is learnt.
#
# ## What to use
#
# - You want a **bound on how far the sites drift apart**, and they run at unequal speeds: FGM, with a moving
#   centre. All in step: plain GM is nearly as good, and simpler.
# - You want a **good model for few bytes**: periodic averaging with a tuned period, and few bits per number. FGM has
#   a knob as well, its threshold. What it adds is that rounds come closer together when the sites move more, and a
#   promise at every moment.
# - **Balancing** (GM's or FGM's) hardly ever pays when networks are trained: drifts do not cancel.

# %% [markdown]
# ## Questions
#
# 1. Why are ratios averaged as in (1), and not by their arithmetic mean?
# 2. A protocol reaches $L^\ast$ already at its cheapest setting. What can be said of the ratio?
# 3. Which promise does `fgm-centre` *not* make that the ball makes?
# 4. The intervals are about seeds. What do they not cover?
# 5. A table says "≥ 1.20 (1.05–1.40)", and another one "≥ 1.20 (0.60–1.90)". What do you conclude from each?

# %% [markdown]
# ## Answers
#
# 1. A ratio of 2 and one of 1/2 should cancel; their arithmetic mean is 1.25, their geometric mean 1. And
#    turning the ratio round turns the result round.
# 2. Only a bound: with a still cheaper setting it might have reached $L^\ast$ as well. The study writes ≤ or ≥.
# 3. That the mean model stays within $R$ of $E$. It bounds how far the sites are from *each other*.
# 4. Other data sets, other networks, other step sizes. The five data sets are not a sample of all.
# 5. The first: more bytes for sure, by at least a twentieth, perhaps much more if a cheaper setting had been tried. The
#    second: nothing is decided.
