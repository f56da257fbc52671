"""One test under one mutant, in a process of its own, and what was seen: `python -m tests.zoo.witness ID TEST...`

Prints one line of JSON: pytest's exit code, which tests failed, and of the first failure the kinds of the exception,
where it was raised and what it says.  The id "-" stands for the library as it is.
"""

import fgm_ref.threads  # noqa: F401, I001  (before NumPy)
import contextlib
import io
import json
import os
import sys

import hypothesis  # noqa: F401  (before pytest would rewrite its asserts, which takes a second)
import pytest

from .registry import TESTS

QUIET = [
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--tb=no",
    "-W",
    "ignore:Module already imported",
]


class Witness:
    """A pytest plugin that remembers what failed, and how the first failure looked."""

    def __init__(self):
        self.failed, self.seen = [], {}

    def pytest_exception_interact(self, call, report):
        """Called by pytest for every exception that makes a test fail, or that keeps it from being collected."""
        self.failed.append(report.nodeid.removeprefix("tests/"))
        if len(self.failed) == 1:
            last, error = call.excinfo.traceback[-1], call.excinfo
            self.seen = {
                "when": report.when if hasattr(report, "when") else "collect",
                "kinds": [kind.__name__ for kind in error.type.__mro__],
                "raised": f"{os.path.relpath(last.path, TESTS.parent)}:{last.lineno + 1}",
                "words": str(last.statement).strip().split("\n")[0],
                "message": str(error.value).strip(),
            }


def main(id: str, tests: list[str]) -> None:
    os.environ["HYPOTHESIS_PROFILE"] = "dev" if id == "-" else "zoo"
    witness, said = Witness(), io.StringIO()
    mutant = [] if id == "-" else ["-x", "--mutant", id]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(
            [*QUIET, *mutant, *(str(TESTS / test) for test in tests)], plugins=[witness]
        )
    print(
        json.dumps(
            {
                "code": int(code),
                "failed": witness.failed,
                "said": said.getvalue()[-2000:],
                **witness.seen,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
