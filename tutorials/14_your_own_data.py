# %% [markdown]
# # 14 · Your own data
#
# **You will be able to** go from a table of your own to predictions for rows that nobody has seen, choose a test part
# that asks *your* question, and say when a result means something and when it does not.
#
# **Before:** the table of tutorial 00. **Time:** 15 minutes; the code runs for 15 seconds.
#
# **Equations:** what there is to beat when a series $y$ is to be predicted $H$ rows ahead, by persistence and by
# seasonal persistence with a season of $s$ rows, and the standard error of an accuracy $p$ over $n$ independent
# windows,
#
# $$ \hat{y}(t + H) = y(t) \qquad (1) $$
#
# $$ \hat{y}(t + H) = y(t + H - m s), \quad m = \lceil H / s \rceil \qquad (2) $$
#
# $$ e = \sqrt{p (1 - p) / n} \qquad (3) $$
#
# **New symbols:** $H$, the horizon; $s$, the season; $m$, so many seasons back that the answer is known by now.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

# %% [markdown]
# Everything below is done by two programs that you would call in a terminal. Here `shell` runs them, so that this
# page can show what they print.

# %%
import contextlib
import io
import shlex
from pathlib import Path

from fgm_ref import demo, load_run, predict

PROGRAMS = {"fgm_ref.demo": demo.main, "fgm_ref.predict": predict.main}


def shell(command):
    """Run a command as a terminal would; progress is left out."""
    print("$", command)
    _python, _m, program, *arguments = shlex.split(command)
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        assert PROGRAMS[program](arguments) == 0, said.getvalue()
    print(*(line for line in said.getvalue().splitlines() if "left" not in line), sep="\n")


def saved(start, protocol):
    """The run that `--save` wrote."""
    name = protocol.replace(":", "-")
    (path,) = Path("out").glob(f"{start}-*-{name}.npz")
    return load_run(path)


# %% [markdown]
# ## 1. A sensor, and many machines
#
# Eight machines are watched, row by row. Each is `ok` for a while, then its bearing is `worn`, then somebody mends
# it. A worn bearing shakes more. But every machine stands on its own floor and shakes as much as it pleases when all
# is well. (The table is made here. Yours would come from a file, with a name for each column in the first line, and
# one row for each moment, in the order of time.)

# %%
import numpy as np


def machine(number, rows, seed=1):
    """The lines of one machine."""
    rng = np.random.default_rng([seed, number])
    level, warmth = rng.normal(0, 2), rng.normal(60, 5)
    worn = np.zeros(rows, bool)
    begin = rng.integers(15, 45)
    while begin < rows:
        end = begin + rng.integers(10, 25)
        worn[begin:end] = True
        begin = end + rng.integers(15, 45)
    busy = rng.random(rows) < 0.5
    vibration = level + worn + 0.5 * rng.normal(size=rows)
    temperature = warmth + 3 * busy + rng.normal(size=rows)
    for v, t, b, w in zip(vibration, temperature, busy, worn, strict=True):
        yield f"{number},{v:.2f},{t:.1f},{'load' if b else 'idle'},{'worn' if w else 'ok'}"


def write(name, numbers, rows):
    lines = ["machine,vibration,temperature,mode,state"]
    for number in numbers:
        lines += machine(number, rows)
    Path("out").mkdir(exist_ok=True)
    Path("out", name).write_text("\n".join(lines) + "\n")


write("sensors.csv", range(1, 9), 300)
shell("python -m fgm_ref.demo --csv out/sensors.csv --label state --group machine --window 8 --describe")

# %% [markdown]
# **Always look at this first.** Is the label the right column, and are its classes the ones you know? Is a number
# taken for a category, or a row number for a measurement? Does the test part have every class that the training part
# has? What looks suspicious comes as a warning.
#
# A *window* is 8 rows of one machine, and what is predicted is the state in the last of them. No window reaches from
# one machine to another, or from the training part into the test part. `machine` itself is no input: it tells the
# series apart, and each series becomes a site.
#
# Now train. The test part is the last quarter of each machine's rows.

# %%
SENSORS = (
    "python -m fgm_ref.demo --csv out/sensors.csv --label state --group machine --window 8 --threshold 0.05 "
    "--protocol local --protocol periodic:b=1 --protocol fgm --save"
)
shell(f"{SENSORS} --test last")
last = {name: saved("sensors*test=last", name).final for name in ("local", "periodic:b=1", "fgm")}
assert last["periodic:b=1"]["score"] > 0.77

# %% [markdown]
# ### What the split means
#
# More than 80 of 100 windows are right. **Predict:** how many will be right if the same is tried on machines that are
# *not* among those it has learnt from? `--test groups` holds whole machines back.

# %%
shell(f"{SENSORS} --test groups")
groups = {name: saved("sensors*test=groups", name).final for name in ("local", "periodic:b=1", "fgm")}
assert groups["periodic:b=1"]["score"] < last["periodic:b=1"]["score"] - 0.1
assert groups["periodic:b=1"]["loss"] > 0.66  # that of the majority class

