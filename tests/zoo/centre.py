"""Mistakes in FGM around a moving centre: whose centre, which directions, how much slack."""

import numpy as np

from fgm_ref.protocols import fgm
from fgm_ref.transport.messages import CENTRE

from .registry import mutant

CENTRED = "protocols.fgm_centre"


@mutant(
    "z65",
    "every site moves the centre to its own place",
    f"{CENTRED}:Sites.receive",
    "test_protocol_fgm_centre.py::test_spread_at_rest",
)
def receive(self, message, sites):
    """A site knows its own coordinates best, and its φ becomes smallest that way: no word from outside is needed.

    But then the centres differ, and sites that march in opposite directions along U are all content.
    """
    fgm.Sites.receive(self, message, sites)
    if message.kind is CENTRE:
        U = self.zone.U
        self.base = self.E + (self.models - self.E) @ U.T @ U
        self.moved(slice(None))
        self.start_subround(message.payload[0])


@mutant(
    "z66",
    "the directions are not orthogonal",
    "safe.centred:orthonormal",
    "test_protocol_fgm_centre.py::test_the_mean_of_the_coordinates_is_the_best_shift",
)
def orthonormal(directions):
    """Each row has length 1, and one direction works; with two, the product of one row with another is forgotten.

    What two rows have in common is counted twice: the coordinator believes in slack that nobody has.
    """
    rows = np.array([row / np.linalg.norm(row) for row in directions if row.any()])
    return rows.reshape(len(rows), len(directions[0])).astype(directions[0].dtype)


@mutant(
    "z67",
    "the slack is corrected, the centre stays where it was",
    "safe.centred:Centred.shift",
    "test_protocol_fgm_centre.py::test_accounts_at_rest",
)
def shift(self, delta):
    """The coordinator knows −k‖δ‖², so it can divide more slack; the other half of the exchange is forgotten.

    The sites count from values that do not add up to ψ, and use up slack that they do not have.
    """


@mutant(
    "z68",
    "the sites' places are counted from E, not from the centre",
    "safe.centred:Centred.coordinates",
    "test_protocol_fgm_centre.py::test_the_mean_of_the_coordinates_is_the_best_shift",
)
def coordinates(self, X):
    """Drifts are counted from E, so why not their coordinates?  In the first subround of a round it is the same.

    In the second one the centre moves by all of the way again, and then again, far ahead of the sites.
    """
    return X @ self.U.T


@mutant(
    "z73",
    "votes are taken for signs",
    "protocols.fgm_probe:unpack",
    "test_protocol_fgm_probe.py::test_votes_are_counted",
)
def unpack(original, words, bits, D):
    """A count of 0 to k is what arrives, and it looks like a direction; that its middle is k/2, not 0, is forgotten.

    Nobody is in danger, for any direction will do.  But this one points where nobody went, and the probe is paid for.
    """
    numbers = original(words, bits, D)
    return (
        numbers if bits == 1 else (numbers + 2**bits - 1) / 2
    )  # for k = 2^bits − 1, as in the test
