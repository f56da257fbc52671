# %% [markdown]
# # 09 · Breaking it on purpose
#
# **You will be able to** write what a protocol promises as a function that a computer can check, plant a
# mistake, see which promise breaks, and shrink the failing case until it can be drawn.
#
# **Before:** FGM, the idea and the proof (tutorials 08 and 08b). **Time:** 15 minutes; the code runs for 5 seconds.
#
# **Equations** (the promise of tutorial 08b, and how a round ends; here they are tests):
#
# $$ c \le k \quad \Rightarrow \quad \sum_{i=1}^{k} \varphi(X_i) \le 0 \qquad (1) $$
#
# $$ E \leftarrow \frac{1}{k} \sum_{i=1}^{k} w_i \quad \text{when a round ends} \qquad (2) $$
#
# No new symbols: $w_i = E + X_i$ is the model of site $i$, $X_i$ its drift from the last global model $E$, $\varphi$
# the safe function, $k$ the number of sites; $c$ is the number of quanta that the coordinator has counted, $\psi$ the
# sum of $\varphi$ as it knows it, $z_i$ the value of $\varphi$ from which site $i$ counts, $\theta$ the quantum.

# %%
# Runs wherever fgm_ref is installed: `pip install` a checkout or a wheel.
from fgm_ref.tutorials.start import save
from fgm_ref.tutorials.walks import Walk, wander

# %% [markdown]
# ## Why break what works
#
# A wrong protocol does not crash. Models go to and fro, the loss falls, a plot comes out. Only the bytes are a bit too
# few, or the promise is not kept, and nobody looks. The mistakes below were all seen in public programs, or easily
# could be. A test that has never failed proves nothing, so we let ours fail, on purpose.
#
# First the promises, or **invariants**: what must hold after every step, whatever the sites do. Each is a line or two.
# They look at a game in progress: the helper `Walk` (in [walks.py](../fgm_ref/tutorials/walks.py)) wires the
# library's own sites,
# network and coordinator, and moves the sites as we say. What you need to know of it:
#
# | | |
# |---|---|
# | `game.step(moves)` | all sites move, then they exchange messages; returns `X` and `E` as they were before these |
# | `game.sites` | `values` (every $\varphi(X_i)$), `z`, `c` (what each has told), `theta`, `models`, `k` |
# | `game.coordinator` | `E`, `psi`, `c`, `round` (1 in the first round) |
# | `game.ledger.events` | every message so far: `round`, `subround`, `size` in bytes, `copies` |

# %%
import numpy as np

R = 1.0


def promise(game, seen):
    """(1): nobody has anything to say, so the sum of φ is not positive."""
    return game.sites.values.sum() <= 1e-9


def mean(game, seen):
    """(2): if a round has ended, the new E is the mean of the models before."""
    ended = game.coordinator.round - 1 > seen["rounds_before"]
    return not ended or np.allclose(game.coordinator.E, seen["E"] + seen["X"].mean(axis=0))


def account(game, seen):
    """The coordinator's ψ is the sum of the values z_i that the sites count from."""
    return np.isclose(game.coordinator.psi, game.sites.z.sum())


def words(game, seen):
    """No subround has cost more than 3k + 1 words."""
    small = [event for event in game.ledger.events if event.size == 4]
    spent = {}
    for event in small:
        key = event.round, event.subround
        spent[key] = spent.get(key, 0) + event.copies
    return max(spent.values(), default=0) <= 3 * game.sites.k + 1


INVARIANTS = (promise, mean, account, words)


def broken(moves):
    """The names of the invariants that FGM breaks at some time during a walk."""
    game, rounds, names = Walk("fgm", moves.shape[1], R, strict=False), 0, set()
    for now in moves:
        seen = game.step(now) | {"rounds_before": rounds}
        names |= {check.__name__ for check in INVARIANTS if not check(game, seen)}
        rounds = seen["rounds"]
    return names


walks = [wander(k=2 + seed % 4, steps=40, seed=seed, length=0.15, common=0.2) for seed in range(20)]
print("broken by the library on 20 random walks:", set().union(*(broken(moves) for moves in walks)) or "nothing")
assert not any(broken(moves) for moves in walks)

