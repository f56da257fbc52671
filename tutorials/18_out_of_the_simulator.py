# %% [markdown]
# # 18 · Out of the simulator
#
# **You will be able to** read a message as bytes, train with the sites in other processes, hold the ledger against
# the wire, and say what a guarantee is worth when nobody keeps step.
#
# **Before:** the bill (tutorial 05) and FGM (08). **Time:** 15 minutes; the code runs for 4 seconds.
#
# **Equations:** the bytes on a wire, and the time of one synchronisation of $k$ sites with one coordinator:
#
# $$ \text{payload} + h \cdot \text{messages} \qquad (1) $$
#
# $$ t = 2 \alpha + 2 k ( \gamma + n \beta ) \qquad (2) $$
#
# Five symbols are new: $h$, the bytes of an **envelope**, which says who, what and how long; $\alpha$, the
# **latency**, the time that an empty message is on its way; $\beta$, the time per byte; $\gamma$, what the coordinator
# has to do for each message besides; and $n$, the bytes of a message.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save

import subprocess
import sys
import threading
from importlib.util import find_spec
from queue import SimpleQueue

import matplotlib.pyplot as plt
import numpy as np

from fgm_ref import load, preset, run
from fgm_ref.mpi import bill
from fgm_ref.mpi.free import run_free
from fgm_ref.mpi.lockstep import run_far, stop
from fgm_ref.mpi.serve import serve
from fgm_ref.transport.messages import INDEX, INCREMENT, MODEL, POLL, Tag
from fgm_ref.transport.wire.letter import HEADER, Letter, Unreadable, read, write
from fgm_ref.transport.wire.office import Office
from fgm_ref.transport.wire.payload import packed, unpacked
from fgm_ref.view import plots

# %% [markdown]
# ## What is a message on a wire?
#
# So far everything happened in one process, and a message was a Python object that was handed on. A wire carries
# bytes. So somebody has to say what the bytes mean: which kind of message, from whom, of which round, and how many
# numbers follow. That is the *envelope*; here it always has the same length. Behind it lie the numbers as they are,
# 4 bytes each.
#
# **Predict** the bytes of three messages: a model of 1591 numbers, an increment, and a POLL ("please reply").


# %%
def letter(kind, payload, site=0):
    """A message as bytes."""
    form, parts = packed(payload)
    return write(Letter(INDEX[kind], site, tag=Tag(round=3, subround=1), form=form, parts=parts))


E = np.random.default_rng(18).normal(size=1591).astype(np.float32)
for kind, payload in ((MODEL, E), (INCREMENT, 2), (POLL, None)):
    data = letter(kind, payload)
    print(f"{kind!s:<10} {len(data):5} bytes, {len(data) - HEADER:5} of them payload; begins with {bytes(data[:4])}")
    assert len(data) == HEADER + (0 if payload is None else 4 * np.size(payload))
again = unpacked(read(letter(MODEL, E)))
assert HEADER == 254 and (again == E).all() and again.dtype == E.dtype

# %% [markdown]
# The envelope weighs more than the increment in it. (This one is generous. It has room for three arrays and for the
# reason why something was sent, which is for the transcript only.)
#
# Nothing here is *pickled*. A pickle may contain code, and who reads it runs it. These bytes are numbers and stay
# numbers. What cannot be read is refused in words:

# %%
torn = letter(MODEL, E)[:-1]
strange = letter(MODEL, E).copy()
strange[0] += 1
for data in (torn, strange):
    try:
        read(data)
    except Unreadable as error:
        print(error)
    else:
        raise AssertionError("this should have been refused")

# %% [markdown]
# ## Three ranks
#
# A process that takes part is called a **rank**. Rank 0 is the coordinator's. The others share out the sites, and
# train those that live with them. What is needed of a carrier is little: take bytes to a rank, and hand out the next
# that have come. MPI is such a carrier, the one that clusters have. For this page three queues will do.


