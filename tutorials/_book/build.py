"""Build the book: lay out its sources, record a run for the player, and let Sphinx do the rest."""

import shutil
import subprocess
import sys
from pathlib import Path

import stage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def build(target=ROOT / "out" / "book"):
    """Make the site in `target` anew; a warning is an error.  The exit code."""
    source, doctrees = (target.with_name(f"{target.name}-{part}") for part in ("source", "doctrees"))
    stage.stage(ROOT, source)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-c", HERE, "-d", doctrees, source, target]
    code = subprocess.run([*map(str, sphinx), *sys.argv[2:]]).returncode
    if code == 0:
        shutil.copyfile(target / "README.html", target / "index.html")
        print(target / "index.html")
    return code


if __name__ == "__main__":
    sys.exit(build())
