"""Figures: drawn from the record, legible in grey, and free of pyplot's global state."""

import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from test_simulate import go, toy

from fgm_ref.protocols import PROTOCOLS
from fgm_ref.view import plots


@pytest.fixture(scope="module")
def results():
    return [
        go(protocol, sites=4, steps=30, threshold=0.05)
        for protocol in ("central", "periodic:b=5", "gm", "fgm")
    ]


def test_every_protocol_has_its_own_look():
    looks = [plots.style(name) for name in PROTOCOLS]
    assert len(set(looks)) == len(looks)
    markers = [look.marker for look in looks]
    assert len(set(markers)) == len(markers)  # so that grey is enough


def test_colours_differ_in_luminance_or_by_line_style():
    def luminance(color):
        return float(np.dot(to_rgb(color), (0.2126, 0.7152, 0.0722)))

    looks = [plots.style(name) for name in PROTOCOLS]
    for i, a in enumerate(looks):
        for b in looks[:i]:
            assert abs(luminance(a.color) - luminance(b.color)) > 0.03 or a.linestyle != b.linestyle


def test_loss_against_bytes_draws_the_curves(results):
    ax = plots.loss_against_bytes(results, toy())
    lines = {line.get_marker(): line for line in ax.get_lines() if line.get_marker() != "None"}
    for result in results:
        x, y = lines[plots.style(result.config.protocol).marker].get_data()
        keep = result.curve["bytes"] > 0
        np.testing.assert_allclose(x, result.curve["bytes"][keep] / 1e6)
        np.testing.assert_allclose(y, result.curve["loss"][keep])
    assert {text.get_text() for text in ax.texts} >= {result.config.protocol for result in results}


def test_bars_hold_every_byte(results):
    ax = plots.bytes_by_type(results)
    ends = {}
    for bar in ax.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        ends[row] = ends.get(row, 0) + bar.get_width()
    for row, result in enumerate(results):
        assert ends[row] == pytest.approx(result.totals["bytes"] / 1e6)


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
    placed = plots._spread([0.5, 0.5, 0.52, 0.99, 1.0], gap=0.1)
    assert placed == sorted(placed)
    assert min(np.diff(placed)) > 0.1 - 1e-9
    assert placed[0] >= 0 and placed[-1] <= 1 + 1e-9


def test_overview_is_saved_whole_and_without_pyplot(results, tmp_path):
    plots.save(plots.overview(results, toy()), tmp_path / "a.png")
    plots.save(plots.overview(results, toy()), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
    assert "matplotlib.pyplot" not in sys.modules
