"""A run that is killed, at any time, goes on from its checkpoint and ends with the bits of one that was not."""

import dataclasses
import json
import multiprocessing
import os
import random
import signal
import time
from collections import deque
from functools import partial

import numpy as np
import pytest
from far_cases import PROTOCOLS, SETTINGS, UNEVEN, small
from loopback import run_apart
from same_run import assert_same
from test_far import cases

from fgm_ref import demo
from fgm_ref.datasets import load
from fgm_ref.files import atomic
from fgm_ref.simulation.checkpoint.kept import packed, unpack
from fgm_ref.simulation.simulate import run
from fgm_ref.transport.messages import MODEL, Message

FAULTY = [
    small(protocol=protocol, faults=faults, checks=True)
    for protocol, faults in (
        ("fgm", "drop=0.2,resend=no"),
        ("gm", "delay=2,reorder=yes"),
        ("fgm-blocks", "duplicate=0.5,delay=1"),
        ("gm-reb", "absent=1:3-6"),
    )
]
PROMISES = [
    small(safe=safe, relative=False, threshold=0.05, checks=True, steps=5)
    for safe in ("loss:windows=8,lanczos=4,directions=3", "loss-both:kept=yes,windows=8,lanczos=4")
]
ODD = [
    small(sites=1, protocol="gm-reb:balancing=slack"),
    small(safe="ball+cap", protocol="fgm-reb:rule=bimodal"),
    small(safe="decay:tracking"),
    small(change="join=2@0.5"),
    small(dtype="float64"),
    small(protocol="omniscient", checks=True),
]


class Killed(Exception):
    pass


def killed_at(step):
    def on_step(number):
        if number == step:
            raise Killed

    return on_step


@cases([*PROTOCOLS, *UNEVEN[::5], *SETTINGS[::7], *FAULTY, *PROMISES, *ODD])
def test_the_bits_of_a_run_that_was_never_stopped(config, tmp_path):
    path, draw = tmp_path / "run.npz", random.Random(str(config))
    for step in sorted(draw.sample(range(1, config.steps), 2)):
        with pytest.raises(Killed):
            run(config, on_step=killed_at(step), checkpoint=path, every=draw.choice([1, 2]))
    taken = []
    resumed = run(config, on_step=taken.append, checkpoint=path, every=5)
    assert len(taken) < config.steps
    assert_same(run(config), resumed)


@cases([PROTOCOLS[-1], *PROTOCOLS[::6], small(codec="ternary+ef"), small(checks=True)])
def test_over_a_wire(config, tmp_path):
    path = tmp_path / "run.npz"
    for step in (3, 8):
        with pytest.raises(Killed):
            run_apart(3, config, on_step=killed_at(step), checkpoint=path, every=2)
    assert_same(run(config), run_apart(3, config, checkpoint=path))


def test_a_finished_run_is_only_read(tmp_path):
    config, path = small(), tmp_path / "run.npz"
    run(config, checkpoint=path, every=1000)
    taken = []
    assert_same(run(config), run(config, on_step=taken.append, checkpoint=path))
    assert taken == []


LONGER = small(
    steps=150, hidden=(6,), protocol="fgm-reb", codec="int8+ef", schedule="bernoulli:0.7"
)


def go(path):
    run(LONGER, checkpoint=path, every=3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills copies of this process")
def test_killed_at_twenty_random_moments(tmp_path):
    path, draw = tmp_path / "run.npz", random.Random(5)
    processes = multiprocessing.get_context("fork")
    load(LONGER.dataset)
    started = time.monotonic()
    run(LONGER)
    whole = time.monotonic() - started
    kills = 0
    while kills < 20:
        process = processes.Process(target=go, args=(path,))
        process.start()
        time.sleep(draw.uniform(0, whole / 4))
        alive = process.is_alive()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += alive
        if not alive:
            path.unlink()  # it had come to its end: once more, from the start
    assert_same(run(LONGER), run(LONGER, checkpoint=path))


def test_what_is_there_is_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        run(small(), on_step=killed_at(5), checkpoint=path, every=1)
    before = path.read_bytes()

    class torn(atomic):
        def __exit__(self, kind, error, trace):
            return super().__exit__(OSError, OSError(28, "No space left on device"), trace)

    monkeypatch.setattr("fgm_ref.simulation.checkpoint.kept.atomic", torn)
    run(small(), checkpoint=path, every=1)
    assert path.read_bytes() == before and [*tmp_path.iterdir()] == [path]


def test_nothing_is_pickled(tmp_path):
    path = tmp_path / "run.npz"
    run(small(protocol="fgm-centre"), checkpoint=path)
    with np.load(path, allow_pickle=False) as file:
        assert json.loads(str(file["meta"]))["form"] == "fgm_ref checkpoint"
        for name in file.files:
            assert file[name].dtype.kind in "uU"


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "run.npz"
    run(small(), checkpoint=path)
    return path


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"seed": 1}, r"got one with seed 0 instead of 1; name another file$"),
        ({"lr": 0.5, "server": "momentum"}, "lr 0.005 instead of 0.5, server as usual instead of"),
        ({"hidden": (5,)}, r"hidden \[4\] instead of \[5\]"),
    ],
)
def test_another_run_is_refused_in_words(kept, settings, words):
    with pytest.raises(
        ValueError, match=rf"checkpoint: expected '{kept}' to be of this run, .*{words}"
    ):
        run(small(**settings), checkpoint=kept)


