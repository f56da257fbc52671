"""The animation of one FGM round is there, small, moving, and what the script would draw today."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

FOLDER = Path(__file__).resolve().parent.parent / "tutorials"
LARGEST = 400_000  # bytes
ALIKE = 5  # mean difference of grey levels, of 255: other versions smooth letters otherwise


@pytest.fixture(scope="module")
def animate():
    """The script, as a module."""
    sys.path.insert(0, str(FOLDER))
    try:
        import _animate
    finally:
        sys.path.remove(str(FOLDER))
    return _animate


@pytest.fixture(scope="module")
def shown(animate):
    """The run's log and the frames that come of it."""
    result = animate.recorded()
    return result, animate.frames(result)


def test_the_file_is_small_and_moves(animate, shown):
    assert animate.TARGET.stat().st_size < LARGEST
    with Image.open(animate.TARGET) as file:
        assert file.is_animated and file.n_frames == len(shown[1])
        assert file.info["loop"] == 0  # for ever
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(file)]
    assert times == [frame.time for frame in shown[1]]


def test_frames_tell_the_log(animate, shown):
    result, frames = shown
    events = result.events[result.events["round"] == 1]
    kinds = [animate.KINDS[kind].name for kind in events["kind"]]
    assert sum("polls" in frame.text for frame in frames) == kinds.count("PHI")
    assert frames[-1].ended and frames[-1].subround == kinds.count("QUANTUM") + 1
    last = events["number"][[name == "QUANTUM" for name in kinds]][-1]
    assert frames[-1].theta == last < frames[0].theta / 10
    for frame in frames:
        if frame.told.sum() <= animate.K and frame.step and not frame.ended:
            used = (result.series["phi"][frame.step - 1] + animate.R).sum() / (
                animate.K * animate.R
            )
            assert (
                used <= frame.bound[-1][1] + 1e-9
            )  # silence means that the red line is above the stack


def test_a_few_frames_drawn_anew(animate, shown):
    result, frames = shown
    polled = next(n for n, frame in enumerate(frames) if "polls" in frame.text)
    with Image.open(animate.TARGET) as file:
        for number in (0, polled, len(frames) - 1):
            file.seek(number)
            old, new = (
                np.asarray(picture.convert("L"), float)
                for picture in (file, animate.draw(result, frames[number]))
            )
            assert old.shape == new.shape
            assert np.abs(old - new).mean() < ALIKE
            other = np.asarray(animate.draw(result, frames[polled // 2]).convert("L"), float)
            assert np.abs(old - other).mean() > np.abs(old - new).mean()


def test_a_frame_is_the_same_each_time(animate, shown):
    result, frames = shown
    assert (
        animate.draw(result, frames[20]).tobytes()
        == animate.draw(animate.recorded(), frames[20]).tobytes()
    )
