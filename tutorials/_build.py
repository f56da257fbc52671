"""`python tutorials/_build.py run`: run every tutorial, two at a time; figures go to out/.

`python tutorials/_build.py notebooks [--all]`: turn the scripts that have changed (or all) into executed
notebooks beside them, and each one's emblem into images/NN.png.  Needs the extra `docs`.

`python tutorials/_build.py book`: make the site in out/book (see `_book/`).  Needs the extra `docs`.

`python tutorials/_build.py reference`: make the tables of reference.md and of fgm_ref/README.md anew
from what the code declares.

A rebuild of an unchanged script gives the same file: execution times, versions and random cell names are
left out, and what was printed in pieces is put together.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = sorted(HERE.glob("[0-9]*.py"))
ROOT = str(HERE.parent)
LARGEST = 400_000  # bytes of a notebook
AT_ONCE = 2


def number(script):
    """08b of 08b_the_name.py."""
    return script.stem.partition("_")[0]


def run(script):
    """One tutorial in a process of its own; its output is shown only if it fails."""
    start = time.perf_counter()
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ROOT})
    print(f"{time.perf_counter() - start:6.1f} s  {script.name}{'  FAILED' if done.returncode else ''}", flush=True)
    return "" if done.returncode == 0 else f"\n{script.name}\n{done.stdout}{done.stderr}"


def run_all():
    """All of them; the exit code."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failures = list(filter(None, pool.map(run, SCRIPTS)))
    print(*failures, sep="\n", end="")
    return 1 if failures else 0


def notebooks(everything=False):
    """Every notebook that is not up to date."""
    import jupytext
    import nbformat

    for script in SCRIPTS:
        book, target = jupytext.read(script, fmt="py:percent"), script.with_suffix(".ipynb")
        old = nbformat.read(target, as_version=4).cells if target.exists() else []
        if everything or [(c.cell_type, c.source) for c in old] != [(c.cell_type, c.source) for c in book.cells]:
            with tempfile.TemporaryDirectory() as folder:
                execute(book, folder)
                emblem = f"{number(script)}.png"
                shutil.copyfile(Path(folder, "out", emblem), HERE / "images" / emblem)
            text = nbformat.writes(tidy(book)) + "\n"
            if len(text) > LARGEST:
                raise SystemExit(f"{target.name}: expected at most {LARGEST:,} bytes, got {len(text):,}")
            target.write_text(text, encoding="utf-8")
            print(f"{len(text) / 1000:6.0f} kB  {target.name}", flush=True)


def execute(book, folder):
    """Run the cells in `folder`; a warning in the output is an error."""
    from nbclient import NotebookClient

    os.environ["PYTHONPATH"] = ROOT
    NotebookClient(book, timeout=120, kernel_name="python3", record_timing=False,
                   resources={"metadata": {"path": folder}}).execute()
    for cell in book.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr" or " at 0x" in str(output.get("text", "")):
                raise SystemExit(f"expected neither warnings nor addresses, got\n{output.text}\nfrom\n{cell.source}")


def tidy(book):
    """Without whatever changes from one execution to the next."""
    book.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                     "language_info": {"file_extension": ".py", "name": "python"}}  # fmt: skip
    for number, cell in enumerate(book.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
        if cell.cell_type == "code":
            cell.outputs = together(cell.outputs)
    return book


def together(outputs):
    """Texts that were printed one after the other, as one."""
    merged = []
    for output in outputs:
        if merged and output.output_type == merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run"]:
            sys.exit(run_all())
        case ["notebooks", *options] if options in ([], ["--all"]):
            notebooks(bool(options))
        case ["book"]:
            sys.path.insert(0, str(HERE / "_book"))
            from build import build

            sys.exit(build(HERE.parent / "out" / "book"))
        case ["reference"]:
            from fgm_ref.view.reference import write

            write(HERE / "reference.md")
            write(HERE.parent / "fgm_ref" / "README.md")
        case other:
            got = " ".join(other) or "nothing"
            sys.exit(f"expected run, notebooks, notebooks --all, book or reference, got {got}\n\n{__doc__}")
