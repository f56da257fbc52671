"""Numbers as a report writes them, with what may be said of them: nothing that an interval does not carry."""

import math
from collections.abc import Sequence

from fgm_ref.study.numbers.stats import Estimate

SURE = 0.975
"""So many of the resamples must have a value, or there is a star."""

UNCLEAR = "no clear difference in bytes"

UNITS = {1e6: "MB", 1e9: "GB", 1e12: "TB", 1e15: "PB"}


def ratio(e: Estimate, bound: str = "") -> str:
    """A ratio with its interval; a star, and the share of resamples that have one, if some have none.

    A dash if nothing was compared.

    >>> ratio(Estimate(0.63, 0.584, 0.69, 10)), ratio(Estimate(1.2, 1.1, 1.3, 10, 0.9), "≥")
    ('0.63 (0.58–0.69)', '≥ 1.20* (1.10–1.30; 90 %)')
    >>> ratio(Estimate(math.nan, math.nan, math.nan, 10, 0.0)), ratio(Estimate(math.nan, math.nan, math.nan, 0, 0.0))
    ('not reached', '–')
    """
    if math.isnan(e.value):
        return "not reached" if e.n else "–"
    if e.n == 1:
        return f"{bound} {small(e.value)} (one seed)".strip()
    sure = e.reached > SURE
    star = "" if sure else "*"
    share = "" if sure else f"; {100 * e.reached:.0f} %"
    return f"{bound} {small(e.value)}{star} ({small(e.low)}–{small(e.high)}{share})".strip()


def told(e: Estimate) -> str:
    """A ratio with its interval, also if it is very small, or a dash if nothing could be compared.

    >>> told(Estimate(math.nan, math.nan, math.nan, 0)), told(Estimate(2.0, 1.5, 2.5, 5))
    ('–', '2.00 (1.50–2.50)')
    >>> told(Estimate(2e-4, 1e-5, 0.1, 5))
    '2e-04 (1e-05–1e-01)'
    """
    if 0 < e.value < 0.01:
        return f"{e.value:.0e} ({e.low:.0e}–{e.high:.0e})"
    return "–" if math.isnan(e.value) else ratio(e)


def difference(e: Estimate, digits: int = 3) -> str:
    """A difference with its sign and its interval.

    >>> difference(Estimate(-0.0123, -0.02, 0.001, 10)), difference(Estimate(-0.0123, -0.0123, -0.0123, 1))
    ('−0.012 (−0.020 to +0.001)', '−0.012 (one seed)')
    """
    if e.n == 1:
        return f"{signed(e.value, digits)} (one seed)"
    return f"{signed(e.value, digits)} ({signed(e.low, digits)} to {signed(e.high, digits)})"


def told_difference(e: Estimate) -> str:
    """The same, or a dash if nothing could be compared."""
    return "–" if math.isnan(e.value) else difference(e)


def signed(value: float, digits: int) -> str:
    """A number with a sign, a proper minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def short(value: float) -> str:
    """Two to three digits that matter.

    >>> short(0.634), short(2.751), short(27.51), short(275.1), short(12345.0), short(-0.004), short(-0.5)
    ('0.63', '2.75', '27.5', '275', '12,345', '0.00', '−0.50')
    """
    text = f"{value:,.{_digits(abs(value))}f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def small(value: float) -> str:
    """The same, with a third digit below 0.1, where two would not matter.

    >>> small(0.0123), small(0.0004), small(0.123)
    ('0.012', '0.000', '0.12')
    """
    return f"{value:.3f}" if 0 < value < 0.0995 else short(value)


def _digits(size: float) -> int:
    """How many after the point: the limits are where rounding gives one more digit before it."""
    if size < 9.995:
        return 2
    return 1 if size < 99.95 else 0


def megabytes(value: float) -> str:
    """Bytes in 10⁶.

    >>> megabytes(1_234_567.0), megabytes(12_345_678.0)
    ('1.23', '12.3')
    """
    return short(value / 1e6)


def size(value: float) -> str:
    """Bytes in a unit that suits them, powers of ten.

    >>> size(1_234_567.0), size(2.5e12)
    ('1.23 MB', '2.50 TB')
    """
    smallest = min(UNITS)
    unit = max((u for u in UNITS if value >= u), default=smallest)
    return f"{short(value / unit)} {UNITS[unit]}"


def verdict(e: Estimate, less: str, more: str, unclear: str) -> str:
    """What an interval of a ratio allows to say: it lies below 1, above 1, or holds 1.

    >>> verdict(Estimate(0.6, 0.5, 0.7, 10), "fewer", "more", "as many, as far as can be seen")
    'fewer'
    """
    return _place(e, 1.0, less, more, unclear)


def side(e: Estimate, below: str, above: str, unclear: str) -> str:
    """What an interval of a *difference* allows to say: it lies below 0, above 0, or holds 0.

    >>> side(Estimate(-0.1, -0.2, -0.05, 10), "lower", "higher", "no clear difference")
    'lower'
    """
    return _place(e, 0.0, below, above, unclear)


def _place(e: Estimate, reference: float, below: str, above: str, unclear: str) -> str:
    if e.n == 1:
        return unclear
    if e.high < reference:
        return below
    return above if e.low > reference else unclear


def off(e: Estimate) -> str:
    """A ratio of costs in words.

    >>> off(Estimate(0.75, 0.7, 0.8, 10)), off(Estimate(1.3, 1.2, 1.4, 10)), off(Estimate(2.9, 2.5, 3.4, 10))
    ('25 % fewer bytes', '30 % more bytes', '2.9 times the bytes')
    >>> off(Estimate(0.98, 0.9, 1.1, 10))
    'no clear difference in bytes'
    """
    fewer = f"{100 * (1 - e.value):.0f} % fewer bytes"
    more = f"{100 * (e.value - 1):.0f} % more bytes"
    if e.value >= 2:
        more = f"{e.value:.1f} times the bytes"
    return verdict(e, fewer, more, UNCLEAR)


def bold(text: str, when: bool) -> str:
    """Markdown for what stands out."""
    return f"**{text}**" if when else text


def listed(names: Sequence[str]) -> str:
    """A list in a sentence.

    >>> listed(["gm"]), listed(["gm", "fgm", "dynamic"]), listed([])
    ('gm', 'gm, fgm and dynamic', 'none')
    """
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return names[0] if names else "none"