# %% [markdown]
# It ends worse than a predictor that looks at nothing. The network had learnt how much *these* machines shake, knew
# each by its temperature, and of a new one it knows nothing. The learning curves, which the demo draws in
# `out/...-curves.png`, show how that happened.

# %%
import matplotlib.pyplot as plt

from fgm_ref.view.learning import draw_test, draw_training

fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
for ax, test in zip(axes, ("last", "groups"), strict=True):
    run = saved(f"sensors*test={test}", "periodic:b=1")
    draw_test(ax, run, "loss")
    draw_training(ax, run)
    ax.set(title=f"--test {test}: test (thick), training (thin)", xlabel="step", ylim=(0, None))
axes[0].set(ylabel="loss")
save(fig, "14-curves")
assert run.curve["loss"][-1] > 2 * run.curve["loss"].min()

# %% [markdown]
# To the right, the training loss goes down and the test loss up: from step 25 on, the network learns the machines by
# heart. Neither picture is wrong. They answer different questions:
#
# | the question | the test part |
# |---|---|
# | how will it do **tomorrow**, on the machines that I have? | `--test last`: the end of each series |
# | how will it do on a machine, a patient, a shop that I have **not seen**? | `--test groups`: whole series |
# | how well can it be learnt **at all**, if the end was unusual? | `--test blocks`: pieces all over, with gaps |
#
# A random choice of windows answers no question that anybody has: neighbouring windows share all but one of their
# rows, so the test part would be known by heart.
#
# What would help a new machine? An input that does not depend on the machine: how much it shakes *more than usual*.
#
# ### When a result can be trusted
#
# The rows in brackets are what there is to beat.
#
# - **majority class** (or **mean**) looks at nothing. A run that does not beat it has learnt nothing of use, and that
#   is said.
# - **logistic** (for numbers: **ridge**) regression sees the last row, or the whole window flattened. If it is as
#   good, you need no network, and what the protocols save is saved on the wrong model.
# - **persistence** says what the label was one row before: equation (1). It is so good here because states last. But
#   it has to be *told* the last state. If you will not know that when you predict, do not compare with that row.
# - **seasonal persistence** is for labels that come back: equation (2).
#
# And then, chance. **Predict:** accuracy 0.83 here and 0.81 there, on 544 windows: is that a difference?

# %%
p, n = last["periodic:b=1"]["score"], 544
for windows, what in ((n, "if all windows were independent"), (n / 8, "of 8 rows each that overlap, about")):
    print(f"{p:.3f} ± {2 * np.sqrt(p * (1 - p) / windows):.3f}  {what}")
assert 2 * np.sqrt(p * (1 - p) / (n / 8)) > 0.08

# %% [markdown]
# No. Twice equation (3) is 0.03 already, and overlapping windows count for far less than their number. On top of that
# comes the seed: try `--seed 1`, `--seed 2`. Tutorial 10 says how to compare properly.
#
# ### What the protocols tell
#
# Only now look at rounds and bytes.

# %%
for name, final in last.items():
    run = saved("sensors*test=last", name)
    print(f"{name:<14} {run.totals['bytes'] / 1e6:7.3f} MB   loss {final['loss']:.3f}")
assert last["local"]["loss"] > last["fgm"]["loss"] > last["periodic:b=1"]["loss"]

# %% [markdown]
# `local`, where each machine learns alone, is worst by far, although each is tested with all others. So there is
# something to be gained from speaking at all. FGM ships a third of what averaging in every step ships, and pays in
# loss: these sites differ so much that models drift apart at once, and a threshold is a price list. Try `--threshold
# 0.02` and 0.1. If *all* protocols end alike, `local` included, your sites did not need each other, and the cheapest
# protocol is silence.

# %% [markdown]
# ## 2. A series to forecast
#
# One column of numbers and its times: the temperature at a station, hour by hour. `--history` makes the past of the
# label an input, and `--horizon 6` asks for the value six rows after the window. The window must not be shorter than
# a season, or the network cannot see what the same hour was like the day before.

# %%
rng = np.random.default_rng(0)
hours = np.arange(1600)
weather = np.convolve(rng.normal(size=len(hours) + 71), np.ones(72) / np.sqrt(72), "valid")
sun = 6 * np.sin(2 * np.pi * (hours - 8) / 24) * (1 + 0.3 * weather)
temperature = 10 + sun + 3 * weather + 0.5 * rng.normal(size=len(hours))
times = np.datetime64("2025-03-01T00") + hours.astype("timedelta64[h]")
lines = [f"{time},{degrees:.1f}" for time, degrees in zip(times, temperature, strict=True)]
HEADER = "time,temperature"
Path("out/station.csv").write_text("\n".join([HEADER, *lines[:1500]]) + "\n")
Path("out/later.csv").write_text("\n".join([HEADER, *lines[1500:]]) + "\n")

shell(
    "python -m fgm_ref.demo --csv out/station.csv --label temperature --time time --history --horizon 6 --window 24 "
    "--steps 150 --threshold 0.05 --protocol periodic:b=5 --protocol fgm --save"
)
forecast = saved("station", "fgm")
assert forecast.final["score"] < 2.3  # seasonal persistence: 2.6 degrees

