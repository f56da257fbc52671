"""Mistakes between the two ends: copies, order, stale messages, random streams, and the bill."""

from dataclasses import replace

import numpy as np

from fgm_ref.transport.messages import BALANCED, MODEL, Message, weight

from .registry import mutant

NETWORK = "transport.network:Network"


@mutant(
    "z07",
    "every message is billed alike",
    "transport.ledger:Ledger.bill",
    "test_messages_ledger.py::test_fgm_cost_identity",
)
def bill(original, self, message, sites):
    """One cost formula for all protocols: number of messages times the size of a model.

    It is fair to none: what FGM saves is exactly that its messages are single numbers.
    """
    self.model = max(getattr(self, "model", 0), weight(message.payload))
    original(self, replace(message, payload=np.empty(self.model // 4)), sites)


@mutant(
    "z08",
    "the payload is not copied",
    f"{NETWORK}._copy",
    "test_network.py::test_copies_on_the_way_down",
)
def copy(self, payload):
    """In one process a reference is quicker than a copy, and the receiver "only reads".

    The sender trains on, and the receiver's array changes by magic: communication that nobody has paid for.
    """
    return self._float(payload) if isinstance(payload, float) else payload


@mutant(
    "z20",
    "all sites have equal random streams",
    "simulation.streams:spawned",
    "zoo/test_gaps.py::test_every_site_has_a_stream_of_its_own",
)
def spawn(seed, count):
    """One seed for the run, so each site is given *the* seed.

    k sites draw the same masks and the same orders: their noise does not average out, and k looks useless.
    """
    return [np.random.default_rng(seed) for _ in range(count)]


@mutant(
    "z42",
    "all sites share one random stream",
    "simulation.streams:spawned",
    "zoo/test_gaps.py::test_every_site_has_a_stream_of_its_own",
)
def spawn_one(seed, count):
    """One generator, handed to everybody; the numbers differ, so all looks well.

    But what site 3 draws depends on whether site 2 was active: two protocols are no longer compared on equal data.
    """
    return [np.random.default_rng(seed)] * count


@mutant(
    "z43",
    "the order of the turns comes from the global generator",
    f"{NETWORK}.exchange",
    "test_protocols_common.py::test_global_generators_are_left_alone",
)
def exchange(self):
    """`np.random.permutation` is the first thing that comes to mind, and nobody seeds it.

    The same seed gives another run each time, and any library that draws a number changes yours.
    """
    for site in np.random.permutation(self._sites.alarms()):  # noqa: NPY002
        message = self._sites.report(int(site))
        if message is not None:
            self.up(int(site), message)
    self._connected().settle()


@mutant(
    "z44",
    "all sites write their message before anybody is heard",
    f"{NETWORK}.exchange",
    "test_network.py::test_a_site_is_asked_anew_when_its_turn_comes",
)
def exchange_at_once(self):
    """A list of messages first, then a loop that delivers them: tidy, and quicker.

    But the first message may start a new subround, and the others then speak of the old one.
    """
    order = self._rng.permutation(self._sites.alarms())
    messages = [(int(site), self._sites.report(int(site))) for site in order]
    for site, message in messages:
        if message is not None:
            self.up(site, message)
    self._connected().settle()


@mutant(
    "z45",
    "the download of a balanced model is free",
    f"{NETWORK}.down",
    "test_messages_ledger.py::test_gm_reb_costs_per_violation",
)
def down(original, self, kind, sites, payload=None, cause=("", 0.0)):
    """The drifts were fetched and billed; that the mean has to travel back is forgotten (it is one assignment).

    Rebalancing then costs half of what it does, and wins every comparison.
    """
    if kind is BALANCED:
        self._sites.receive(
            Message(kind, payload.copy(), self._connected().tag, cause), np.asarray(sites)
        )
        return payload
    return original(self, kind, sites, payload, cause)


@mutant(
    "z46",
    "the initial model is not billed",
    "transport.ledger:Ledger.bill",
    "test_messages_ledger.py::test_local_costs_the_initial_model",
)
def bill_from_the_second_round(original, self, message, sites):
    """The sites are built with the model in them, so it seems to have been there always.

    It had to get there: k·4D bytes, which is a good part of the bill of a protocol that hardly speaks.
    """
    if message.kind is not MODEL or message.tag[0] > 1:
        original(self, message, sites)


@mutant(
    "z47",
    "an array is billed by its size in memory",
    "transport.messages:weight",
    "test_messages_ledger.py::test_weight",
)
def in_memory(payload):
    """`nbytes` (or the length of a pickle) is at hand, and gives *some* number of bytes.

    The same run costs twice as much in double precision, and no formula of the papers fits the bill any more.
    """
    if payload is None:
        return 0
    return (
        sum(map(in_memory, payload)) if isinstance(payload, tuple) else np.asarray(payload).nbytes
    )


@mutant(
    "z48",
    "a protocol's options are read from the wrong place",
    "protocols:parse",
    "test_protocols_common.py::test_parse_options",
)
def parse(original, text):
    """A key is looked up where it does not stand, and a default stands in without a word.

    Every run of the sweep over ε has the same ε; the plot is a horizontal line, which looks like robustness.
    """
    protocol, _ = original(text)
    return protocol, dict(protocol.options)
