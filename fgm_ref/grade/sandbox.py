"""The folder in which a submission is graded, what its process is told, and the little it can see of the grader."""

import os
import secrets
import shutil
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fgm_ref.grade.handed_in import Submission
from fgm_ref.grade.harness import TESTS, Harness
from fgm_ref.grade.process import Limits, Run, talk

PACKAGE = Path(__file__).resolve().parents[1]
CHILD = PACKAGE / "grade" / "child.py"


def run(harness: Harness, submission: Submission, seed: int, limits: Limits, parent: Path) -> Run:
    """Grade in a fresh folder inside `parent`, which is removed afterwards."""
    with folder(parent) as place:
        harness.copy(place / "checkout")
        (place / "submission").mkdir()
        file = place / "submission" / f"{submission.assignment}.py"
        file.write_bytes(submission.code)
        (place / "home").mkdir()
        started = time.monotonic()
        heard = talk(
            CHILD,
            job(harness, submission, seed, limits, place),
            environment(place / "home"),
            limits,
        )
        heard.seconds = time.monotonic() - started
        heard.intact = harness.is_copy(place / "checkout")
        return heard


@contextmanager
def folder(parent: Path) -> Iterator[Path]:
    """Gone afterwards."""
    parent.mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=parent)).resolve()
    try:
        yield place
    finally:
        wipe(place)


def wipe(place: Path) -> None:
    """Remove it, even if something in it was made read-only."""
    for path in place.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(place, ignore_errors=True)


def job(
    harness: Harness, submission: Submission, seed: int, limits: Limits, place: Path
) -> dict[str, Any]:
    """All that the child has to know.  The pipe is added when there is one."""
    checkout, score = place / "checkout", place / "score.json"
    test = checkout / TESTS / f"test_{submission.assignment}.py"
    arguments = [
        str(test),
        f"--submission={place / 'submission' / submission.assignment}.py",
        f"--grade-seed={seed}",
        f"--score-json={score}",
        f"--rootdir={checkout}",
        "-s",
        "-pno:cacheprovider",
        "-pno:legacypath",
        "-p_hypothesis_pytestplugin",
    ]  # legacypath replaces methods while it works
    settings = checkout / "pyproject.toml"
    if submission.variant:
        arguments.append(f"--student={submission.student}")
    if settings.exists():
        arguments.append(f"-c{settings}")
    return {
        "password": secrets.token_hex(16),
        "arguments": arguments,
        "score": str(score),
        "path": [str(PACKAGE.parent)],
        "test_seconds": max(1, limits.seconds / 4),
        "rules": rules(harness, place),
        **asdict(limits),
    }


def rules(harness: Harness, place: Path) -> dict[str, Any]:
    """What the guard is to hold; see `guard.Rules`."""
    library = {
        os.path.realpath(sysconfig.get_path(name))
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    checkout, home, own = (str(place / name) for name in ("checkout", "home", "submission"))
    trusted = [*library, str(PACKAGE), checkout]
    data = [str(PACKAGE.parent / "data")]
    known = ["/dev/null", "/dev/urandom", "/usr/share", "/etc/localtime"]
    return {
        "submission": own,
        "tests": checkout,
        "trusted": trusted,
        "readable": [*trusted, *data, *known, str(place)],
        "writable": [home, own, "/dev/null"],
        "secret": [str(path) for path in harness.secret],
    }


def environment(home: Path) -> dict[str, str]:
    """Nothing of the grader's own but the search path for programs."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return threads | {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "Agg",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