# %% [markdown]
# Persistence is useless here: six hours later it is another time of day. The training part shows a season of 24 rows,
# and the same hour of the day before is a fair guess. The network beats it, but hardly beats ridge regression on the
# window. For so smooth a series that is no surprise. It is a reason to start with ridge.
#
# Now the model is used: 100 hours that were in no part at all. There is a prediction for each window, in the line of
# its last row. The last six have no answer in the file yet.

# %%
(path,) = Path("out").glob("station-*-fgm.npz")
shell(f"python -m fgm_ref.predict {path}")
shell(f"python -m fgm_ref.predict {path} out/later.csv --out out/said.csv")
print(*Path("out/said.csv").read_text().splitlines()[:4], sep="\n")

# %% [markdown]
# The same in Python: `predict` takes a mapping of names to arrays, or a data frame.

# %%
from fgm_ref.view.plots import BLACK, BLUE, GREY

later = {"time": times[1500:].astype(str), "temperature": temperature[1500:].round(1)}
said = forecast.predict(later)
assert said.known.sum() == len(said.rows) - 6
assert said.score < 3

fig, ax = plt.subplots(figsize=(6.4, 3.2))
row = np.arange(100)
ax.plot(row, later["temperature"], color=BLACK, linestyle="-", label="measured")
ax.plot(said.rows + 6, said.values[:, 0], color=BLUE, linestyle="--", label="said six hours before")
ax.plot(row[24:], later["temperature"][:-24], color=GREY, linestyle=":", label="the day before")
ax.set(xlabel="hours", ylabel="°C", ylim=(0, 30))
ax.legend(loc="upper right", ncols=3)
save(fig, "14")

# %% [markdown]
# ## 3. Short texts
#
# `--text` turns the words of a column into numbers, and each row is a window. Here are the bundled sentences of
# product reviews as a table. Several sentences stem from one review, and they agree with each other. So whole reviews
# are held back.

# %%
import csv
import gzip

from fgm_ref.datasets import folder

with gzip.open(folder() / "amazon_snippets.tsv.gz", "rt") as file:
    rows = [line.rstrip("\n").split("\t") for line in list(file)[1:]]
clear = [row for row in rows if abs(float(row[1])) > 0.5]
with open("out/reviews.csv", "w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["review", "sentence", "opinion"])
    table.writerows([name.split("_")[0], text, "good" if float(rating) > 0 else "bad"] for name, rating, text in clear)

shell(
    "python -m fgm_ref.demo --csv out/reviews.csv --label opinion --text sentence --window 20 --group review "
    "--test groups --split iid --sites 8 --hidden 12 --steps 60 --protocol periodic:b=5 --protocol fgm --save"
)
opinions = saved("reviews", "fgm")
assert opinions.final["score"] > 0.65

# %% [markdown]
# Counting words, (logistic, words), does as well as a recurrent network that reads them in their order, with two
# thousand sentences to learn from. FGM ships about a third of what averaging in every fifth step ships, at about the
# same loss.
#
# Whatever you write, it has an opinion about it. That it says 0.5 about a box that is blue is a good sign.

# %%
Path("out/mine.csv").write_text(
    'sentence\n"it broke after a week, terrible"\n"great pictures, the best camera I ever had"\n"the box is blue"\n'
)
(path,) = Path("out").glob("reviews-*-fgm.npz")
shell(f"python -m fgm_ref.predict {shlex.quote(str(path))} out/mine.csv")
said = opinions.predict({"sentence": ["terrible", "great"]})
assert said.values.tolist() == ["bad", "good"]

# %% [markdown]
# ## In short
#
# 1. `--describe`, and read every line.
# 2. Choose the test part by the question: tomorrow, or somebody new?
# 3. Train with `--save`. Compare with the rows in brackets before you compare protocols.
# 4. `python -m fgm_ref.predict RUN.npz NEW.csv`.
#
# If a file cannot be read, the error says in which line, and names the option that might help; `--help` lists them
# all (`--decimal`, `--thousands`, `--missing`, `--encoding` and so on). In Python there are `load_csv` and, for
# arrays and data frames, `from_columns`, both in `datasets/csvdata.py`.
#
# ## Questions
#
# 1. A hospital wants to use a model on patients that it has not met yet. Which `--test`, and which column is
#    `--group`?
# 2. Accuracy 0.95, majority class 0.95. Has the network learnt nothing?
# 3. Persistence has 0.99, the network 0.90. When is the network of use all the same?
# 4. One input predicts the label without a mistake. What do you suspect?
# 5. All protocols end with the same loss, `local` too. What have you learnt about your sites?

# %% [markdown]
# ## Answers
#
# 1. `--test groups`, and `--group` is the column that names the patient. Otherwise windows of the same person stand
#    in both parts.
# 2. Not necessarily: look at the loss, and at the balanced accuracy. If only those equal the majority class's as
#    well, nothing.
# 3. When the label's last value will not be known at the time of prediction, or when only its changes matter.
# 4. That it was written down after the label, or made from it. Leave it out with `--drop`.
# 5. That they have the same thing to learn, and enough data for it each. Averaging buys nothing there.
