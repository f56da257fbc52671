"""Hypothesis profiles: `dev` by default, `ci` for more and reproducible examples, `thorough` for many."""

import os
import signal

import fgm_ref.threads  # isort: skip  (before NumPy)
import pytest
from hypothesis import Phase, settings

settings.register_profile("quick", max_examples=5, deadline=None)
settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=70, derandomize=True, deadline=None)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.register_profile(  # the first failure is enough, and is not kept
    "zoo",
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

collect_ignore = [
    "conftest.py",
    "assignments/conftest.py",
]  # no doctests, and as modules they have the same name


def pytest_addoption(parser):
    parser.addoption(
        "--mutant",
        metavar="ID",
        help="first make a mistake of the bug zoo (python -m tests.zoo --list)",
    )


def pytest_configure(config):
    if id := config.getoption("mutant"):
        from zoo import install

        try:
            install(id)
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None


# A shell that starts the tests in the background makes them deaf to Ctrl-C, which some of them send to what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
