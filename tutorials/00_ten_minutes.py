# %% [markdown]
# # 00 · Ten minutes, four sites
#
# **You will be able to** run a comparison, read its table, its picture and the transcript of one round, and say in
# two sentences what the project is about.
#
# **Before:** vectors, means, Python. Nothing of distributed systems, nothing of recurrent networks. **Time:** 10
# minutes; the code runs for 5 seconds.
#
# **Equations** (both are explained below):
#
# $$ E \leftarrow E + \frac{1}{k} \sum_{i=1}^{k} X_i \qquad (1) $$
#
# $$ \sum_{i=1}^{k} \varphi(X_i) \le 0 \qquad (2) $$
#
# Every tutorial goes the same way: *predict* a number, *run*, *count*, *explain*. Do predict: a number that you
# have guessed wrongly is remembered.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

# %% [markdown]
# ## The problem
#
# Seven people wore a smartwatch while they did seven different shoulder exercises. A small network is to learn to tell
# the exercises apart. But nobody wants to hand over raw recordings, and batteries are small: sending a number by radio
# costs far more than computing with it. So the recordings stay on $k = 4$ computers, the **sites** (those of one person
# all on the same one), and every site trains its own copy of the network. One more computer, the **coordinator**, sees
# no data at all. It may collect the copies now and then and send back their mean. (That a mean of networks is a useful
# network is not obvious; tutorial 04 looks into it.)
#
# A copy is nothing but a list of numbers, the **model**. How many?

# %%
from fgm_ref import load, preset, run
from fgm_ref.view.table import table

data = load("watch")
SAME = {"sites": 4, "steps": 200, "threshold": 0.1}


def train(protocol, **more):
    """One run; all runs start alike and see the same samples in the same order."""
    return run(preset(data, protocol=protocol, **SAME, **more), data=data)


alone = train("local")
k, D = alone.config.sites, alone.final["parameters"]
print(f"{len(data.x_train)} short recordings of {data.length} time steps with {data.features} features each")
print(f"{k} sites, {D} numbers in a model")
assert (k, D, alone.config.batch, len(data.site_names), len(data.classes)) == (4, 1591, 16, 7, 7)

# %% [markdown]
# One **step** of the clock: each site trains on 16 of its own recordings. In the run above the sites got the same
# first model and then never spoke again. We will see what that costs.
#
# ## Predict
#
# The simplest remedy is to average after every single step. All four models go up to the coordinator, and their
# mean goes down to all four. A number takes 4 bytes, a model has 1591 of them, and there are 200 steps. **How
# many megabytes?** Write down your guess, then run.

# %%
every_step = train("periodic:b=1")
up_and_down = 200 * (k + k) * D * 4
start = k * D * 4  # the first model has to get to the sites, too
print(f"counted {every_step.totals['bytes']:,} bytes, predicted {up_and_down + start:,}")
assert every_step.totals["bytes"] == up_and_down + start
assert 10 < every_step.totals["bytes"] / 1e6 < 10.5

# %% [markdown]
# Ten megabytes, to train on recordings that would have fitted into three. That is the problem: *when* should the
# sites speak? If they speak too rarely, they drift apart. If they speak too often, we pay for messages that change next
# to nothing. A rule for who speaks when is called a **protocol**. Here are five.

# %%
results = [alone, every_step, *(train(name) for name in ("periodic:b=10", "gm", "fgm"))]
raw = 4 * data.x_train.size
print(f"the raw recordings: {raw / 1e6:.1f} MB\n")
print(table(results, data))
assert 2.5e6 < raw < 3.5e6

# %% [markdown]
# ## How to read the table
#
# - `local` never speaks. `periodic:b=10` averages in every tenth step. `gm` and `fgm` let the sites watch
#   themselves and speak when there is a reason to. They are what this project is about.
# - **rounds**: how often all models were averaged. **messages**, **up MB**, **down MB**: what was sent; *up* is
#   towards the coordinator.
# - **test loss**, **accuracy**, **balanced**: how good the mean of the four models is on three *other* people. The
#   loss says how wrong the predictions are, and low is good; accuracy is the share of right ones, and high is good;
#   *balanced* is the mean of the accuracies of the single exercises. The rows in brackets are what there is to beat:
#   a predictor that looks at nothing, and plain logistic regression on everybody's data.
#
# What do you see? Silence is cheap and bad: the loss of `local` is the highest of the five by far. Averaging in every
# step costs most, and here it is not even better than averaging in every tenth. `gm` and `fgm` needed about a tenth of
# the bytes of averaging in every step, much like `periodic:b=10`.
#
# And look at the last row. Logistic regression, which is shown the whole recordings of everybody, beats `gm` and `fgm`
# in loss after so few steps. Differences of 0.15 mean little, though: rounding is not the same on every processor, and
# training amplifies it. So the order may be another one on yours. The next lines say what it is in this run.

