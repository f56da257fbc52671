"""What is written on the wire in place of a model or a drift, and what the network's ends remember for that.

A model in 8 bits would be worth nothing.  Its difference from a model that both ends know is what is encoded:

    sent       q = encode(x − r + e)         r: the last global model this site was sent, or 0
    arrives    x̂ = r + decode(q)             at *every* receiver, and at the coordinator, which adopts it
    kept       e := x + e − x̂                with error feedback; else e = 0

Nothing else is rounded.  Where one end has x̂, the other end computes with x̂ as well, so the global model E is the
same number everywhere.  With feedback the errors do not add up: after n synchronisations E is what it would be
without rounding, less the residuals of today, and these are bounded (`codecs/feedback.py` says by what, and why).

A drift needs no r, and a model does.  The encoder tries both, x and x − r, and takes the one that is cheaper before it
is zipped, or the one nearer to 0 if they cost the same.  A bit of the header says which, so the protocols need not
know.  A codec that loses nothing ships the numbers themselves, and the difference only says which of them.

A site that has not got the last global model is sent all of x̂, at 4 bytes a number.  This happens at the start, and
after an absence.  Feedback works where the same sender can make the error good.  So it is given to a site for all
that it sends, and to the coordinator for the models that start a round, but not for the mean of a balancing set.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fgm_ref.arrays import Array, squared_norm
from fgm_ref.transport.codecs import Codec, Rows, size
from fgm_ref.transport.ends import Shipped, ShippedOne
from fgm_ref.transport.messages import MODEL, WORD, Kind
from fgm_ref.transport.written import ABSOLUTE, DIFFERENCE, WHOLE_VECTOR, Written, by_codec, plain


class Encoder:
    """The plain encoder: a payload arrives as it is, and is billed for what it weighs.

    `written` is what the last message was written as, for each site that it went to; empty for payloads as they are.
    """

    written: Sequence[Written] = ()

    def down(self, kind: Kind, sites: Array, x: Any, where: slice) -> Shipped:
        """Ship x to `sites`; `where` is the part of the model vector that x speaks of."""
        return x, None

    def up(self, kind: Kind, sites: Array, rows: Array, where: slice) -> Shipped:
        """Ship one of `rows` from each of `sites`."""
        return rows, None

    def one(self, kind: Kind, site: int, x: Any, where: slice) -> ShippedOne:
        """Ship x from one site."""
        return x, None

    def read(self, written: Written, site: int, where: slice) -> Array:
        """x̂, from what was written to or by this site."""
        raise ValueError(f"codec: expected payloads as they are, got the form {written.form}")

    def took(self, sites: Array, x: Array, where: slice) -> None:
        """These sites have taken x̂ as the global model: where they lie apart from the coordinator."""


class DifferenceEncoder(Encoder):
    """Encodes models and drifts between k sites and the coordinator by a codec; leaves other payloads alone."""

    def __init__(self, codec: Codec, models: Array, rows: Rows | None = None):
        """`models` (k, D) gives shape and precision; `rows` says where the embedding lies."""
        self.codec, self.rows = codec, rows
        self.latest = np.full_like(models[0], np.nan)  # the last global model, as it arrived
        self.known = np.zeros_like(models)  # what site i was sent last: r
        self.moved = np.zeros(
            models.shape[1], bool
        )  # the numbers that came back changed since then
        self.unsaid = np.zeros_like(models)  # the sites' e
        self.unsaid_down = np.zeros_like(models[0])  # the coordinator's e

    def down(self, kind: Kind, sites: Array, x: Any, where: slice) -> Shipped:
        """x (d,) for `sites` -> x̂, and the bytes for each of them."""
        self.written = ()
        if not kind.coded or x is None:
            return x, None
        current = (self.known[sites, where] == self.latest[where]).all(axis=1)
        if self.codec.sparse:
            x = self._settled(x, where)
        arrived, number = x.copy(), WORD * x.size
        if current.any():
            residual = self.unsaid_down[where] if kind is MODEL else np.zeros_like(x)
            arrived, number = self._ship(x, self.latest[where], residual, where)
        whole = plain(WHOLE_VECTOR, arrived.astype(np.float32))
        self.written = [self.last if has else whole for has in current]
        if kind is MODEL:
            self.took(sites, arrived, where)
        return arrived, np.where(current, number, WORD * x.size)

    def up(self, kind: Kind, sites: Array, rows: Array, where: slice) -> Shipped:
        """Rows (a, d), one of each of `sites` -> what arrives (a, d), and the bytes of each (a,)."""
        if not kind.coded:
            return rows, None
        shipped = [self._from(site, x, where) for site, x in zip(sites.tolist(), rows, strict=True)]
        arrived = [x for x, _ in shipped]
        numbers = [number for _, number in shipped]
        return np.stack(arrived), np.array(numbers)

    def one(self, kind: Kind, site: int, x: Any, where: slice) -> ShippedOne:
        """x (d,) of one site, or a payload that is no vector -> what arrives, and its bytes."""
        self.written = ()
        if not kind.coded or x is None:
            return x, None
        shipped = self._from(site, x, where)
        self.written = [self.last]
        return shipped

    def _from(self, site: int, x: Array, where: slice) -> tuple[Array, int]:
        """(x̂, bytes) of a site's model or drift x (d,)."""
        r = self.known[site, where]
        arrived, number = self._ship(x, r, self.unsaid[site, where], where)
        self._heard(arrived, r, where)
        return arrived, number

    def _heard(self, x: Array, r: Array, where: slice) -> None:
        """Remember which numbers a site has moved."""
        self.moved[where] |= (x != 0) & (x != r)

    def read(self, written: Written, site: int, where: slice) -> Array:
        """x̂ (d,): as it is, or decode(q), or r + decode(q)."""
        r = self.known[site, where]
        if written.form == WHOLE_VECTOR:
            (x,) = written.parts
            return x.astype(self.known.dtype)
        start = np.zeros_like(r) if written.form == ABSOLUTE else r
        rows = self.rows and self.rows.inside(where)
        arrived = self.codec.restore(written.coded, start, rows)
        self._heard(arrived, r, where)
        return arrived

    def took(self, sites: Array, x: Array, where: slice) -> None:
        """r is x̂ from here."""
        self.moved[where] = False
        self.latest[where] = x
        self.known[sites, where] = x

    def _settled(self, x: Array, where: slice) -> Array:
        """x, where a number of the embedding that nobody has moved is r again.

        The mean of k equal numbers need not be that number in floating point, but it is next to it.  If it is not, the
        server has moved it.
        """
        rows = self.rows and self.rows.inside(where)
        if rows is None:
            return x
        x, r = x.copy(), self.latest[where]
        precision = len(self.known) * np.finfo(x.dtype).eps
        stays = ~self.moved[where] & (np.abs(x - r) <= precision * np.abs(r))
        table = slice(rows.start, rows.stop)
        x[table][stays[table]] = r[table][stays[table]]
        return x

    def _ship(self, x: Array, reference: Array, residual: Array, where: slice) -> tuple[Array, int]:
        """(x̂, bytes); `residual` is a view, brought up to date in place."""
        rows = self.rows and self.rows.inside(where)
        # q = encode(x − r + e), for r = 0 and for the last global model
        references = (np.zeros_like(x), reference)
        differences = [x - r + residual for r in references]
        numbers = x if self.codec.lossless else None
        coded = [self.codec.encode(difference, rows, numbers) for difference in differences]
        costs = [(size(q), squared_norm(x)) for q, x in zip(coded, differences, strict=True)]
        best = costs.index(min(costs))
        shipped = self.codec.shipped(coded[best])
        number = size(shipped)
        self.last = by_codec((ABSOLUTE, DIFFERENCE)[best], coded[best], shipped)
        if self.codec.lossless:
            return x.copy(), number
        # x̂ = r + decode(q)
        decoded = self.codec.decode(coded[best], len(x), rows).astype(x.dtype)
        if self.codec.feedback:
            residual[:] = differences[best] - decoded
        return references[best] + decoded, number
