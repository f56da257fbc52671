"""`python -m fgm_ref.mpi`."""

from fgm_ref import program
from fgm_ref.mpi import NAME, main

program.entry(main, lambda: program.complain(NAME, (), "interrupted", program.INTERRUPTED))
