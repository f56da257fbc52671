"""The settings that suit a data set: of a bundled one from its entry, of the user's own from what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fgm_ref.datasets import SETS, load, names
from fgm_ref.protocols import parse
from fgm_ref.simulation.config import Config
from fgm_ref.simulation.presets import COMPARISON, PRESETS, asked, custom, preset
from fgm_ref.simulation.simulate import Simulation


def test_every_entry_is_a_preset():
    assert {name: entry.preset for name, entry in SETS.items()} == PRESETS


@pytest.mark.parametrize("name", names())
def test_a_preset_is_a_run_that_can_start(name):
    data = load(name)
    config = preset(data)
    assert config.dataset == name
    assert {key: getattr(config, key) for key in SETS[name].preset} == SETS[name].preset
    assert "hidden" in SETS[name].preset  # the expected cost is that of this network
    Simulation(replace(config, protocol="local"), data).step()


@pytest.mark.parametrize("make", [preset, custom])
def test_what_is_asked_for_comes_before_the_preset(make):
    data = load("watch")
    assert make(data, steps=7, seed=3).steps == 7
    assert make(data, steps=7, seed=3).seed == 3
    assert make(data, sites=2, split="iid", hidden=(5,)).hidden == (5,)


def test_another_name_is_no_bundled_set():
    own = replace(load("ecg208"), name="own")
    with pytest.raises(ValueError, match=r"^data: expected one of .*ecg208, .*; got 'own'$"):
        preset(own)


def test_an_own_table_gets_its_natural_sites_or_up_to_eight():
    watch, ecg = load("watch"), load("ecg208")
    assert custom(watch) == Config(
        "watch", split="natural", sites=7, hidden=(16,), steps=200, lr=0.01
    )
    assert custom(ecg) == Config("ecg208", split="iid", sites=8, hidden=(16,), steps=200, lr=0.01)
    few = replace(ecg, x_train=ecg.x_train[:3], y_train=ecg.y_train[:3])
    assert custom(few).sites == 3


def test_the_comparison_names_protocols():
    for text in COMPARISON:
        parse(asked(text)["protocol"])
