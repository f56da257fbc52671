"""Workers that behave: one BLAS thread each, deaf to Ctrl-C, and gone as soon as their parent is."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")

CONTEXT = multiprocessing.get_context("spawn")


@contextmanager
def processes(
    workers: int | None, prepare: Callable[..., Any], *args: Any
) -> Iterator[ProcessPoolExecutor]:
    """An executor with so many workers (default: one per core), each of which calls `prepare(*args)` first.

    They are stopped if the block ends by an error.  The arguments should be small: they are written to a pipe, and who
    writes more than it holds waits for a process that may have died.
    """
    import fgm_ref.threads  # noqa: F401  (they inherit the environment)

    others = set(multiprocessing.active_children())
    pool = Pool(workers or os.cpu_count(), CONTEXT, initializer=begin, initargs=(prepare, *args))
    try:
        yield pool
        pool.shutdown()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()


class Pool(ProcessPoolExecutor):
    """An executor that starts its workers in `submit`, deaf to Ctrl-C."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        """As in any executor."""
        with deaf():
            return super().submit(fn, *args, **more)


@contextmanager
def deaf() -> Iterator[None]:
    """Processes and threads that are started in here never hear of Ctrl-C; the main thread does, and stops them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def in_background(do: Callable[[], Result]) -> Future[Result]:
    """A thread does it meanwhile.  Nobody waits for it when the program ends, and Ctrl-C is not for it."""
    future: Future[Result] = Future()

    def work() -> None:
        try:
            future.set_result(do())
        except BaseException as error:
            future.set_exception(error)

    with deaf():  # as long as one thread hears Ctrl-C, it reaches the main thread even there
        threading.Thread(target=work, daemon=True).start()
    return future


def begin(prepare: Callable[..., Any], *args: Any) -> None:
    """What a worker does first."""
    prepare(*args)
    gc.collect()
    gc.freeze()  # what is imported stays: later collections need not look through it
    follow_parent()


def follow_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def at_home() -> bool:
    """Whether a new process would run nothing of the main script again: in a package that runs as a program.

    Other scripts may have no `if __name__ == "__main__"`.
    """
    spec = sys.modules["__main__"].__spec__
    return spec is not None and spec.name.endswith(".__main__")
