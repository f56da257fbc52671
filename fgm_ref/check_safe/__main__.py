"""`python -m fgm_ref.check_safe`."""

from fgm_ref import program
from fgm_ref.check_safe import main

program.entry(main, lambda: 130)
