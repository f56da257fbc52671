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

from fgm_ref.grade.clock import Clock

RESULT_BYTES = 4_000_000
LIVING: set[int] = set()  # process groups to be ended if the grader is
STOPPED = threading.Event()  # no more children


@dataclass(frozen=True)
class Limits:
    """Of one assignment of one student.  `seconds` is CPU time; a test has a quarter of it."""

    seconds: int = 80
    clock: int = 80  # seconds for those who wait instead of working
    starting: int = (
        60  # more of these, until the tests are loaded; the submission has no part in it
    )
    megabytes: int = 2048
    file_megabytes: int = 16


@dataclass
class Run:
    """What was heard: messages with the right password, the end of the output, and how it ended."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    tail: str = ""
    code: int = 0
    ended: str = ""  # "time", "results", or nothing: it ended by itself
    intact: bool = True  # whether the copy of the tests is as it was
    seconds: float = 0.0


def talk(program: Path, task: dict[str, Any], environment: dict[str, str], limits: Limits) -> Run:
    """Start the child, hand over the job, listen until the end."""
    ours, theirs = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-B", "-u", "-X", "utf8", str(program)],
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
    clock = Clock(child.pid, limits.clock + limits.starting)
    result = Heard(pipe, keep=RESULT_BYTES)
    printed = Heard(child.stdout.fileno(), keep=2000)  # however much it is
    streams = {stream.handle: stream for stream in (result, printed)}
    heard = Run()
    with selectors.DefaultSelector() as selector:
        for handle in streams:
            selector.register(handle, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(0.05)
            for key, _ in ready:
                if key.fd == pipe and not result.count:  # its first word: from now on it counts
                    clock = Clock(child.pid, limits.clock)
                if not streams[key.fd].read():
                    selector.unregister(key.fd)
            if result.count > RESULT_BYTES:
                heard.ended = "results"
            elif clock.is_over:
                heard.ended = "time"
            if heard.ended or (child.poll() is not None and not ready):
                break
    heard.code = wait(child, clock, heard)
    heard.tail = printed.text.decode(errors="replace")
    heard.messages = list(messages(bytes(result.text), password))
    return heard


@dataclass
class Heard:
    """What has come through a pipe: its end, and how much it was in all."""

    handle: int
    keep: int
    count: int = 0
    text: bytearray = field(default_factory=bytearray)

    def read(self) -> bool:
        """Whether there was something."""
        piece = os.read(self.handle, 65536)
        self.count += len(piece)
        self.text += piece
        del self.text[: -self.keep]
        return bool(piece)


def wait(child: "subprocess.Popen[bytes]", clock: Clock, heard: Run) -> int:
    """The exit code; a child that has closed its pipes may still be busy."""
    while not heard.ended and child.poll() is None:
        if clock.is_over:
            heard.ended = "time"
        time.sleep(0.02)
    if heard.ended:
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
