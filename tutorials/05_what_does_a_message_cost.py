# %% [markdown]
# # 05 · What does a message cost?
#
# **You will be able to** read the ledger of a run, predict the bytes of a protocol before running it, and say which
# messages matter.
#
# **Before:** tutorials 00 and 04. **Time:** 15 minutes; the code runs for 6 seconds.
#
# **Equations:** the bytes of periodic averaging, and of one that averages when it sees a reason ($r$ times in all):
#
# $$ 4 k D + \left\lfloor \frac{T}{b} \right\rfloor \cdot 8 k D \qquad (1) $$
#
# $$ 4 k D + r \cdot 8 k D + 4 \cdot m \qquad (2) $$
#
# Three symbols are new: $T$, the number of steps; $r$, the number of **rounds** that were finished; $m$, the number
# of **control words**, all the single numbers that were sent.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import load, preset, run
from fgm_ref.view import plots
from fgm_ref.transport.messages import KINDS

# %% [markdown]
# ## The rules of the bill
#
# A comparison of protocols is a comparison of bills. So the rules come first, and they are the same for everybody:
#
# 1. A number weighs 4 bytes, whatever the computer computes in. A model or a drift has $D$ numbers: $4 D$ bytes.
# 2. A message without a number ("please reply") weighs 0 bytes of *payload*, but it is a message and is counted.
# 3. The first model is charged. (Or else every protocol would have its first round for nothing.)
# 4. A broadcast to $k$ sites is $k$ messages. (On some networks one transmission reaches all sites, which is called
#    *multicast*; there it could be billed once.)
# 5. Headers are not payload. There is a second total that estimates them (below).
#
# A protocol cannot cheat: the only way to another computer is through the network, and the network writes the bill.
# Each entry goes to a log. Here is our own ledger, which reads such a log and adds up.


# %%
def our_ledger(events):
    """{kind: [messages, bytes]} from a run's log; an event is `copies` messages of `size` bytes each."""
    bill = {}
    for event in events:
        entry = bill.setdefault(KINDS[event["kind"]].name, [0, 0])
        entry[0] += int(event["copies"])
        entry[1] += int(event["copies"] * event["size"])
    return bill


data = load("watch")
SETTINGS = {"sites": 4, "steps": 200, "threshold": 0.1, "evaluations": 1}
k, T = SETTINGS["sites"], SETTINGS["steps"]


def train(protocol, **more):
    """One run."""
    return run(preset(data, protocol=protocol, **(SETTINGS | more)), data=data)


periodic = train("periodic:b=10")
for kind, (messages, size) in our_ledger(periodic.events).items():
    print(f"{kind:<8} {messages:4} messages {size:10,} bytes")
    assert (messages, size) == (periodic.ledger[kind]["messages"], periodic.ledger[kind]["bytes"])

# %% [markdown]
# Two kinds only: LOCAL is a site's model on its way up, MODEL the mean on its way down. **Predict** both lines for a
# period of 7, and the total. (200 / 7 is 28 and a bit; the model has 1591 numbers.)

# %%
D = periodic.final["parameters"]
seventh = train("periodic:b=7")
expected = 4 * k * D + T // 7 * 8 * k * D
print(f"(1) says {expected:,}, the ledger {seventh.totals['bytes']:,}")
assert D == 1591 and seventh.totals["bytes"] == expected
assert our_ledger(seventh.events)["LOCAL"] == [k * 28, k * 28 * 4 * D]
assert our_ledger(seventh.events)["MODEL"] == [k * 29, k * 29 * 4 * D]

# %% [markdown]
# To the byte. 28 times up, 29 times down, because of rule 3.
#
# ## A protocol that decides for itself
#
# How often `gm` and `fgm` average is not known before the run: it depends on the data. But *given* the number $r$ of
# rounds, the bill follows. When a round of `gm` ends, one site sends an empty VIOLATION, the coordinator an empty
# POLL to all; $k$ drifts go up and $k$ models down. That is (2) with $m = 0$.
#
# `fgm` sends single numbers besides: an INCREMENT when a site's $\varphi$ has risen, and, when a subround ends, a PHI
# from each site and a QUANTUM to each (tutorial 08 says why). **Predict:** which share of its bytes are these?

# %%
gm, fgm = train("gm"), train("fgm")
for result in (gm, fgm):
    r = int(result.series["rounds"][-1])
    bill = our_ledger(result.events)
    m = sum(bill.get(kind, [0])[0] for kind in ("INCREMENT", "PHI", "QUANTUM"))
    expected, counted = 4 * k * D + r * 8 * k * D + 4 * m, result.totals["bytes"]
    print(f"{result.config.protocol:>4}: {r} rounds, {m} control words; (2) says {expected:,}, the ledger {counted:,}; "
          f"control share {4 * m / counted:.2%}")  # fmt: skip
    assert expected == counted
    assert 4 * m < 0.01 * result.totals["bytes"] and (m == 0) == (result is gm)

