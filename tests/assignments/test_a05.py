"""a05 Quanta: the invariants of an FGM round, on random paths of φ, and a slow round beside it."""

from dataclasses import dataclass

import numpy as np
import pytest
from desk import cases, close, holds
from hypothesis import example, given
from hypothesis import strategies as st

QUANTUM, COUNTER = (
    "(1); tutorial 08b, equation (1)",
    "(2): round down, and never fall; tutorial 08b",
)
BOUND, ENDING = (
    "(5); Samoladas & Garofalakis 2019, section 4",
    "(3) and (4); tutorial 08b, from one subround to the next",
)
COPY = "the instructions, 'In one step': the caller may change its array; z is a copy, `phi.copy()`"
IN_ONE_STEP = "the instructions, 'In one step'; at most 3k + 1 words in a subround"

# short, and each tells a mistake that random paths may miss
SHORT = {
    "over before site 1 has its turn": (-1.0, 0.1, np.array([[0.6, -0.4]])),
    "ψ = ε k φ(0)": (-1.0, 0.5, np.array([[0.5, -1.5]])),
    "two subrounds": (-1.0, 0.1, np.array([[-1.0, 0.0], [-0.5, -0.5], [0.5, -0.5]])),
}


@st.composite
def paths(draw):
    """φ(0), ε and φ of k sites over some steps: all exact in binary, so that a floor is no matter of rounding."""
    k, steps = draw(st.sampled_from((2, 1, 4))), draw(st.sampled_from((1, 3, 8, 16, 24)))
    phi_zero, (low, high) = (
        -draw(st.sampled_from((1.0, 2.0, 4.0))),
        draw(st.sampled_from(((0, 5), (-2, 9), (-4, 33)))),
    )
    moves = np.random.default_rng(draw(st.integers(0, 10**6))).integers(low, high, (steps, k)) / 32
    return (
        phi_zero,
        draw(st.sampled_from((0.01, 0.1, 0.3))),
        phi_zero * (1 - np.cumsum(moves, axis=0)),
    )


def short_paths_first(test):
    """Try those of `SHORT` before any other."""
    for path in reversed(SHORT.values()):
        test = example(path=path)(test)
    return test


@pytest.mark.points(2)
@cases()
@given(k=st.integers(1, 20), psi=st.integers(-500, -1).map(lambda n: n / 8))
def test_quantum(student, k, psi):
    close(
        student.quantum(psi, k),
        -psi / k / 2,
        "2kθ is the slack −ψ, and θ > 0",
        QUANTUM,
        psi=psi,
        k=k,
    )


