"""a00 Hello, ledger: predict the bill of periodic averaging, then read it from a run.

k sites, D parameters, 4 bytes per number.  Before the first step the model goes to every site; in every b-th step
every site sends its model, and their mean goes back to every site.
"""

import numpy as np

from fgm_ref.transport.messages import KINDS


def messages(k: int, steps: int, b: int) -> int:
    """Task 1: how many messages `periodic:b=...` sends in so many steps, the first models included."""
    return k + 2 * k * (steps // b)


def payload(k: int, D: int, steps: int, b: int) -> int:
    """Task 2: how many bytes these messages weigh (payload only, no headers)."""
    return 4 * D * messages(k, steps, b)


def largest_number_of_rounds(k: int, D: int, budget: int) -> int:
    """Task 3: how many synchronisations fit into a budget of bytes, after the first models; 0 if none does."""
    return max(0, (budget - 4 * k * D) // (8 * k * D))


def count(events: np.ndarray) -> dict[str, int]:
    """Task 4: {name of the kind: messages}, from the log of a run (`result.events`).

    One row is `copies` messages of the same kind: fields `kind` (an index into `fgm_ref.transport.messages.KINDS`) and
    `copies`, among others.  Kinds that do not occur are left out.
    """
    found = {}
    for number in np.unique(events["kind"]):
        found[KINDS[number].name] = int(events["copies"][events["kind"] == number].sum())
    return found