# %%
class Queues:
    """A carrier between the threads of one process; a rank each."""

    def __init__(self, rank, boxes):
        self.rank, self.size, self.boxes, self.early = rank, len(boxes), boxes, []

    def send(self, to, letter):
        """Take bytes along."""
        self.boxes[to].put((self.rank, letter))

    def receive(self, sender=None):
        """The next letter, of anybody or of this sender."""
        for n, (who, data) in enumerate(self.early):
            if sender in (None, who):
                del self.early[n]
                return who, data
        while True:
            who, data = self.boxes[self.rank].get()
            if sender in (None, who):
                return who, data
            self.early.append((who, data))

    def waiting(self):
        """Whether something has come."""
        return bool(self.early) or not self.boxes[self.rank].empty()


def apart(work, ranks=3):
    """What `work(office)` returns at rank 0, while the other ranks hold the sites and serve."""
    boxes = [SimpleQueue() for _ in range(ranks)]
    first, *others = [Office(Queues(rank, boxes)) for rank in range(ranks)]
    threads = [threading.Thread(target=serve, args=(office, data)) for office in others]
    for thread in threads:
        thread.start()
    try:
        return work(first)
    finally:
        stop(first)
        for thread in threads:
            thread.join()


data = load("watch")


def config(protocol, **more):
    """Seven sites, which two ranks share: four and three."""
    return preset(data, protocol=protocol, **({"steps": 40, "threshold": 0.1, "evaluations": 1} | more))


# %% [markdown]
# The protocols do not know of all this. Their two ends shared nothing in the simulator either, so the same classes
# stand at both ends of the wire. In *lockstep* rank 0 says when to step, and whose turn it is; both are words that no
# protocol knows.
#
# **Predict:** how far is the model from the simulator's, and by how many bytes do the ledgers differ?

# %%
bills = {}


def far(protocol):
    """A run with the sites elsewhere; what has passed is noted."""

    def then(simulation, result):
        bills[protocol] = list(bill.rows(result, simulation.office)), bill.line(result, simulation.office, 0)
        assert bill.differences(result, simulation) == []

    return apart(lambda office: run_far(config(protocol), office, data=data, then=then))


here, there = run(config("fgm"), data=data), far("fgm")
print("largest difference of the models:", abs(here.model - there.model).max())
print("the logs are the same:", here.events.tobytes() == there.events.tobytes())
assert (here.model == there.model).all() and here.events.tobytes() == there.events.tobytes()

# %% [markdown]
# None, to the last bit. That is more than we could hope for if "nearly the same" were the goal: sums in another order
# are rounded in another way. But row $i$ of every array depends on row $i$ alone, the coordinator adds up in the order
# of the sites, and the turns come in the same random order. So this is a proof that the simulator tells the truth.
#
# ## The ledger against the wire
#
# The office at rank 0 counts what it hands to the carrier and what it gets. **Predict:** in which column is a
# difference, if there is one?

# %%
rows, line = bills["fgm"]
print("kind        messages  payload | letters     bytes")
for row in rows:
    print(f"{row.kind:<10} {row.billed[0]:9,} {row.billed[1]:8,} | {row.passed[0]:7,} {row.passed[1]:9,}")
    assert row.billed == row.passed
print(f"and {line.envelopes:,} bytes of envelopes, {line.words} words of control with {line.control:,} bytes")
assert line.envelopes == HEADER * line.messages

# %% [markdown]
# There is none: one letter for each message of the ledger, also where two sites live in one process, and the same
# bytes. Besides there are the envelopes, by (1). And there are words of control: "step", "you may speak", and the
# models for the test loss at the end, which only an onlooker wants.
#
# **Predict:** for which protocol do envelopes weigh most, as a share of the payload?

# %%
PROTOCOLS = ("periodic:b=10", "gm", "fgm", "fda-linear")
for protocol in PROTOCOLS:
    if protocol not in bills:
        far(protocol)
