"""Files appear whole or not at all."""

import os
import tempfile
from pathlib import Path
from typing import Any


class atomic:
    """`with atomic(path) as part:` write to `part`; it becomes `path` only if nothing went wrong."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Path:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".", suffix=".part")
        os.close(handle)
        self.part = Path(name)
        return self.part

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            self.part.chmod(0o644)
            self.part.replace(self.path)
        else:
            self.part.unlink(missing_ok=True)
