"""Start a child, listen to it as far as the limits allow, and end it with all that it has started."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULT_BYTES = 4_000_000
LIVING: set[int] = set()  # process groups to be ended if the grader is
STOPPED = threading.Event()  # no more children


@dataclass(frozen=True)
class Limits:
    """Of one assignment of one student.  `seconds` is CPU time, fair on a busy machine; a test has a quarter of it."""

    seconds: int = 80
    clock: int = 410  # seconds on the clock, for those who sleep
    megabytes: int = 2048
    file_megabytes: int = 16
    output_bytes: int = 1_000_000


@dataclass
class Run:
    """What was heard: messages with the right password, the end of the output, and how it ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    tail: str = ""
    code: int = 0
    ended: str = ""  # "time", "output", or nothing: it ended by itself
    intact: bool = True  # whether the copy of the tests is as it was
    seconds: float = 0.0


def talk(program: Path, task: dict[str, Any], environment: dict[str, str], limits: Limits) -> Run:
    """Start the child, hand over the job, listen until the end."""
    ours, theirs = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-B", "-X", "utf8", str(program)],
            cwd=environment["HOME"],
            env=environment,
            pass_fds=[theirs],
            start_new_session=True,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    finally:
        os.close(theirs)
    LIVING.add(child.pid)
    assert child.stdin and child.stdout
    try:
        if STOPPED.is_set():
            raise InterruptedError("the grader was interrupted")
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(task | {"pipe": theirs}).encode() + b"\n")
        return listen(child, ours, task["password"], limits)
    finally:
        end(child)
        for stream in (child.stdin, child.stdout):
            stream.close()
        os.close(ours)


def listen(child: "subprocess.Popen[bytes]", pipe: int, password: str, limits: Limits) -> Run:
    """Read both pipes as far as the limits allow, while the child lives and a moment longer."""
    assert child.stdout
    heard, result, printed, end_at = (
        Run(),
        bytearray(),
        bytearray(),
        time.monotonic() + limits.clock,
    )
    count = {pipe: 0, child.stdout.fileno(): 0}
    most = {pipe: RESULT_BYTES, child.stdout.fileno(): limits.output_bytes}
    with selectors.DefaultSelector() as selector:
        for stream in count:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(0.05)
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                if not piece:
                    selector.unregister(key.fd)
                count[key.fd] += len(piece)
                (result if key.fd == pipe else printed).extend(piece)
                del printed[:-2000]
            heard.ended = (
                "output"
                if any(count[fd] > most[fd] for fd in count)
                else "time"
                if time.monotonic() > end_at
                else ""
            )
            if heard.ended or (child.poll() is not None and not ready):
                break
    heard.code = wait(child, end_at, heard)
    heard.tail = printed.decode(errors="replace")
    heard.messages = list(messages(bytes(result), password))
    return heard


def wait(child: "subprocess.Popen[bytes]", end_at: float, heard: Run) -> int:
    """The exit code; a child that has closed its pipes may still be busy."""
    try:
        return child.wait(0 if heard.ended else max(0.0, end_at - time.monotonic()))
    except subprocess.TimeoutExpired:
        heard.ended = heard.ended or "time"
        end(child)
        return child.wait()


def end(child: "subprocess.Popen[bytes]") -> None:
    """Whatever is left of the process group."""
    LIVING.discard(child.pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def end_all() -> None:
    """For a grader that is interrupted; the threads that wait for children find it out by themselves."""
    STOPPED.set()
    for group in list(LIVING):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def messages(text: bytes, password: str) -> Iterator[dict[str, Any]]:
    """The lines that know the password; nobody else has any business on this pipe."""
    for line in text.split(b"\n"):
        try:
            said = json.loads(line) if line else None
        except ValueError:
            said = line
        if isinstance(said, dict) and said.get("password") == password:
            yield said
        elif said is not None:
            yield {"kind": "tampered", "reason": "wrote to the grader's pipe"}
