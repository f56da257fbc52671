"""What the property tests draw from: scripts (who moves where and when), reference models, drifts.

Hypothesis draws the shape and a seed, NumPy the numbers; a failing example prints the call of `make_script`
that rebuilds it.
"""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fgm_ref.protocols import PROTOCOLS, VARIANCE

STYLES = ("walk", "common", "opposite", "outward", "jumps")
SEEDS = st.integers(0, 2**16)
light = settings(max_examples=max(5, settings.default.max_examples // 4))
"""For a test that goes over many protocols: each gets fewer examples."""

# Protocols by what they declare.  Some are tried with other options as well, or instead.
INSTEAD = {
    "periodic": "periodic:b=3",
    "gm-opt": "gm-opt:tau=3",
    "fgm-opt": "fgm-opt:tau=3",
    "fgm-projection": "fgm-projection:m=2",
}
BESIDES = {
    "gm-reb": ["gm-reb:balancing=slack"],
    "gm-limits": ["gm-limits:balancing=slack"],
    "fgm-reb": ["fgm-reb:rule=bimodal", "fgm-reb:rule=fixed"],
    "fgm-centre": ["fgm-centre:directions=1"],
    "fgm-o": ["fgm-o:price=5"],
}


def named(text, *names):
    """Whether a text asks for a protocol of one of these names, with whatever options."""
    return text.partition(":")[0] in names


def forms(chosen):
    """The texts that ask for the protocols of which `chosen` is true."""
    names = [name for name, protocol in PROTOCOLS.items() if chosen(protocol)]
    return [text for name in names for text in (INSTEAD.get(name, name), *BESIDES.get(name, []))]


EVERY = forms(lambda protocol: True)
MONITORING = forms(lambda protocol: protocol.watches != "nothing")
OBEYING = forms(
    lambda protocol: protocol.watches in ("zone", "radius")
)  # the radius they are given
PROMISING = forms(lambda protocol: protocol.guarantee is not None)
LOOKING = forms(lambda protocol: protocol.guarantee is VARIANCE)
SYNCHRONISING = forms(lambda protocol: protocol.coordinator.synchronises)
RANDOM_SETS = [name for name in EVERY if named(name, "gm-reb", "gm-limits", "dynamic")]
# FGM/O is the exception by design: it holds models back, so it sends E to some sites only, and the mean of what the
# sites then hold is not E (`test_protocol_fgm_o.py` says what is kept instead).
# And FGM by blocks synchronises one block at a time (`test_protocol_fgm_blocks.py`).
AVERAGING = [name for name in SYNCHRONISING if not named(name, "fgm-o", "fgm-blocks")]
# And that is why it is content with no other server than the mean.
STEPPING = [name for name in SYNCHRONISING if not named(name, "fgm-o")]
SERVERS = (
    "momentum:beta=0.7",
    "momentum:beta=0.3,lr=0.5",
    "nesterov",
    "nesterov:beta=0.9,lr=0.7",
    "adam",
    "adam:lr=0.3",
    "yogi:lr=0.1,beta2=0.5",
)
RATES = (
    "cosine",
    "cosine:floor=0.1,warmup=0.2",
    "inverse:end=0.05",
    "step:0.1@0.5",
    "step:0.5@0.3,0.2@0.6,warmup=0.1",
)
RADII = ("lr", "lr:power=0.5", "lr:floor=0.2")


def fit(protocol, safe):
    """FGM/O takes 1-Lipschitz safe functions only."""
    return "ball" if named(protocol, "fgm-o") and safe == "variance" else safe


@dataclass(frozen=True)
class Script:
    """Moves (steps, k, D) of k sites that start at E (D,), and who is active in which step."""

    E: np.ndarray
    moves: np.ndarray
    active: tuple
    R: float
    seed: int

    @property
    def k(self):
        return self.moves.shape[1]

    @property
    def D(self):
        return self.moves.shape[2]

    def __len__(self):
        return len(self.active)

    def __iter__(self):
        """(moves of the active sites, active sites) of each step."""
        for moves, active in zip(self.moves, self.active, strict=True):
            yield moves[active], active

    def scaled(self, a):
        """Everything that has a length, a times as long."""
        return replace(self, E=self.E * a, moves=self.moves * a, R=self.R * a)

    def relabelled(self, order):
        """The same script with site order[j] now called j."""
        name = np.argsort(order)
        return replace(
            self, moves=self.moves[:, order], active=tuple(np.sort(name[a]) for a in self.active)
        )


def make_script(
    k, D, steps, style="walk", activity=1.0, idle=False, R=3.0, seed=0, dtype=np.float64
):
    """A random script; steps are about 1 long, ‖E‖ = 5.

    `walk` random steps; `common` all pull one way; `opposite` neighbours pull opposite ways (drifts cancel);
    `outward` each site along its own straight line (φ never falls); `jumps` seldom, far.
    Somebody is active in every step; with `idle` the last of several sites never is.
    """
    rng = np.random.default_rng(seed)
    E = rng.normal(size=D)
    E *= 5 / np.linalg.norm(E)
    noise = rng.normal(size=(steps, k, D)) / np.sqrt(D)
    pull = rng.normal(size=D) / np.sqrt(D)
    lines = rng.normal(size=(k, D)) / np.sqrt(D)
    moves = {
        "walk": noise,
        "common": 0.3 * noise + pull,
        "opposite": 0.3 * noise + np.where(np.arange(k)[:, None] % 2, pull, -pull),
        "outward": rng.random((steps, k, 1)) * lines,
        "jumps": noise * np.where(rng.random((steps, k, 1)) < 0.1, 30, 0.1),
    }[style]
    movers = k - 1 if idle and k > 1 else k
    chosen = rng.random((steps, movers)) < activity
    chosen[np.arange(steps), rng.integers(movers, size=steps)] = True
    active = tuple(np.flatnonzero(row) for row in chosen)
    return Script(E.astype(dtype), moves.astype(dtype), active, R, seed)


def scripts(
    max_k=6,
    max_D=6,
    max_steps=30,
    styles=STYLES,
    dtype=np.float64,
    min_k=1,
    radii=(0.5, 1, 2, 5, 15),
):
    """Scripts of every style: with 1 to `max_k` sites, all or some of them active."""
    return st.builds(
        make_script,
        k=st.integers(min_k, max_k),
        D=st.integers(1, max_D),
        steps=st.integers(1, max_steps),
        style=st.sampled_from(styles),
        activity=st.sampled_from((1.0, 0.5, 0.1)),
        idle=st.booleans(),
        R=st.sampled_from(radii),
        seed=SEEDS,
        dtype=st.just(dtype),
    )


def absences(script):
    """{site: (first, last) step away}, for one or two sites of a script; some never come back."""
    steps = st.integers(1, len(script)).flatmap(
        lambda first: st.tuples(st.just(first), st.integers(first, first + 8))
    )
    return st.dictionaries(st.integers(0, script.k - 1), steps, min_size=1, max_size=2)
