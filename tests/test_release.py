"""What makes it a release: one version everywhere, every target with its plain command, papers with their DOIs."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

import fgm_ref
from fgm_ref.__main__ import PROGRAMS

ROOT = Path(__file__).resolve().parent.parent
INSTALLING = (ROOT / "tutorials" / "installing.md").read_text(encoding="utf-8")
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PLAIN = dict(re.findall(r"^\| `make ([^`]+)` \| (.*) \|$", INSTALLING, re.M))
RECIPES = dict(re.findall(r"^([a-z-]+):.*?## .*\n((?:\t.*\n)*)", MAKEFILE, re.M))


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (cited,) = re.findall(r"^version: (.*)$", CITATION, re.M)
    newest = re.findall(
        r"^## (\S+)$", (ROOT / "tutorials" / "CHANGELOG.md").read_text(encoding="utf-8"), re.M
    )[0]
    assert {project["version"], cited, newest} == {fgm_ref.__version__}


def test_every_target_has_its_plain_command():
    named = {command.split()[0].replace("new-a03", "").replace("a03", "") for command in PLAIN}
    assert named - {""} == RECIPES.keys() - {"help"}
    assert {"new-a03", "a03"} <= PLAIN.keys()


@pytest.mark.parametrize("target", [name for name in RECIPES if name in PLAIN])
def test_the_plain_command_is_the_one_behind_the_target(target):
    recipe = RECIPES[target].replace("$(RUN)", "python").replace("$(PYTEST)", "python -m pytest")
    recipe = recipe.replace("$(WORKERS)", "2").replace("$(RANKS)", "3")
    recipe = recipe.replace("$(VENV)/bin/", "python -m ").replace(" --quiet", "")
    for command in re.findall(r"`(python [^`]*)`", PLAIN[target]):
        start = command.partition(" tests/test_fgm.py ...")[0]
        assert start in recipe, f"make {target}: {command}"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("target", [name for name in PLAIN if name.startswith("a03")])
def test_an_assignment_is_graded_the_same_way_without_make(target):
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-n", *target.split()]
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    recipe = done.stdout.replace("\\\n", " ").splitlines()[-1]
    assert shlex.split(recipe)[1:] == shlex.split(PLAIN[target].strip("`"))[1:]


def test_the_programs_are_named():
    programs = PROGRAMS.keys() - {"mpi"}
    assert set(re.findall(r"`fgm-ref ([a-z][a-z-]+)", INSTALLING)) == {
        name.replace("_", "-") for name in programs
    }


def test_every_paper_has_a_doi():
    papers = CITATION.partition("references:")[2].split("  - type: ")[1:]
    assert len(papers) >= 5
    for paper in papers:
        assert re.search(r"^    doi: 10\.\d{4,5}/\S+$", paper, re.M), paper
        for field in ("title", "year", "collection-title", "authors"):
            assert f"    {field}:" in paper, paper