lines = [bills[protocol][1] for protocol in PROTOCOLS]
shares = {line.protocol: line.envelopes / line.payload for line in lines}
fig, ax = plt.subplots()
left = np.zeros(len(lines))
for part, color in (("payload", plots.BLUE), ("envelopes", plots.ORANGE), ("control", plots.SKY)):
    sizes = np.array([getattr(line, part) for line in lines]) / 1e6
    ax.barh(PROTOCOLS, sizes, left=left, color=color, label=part)
    left += sizes
ax.invert_yaxis()
ax.set(xlabel="MB on the wire", title="What 40 steps of seven sites put on a wire")
ax.legend()
save(fig, "18")
print({name: f"{share:.0%}" for name, share in shares.items()})
assert shares["fda-linear"] > 1.3 * shares["fgm"] > 1.3 * shares["gm"]
assert shares["fda-linear"] > 0.15 and shares["periodic:b=10"] < 0.1

# %% [markdown]
# For the one that sends a little in every step. Its words are cheap in payload and dear in envelopes. (A network in
# earnest puts another 40 bytes in front of each message, which the ledger's second total estimates.)
#
# ## Without a barrier
#
# In lockstep the fast wait for the slow. So let everybody go at his own pace: train, say what there is to say, look
# whether something has come, go on. The coordinator answers as messages come. What can go wrong?
#
# - *Stale*: an increment was on its way when the subround ended. Its tag says so, and it is dropped.
# - *Late*: a site that has sent its model trains on, and what comes back knows nothing of these steps.
# - *Moving*: FGM polls $\varphi (X_i)$ and adds them up. But the first site has moved on when the last one replies.
#
# The third one would break the proof. So whoever was asked waits until what was asked for is settled. It is the only
# one who waits.
#
# **Predict:** is $\sum \varphi (X_i) \le 0$ at any moment? And in a pause, when all that was under way has arrived?

# %%
free = [apart(lambda office: run_free(config("fgm", steps=60), office, data=data, every=10))[0] for _ in range(2)]
first, second = free
print("kept in all pauses:", all(first.looked_at), "and", all(second.looked_at))
print("twice the same model:", (first.model == second.model).all())
assert all(first.looked_at) and all(second.looked_at) and len(first.looked_at) > 5
assert set(first.steps.values()) == {60}

# %% [markdown]
# In the pauses it holds, and it must. A site speaks right after the step that gives it reason to. Once all messages
# have arrived, each site has told all its quanta of the present subround, and those who were polled stood still until
# the new quantum came. That is the situation of the proof in tutorial 08b.
#
# *Between* the pauses nothing is promised. While an increment is under way, the sites go on, and nobody bounds by how
# much. And two runs are not alike, for whose message comes first is up to the machine. A protocol that counts on all
# sites being in the same step makes no sense here, and is refused:

# %%
for refused in ("periodic:b=10", "fda-linear"):
    try:
        apart(lambda office, name=refused: run_free(config(name), office, data=data))
    except ValueError as error:
        print(error)
    else:
        raise AssertionError("this should have been refused")

# %% [markdown]
# ## Where the centre becomes too narrow
#
# All sites speak with one coordinator, a *star*. By (2) a synchronisation takes a time in proportion to $k$. A *tree*,
# in which each node adds up the models of 16 others and passes the sum on, takes $\log_{16} k$ times that of 16.
# **Predict:** with a model of 50 kB, $\alpha = 50$ µs, 1 GB per second and $\gamma = 10$ µs, from how many sites on
# does a synchronisation take longer than the 20 steps of 1 ms between two of them?


# %%
def star(k, n, alpha=50e-6, beta=1e-9, gamma=10e-6):
    """(2)."""
    return 2 * alpha + 2 * k * (gamma + n * beta)


def tree(k, n, fan=16):
    """The same on each level."""
    return np.ceil(np.log(k) / np.log(fan)) * star(fan, n)


