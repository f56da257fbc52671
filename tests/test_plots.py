"""Figures: drawn from the record, legible in grey, and free of pyplot's global state."""

import sys
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from test_simulate import go, toy

from fgm_ref.protocols import PROTOCOLS, Protocol, base
from fgm_ref.transport import messages
from fgm_ref.view import looks, plots, slack
from fgm_ref.view.curves import spread


@pytest.fixture(scope="module")
def results():
    return [
        go(protocol, sites=4, steps=30, threshold=0.05)
        for protocol in ("central", "periodic:b=5", "gm", "fgm")
    ]


def test_every_protocol_has_its_own_look():
    known = {}
    for name in PROTOCOLS:
        look = plots.style(name)
        other = known.setdefault(look.marker, name)  # so that grey is enough
        assert other == name, f"{name} and {other} share the marker {look.marker!r}"


def test_colours_differ_in_luminance_or_by_line_style():
    def luminance(color):
        return float(np.dot(to_rgb(color), (0.2126, 0.7152, 0.0722)))

    for one, other in combinations(PROTOCOLS, 2):
        a, b = plots.style(one), plots.style(other)
        apart = abs(luminance(a.color) - luminance(b.color)) > 0.03
        assert apart or a.linestyle != b.linestyle, (one, other)


def test_loss_against_bytes_draws_the_curves(results):
    ax = plots.loss_against_bytes(results, toy())
    lines = {line.get_marker(): line for line in ax.get_lines() if line.get_marker() != "None"}
    for result in results:
        x, y = lines[plots.style(result.config.protocol).marker].get_data()
        keep = result.curve["bytes"] > 0
        np.testing.assert_allclose(x, result.curve["bytes"][keep] / 1e6)
        np.testing.assert_allclose(y, result.curve["loss"][keep])
    assert {text.get_text() for text in ax.texts} >= {result.config.protocol for result in results}


def drawn(ax):
    """{row: MB}: the widths of the bars' parts, added up."""
    widths = Counter()
    for patch in ax.patches:
        widths[round(patch.get_y() + patch.get_height() / 2)] += patch.get_width()
    return widths


def expect_all_drawn(results):
    widths = drawn(plots.bytes_by_type(results))
    for row, result in enumerate(results):
        billed = sum(line["bytes"] for line in result.ledger.values())
        assert billed == result.totals["bytes"] > 0
        assert widths[row] == pytest.approx(billed / 1e6, rel=1e-9), result.config


def test_bars_hold_every_byte(results):
    expect_all_drawn(results)


VARIANTS = (
    {"protocol": "fgm-projection:m=2000"},
    {"protocol": "fgm", "optimizer_state": "average"},
    {"protocol": "gm-reb", "optimizer_state": "average"},
    {"protocol": "periodic:b=3", "multicast": True},
    {"protocol": "fgm", "codec": "int8+ef"},
    {"protocol": "dynamic", "faults": "drop=0.2,delay=1"},
)


