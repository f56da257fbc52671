"""What a teacher's desk holds: the submission, the number of cases, and how to say what is wrong.

This folder stands on its own (with `fgm_ref` installed): a grader may copy it to where the solutions are out of reach.
"""

import codecs
import functools
import importlib.util
import io
import os
import sys
import tokenize
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _pytest.outcomes import OutcomeException
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import UnsatisfiedAssumption

SOLUTIONS = Path(__file__).resolve().parents[2] / "tutorials" / "assignments"
EXAMPLES = {"quick": 5, "dev": 25, "ci": 30, "zoo": 30}
NAME = "submission_{}"  # of an assignment, as a module
GRADING = 200  # cases of every property when it counts
PHASES = (
    Phase.explicit,
    Phase.generate,
    Phase.target,
    Phase.shrink,
)  # explaining is slow, and the tests do it


class Broken(AssertionError):
    """A property does not hold; the text says which, where, and what to read again."""


class Missing(AttributeError):
    """The submission has no such thing (and Hypothesis may ask for things that nobody has)."""


ALL_SAID = (Broken, Missing, NotImplementedError)
"""Errors whose text says all that a student needs."""

SPEAKING = (*ALL_SAID, OutcomeException)
"""Errors that are shown without a traceback; the others are those of pytest, such as a time limit."""


def holds(condition: Any, property: str, read: str, **values: Any) -> None:
    """Fail unless `condition`: name the property, the numbers of this case, and what to read again.

    Hypothesis shrinks: the case that a student is shown in the end is the smallest that it has found.
    """
    __tracebackhide__ = True
    if not np.all(condition):
        lines = [f"  {name} = {show(value, len(name) + 5)}" for name, value in values.items()]
        raise Broken("\n".join([f"expected: {property}", *lines, f"  read again: {read}"]))


def close(
    got: Any, expected: Any, property: str, read: str, tolerance: float = 1e-9, **values: Any
) -> None:
    """As `holds`, for numbers or arrays that must agree; the tolerance is relative to the largest number."""
    __tracebackhide__ = True
    want = np.asarray(expected)
    holds(got is not None, f"{property}, got None (is a `return` missing?)", read, **values)
    have = np.asarray(got)
    holds(
        have.shape == want.shape,
        f"{property}, with shape {want.shape}; got shape {have.shape}",
        read,
        **values,
    )
    holds(have.dtype.kind in "fiu", f"{property}, as numbers; got {have.dtype}", read, **values)
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    right = np.isfinite(have).all() and np.abs(have - want).max(initial=0) <= tolerance * scale
    holds(right, property, read, **values, got=have, should_be=want)


def show(value: Any, indent: int = 0) -> str:
    """A value in a message, with up to 100 numbers of an array, so that a case can be tried again."""
    if isinstance(value, (np.ndarray, np.generic)):
        return np.array2string(
            np.asarray(value), precision=6, threshold=100, max_line_width=100, prefix=" " * indent
        )
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


class Cases:
    """How many cases a property is tried on; a grading tries more of them, from a seed of its own."""

    examples = EXAMPLES.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"), EXAMPLES["dev"])
    seed: int | None = None

    @classmethod
    def grade(cls, number: int) -> None:
        """From now on cases are for grading."""
        cls.examples, cls.seed = GRADING, number


def cases(share: float = 1.0) -> Callable[[Any], Any]:
    """Decorate a `@given` test: so many cases (or a share of them, if one is slow), and the smallest failure only."""
    options: dict[str, Any] = (
        {"database": None, "derandomize": False} if Cases.seed is not None else {}
    )

    def decorate(test: Any) -> Any:
        test.hypothesis.inner_test = no_case_refused(test.hypothesis.inner_test)
        test = settings(
            max_examples=max(3, round(share * Cases.examples)),
            deadline=None,
            report_multiple_bugs=False,
            print_blob=False,
            phases=PHASES,
            suppress_health_check=[HealthCheck.too_slow],
            **options,
        )(test)
        return test if Cases.seed is None else seed(Cases.seed)(test)

    return decorate


def no_case_refused(test: Callable[..., None]) -> Callable[..., None]:
    """A test for one case: Hypothesis would pass over a case that the submission does not want."""

    @functools.wraps(test)
    def judged(*arguments: Any, **named: Any) -> None:
        __tracebackhide__ = True
        try:
            test(*arguments, **named)
        except UnsatisfiedAssumption as error:
            if lines_of(error, *programs()):
                raise Broken("expected: an answer in every case; this one was refused") from error
            raise

    return judged


