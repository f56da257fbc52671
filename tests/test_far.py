"""Sites in ranks of their own: the same run to the bit, without an MPI (threads carry the bytes)."""

import socket
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from far_cases import PROTOCOLS, SETTINGS, UNEVEN, small
from loopback import PATIENCE, apart, run_apart
from same_run import assert_same

from fgm_ref.mpi import bill
from fgm_ref.mpi.lockstep import FarSimulation, run_far
from fgm_ref.mpi.watch import Watch
from fgm_ref.simulation.simulate import RunDiverged, run
from fgm_ref.transport.wire.clerk import Clerk
from fgm_ref.transport.wire.office import Gone


def name(config):
    told = config.to_dict().items()
    usual = small().to_dict()
    return " ".join(f"{key}={value}" for key, value in told if value != usual.get(key)) or "usual"


def cases(configs):
    return pytest.mark.parametrize("config", configs, ids=name)


@cases([*PROTOCOLS, *UNEVEN[::4], *SETTINGS[::6]])
def test_the_same_run_to_the_bit(config):
    assert_same(run(config), run_apart(4, config))


@cases([small(protocol=one.protocol, checks=True, steps=6) for one in PROTOCOLS[::3]])
def test_a_witness_compares_every_message(config):
    assert_same(run(config), run_apart(3, config))


@cases([*PROTOCOLS[::4], small(codec="ternary+ef"), small(start="seed"), small(codec="int8+zip")])
def test_what_passes_is_what_is_billed(config):
    found = []

    def then(simulation, result):
        found.append((list(bill.rows(result, simulation.office)), result))
        assert not bill.differences(result, simulation)

    apart(3, lambda office: run_far(config, office, then=then))
    ((rows, result),) = found
    assert {row.kind for row in rows} == set(result.ledger)
    assert sum(row.passed[1] for row in rows) == result.totals["bytes"]


def test_a_missing_letter_is_noticed_in_the_bill():
    # the bill must be able to disagree
    def then(simulation, result):
        simulation.office.sent.payload[0] += 4
        assert bill.differences(result, simulation)

    apart(2, lambda office: run_far(small(), office, then=then))


def test_the_witness_can_disagree(monkeypatch):
    send = Clerk._send

    def rounded(self, site, message):
        send(self, site, replace(message, payload=message.payload * np.float32(1.001)))

    monkeypatch.setattr(Clerk, "_send", rounded)
    with pytest.raises(ValueError, match="LOCAL: the wire brings other numbers"):
        run_apart(3, small(protocol="periodic:b=2", checks=True))


def test_a_model_that_blows_up():
    config = small(protocol="local", optimizer="sgd", lr=1e30, steps=5)
    results = []
    for go in (run, lambda config: run_apart(4, config)):
        with pytest.raises(RunDiverged) as error:
            go(config)
        results.append((str(error.value), error.value.result))
    (words, here), (again, there) = results
    assert words == again
    np.testing.assert_array_equal(here.model, there.model)


def test_several_runs_and_one_that_cannot_be():
    def work(office):
        run_far(small(), office)
        with pytest.raises(ValueError, match="epsilon"):
            run_far(small(protocol="fgm:epsilon=7"), office)
        return run_far(small(protocol="gm"), office)

    assert_same(run(small(protocol="gm")), apart(3, work))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"protocol": "omniscient"}, "protocol: expected one whose sites look at themselves only"),
        ({"faults": "delay=1"}, "faults: expected none"),
        ({"change": "join=2@0.5"}, "faults: expected none"),
        ({"dtype": "float64"}, "dtype: expected float32"),
        ({"safe": "loss", "relative": False}, "safe: expected one that needs no windows"),
        ({"sites": 2}, "sites: expected at least 3"),
    ],
)
def test_what_a_wire_does_not_do_is_refused_in_words(settings, words):
    with pytest.raises(ValueError, match=words):
        run_apart(4, small(**settings))


@pytest.mark.parametrize(
    "letter", [b"", b"x" * 300, b"FGM\x01" + b"\xff" * 250, b"FGM\x02" + bytes(250)]
)
def test_who_cannot_read_says_so_and_all_stop(letter):
    def work(office):
        simulation = FarSimulation(small(), None, office)
        simulation.step()
        office.post.send(2, np.frombuffer(letter, np.uint8))
        with pytest.raises(Gone, match="rank 2: a letter from rank 0: expected"):
            simulation.step()

    apart(3, work)


def test_a_letter_to_somebody_else():
    def work(office):
        simulation = FarSimulation(small(), None, office)
        simulation.homes[:] = simulation.homes[::-1].copy()
        with pytest.raises(Gone, match=r"rank [12]: expected a letter to sites"):
            simulation.coordinator.welcome([0])

    apart(3, work)


@pytest.mark.parametrize(
    ("said", "dead"), [(b"", []), (b"1 7\n", [7]), (b"1 7\nwell", []), (b"1", [])]
)
def test_the_launcher_hears_who_dies(said, dead):
    watch = Watch()
    with socket.create_connection(("127.0.0.1", watch.port)) as line:
        line.sendall(said)
    until = time.monotonic() + PATIENCE
    found = watch.dead(1.0)
    while watch.heard:
        assert time.monotonic() < until
        found += watch.dead(1.0)
    assert found == dead
    watch.close()


def test_without_mpi_it_says_what_to_install():
    code = (
        "import runpy, sys; sys.modules['mpi4py'] = None; sys.argv = ['mpi', '--launch', '2'];"
        "runpy.run_module('fgm_ref.mpi', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("fgm_ref.mpi: mpi4py: expected") and "pip install mpi4py mpich" in line


@pytest.mark.parametrize("what", ["fgm_ref", "fgm_ref.demo", "fgm_ref.study.running.runner"])
def test_nothing_of_it_is_loaded_otherwise(what):
    code = (
        f"import sys, {what}\n"
        "ours = ('mpi4py', 'fgm_ref.mpi', 'fgm_ref.transport.wire')\n"
        "found = [name for name in sys.modules if name.startswith(ours)]\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