k = np.logspace(1, 6, 200)
fig, ax = plt.subplots()
for n, name, color in ((50_000, "models of 50 kB", plots.BLUE), (4, "single words", plots.ORANGE)):
    ax.loglog(k, star(k, n), color=color, linestyle="-", label=f"{name}, star")
    ax.loglog(k, tree(k, n), color=color, linestyle="--", label=f"{name}, tree")
ax.axhline(0.02, color=plots.BLACK, linestyle=":", label="20 steps of 1 ms")
ax.set(xlabel="sites (log scale)", ylabel="seconds (log scale)", title="All sites once up and down")
ax.legend()
save(fig, "18-scale")
bound = (0.02 - 2 * 50e-6) / (2 * (10e-6 + 50_000e-9))
print(f"star: {bound:.0f} sites; a tree of a million sites takes {1000 * tree(1e6, 50_000):.0f} ms")
assert 160 < bound < 170 and tree(1e6, 50_000) < 0.02

# %% [markdown]
# From 166 on. What this costs on a real machine, and how much faster two ranks train than one, was measured by
# `python tests/benchmarks/mpi.py` and stands in [mpi.md](../data/results/bench/mpi.md).
#
# Does FGM go with a tree? It watches a sum, and a sum may be taken in groups. Each group has a coordinator that is to
# the one above what a site is to it: its $\varphi$ is the sum of those below. It has room until that sum has risen by
# another quantum of the level above, and deals the room out among its sites by FGM's own rule. So with $G$ groups of
# $k_g$ sites a subround costs at most $3 k_g + 1$ words in a group and $3 G + 1$ above.
# (`tests/test_two_levels.py` plays it.)
#
# ## With MPI
#
# The same over MPI, with processes instead of threads. Only the carrier is another one, `fgm_ref/mpi/post.py`. On the
# command line:
#
#     python -m fgm_ref.mpi --launch 3 --protocol fgm --protocol gm
#     python -m fgm_ref.mpi --launch 3 --protocol fgm --free
#
# If `mpi4py` and an MPI are installed here, the next cell runs three processes and compares.

# %%
if find_spec("mpi4py"):
    told = ["--protocol", "fgm", "--steps", "20", "--json"]
    simulator, three = (
        subprocess.run([sys.executable, "-m", *program, *told], capture_output=True, text=True, check=True).stdout
        for program in (["fgm_ref.demo"], ["fgm_ref.mpi", "--launch", "3"])
    )
    print("three processes say what the simulator says:", simulator == three)
    assert simulator == three
else:
    print("not installed here: pip install mpi4py mpich")

# %% [markdown]
# ## Questions
#
# 1. How many bytes on the wire has a POLL to seven sites with seven replies of one number, envelopes included?
# 2. Why must the coordinator add up replies in the order of the sites, and not as they come, if the bits are to be
#    the simulator's?
# 3. A site sends its model by a codec, as the difference from the last global model. A new global model is on its way
#    to it meanwhile. Why does nothing go wrong?
# 4. In a free run a site of `dynamic` sends its model with a violation. It makes three more steps before the mean of
#    the balancing set comes. What becomes of these steps? And with `gm`, where the coordinator asks for the drifts?
# 5. By which factor does (2) grow if sites become ten times as many? And what of a tree of 16, from 16 to 256?

# %% [markdown]
# ## Answers
#
# 1. 14 messages: $14 \cdot 254 + 7 \cdot 4 = 3584$ bytes.
# 2. Because a sum of floating-point numbers depends on the order in which they are added, in the last bits.
# 3. The difference is from the model that the site *has*. In lockstep there is no meanwhile. In a free run the site's
#    message has the tag of the old round, so it is dropped before anybody decodes it.
# 4. They are overwritten, for the mean was made of the model that was sent. With `gm` nothing is lost: the drift is
#    that of the moment in which the site is asked, and from then on it waits.
# 5. By nearly ten, for $2 \alpha$ is small. The tree has two levels instead of one: twice.
