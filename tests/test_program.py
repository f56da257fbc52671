"""Programs on other machines than ours: consoles without Greek, full disks, closed pipes; and `fgm_ref` itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fgm_ref
from fgm_ref import __main__ as dispatcher
from fgm_ref import program
from fgm_ref.program import console

resource = pytest.importorskip("resource")  # not on Windows

ROOT = Path(__file__).resolve().parent.parent
SHORT = ["--dataset", "ecg208", "--steps", "8", "--hidden", "3", "--sites", "3", "--batch", "4"]
PLENTY = 3000  # bytes that a file may have on a disk that is nearly full
FULL = Path("/dev/full")


def start(*args, **settings):
    """A finished process of this Python."""
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60} | settings
    return subprocess.run([sys.executable, *map(str, args)], **settings)


def one_line(text):
    """The only line of stderr."""
    (line,) = text.decode().splitlines()
    assert "Traceback" not in line
    return line


SPEAKING = {
    "demo help": ["-m", "fgm_ref.demo", "--help"],
    "demo list": ["-m", "fgm_ref.demo", "--list"],
    "demo trace": ["-m", "fgm_ref.demo", "--trace", "1", *SHORT],
    "demo error": ["-m", "fgm_ref.demo", "--split", "φ"],
    "check_safe": ["-m", "fgm_ref.check_safe", "ball", "--seconds", "0.5"],
    "check_safe help": ["-m", "fgm_ref.check_safe", "--help"],
    "study list": ["-m", "fgm_ref.study", "--list"],
    "study help": ["-m", "fgm_ref.study", "--help"],
    "grade help": ["-m", "fgm_ref.grade", "--help"],
    "overview": ["-m", "fgm_ref"],
    "hint": [ROOT / "tutorials" / "assignments" / "start.py", "hint", "03", "1"],
}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("name", SPEAKING)
def test_a_console_without_greek_gets_words(name, encoding):
    done = start(*SPEAKING[name], env=os.environ | {"PYTHONIOENCODING": encoding})
    assert done.returncode == (2 if name == "demo error" else 0), done.stderr
    said = (done.stdout + done.stderr).decode(encoding)
    assert "Error" not in said and "\\u" not in said and "\ufffd" not in said
    if name == "demo trace":
        greek = encoding == "utf-8"
        assert ("φ(X) =" if greek else "phi(X) =") in said
        assert ("coordinator → all" if greek else "coordinator -> all") in said


def test_the_c_locale_gets_words_too():
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONIOENCODING"}
    done = start(*SPEAKING["demo list"], env=environment | plain)
    assert done.returncode == 0 and b"lambda-rebalancing" in done.stdout


def test_what_the_user_has_chosen_is_left_alone():
    done = start(*SPEAKING["demo list"], env=os.environ | {"PYTHONIOENCODING": "ascii:replace"})
    assert done.returncode == 0 and b"?-rebalancing" in done.stdout


def test_a_file_name_that_is_not_text_is_printed_as_it_came(tmp_path):
    folder = os.fsencode(tmp_path) + b"/bad\xff"
    done = subprocess.run(
        [sys.executable, "-m", "fgm_ref.demo", *SHORT, "--protocol", "local", "--out", folder],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    path = done.stdout.splitlines()[-1]
    assert path.startswith(folder) and Path(os.fsdecode(path)).exists()


def test_every_sign_of_ours_can_be_spelt():
    # all that the package itself may print; the rest of Unicode is told by its number
    letters = {
        letter
        for path in (ROOT / "fgm_ref").rglob("*.py")
        for letter in path.read_text(encoding="utf-8")
        if not letter.isascii()
    }
    signs = {letter for letter in letters if console.spelt(letter).startswith("\\")}
    assert signs <= set("äöüÄÖÜß"), signs  # of names of people and files
    assert all(console.spelt(letter).isascii() for letter in letters)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        ["fgm_ref.demo", "--list"],
        ["fgm_ref.demo", "--help"],
        ["fgm_ref.demo", "--version"],
        ["fgm_ref.demo", "--json", "--protocol", "fgm", *SHORT],
        ["fgm_ref.check_safe", "ball", "--seconds", "0.5"],
        ["fgm_ref.study", "--list"],
        ["fgm_ref.grade", "--help"],
        ["fgm_ref.predict", "--help"],
        ["fgm_ref"],
    ],
    ids=" ".join,
)
def test_a_full_disk_behind_stdout_is_one_line(arguments):
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}  # else argparse does not tell
    with FULL.open("wb") as full:
        done = start("-m", *arguments, stdout=full, env=buffered)
    assert done.returncode == 1
    assert one_line(done.stderr) == f"{arguments[0]}: No space left on device"


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_where_nothing_can_be_said_the_exit_code_says_it():
    for unbuffered in ("", "1"):
        env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        with FULL.open("wb") as full:
            listing = start("-m", "fgm_ref.demo", "--list", stdout=full, stderr=full, env=env)
            wrong = ("-m", "fgm_ref.demo", "--dataset", "nope")
            mistake = start(*wrong, stdout=full, stderr=full, env=env)
        assert (listing.returncode, mistake.returncode) == (1, 2)


def test_a_closed_stderr_is_no_error_and_nothing_goes_to_stdout_instead(tmp_path):
    run, wrong = (
        subprocess.run(
            f"{sys.executable} -m fgm_ref.demo {arguments} 2>&-", shell=True, capture_output=True
        )
        for arguments in (f"--protocol fgm --out {tmp_path} {' '.join(SHORT)}", "--dataset nope")
    )
    assert run.returncode == 0 and run.stdout.decode().endswith(".png\n")
    assert wrong.returncode == 2 and wrong.stdout == b""


def test_a_closed_stdout_is_no_error():
    command = f"{sys.executable} -m fgm_ref.demo --list >&-"
    done = subprocess.run(command, shell=True, capture_output=True)
    assert done.returncode == 0 and done.stderr == b""


@pytest.mark.parametrize(
    ("what", "name"),
    [(["--protocol", "fgm"], ".png"), (["--protocol", "fgm", "--save"], ".npz")],
    ids=["picture", "save"],
)
def test_a_disk_that_fills_up_is_one_line_and_leaves_nothing(what, name, tmp_path):
    done = start("-m", "fgm_ref.demo", *SHORT, *what, "--out", tmp_path, preexec_fn=nearly_full)
    assert done.returncode == 1
    line = one_line(done.stderr)
    assert line.startswith("fgm_ref.demo: File too large: ") and line.endswith(f"{name}'")
    assert str(tmp_path / "ecg208-lstm-seed0") in line
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_does_not_fit_on_the_disk(tmp_path):
    path = tmp_path / "player.html"
    done = start("-m", "fgm_ref.demo", *SHORT, "--html", path, preexec_fn=nearly_full)
    assert (done.returncode, done.stdout) == (1, b"")
    assert one_line(done.stderr) == f"fgm_ref.demo: File too large: '{path}'"
    assert list(tmp_path.iterdir()) == []


def nearly_full():
    """For the child: no file may grow beyond `PLENTY`."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (PLENTY, PLENTY))


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m fgm_ref.demo --list | head -1"
    done = subprocess.run(command, shell=True, capture_output=True)
    assert done.stdout == b"data sets\n" and done.stderr == b""


