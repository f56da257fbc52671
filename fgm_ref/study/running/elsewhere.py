"""Executors that have workers on other machines: those of MPI and of Dask, through `concurrent.futures`.

    mpi             the other ranks of an MPI job
    dask:ADDRESS    the workers of a Dask scheduler, such as dask:tcp://head:8786

    mpiexec -n 9 python -m mpi4py.futures -m fgm_ref.study --full --executor mpi

Nothing of either is imported unless it is asked for.  What a worker does is what it does in one process, so the rows
are the same.  If a Dask worker dies, its runs are given to another one.  If a rank dies, MPI ends the whole job; what
was finished stands in the journal, and the same command goes on from there.
"""

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from fgm_ref.text import expect_one_of, head

PROCESSES, MPI, DASK = NAMES = ("processes", "mpi", "dask")


@contextmanager
def executor(text: str) -> Iterator[Executor | None]:
    """The executor of this name; None for processes of our own.  `ValueError` in words if it cannot be had."""
    name, address = head(text)
    expect_one_of("executor", name, NAMES)
    if name == PROCESSES:
        yield None
    elif name == MPI:
        futures = imported("mpi4py.futures", "mpi4py mpich")
        with futures.MPIPoolExecutor(initializer=one_thread) as pool:
            expect_workers(pool)
            yield pool
    else:
        distributed = imported("distributed", "dask distributed")
        with connected(distributed, address) as client:
            client.run(one_thread)
            yield client.get_executor(pure=False)


def imported(module: str, packages: str) -> Any:
    """A module that comes with an extra."""
    try:
        return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:
        raise ValueError(
            f"executor: expected {module} to be installed (pip install {packages}); got: {error}"
        ) from None


def expect_workers(pool: Any) -> None:
    """Raise a `ValueError` where there is nobody to work: when this is not one rank of several."""
    world = imported("mpi4py.MPI", "mpi4py mpich").COMM_WORLD
    if world.Get_size() < 2:
        raise ValueError(
            "executor: expected ranks to work besides this one, got none; start it with "
            "mpiexec -n 9 python -m mpi4py.futures -m fgm_ref.study ..."
        )


def connected(distributed: Any, address: str) -> Any:
    """A client of the scheduler at this address."""
    if not address:
        raise ValueError("executor: expected dask:ADDRESS, such as dask:tcp://127.0.0.1:8786")
    try:
        return distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"executor: expected a Dask scheduler at {address}, got: {error}"
        ) from None


def one_thread() -> None:
    """In a worker, before it loads NumPy: one thread, as everywhere."""
    import fgm_ref.threads  # noqa: F401
