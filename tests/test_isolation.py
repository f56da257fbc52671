"""Nothing crosses between sites and coordinator but messages: no shared memory, no reference."""

import gc
from types import FunctionType, ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import build, play
from strategies import SEEDS, make_script, scripts

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.transport.network import Network

every_protocol = pytest.mark.parametrize(
    "protocol",
    [
        *PROTOCOLS,
        "gm-reb:balancing=slack",
        "fgm-reb:rule=bimodal",
    ],
)


def reachable(root):
    """Every object that `root` can get at, not through a `Network` and not through code."""
    seen, todo = {}, [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, (Network, type, ModuleType)):
            continue
        seen[id(thing)] = thing
        if isinstance(thing, FunctionType):  # what it closes over, not the globals of its module
            todo += [cell.cell_contents for cell in thing.__closure__ or ()] + list(
                thing.__defaults__ or ()
            )
        else:
            todo += gc.get_referents(thing)
    return list(seen.values())


def arrays(root):
    return [thing for thing in reachable(root) if isinstance(thing, np.ndarray) and thing.size]


def assert_apart(game):
    """No array of one end shares memory with one of the other; no object of one end is held by the other."""
    up, down = reachable(game.coordinator), reachable(game.sites)
    assert not any(thing is game.sites or thing is game.learners for thing in up)
    assert not any(thing is game.coordinator for thing in down)
    theirs = arrays(game.sites)
    assert any(array is game.sites.models for array in theirs)  # the walk does find what there is
    for ours in arrays(game.coordinator):
        for array in theirs:
            assert not np.shares_memory(ours, array)


@every_protocol
@given(script=scripts(max_steps=12, max_k=4), average_state=st.booleans())
def test_ends_share_nothing(protocol, script, average_state):
    assert_apart(play(script, protocol, average_state=average_state))


@every_protocol
def test_ends_share_nothing_at_any_time(protocol):
    # in the middle of rounds, after rebalances, after synchronisations
    script = make_script(4, 3, 40, "opposite", R=3.0)
    play(script, protocol, visit=assert_apart)


def test_the_walk_finds_a_hidden_reference():
    # the checker itself must be able to fail: an array in a list, a view of it, a function that closes over it
    game = build("fgm", np.ones(3), 2)
    for hidden in ([game.sites.models], {"row": game.sites.models[0]}, lambda: game.sites.models):
        game.coordinator.hidden = hidden
        with pytest.raises(AssertionError):
            assert_apart(game)
    del game.coordinator.hidden
    assert_apart(game)


def scribble(root):
    for array in arrays(root):
        if array.flags.writeable and array.dtype.kind == "f":
            array.fill(np.nan)


@every_protocol
@given(script=scripts(max_steps=12, max_k=4), seed=SEEDS)
def test_scribbling_at_one_end_is_not_seen_at_the_other(protocol, script, seed):
    # overwrite every array that one end holds: the other end's stay as they were
    for victim in ("sites", "coordinator"):
        game = play(script, protocol)
        other = game.coordinator if victim == "sites" else game.sites
        before = [array.copy() for array in arrays(other)]
        scribble(getattr(game, victim))
        for array, kept in zip(arrays(other), before, strict=True):
            np.testing.assert_array_equal(array, kept)


@every_protocol
def test_the_initial_model_stays_the_callers(protocol):
    # training moves the sites' copies, never the array the run was started from
    E = np.array([3.0, 4.0])
    game = build(protocol, E, 3, threshold=0.5)
    for _ in range(30):
        game.step(np.ones((3, 2)))
    np.testing.assert_array_equal(E, [3, 4])
