"""Pictures can be read by colour-blind readers, on bad printers and on bad screens: computed, not looked at.

Contrast: WCAG 2.2, from relative luminances.  Colour blindness: Machado, Oliveira & Fernandes 2009, severity 1, on
linear RGB.  How different two colours look: distance in CIE L*a*b*, where about 2 can just be seen.
"""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from fgm_ref.protocols import PROTOCOLS, parse
from fgm_ref.simulation.presets import COMPARISON, asked
from fgm_ref.view import looks
from fgm_ref.view.figure import save

ROOT = Path(__file__).resolve().parent.parent
WHITE = "#FFFFFF"
VISIONS = {
    "all three": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
CLEAR = 9  # L*a*b* units
every_vision = pytest.mark.parametrize("vision", VISIONS)


def linear(colour):
    """Linear red, green and blue of "#RRGGBB"."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    """From 1 (equal) to 21 (black on white)."""
    low, high = sorted(linear(colour) @ VISIONS["grey"][0] for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(colour, vision):
    """L*, a*, b* as somebody sees it."""
    seen = np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1)
    t = TO_XYZ @ seen / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(a, b, vision):
    """How different two colours look."""
    return np.linalg.norm(lab(a, vision) - lab(b, vision))


def test_the_measures_are_right():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
    assert apart("#000000", WHITE, "all three") == pytest.approx(100, abs=0.1)
    red, green = "#CC0000", "#008000"
    assert apart(red, green, "deuteranopia") < apart(red, green, "all three") / 2


@every_vision
def test_protocols_in_one_picture_differ_in_more_than_colour(vision):
    # one protocol with two settings has one look, and its name at the end of the line
    names = {parse(asked(text)["protocol"])[0].name for text in COMPARISON}
    for a, b in itertools.combinations(map(looks.style, sorted(names)), 2):
        same_mark = (a.linestyle, a.marker) == (b.linestyle, b.marker)
        assert not same_mark or apart(a.color, b.color, vision) > CLEAR, (a, b)


def test_no_two_protocols_look_the_same():
    styles = [looks.style(name) for name in PROTOCOLS]
    assert len({(one.color, str(one.linestyle), one.marker) for one in styles}) == len(styles)


@every_vision
def test_neighbours_in_a_bar_can_be_told_apart(vision):
    fills = list(looks.GROUPS.values())
    for a, b in itertools.pairwise(fills):
        assert a.hatch != b.hatch or apart(a.color, b.color, vision) > CLEAR, (a, b)


@every_vision
def test_neighbouring_sites_can_be_told_apart(vision):
    shades = [*looks.SHADES, looks.SHADES[0]]
    for a, b in itertools.pairwise(shades):
        assert apart(a, b, vision) > CLEAR, (a, b)


@every_vision
def test_the_palette_keeps_its_word(vision):
    # the promise of Okabe and Ito is for colour blindness; in grey the marks have to do it
    if vision != "grey":
        for a, b in itertools.combinations(looks.OKABE_ITO, 2):
            assert apart(a, b, vision) > CLEAR, (a, b)


@pytest.mark.parametrize("name", [*looks.COLORS.values(), "white", "black", "tab:olive"])
def test_coloured_text_is_darkened_where_it_must_be(name, tmp_path):
    figure = Figure()
    text = figure.text(0, 0, "here", color=name)
    save(figure, tmp_path / "here.png")
    if name != "white":
        assert contrast(to_hex(text.get_color()), WHITE) >= 4.5


def test_texts_of_the_player_have_contrast():
    sheet = (ROOT / "fgm_ref" / "view" / "player" / "player.css").read_text(encoding="utf-8")
    inks = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", sheet))
    used = set(re.findall(r"(?<![-\w])(?:color|fill): var\(--(\w+)\)", sheet))
    assert used == {"ink", "soft"}
    for name in used:
        for ground in (WHITE, "#f4f4f4", "#e8e8e8"):
            assert contrast(inks[name], ground) >= 4.5, (name, ground)