def test_every_program_can_be_reached():
    folders = {path.parent.name for path in (ROOT / "fgm_ref").glob("*/__main__.py")}
    assert set(dispatcher.PROGRAMS) == folders
    done = start("-m", "fgm_ref")
    assert done.returncode == 0 and done.stderr == b""
    assert len(done.stdout.splitlines()) < 12
    for name in folders:
        assert f"python -m fgm_ref {name}" in done.stdout.decode()
        helped = start("-m", "fgm_ref", name, "--help")
        assert helped.stdout == start("-m", f"fgm_ref.{name}", "--help").stdout != b""
        assert helped.returncode == 0


def test_the_overview_imports_nothing_of_the_programs():
    code = (
        "import sys; sys.argv = ['fgm_ref']\n"
        "from fgm_ref import __main__ as it; it.main()\n"
        "sys.exit(', '.join(sorted({'numpy', 'fgm_ref.demo', 'fgm_ref.study'} & set(sys.modules))) or 0)"
    )
    done = start("-c", code)
    assert done.returncode == 0, done.stderr


def test_a_program_ends_as_if_it_had_been_called_directly(tmp_path):
    done = start("-m", "fgm_ref", "demo", "--sites", "0")
    assert done.returncode == 2 and b"--sites: expected a whole number" in done.stderr
    done = start("-m", "fgm_ref", "check-safe", "wrong_safe:NotThere", cwd=ROOT / "tests")
    assert done.returncode == 2 and done.stderr.startswith(b"fgm_ref.check_safe: ")
    done = start(
        "-m", "fgm_ref", "demo", *SHORT, "--save", "--out", tmp_path, preexec_fn=nearly_full
    )
    assert done.returncode == 1 and one_line(done.stderr).startswith("fgm_ref.demo: File too large")


def test_an_unknown_program_is_one_line():
    done = start("-m", "fgm_ref", "dmeo")
    assert (done.returncode, done.stdout) == (2, b"")
    assert "expected one of demo, predict, check_safe, study, grade, mpi; got 'dmeo'" in one_line(
        done.stderr
    )


@pytest.mark.parametrize("arguments", [["fgm_ref"], ["fgm_ref", "demo"], ["fgm_ref.demo"]])
def test_version(arguments):
    done = start("-m", *arguments, "--version")
    assert (done.returncode, done.stdout.decode()) == (0, f"fgm_ref {fgm_ref.__version__}\n")


def test_the_console_script_is_declared():
    declared = re.search(r'^fgm-ref = "(.*):(.*)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert declared and declared.groups() == ("fgm_ref.__main__", "console")
    assert callable(dispatcher.console)


def test_exit_codes():
    assert (program.FINE, program.FAILED, program.USAGE, program.INTERRUPTED) == (0, 1, 2, 130)