def test_other_data_are_refused(kept):
    data = load("ecg208")
    other = dataclasses.replace(data, x_train=data.x_train[::-1].copy())
    with pytest.raises(ValueError, match=r"data [0-9a-f]{12} instead of"):
        run(small(), data=other, checkpoint=kept)


def test_other_places_are_refused(kept):
    with pytest.raises(ValueError, match="place one process instead of 3 ranks"):
        run_apart(3, small(), checkpoint=kept)


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_what_is_no_checkpoint_is_refused(content, tmp_path):
    path = tmp_path / "run.npz"
    if content is None:
        run(small()).save(path)
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint: expected .* to be one, got something else"):
        run(small(), checkpoint=path)


def test_another_version_is_refused(kept, monkeypatch):
    monkeypatch.setattr("fgm_ref.simulation.checkpoint.kept.VERSION", 2)
    with pytest.raises(ValueError, match="checkpoint: expected version 2, got 1"):
        run(small(), checkpoint=kept)


def test_the_demo_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = [
        "--dataset",
        "ecg208",
        "--steps",
        "6",
        "--protocol",
        "gm",
        "--protocol",
        "fgm",
        "--json",
    ]

    def output(*more):
        assert demo.main([*told, *more]) == 0
        return capsys.readouterr().out

    plain = output()
    assert output("--checkpoint", "c/run.npz", "--every", "4") == plain
    assert {path.name for path in (tmp_path / "c").iterdir()} == {"run-gm.npz", "run-fgm.npz"}
    assert output("--checkpoint", "c/run.npz") == plain
    assert demo.main([*told, "--checkpoint", "c/run.npz", "--seed", "3"]) == 2
    assert capsys.readouterr().err.startswith("fgm_ref.demo: --checkpoint: expected")


# The state of objects.


class Thing:
    def __init__(self, **more):
        vars(self).update(more)

    def times(self, factor, x):
        return factor * x


@dataclasses.dataclass(frozen=True)
class Point:
    x: float
    f: object = None


def through(before, after):
    """What `after` is once it has the state of `before`."""
    unpack(packed({"it": before}), {"it": after})
    return after


def test_values_of_all_kinds():
    rng = np.random.default_rng(3)
    rng.random(5)
    before = Thing(
        none=None, yes=True, whole=2**100, part=0.1, nan=float("nan"), text="φ", single=np.float32(0.1),
        pair=(1, Message(MODEL, np.arange(3), size=4)), names={"a", "b"}, queue=deque([1, 2], maxlen=3),
        table={(1, "x"): [1.5], 2: {}}, long=list(range(99)), halves=[0.5] * 99, rng=rng,
        arrays=[np.ones(2)] * 20, singles=[np.float32(1)] * 20, mixed=[1, 2.0, "c"] * 20,
    )  # fmt: skip
    after = through(before, Thing(rng=np.random.default_rng(), table={2: {}}, gone=1))
    assert set(vars(after)) == set(vars(before))
    for name, value in vars(before).items():
        if name not in ("rng", "pair"):
            np.testing.assert_equal(getattr(after, name), value)
            assert type(getattr(after, name)) is type(value)
    assert after.pair[1].kind is MODEL and after.pair[1].size == 4
    assert {type(one) for one in after.singles} == {np.float32}
    assert after.queue.maxlen is None  # it was not there
    assert after.rng.random() == before.rng.random()


def test_one_object_stays_one_and_two_stay_two():
    shared, array = Thing(n=1), np.arange(4.0)
    before = Thing(a=shared, b=shared, c=Thing(n=2), x=array, y=array, view=array[1:3])
    before.me = before
    same = Thing(n=7)
    array = np.zeros(4)
    after = through(before, Thing(a=same, b=same, c=same, x=array, y=array, view=array[1:3]))
    assert after.a is after.b is same and after.c is not same
    assert (after.a.n, after.c.n) == (1, 2) and after.me is after
    assert after.x is after.y is array
    array[1] = 9
    assert after.view[0] == 9


def test_views_that_have_parted():
    # one array at first, two of equal shape later: the second must not be written over the first
    array = np.zeros((1, 3))
    after = through(Thing(x=np.ones((1, 3)), y=np.full((1, 3), 2.0)), Thing(x=array, y=array[:]))
    assert after.x.max() == 1 and after.y.min() == 2


def test_functions_are_those_of_the_new_run():
    before = Thing(f=lambda: 1, p=Point(1.0, len), q=Point(2.0, lambda: 3))
    new = Thing(f=lambda: 2, p=Point(1.0, len), q=Point(5.0, lambda: 4))
    functions, point = (new.f, new.q.f), new.p
    after = through(before, new)
    assert (after.f, after.q.f) == functions and after.q.x == 2
    assert after.p is point
    with pytest.raises(ValueError, match="checkpoint: a function was made while the run lasted"):
        through(before, Thing())


def test_methods_belong_to_the_restored_object():
    before = Thing(n=1)
    before.f = partial(before.times, 3)
    after = through(before, Thing(n=0, f=None))
    assert after.f(2) == 6 and after.f.func.__self__ is after


def test_a_class_that_nobody_knows_is_refused():
    state = packed({"it": Thing(a=Point(1.0))})
    data = state.tobytes().replace(b"test_checkpoint:Point", b"test_checkpoint:Prints")
    with pytest.raises((ValueError, OSError)):
        unpack(np.frombuffer(data, np.uint8), {"it": Thing()})