# %% [markdown]
# ## Six mistakes
#
# Each is a version of one method of `protocols/fgm.py`, wrong in one place. Read them before you run on.
# **Predict** for each which of the four invariants breaks: `promise`, `mean`, `account`, `words`; more than
# one, or none?

# %%
from unittest.mock import patch

from fgm_ref.transport.messages import DRIFT, PHI, QUANTUM
from fgm_ref.protocols import fgm

right = {"moved": fgm.Sites.moved, "reply": fgm.Sites.reply, "end_subround": fgm.Coordinator.end_subround}


def too_large(self):  # "-psi / 2 * k" is typed as the formula is spoken, but it is read from the left
    self.subround, self.subrounds, self.c = self.subround + 1, self.subrounds + 1, 0
    self.network.broadcast(QUANTUM, -self.slack / 2 * self.k)


def sum_of_drifts(self, cause):  # right where the state is a sum over the sites; a model is a mean
    self.publish(self.E + self.network.poll(DRIFT).sum(axis=0))


def stale_reply(self, kind, sites):  # φ is answered from memory: as it was when the subround started
    return self.z[sites].copy() if kind is PHI else right["reply"](self, kind, sites)


def falling_counter(self, active):  # c_i = n_i instead of the largest n_i so far
    right["moved"](self, active)
    self.c = np.minimum(self.c, np.maximum(self.quanta(), 0))


def new_z_every_step(self, active):  # "note z" stands in the wrong loop
    self.z = self.values.copy()
    right["moved"](self, active)


def ask_twice(self):  # a getter that asks over the network looks like any getter
    self.network.poll(PHI)
    right["end_subround"](self)


MISTAKES = {
    too_large: (fgm.Coordinator, "start_subround"), sum_of_drifts: (fgm.Coordinator, "end_round"),
    stale_reply: (fgm.Sites, "reply"), falling_counter: (fgm.Sites, "moved"), new_z_every_step: (fgm.Sites, "moved"),
    ask_twice: (fgm.Coordinator, "end_subround"),
}  # fmt: skip


def with_mistake(mistake):
    """The library, wrong as long as a `with` block lasts."""
    return patch.object(*MISTAKES[mistake], mistake)


def meet_all():
    """Print what each mistake breaks on the random walks, and return it."""
    found = {}
    for mistake in MISTAKES:
        with with_mistake(mistake):
            found[mistake.__name__] = set().union(*(broken(moves) for moves in walks))
        print(f"{mistake.__name__:<18}", ", ".join(sorted(found[mistake.__name__])) or "nothing")
    return found


found = meet_all()
assert "promise" in found["too_large"] & found["stale_reply"] & found["new_z_every_step"]
assert found["sum_of_drifts"] == {"mean"} and found["ask_twice"] == {"words"} and not found["falling_counter"]
assert not any(broken(moves) for moves in walks[:5])  # outside the `with` the library is whole again

# %% [markdown]
# Three mistakes break the promise: the mean model leaves its region and nobody says a word. One keeps the
# promise and averages wrongly, one keeps both and only spends too much. And **one survives**: `falling_counter`
# breaks nothing that we check. A site that swings to and fro over a multiple of $\theta$ tells the same quantum
# again and again, and each time the coordinator counts it. Is that harmless? It is safe (the coordinator
# believes that *more* slack is gone than really is), and it is a waste. A survivor says which invariant is
# missing. Here it is: what the coordinator has counted is what the sites have told, $c = \sum_i c_i$.


# %%
def counter(game, seen):
    """The coordinator's c is the sum of the sites' counters c_i."""
    return game.coordinator.c == game.sites.c.sum()


INVARIANTS = (*INVARIANTS, counter)
assert not any(broken(moves) for moves in walks)
found = meet_all()
assert "counter" in found["falling_counter"] and all(found.values())

# %% [markdown]
# All six are caught now, and the library still passes. The table as a picture: each row is a mistake, each
# column an invariant. No column is empty, so every invariant has failed at least once; no row is empty, so no
# mistake survives.

