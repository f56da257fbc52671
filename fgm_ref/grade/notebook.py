"""The program in a notebook: its code cells one after the other, if they are plain Python."""

import ast
import json
import re
import warnings

MAGIC = re.compile(
    r"\s*([%!?]|[\w., ]+=\s*[%!]|[\w.]+\?+\s*$)"
)  # what Jupyter knows and Python does not
WANTED = "hand in a .py file (in Jupyter: File, Save and Export Notebook As, Executable Script)"


def program(text: bytes) -> bytes:
    """Nothing is executed here.  Raises `ValueError`, in words, for cells that are not plain Python."""
    cells = code_cells(text)
    for number, cell in enumerate(cells, 1):
        if line := magic_in(cell):
            raise ValueError(f"code cell {number} is not plain Python ({line[:40]!r}); {WANTED}")
    return "".join(f"{cell.rstrip()}\n" for cell in cells).encode()


def magic_in(cell: str) -> str:
    """The first line that only Jupyter understands; empty if there is none.

    >>> magic_in("x = !ls"), magic_in("print(1"), magic_in("print('%d'\\n% 1)")
    ('x = !ls', '', '')
    """
    if is_python(cell):
        return ""
    return next((line.strip() for line in cell.splitlines() if MAGIC.match(line)), "")


def is_python(text: str) -> bool:
    """Whether Python can parse it."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def code_cells(text: bytes) -> list[str]:
    """The texts of the code cells."""
    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError(f"a notebook that cannot be read; {WANTED}") from None