# %% [markdown]
# Less than one percent. So a round costs the same for `gm` and `fgm`, and a protocol is cheap if it needs *few
# rounds*. Everything else is small change. (If you ever see a comparison that praises a protocol for its cheap
# rounds, ask what was billed.)
#
# ## Where the bytes go
#
# A protocol may also try to *avoid* a round: let a few sites average among themselves (`gm-reb`). And one can do
# without averaging: ship the raw samples to one computer (`central`). **Predict** the bytes of the latter: in each of
# 200 steps each of 4 sites sends 16 samples with 40 time steps of 6 numbers, and one label each.

# %%
central = train("central")
assert central.totals["bytes"] == 200 * 4 * 16 * (40 * 6 + 1) * 4
results = [central, periodic, gm, train("gm-reb"), fgm]
fig, ax = plt.subplots(figsize=(6.8, 3.6))
plots.bytes_by_type(results, ax)
save(fig, "05")
size = {result.config.protocol: result.totals["bytes"] for result in results}
print({name: f"{value / 1e6:.2f} MB" for name, value in size.items()})
assert size["central"] > 5 * size["fgm"] and size["gm-reb"] > 1.2 * size["gm"]

# %% [markdown]
# The control words are too thin to be seen. Raw samples cost so much here because they are sent again in every pass
# over the data, and 200 steps are several passes. Local averaging is meant to save rounds, and it does. But each
# attempt ships models as well, and here it costs more than it saves. Such things are seen only if *everything* is
# billed.
#
# ## When do small messages matter?
#
# On a real network a message has a header. The ledger's second total adds 40 bytes for each started 1,024 bytes, and
# for each empty message. **Predict:** by which factor does that raise the bill of a message of 6,364 bytes (a model),
# of 4 bytes (a word)?


# %%
def on_the_wire(size):
    """Estimated bytes of a message with `size` payload bytes."""
    return size + 40 * max(1, int(np.ceil(size / 1024)))


print(f"a model {on_the_wire(4 * D) / (4 * D):.2f}, a word {on_the_wire(4) / 4:.0f}; an empty one: {on_the_wire(0)} B")
assert on_the_wire(4 * D) / (4 * D) < 1.05 and on_the_wire(4) == 44
total = sum(int(event["copies"]) * on_the_wire(int(event["size"])) for event in fgm.events)
assert total == fgm.totals["tcp_bytes"]

# %% [markdown]
# A word costs eleven times its payload, and still: how large must a model be for the words not to matter? Take the
# log of the `fgm` run, and bill it as if the model had another size. (The order of events would not be quite the
# same; for an estimate it will do.)

# %%
sizes = np.array([3, 10, 30, 100, 300, 1_000, 3_000, 10_000])
large = np.array([KINDS[event["kind"]].name in ("MODEL", "DRIFT") for event in fgm.events])
words = sum(int(e["copies"]) * on_the_wire(int(e["size"])) for e in fgm.events[~large])
models = np.array([int(fgm.events[large]["copies"].sum()) * on_the_wire(4 * int(n)) for n in sizes])
share = words / (words + models)

fig, ax = plt.subplots()
ax.semilogx(sizes, 100 * share, marker="o")
ax.axvline(D, color=plots.GREY, linestyle=":")
ax.annotate("this model", (D, 60), xytext=(4, 0), textcoords="offset points", color="#555555")
ax.set(xlabel="numbers in the model (log scale)", ylabel="share of small messages, %", ylim=(0, 100),
       title="Headers included, small messages matter for small models")  # fmt: skip
save(fig, "05_headers")
print(f"with {sizes[0]} numbers {share[0]:.0%}, with {sizes[-1]:,} numbers {share[-1]:.1%}")
assert share[0] > 0.6 and share[-1] < 0.05 and (np.diff(share) < 0).all()

# %% [markdown]
# For a model of three numbers most of the traffic is talk; for ten thousand it is a few percent at most. Watching
# finely pays for large models. (For a tiny one, simply send it.)
#
# `--json` of `python -m fgm_ref.demo` prints the whole bill, with both totals and each kind of message.
#
# ## Questions
#
# 1. 8 sites, a model of 1,000 numbers, 300 steps, averaged in every 20th. How many bytes, how many messages?
# 2. With multicast a broadcast is billed once. What becomes of (1)?
# 3. Why must the first model be charged, although every protocol sends it?
# 4. A protocol sends half as many bytes in twice as many messages. When is it the more expensive one?
# 5. Two runs have the same number of rounds, but one has 30 percent more bytes. Where would you look?

# %% [markdown]
# ## Answers
#
# 1. $4 \cdot 8 \cdot 1000 + 15 \cdot 8 \cdot 8 \cdot 1000$ = 992,000 bytes in $8 + 15 \cdot 16 = 248$ messages.
# 2. What goes down counts once: $4 D + \lfloor T / b \rfloor \cdot (4 k D + 4 D)$. Up, each site still sends its own
#    model.
# 3. Ratios: if one protocol averages twice and another once, 2 : 1 is wrong if the common start is left out. And one
#    that never averages would be free.
# 4. When the additional headers weigh more than the bytes that are saved: with many small messages, or large headers.
# 5. At the bytes by kind: probably at failed attempts to avoid a round (BALANCED, LOCAL or DRIFT outside of round
#    ends).