# %%
import matplotlib.pyplot as plt

from fgm_ref.view import plots

names = [check.__name__ for check in INVARIANTS]
grid = np.array([[name in found[mistake.__name__] for name in names] for mistake in MISTAKES])
fig, ax = plt.subplots(figsize=(5.4, 3.2))
row, column = np.nonzero(grid)
ax.scatter(column, row, marker="X", s=110, color=plots.VERMILLION)
ax.set_xticks(range(len(names)), names)
ax.set_yticks(range(len(MISTAKES)), [mistake.__name__ for mistake in MISTAKES])
ax.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(MISTAKES) - 0.5, -0.5), title="Which invariant notices which mistake",
       xlabel="invariant", ylabel="mistake")  # fmt: skip
ax.grid(alpha=0.3)
save(fig, "09-who-notices")
assert grid.any(axis=0).all() and grid.any(axis=1).all()

# %% [markdown]
# ## Shrink it
#
# "Fails for 5 sites, 40 steps, seed 3" is a fact, but it explains nothing. So let the computer look for the
# *smallest* walk that still fails: leave out a step, leave out a site, join two steps, round the numbers, set
# some to 0; keep a change if the same invariant still breaks, and begin again, until nothing helps.
#
# **Predict:** how many sites and steps are needed to break the promise with `too_large`? (The first quantum of
# a round is computed by the sites themselves, without the mistake.)


# %%
def simpler(moves):
    """Walks a little simpler than moves (steps, k, 2), the boldest first."""
    steps, k, _ = moves.shape
    yield from (np.delete(moves, slice(n, n + size), 0) for size in (16, 8, 4, 2, 1) for n in range(0, steps, size))
    yield from (np.delete(moves, i, 1) for i in range(k) if k > 1)
    yield from (np.concatenate([moves[:n], moves[n : n + 2].sum(axis=0, keepdims=True), moves[n + 2 :]])
                for n in range(steps - 1))  # fmt: skip
    yield from (moves.round(digits) for digits in (0, 1, 2))
    for place in np.argwhere(moves != 0):
        for digits in (None, 0, 1, 2):
            other = moves.copy()
            other[tuple(place)] = 0 if digits is None else moves[tuple(place)].round(digits)
            yield other


def size(moves):
    """What is to become small: sites and steps first, then the digits to write down."""
    digits = sum(len(f"{abs(number):.6g}") for number in moves[moves != 0])
    return moves.shape[0] + moves.shape[1], digits


def shrink(moves, name):
    """The smallest walk found that still breaks the invariant."""
    tried, better = 0, moves
    while better is not None:
        moves, better = better, None
        for other in simpler(moves):
            if len(other) > 0 and size(other) < size(moves):
                tried += 1
                if name in broken(other):
                    better = other
                    break
    return moves, tried


with with_mistake(too_large):
    large = next(moves for moves in walks if moves.shape[1] >= 4 and "promise" in broken(moves))
    small, tried = shrink(large, "promise")
print(f"from {large.shape[1]} sites and {len(large)} steps to {small.shape[1]} sites and {len(small)} steps "
      f"({tried} walks tried)\n{small}")  # fmt: skip
assert small.shape[:2] == (2, 2) and not broken(small)  # the right program has no trouble with it

# %% [markdown]
# Two sites and two steps. Now it can be drawn, and understood with a pencil.

# %%
with with_mistake(too_large):
    game = Walk("fgm", 2, R, strict=False)
    game.step(small[0])
    after_first = game.sites.values.sum(), game.sites.theta, small[0]
    game.step(small[1])
    after_second = game.sites.values.sum(), game.coordinator.c, game.sites.models - game.coordinator.E
    rounds = game.coordinator.round - 1

psi, theta, _ = after_first
print(f"after step 1: Σφ = ψ = {psi:.3f}, so θ should be {-psi / 4:.3f}; it is {theta:.3f}")
print(f"after step 2: Σφ = {after_second[0]:.3f} is positive; counted c = {after_second[1]}, rounds ended: {rounds}")
assert psi < 0 < after_second[0] and after_second[1] <= 2 and rounds == 0
assert 3.9 < theta / (-psi / 4) < 4.1

