"""a04 Balls and violations: geometric monitoring, from the covering theorem to the loop.

k sites start at E (D,); site i has drifted by X_i, so it stands at E + X_i; S = E + mean X.  Site i watches the ball
whose diameter is its own drift (Sharfman, Schuster & Keren 2006):

    B_i:  centre E + X_i/2,  radius ‖X_i‖/2                                                       (1)

S lies in the union of the k balls.  So if every ball is inside the region, so is S; each site can look for itself. (2)
The region here is the shell around the origin, low ≤ ‖w‖ ≤ high.
"""

import numpy as np

Array = np.ndarray


def norm(X: Array) -> Array:
    """‖X‖ along the last axis."""
    return np.sqrt((X**2).sum(axis=-1))


def balls(E: Array, X: Array) -> tuple[Array, Array]:
    """Task 1: centres (k, D) and radii (k,) of (1), for drifts X (k, D)."""
    return E + X / 2, norm(X) / 2


def extremes(centres: Array, radii: Array) -> tuple[Array, Array]:
    """Task 2: the smallest and the largest ‖w‖ over each ball, (k,) and (k,); the smallest is never negative."""
    length = norm(centres)
    return np.maximum(0, length - radii), length + radii


def violations(E: Array, X: Array, low: float, high: float) -> Array:
    """Task 3: which sites must call out, (k,) of bool: those whose ball is not inside low ≤ ‖w‖ ≤ high."""
    smallest, largest = extremes(*balls(E, X))
    return (smallest < low) | (largest > high)


def monitor(E: Array, moves: Array, R: float) -> tuple[list[int], Array]:
    """Task 4: (the steps that ended in a synchronisation, the last E), for moves (steps, k, D); steps count from 0.

    In each step all sites move.  Then, if any ball has left the shell ‖E‖ − R ≤ ‖w‖ ≤ ‖E‖ + R, the coordinator asks
    for all drifts, everybody goes on from the mean, E := S, and the shell is that of the new E.
    """
    X, ended = np.zeros_like(moves[0]), []
    for step, move in enumerate(moves):
        X = X + move
        if violations(E, X, norm(E) - R, norm(E) + R).any():
            E, X = E + X.mean(axis=0), np.zeros_like(X)
            ended.append(step)
    return ended, E
