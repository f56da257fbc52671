"""The network: copies, order, billing, rounding.  Both ends are recorders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SEEDS

from fgm_ref.transport.encoder import Encoder
from fgm_ref.transport.ledger import EVERYBODY, Ledger
from fgm_ref.transport.messages import (
    BALANCED,
    DRIFT,
    INCREMENT,
    KINDS,
    LOCAL,
    MODEL,
    PHI,
    POLL,
    QUANTUM,
    VIOLATION,
    WHOLE,
    Message,
    Tag,
)
from fgm_ref.transport.network import Network


class RecordingSites:
    def __init__(self, k=4, D=3, dtype=np.float64):
        self.k, self.models = k, np.arange(k * D, dtype=dtype).reshape(k, D)
        self.got, self.pending, self.where = [], {}, slice(None)

    def part(self, block):
        assert block == WHOLE
        return self

    def receive(self, message, sites):
        self.got.append((message, list(sites)))

    def reply(self, kind, sites):
        # a view on purpose: the network has to copy it
        return self.models if len(sites) == self.k else self.models[sites]

    def alarms(self):
        return np.array(sorted(self.pending), np.intp)

    def report(self, site):
        return self.pending[site]


class RecordingCoordinator:
    tag = Tag(3, 7)

    def __init__(self, sites):
        self.sites, self.got, self.settled = sites, [], []

    def receive(self, site, message):
        self.got.append((site, message))

    def settle(self):
        self.settled.append(len(self.got))


def connected(seed=0, **more):
    sites = RecordingSites(**more)
    ledger = Ledger(sites.k)
    network, coordinator = (
        Network(sites, ledger, np.random.default_rng(seed), Encoder()),
        RecordingCoordinator(sites),
    )
    network.connect(coordinator)
    return sites, coordinator, network, ledger


def billed(ledger):
    return [(KINDS[e.kind].name, e.site, e.copies, e.size) for e in ledger.events]


def test_copies_on_the_way_down():
    # changing the array after sending changes nothing at the receiver, nor the other way round
    sites, _, network, _ = connected()
    E = np.ones(3)
    network.broadcast(MODEL, E)
    network.down(BALANCED, [1, 2], E)
    E[:] = 9
    for message, _ in sites.got:
        np.testing.assert_array_equal(message.payload, [1, 1, 1])
        message.payload[:] = 5
    np.testing.assert_array_equal(E, [9, 9, 9])


def test_copies_on_the_way_up():
    sites, coordinator, network, _ = connected()
    network.up(1, Message(VIOLATION, sites.models[1]))
    network.up(2, Message(VIOLATION, (sites.models[2], sites.models[3])))
    replies = [network.poll(LOCAL), network.poll(LOCAL, [0, 2])]
    before = sites.models.copy()
    received = [coordinator.got[0][1].payload, *coordinator.got[1][1].payload, *replies]
    for array in received:
        assert not np.shares_memory(array, sites.models)
        array[:] = -1
    np.testing.assert_array_equal(sites.models, before)
    sites.models[:] = 7
    assert all((array == -1).all() for array in received)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_rounded_to_the_sites_precision(dtype):
    # a float travels in the sites' precision; whole numbers (increments) stay exact
    sites, coordinator, network, _ = connected(dtype=dtype)
    network.broadcast(QUANTUM, 0.1)
    assert sites.got[0][0].payload == dtype(0.1)
    assert type(sites.got[0][0].payload) is dtype
    network.up(0, Message(INCREMENT, 2**24 + 1))
    assert coordinator.got[0][1].payload == 2**24 + 1


def test_down_reaches_whom_it_names():
    sites, _, network, ledger = connected()
    network.down(BALANCED, [2, 0], np.ones(3), ("|B|", 2.0))
    network.broadcast(QUANTUM, 0.5)
    (first, to_two), (second, to_all) = sites.got
    assert (first.kind, first.tag, first.cause, to_two) == (
        BALANCED,
        (3, 7, WHOLE),
        ("|B|", 2.0),
        [2, 0],
    )
    assert (second.kind, second.tag, to_all) == (QUANTUM, (3, 7, WHOLE), [0, 1, 2, 3])
    assert billed(ledger) == [
        ("BALANCED", 2, 1, 12),
        ("BALANCED", 0, 1, 12),
        ("QUANTUM", EVERYBODY, 4, 4),
    ]


def test_poll_asks_once_and_gets_one_row_each():
    # one POLL and one reply per site, row j from sites[j]
    sites, _, network, ledger = connected()
    np.testing.assert_array_equal(network.poll(DRIFT, [3, 1]), sites.models[[3, 1]])
    assert billed(ledger) == [
        ("POLL", 3, 1, 0),
        ("POLL", 1, 1, 0),
        ("DRIFT", 3, 1, 12),
        ("DRIFT", 1, 1, 12),
    ]
    np.testing.assert_array_equal(network.poll(DRIFT), sites.models)
    assert billed(ledger)[4:] == [("POLL", EVERYBODY, 4, 0), ("DRIFT", EVERYBODY, 4, 12)]
    assert ledger.events[-1].round == 3 and ledger.events[-1].subround == 7


@given(seed=SEEDS, k=st.integers(1, 8), data=st.data())
def test_exchange(seed, k, data):
    # every site with something to say has one turn, in the seeded order; those that changed their mind
    # (report is None) cost nothing; `settle` comes once, at the very end
    sites, coordinator, network, ledger = connected(seed, k=k)
    speakers = data.draw(st.sets(st.integers(0, k - 1)), "speakers")
    silent = data.draw(st.sets(st.integers(0, k - 1)), "changed their mind")
    sites.pending = {i: None if i in silent else Message(INCREMENT, 1) for i in speakers}
    network.exchange()
    expected = [
        i for i in np.random.default_rng(seed).permutation(sites.alarms()) if i not in silent
    ]
    assert [site for site, _ in coordinator.got] == expected
    assert billed(ledger) == [("INCREMENT", i, 1, 4) for i in expected]
    assert coordinator.settled == [len(expected)]


def test_the_order_differs_from_step_to_step():
    # no site is always first
    sites, coordinator, network, _ = connected()
    sites.pending = {i: Message(INCREMENT, 1) for i in range(4)}
    for _ in range(40):
        network.exchange()
    assert {site for site, _ in coordinator.got[::4]} == {0, 1, 2, 3}


def test_a_site_is_asked_anew_when_its_turn_comes():
    # what an earlier message set off may cure a later site
    sites, coordinator, network, ledger = connected()
    sites.pending = {i: Message(VIOLATION) for i in range(4)}
    coordinator.receive = lambda site, message: sites.pending.update(dict.fromkeys(range(4)))
    network.exchange()
    assert len(ledger.events) == 1


def test_needs_a_coordinator():
    sites = RecordingSites()
    network = Network(sites, Ledger(sites.k), np.random.default_rng(0), Encoder())
    with pytest.raises(AssertionError, match="connect"):
        network.broadcast(POLL)


def test_log_of_replies_names_no_single_number():
    # "number is the payload where it is a single number": the k replies to one poll are k different numbers
    sites, _, network, ledger = connected()
    sites.reply = lambda kind, who: np.array([0.5, -1.0, 2.0, 3.0])[who]
    network.poll(PHI)
    assert np.isnan(ledger.events[-1].number)
