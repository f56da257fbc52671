# %% [markdown]
# # 13 · What the study found
#
# **You will be able to** read the [study](study.md) critically, recompute its headlines from the runs
# themselves, and choose a protocol and a safe function for a problem of your own.
#
# **Before:** a fair comparison (10). **Time:** 15 minutes; the code runs for a few seconds, for the runs are
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
import numpy as np

from fgm_ref.datasets import folder
from fgm_ref.study.numbers.cases import Cases, written
from fgm_ref.study.numbers.compare import pooled
from fgm_ref.study.numbers.rows import values, where
from fgm_ref.study.running.store import table

RESULTS = folder() / "results"
rows = table(RESULTS / "fronts.csv")
one = rows[0]
print({name: one[name] for name in ("dataset", "protocol", "safe", "threshold", "seed", "bytes", "rounds", "loss")})
cases = Cases(rows).headline  # LSTM, unequal speeds, a site for each person or airport where there are any
print(f"{len(rows):,} runs; data sets: {', '.join(case.name for case in cases)}")
assert len(cases) == 5 and len(values(cases[0].rows, "seed")) == 10

# %% [markdown]
# ## The same promise for fewer bytes
#
# At equal thresholds GM and FGM promise the same. The safe function here is `variance`: the root mean square distance
# of the sites from their mean is at most $R$ (the ball of tutorials 06 and 08 bounds the distance of the mean from
# $E$). The sites run at unequal speeds, so in most steps only some of them move.
#
# **Predict:** which share of GM's bytes does FGM ship? (Tutorial 08: a round of FGM ends when the *sum* of all
# has used up the slack, one of GM when the *first* site has.)

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots

RIVALS = {"gm": "D", "dynamic": "^", "omniscient": "s"}
fig, ax = plt.subplots(figsize=(6.4, 3.4))
shares = {}
for place, (rival, marker) in enumerate(RIVALS.items()):
    found = [case.promise("fgm", rival).estimate for case in cases]  # equation (1), with its interval
    shares[rival] = np.array([estimate.value for estimate in found])
    y = np.arange(len(cases)) + 0.22 * (place - 1)
    low, high = (np.array([abs(getattr(e, end) - e.value) for e in found]) for end in ("low", "high"))
    ax.errorbar(shares[rival], y, xerr=[low, high], fmt=marker, color=plots.style(rival).color, capsize=3,
                label=f"fgm / {rival}")
ax.axvline(1, color=plots.GREY, linestyle=":")
ax.set_yticks(range(len(cases)), [case.name for case in cases])
ax.invert_yaxis()
ax.set(xscale="log", xlabel="ratio of bytes at equal thresholds (log scale)", title="The same promise, other bytes")
ax.set_xticks((0.5, 1, 2), ("0.5", "1", "2"))
ax.minorticks_off()
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
save(fig, "13")
for rival in RIVALS:
    told = [f"{case.name} {share:.2f}" for case, share in zip(cases, shares[rival], strict=True)]
    print(f"fgm / {rival}: {', '.join(told)}")
assert (shares["gm"] < 0.9).all() and (shares["dynamic"] < shares["gm"]).all() and (shares["omniscient"] > 1).all()

# %% [markdown]
# On every data set FGM keeps the promise for clearly fewer bytes than GM, and against Kamp's balancing
# (`dynamic`) the gap is wider: balancing does not pay for itself. But an omniscient trigger, which looks at all
# models for free, would need fewer still. There is room for a better safe function.
#
# ## The same loss for the same bytes
#
# A promise is one thing; what you want is a good model. **Predict:** at the loss $L^\ast$ of equation (2), how do
# FGM, GM and periodic averaging compare? And the omniscient trigger?

# %%
fig, ax = plt.subplots(figsize=(6.4, 4))
case = next(case for case in cases if case.name == "watch")
for protocol in ("periodic", "gm", "fgm", "fgm-probe", "omniscient"):
    front, look = case.front(protocol), plots.style(protocol)
    order = front.bytes.mean(axis=1).argsort()
    ax.plot(front.bytes.mean(axis=1)[order] / 1e6, front.loss.mean(axis=1)[order], color=look.color,
            linestyle=look.linestyle, marker=look.marker, label=protocol)
ax.axhline(case.target("loss"), color=plots.GREY, linestyle=":", label="L*")
ax.set(xscale="log", xlabel="payload, MB (log scale)", ylabel="final test loss", title="watch: one front for all")
ax.set_xticks((0.1, 1, 10), ("0.1", "1", "10"))
ax.legend()
save(fig, "13-fronts")
for case in cases:
    told = [f"fgm / {name} {written(case.reach('fgm', name))}" for name in ("gm", "periodic")]
    print(f"{case.name:<16}", "  ".join(told))
best, sets = pooled([case.reach("omniscient", "periodic") for case in cases])
print(f"omniscient trigger / tuned period, pooled over {sets} sets that reach L*: {written(best)}")
assert best.estimate.low < 1 < best.estimate.high

# %% [markdown]
# All lie on nearly one curve, and who is ahead changes from set to set. Even the trigger that knows everything
# does not clearly beat a well-chosen period: *how often* models are averaged decides, hardly *when*. So FGM is not
# a better way to learn for fewer bytes than a tuned period. It is the cheaper way to keep a promise, and to find a
# rate without tuning. (A star or "≥" says that some fronts end before $L^\ast$; the [study](study.md) explains.)
#
# ## Which safe function beats the norm?
#
# The norm's zone is a ball around the last global model $E$. But all sites learn the same things and march in
# the same direction; soon all stand at the edge of the ball, close together. **Predict:** which zone needs fewer
# bytes at the same radius: one that is *smaller* but fits the layers of the network, or one that *moves along*?

