"""Mistakes on the way: sites that are away, messages that are lost, and who is billed for what."""

import numpy as np

from fgm_ref.protocols import base, fgm
from fgm_ref.transport import faults
from fgm_ref.transport.messages import PHI, POLL, Message

from .registry import mutant

FAULTY = "transport.faults:FaultyNetwork"


@mutant(
    "z89",
    "an absent site's φ is taken to be 0",
    "protocols.fgm:Coordinator.stand_in",
    "test_faults.py::test_what_fgm_takes_the_phi_of_an_absent_site_to_be",
)
def stand_in(self, kind):
    """Who is away contributes nothing, and nothing is zero; for drifts it is.

    But φ(0) is not 0.  The slack of an absent site is lost, and rounds end earlier than they need to.
    """
    return 0.0 if kind is PHI else base.Coordinator.stand_in(self, kind)


@mutant(
    "z90",
    "after a flush an absent site's φ still counts in full",
    "protocols.fgm_reb:Coordinator.stand_in",
    "test_faults.py::test_what_fgm_reb_takes_the_phi_of_an_absent_site_to_be",
)
def stand_in_without_lambda(self, kind):
    """φ(0) is right in FGM, from where it is inherited.  After a flush the sites watch λφ(X/λ), also at 0.

    The absent site is believed to have 1/λ times the slack that there is: quanta are too large, silence is no proof.
    """
    return fgm.Coordinator.stand_in(self, kind)


@mutant(
    "z92",
    "a message that is lost may still arrive as its own duplicate",
    f"{FAULTY}.up",
    "test_faults.py::test_what_is_lost_is_not_doubled",
)
def up(self, site, message):
    """Two independent dice, one for losses and one for duplicates: `arrives + twice` copies.

    A network that drops half and doubles everything then loses nothing at all.
    """
    message = self._encoded(site, message)
    attempts, arrives = self._attempts(self.faults.resend)
    twice = self._luck.random() < self.faults.duplicate
    for _ in range(attempts + twice):
        self.ledger.bill(message, np.array([site]))
    for _ in range(arrives + twice):
        if self.faults.delay:
            self._late.append((self.ledger.step + self.faults.delay, site, message))
        else:
            self._connected().receive(site, message)


@mutant(
    "z95",
    "a multicast is billed to site 0",
    "transport.ledger:Ledger._enter",
    "test_messages_ledger.py::test_a_multicast_is_billed_to_nobody_in_particular",
)
def enter(original, self, message, columns, count, size):
    """One message, so one column; the first one is as good as any, and all totals are right.

    Whoever looks up what a single site has to receive finds one that does all the work.
    """
    original(self, message, slice(0, 1) if columns == slice(-1, None) else columns, count, size)


@mutant(
    "z119",
    "with multicast the replies of all sites are billed once",
    "transport.ledger:Ledger.bill",
    "test_messages_ledger.py::test_multicast_changes_the_bill_only[central]",
)
def bill(self, message, sites):
    """ "To everybody, so once" is applied to everything that has everybody in it.

    k sites have to say k things.  The upload, the dearest part of every protocol, is free but for one of them.
    """
    size = message.bytes
    everybody = len(sites) == self.messages.shape[1] - 1
    if everybody and self.multicast:
        self._enter(message, slice(-1, None), 1, size)
        self._note(message, -1, 1, size)
    elif everybody and len(sites) > 1:
        self._enter(message, slice(0, -1), len(sites), size)
        self._note(message, -1, len(sites), size)
    else:
        self._enter(message, sites, len(sites), size)
        for site in sites:
            self._note(message, int(site), 1, size)


@mutant(
    "z120",
    "the replies to a poll are those of the first sites",
    "transport.network:Network.poll",
    "test_network.py::test_poll_asks_once_and_gets_one_row_each",
)
def poll(self, kind, sites=None, cause=("", 0.0)):
    """As many rows as were asked for, and the bill is in the right names.

    The balancing set is made of other sites' drifts, and its mean is sent to those who never had them.
    """
    sites = self._everybody if sites is None else np.asarray(sites)
    tag = self._connected().tag
    part = self._sites.part(tag.block)
    self.ledger.bill(Message(POLL, None, tag, cause), sites)
    replies = self._copy(part.reply(kind, self._everybody)[: len(sites)])
    replies, sizes = self.encoder.up(kind, sites, replies, part.where)
    self._bill(Message(kind, replies[0], tag), sites, sizes)
    return replies


@mutant(
    "z121",
    "the coordinator settles before the sites have had their turn",
    "transport.network:Network.exchange",
    "test_network.py::test_exchange",
)
def exchange(self):
    """A loop that begins with "whatever is left from before", as many loops do.

    What the sites say in this step is dealt with in the next one: everything is late by one step, and S is outside.
    """
    self._connected().settle()
    for site in self._rng.permutation(self._alarms()):
        message = self._sites.report(int(site))
        if message is not None:
            self.up(int(site), message)


@mutant(
    "z122",
    "a site that is just back is asked what it has",
    f"{FAULTY}.exchange",
    "test_faults.py::test_welcome",
)
def exchange_with_the_returned(self):
    """It is there again, so it may answer.  But it was counted as standing at E for all that time.

    Its old drift comes back into the mean as a leap that nobody has watched.
    """
    gone = self.faults.away(self.ledger.step)
    back = self.absent - gone
    faults._become(self.absent, gone)
    faults._become(self._unheard, gone)
    if back:
        self._connected().welcome(sorted(back))
    self._deliver_late()
    faults.Network.exchange(self)


@mutant(
    "z123",
    "the replies of those who are there fill the first rows",
    f"{FAULTY}.poll",
    "test_faults.py::test_row_j_of_a_poll_is_that_of_site_j_even_if_some_are_away",
)
def poll_the_present(original, self, kind, sites=None, cause=("", 0.0)):
    """All rows are there, in order, and the guesses for the absent behind them: the mean is right.

    Whoever needs to know *whose* row it is gets somebody else's, so a balancing set is made of the wrong drifts.
    """
    rows = original(self, kind, sites, cause)
    asked = self._everybody if sites is None else np.asarray(sites)
    away = np.isin(asked, sorted(self._unheard))
    return np.concatenate([rows[~away], rows[away]])


@mutant(
    "z137",
    "when a site comes back, everybody is sent the old model",
    "protocols.base:Coordinator.welcome",
    "test_faults.py::test_welcome",
)
def welcome(self, sites):
    """The one who was away needs the global model, and the coordinator has one.

    All others are set back to it as well: what they have learnt since the last round is gone.
    """
    if self.synchronises:
        self.publish(self.E, ("back: site", sites[0]))