fig, axes = plt.subplots(1, 2, figsize=(7.8, 4.0), sharex=True, sharey=True)
for ax, moves, title in zip(axes, (large, small), ("found", "shrunk"), strict=True):
    for i, style in zip(range(moves.shape[1]), ("-", "--", ":", "-."), strict=False):
        path = np.vstack([[0, 0], moves[:, i].cumsum(axis=0)])
        ax.plot(*path.T, color=(plots.BLUE, plots.ORANGE, plots.GREEN, plots.PURPLE)[i], linestyle=style, linewidth=1.2,
                marker="o" if moves is small else None, markersize=4)  # fmt: skip
        ax.annotate(f"site {i}", path[-1], (5, 4), textcoords="offset points", fontsize=8)
    ax.add_patch(plt.Circle((0, 0), R, fill=False, linestyle="--", linewidth=0.8))
    ax.set(title=f"{title}: {moves.shape[1]} sites, {len(moves)} steps", xlabel="first coordinate, from E")
    ax.set_aspect("equal")
axes[0].set_ylabel("second coordinate, from E")
save(fig, "09")

# %% [markdown]
# Step 1 uses up most of the slack; the coordinator polls and divides what is left. The right quantum is a
# quarter of it, $-\psi / (2k)$ with $k = 2$. With the mistake it is *all* that is left, $k^2 = 4$ times as much.
# In step 2 each site rises by less than that, so both are silent; but together they rise by more. The promise
# is broken without a word.
#
# That is why we shrink: the small case *is* the explanation. (The library's own tests draw their walks with
# Hypothesis, which shrinks in the same way, and its `tests/zoo` keeps more than fifty mistakes with the test
# that must find each of them: `python -m tests.zoo`.)
#
# ## A mistake that no walk shows
#
# Two ends of a program in one process may share an array: what one writes, the other sees. That is
# communication nobody has paid for. It need not change any number today. So it gets an invariant of its own,
# about memory.

# %%
from fgm_ref.transport.network import Network


def shared(protocol="fgm"):
    """Whether a model at the coordinator lies in the same memory as one at the sites, after a walk."""
    game = Walk(protocol, 3, R)
    for now in wander(3, 30, seed=0):
        game.step(now)
    return np.shares_memory(game.coordinator.E, game.sites.E)


def no_copy(self, payload):  # a reference is quicker, and the receiver "only reads"
    return payload


with patch.object(Network, "_copy", no_copy):
    silent = not any(broken(moves) for moves in walks[:5])
    print("without copies: shared memory:", shared(), "- the other invariants notice nothing:", silent)
    assert shared() and silent
assert not shared()

# %% [markdown]
# ## Questions
#
# 1. `too_large` is multiplied by $k^2$. For which $k$ does it do no harm at all? What does that say about tests
#    with one site?
# 2. Why does `stale_reply` break the promise, and not only the bill?
# 3. `sum_of_drifts` keeps the promise. How can that be, if the models are wrong?
# 4. Why does `shrink` demand that the *same* invariant breaks, and that the right program passes in the end?
# 5. Invent a mistake in `toy_round` of tutorial 08 that all invariants here would let through.

# %% [markdown]
# ## Answers
#
# 1. For $k = 1$: $-\psi / 2 \cdot 1$ is right. A test with one site tests hardly any protocol.
# 2. $\psi$ is the slack *before* the subround, so what was used up since is divided once more, again and again.
# 3. (1) speaks of drifts from the current $E$. Wherever $E$ is, all sites start there with drift 0, and the
#    counting is right.
# 4. Otherwise it may slip from one failure into another one, for example into a walk that is itself not
#    allowed.
# 5. For example: start each round with half of the first quantum. Safe, exact, within the words of a subround;
#    there are only more subrounds than needed. It takes an invariant about *efficiency*: the quantum is exactly
#    $-\psi / (2k)$.
