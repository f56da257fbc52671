"""The program in which one submission is graded, in a process of its own.  Started by `sandbox.py` by its path.

The job comes as a line of JSON on stdin.  That pipe stays open as long as the grader lives, under another number: for
the submission stdin is empty.  The answers go to a pipe, each line with a password that was drawn for this job.
"""

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

_exit, _write = os._exit, os.write  # as they were before any submission


def main() -> NoReturn:
    """Limits first, then the library and pytest, then the guard, then the submission."""
    job = json.loads(line_from(0))
    lifeline = empty_stdin()
    threading.Thread(target=follow_grader, args=[lifeline], daemon=True).start()
    limit(job["seconds"], job["megabytes"] << 20, job["file_megabytes"] << 20)
    sys.path[:0] = job["path"]
    run(job, sender(job["pipe"], job["password"]))
    _exit(0)


def run(job: dict[str, Any], send: Callable[..., None]) -> None:
    """Have pytest judge the submission under the guard's eyes."""
    import ctypes  # noqa: F401  (loaded before the guard wakes up; scipy needs it)

    import pytest

    from fgm_ref.grade.guard import Guard, Rules
    from fgm_ref.grade.inside import Watcher
    from fgm_ref.grade.integrity import preload, snapshot
    from fgm_ref.grade.seal import seal

    def tampered(text: str) -> NoReturn:
        send("tampered", reason=text)
        _exit(3)

    def check() -> None:
        if names and (name := names[0]()):
            tampered(f"replaced {name}")

    def wake() -> None:
        send("started")
        names.append(snapshot(job["rules"]["tests"]))
        seal(job["rules"]["tests"], guard.replaced)

    preload(job["rules"]["tests"])
    names: list[Callable[[], str | None]] = []
    given: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in job["rules"].items()
    }
    guard = Guard(Rules(**given), wake, lambda text: send("refused", reason=text), tampered)
    sys.addaudithook(guard.hook)
    code = pytest.main(
        job["arguments"], [Watcher(send, check, job["test_seconds"], lambda: guard.busy)]
    )
    check()
    send("score", code=int(code), score=read_score(job["score"]))


def line_from(handle: int) -> bytes:
    """Not a byte more than the line.  A grader that is gone has left none."""
    line = bytearray()
    while not line.endswith(b"\n"):
        if not (piece := os.read(handle, 1)):
            sys.exit("child: expected a job, got none")
        line += piece
    return bytes(line)


def read_score(path: str) -> Any:
    """What the tests' own score table says, if they came to write it."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def sender(pipe: int, password: str) -> Callable[..., None]:
    """A function that sends one line."""
    dumps = json.dumps

    def send(kind: str, **values: Any) -> None:
        line = b"\n" + dumps({"password": password, "kind": kind} | values).encode() + b"\n"
        while line:
            line = line[_write(pipe, line) :]

    return send


def empty_stdin() -> int:
    """Who reads finds the end at once; returns the number that the grader's pipe has now."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline


def follow_grader(lifeline: int) -> None:
    """If the grader is gone, so are we and all that we started."""
    while os.read(lifeline, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def limit(seconds: int, memory: int, file: int) -> None:
    """CPU time, memory, size of files; no core files, and no new processes (which does not bind the superuser)."""
    wanted = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_FSIZE: file,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for what, most in wanted.items():
        hard = most
        if what == resource.RLIMIT_CPU:  # its soft limit says why the process ends
            hard = most + 1
        try:
            resource.setrlimit(what, (most, hard))
        except (OSError, ValueError):  # macOS knows no limit of memory
            continue


if __name__ == "__main__":
    main()
