"""Who lives where: rank 0 is the coordinator's, and the others share the k sites out, neighbours together."""

import numpy as np

from fgm_ref.arrays import Array


def shares(k: int, ranks: int) -> list[range]:
    """The sites of rank 1, 2, ...; `ranks` counts the coordinator's as well.

    >>> shares(5, 3)
    [range(0, 3), range(3, 5)]
    """
    parts = np.array_split(np.arange(k), ranks - 1)
    return [range(int(part[0]), int(part[-1]) + 1) for part in parts]


def homes(k: int, ranks: int) -> Array:
    """The rank of each site, (k,).

    >>> homes(5, 3).tolist()
    [1, 1, 1, 2, 2]
    """
    return np.repeat(np.arange(1, ranks), [len(share) for share in shares(k, ranks)])


def expect_ranks(k: int, ranks: int) -> None:
    """Raise a `ValueError` if there is nobody to train, or a rank without a site."""
    if ranks < 2:
        raise ValueError(
            "ranks: expected at least 2, the coordinator's and one that trains; got 1 "
            "(start it with --launch 3, or by mpiexec -n 3)"
        )
    if k < ranks - 1:
        raise ValueError(
            f"sites: expected at least {ranks - 1}, one for each rank that trains; got {k}"
        )
