"""`python -m fgm_ref.demo`."""

from fgm_ref import program
from fgm_ref.demo import complain, main

program.entry(main, lambda: complain("interrupted", program.INTERRUPTED))
