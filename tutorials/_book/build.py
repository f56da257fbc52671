"""Build the book: lay out its sources, let Sphinx make the pages, make slides of lectures, and record two runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import slides
import stage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNS = "--sites 4 --steps 120"


def build(target):
    """Make the site in `target` anew; a warning is an error.  The exit code."""
    source, doctrees = (target.with_name(f"{target.name}-{part}") for part in ("source", "doctrees"))
    for folder in (target, doctrees):
        shutil.rmtree(folder, ignore_errors=True)
    stage.stage(ROOT, source)
    code = run("sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", HERE, "-d", doctrees, source, target)
    if code == 0:
        shutil.copyfile(target / "README.html", target / "index.html")
        slides.write(source, target)
        code = run("fgm_ref.demo", *RUNS.split(), "--html", target / "player.html", "--out", source / "out")
    if code == 0:
        print(f"{target / 'index.html'}\nto search in it:  {sys.executable} -m http.server -d {target}")
    return code


def run(module, *arguments):
    """A program of its own, from the root of the repository."""
    return subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT).returncode
