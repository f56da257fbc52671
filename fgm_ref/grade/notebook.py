"""The program in a notebook: its code cells one after the other, if they are plain Python."""

import json
import re

MAGIC = re.compile(r"\s*([%!?]|[\w.]+\?+\s*$)")  # what Jupyter knows and Python does not
WANTED = "hand in a .py file (in Jupyter: File, Save and Export Notebook As, Executable Script)"


def program(text: bytes) -> bytes:
    """Nothing is executed here.  Raises `ValueError`, in words, for cells that are not plain Python."""
    cells = code_cells(text)
    for number, cell in enumerate(cells, 1):
        for line in cell.splitlines():
            if MAGIC.match(line):
                raise ValueError(
                    f"code cell {number} is not plain Python ({line.strip()[:40]!r}); {WANTED}"
                )
    return "".join(f"# code cell {n}\n{cell}\n\n" for n, cell in enumerate(cells, 1)).encode()


def code_cells(text: bytes) -> list[str]:
    """The texts of the code cells."""
    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ValueError(f"a notebook that cannot be read; {WANTED}") from None
