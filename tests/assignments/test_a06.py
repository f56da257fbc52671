"""a06 Find the bug: the student's checks must accept what is right, and kill sixteen mutants."""

import pytest
from desk import SPEAKING, Broken, holds
from lab import MUTANTS, Lab, Other

READ = "tutorial 09, 'Breaking it on purpose'; the instructions of a06"
FUNCTIONS = ("phi", "quantum", "count", "decide", "synchronise", "balance")


def says_no(student, function, lab):
    """Whether the student's check of a function objects to a laboratory; other errors than assertions go on."""
    try:
        getattr(student, f"check_{function}")(lab)
    except SPEAKING:
        raise
    except AssertionError as error:
        return str(error) or "an assertion"
    return ""


def accepts_the_right_ones(student, function):
    __tracebackhide__ = True
    for lab in (Lab(), Other()):
        says = says_no(student, function, lab)
        holds(
            not says,
            f"check_{function} accepts a right laboratory",
            READ,
            lab=type(lab).__name__,
            it_says=says,
        )


@pytest.mark.points(4)
def test_what_is_right_is_accepted(student):
    for function in FUNCTIONS:
        accepts_the_right_ones(student, function)


@pytest.mark.points(1)
@pytest.mark.parametrize("name", MUTANTS)
def test_kills(student, name):
    function, mistake, lab = MUTANTS[name]
    accepts_the_right_ones(student, function)  # a check that always says no kills nothing
    try:
        says = says_no(student, function, lab)
    except SPEAKING:
        raise
    except Exception as error:
        raise Broken(
            f"expected: an assertion that fails for the mutant `{name}` ({mistake}); check_{function} "
            f"stumbled instead: {type(error).__name__}: {error}\n  read again: {READ}"
        ) from None
    holds(says, f"check_{function} kills the mutant `{name}`: {mistake}", READ)