class Submission:
    """A student's module.  Whatever keeps it from being used fails the test that wanted to, in one clear line."""

    def __init__(self, assignment: str, where: Path | None):
        self._name = NAME.format(assignment)
        self._path, self._trouble = find(assignment, where)
        self._module: Any = None
        if self._path is not None:
            self._load(self._path)

    def _load(self, path: Path) -> None:
        if not path.read_bytes().strip():
            self._trouble = f"{path.name} is empty"
            return
        spec = importlib.util.spec_from_file_location(self._name, path)
        assert spec is not None and spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(
            spec
        )  # so that things in it have a path
        try:
            spec.loader.exec_module(module)
            self._module = module
        except KeyboardInterrupt:  # somebody wants to stop us
            raise
        except BaseException as error:
            why = (isinstance(error, (SyntaxError, ValueError)) and unreadable(path)) or reason(
                error, path
            )
            self._trouble = f"{path.name} cannot be imported: {why}"

    def __repr__(self) -> str:
        return str(self._path and self._path.name)

    def __getattr__(self, name: str) -> Any:
        __tracebackhide__ = True
        if self._module is None:
            raise Missing(self._trouble)
        if not hasattr(self._module, name):
            raise Missing(f"{self._path.name}: expected something called {name!r}, found nothing")
        return getattr(self._module, name)


def programs() -> set[Path]:
    """The files of all submissions that have been imported."""
    names = [name for name in sys.modules if name.startswith(NAME.format(""))]
    return {path for name in names if (path := path_of(name.removeprefix(NAME.format(""))))}


def path_of(assignment: str) -> Path | None:
    """The file of a submission that has been imported."""
    file = getattr(sys.modules.get(NAME.format(assignment)), "__file__", None)
    return Path(file) if isinstance(file, str) else None


def find(assignment: str, where: Path | None) -> tuple[Path | None, str]:
    """(the file of an assignment, what is wrong): a03.py or a03_*.py in a folder; by default the solution."""
    if where is None:
        found = sorted(SOLUTIONS.glob(f"{assignment}_*/solution.py"))
        return (
            (found[0], "")
            if found
            else (None, f"{assignment}: expected --submission FILE_OR_FOLDER, got none")
        )
    if where.is_dir():
        found = sorted({*where.glob(f"{assignment}.py"), *where.glob(f"{assignment}_*.py")})
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            wanted = f"one file {assignment}.py or {assignment}_*.py in {where.name}"
            return (
                None,
                f"{assignment}: expected {wanted}, got {names} (make new-{assignment} starts one)",
            )
        return found[0], ""
    missing = f"{assignment}: expected a file or folder, found no {where.name} (make new-{assignment} starts one)"
    return (where, "") if where.is_file() else (None, missing)


def unreadable(path: Path) -> str:
    """Why Python cannot read a file, if that is so: it wants text in UTF-8, unless the first lines say otherwise."""
    code = path.read_bytes()
    if code.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is in UTF-16; save it as UTF-8"
    if b"\0" in code:
        return f"there is a NUL byte in line {line_of(code, code.index(0))}; is it a program?"
    try:
        code.decode(encoding(code))
    except UnicodeDecodeError as error:
        where = f"byte {code[error.start]:#x} in line {line_of(code, error.start)}"
        return f"{where} is not UTF-8; save it as UTF-8"
    return ""


def encoding(code: bytes) -> str:
    """As the first two lines declare it."""
    try:
        return tokenize.detect_encoding(io.BytesIO(code).readline)[0]
    except SyntaxError:  # no such encoding, which Python will say, or other bytes than it promises
        return "utf-8"


def line_of(code: bytes, position: int) -> int:
    """The number of the line, from 1."""
    return code.count(b"\n", 0, position) + 1


def reason(error: BaseException, path: Path | None = None) -> str:
    """What went wrong in one line, and the line of the student's file where it did."""
    text = (words(error).strip().splitlines() or [""])[0]
    if isinstance(error, ALL_SAID):
        return text or type(error).__name__
    lines = lines_of(error, path)
    place = f" (line {lines[-1]})" if lines else ""
    if asks(error):
        return f"input() has nobody to answer it, as standard input is empty{place}"
    return f"{type(error).__name__}{': ' if text else ''}{text}{place}"[:300]


def lines_of(error: BaseException, *files: Path | None) -> list[int | None]:
    """The numbers of the lines in these files that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in frames if Path(frame.filename) in files]


def asks(error: BaseException) -> bool:
    """Whether somebody was asked to type something; pytest has words of its own for it."""
    return isinstance(error, EOFError) or "reading from stdin" in words(error)


def words(error: BaseException) -> str:
    """What an error says of itself, if it does not make another one."""
    try:
        return str(error)
    except Exception as other:
        return f"(its text cannot be shown: {type(other).__name__})"
