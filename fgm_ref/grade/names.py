"""What the name of a file says: which assignment it answers, or why it is not read."""

import os
import re
import unicodedata
from pathlib import PurePath

ASSIGNMENT, APART = (
    re.compile(rf"(?:(?<![^\W_])|(?<=a\d\d)){number}(?![0-9])", re.IGNORECASE)
    for number in ("a([0-9]{1,2})", "a[ _-]([0-9]{2})")
)
NAMELESS = "its name names no assignment; expected aNN.py"
PROGRAM, NOTEBOOK = ".py", ".ipynb"
ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
OF_PROGRAMS = {"__pycache__", "__macosx", "node_modules", "site-packages", "venv", "env"}


def assignments_in(name: str) -> list[str]:
    """The assignments of which a name speaks.

    >>> assignments_in("a02 (1).py"), assignments_in("A07.PY"), assignments_in("Müller_a5-lösung.py")
    (['a02'], ['a07'], ['a05'])
    >>> assignments_in("a05 and a06.py"), assignments_in("a05a06.py"), assignments_in("a_05 v2.py")
    (['a05', 'a06'], ['a05', 'a06'], ['a05'])
    >>> assignments_in("lina05.py"), assignments_in("a123.py"), assignments_in("group A 5.py")
    ([], [], [])
    """
    numbers = ASSIGNMENT.findall(name) or APART.findall(name)
    return sorted({f"a{int(number):02}" for number in numbers})


def suffix(name: str) -> str:
    """How a name ends, in small letters.

    >>> suffix("A07.PY "), suffix("a05.py.txt")
    ('.py', '.txt')
    """
    return PurePath(name.strip()).suffix.lower()


def objection(name: str) -> str:
    """Why a file of this name is not read; empty if it may be an answer.

    >>> objection("a05-final.py"), objection("a05.zip")
    ('', 'an archive, which is not unpacked')
    """
    if name.startswith("."):
        return "a hidden file"
    if suffix(name) in ARCHIVES:
        return "an archive, which is not unpacked"
    if suffix(name) not in (PROGRAM, NOTEBOOK):
        return f"expected a name that ends in {PROGRAM}"
    if name.lower().startswith("test_"):
        return "named like tests, not like an answer"
    found = assignments_in(name)
    if len(found) > 1:
        return f"expected one assignment in its name, got {' and '.join(found)}"
    return "" if found else NAMELESS


def is_of_a_program(name: str) -> bool:
    """Whether a folder was made by a program, not by hand."""
    return name.startswith(".") or name.lower() in OF_PROGRAMS


def shown(name: str) -> str:
    r"""A name as it is printed and stored: accents joined to their letters, and bytes that are no text in hexadecimal.

    >>> shown("Mu\u0308ller") == "Müller", shown("M\udcfcller"), shown("\x1b[2J")
    (True, 'M\\xfcller', '\\x1b[2J')
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return printable(unicodedata.normalize("NFC", text))


def printable(text: str) -> str:
    r"""A text of one line without characters that move the cursor or hide something.

    >>> printable("a\tb"), printable("\u202e")
    ('a\\tb', '\\u202e')
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
