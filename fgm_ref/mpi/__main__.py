"""`python -m fgm_ref.mpi`."""

from fgm_ref.mpi.watch import Line

line = Line()  # before anything that takes time

from functools import partial  # noqa: E402

from fgm_ref import program  # noqa: E402
from fgm_ref.mpi.launch import NAME  # noqa: E402
from fgm_ref.mpi.run import main  # noqa: E402

program.entry(
    partial(main, line), lambda: program.complain(NAME, (), "interrupted", program.INTERRUPTED)
)