@pytest.mark.parametrize(
    "settings",
    [*({"protocol": name} for name in PROTOCOLS), *VARIANTS],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_what_is_drawn_is_what_is_billed(settings):
    expect_all_drawn([go(**{"sites": 4, "steps": 20, "threshold": 0.02} | settings)])


def test_runs_of_the_same_protocol_have_a_bar_each():
    expect_all_drawn([go("fgm", sites=sites, steps=10, threshold=0.05) for sites in (2, 4)])


def test_every_group_of_messages_has_its_own_fill():
    parts = {(kind.direction, kind.group) for kind in messages.KINDS}
    assert parts <= set(looks.GROUPS)
    assert len(set(looks.GROUPS.values())) == len(looks.GROUPS)


GOSSIP = messages.Kind("GOSSIP", messages.UP, "D", "what my neighbour said", "rumours")


def test_a_kind_that_the_picture_has_not_heard_of_is_drawn(results, monkeypatch):
    # with a group of its own, and even without the package knowing the kind at all
    monkeypatch.setattr(messages, "KINDS", (*messages.KINDS, GOSSIP))
    one = results[-1]
    bill = {"direction": "up", "messages": 1, "bytes": 5000, "tcp_bytes": 5200}
    more = {"GOSSIP": bill, "UNHEARD_OF": bill | {"direction": "down", "bytes": 700}}
    totals = one.totals | {"bytes": one.totals["bytes"] + 5700}
    told = replace(one, ledger=one.ledger | more, totals=totals)
    expect_all_drawn([told, one])
    ax = plots.bytes_by_type([told, one])
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert {"up: rumours", "down: other"} <= labels
    fills = {(patch.get_facecolor(), patch.get_hatch()) for patch in ax.patches}
    assert len(fills) == len(labels)


OWN = replace(PROTOCOLS["fgm"], name="own", look=("#123456", "-", "o"))
PLAIN = Protocol("plain", "only trains", base.Sites, base.Coordinator)


@pytest.mark.parametrize("name", ["OWN", "PLAIN"])
def test_an_own_protocol_is_drawn(name):
    protocol = f"{__name__}:{name}"
    result = go(protocol, sites=3, steps=30, threshold=0.05)
    assert plots.style(protocol).color in ("#123456", plots.SKY)
    expect_all_drawn([result])
    assert len(plots.loss_against_bytes([result], toy()).get_lines()) == 2
    stack = plots.overview([result], toy()).axes[1]
    assert stack.axison == (name == "OWN")  # it counts quanta, whatever it is called


def test_the_bound_is_above_the_stack_until_the_last_step(results):
    # the picture's message: what the coordinator believes is never less than the truth
    fgm = results[-1]
    for number in np.unique(fgm.events["round"])[:-1]:
        try:
            ax = plots.phi_stack(fgm, int(number))
        except ValueError:
            continue  # a round of one step
        x, bound = ax.get_lines()[0].get_data()
        events = fgm.events[fgm.events["round"] == number]
        zero = fgm.series["phi_zero"][events["step"].min()]
        for step in range(int(events["step"].min()) + 1, int(events["step"].max())):
            used = (fgm.series["phi"][step - 1] - zero).sum() / (4 * abs(zero))
            assert used <= bound[x <= step][-1] + 1e-6


def test_spread_keeps_order_gap_and_limits():
    placed = spread([0.5, 0.5, 0.52, 0.99, 1.0], gap=0.1)
    assert placed == sorted(placed)
    assert min(np.diff(placed)) > 0.1 - 1e-9
    assert placed[0] >= 0 and placed[-1] <= 1 + 1e-9


def test_overview_is_saved_whole_and_without_pyplot(results, tmp_path):
    plots.save(plots.overview(results, toy()), tmp_path / "a.png")
    plots.save(plots.overview(results, toy()), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
    assert "matplotlib.pyplot" not in sys.modules


def test_the_stack_is_what_the_sites_have_used():
    # its upper edge: at the round's first step nothing, at step t the sum of φ(X_i) − φ(0) as seen in that step
    fgm = go("fgm", sites=4, steps=40, threshold=0.4)
    number = slack.interesting_round(fgm)
    steps = fgm.events["step"][fgm.events["round"] == number]
    ax = plots.phi_stack(fgm, number)
    (outline,) = ax.collections[-1].get_paths()
    top = {}
    for x, y in outline.vertices:
        top[int(x)] = max(y, top.get(int(x), 0.0))
    assert sorted(top) == list(range(steps.min(), steps.max() + 1)) and len(top) > 4
    zero = fgm.series["phi_zero"][steps.min()]
    for step, height in top.items():
        used = (fgm.series["phi"][step - 1] - zero).sum() / (4 * abs(zero))
        assert height == pytest.approx(used if step > steps.min() else 0, abs=1e-6)
