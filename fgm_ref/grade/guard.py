"""The guard: an audit hook, which Python calls before it opens a file, starts a program and so on.

It cannot be taken off.  It wakes up when the first line of the submission runs.  Then there are two answers:
a *refusal* is a `PermissionError`, which the submission may handle; *tampering* (with the tests, the interpreter, or
the solutions) ends the grading.  Compiled code and writing to memory pass it by: it is a fence, not a wall.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

PROGRAMS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.kill",
    "os.killpg",
    "pty.spawn",
    "_thread.start_new_thread",
    "socket.__new__",
    "ctypes.dlopen",
    "ctypes.dlsym",
    "ctypes.string_at",
    "ctypes.wstring_at",
    "ctypes.cdata",
    "ctypes.call_function",
}
CHANGES = {
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.utime",
}
LISTS = {"os.listdir", "os.scandir"}
INSPECTS = {
    "sys._getframe",
    "sys._current_frames",
    "sys.settrace",
    "sys.setprofile",
    "sys.addaudithook",
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
    "code.__new__",
    "marshal.loads",
}
FRAMES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
CODE = {"__code__", "__defaults__", "__kwdefaults__"}
WATCHED = PROGRAMS | CHANGES | LISTS | INSPECTS
WATCHED |= {"open", "exec", "compile", "object.__getattr__", "object.__setattr__"}
SOLUTIONS = os.path.join(os.sep, "tutorials", "assignments")  # of this checkout, or of any other
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Rules:
    """Folders, as real paths: of the submission, of the tests, of whom we trust, and what may be read and written."""

    submission: str
    tests: str
    trusted: tuple[str, ...]
    readable: tuple[str, ...]
    writable: tuple[str, ...]
    secret: tuple[str, ...]


class Guard:
    """`refused(text)` and `tampered(text)` are told what was wrong; the latter must not return."""

    def __init__(
        self,
        rules: Rules,
        wake: Callable[[], None],
        refused: Callable[[str], None],
        tampered: Callable[[str], None],
    ):
        self.rules, self.wake, self.refused, self.tampered = rules, wake, refused, tampered
        self.awake = self.busy = False
        self.own: dict[int, CodeType] = {}  # code that the submission made of text
        self.told: set[str] = set()  # refusals
        self.file = ""  # the submission
        self.searched: set[str] = set()  # where Python looks for modules

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """What Python calls; quick for what does not matter."""
        if event not in WATCHED or self.busy or not (self.awake or event == "exec"):
            return
        self.busy = True
        try:
            self._judge(event, args, sys._getframe(1))
        finally:
            self.busy = False

    def replaced(self, name: str) -> None:
        """A function of a sealed module is about to be replaced: by the submission?"""
        if self.awake and not self.busy and self._is_behind(sys._getframe(1)):
            self.tampered(f"replaced {name}")

    def _judge(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        if event == "exec":
            self._executed(args[0], frame)
        elif event == "open":
            self._opened(args[0], writes(args[1], args[2]), frame)
            if args[1] is None:  # `os.open` and not `open`
                self._held(args[0], frame)
        elif event in CHANGES:
            for path in args[:2]:
                self._opened(path, True, frame)
        elif event in LISTS:
            self._listed("." if args[0] is None else args[0], frame)
        elif event in PROGRAMS:
            if self._is_behind(frame):
                self._refuse(f"use {event}")
        elif self._looks(event, args) and self._is_theirs(nearest(frame)):
            self.tampered(f"reached into the interpreter ({event})")

    def _executed(self, code: Any, frame: FrameType) -> None:
        """Wake up with the submission, and remember what it compiles."""
        if not isinstance(code, CodeType):
            return
        if not self.awake and code.co_filename.startswith(self.rules.submission):
            self.wake()
            self.file = os.path.realpath(code.co_filename)
            self.searched = {os.path.realpath(folder) for folder in sys.path}
            self.awake = True
        elif self.awake and not self._trusts(code.co_filename) and self._is_behind(frame):
            self._own(code)

    def _own(self, code: CodeType) -> None:
        self.own[id(code)] = code
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self._own(inner)

    def _real(self, path: Any) -> str | None:
        """The real path of what is looked at or changed, if it is given by a path."""
        if not isinstance(path, (str, bytes, os.PathLike)):  # a handle, or no path at all
            return None
        real = os.path.realpath(os.fsdecode(path))
        if within(real, self.rules.secret) or SOLUTIONS in real:
            self.tampered(f"went to the reference solutions ({os.path.basename(real)})")
        return real

    def _listed(self, path: Any, frame: FrameType) -> None:
        """The names in a folder are asked for."""
        real = self._real(path)
        if real is None or real in self.searched or not self._is_behind(frame):
            return
        if not self._may_read(real):
            self._refuse(f"list {real}")

    def _held(self, path: Any, frame: FrameType) -> None:
        """From the handle of a folder (`dir_fd`) all others can be reached, by names that do not show it."""
        real = self._real(path)
        if real is None or not self._is_behind(frame):
            return
        upwards = os.pardir in os.fsdecode(path).split(os.sep)
        if upwards or (os.path.isdir(real) and not self._may_change(real)):
            self._refuse(f"hold {real}")

    def _opened(self, path: Any, write: bool, frame: FrameType) -> None:
        """A file is read or changed."""
        real = self._real(path)
        if real is None or not self._is_behind(frame) or self._may_change(real):
            return
        if write and within(real, (self.rules.tests,)):
            self.tampered(f"tried to change the tests ({os.path.basename(real)})")
        if write or not self._may_read(real):
            self._refuse(f"{'write' if write else 'read'} {real}")

    def _may_change(self, real: str) -> bool:
        """Whether it is the submission's own; its program stays as it was handed in."""
        return within(real, self.rules.writable) and not within(self.file, (real,))

    def _may_read(self, real: str) -> bool:
        """Whether it is open to all, or is not there, so that Python says so."""
        return within(real, self.rules.readable) or not os.path.exists(real)

    def _refuse(self, what: str) -> None:
        if what not in self.told:
            self.told.add(what)
            self.refused(what)
        raise PermissionError(f"a graded submission may not {what}")

    def _looks(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether this event lets one see or change what is not one's own."""
        if event == "compile":
            return isinstance(args[1], (str, bytes)) and self._trusts(os.fsdecode(args[1]))
        if event == "object.__getattr__":
            return args[1] in FRAMES
        if event == "object.__setattr__":
            return args[1] in CODE and not self._is_theirs_code(getattr(args[0], "__code__", None))
        return event in INSPECTS

    def _is_behind(self, frame: FrameType | None) -> bool:
        """Whether some code of the submission is waiting for this."""
        while frame is not None:
            if self._is_theirs(frame):
                return True
            frame = frame.f_back
        return False

    def _is_theirs(self, frame: FrameType | None) -> bool:
        return frame is not None and self._is_theirs_code(frame.f_code)

    def _is_theirs_code(self, code: CodeType | None) -> bool:
        return code is not None and (
            code.co_filename.startswith(self.rules.submission) or id(code) in self.own
        )

    def _trusts(self, filename: str) -> bool:
        return filename.startswith((*self.rules.trusted, "<frozen"))


def nearest(frame: FrameType | None) -> FrameType | None:
    """The frame that wants something, behind those of modules that only ask on its behalf.

    `traceback` needs frames for itself when it prints; its generators give them away.
    """
    if frame is not None and frame.f_code.co_filename.endswith("traceback.py"):
        return frame.f_back
    while frame is not None and frame.f_code.co_filename.endswith("inspect.py"):
        frame = frame.f_back
    return frame


def within(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a real path is one of these, or inside one.

    >>> within("/a/b/c", ("/a/b",)), within("/a/bc", ("/a/b",))
    (True, False)
    """
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def writes(mode: Any, flags: Any) -> bool:
    """Whether a file is opened to be changed.

    >>> writes("r", 0), writes("a", 0), writes(None, os.O_WRONLY)
    (False, True, True)
    """
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return bool((flags or 0) & WRITING)
