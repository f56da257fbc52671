"""What things look like in every picture: colours, line styles, markers and hatches.

Colours are Okabe and Ito's, which colour-blind readers can tell apart.  A line style, a marker or a hatch says the
same again for readers in grey.  Nothing here needs matplotlib.
"""

from typing import Any, NamedTuple

from fgm_ref.protocols import fgm, parse

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = OKABE_ITO
GREY = "#8A8A8A"
COLORS = {
    "black": BLACK,
    "orange": ORANGE,
    "sky": SKY,
    "green": GREEN,
    "yellow": YELLOW,
    "blue": BLUE,
    "vermillion": VERMILLION,
    "purple": PURPLE,
    "grey": GREY,
}
SHADES = ("#BFD9EA", "#7FB3D3", "#D9E8B8", "#A3C586")
"""Of the sites.  Neighbours can be told apart in grey too."""


class Style(NamedTuple):
    """Colour, line style and marker: the same for a protocol in every figure."""

    color: str
    linestyle: Any
    marker: str


class Fill(NamedTuple):
    """The colour and the hatch of a part of a bar."""

    color: str
    hatch: str


GROUPS = {
    ("down", "models"): Fill(BLUE, ""),
    ("down", "means of balancing sets"): Fill(SKY, "//"),
    ("up", "models"): Fill(ORANGE, ""),
    ("up", "drifts"): Fill(YELLOW, "\\\\"),
    ("up", "raw samples"): Fill(GREY, ".."),
    ("down", "raw samples"): Fill(GREY, ""),
    ("up", "optimiser state"): Fill(PURPLE, "xx"),
    ("down", "optimiser state"): Fill(PURPLE, "++"),
    ("up", "control words"): Fill(VERMILLION, ""),
    ("down", "control words"): Fill(VERMILLION, "--"),
}
"""The parts of a bar, (direction, group of message), in their order from the left."""

SPARE = (Fill(GREEN, "oo"), Fill(BLACK, "//"), Fill(GREEN, "++"), Fill(BLACK, "xx"))
"""For groups of messages that are not among these."""


def style(protocol: str) -> Style:
    """The style of a protocol, given as `name` or `name:options`.

    The colour that a protocol declares is one of `COLORS`, or any that matplotlib knows.
    """
    color, linestyle, marker = parse(protocol)[0].look
    return Style(COLORS.get(color, color), linestyle, marker)


def has_bound(protocol: str) -> bool:
    """Whether its sites count in quanta, so that the coordinator has a bound to draw."""
    return issubclass(parse(protocol)[0].sites, fgm.Sites)


def site_colors(k: int) -> list[str]:
    """A colour for each of k sites."""
    return [SHADES[i % len(SHADES)] for i in range(k)]
