"""Progress: silent when quick, one rewritten line on a terminal, ten lines elsewhere."""

import io

from fgm_ref.program import progress
from fgm_ref.program.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watch(stream, monkeypatch, seconds_per_unit, total=100):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    report = Progress(total, stream)
    for done in range(1, total + 1):
        clock[0] += seconds_per_unit
        report(done, "fgm")
    report.close()
    return stream.getvalue()


def test_nothing_is_said_within_two_seconds(monkeypatch):
    assert watch(io.StringIO(), monkeypatch, 0.01) == ""


def test_elsewhere_a_line_for_each_tenth_with_the_time_left(monkeypatch):
    lines = watch(io.StringIO(), monkeypatch, 1.0).splitlines()
    assert 10 <= len(lines) <= 11
    assert "50 %  fgm" in "\n".join(lines) and "about 50 s left" in "\n".join(lines)
    assert "\r" not in "".join(lines)


def test_on_a_terminal_at_most_five_times_a_second_and_wiped_at_the_end(monkeypatch):
    text = watch(Terminal(), monkeypatch, 0.05)
    assert 0 < text.count("left") <= 5 * 3 + 1
    assert text.endswith("\r\x1b[K") and "\n" not in text