# %%
from fgm_ref.simulation.baselines import baselines

loss = {result.config.protocol: result.final["loss"] for result in results}
size = {result.config.protocol: result.totals["bytes"] for result in results}
talking = [name for name in loss if name != "local"]
assert all(loss["local"] > loss[name] + 0.05 for name in talking)
assert loss["periodic:b=10"] < loss["periodic:b=1"] + 0.15
logistic = baselines(data)[-1].loss
print("loss of averaging in every step, in every tenth:", *(f"{loss[f'periodic:b={b}']:.3f}" for b in (1, 10)))
print("logistic regression has a lower loss than", *(name for name in loss if logistic < loss[name]))
assert all(logistic < loss[name] + 0.15 for name in ("gm", "fgm"))
assert all(0.05 < size[name] / size["periodic:b=1"] < 0.15 for name in ("gm", "fgm"))

# %% [markdown]
# The same as a picture. Each line is a run; it goes to the right as bytes are spent (a logarithmic scale: each unit
# is a factor of ten) and down as the model gets better. Left and low is good.

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots

fig, ax = plt.subplots(figsize=(6.4, 4.2))
plots.loss_against_bytes(results, data, ax)
save(fig, "00")

# %% [markdown]
# Be careful with it: this is one run with one seed. Wiggles mean nothing, and neither do small differences in
# loss. Tutorial 10 shows how to compare fairly; there you will also see that a *well chosen* fixed period, such
# as 10 here, is hard to beat in bytes. `gm` and `fgm` have to be told a number, too, the radius below. What they add
# is that they speak when the models have moved, and not by the clock. And they keep a promise all along, which no
# period longer than one step can.
#
# ## The promise
#
# Three symbols are enough for it.
#
# - $k$, the number of sites.
# - $X_i$, the **drift** of site $i$: its model now, minus the last global model $E$, which all sites know. A
#   drift is a vector with 1591 numbers, and $\Vert X_i \Vert$ is its length.
# - $\varphi$, the **safe function**. Here it is $\varphi(X) = \Vert X \Vert - R$: negative while the drift is
#   shorter than a radius $R$, and positive beyond. We have chosen $R$ to be a tenth of the length of $E$
#   (`threshold`).
#
# If all were averaged now, the new global model would be (1): the old one plus the mean drift. The promise is
# that at the end of every step this mean model is not farther from $E$ than $R$.
#
# What is that good for? $E$ is the model that people use meanwhile. The promise says that it is never more than $R$
# away from what averaging right now would give. Each averaging moves $E$, and the region around it moves along. The
# promise says nothing about how good $E$ is.
#
# Nobody can check the promise directly, because nobody knows all drifts. But if (2) holds, the mean of the *lengths*
# is at most $R$, and the length of the mean drift is at most that: vectors that point in different directions cancel,
# at least in part.
#
# So it is enough to watch one number per site. `gm` does it the simple way: a site calls out as soon as its own
# $\varphi(X_i)$ is positive. Then all models are averaged, and a new **round** starts with all drifts at zero. While
# nobody calls, the sum (2) cannot be positive. `fgm` watches the sum itself, which lets one site go far while the
# others stay near $E$. How far the sum is below zero is called the **slack**; it is $k R$ when a round starts.
#
# An observer who sees everything (in a simulation there is one) can check the promise after every step.

# %%
seen = train("fgm", checks=True).final
print("steps at whose end the mean model was too far away:", seen["breaches"] + seen["violations"]["missed"])
assert seen["breaches"] == seen["violations"]["missed"] == 0

# %% [markdown]
# ## One round, message by message

# %%
from fgm_ref.view.trace import transcript

