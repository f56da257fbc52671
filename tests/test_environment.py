"""What surrounds the package: half-made environments, other people's plug-ins, the lowest versions."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="needs make")

# Stands in for Python: it has no pip unless the environment that it lies in was made whole.
PYTHON = """\
#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *"-m venv --clear "*) mkdir -p .venv/bin; touch .venv/whole; cp "$0" .venv/bin/python;;
  *"-m pip"*) test -e .venv/whole;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile and a Python that only notes what it is asked."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in (ROOT / "tutorials" / "assignments").glob("a[0-9][0-9]_*"):
        (tmp_path / folder.relative_to(ROOT)).mkdir(parents=True)  # the Makefile finds them by name
    script = tmp_path / "python"
    script.write_text(PYTHON.format(log=tmp_path / "log"))
    script.chmod(0o755)
    return tmp_path


@needs_make
@pytest.mark.parametrize("name", ["runtime", "dev", "docs", "mpi", "bench"])
def test_every_environment_is_handed_on_to_pip_whole(checkout, name):
    """A comma would end what make hands on."""
    command = ["make", f"PYTHON={checkout / 'python'}", f".venv/.{name}"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    extras = "" if name == "runtime" else f".[{name}]"
    installed = [
        line for line in (checkout / "log").read_text().splitlines() if " install " in line
    ]
    assert installed and all(extras in line for line in installed)


def make(checkout, *what):
    command = ["make", f"PYTHON={checkout / 'python'}", *(what or [".venv/.runtime"])]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True)


@needs_make
def test_a_half_made_environment_is_made_anew(checkout):
    half = checkout / ".venv" / "bin"
    half.mkdir(parents=True)
    shutil.copy(checkout / "python", half)  # as venv leaves it where ensurepip is missing
    done = make(checkout)
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv" / ".runtime").exists()
    assert "-m venv --clear .venv" in (checkout / "log").read_text()


@needs_make
def test_a_whole_environment_is_kept(checkout):
    assert make(checkout).returncode == 0
    later = time.time() + 60
    os.utime(checkout / "pyproject.toml", (later, later))  # newer than what was installed
    (checkout / "log").unlink()
    assert make(checkout).returncode == 0
    asked = (checkout / "log").read_text()
    assert "-m pip install" in asked
    assert "venv --clear" not in asked


@needs_make
def test_names_with_spaces(checkout):
    planned = make(checkout, "-n", "a03", "SUB=my work/a03.py", "STUDENT=Ada L").stdout
    assert '--submission "my work/a03.py"' in planned and '--student "Ada L"' in planned


@needs_make
@pytest.mark.parametrize("target", ["hint", "grade"])
def test_what_a_target_wants_is_said(checkout, target):
    done = make(checkout, target)
    assert done.returncode == 2 and f"make: expected  make {target} " in done.stderr


PLUGIN = """
import warnings
import pytest

def pytest_configure(config):
    warnings.warn(pytest.PytestDeprecationWarning("a default of somebody else's will change"))

def pytest_collection_modifyitems(items):
    warnings.warn(DeprecationWarning("so will this"))
"""

TEST = """
import numpy as np

def test_fine():
    pass

def test_ours_is_an_error():
    np.ones(1) / 0
"""


def test_warnings_of_other_peoples_plug_ins_are_not_ours(tmp_path):
    (tmp_path / "noisy.py").write_text(textwrap.dedent(PLUGIN))
    test = tmp_path / "test_it.py"
    test.write_text(textwrap.dedent(TEST))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "noisy",
        "-c",
        str(ROOT / "pyproject.toml"),
        str(test),
    ]
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "RuntimeWarning" in done.stdout


def test_the_lowest_versions_are_named():
    # `make test-oldest` reads >= as ==
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for one in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert one.count(">=") == 1, one