# %%
from fgm_ref.study.pages.chapters.safe import BEST, MOVED, NORM, WIDE, Contest

contest = Contest(table(RESULTS / "safe.csv"))
ratios = {entrant: contest.bytes(entrant, NORM).estimate for entrant in contest.entrants if entrant.own}
for entrant, e in ratios.items():
    print(f"{entrant.name:<26} {e.value:5.2f} ({e.low:.2f} to {e.high:.2f})  {entrant.group}")
gap = contest.bytes(NORM, BEST).estimate.value
fair = {entrant.name: e.value for entrant, e in ratios.items() if entrant.group != WIDE}
print(f"the norm ships {gap:.2f} times what the omniscient trigger ships")
moving = {name for entrant, name in ((e, e.name) for e in ratios) if entrant.group == MOVED}
assert min(fair, key=fair.get) in moving and gap > 1.1
assert fair["per-layer"] > 1 > fair["fgm-centre"] and ratios[contest.cheapest(MOVED)].high < 1
print("at equal loss:", {e.name: contest.told_at_loss(e) for e in ratios if e.name in moving})
assert not any(contest.at_loss(entrant)[0].estimate.high < 1 for entrant in ratios)

# %% [markdown]
# What moves wins, at equal radius. (At equal loss nothing clearly beats the norm, see the last line: again, timing
# hardly matters for learning.) `tracking` guesses from the last round where everybody will go. `fgm-centre` needs no
# guess: whenever it polls, it asks for a few numbers more and puts the centre of the zone where the sites *are*. For
# every common centre $c$ the sum of squares obeys
#
# $$ \sum_i \Vert X_i - \bar{X} \Vert^2 \le \sum_i \Vert X_i - c \Vert^2 , $$
#
# so the promise about the spread holds for any centre; a good one only makes it cheap. `fgm-probe` first buys
# one bit per parameter: where is each site's drift above the centre? Wider zones (`cap`, `cone`) are cheaper
# still, and promise less.

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
ax.set(xlim=(-1.2, 2.9), ylim=(-1.2, 2.1), aspect="equal", title="Far from E, close together")
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
# the next message (*error feedback*)?

# %%
from fgm_ref.study.pages.chapters.shipped import Codecs

codecs = Codecs(table(RESULTS / "shipped.csv"))
for protocol, codec in codecs.pairs:
    if codec == "int8+ef":
        size, loss = codecs.bytes(protocol, codec).estimate, codecs.losses(protocol, codec).plain
        print(f"{protocol:<14} bytes {size.value:.2f} times, loss {loss.value:+.3f} of what communication brings")
sizes = [codecs.bytes(protocol, codec).estimate.value for protocol, codec in codecs.pairs if codec == "int8+ef"]
assert max(sizes) < 0.5

# %% [markdown]
# Less than half of the bytes, for every protocol, and no loss to be seen: more than all triggers together.
#
# ## Be careful with ratios
#
# A published program found FGM several times cheaper than GM. **Predict:** how much of that is left if GM's
# test for balancing stands the right way round?

# %%
from fgm_ref.study.numbers.paired import log_ratio

why = table(RESULTS / "why.csv")
FGM = where(why, protocol="fgm", safe="ball")
print("bytes of GM by those of FGM, each in the thesis's shape:")
measured = {}
for name in ("gm", "dynamic", "fgm_ref.study.deviations:GM:inverted=yes,norm=yes"):
    e = log_ratio(where(why, protocol=name), FGM).estimate
    measured[name] = e.value
    print(f"  {name:<55} {e.value:5.2f} ({e.low:.2f} to {e.high:.2f})")
plain, balanced, wrong = measured.values()
assert 2 < plain < balanced < 3 and 8 < wrong < 10

# %% [markdown]
# In that program's shape one random site trains at a time. There even correct GM is two to three times as dear as
# FGM, with balancing or without: one busy site leaves its own ball while the *sum* still has slack. But with the
# test inverted it is more than eight times as dear, and that is arithmetic, not learning: $k - 1$ rebalances in
# *every* round, whatever is learnt.
#
# ## What to use
#
# - You want a **bound on how far the sites drift apart**, and they run at unequal speeds: FGM, with a moving
#   centre. All in step: plain GM is nearly as good, and simpler.
# - You want a **good model for few bytes** and can tune: periodic averaging with a tuned period, 8 bits per number.
#   You cannot tune: FGM with a moving centre finds a rate by itself.
# - **Balancing** (GM's or FGM's) hardly ever pays when networks are trained: drifts do not cancel.

# %% [markdown]
# ## Questions
#
# 1. Why are ratios averaged as in (1), and not by their arithmetic mean?
# 2. A protocol reaches $L^\ast$ already at its cheapest setting. What can be said of the ratio?
# 3. Which promise does `fgm-centre` *not* make that the ball makes?
# 4. The intervals are about seeds. What do they not cover?
# 5. You double the number of sites. What happens to the sites' share of the slack in FGM, and in GM?

# %% [markdown]
# ## Answers
#
# 1. A ratio of 2 and one of 1/2 should cancel; their arithmetic mean is 1.25, their geometric mean 1. And
#    turning the ratio round turns the result round.
# 2. Only a bound: with a still cheaper setting it might have reached $L^\ast$ as well. The study writes ≤ or ≥.
# 3. That the mean model stays within $R$ of $E$. It bounds how far the sites are from *each other*.
# 4. Other data sets, other networks, other step sizes. The five data sets are not a sample of all.
# 5. In FGM all share one sum: each has $\psi / k$ on average, but who needs less leaves more to others. In GM
#    each has its own ball, and with more sites the *first* to leave it comes sooner.
