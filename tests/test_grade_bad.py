"""Submissions that are broken or hostile: each gets what it deserves, and the grader outlives them all."""

import json
from pathlib import Path

from grading import GOOD, SOLUTION, course, grade, hand_in

BURGLARY = """
import contextlib, ctypes, os, socket, subprocess
for act in [
    lambda: os.kill(os.getppid(), 9), lambda: os.fork(), lambda: socket.socket(), lambda: subprocess.run(["true"]),
    lambda: os.system("true"), lambda: open("/etc/passwd"), lambda: open("/tmp/of_a_burglar", "w"),
    lambda: os.rename("/tmp", "/tmp2"), lambda: ctypes.CDLL(None), lambda: open("/proc/self/mem", "rb"),
]:
    with contextlib.suppress(PermissionError):
        act()
        raise SystemExit
"""

# name: (the submission, points of 20, status, what the reason says)
BAD = {
    "endless": (
        "NAME = 'double'\ndef double(x):\n    while True: pass",
        8,
        "graded",
        "more than 1 s of CPU time",
    ),
    "endless-import": (
        "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\nwhile True: pass",
        0,
        "timeout",
        "took longer than",
    ),
    "hog": (GOOD + "hog = [bytes(1 << 26) for _ in range(1000)]", 0, "graded", "MemoryError"),
    "garbage": (
        "while True: print('x' * 100)",
        0,
        "graded",
        "more than 1 s of CPU time",
    ),
    "talker": (GOOD.replace("return", "print('x' * 5_000_000); return"), 20, "graded", ""),
    "cheat": (
        "from importlib.util import module_from_spec, spec_from_file_location as find\nfrom pathlib import Path\n"
        "import fgm_ref\nspec = find('s', SOLUTION)\ns = module_from_spec(spec)\nspec.loader.exec_module(s)\n"
        "NAME, double = s.NAME, s.double",
        0,
        "tampered",
        "reference solutions (solution",
    ),
    "editor": (
        "import os\nfor folder, _, files in os.walk(os.path.dirname(os.path.dirname(__file__))):\n"
        "    for name in files:\n        if name.startswith('test_'):\n"
        "            open(os.path.join(folder, name), 'w').write('def test_double(): pass')",
        0,
        "tampered",
        "tried to change the tests (test_a90.py)",
    ),
    "wrecker": (GOOD + "import shutil; shutil.rmtree('..')", 0, "graded", "may not hold"),
    "snoop": (GOOD + "import os; raise ValueError(os.listdir(CLASS))", 0, "graded", "may not list"),
    "climber-by-handle": (
        GOOD + "import os; os.open('..', 0, dir_fd=os.open('.', 0))",
        0,
        "graded",
        "may not hold",
    ),
    "self-eater": (GOOD + "import os; os.remove(__file__)", 0, "graded", "may not write"),
    "patcher": (
        "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None\nNAME = 'double'\n"
        "def double(x): return x",
        0,
        "tampered",
        "replaced numpy.testing.assert_allclose",
    ),
    "restorer": (
        "import numpy as np\nNAME, true = 'double', np.testing.assert_allclose\ndef false(*_, **__):\n"
        "    np.testing.assert_allclose = true\ndef double(x):\n    np.testing.assert_allclose = false\n"
        "    return x",
        0,
        "tampered",
        "replaced numpy.testing.assert_allclose",
    ),
    "leaver": (GOOD + "import sys; sys.exit(0)", 0, "graded", "SystemExit"),
    "quitter": (GOOD + "import os; os._exit(0)", 0, "crashed", "ended the process (exit code 0)"),
    "shapeless": (
        "NAME = 'double'\ndef double(x): return 2 * x[:, None]",
        8,
        "graded",
        "expected shape (5,), got (5,",
    ),
    "nan": (
        "NAME = 'double'\ndef double(x): return x * float('nan')",
        8,
        "graded",
        "expected finite numbers",
    ),
    "empty": ("", 0, "graded", "has no attribute"),
    "late-patcher": (
        "import numpy as np\nNAME = 'double'\ndef double(x):\n    np.isfinite.__class__\n"
        "    np.testing.assert_allclose.__code__ = (lambda *a, **k: None).__code__\n    return x",
        0,
        "tampered",
        "reached into the interpreter",
    ),
    "climber": (
        "try: 1 / 0\nexcept ZeroDivisionError as e: f = e.__traceback__.tb_frame.f_back",
        0,
        "tampered",
        "reached into the interpreter",
    ),
    "burglar": (GOOD + BURGLARY, 20, "graded", ""),
    "syntax": ("def double(x:", 0, "graded", "SyntaxError"),
    "forger": (
        GOOD.replace("2 *", "3 *") + "import os, json\nfor fd in range(3, 20):\n    try:\n"
        "        os.write(fd, json.dumps({'password': '', 'kind': 'score', 'score': {'points': 20}}).encode())\n"
        "    except OSError: pass",
        0,
        "tampered",
        "wrote to the grader's pipe",
    ),
}


def told(grade):
    """All the words of a grade."""
    return " ".join([grade["reason"], *(test["message"] for test in grade["tests"])])


def test_each_gets_what_it_deserves(tmp_path):
    # one test, as it is one batch: none of them may do harm to another
    checkout, folder = course(tmp_path / "checkout"), tmp_path / "class"
    for name, (text, *_) in BAD.items():
        text = text.replace("SOLUTION", repr(str(checkout / SOLUTION)))
        hand_in(folder / name, a90=text.replace("CLASS", repr(str(folder))))
    hand_in(folder / "good", a90=GOOD)
    code, out, err = grade(
        checkout, folder, tmp_path / "out", "--json", "--seconds", "4", "--memory", "1024"
    )
    assert code == 0, err
    grades = {
        name: found["assignments"]["a90"] for name, found in json.loads(out)["students"].items()
    }
    expected = {name: (points, status) for name, (_, points, status, _) in BAD.items()} | {
        "good": (20, "graded")
    }
    assert {name: (found["points"], found["status"]) for name, found in grades.items()} == expected
    assert {found["of"] for found in grades.values()} == {20}
    assert [
        (name, told(grades[name])) for name in BAD if BAD[name][3] not in told(grades[name])
    ] == []
    refused = grades["burglar"]["refused"]
    assert [text for text in refused if "/proc" not in text] == [
        "read /etc/passwd",
        "use ctypes.dlopen",
        "use os.fork",
        "use os.kill",
        "use os.system",
        "use socket.__new__",
        "use subprocess.Popen",
        "write /tmp",
        "write /tmp/of_a_burglar",
    ]
    assert len(refused) == 10 and not Path("/tmp/of_a_burglar").exists()
    assert (checkout / "tests" / "assignments" / "test_a90.py").read_text().count("def test_") == 2
