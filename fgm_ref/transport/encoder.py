"""The post: what the network's two ends remember, so that models and drifts can be encoded.

A model in 8 bits would be worth nothing; its difference from a model that both ends know is what is encoded:

    sent       q = encode(x − r + e)         r: the last global model this site was sent, or 0
    arrives    x̂ = r + decode(q)             at *every* receiver, and at the coordinator, which adopts it
    kept       e := x + e − x̂                with error feedback; else e = 0

Nothing else is rounded, and nobody computes with x where the other end has x̂.  The global model E is thus the same
number at all ends.  With feedback the errors do not add up: after n synchronisations E is what it would be without
rounding, less the residuals of today (each smaller than one message's rounding).

A drift needs no r, a model does; of x and x − r that one is taken which is cheaper, and nearer to 0 if they cost
the same (a bit of the header says which), so the protocols need not know.  Who has not got the last global model
(after an absence, or at the start) is sent all of x̂, at 4 bytes a number.  Feedback is given where the error can be
made good by the same sender: by a site for all that it sends, by the coordinator for the models that start a round,
not for the mean of a balancing set.
"""

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.transport.codecs import Codec, Rows, size
from fgm_ref.transport.messages import KINDS, MODEL, WORD, Kind

CODED = {kind for kind in KINDS if kind.group in ("models", "means of balancing sets", "drifts")}
"""The kinds that carry models or drifts; control numbers, optimiser states and samples are left alone."""


class Post:
    """Encodes between k sites and the coordinator.  `where` is the part of the vector that is spoken of."""

    def __init__(self, codec: Codec, models: Array, rows: Rows | None = None):
        """`models` (k, D) gives shape and precision; `rows` says where the embedding lies."""
        self.codec, self.rows = codec, rows
        self.latest = np.full_like(models[0], np.nan)  # the last global model, as it arrived
        self.known = np.zeros_like(models)  # what site i was sent last: r
        self.unsaid = np.zeros_like(models)  # the sites' e
        self.unsaid_down = np.zeros_like(models[0])  # the coordinator's

    def down(self, kind: Kind, sites: Array, x: Array, where: slice) -> tuple[Array, Array]:
        """x (d,) for `sites` -> x̂, and the bytes for each of them."""
        current = (self.known[sites, where] == self.latest[where]).all(axis=1)
        x = self._settled(x, where) if self.codec.sparse else x
        arrived, number = x.copy(), WORD * x.size
        if current.any():
            residual = self.unsaid_down[where] if kind is MODEL else np.zeros_like(x)
            arrived, number = self._ship(x, self.latest[where], residual, where)
        if kind is MODEL:
            self.latest[where] = self.known[sites, where] = arrived
        return arrived, np.where(current, number, WORD * x.size)

    def _settled(self, x: Array, where: slice) -> Array:
        """x, whose numbers in the embedding are those of r where they differ from them by the rounding of a mean only.

        The mean of k equal numbers need not be that number in floating point; a row that nobody has moved stays.
        """
        rows = self.rows and self.rows.inside(where)
        if rows is None:
            return x
        x, r = x.copy(), self.latest[where]
        near = np.abs(x - r) <= len(self.known) * np.finfo(x.dtype).eps * np.abs(r)
        table = slice(rows.start, rows.stop)
        x[table][near[table]] = r[table][near[table]]
        return x

    def up(self, sites: Array, X: Array, where: slice) -> tuple[Array, Array]:
        """X (a, d), one row of each of `sites` -> what arrives (a, d), and the bytes of each (a,)."""
        shipped = [
            self._ship(x, self.known[i, where], self.unsaid[i, where], where)
            for i, x in zip(sites.tolist(), X, strict=True)
        ]
        return np.stack([arrived for arrived, _ in shipped]), np.array(
            [number for _, number in shipped]
        )

    def _ship(self, x: Array, reference: Array, residual: Array, where: slice) -> tuple[Array, int]:
        """(x̂, bytes); `residual` is a view, brought up to date in place."""
        rows = self.rows and self.rows.inside(where)
        # q = encode(x − r + e), for r = 0 and for the last global model
        tries = [(r, x - r + residual) for r in (np.zeros_like(x), reference)]
        coded = [self.codec.encode(difference, rows) for _, difference in tries]
        best = min((0, 1), key=lambda n: (size(coded[n]), squared_norm(tries[n][1])))
        if self.codec.lossless:
            return x.copy(), size(coded[best])
        r, difference = tries[best]
        decoded = self.codec.decode(coded[best], len(x), rows).astype(x.dtype)
        if self.codec.feedback:
            residual[:] = difference - decoded
        return r + decoded, size(coded[best])


def make_post(codec: Codec | None, models: Array, rows: Rows | None = None) -> Post | None:
    """The post for sites with these models; None where there is nothing to encode."""
    return Post(codec, models, rows) if codec else None