@pytest.mark.points(3)
@cases(0.6)
@given(path=paths(), theta=st.sampled_from((0.5, 0.125, 1.0)))
def test_count(student, path, theta):
    phi_zero, _, values = path
    z = np.full(values.shape[1], phi_zero)
    c = np.zeros(len(z), int)
    for phi in values:
        got = student.count(phi.copy(), z.copy(), theta, c.copy())
        n = [int((value - start) // theta) for value, start in zip(phi, z, strict=True)]
        want = np.array([max(old, new) for old, new in zip(c, n, strict=True)])
        close(got, want, "c_i = max(c_i, ⌊(φ − z)/θ⌋)", COUNTER, 0, phi=phi, z=z, theta=theta, c=c)
        holds(
            np.asarray(got).dtype.kind == "i",
            "counters are whole numbers: an array of integers",
            "`astype(int)`",
            got=np.asarray(got).dtype.name,
        )
        c = want


@pytest.mark.points(4)
@cases(0.6)
@given(path=paths())
@short_paths_first
def test_at_rest(student, path):
    # (5) is what makes it a guarantee; here it is looked at from the outside
    phi_zero, epsilon, values = path
    k = values.shape[1]
    round_ = student.Round(k, phi_zero, epsilon)
    close(round_.psi, k * phi_zero, "at the start ψ = k φ(0)", QUANTUM, k=k, phi_zero=phi_zero)
    for n, phi in enumerate(values):
        round_.step(phi.copy())
        if round_.over:
            return
        c, z, theta, psi = np.asarray(round_.c), np.asarray(round_.z), round_.theta, round_.psi
        numbers = {"phi": phi, "z": z, "c": c, "theta": theta, "psi": psi, "path": values[: n + 1]}
        holds(c.sum() <= k, f"after step {n}: c ≤ k, or the subround is over", ENDING, **numbers)
        close(2 * k * theta, -psi, f"after step {n}: 2kθ = −ψ", QUANTUM, **numbers)
        close(z.sum(), psi, f"after step {n}: Σ z_i = ψ", ENDING, **numbers)
        holds(
            c >= np.floor((phi - z) / theta),
            f"after step {n}: every full quantum is counted",
            COUNTER,
            **numbers,
        )
        holds(
            phi.sum() < psi + theta * (c.sum() + k) + 1e-9,
            f"after step {n}: Σ φ < ψ + θ(c + k)",
            BOUND,
            **numbers,
        )
        holds(
            phi.sum() <= 1e-9, f"after step {n}: Σ φ ≤ 0, and nobody had to look", BOUND, **numbers
        )


@dataclass
class Step:
    """A step of a slow round: what is so after it, the counters before it, and the words that it costs."""

    subrounds: int
    over: bool
    c_before: list[int]
    increments: int = 0
    fetched: int = 0
    quantum: int = 0

    def cost(self):
        """In words."""
        return self.increments + self.fetched + self.quantum

    def bill(self):
        """The cost, and what it is for."""
        bill = f"{self.cost()} words: {self.increments} for increments"
        bill += f", {self.fetched} to fetch all values" if self.fetched else ""
        return bill + (f", {self.quantum} for a new quantum" if self.quantum else "")


def slow_round(phi_zero, epsilon, values):
    """A `Step` for each row of the values, until the round is over."""
    k, subrounds = values.shape[1], 1
    psi, z, c = k * phi_zero, [phi_zero] * k, [0] * k
    for phi in values:
        step = Step(subrounds, False, list(c))
        for i in range(k):
            quanta = int((phi[i] - z[i]) // (-psi / (2 * k)))
            if quanta <= c[i]:
                continue
            c[i], step.increments = quanta, step.increments + 1
            if sum(c) > k:
                psi, z, c, step.fetched = float(sum(phi)), list(phi), [0] * k, k
                step.over = psi >= epsilon * k * phi_zero
                if not step.over:
                    step.subrounds, step.quantum = subrounds + 1, k
                break
        subrounds = step.subrounds
        yield step
        if step.over:
            return


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(name, marks=pytest.mark.points(points))
        for name, points in [("subrounds", 2), ("over", 2), ("words", 3)]
    ],
)
@cases(0.5)
@given(path=paths())
@short_paths_first
def test_as_a_slow_round(student, what, path):
    phi_zero, epsilon, values = path
    k = values.shape[1]
    round_, words = student.Round(k, phi_zero, epsilon), 0
    free = "`words` is 0 at the start: the first quantum is free"
    holds(what != "words" or round_.words == 0, free, IN_ONE_STEP, k=k)
    for n, step in enumerate(slow_round(phi_zero, epsilon, values)):
        round_.step(values[n].copy())
        numbers = {"k": k, "phi_zero": phi_zero, "epsilon": epsilon, "path": values[: n + 1]}
        if what == "words":
            numbers |= {"c_before": step.c_before, "got": round_.words - words}
            right, words = round_.words == words + step.cost(), round_.words
            holds(right, f"the last step of this path costs {step.bill()}", IN_ONE_STEP, **numbers)
            continue
        got, want = getattr(round_, what), getattr(step, what)
        right = f"`{what}` is {want} after the last step of this path"
        holds(got == want, right, ENDING, **numbers, got=got, should_be=want)


@pytest.mark.points(1)
@cases(0.5)
@given(path=paths())
@example(path=(-1.0, 0.1, np.array([[0.0, -0.5]])))  # values are fetched once
def test_z_is_a_copy(student, path):
    # the caller has one array, and writes the values of every step into it
    phi_zero, epsilon, values = path
    phi = np.empty(values.shape[1])
    round_ = student.Round(len(phi), phi_zero, epsilon)
    for n, now in enumerate(values):
        phi[:] = now
        round_.step(phi)
        holds(
            (phi == now).all(), f"step {n} leaves the array of φ as it is", COPY, phi=now, got=phi
        )
        before = np.array(round_.z)
        phi[:] = 0
        changed = not np.array_equal(round_.z, before)
        holds(
            not changed, f"z stays when the caller changes its array after step {n}", COPY, z=before
        )
        if round_.over:
            return


@pytest.mark.points(3)
def test_why_2k(student):
    for k in (1, 2, 7):
        phi = student.why_2k(k)
        close(np.shape(phi), (k,), "one value for each site: the shape", "the docstring", k=k)
        quanta, total = np.floor(np.asarray(phi) + 1).sum(), float(np.sum(phi))
        holds(
            quanta <= k,
            "the coordinator has counted at most k quanta",
            "(3)",
            k=k,
            phi=phi,
            quanta=quanta,
        )
        holds(total >= k / 2, "Σ φ ≥ k/2: the guarantee is lost", BOUND, k=k, phi=phi, total=total)
