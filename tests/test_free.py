"""Free runs: they end, they drop what is stale, and whenever nothing is under way the guarantee is kept."""

import time

import numpy as np
import pytest
from far_cases import small
from loopback import apart

from fgm_ref.mpi import bill
from fgm_ref.mpi.free import run_free
from fgm_ref.mpi.free_slice import FreeSlice
from fgm_ref.protocols import PROTOCOLS
from fgm_ref.simulation.simulate import run

FREE = [name for name, one in PROTOCOLS.items() if not (one.in_step or one.sees_all)]
STEPS = 60


def go(config, ranks=4, every=10):
    return apart(ranks, lambda office: run_free(config, office, every=every))


@pytest.mark.parametrize("protocol", FREE)
def test_it_ends_and_keeps_what_it_promises(protocol):
    report, simulation = go(small(protocol=protocol, steps=STEPS, threshold=0.02))
    assert set(report.steps.values()) == {STEPS}
    assert bill.differences(report, simulation) == []
    assert len(report.points) >= STEPS // 10
    promises = PROTOCOLS[protocol].guarantee is not None
    assert len(report.looked_at) == len(report.points) * promises
    assert all(report.looked_at)


@pytest.mark.parametrize("codec", ["int8+ef", "ternary+ef+zip"])
@pytest.mark.parametrize("protocol", ["gm", "fgm", "dynamic", "fgm-reb"])
def test_with_fewer_bits(protocol, codec):
    report, simulation = go(small(protocol=protocol, codec=codec, steps=STEPS, threshold=0.02))
    assert bill.differences(report, simulation) == []
    if PROTOCOLS[protocol].exact:
        assert all(report.looked_at)


def test_what_is_stale_is_dropped_and_billed(monkeypatch):
    # a site that tells everything three times: what comes after the round has ended belongs to nobody
    speak = FreeSlice.next_step

    def again(self):
        speak(self)
        for site in range(self.sites.k):
            if self.sites.values[site] > 0:
                self.clerk.turn(site + self.here.start)
                self.clerk.turn(site + self.here.start)

    monkeypatch.setattr(FreeSlice, "next_step", again)
    report, simulation = go(small(protocol="gm", steps=STEPS, threshold=0.01))
    assert report.dropped > 0 and report.rounds > 0
    assert bill.differences(report, simulation) == []
    assert all(report.looked_at)


def test_a_pause_can_find_the_guarantee_broken(monkeypatch):
    # sites that say nothing: the check must be able to fail
    monkeypatch.setattr("fgm_ref.transport.wire.clerk.Clerk.speak", lambda self: 0)
    report, _ = go(small(protocol="gm", steps=STEPS, threshold=0.01))
    assert not all(report.looked_at)


def test_ranks_of_unequal_speed(monkeypatch):
    # one rank hardly gets anywhere: nobody waits for it
    train = FreeSlice.train

    def slow(self, step):
        time.sleep(0.02 * (self.here.start == 0))
        train(self, step)

    monkeypatch.setattr(FreeSlice, "train", slow)
    report, _ = go(small(protocol="gm", steps=STEPS, threshold=1.0))
    assert max(point.lead for point in report.points) > 10
    assert set(report.steps.values()) == {STEPS}


def test_one_rank_that_never_speaks_is_the_simulator():
    # nobody speaks and everybody trains alone, so the order does not matter
    config = small(protocol="local", steps=20)
    report, _ = go(config)
    np.testing.assert_array_equal(report.model, run(config).model)


def test_the_report_in_words_and_numbers():
    report, _ = go(small(protocol="fgm", steps=STEPS))
    text = "\n".join(report.words())
    assert f"kept in {len(report.points)} of {len(report.points)} pauses" in text
    assert "stale messages dropped" in text and "loss of S" in text
    numbers = report.to_dict()
    assert numbers["guarantee"]["kept"] == len(numbers["points"]) and numbers["seconds"] > 0
    assert [point["seconds"] for point in numbers["points"]] == sorted(
        point["seconds"] for point in numbers["points"]
    )


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name not in FREE])
def test_what_needs_a_common_step_is_refused_in_words(protocol):
    with pytest.raises(ValueError, match="protocol: expected one"):
        go(small(protocol=protocol))


@pytest.mark.parametrize(
    "settings",
    [{"safe": "tracking"}, {"radius": "lr", "lr_schedule": "cosine"}, {"safe": "history-metric"}],
)
def test_zones_that_move_are_refused_in_words(settings):
    with pytest.raises(ValueError, match="safe: expected a zone that stands still in a free run"):
        go(small(**settings))


def test_a_model_that_blows_up():
    with pytest.raises(ArithmeticError, match="the model of site"):
        go(small(protocol="local", optimizer="sgd", lr=1e30))