fgm = results[-1]
number = plots.interesting_round(fgm)
begin = fgm.events["step"][fgm.events["round"] == number].min()
radius = -fgm.series["phi_zero"][begin]  # φ(0) is −R
print(f"R = {radius:.4f} in this round, so every φ begins at {-radius:.4f}; the first unit is {radius / 2:.4f}\n")
print("\n".join(transcript(fgm, number)))

# %% [markdown]
# Read it from the top. The last column, *because*, says what made the sender speak.
#
# 1. `MODEL`: everybody gets the global model. A round starts. (Ignore the `ψ` beside it until item 3: it is the sum
#    (2) that ended the round before.)
# 2. `INCREMENT`: a site says that its $\varphi$ has risen by so many units. That is one small number, 4 bytes,
#    not a model. The unit is the slack divided by $2k$, so in the beginning $R / 2$, which all can work out. A site
#    speaks first when its $\varphi$, which began at $-R$, has reached $-R / 2$: compare with the last column.
# 3. `POLL` and `PHI`: the coordinator has counted more than $k = 4$ units (`c = 5` or more). Each site may have
#    used up nearly one unit more than it has told. As long as $c \le k$, told and untold together are less than $2k$
#    units, and $2k$ units are all the slack. From $c = k + 1 = 5$ on that is no longer sure. So the coordinator asks
#    all sites for their exact $\varphi$ and adds them up to `ψ`, the left side of (2).
# 4. If more than one percent of the first slack is left, the coordinator sends a smaller unit, `QUANTUM`, and all
#    count from zero again. This is a **subround**, the second number in the column *round*. The unit shrinks with the
#    slack, so the sites report more finely when little is left.
# 5. If not, it collects the `DRIFT` of all sites and computes (1). The next round starts with the new model.
#
# At the end `ψ` may be positive: the last step has overshot the slack, and (2) was violated during this very step.
# But the coordinator notices, and averages before the next step. That is why the promise speaks of the *end* of a step.
#
# **Predict:** which messages make up the bytes, the many small ones or the few large ones?

# %%
small = sum(fgm.ledger[kind]["bytes"] for kind in ("INCREMENT", "PHI", "QUANTUM", "POLL"))
many = sum(fgm.ledger[kind]["messages"] for kind in ("INCREMENT", "PHI", "QUANTUM", "POLL"))
print(f"{many / fgm.totals['messages']:.0%} of the messages are small; "
      f"together they weigh {small / fgm.totals['bytes']:.2%} of the bytes")  # fmt: skip
assert small < 0.01 * fgm.totals["bytes"] and many > fgm.totals["messages"] / 2

# %% [markdown]
# More than half of the messages, less than one percent of the bytes. That is the bargain: watching is nearly
# free, so it can be done in every step. Only averaging is expensive, and it is done when the watching says so.
#
# On the command line, `python -m fgm_ref.demo` runs a larger comparison, and
# `python -m fgm_ref.demo --protocol fgm --trace 2` prints a transcript like the one above. To go through such a
# round with your own hands, let `python -m fgm_ref.demo --html player.html` write a page that replays a run in the
# browser. It [looks like this](images/player.png).
#
# ## Questions
#
# 1. The sites send 1591 numbers each to average once. What would one averaging cost with 8 sites?
# 2. Why is `rounds` of `local` zero, but not its bytes?
# 3. All four drifts have length $R/3$. What is the sum (2), and may the sites stay silent?
# 4. One drift has length $2R$, three have length zero. What does `gm` do, what may `fgm` do? Is the promise kept?
# 5. Why does a small unit (`QUANTUM`) mean more messages, and why is it wanted near the end of a round?

# %% [markdown]
# ## Answers
#
# 1. 8 up and 8 down, so $16 \cdot 1591 \cdot 4$ = 101,824 bytes: twice as much as with 4 sites.
# 2. The first model has to reach the sites; that is charged to everybody, $4 \cdot 1591 \cdot 4$ bytes.
# 3. $4 (R/3 - R) = -8R/3$, negative: (2) holds, and nobody has used up a whole unit of $R/2$: silence in both.
# 4. `gm`: that site calls out and the round ends. `fgm`: the sum is $(2R - R) - 3R = -2R$, so it may go on. The
#    promise is kept: the mean drift has length at most $2R/4 = R/2$.
# 5. A site speaks whenever its $\varphi$ has risen by one more unit, so half the unit means twice the messages. But
#    what a site has not yet told is less than one unit; near the end of the slack that has to be little.
